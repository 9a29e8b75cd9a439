"""What a gateway itself says about a payment when we ask it: the only evidence that settles one."""

from enum import StrEnum

import attrs

from domain.ids import GatewayOrderId
from domain.money import Money


class VerdictStatus(StrEnum):
    """A gateway's word, in the port's own vocabulary. ABSENT: it knows no such payment."""

    PENDING = "pending"
    AUTHORISED = "authorised"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    ABSENT = "absent"


@attrs.frozen(kw_only=True)
class Verdict:
    """A gateway's answer to a status query.

    Units: `amount_minor` and `captured_minor` in the smallest unit of `currency`; None where the
    gateway does not tell. `decline` is the bank's code when it refused the card, `word` the gateway's
    own word for the status; `is_approved` when the customer has agreed, and the gateway waits for us to
    collect; `response` is its answer as JSON, cleaned.
    """

    status: VerdictStatus
    transaction_id: str | None = None
    reference: str | None = None
    amount_minor: int | None = None
    captured_minor: int | None = None
    currency: str | None = None
    card_mask: str | None = None
    decline: str | None = None
    word: str | None = None
    is_approved: bool = False
    response: str | None = None

    def is_about(self, reference: GatewayOrderId, transaction_id: str | None) -> bool:
        """Whether this answer can be about the bill; what is not told cannot differ."""
        same_reference = self.reference is None or self.reference == reference
        same_transaction = (
            None in (self.transaction_id, transaction_id) or self.transaction_id == transaction_id
        )
        return same_reference and same_transaction

    def names(self, reference: GatewayOrderId, transaction_id: str) -> bool:
        """Whether this answer says itself that it is about the bill, and of how much money it tells."""
        tells = self.amount_minor is not None and self.currency is not None
        return tells and self.reference == reference and self.transaction_id == transaction_id

    def mismatch(self, due: Money) -> str | None:
        """In what the answered money differs from what is due, or None; what is not told cannot differ."""
        if self.currency is not None and self.currency != due.currency.code:
            return f"the gateway says {self.currency}, the bill {due.currency.code}"
        # Before it has succeeded nothing needs to be captured, and gateways then say zero.
        captured = self.captured_minor if self.status is VerdictStatus.SUCCEEDED else None
        for minor in (self.amount_minor, captured):
            if minor is not None and minor != due.minor:
                return f"the gateway says {minor}, the bill {due.minor} (smallest units)"
        return None
