"""Wallets: customers look at theirs, staff put money in."""

import attrs

from adapters.web.auth import Who
from adapters.web.bodies import NewCredit, Nothing
from adapters.web.codecs import Document, Instant, MoneyDocument, cursor_for
from adapters.web.documents import Listing
from adapters.web.operations import Answer, Call, api
from application.service import Application
from application.storage import Page
from application.views import WalletView
from domain.errors import NotFound
from domain.ids import CustomerId
from domain.wallet import Posting


class PostingDocument(Document):
    """One movement of a wallet's money; `amount` is negative where it paid."""

    id: int
    amount: MoneyDocument
    reason: str
    payment_id: int | None
    at: Instant

    @classmethod
    def of(cls, posting: Posting) -> "PostingDocument":
        """A stored posting."""
        assert posting.id is not None  # noqa: S101 -- stored postings have one
        return cls(
            id=posting.id,
            amount=MoneyDocument.of(posting.amount),
            reason=posting.reason,
            payment_id=posting.payment_id,
            at=posting.at,
        )


class WalletDocument(Listing[PostingDocument]):
    """What a wallet holds in each currency, and a page of what moved."""

    balances: tuple[MoneyDocument, ...]

    @classmethod
    def of(cls, wallet: WalletView) -> "WalletDocument":
        """A customer's wallet."""
        return cls(
            balances=tuple(map(MoneyDocument.of, wallet.balances)),
            items=tuple(map(PostingDocument.of, wallet.postings.items)),
            next=cursor_for("postings", wallet.postings.next),
        )


@attrs.frozen
class Wallets:
    """Customers' wallets."""

    application: Application

    @api("GET", "/v1/wallet", who=Who.CUSTOMER, lists="postings", answers={200: (WalletDocument,)})
    def get_wallet(self, call: Call[Nothing]) -> Answer:
        """Look at one's own wallet."""
        return self._answer(call.customer_id, call.page)

    @api(
        "GET",
        "/v1/customers/{id}/wallet",
        who=Who.STAFF,
        lists="postings",
        answers={200: (WalletDocument,)},
    )
    def get_customer_wallet(self, call: Call[Nothing]) -> Answer:
        """Look at a customer's wallet."""
        customer_id = CustomerId(int(call.path["id"]))
        if self.application.queries.customer(customer_id) is None:
            raise NotFound("there is no such customer")
        return self._answer(customer_id, call.page)

    @api(
        "POST",
        "/v1/customers/{id}/wallet",
        who=Who.STAFF,
        body=NewCredit,
        answers={201: (WalletDocument,)},
        is_idempotent=True,
    )
    def credit_wallet(self, call: Call[NewCredit]) -> Answer:
        """Put money in a customer's wallet; the wallet as it then stands is answered."""
        customer_id = CustomerId(int(call.path["id"]))
        self.application.credit_wallet(
            customer_id=customer_id,
            amount=call.body.amount.money(self.application.currencies, "#/amount"),
            reason=call.body.reason,
            by=call.actor,
            mark=call.mark,
        )
        return self._answer(customer_id, call.page, status=201)

    def _answer(self, customer_id: CustomerId, page: Page, status: int = 200) -> Answer:
        wallet = self.application.queries.wallet(customer_id, page)
        return Answer(WalletDocument.of(wallet), status=status)
