"""Puts the sandbox together: its core, the dialects over it, and the control side."""

import threading
from collections.abc import Mapping, Sequence

import attrs
import falcon

from adapters.sandbox.agenda import Agenda
from adapters.sandbox.bank import Bank
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
from adapters.sandbox.dialects.branch import Branch, Core
from adapters.sandbox.dialects.native.api import open_native
from adapters.sandbox.dialects.roster import KINDS
from adapters.sandbox.faults import FaultBook
from adapters.sandbox.gateway import Gateway
from adapters.sandbox.hosted import HostedPages, NoSuchPage, show_no_such_page
from adapters.sandbox.idempotency import IdempotencyKeys
from adapters.sandbox.intake import Guard, Scribe
from adapters.sandbox.journal import Journal, TrafficLog
from adapters.sandbox.operator import PATH as OPERATOR
from adapters.sandbox.operator import OperatorPage, control_gate
from adapters.sandbox.refusals import Refusal
from adapters.sandbox.replies import Reply, dress, refused
from adapters.sandbox.wire import App, Wire

_STOP_SECONDS_MAX = 1.0


@attrs.frozen
class Access:
    """Who may speak to the sandbox, and with what it signs.

    Attributes:
        api_key: what a merchant of the native dialect shows.
        signing_secret: what callbacks and returns of the native dialect are signed with.
        control_token: what a tester shows.
        accounts: the account of each further dialect that is to be spoken, by its name.
    """

    api_key: str
    signing_secret: str
    control_token: str
    accounts: Mapping[str, object] = attrs.field(factory=dict)


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
    branches: Sequence[Branch]
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
            for branch in self.branches:
                branch.clear()
            self.clock.reset()


def build(access: Access, clock: Clock | None = None, names: Names | None = None) -> Sandbox:
    """Wires a sandbox around one lock, which nobody holds while talking on the network or sleeping."""
    lock = threading.Condition()
    clock, names = clock or Clock(), names or Names()
    agenda = Agenda(clock, lock)
    journal, log = Journal(clock, lock), TrafficLog(clock)
    faults, keys = FaultBook(lock), IdempotencyKeys(lock)
    bank = Bank(clock, agenda, journal, faults)
    gateway = Gateway(clock, names, lock, agenda, journal, bank)
    branches = _branches(access, Core(clock, names, gateway, faults, keys))
    courier = Courier(clock, names, lock, agenda, faults, log, _dialects(branches))
    bank.announce = courier.announce
    return Sandbox(access, clock, agenda, journal, log, faults, keys, gateway, courier, branches, lock)


def _branches(access: Access, core: Core) -> Sequence[Branch]:
    further = [KINDS[name].open(account, core) for name, account in access.accounts.items()]
    return [open_native(access.api_key, access.signing_secret, core), *further]


def _dialects(branches: Sequence[Branch]) -> Mapping[str, Dialect]:
    return {branch.name: branch.dialect for branch in branches}


def create_app(sandbox: Sandbox) -> App:
    """Lays the sandbox's HTTP surface: a WSGI application, whichever server carries it."""
    app: App = falcon.App()
    app.add_middleware(Scribe(sandbox.log, unlogged=["/_ctl/log"]))
    gates = {path: gate for branch in sandbox.branches for path, gate in branch.gates.items()}
    app.add_middleware(Guard({OPERATOR: control_gate(sandbox.access.control_token), **gates}))
    _word_refusals(app, sandbox.branches)
    _add_branches(app, sandbox)
    app.add_route(OPERATOR, OperatorPage(sandbox.gateway, sandbox.courier, sandbox.faults))
    add_control(
        app,
        faults=FaultsControl(sandbox.faults),
        payments=PaymentsControl(sandbox.gateway),
        deliveries=DeliveriesControl(sandbox.courier),
        clock=ClockControl(sandbox.clock, sandbox.courier),
        records=RecordsControl(sandbox.journal, sandbox.log, sandbox.reset),
    )
    return app


def _add_branches(app: App, sandbox: Sandbox) -> None:
    dialects = _dialects(sandbox.branches)
    pages = HostedPages(sandbox.gateway, sandbox.courier, sandbox.faults, sandbox.clock, dialects)
    for branch in sandbox.branches:
        for route in branch.routes:
            app.add_route(route.path, route.resource, suffix=route.suffix)
    for path in {branch.pages for branch in sandbox.branches}:
        app.add_route(f"{path}/{{payment_id}}", pages)
        app.add_route(f"{path}/{{payment_id}}/3ds", pages, suffix="challenge")


def _word_refusals(app: App, branches: Sequence[Branch]) -> None:
    """Lets each part of the surface say no in its own dialect."""
    by_home = sorted(branches, key=lambda branch: len(branch.home), reverse=True)

    def dialect_at(path: str) -> Dialect:
        return next(branch.dialect for branch in by_home if path.startswith(branch.home))

    def answer(req: falcon.Request, resp: falcon.Response, refusal: Refusal, _: dict[str, object]) -> None:
        refused(dialect_at(req.path), refusal).put_into(resp)

    def serialize(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError) -> None:
        phrase = falcon.code_to_http_status(error.status_code).partition(" ")[2]
        code = phrase.lower().replace(" ", "_")
        dialect = dialect_at(req.path)
        true = dialect.refused(Refusal(code, error.description or phrase))
        dress(dialect, Reply(error.status_code, true.say), (), Wire()).put_into(resp)

    app.add_error_handler(Refusal, answer)
    app.add_error_handler(NoSuchPage, show_no_such_page)
    app.set_error_serializer(serialize)
