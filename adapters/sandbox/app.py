"""Puts the sandbox together: its core, the native dialect over it, and the control side."""

import json
import threading

import attrs
import falcon

from adapters.sandbox.agenda import Agenda
from adapters.sandbox.bank import Bank
from adapters.sandbox.callbacks import NativeCallbacks
from adapters.sandbox.clock import Clock, Names
from adapters.sandbox.control import (
    ClockControl,
    DeliveriesControl,
    FaultsControl,
    PaymentsControl,
    RecordsControl,
    add_control,
)
from adapters.sandbox.courier import Courier
from adapters.sandbox.deliveries import Dialect
from adapters.sandbox.faults import FaultBook
from adapters.sandbox.gateway import Gateway
from adapters.sandbox.hosted import HostedPages, NoSuchPage, show_no_such_page
from adapters.sandbox.idempotency import IdempotencyKeys
from adapters.sandbox.intake import Guard, Scribe
from adapters.sandbox.journal import Journal, TrafficLog
from adapters.sandbox.native import DIALECT, PaymentsApi
from adapters.sandbox.payments import Refusal
from adapters.sandbox.replies import refused
from adapters.sandbox.wire import App

_STOP_SECONDS_MAX = 1.0


@attrs.frozen
class Access:
    """Who may speak to the sandbox, and with what it signs.

    Attributes:
        api_key: what a merchant shows.
        signing_secret: what callbacks and returns are signed with.
        control_token: what a tester shows.
    """

    api_key: str
    signing_secret: str
    control_token: str


@attrs.frozen
class Sandbox:
    """The whole core, wired; dialects and the control side are ways into it."""

    access: Access
    clock: Clock
    agenda: Agenda
    journal: Journal
    log: TrafficLog
    faults: FaultBook
    keys: IdempotencyKeys
    gateway: Gateway
    courier: Courier
    _lock: threading.Condition

    def start(self) -> None:
        self.agenda.start()
        self.courier.start()

    def stop(self) -> None:
        self.agenda.stop()
        self.courier.stop(_STOP_SECONDS_MAX)

    def reset(self) -> None:
        """Forgets everything, as if it had just been started."""
        with self._lock:
            self.agenda.clear()
            for store in (self.gateway, self.courier, self.faults, self.keys, self.journal, self.log):
                store.clear()
            self.clock.reset()


def build(access: Access, clock: Clock | None = None, names: Names | None = None) -> Sandbox:
    """Wires a sandbox around one lock, which nobody holds while talking on the network or sleeping."""
    lock = threading.Condition()
    clock, names = clock or Clock(), names or Names()
    agenda = Agenda(clock, lock)
    journal, log = Journal(clock, lock), TrafficLog(clock)
    faults = FaultBook(lock)
    bank = Bank(clock, agenda, journal, faults)
    gateway = Gateway(clock, names, lock, agenda, journal, bank)
    dialects: dict[str, Dialect] = {DIALECT: NativeCallbacks(gateway, clock, access.signing_secret)}
    courier = Courier(clock, names, lock, agenda, faults, log, dialects)
    bank.announce = courier.announce
    keys = IdempotencyKeys(lock)
    return Sandbox(access, clock, agenda, journal, log, faults, keys, gateway, courier, lock)


def create_app(sandbox: Sandbox) -> App:
    """Lays the sandbox's HTTP surface: a WSGI application, whichever server carries it."""
    access = sandbox.access
    app: App = falcon.App()
    app.add_middleware(Scribe(sandbox.log, unlogged=["/_ctl/log"]))
    app.add_middleware(Guard({"/v1/": access.api_key, "/_ctl/": access.control_token}))
    app.add_error_handler(Refusal, _answer_refusal)
    app.add_error_handler(NoSuchPage, show_no_such_page)
    app.set_error_serializer(_serialize_error)
    _add_native(app, sandbox)
    add_control(
        app,
        faults=FaultsControl(sandbox.faults),
        payments=PaymentsControl(sandbox.gateway),
        deliveries=DeliveriesControl(sandbox.courier),
        clock=ClockControl(sandbox.clock, sandbox.courier),
        records=RecordsControl(sandbox.journal, sandbox.log, sandbox.reset),
    )
    return app


def _add_native(app: App, sandbox: Sandbox) -> None:
    api = PaymentsApi(sandbox.gateway, sandbox.faults, sandbox.keys, sandbox.clock)
    app.add_route("/v1/payments", api)
    app.add_route("/v1/payments/{payment_id}", api, suffix="one")
    app.add_route("/v1/payments/{payment_id}/capture", api, suffix="capture")
    app.add_route("/v1/payments/{payment_id}/void", api, suffix="void")
    app.add_route("/v1/payments/{payment_id}/refunds", api, suffix="refunds")
    app.add_route("/v1/refunds/{refund_id}", api, suffix="refund")
    pages = HostedPages(
        sandbox.gateway, sandbox.courier, sandbox.faults, sandbox.clock, sandbox.access.signing_secret
    )
    app.add_route("/pay/{payment_id}", pages)
    app.add_route("/pay/{payment_id}/3ds", pages, suffix="challenge")


def _answer_refusal(
    req: falcon.Request, resp: falcon.Response, refusal: Refusal, params: dict[str, object]
) -> None:
    reply = refused(refusal)
    resp.status = reply.status
    resp.content_type = falcon.MEDIA_JSON
    resp.data = reply.body


def _serialize_error(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError) -> None:
    phrase = falcon.code_to_http_status(error.status_code).partition(" ")[2]
    code, message = phrase.lower().replace(" ", "_"), error.description or phrase
    resp.content_type = falcon.MEDIA_JSON
    resp.data = json.dumps({"error": {"code": code, "message": message}}).encode("utf-8")
