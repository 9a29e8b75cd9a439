"""The gateways that methods are connected to, and what each of them can do about a payment."""

from collections.abc import Mapping

import attrs

from application.backends import Backend, OfflineBackend, OfflineTerms, OnlineBackend
from application.gateways import ClosesBills, Gateway, HoldsMoney
from application.guarding import Guards
from domain.methods import PaymentMethod
from domain.payment import Payment
from domain.verdict import VerdictStatus


@attrs.frozen
class Gateways:
    """The backends that payment methods are connected to, and what guards the shop from their gateways."""

    backends: Mapping[str, Backend]
    guards: Guards
    _online: Mapping[str, OnlineBackend] = attrs.field(init=False, eq=False, repr=False)
    _offline: Mapping[str, OfflineBackend] = attrs.field(init=False, eq=False, repr=False)

    # Of what kind a backend is, is found out once: a protocol's every member has to be looked for.
    @_online.default
    def _those_online(self) -> Mapping[str, OnlineBackend]:
        return {name: each for name, each in self.backends.items() if isinstance(each, OnlineBackend)}

    @_offline.default
    def _those_offline(self) -> Mapping[str, OfflineBackend]:
        return {name: each for name, each in self.backends.items() if isinstance(each, OfflineBackend)}

    def of(self, method: PaymentMethod) -> Gateway | None:
        """The method's gateway, or None where nobody is asked."""
        backend = self._online.get(method.backend)
        return backend.connect(method.settings) if backend else None

    def terms(self, method: PaymentMethod) -> OfflineTerms | None:
        """How the method is paid where nobody is asked, else None."""
        backend = self._offline.get(method.backend)
        return backend.terms(method.settings) if backend else None


def can_ask(connected: Gateway, payment: Payment) -> bool:
    """Whether the gateway can be asked at all: some know a payment only by a number of their own."""
    return connected.capabilities.asks_by_reference or payment.bill.transaction_id is not None


def can_end(connected: Gateway, status: VerdictStatus) -> bool:
    """Whether what stands like this can be ended there, so that it has to be before it ends here."""
    return isinstance(connected, HoldsMoney if status is VerdictStatus.AUTHORISED else ClosesBills)


def may_be_taken(connected: Gateway, status: VerdictStatus) -> bool:
    """Whether money that this gateway says it holds may be taken already, so that to end it is a guess."""
    return status is VerdictStatus.AUTHORISED and not connected.capabilities.tells_holds
