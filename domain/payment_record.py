"""A payment as it stands: what is known of it, when it is looked at, and the only way its bill moves."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Self

import attrs

from domain.bill import OPEN, PAYMENT_TRANSITIONS, STATUS_OF, UNDER_WAY, Bill, BillState, PaymentStatus
from domain.cards import card_mask
from domain.errors import IllegalTransition
from domain.events import PaymentEvent, PaymentStarted
from domain.ids import Actor, CustomerId, GatewayOrderId, MethodCode, MethodId, OrderId, PaymentId
from domain.money import Money
from domain.order import Order
from domain.verdict import Verdict
from domain.wallet import WALLET

# The janitor's pauses double from the first one up to this many times it; once the payment has
# ended here nobody waits any more, and they grow longer.
LOOK_GROWTH_MAX = 12
LATE_PAUSE_MAX = timedelta(days=1)


@attrs.frozen
class Share:
    """What one order contributes to a payment. Source: PaymentOrderModel of the notes."""

    order_id: OrderId
    amount: Money


@attrs.frozen
class MaskedCard:
    """A card number of which at most the first four and last four digits are left."""

    mask: str


@attrs.define(kw_only=True)
class PaymentRecord:
    """What is kept of a payment; what happens to it is told by Payment, which is this and more.

    The bill has no life of its own, so it shares its payment's `id`.
    Units: `looks` counts the janitor's looks since the last news that the gateway answered.
    `expires_at` ends the hold, None for never; `look_at` is when the janitor looks next, None when
    nothing is left to learn.
    """

    id: PaymentId
    order_id: GatewayOrderId
    customer_id: CustomerId | None
    shares: tuple[Share, ...]
    bill: Bill
    method_id: MethodId
    method_code: MethodCode
    auto_approve: bool
    is_offline: bool
    is_approved: bool = False
    card: MaskedCard | None = None
    failure: str | None = None
    return_url: str | None = None
    expires_at: datetime | None = None
    look_at: datetime | None = None
    looks: int = 0
    created_at: datetime
    updated_at: datetime
    sequence: int = 0
    version: int = 0
    _events: list[PaymentEvent] = attrs.field(factory=list, init=False, repr=False, eq=False)

    @classmethod
    def open(
        cls,
        *,
        id: PaymentId,  # noqa: A002 -- the field's name
        order_id: GatewayOrderId,
        orders: Sequence[Order],
        method_id: MethodId,
        method_code: MethodCode,
        backend: str,
        auto_approve: bool,
        is_offline: bool,
        expires_at: datetime | None,
        return_url: str | None,
        by: Actor,
        now: datetime,
    ) -> Self:
        """Begin an attempt for these orders. Raises: CurrencyMismatch, ValueError for no orders."""
        shares = tuple(Share(order.id, order.total) for order in orders)
        amount = Money.sum(share.amount for share in shares)
        payment = cls(
            id=id,
            order_id=order_id,
            customer_id=orders[0].customer_id,
            shares=shares,
            bill=Bill(backend=backend, amount=amount, created_at=now, updated_at=now),
            method_id=method_id,
            method_code=method_code,
            auto_approve=auto_approve,
            is_offline=is_offline,
            return_url=return_url,
            expires_at=expires_at,
            look_at=expires_at,
            created_at=now,
            updated_at=now,
        )
        payment._record(PaymentStarted, by, now, None)
        return payment

    @property
    def amount(self) -> Money:
        """The sum of its orders' shares."""
        return self.bill.amount

    @property
    def order_ids(self) -> tuple[OrderId, ...]:
        """The orders that this payment is for."""
        return tuple(share.order_id for share in self.shares)

    @property
    def status(self) -> PaymentStatus:
        """What the outside is told; a function of the bill's state, so the two cannot part."""
        return STATUS_OF[self.bill.state]

    @property
    def is_open(self) -> bool:
        """Whether money may still come in the ordinary way, or a person has to decide."""
        return self.bill.state in OPEN

    @property
    def drew_on_wallet(self) -> bool:
        """Whether its money lies with ourselves, to be given back there."""
        return self.bill.backend == WALLET

    @property
    def is_under_way(self) -> bool:
        """Whether it still may be paid and no other may; an order has one such payment at most."""
        return self.bill.state in UNDER_WAY

    def is_being_opened(self, now: datetime) -> bool:
        """Whether somebody else waits for the gateway to open this payment right now."""
        return self.bill.calling_until is not None and now < self.bill.calling_until

    def is_overdue(self, now: datetime) -> bool:
        """Whether the hold is over."""
        return self.expires_at is not None and self.expires_at <= now

    def look_later(
        self, now: datetime, first_pause: timedelta, watched_until: datetime, *, is_answered: bool = True
    ) -> None:
        """The janitor has looked, and plans its next look in place of its claim on this one.

        Pauses grow, and the end of the hold is never slept through. Silence makes nothing surer, so
        it is not counted, and the pause is then as long as nothing has been learned. What has ended
        here is watched until then, for money that comes late. Under review nothing is planned.
        """
        is_over = not self.is_open and watched_until <= now
        grown = first_pause * 2 ** min(self.looks, 20) if is_answered else now - self.updated_at
        longest = first_pause * LOOK_GROWTH_MAX if self.is_open else LATE_PAUSE_MAX
        moment = now + max(first_pause, min(grown, longest))
        self.looks += is_answered
        if self.bill.state is BillState.REVIEW:
            return
        if self.is_open:
            self.look_at = self._sooner(moment) if self._is_held(now) else moment
        else:
            self.look_at = None if is_over else min(moment, watched_until)

    def look_soon(self, now: datetime, first_pause: timedelta, named_number: str | None = None) -> None:
        """There is news that could not be confirmed yet: look again after the first pause.

        `named_number`: what to ask about then, if it named another number than the bill's.

        A look that is planned already is only ever brought forward: a customer who keeps coming
        back cannot put off the end of a hold. Under review nothing is planned.
        """
        self.looks = 1
        self.bill.named_number = named_number or self.bill.named_number
        if self.bill.state is not BillState.REVIEW:
            soon = self._sooner(now + first_pause) if self._is_held(now) else now + first_pause
            self.look_at = min(soon, self.look_at) if self.look_at else soon

    def has_heard_of(self, number: str) -> None:
        """The gateway was asked about a number that news named."""
        if self.bill.named_number == number:
            self.bill.named_number = None

    def give_claim_back(self, claimed: datetime | None, now: datetime, first_pause: timedelta) -> None:
        """Somebody changed it while the janitor looked, and planned no look in place of its claim."""
        if self.look_at is not None and self.look_at == claimed:
            self.look_soon(now, first_pause)

    def stop_looking(self) -> None:
        """Nothing is left to learn from the gateway."""
        self.look_at = None

    def pull_events(self) -> list[PaymentEvent]:
        """Hand over what happened since the last call."""
        events, self._events = self._events, []
        return events

    def snapshot(self) -> Mapping[str, object]:
        """The payment as it stands, in JSON's types, without secrets."""
        return {
            "id": self.id,
            "order_id": self.order_id,
            "status": str(self.status),
            "state": str(self.bill.state),
            "amount": {"amount": self.amount.minor, "currency": self.amount.currency.code},
            "orders": list(self.order_ids),
            "payment_method": self.method_code,
            "failure": self.failure,
        }

    def _learn(self, verdict: Verdict, now: datetime) -> None:
        bill, before = self.bill, (self.bill.transaction_id, self.bill.response, self.card)
        bill.transaction_id = bill.transaction_id or verdict.transaction_id
        bill.response = verdict.response or bill.response
        shown = card_mask(verdict.card_mask) if verdict.card_mask else None
        self.card = MaskedCard(shown) if shown else self.card
        if before != (bill.transaction_id, bill.response, self.card):
            self._touch(now)

    def _is_held(self, now: datetime) -> bool:
        return self.expires_at is not None and now < self.expires_at

    def _sooner(self, moment: datetime) -> datetime:
        return min(moment, self.expires_at) if self.expires_at else moment

    def _touch(self, now: datetime) -> None:
        self.updated_at = self.bill.updated_at = now

    def _move(self, to: BillState, by: Actor | None, now: datetime, reason: str | None) -> None:
        self._ensure_may_become(to)
        event = PAYMENT_TRANSITIONS[self.bill.state, to]
        self.bill.state = to
        self._touch(now)
        if event and by:
            self._record(event, by, now, reason)

    def _ensure_may_become(self, to: BillState) -> None:
        if (self.bill.state, to) not in PAYMENT_TRANSITIONS:
            raise IllegalTransition(f"a bill does not go from {self.bill.state} to {to}")

    def _record(self, event: type[PaymentEvent], by: Actor, now: datetime, reason: str | None) -> None:
        self.sequence += 1
        self._events.append(
            event(
                sequence=self.sequence,
                occurred_at=now,
                by=by,
                reason=reason,
                snapshot=self.snapshot(),
                payment_id=self.id,
            )
        )
