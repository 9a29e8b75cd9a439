"""Hearing from gateways and from returning customers: each is a reason to ask, never a command."""

from collections.abc import Sequence
from contextlib import suppress

import attrs

from application.asking import AskGateway
from application.connecting import can_ask
from application.gateways import Claim, ConfirmsCallbacks, Gateway, Received
from application.guarding import Lane
from application.hearsay import Hearsay
from application.landing import OUTCOMES, Landing, Outcome
from application.phases import in_one_transaction
from application.policy import CALLBACK_PATIENCE_SECONDS, CONFIRMING_PATIENCE_SECONDS
from application.questions import Question
from application.repositories import InboxEntry
from application.storage import UnitOfWork
from application.trouble import BadSignature, GatewayTrouble, Malformed, TroubleKind
from application.views import Queries
from domain.bill import BillState
from domain.cards import masked
from domain.errors import ForgedCallback, Invalid, NotFound
from domain.ids import GatewayOrderId, MethodCode
from domain.methods import PaymentMethod
from domain.payment import Payment
from domain.verdict import VerdictStatus


@attrs.frozen(kw_only=True)
class HearCallback:
    """Takes what a gateway posts: checked, kept, and then the gateway itself is asked."""

    ask: AskGateway
    queries: Queries
    hearsay: Hearsay

    def __call__(self, *, code: MethodCode, order_id: GatewayOrderId | None, received: Received) -> None:
        """Returns once what the callback led to is committed, or the gateway was silent.

        Raises: NotFound for a method that asks nobody, ForgedCallback, Invalid if unreadable.
        """
        since, (method, connected) = self._now(), self._connected(code)
        try:
            claim = connected.parse_callback(received, self.ask.clock.now().timestamp())
            is_sure = claim.is_signed and self._is_its_own(connected, method, received, claim, order_id)
        except BadSignature as bad:
            self._keep(method, received, "forged")
            raise ForgedCallback("the signature does not hold") from bad
        except Malformed as malformed:
            self._keep(method, received, "malformed")
            raise Invalid(str(malformed)) from malformed
        inbox_id, payment = self._take(method, received, claim, order_id)
        if payment is not None and brings_news(payment, claim):
            self._act(payment, method, claim, inbox_id, since, is_hearsay=not is_sure)

    def land(self, *, code: MethodCode, order_id: GatewayOrderId | None, received: Received) -> Landing:
        """Where to send a customer who comes back; a forged return makes nobody ask, others now and then.

        Raises: NotFound for a method that asks nobody.
        """
        since, (method, connected) = self._now(), self._connected(code)
        try:
            claim: Claim | None = connected.parse_callback(received, self.ask.clock.now().timestamp())
        except (BadSignature, Malformed):
            claim = None
        if claim is None:
            self._keep(method, received, "forged")
            return self._landing(order_id)
        inbox_id, payment = self._take(method, received, claim, order_id)
        if payment is not None and brings_news(payment, claim):
            # Signed or not: whoever knows a return's address may open it as often as they like.
            self._act(payment, method, claim, inbox_id, since, is_hearsay=True)
        return self._landing(payment.order_id if payment else None)

    def _is_its_own(
        self,
        connected: Gateway,
        method: PaymentMethod,
        received: Received,
        claim: Claim,
        order_id: GatewayOrderId | None,
    ) -> bool:
        """Whether the gateway is sure to have sent a callback; some have to be asked whether they did.

        That is only done so often, since anybody can post: what could lead to nothing keeps no news out.
        Raises: BadSignature when the gateway did not send it.
        """
        if not isinstance(connected, ConfirmsCallbacks):
            return True
        with self.ask.begin() as uow:
            payment = _named(uow, method, claim, order_id)
        is_news = payment is not None and brings_news(payment, claim)
        if self.hearsay.is_confirmed_enough(payment.id if payment and is_news else method.code):
            return False
        try:
            with self.ask.gateways.guards.turn(connected, method.code, Lane.SERVING) as turn:
                is_its_own = turn.use(lambda: connected.confirms(received, CONFIRMING_PATIENCE_SECONDS))
        except GatewayTrouble:
            # It is a reason to ask all the same, and the gateway will be asked about the payment.
            return False
        if not is_its_own:
            raise BadSignature("the gateway did not send this")
        return True

    def _connected(self, code: MethodCode) -> tuple[PaymentMethod, Gateway]:
        method = self.queries.method_ever(code)
        connected = self.ask.gateways.of(method) if method else None
        if method is None or connected is None:
            raise NotFound("nothing is heard here")
        return method, connected

    def _take(
        self, method: PaymentMethod, received: Received, claim: Claim, order_id: GatewayOrderId | None
    ) -> tuple[int, Payment | None]:
        """Keep the callback, and find its payment."""

        def phase(uow: UnitOfWork) -> tuple[int, Payment | None]:
            payment = _named(uow, method, claim, order_id)
            verdict = "unknown"
            if payment is not None:
                verdict = "received" if brings_news(payment, claim) else "repeated"
            return uow.inbox.add(self._entry(method, received, verdict, payment)), payment

        return in_one_transaction(self.ask.begin, phase)

    def _act(
        self,
        payment: Payment,
        method: PaymentMethod,
        claim: Claim,
        inbox_id: int,
        since: float,
        *,
        is_hearsay: bool,
    ) -> None:
        numbers = self._numbers(payment, method, claim)
        with suppress(GatewayTrouble):
            if not (is_hearsay and self.hearsay.is_enough(payment.id)):
                for number in numbers:
                    left = self._left(since)
                    self.ask(payment, method, Question(within_seconds=left, inbox_id=inbox_id, number=number))
                return
        # What anybody could have sent is not worth remembering: it would keep others from being asked about.
        self.ask.look_soon(payment.id, inbox_id, None if is_hearsay else numbers[-1])

    def _numbers(self, payment: Payment, method: PaymentMethod, claim: Claim) -> Sequence[str | None]:
        """What to ask about: None for the bill's own number, and another one if that is what news named."""
        if claim.transaction_id in {None, payment.bill.transaction_id}:
            return (None,)
        if payment.bill.transaction_id is not None:
            return (None, claim.transaction_id)
        connected = self.ask.gateways.of(method)
        is_found = connected is not None and can_ask(connected, payment)
        return (None,) if is_found else (claim.transaction_id,)

    def _left(self, since: float) -> float:
        """How long may be asked. Raises: GatewayTrouble when no time is left."""
        # Whoever waits for us counts from the beginning, whatever took its time since.
        left = CALLBACK_PATIENCE_SECONDS - (self._now() - since)
        if left <= 0:
            raise GatewayTrouble("there is no time left to ask", TroubleKind.NOT_SENT)
        return left

    def _now(self) -> float:
        return self.ask.gateways.guards.monotonic()

    def _keep(self, method: PaymentMethod, received: Received, verdict: str) -> None:
        entry = self._entry(method, received, verdict, None)
        in_one_transaction(self.ask.begin, lambda uow: uow.inbox.add(entry))

    def _entry(
        self, method: PaymentMethod, received: Received, verdict: str, payment: Payment | None
    ) -> InboxEntry:
        return InboxEntry(
            method_code=method.code,
            received_at=self.ask.clock.now(),
            http_method=received.method,
            path=_kept(received.path),
            query=_kept(received.query),
            body=_kept(received.body.decode("utf-8", "backslashreplace")),
            verdict=verdict,
            payment_id=payment.id if payment else None,
        )

    def _landing(self, order_id: GatewayOrderId | None) -> Landing:
        with self.ask.begin() as uow:
            payment = uow.payments.by_order_id(order_id) if order_id else None
            orders = uow.orders.find(payment.order_ids[:1]) if payment else ()
        if payment is None:
            return Landing(outcome=Outcome.PENDING)
        return Landing(
            outcome=OUTCOMES[payment.status],
            return_url=payment.return_url,
            order_key=orders[0].key,
        )


# What a claim would have to say to be no news for a bill in this state.
_NO_NEWS = {
    BillState.PAID: frozenset({VerdictStatus.PENDING, VerdictStatus.FAILED}),
    BillState.FAILED: frozenset({VerdictStatus.FAILED}),
    BillState.REVIEW: frozenset(VerdictStatus),
}


def brings_news(payment: Payment, claim: Claim) -> bool:
    """Whether a claim is worth asking the gateway: not when it only repeats what is settled.

    Money under another number than a paid bill's is news: it may have been paid twice.
    """
    known = payment.bill.transaction_id
    if payment.bill.state is BillState.PAID and claim.claimed is VerdictStatus.SUCCEEDED:
        return None not in (known, claim.transaction_id) and claim.transaction_id != known
    return claim.claimed not in _NO_NEWS.get(payment.bill.state, frozenset())


def _named(
    uow: UnitOfWork, method: PaymentMethod, claim: Claim, order_id: GatewayOrderId | None
) -> Payment | None:
    """The payment that a callback is about, which must be one of this method."""
    reference = claim.reference or order_id
    payment = uow.payments.by_order_id(reference) if reference else None
    return payment if payment is not None and payment.method_id == method.id else None


def _kept(text: str) -> str:
    # Any bytes can be sent, and masking may decode what hid them; not every database keeps a NUL in a text.
    return masked(text).replace("\0", "\\x00")
