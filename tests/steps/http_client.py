"""Kassa's wire, read strictly: every answer is what was promised, or a problem with a reason."""

import json
from decimal import Decimal
from typing import Any

import attrs
import requests

from tests.steps.shop import OrderRef, Refusal, Refused

SECONDS_MAX = 15
ANY: frozenset[str] = frozenset()
READINGS: dict[Refusal, tuple[int, frozenset[str]]] = {
    Refusal.EMPTY_CART: (400, frozenset({"empty_cart"})),
    Refusal.SHORT_STOCK: (400, frozenset({"short_stock"})),
    Refusal.METHOD_REFUSES: (400, frozenset({"method_refused"})),
    Refusal.CURRENCIES: (400, frozenset({"currency_mismatch"})),
    Refusal.GATEWAY_REFUSED: (400, frozenset({"payment_refused"})),
    Refusal.CARD_NUMBER: (400, frozenset({"card_number"})),
    Refusal.NONSENSE: (400, ANY),
    Refusal.SIGN_IN: (401, ANY),
    Refusal.STAFF_ONLY: (403, frozenset({"forbidden"})),
    Refusal.FORGED: (403, frozenset({"forged_callback"})),
    Refusal.UNKNOWN: (404, ANY),
    Refusal.TOTAL_CHANGED: (409, frozenset({"total_changed"})),
    Refusal.ALREADY_PAID: (409, frozenset({"order_already_paid"})),
    Refusal.UNDER_WAY: (409, frozenset({"payment_under_way"})),
    Refusal.CANNOT_MOVE: (409, frozenset({"illegal_transition", "order_already_paid", "conflict"})),
    Refusal.NOT_CONFIRMED: (409, frozenset({"not_yet_paid"})),
    Refusal.UNITS_HELD: (409, frozenset({"units_reserved", "conflict"})),
    Refusal.ADDRESS_TAKEN: (409, frozenset({"email_taken"})),
    Refusal.OTHER_REQUEST: (422, ANY),
    Refusal.TROUBLE: (503, frozenset({"gateway_unavailable"})),
}


def read_json(text: str) -> Any:
    """JSON with its numbers as they were written: 150.00 keeps both decimals."""
    return json.loads(text, parse_float=Decimal)


def _reasons(status: int, problem: dict[str, Any]) -> frozenset[Refusal]:
    found = {
        reason
        for reason, (wanted, codes) in READINGS.items()
        if status == wanted and (not codes or problem["code"] in codes)
    }
    if status == 400 and any(error["pointer"] == "#/payment_method" for error in problem["errors"]):
        found.add(Refusal.NOT_OFFERED)
    return frozenset(found)


def refusal(answer: requests.Response) -> Refused:
    """The problem of an answer, as the features would call it; fails when it is no proper problem."""
    said = f"{answer.status_code} {answer.text}"
    assert answer.headers["Content-Type"].startswith("application/problem+json"), said
    problem = answer.json()
    assert {"type", "title", "status", "detail", "instance", "code"} <= problem.keys(), said
    assert problem["status"] == answer.status_code < 500 or answer.status_code == 503, said
    assert answer.status_code != 503 or "Retry-After" in answer.headers, said
    keys = problem.get("order_keys") or ([problem["order_key"]] if "order_key" in problem else [])
    return Refused(
        _reasons(answer.status_code, problem),
        said,
        orders=tuple(map(OrderRef, keys)),
        shows_the_gateway=bool(problem.get("next_step")),
    )


@attrs.frozen
class Client:
    """One service's HTTP side: each call answers what was asked for, or raises `Refused`."""

    address: str

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        mark: str | None = None,
        **query: Any,
    ) -> requests.Response:
        """One request; `token` says who asks, `mark` is what makes a repeat recognisable."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if mark:
            headers["Idempotency-Key"] = mark
        answer = requests.request(
            method,
            f"{self.address}/v1/{path}",
            json=body,
            headers=headers,
            params=query,
            timeout=SECONDS_MAX,
            allow_redirects=False,
        )
        if answer.status_code >= 400:
            raise refusal(answer)
        return answer

    def read(self, method: str, path: str, body: Any = None, **request: Any) -> Any:
        """The document of an accepted request."""
        return read_json(self.call(method, path, body, **request).text)

    def pages(self, path: str, **request: Any) -> list[Any]:
        """Everything in a list, from its first page to its last."""
        items: list[Any] = []
        after: dict[str, Any] = {}
        while True:
            page = self.read("GET", path, limit=100, **after, **request)
            items += page["items"]
            if page["next"] is None:
                return items
            after = {"after": page["next"]}
