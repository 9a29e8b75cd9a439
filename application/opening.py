"""Opening a payment: the attempt is committed first, then the gateway is called, then its answer is kept."""

from collections.abc import Sequence
from urllib.parse import quote

import attrs

from application.connecting import Gateways
from application.gateways import Opened, Opening
from application.guarding import Turn
from application.locking import lock_payment
from application.phases import in_one_transaction
from application.policy import Policy
from application.ports import Clock, Keys
from application.storage import Begin, UnitOfWork
from application.trouble import GatewayRefused, GatewayTrouble
from application.wallets import pay_from_wallet
from domain.bill import BillState
from domain.errors import Conflict, GatewayUnavailable, PaymentRefused
from domain.ids import Actor, PaymentId, gateway
from domain.methods import PaymentMethod
from domain.order import Order
from domain.order_status import OrderStatus
from domain.payment import Payment
from domain.people import Contact, Customer
from domain.references import reference_of

REFUSED = "the gateway refused to open the payment"
REFUSABLE = frozenset({BillState.UNSENT, BillState.IN_DOUBT, BillState.WAITING})


@attrs.frozen(kw_only=True)
class CheckedOut:
    """The checkout answer: its payment, its orders as they stand, and who pays.

    `next_step` is where the customer goes on, None when nothing is left for them to do.
    """

    payment: Payment
    orders: tuple[Order, ...]
    user: Customer | None

    @property
    def next_step(self) -> str | None:
        """The gateway's page."""
        return self.payment.bill.next_step


@attrs.frozen(kw_only=True)
class Attempt:
    """A payment that was committed, and now has to be opened at its gateway, if it has one."""

    payment: Payment
    method: PaymentMethod
    orders: tuple[Order, ...]
    user: Customer | None


@attrs.frozen(kw_only=True)
class OpenPayment:
    """Commits attempts, and opens them at their gateways with no transaction open."""

    begin: Begin
    gateways: Gateways
    clock: Clock
    keys: Keys
    policy: Policy

    def attempt(
        self,
        uow: UnitOfWork,
        orders: Sequence[Order],
        method: PaymentMethod,
        *,
        payment_id: PaymentId,
        return_url: str | None,
        by: Actor,
        user: Customer | None,
    ) -> Attempt:
        """Begin an attempt for NEW, FAILED or held orders within the caller's transaction.

        Where no gateway is asked it may succeed at once, as the method says.
        """
        now, terms = self.clock.now(), self.gateways.terms(method)
        hold = terms.hold if terms else self.policy.hold
        payment = Payment.open(
            id=payment_id,
            order_id=self.keys.gateway_order_id(),
            orders=orders,
            method_id=method.id,
            method_code=method.code,
            backend=method.backend,
            auto_approve=method.auto_approve,
            is_offline=terms is not None,
            expires_at=now + hold if hold else None,
            return_url=return_url,
            by=by,
            now=now,
        )
        for order in orders:
            if order.status is OrderStatus.HOLD:
                order.take_on(payment.id)
            else:
                order.hold(payment.id, by, now)
            if terms and not method.draws_on_wallet:
                order.tell_how_to_pay(terms.instructions, reference_of(payment_id), terms.due_at(now))
            uow.orders.save(order)
        if terms:
            payment.wait_offline(now)
        else:
            payment.call_gateway(now, self.policy.call_patience)
        uow.payments.add(payment)
        if method.draws_on_wallet:
            pay_from_wallet(uow, method, payment, by, now)
        elif terms and method.auto_approve:
            payment.pay_at_once(by, now)
        return Attempt(payment=payment, method=method, orders=tuple(orders), user=user)

    def __call__(self, attempt: Attempt, turn: Turn) -> CheckedOut:
        """Open a committed attempt at its gateway, in our turn there, and keep the answer.

        Raises: PaymentRefused when the gateway says no (the orders have then failed),
        GatewayUnavailable when it does not answer sensibly (the payment stays open), Conflict
        when somebody ended the payment meanwhile.
        """
        connected = self.gateways.of(attempt.method)
        if connected is None:
            return CheckedOut(payment=attempt.payment, orders=attempt.orders, user=attempt.user)
        keys = [order.key for order in attempt.orders]
        try:
            opened = turn.use(lambda: connected.initiate(self._opening(attempt)))
        except GatewayRefused as refused:
            self._keep_refusal(attempt.payment, refused)
            raise PaymentRefused(refused.detail, keys) from refused
        except GatewayTrouble as trouble:
            self._keep_trouble(attempt.payment, trouble)
            raise GatewayUnavailable(trouble.detail, keys, trouble.retry_after_seconds or 5) from trouble
        payment, overtaken = self._keep_opened(attempt.payment, opened)
        if payment.bill.state is BillState.FAILED:
            raise Conflict("the payment was ended while it was being opened")
        return CheckedOut(payment=payment, orders=tuple(overtaken) or attempt.orders, user=attempt.user)

    def _opening(self, attempt: Attempt) -> Opening:
        payment, user = attempt.payment, attempt.user
        path = f"/v1/callbacks/{quote(payment.method_code, safe='')}/{payment.order_id}"
        return Opening(
            order_id=payment.order_id,
            amount=payment.amount,
            callback_url=self.policy.public_url + path,
            idempotency_key=f"{payment.order_id}:create:1",
            buyer=Contact(user.email, user.first_name, user.last_name) if user else None,
        )

    def _keep_opened(self, payment: Payment, opened: Opened) -> tuple[Payment, Sequence[Order]]:
        """Store the answer on top of what a callback may have stored meanwhile.

        Most often nobody else has touched what we have just committed: it is read again only when
        its version tells that somebody did.
        """
        committed = [payment]

        def phase(uow: UnitOfWork) -> tuple[Payment, Sequence[Order]]:
            now = self.clock.now()
            (fresh,) = (committed.pop(),) if committed else uow.payments.lock([payment.id])
            fresh.opened(opened.transaction_id, opened.next_step, opened.request, opened.response, now)
            if fresh.is_open:
                fresh.look_soon(now, self.policy.first_look)
            uow.payments.save(fresh)
            overtaken = fresh.bill.state is not BillState.WAITING
            return fresh, uow.orders.find(fresh.order_ids) if overtaken else ()

        return in_one_transaction(self.begin, phase)

    def _keep_refusal(self, payment: Payment, refused: GatewayRefused) -> None:
        def phase(uow: UnitOfWork) -> None:
            fresh, _ = lock_payment(uow, payment.id)
            # Opened before without our hearing of it, it may be paid: then a "no" to opening it
            # again proves nothing, and what was found out meanwhile stands.
            if fresh.bill.state in REFUSABLE:
                was_sent, by = fresh.bill.state is not BillState.UNSENT, gateway(fresh.method_code)
                fresh.bill.request, fresh.bill.response = refused.request, refused.response
                fresh.fail(REFUSED, by, self.clock.now(), still_open_there=was_sent)
                uow.payments.save(fresh)

        in_one_transaction(self.begin, phase)

    def _keep_trouble(self, payment: Payment, trouble: GatewayTrouble) -> None:
        def phase(uow: UnitOfWork) -> None:
            now = self.clock.now()
            (fresh,) = uow.payments.lock([payment.id])
            if fresh.is_open:
                fresh.not_opened(gateway(fresh.method_code), now, sent=trouble.sent)
                fresh.look_soon(now, self.policy.first_look)
                uow.payments.save(fresh)

        in_one_transaction(self.begin, phase)
