"""Opens epoint's dialect: which paths there are, and in what they differ."""

import falcon

from adapters.sandbox.dialects.branch import Branch, Core, Route
from adapters.sandbox.dialects.epoint.api import Deeds, Opening, Questions, Transactions
from adapters.sandbox.dialects.epoint.catalogue import Catalogue
from adapters.sandbox.dialects.epoint.dialect import NAME, Account, Epoint
from adapters.sandbox.dialects.epoint.saved_cards import SavedCards

_SPLIT = ("split_user", "split_amount")


class Heartbeat:
    """Says that the gateway is alive, to anybody."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.media = {"status": "ok"}


def open_epoint(account: Account, core: Core) -> Branch:
    """Opens the dialect for one merchant's account."""
    dialect = Epoint(account, core)
    desk = core.desk(NAME, dialect)
    transactions = Transactions()

    def opening(**kind: object) -> Opening:
        return Opening(account, desk, transactions, **kind)  # type: ignore[arg-type]

    catalogue = Catalogue(account, desk)
    deeds, cards = Deeds(account, desk), SavedCards(account, desk, transactions)
    widget = opening(usually={"currency": "AZN"}, shown_as="widget_url", required=("description",))
    routes = [
        Route("/api/heartbeat", Heartbeat()),
        Route("/api/1/request", opening()),
        Route("/api/1/payment-request", opening()),
        Route("/api/1/amex-request", opening()),
        Route("/api/1/checkout", opening(is_form=True)),
        Route("/api/1/pre-auth-request", opening(needs_azn=True, is_manual=True)),
        Route("/api/1/split-request", opening(needs_azn=True, required=_SPLIT)),
        Route("/api/1/installment-request", opening(required=("installment_card_id", "installment_month"))),
        Route("/api/1/wallet/payment", opening(needs_azn=True, required=("wallet_id",))),
        Route("/api/1/token/widget", widget),
        Route("/api/1/token/payment", opening(shown_as="short_link")),
        Route("/api/1/token/split-payment", opening(needs_azn=True, required=_SPLIT)),
        Route("/api/1/wallet/status", catalogue, "wallets"),
        Route("/api/1/get-installment-request", catalogue, "plans"),
        Route("/api/1/payment-change-sum", deeds, "reprice"),
        Route("/api/1/card-registration", cards, "registration"),
        Route("/api/1/card-registration-with-pay", opening(memory=cards.fresh_memory)),
        Route(
            "/api/1/split-card-registration-with-pay",
            opening(needs_azn=True, required=_SPLIT, memory=cards.fresh_memory),
        ),
        Route("/api/1/execute-pay", cards, "charge"),
        Route("/api/1/split-execute-pay", cards, "charge"),
        Route("/api/1/refund-request", cards, "payout"),
        Route("/api/1/get-status-card", cards, "status"),
        Route("/api/1/get-status", Questions(account, desk)),
        Route("/api/1/pre-auth-complete", deeds, "complete"),
        Route("/api/1/reverse", deeds, "reverse"),
    ]

    def clear() -> None:
        transactions.clear()
        cards.clear()

    return Branch(NAME, dialect, "/api/", routes, clear=clear)
