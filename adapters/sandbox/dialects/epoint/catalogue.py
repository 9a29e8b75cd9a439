"""What epoint offers beside cards: the wallets and the instalment plans that a merchant can look up."""

from collections.abc import Mapping

import falcon

from adapters.sandbox.desk import Call, Desk
from adapters.sandbox.dialects.epoint.dialect import Account
from adapters.sandbox.dialects.epoint.envelope import open_envelope
from adapters.sandbox.dialects.epoint.reading import required_text
from adapters.sandbox.replies import Reply

WALLETS: Mapping[str, str] = {"wallet-1": "Sandbox wallet", "wallet-2": "Another sandbox wallet"}
PLANS = ({"installment_card_id": "plan-1", "name": "Sandbox instalments", "months": ["3", "6", "12"]},)


class Catalogue:
    """Answers that are the same for every payment; their shapes are the least documented of all."""

    def __init__(self, account: Account, desk: Desk) -> None:
        self._account = account
        self._desk = desk

    def on_post_wallets(self, req: falcon.Request, resp: falcon.Response) -> None:
        """`wallet/status`: a map of wallets, ids to names."""
        open_envelope(req, self._account.public_key, self._account.private_key)
        self._desk.serve(req, resp, Call("status", lambda gateway: Reply(200, lambda lens: WALLETS)))

    def on_post_plans(self, req: falcon.Request, resp: falcon.Response) -> None:
        """`get-installment-request`: a bare list."""
        document = open_envelope(req, self._account.public_key, self._account.private_key)
        required_text(document, "order_id")
        self._desk.serve(req, resp, Call("status", lambda gateway: Reply(200, lambda lens: PLANS)))
