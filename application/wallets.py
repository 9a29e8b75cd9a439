"""Wallets: staff put money in, checkouts pay from them within their own transaction, refunds come back."""

from datetime import datetime

import attrs

from application.phases import in_one_transaction
from application.policy import REPLIES_KEPT
from application.ports import Clock
from application.storage import Begin, UnitOfWork
from domain.errors import NotFound
from domain.ids import KEY_HOLDER, Actor, CustomerId
from domain.methods import PaymentMethod, refused
from domain.money import Money
from domain.payment import Payment
from domain.wallet import Account, reasons_against


@attrs.frozen(kw_only=True)
class CreditWallet:
    """Staff put money in a customer's wallet, and say why."""

    begin: Begin
    clock: Clock

    def __call__(
        self, *, customer_id: CustomerId, amount: Money, reason: str, by: Actor, mark: str | None = None
    ) -> None:
        """Credit once for each `mark`, for as long as replies are kept. Raises: NotFound, Invalid.

        The mark is posted with the money: whatever crashed after that, a repeat finds it there.
        """

        def phase(uow: UnitOfWork) -> None:
            if uow.people.customer(customer_id) is None:
                raise NotFound("there is no such customer")
            now, wallet = self.clock.now(), uow.wallets.lock(customer_id, amount.currency)
            if mark is None or not uow.wallets.has_posted(wallet, mark, now - REPLIES_KEPT):
                wallet.credit(amount, Account.ISSUED, reason, by, now, mark=mark)
                uow.wallets.save(wallet)

        in_one_transaction(self.begin, phase)


def pay_from_wallet(
    uow: UnitOfWork, method: PaymentMethod, payment: Payment, by: Actor, now: datetime
) -> None:
    """Take a payment's money from the wallet of the customer who asks; that pays it.

    An order's key lets a friend pay, but not with the customer's money. Raises: MethodRefused.
    """
    if payment.customer_id is None or by == KEY_HOLDER:
        raise refused(method.name, reasons_against(None, payment.amount))
    wallet = uow.wallets.lock(payment.customer_id, payment.amount.currency)
    reasons = reasons_against(wallet.balance, payment.amount)
    if reasons:
        raise refused(method.name, reasons)
    wallet.pay(payment.amount, payment.id, by, now)
    uow.wallets.save(wallet)
    payment.pay_at_once(by, now)


def give_back(
    uow: UnitOfWork, payment: Payment, amount: Money, reason: str, by: Actor, now: datetime
) -> None:
    """Refund what a payment took from a wallet, or a part of it, within the caller's transaction."""
    if payment.customer_id is not None and amount.minor:
        wallet = uow.wallets.lock(payment.customer_id, amount.currency)
        wallet.credit(amount, Account.SPENT, reason, by, now, payment_id=payment.id)
        uow.wallets.save(wallet)
