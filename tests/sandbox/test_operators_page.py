"""The operator's page."""

import pytest

from tests.sandbox.accounts import MOLLIE_KEY
from tests.sandbox.driver import CONTROL_TOKEN, Driver, Shop
from tests.sandbox.test_mollie import wish


class TestTheOperatorsPage:
    def test_lists_what_is_going_on(self, sandbox: Driver, shop: Shop) -> None:
        """Payments of every dialect, callbacks and armed faults; every value is only text."""
        sandbox.paid(merchant_ref="<b>ref</b>")
        sandbox.call("POST", "/mollie/v2/payments", MOLLIE_KEY, json=wish(shop))
        sandbox.arm("status", "http_429", merchant_ref="bill-1")

        page = sandbox.call("GET", "/_ctl/", auth=("anybody", CONTROL_TOKEN))

        assert page.status_code == 200
        assert all(
            text in page.text
            for text in (
                "&lt;b&gt;ref&lt;/b&gt;",
                "payment.captured",
                "40.00 EUR",
                "mollie",
                "http_429",
                f"POST {shop.url}/notify",
            )
        )
        assert "<b>" not in page.text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert "<script" not in page.text

    def test_opens_with_the_token_as_well(self, sandbox: Driver) -> None:
        """The same token, shown as a program shows it; with nothing going on it is there too."""
        assert sandbox.ctl("GET", "").status_code == 200

    @pytest.mark.parametrize("shown", [None, "Basic %%%", "Basic eDp5", "Bearer x"])
    def test_asks_for_a_password(self, sandbox: Driver, shown: str | None) -> None:
        """So that a browser knows what to do."""
        answer = sandbox.call("GET", "/_ctl/", headers={"Authorization": shown} if shown else {})

        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="sandbox"')

    def test_lends_its_password_to_nothing_else(self, sandbox: Driver) -> None:
        """A browser sends a password by itself, to whoever makes it; deeds need the token."""
        for method, path in (("POST", "/_ctl/reset"), ("GET", "/_ctl/payments")):
            assert sandbox.call(method, path, auth=("x", CONTROL_TOKEN)).status_code == 401
