"""The control side, `/_ctl/`: for testers, who play fate, and want to know what really happened."""

import json
from collections.abc import Callable, Iterable, Mapping

import attrs
import falcon

from adapters.sandbox.clock import Clock, iso
from adapters.sandbox.courier import Courier
from adapters.sandbox.deliveries import Delivery
from adapters.sandbox.documents import ensure_only, payment_document, read_object
from adapters.sandbox.faults import FaultBook
from adapters.sandbox.gateway import Gateway
from adapters.sandbox.intake import body_of
from adapters.sandbox.journal import Journal, TrafficLog
from adapters.sandbox.payments import Status
from adapters.sandbox.refusals import Invalid
from adapters.sandbox.rules import Rule
from adapters.sandbox.settlement import settlement
from adapters.sandbox.wire import App

_ADVANCE_SECONDS_MAX = 10 * 365 * 24 * 3600
_SETTLE_SECONDS_MAX = 10.0


class FaultsControl:
    """Arms, shows and disarms faults."""

    def __init__(self, faults: FaultBook) -> None:
        self._faults = faults

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        rule = self._faults.arm(read_object(body_of(req)))
        _write(resp, 201, _rule_document(rule))

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        _write_list(resp, map(_rule_document, self._faults.rules()))

    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._faults.clear()
        resp.status = falcon.HTTP_204

    def on_delete_one(self, req: falcon.Request, resp: falcon.Response, fault_id: str) -> None:
        self._faults.disarm(fault_id)
        resp.status = falcon.HTTP_204


class PaymentsControl:
    """Shows every payment and moves them where no buyer, merchant or bank of ours would."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        _write_list(resp, map(payment_document, self._gateway.payments()))

    def on_post_force(self, req: falcon.Request, resp: falcon.Response, payment_id: str) -> None:
        document = read_object(body_of(req))
        ensure_only(document, frozenset({"status"}))
        status = document.get("status")
        if not isinstance(status, str) or status not in set(Status):
            raise Invalid("unknown_status", f"status must be one of {', '.join(Status)}.", "status")
        _write(resp, 200, payment_document(self._gateway.force(payment_id, Status(status)).payment))


class DeliveriesControl:
    """Shows what was sent to shops, and sends it again."""

    def __init__(self, courier: Courier) -> None:
        self._courier = courier

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        _write_list(resp, map(_delivery_document, self._courier.deliveries()))

    def on_post_replay(self, req: falcon.Request, resp: falcon.Response, delivery_id: str) -> None:
        _write(resp, 200, _delivery_document(self._courier.replay(delivery_id)))


class ClockControl:
    """Moves the sandbox's clock on, and waits until what fell due by that has happened."""

    def __init__(self, clock: Clock, courier: Courier) -> None:
        self._clock = clock
        self._courier = courier

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        document = read_object(body_of(req))
        ensure_only(document, frozenset({"seconds"}))
        self._clock.advance(_seconds(document.get("seconds")))
        self._courier.settle(_SETTLE_SECONDS_MAX)
        _write(resp, 200, {"now": iso(self._clock.now())})


class RecordsControl:
    """Shows the journal and the traffic log, and starts everything afresh."""

    def __init__(self, journal: Journal, log: TrafficLog, reset: Callable[[], None]) -> None:
        self._journal = journal
        self._log = log
        self._reset = reset

    def on_get_journal(self, req: falcon.Request, resp: falcon.Response) -> None:
        _write_list(resp, map(attrs.asdict, self._journal.entries()))

    def on_get_settlement(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.content_type = "text/csv; charset=utf-8"
        resp.text = settlement(self._journal.entries())

    def on_get_log(self, req: falcon.Request, resp: falcon.Response) -> None:
        _write_list(resp, map(attrs.asdict, self._log.exchanges()))

    def on_post_reset(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._reset()
        _write(resp, 200, {})


def add_control(
    app: App,
    *,
    faults: FaultsControl,
    payments: PaymentsControl,
    deliveries: DeliveriesControl,
    clock: ClockControl,
    records: RecordsControl,
) -> None:
    """Lays the control side's paths."""
    app.add_route("/_ctl/faults", faults)
    app.add_route("/_ctl/faults/{fault_id}", faults, suffix="one")
    app.add_route("/_ctl/payments", payments)
    app.add_route("/_ctl/payments/{payment_id}/force", payments, suffix="force")
    app.add_route("/_ctl/deliveries", deliveries)
    app.add_route("/_ctl/deliveries/{delivery_id}/replay", deliveries, suffix="replay")
    app.add_route("/_ctl/clock/advance", clock)
    app.add_route("/_ctl/journal", records, suffix="journal")
    app.add_route("/_ctl/settlement", records, suffix="settlement")
    app.add_route("/_ctl/log", records, suffix="log")
    app.add_route("/_ctl/reset", records, suffix="reset")


def _seconds(value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not isinstance(value, int | float) or not 0 <= value <= _ADVANCE_SECONDS_MAX:
        raise Invalid("invalid_seconds", "seconds must be a number from 0 to ten years.", "seconds")
    return float(value)


def _rule_document(rule: Rule) -> dict[str, object]:
    return attrs.asdict(rule, filter=lambda field, _: not field.name.startswith("_"))


def _delivery_document(delivery: Delivery) -> dict[str, object]:
    return {
        "id": delivery.id,
        "payment_id": delivery.event.payment.id,
        "merchant_ref": delivery.event.payment.terms.merchant_ref,
        "event_id": delivery.event.id,
        "type": delivery.event.type,
        "url": delivery.url,
        "method": delivery.method,
        "attempts": delivery.attempts,
        "response_status": delivery.response_status,
        "state": str(delivery.state),
        "mischief": [strike.action for strike in delivery.mischief],
    }


def _write_list(resp: falcon.Response, items: Iterable[Mapping[str, object]]) -> None:
    _write(resp, 200, {"items": list(items), "next": None})


def _write(resp: falcon.Response, status: int, document: Mapping[str, object]) -> None:
    resp.status = status
    resp.content_type = falcon.MEDIA_JSON
    resp.data = json.dumps(document).encode("utf-8")
