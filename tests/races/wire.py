"""The service's HTTP side, held to what its own description promises."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import attrs
import requests

SECONDS_MAX = 60


@attrs.frozen
class Wire:
    """The service's HTTP side; an answer that its own description does not know is a failure."""

    address: str
    seen: Counter[str] = attrs.field(factory=Counter, eq=False)

    def __call__(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, key: str | None = None
    ) -> requests.Response:
        """One request, and its answer whatever it is, as long as it is declared."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if key:
            headers["Idempotency-Key"] = key
        answer = requests.request(
            method,
            self.address + path,
            json=body,
            headers=headers,
            timeout=SECONDS_MAX,
            allow_redirects=False,
        )
        self.ensure_declared(method, path, answer)
        return answer

    def ensure_declared(self, method: str, path: str, answer: requests.Response) -> None:
        """Fails for an answer that the description does not promise, or promises otherwise."""
        told = f"{method} {path}: {answer.status_code} {answer.text}"
        operation = self._operation(method.lower(), urlsplit(path).path)
        assert str(answer.status_code) in operation["responses"], told
        self.seen[str(answer.status_code)] += 1
        if answer.status_code >= 400:
            assert answer.headers["Content-Type"] == "application/problem+json", told
            assert answer.json()["status"] == answer.status_code, told
        if answer.status_code == 503:
            assert int(answer.headers["Retry-After"]) > 0, told

    def _operation(self, method: str, path: str) -> Mapping[str, Any]:
        return next(
            operations[method]
            for pattern, operations in _described(self.address)
            if method in operations and pattern.fullmatch(path)
        )


_descriptions: dict[str, list[tuple[re.Pattern[str], Mapping[str, Any]]]] = {}


def _described(address: str) -> list[tuple[re.Pattern[str], Mapping[str, Any]]]:
    if address not in _descriptions:
        paths = requests.get(f"{address}/openapi.json", timeout=SECONDS_MAX).json()["paths"]
        _descriptions[address] = [
            (re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), operations)
            for path, operations in sorted(paths.items(), key=lambda item: item[0].count("{"))
        ]
    return _descriptions[address]


def code_of(answer: requests.Response) -> str:
    """Status and, of a problem, its code: what tells refusals apart."""
    if answer.status_code < 400:
        return str(answer.status_code)
    return f"{answer.status_code} {json.loads(answer.text)['code']}"
