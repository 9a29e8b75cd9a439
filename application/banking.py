"""Taking up a bank's statement: each entry that brought money in approves a payment, or is for a person."""

import json
from enum import StrEnum

import attrs

from application.locking import can_be_had, lock_payment
from application.phases import in_one_transaction
from application.ports import Clock
from application.storage import Begin, UnitOfWork
from domain.bank import BankEntry, EntryVerdict, JudgedEntry
from domain.cards import masked
from domain.errors import NotFound
from domain.ids import PaymentId, bank
from domain.money import Money
from domain.payment import Settlement
from domain.references import payments_named_in

REVERSED = "the bank has reversed an earlier booking"


class Fate(StrEnum):
    """What became of an entry when a statement was taken up."""

    APPROVED = "approved"
    REVIEW = "review"
    KNOWN = "known"
    CHANGED = "changed"
    IGNORED = "ignored"


@attrs.frozen
class TakenUp:
    """An entry, and what became of it; `judged` is what is stored of it, None where it is ignored."""

    entry: BankEntry
    fate: Fate
    judged: JudgedEntry | None = None


@attrs.frozen(kw_only=True)
class TakeUpEntry:
    """Takes up one entry, once for ever: its account and the bank's reference tell it from others."""

    begin: Begin
    clock: Clock

    def __call__(self, entry: BankEntry, *, is_reversal: bool = False) -> TakenUp:
        """Judge an entry that is new; money that went out is nobody's payment. Raises: StoreUnavailable.

        One that reverses an earlier entry pays for nothing either: it is for a person, whichever way
        the money went. Of what went out nothing is kept, so that they are told each time.
        """
        if entry.amount.minor <= 0:
            return TakenUp(entry, Fate.REVIEW if is_reversal else Fate.IGNORED)
        return in_one_transaction(self.begin, lambda uow: self._take_up(uow, entry, is_reversal))

    def _take_up(self, uow: UnitOfWork, entry: BankEntry, is_reversal: bool) -> TakenUp:
        known = uow.bank_entries.get(entry.account, entry.reference)
        if known is not None:
            is_same = known.entry.is_same_booking(entry)
            return TakenUp(entry, Fate.KNOWN if is_same else Fate.CHANGED, known)
        judged = self._judge(uow, entry, is_reversal)
        uow.bank_entries.add(judged)
        return TakenUp(entry, Fate(judged.verdict), judged)

    def _judge(self, uow: UnitOfWork, entry: BankEntry, is_reversal: bool) -> JudgedEntry:
        # The words are looked through before they are masked, but only kept afterwards.
        named = payments_named_in(entry.text)
        entry = attrs.evolve(entry, text=masked(entry.text))
        if is_reversal:
            return self._for_a_person(entry, None, REVERSED)
        if len(named) > 1:
            return self._for_a_person(entry, None, "it names more than one payment")
        for payment_id in named:
            return self._pay(uow, entry, payment_id)
        return self._for_a_person(entry, None, "it names no payment")

    def _pay(self, uow: UnitOfWork, entry: BankEntry, payment_id: PaymentId) -> JudgedEntry:
        try:
            payment, orders = lock_payment(uow, payment_id)
        except NotFound:
            return self._for_a_person(entry, None, f"there is no payment {payment_id}")
        if not payment.is_offline:
            return self._for_a_person(entry, payment_id, "the payment goes through a gateway")
        by, now = bank(entry.account), self.clock.now()
        is_enough = payment.shortcoming(entry.amount) is None
        settlement = payment.receive(
            entry.amount,
            f"{entry.account}/{entry.reference}",
            _evidence(entry),
            deliverable=is_enough and can_be_had(uow, payment, orders, by, now),
            by=by,
            now=now,
        )
        uow.payments.save(payment)
        if settlement is Settlement.REVIEW:
            return self._for_a_person(entry, payment_id, payment.bill.review)
        return JudgedEntry(
            entry=entry,
            verdict=EntryVerdict.APPROVED,
            payment_id=payment_id,
            why=payment.bill.review,
            owed=entry.amount - payment.amount,
            judged_at=now,
        )

    def _for_a_person(self, entry: BankEntry, payment_id: PaymentId | None, why: str | None) -> JudgedEntry:
        return JudgedEntry(
            entry=entry,
            verdict=EntryVerdict.REVIEW,
            payment_id=payment_id,
            why=why,
            owed=entry.amount,
            judged_at=self.clock.now(),
        )


def _evidence(entry: BankEntry) -> str:
    amount: Money = entry.amount
    return json.dumps(
        {
            "account": entry.account,
            "entry": entry.reference,
            "booked_on": entry.booked_on.isoformat(),
            "amount": {"amount": amount.minor, "currency": amount.currency.code},
            "text": entry.text,
        }
    )
