"""The OpenAPI 3.1 document, made of the same declarations as the routes."""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from adapters.web.auth import Who
from adapters.web.operations import PAGE_LIMIT, Operation, Told
from adapters.web.problems import MEDIA_TYPE, ProblemDocument
from adapters.web.reading import SEGMENTS
from adapters.web.texts import CURSOR_LENGTH_MAX, CURSOR_PATTERN, ID_PATTERN, IDEMPOTENCY_KEY_PATTERN

Json = dict[str, Any]
# By document and direction; the library's own key type is wider than ours.
Schemas = Mapping[Any, Json]

REF = "#/components/schemas/{model}"

_ABOUT: Mapping[str, str] = {
    "sku": "A product's sku.",
    "code": "A payment method's code.",
    "key": "An order's key, which is all the credential that is needed.",
    "id": "An id.",
    "order_id": "A payment's reference at its gateway.",
    "file": "A file of the page.",
}


def description(operations: Iterable[Operation], version: str) -> bytes:
    """The whole document as JSON."""
    listed = list(operations)
    schemas, definitions = models_json_schema(_models(listed), ref_template=REF)
    paths: dict[str, Json] = {}
    for operation in listed:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Kassa",
            "version": version,
            "description": "Checkout and payments: carts, orders, payments and their bills.",
        },
        "paths": paths,
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }
    return json.dumps(document, indent=1).encode()


def _models(operations: Iterable[Operation]) -> list[tuple[type[BaseModel], JsonSchemaMode]]:
    found: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(ProblemDocument, "serialization"): None}
    for operation in operations:
        if operation.takes_body and not operation.is_raw:
            found[operation.body, "validation"] = None
        for told in operation.answers.values():
            for model in _told_models(told):
                found[model, "serialization"] = None
    return list(found)


def _told_models(told: Told) -> list[type[BaseModel]]:
    return [each for each in told if not isinstance(each, str)]


def _operation(operation: Operation, schemas: Schemas) -> Json:
    described: Json = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.topic],
        "security": _security(operation.who),
        "parameters": _parameters(operation),
        "responses": _responses(operation, schemas),
    }
    if operation.is_raw and operation.takes_body:
        described["requestBody"] = _anything()
    elif operation.takes_body:
        content = {"application/json": {"schema": schemas[operation.body, "validation"]}}
        described["requestBody"] = {"required": operation.has_body, "content": content}
    return described


def _security(who: Who) -> list[Json]:
    token: Json = {"token": []}
    if who in {Who.ANYBODY, Who.KEY_HOLDER}:
        return []
    return [{}, token] if who is Who.ANYBODY_STAFF_MORE else [token]


def _anything() -> Json:
    kinds = ("application/json", "application/x-www-form-urlencoded", "application/octet-stream")
    return {"required": False, "content": {kind: {} for kind in kinds}}


def _parameters(operation: Operation) -> list[Json]:
    parameters = [_path_parameter(name) for name in operation.parameters]
    if operation.lists:
        limit = {"type": "integer", "minimum": 1, "maximum": 100, "default": PAGE_LIMIT}
        after = {"type": "string", "pattern": CURSOR_PATTERN, "minLength": 1, "maxLength": CURSOR_LENGTH_MAX}
        parameters += [
            {"name": "limit", "in": "query", "schema": limit, "description": "How many items at most."},
            {"name": "after", "in": "query", "schema": after, "description": "The page before's `next`."},
        ]
    if operation.is_idempotent:
        schema = {"type": "string", "pattern": IDEMPOTENCY_KEY_PATTERN, "minLength": 1, "maxLength": 255}
        about = "The same key and body act once and are answered the same."
        parameters.append({"name": "Idempotency-Key", "in": "header", "schema": schema, "description": about})
    return parameters


def _path_parameter(name: str) -> Json:
    segment = SEGMENTS[name]
    schema: Json = {"type": "string", "pattern": segment.pattern, "minLength": 1}
    if segment.pattern == ID_PATTERN:
        schema = {"type": "integer", "minimum": 1, "maximum": 10**segment.length_max - 1}
    else:
        schema["maxLength"] = segment.length_max
    return {"name": name, "in": "path", "required": True, "schema": schema, "description": _ABOUT[name]}


def _responses(operation: Operation, schemas: Schemas) -> Json:
    told = {str(s): _success(operation, s, told, schemas) for s, told in operation.answers.items()}
    refused = {str(status): _problem(status, operation, schemas) for status in operation.refusals}
    return {**told, **refused, "default": _problem(None, operation, schemas)}


def _success(operation: Operation, status: int, told: Told, schemas: Schemas) -> Json:
    described: Json = {"description": HTTPStatus(status).phrase}
    headers: Json = {}
    if operation.is_idempotent:
        headers["Idempotent-Replayed"] = _header("Set to true when the answer was given before.", ["true"])
    if status == 303:
        headers["Location"] = {**_header("Where the customer goes on."), "required": True}
    if headers:
        described["headers"] = headers
    models = [schemas[model, "serialization"] for model in _told_models(told)]
    kinds = [each for each in told if isinstance(each, str)]
    if kinds:
        described["content"] = {kind: {} for kind in kinds}
    if models:
        schema = models[0] if len(models) == 1 else {"anyOf": models}
        described["content"] = {"application/json": {"schema": schema}}
    return described


def _problem(status: int | None, operation: Operation, schemas: Schemas) -> Json:
    schema = schemas[ProblemDocument, "serialization"]
    described: Json = {
        "description": HTTPStatus(status).phrase if status else "Any other refusal",
        "content": {MEDIA_TYPE: {"schema": schema}},
    }
    if status == 401:
        described["headers"] = {"WWW-Authenticate": _header("The scheme to sign in with.", ["Bearer"])}
    if status in {429, 503} or (status == 409 and operation.is_idempotent):
        described["headers"] = {"Retry-After": _header("Seconds to wait before trying again.")}
    return described


def _header(about: str, values: list[str] | None = None) -> Json:
    schema: Json = {"type": "string"}
    return {"description": about, "schema": {**schema, "enum": values} if values else schema}
