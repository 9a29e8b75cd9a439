"""The driver that speaks only HTTP: to a running service, and to the sandbox gateway it uses.

But for customers who have had an account for long: they are made beside the service, without a password.
"""

import re
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from tests.bank.files import camt_file, transfer
from tests.bank.files import entry as bank_entry
from tests.beside import token_of
from tests.live import HOLD_SECONDS, Live
from tests.processes import Service, kassa
from tests.steps import http_views as views
from tests.steps.http_client import SECONDS_MAX, Client, refusal
from tests.steps.http_gateway import APPROVED, CARDS, DECLINED, FAULTS, UNDECIDED, GatewaySide, poll
from tests.steps.money import format_money, parse_money
from tests.steps.shop import (
    NOBODY,
    OFFLINE,
    STAFF,
    UNKNOWN_METHOD,
    UNKNOWN_REFERENCE,
    BankReport,
    BillSeen,
    CartSeen,
    Checkout,
    Claim,
    Heard,
    Landing,
    MethodSeen,
    Offer,
    OrderRef,
    OrderSeen,
    Pace,
    PaymentRef,
    PaymentSeen,
    Signature,
    StockSeen,
    Terms,
    Trouble,
)

GRACE_SECONDS = 3
PAGES = {
    Service.SUCCESS_URL: "the success page",
    Service.FAILURE_URL: "the failure page",
    Service.OWN_ORIGIN: "the shop's own page",
}
RETURN_URLS = {
    "the shop's own page": f"{Service.OWN_ORIGIN}/thanks",
    "a stranger's page": "http://stranger.test/thanks",
}


class HttpShop:
    """One story's view of the shop: its customers, goods and methods are nobody else's.

    Customers, goods and methods get a suffix of the story's own, so that stories share one database.
    `backend` is the gateway that customers are sent to when they pay by card.
    """

    def __init__(self, live: Live, backend: str = "sandbox") -> None:
        self._live = live
        self._suffix = secrets.token_hex(4)
        self._gateway = GatewaySide(live.sandbox, backend)
        self._tokens: dict[str, str] = {}
        self._customer_ids: dict[str, int] = {}
        self._names: dict[str, str] = {}
        self._sellers: dict[str, str] = {}
        self._terms: dict[str, Terms] = {}
        self._method_of: dict[PaymentRef, str] = {}
        self._use(live.service(Pace.CALM))

    def _use(self, service: Service) -> None:
        self._service, self.client = service, Client(service.address)

    def close(self) -> None:
        """Takes back what the story has armed at the gateway."""
        self._gateway.disarm()

    def _code(self, name: str) -> str:
        code = f"{re.sub('[^a-z]+', '-', name.lower())}-{self._suffix}"
        self._names[code] = name
        return code

    def token(self, who: str) -> str | None:
        """The bearer token of somebody: who has not just opened an account has had one for long."""
        if who == NOBODY:
            return None
        if who == STAFF:
            return self._service.staff_token()
        if who not in self._tokens and who in self._customer_ids:
            self.sign_in(who)
        elif who not in self._tokens:
            customer = self._live.customer(self._service, who)
            self._customer_ids[who], self._tokens[who] = customer, token_of(self._service, customer)
        return self._tokens[who]

    # how it is set up

    def open(self, pace: Pace) -> None:
        """Chooses the service; before anything else happens."""
        assert not self._names, "the shop is already in use"
        self._use(self._live.service(pace))

    def stock(self, goods: str, units: int, price: str, *, seller: str = "", by: str = STAFF) -> None:
        """Puts goods on sale, or says anew how many there are at what price."""
        body = {"name": goods, "price": views.money_document(price), "stock": units}
        seller = seller or self._sellers.get(goods, "")
        if seller:
            self._sellers[goods] = seller
            body["seller"] = self._code(seller)
        self.client.call("PUT", f"products/{self._code(goods)}", body, token=self.token(by))

    def stock_seen(self, goods: str) -> StockSeen:
        """Goods as anybody sees them."""
        product = self.client.read("GET", f"products/{self._code(goods)}")
        stock = {name: product["stock"][name] for name in ("on_hand", "reserved", "available")}
        return StockSeen(price=str(views.money_text(product["price"])), **stock)

    def offer(self, method: str, terms: Terms = Terms(), *, by: str = STAFF) -> None:  # noqa: B008
        """Sets up a way to pay."""
        if terms.closes_nothing or terms.says_one_word:
            self._gateway.backend = "epoint"
        self._put_method(method, terms, self._settings(method, terms), by)
        self._terms[method] = terms

    def _put_method(
        self, method: str, terms: Terms, settings: Mapping[str, Any], by: str, **more: Any
    ) -> None:
        backend, _, approves = OFFLINE.get(method, (self._gateway.backend, None, True))
        body = {
            "name": f"{method.capitalize()}, renamed" if terms.renamed else method.capitalize(),
            "backend": backend,
            "auto_approve": approves and not terms.waits_for_approval,
            "settings": settings,
            "rules": self._rules(terms),
            **more,
        }
        code = self._code(method)
        self.client.call("PUT", f"payment-methods/{code}", body, token=self.token(by))
        if method not in OFFLINE:
            self._live.door.ways[f"/{backend}"] = f"{self._service.address}/v1/callbacks/{code}"

    def _settings(self, method: str, terms: Terms) -> dict[str, Any]:
        settings = self._gateway.settings(holds=terms.only_holds)
        if method in OFFLINE:
            kind = OFFLINE[method][1]
            settings = {"kind": kind, "instructions": f"How to pay: {method}"} if kind else {}
        elif terms.renamed:
            settings = {"base_url": settings["base_url"]}
        if terms.waits_a_moment:
            settings["hold_minutes"] = HOLD_SECONDS / 60
        if terms.due_days:
            settings["due_days"] = terms.due_days
        if terms.unknown_setting:
            settings["moon_phase"] = "full"
        return settings

    def _rules(self, terms: Terms) -> dict[str, Any]:
        rules: dict[str, Any] = {}
        if terms.at_least:
            rules["min_amount"] = views.money_document(terms.at_least)
        if terms.at_most:
            rules["max_amount"] = views.money_document(terms.at_most)
        if terms.currency:
            rules["currencies"] = [terms.currency]
        if terms.customer:
            self.token(terms.customer)
            rules["customers"] = [self._customer_ids[terms.customer]]
        if terms.not_for:
            rules["skus_refused"] = [self._code(terms.not_for)]
        return rules

    def offered_code(self, method: str) -> str:
        """The code of a method, set up as usual when the story has not said how."""
        if method != UNKNOWN_METHOD and method not in self._terms:
            self.offer(method)
        return self._code(method)

    def withdraw(self, method: str) -> None:
        """Switches a method off."""
        terms = self._terms.setdefault(method, Terms())
        self._put_method(method, terms, self._settings(method, terms), STAFF, enabled=False)

    def method_seen(self, method: str) -> MethodSeen:
        """A payment method as staff see it."""
        answer = self.client.call("GET", f"payment-methods/{self._code(method)}", token=self.token(STAFF))
        document = answer.json()
        return MethodSeen(
            id=document["id"],
            name=document["name"],
            backend=document["backend"],
            auto_approve=document["auto_approve"],
            enabled=document["enabled"],
            settings=document["settings"],
            at_most=views.money_text(document["rules"].get("max_amount")),
            secrets_shown=self._leaks(answer.text),
        )

    def methods_offered(self) -> frozenset[str]:
        """The story's methods among those that anybody is shown."""
        codes = {method["code"] for method in self.client.pages("payment-methods")}
        return frozenset(method for method in self._terms if self._code(method) in codes)

    def _leaks(self, text: str) -> tuple[str, ...]:
        return tuple(word for word in (*CARDS, *self._gateway.secrets) if word in text)

    def goods_code(self, goods: str) -> str:
        """What the shop calls these goods."""
        return self._code(goods)

    # customers and their carts

    def _email(self, who: str) -> str:
        return f"{who.lower()}.{self._suffix}@example.com"

    def _password(self, who: str) -> str:
        return f"{who} likes tea from a copper kettle, {self._suffix}"

    def sign_up(self, who: str, *, address_of: str | None = None) -> tuple[str, str]:
        """Opens an account; answers the name and the address it is known by."""
        body = {
            "first_name": who,
            "last_name": "Quliyeva",
            "email": self._email(address_of or who),
            "password": self._password(who),
        }
        customer = self.client.read("POST", "customers", body)
        self._customer_ids[who] = customer["id"]
        return customer["first_name"], customer["email"]

    def sign_in(self, who: str, *, right_password: bool = True, known: bool = True) -> str:
        """Asks for a token with a password."""
        body = {
            "email": self._email(who if known else "nobody"),
            "password": self._password(who) if right_password else "not the password at all",
        }
        self._tokens[who] = self.client.read("POST", "tokens", body)["access_token"]
        return self._tokens[who]

    def put_in_cart(self, who: str, goods: str, units: int) -> None:
        """Sets how many of these goods are in the cart."""
        body = {"quantity": units}
        self.client.call("PUT", f"cart/items/{self._code(goods)}", body, token=self.token(who))

    def take_out_of_cart(self, who: str, goods: str) -> None:
        """Removes a line, or nothing."""
        self.client.call("DELETE", f"cart/items/{self._code(goods)}", token=self.token(who))

    def empty_cart(self, who: str) -> None:
        """Removes the cart."""
        self.client.call("DELETE", "cart", token=self.token(who))

    def cart_seen(self, who: str) -> CartSeen:
        """The cart, which adds up."""
        cart = self.client.read("GET", "cart", token=self.token(who))
        for line in cart["lines"]:
            assert line["total"]["amount"] == line["quantity"] * line["unit_price"]["amount"]
        return CartSeen(
            lines={self._names[line["sku"]]: line["quantity"] for line in cart["lines"]},
            total=views.money_text(cart["total"]),
        )

    def methods_for_cart(self, who: str) -> Mapping[str, Offer]:
        """Which of the story's methods suit the cart."""
        return self._offers(self.client.read("GET", "cart/payment-methods", token=self.token(who))["items"])

    def _offers(self, documents: list[Mapping[str, Any]]) -> Mapping[str, Offer]:
        return {
            self._names[document["code"]]: views.offer_seen(document)
            for document in documents
            if document["code"] in self._names
        }

    # checkouts

    def check_out(
        self,
        who: str,
        method: str,
        *,
        expecting: str | None = None,
        back_to: str | None = None,
        note: str | None = None,
        mark: str | None = None,
    ) -> Checkout:
        """Checks the cart out."""
        body: dict[str, Any] = {"payment_method": self.offered_code(method)}
        if expecting:
            body["expected_total"] = views.money_document(expecting)
        if back_to:
            body["return_url"] = RETURN_URLS[back_to]
        if note:
            body["note"] = note
        mark = self._code(mark) if mark else None
        return self._begin(method, "cart/checkout", body, token=self.token(who), mark=mark)

    def _begin(self, method: str, path: str, body: Any, **request: Any) -> Checkout:
        answer = self.client.call("POST", path, body, **request)
        assert answer.status_code == 201, answer.text
        checkout = views.checkout_seen(answer.json(), answer.text)
        self._method_of[checkout.payment] = method
        return checkout

    def methods_for_order(self, order: OrderRef) -> Mapping[str, Offer]:
        """Which of the story's methods suit the order; its key is enough to ask."""
        return self._offers(self.client.read("GET", f"orders/{order}/payment-methods")["items"])

    def pay_order(self, order: OrderRef, method: str) -> Checkout:
        """Begins to pay for one order by its key, and nothing else."""
        return self._begin(method, f"orders/{order}/checkout", {"payment_method": self.offered_code(method)})

    def pay_orders(self, who: str, orders: tuple[OrderRef, ...], method: str) -> Checkout:
        """Begins one payment for several orders."""
        body = {"order_keys": list(orders), "payment_method": self.offered_code(method)}
        return self._begin(method, "payments", body, token=self.token(who))

    # what is seen

    def order_seen(self, order: OrderRef) -> OrderSeen:
        """An order by its key."""
        return views.order_seen(self.client.read("GET", f"orders/{order}"), self._names)

    def orders_seen(self, by: str) -> tuple[OrderSeen, ...]:
        """The orders that somebody is shown."""
        documents = self.client.pages("orders", token=self.token(by))
        return tuple(views.order_seen(document, self._names) for document in documents)

    def payments_seen(self, by: str) -> tuple[PaymentRef, ...]:
        """The payments that somebody is shown."""
        return tuple(
            PaymentRef(document["id"]) for document in self.client.pages("payments", token=self.token(by))
        )

    def payment_document(self, payment: PaymentRef) -> Mapping[str, Any]:
        """The notes' Payment, as staff receive it; its numbers are exact."""
        document: Mapping[str, Any] = self.client.read("GET", f"payments/{payment}", token=self.token(STAFF))
        return document

    def payment_seen(self, payment: PaymentRef, *, by: str = STAFF) -> PaymentSeen:
        """One payment, searched for what it should not hold."""
        token = self.token(by)
        document = self.client.read("GET", f"payments/{payment}", token=token)
        bill = self.client.call("GET", f"bills/{document['bill_id']}", token=token)
        return views.payment_seen(document, self._leaks(f"{document}{bill.text}"))

    def bill_document(self, payment: PaymentRef, *, by: str = STAFF) -> Mapping[str, Any]:
        """The notes' Bill, as it is sent."""
        bill = self.payment_document(payment)["bill_id"]
        document: Mapping[str, Any] = self.client.read("GET", f"bills/{bill}", token=self.token(by))
        return document

    def bill_seen(self, payment: PaymentRef, *, by: str = STAFF) -> BillSeen:
        """The bill of a payment."""
        currency = self.payment_document(payment)["currency_name"]
        return views.bill_seen(self.bill_document(payment, by=by), currency)

    # what is done with orders and payments

    def move(self, order: OrderRef, status: str, *, by: str = STAFF) -> None:
        """Moves an order on."""
        self.client.call("POST", f"orders/{order}/status", {"status": status}, token=self.token(by))

    def cancel(self, order: OrderRef, *, by: str = NOBODY) -> None:
        """Cancels an order; its key is enough."""
        self.client.call("POST", f"orders/{order}/cancel", token=self.token(by))

    def approve(self, payment: PaymentRef, *, by: str = STAFF) -> None:
        """Says that the orders of a payment may be sent."""
        self.client.call("POST", f"payments/{payment}/approve", token=self.token(by))

    def verify_bill(self, payment: PaymentRef, *, by: str = STAFF) -> None:
        """Has the gateway asked about a bill."""
        bill = self.payment_document(payment)["bill_id"]
        self.client.call("POST", f"bills/{bill}/verify", token=self.token(by))

    # wallets

    def put_in_wallet(self, who: str, amount: str, *, by: str = STAFF) -> None:
        """Puts money in somebody's wallet."""
        self.token(who)
        body = {"amount": views.money_document(amount), "reason": "so sorry"}
        path = f"customers/{self._customer_ids[who]}/wallet"
        self.client.call("POST", path, body, token=self.token(by))

    def wallet_seen(self, who: str) -> str:
        """What the wallet of one currency holds, which its postings add up to."""
        wallet = self.client.read("GET", "wallet", token=self.token(who))
        (balance,) = wallet["balances"]
        assert balance["amount"] == sum(posting["amount"]["amount"] for posting in wallet["items"])
        return str(views.money_text(balance))

    # at the bank

    def bank_reports(self, entry: str, amount: str, text: str, is_reversal: bool) -> BankReport:
        """Takes up a statement of one entry, on an account of the story's own, by the command line."""
        number, currency = amount.split()
        booked = transfer(text, amount=number)
        account = f"<Othr><Id>{self._suffix}</Id></Othr>"
        statement = self._service.folder / f"{self._suffix}.xml"
        name, reversal = f"<NtryRef>{entry}</NtryRef>", "<RvslInd>true</RvslInd>" if is_reversal else ""
        one = bank_entry(booked, amount=number, currency=currency, reference=name, more=reversal)
        statement.write_bytes(camt_file(one, account=account))
        told = kassa("bank", "import", str(statement), settings=self._service.program.settings)
        owed = re.search(r"; (\S+ [A-Z]{3}) to be looked at", told)
        return BankReport(fate=told.partition(":")[0], owed=owed and owed[1])

    # at the gateway

    def open_gateway_page(self, payment: PaymentRef) -> None:
        """Looks at the hosted page."""
        answer = requests.get(self._page(payment), timeout=SECONDS_MAX)
        assert answer.status_code == 200, answer.text

    def _page(self, payment: PaymentRef) -> str:
        page = self.bill_document(payment)["next_step"]
        assert page, "the customer has nowhere to go"
        return str(page)

    def confirm(self, payment: PaymentRef, amount: str, *, heard: Heard = Heard.BOTH) -> Landing | None:
        """The customer pays with a good card; the gateway may tell another amount than was due."""
        known = self.payment_document(payment)
        minor, currency = parse_money(amount)
        due = views.major_text(known["amount"], known["currency_name"])
        if currency != known["currency_name"]:
            self._gateway.lie("wrong_currency", known["order_id"], currency=currency)
        elif amount != due:
            self._gateway.lie("wrong_amount", known["order_id"], amount=minor)
        return self._at_gateway(payment, heard, **self._card(APPROVED))

    def hold(self, payment: PaymentRef) -> None:
        """The customer pays with a good card, and the gateway takes nothing yet."""
        self._at_gateway(payment, Heard.BOTH, **self._card(APPROVED))

    def refuse(self, payment: PaymentRef, *, heard: Heard = Heard.BOTH) -> Landing | None:
        """The customer tries a card that the bank refuses."""
        return self._at_gateway(payment, heard, **self._card(DECLINED))

    def give_up(self, payment: PaymentRef) -> Landing | None:
        """The customer presses cancel."""
        return self._at_gateway(payment, Heard.BOTH, action="cancel")

    def leave_undecided(self, payment: PaymentRef) -> Landing | None:
        """The customer uses a card about which the bank says nothing yet."""
        return self._at_gateway(payment, Heard.BOTH, **self._card(UNDECIDED))

    @staticmethod
    def _card(number: str) -> dict[str, str]:
        return {"card_number": number, "expiry": "12/39", "cvc": "123"}

    def _at_gateway(self, payment: PaymentRef, heard: Heard, **form: str) -> Landing | None:
        ref = self.payment_document(payment)["order_id"]
        reported, returns = heard in {Heard.BOTH, Heard.REPORT}, heard in {Heard.BOTH, Heard.RETURN}
        if not reported:
            self._gateway.arm("callback", "drop", ref=ref)
        way_back = self._gateway.use_page(self._page(payment), ref, wait_for_report=reported, **form)
        return self._land(way_back) if returns else None

    def _land(self, way_back: str) -> Landing:
        assert way_back.startswith(self._service.address), way_back
        answer = requests.get(way_back, timeout=SECONDS_MAX, allow_redirects=False)
        assert answer.status_code == 303, f"{answer.status_code} {answer.text}"
        place = answer.headers["Location"]
        query = parse_qs(urlsplit(place).query)
        assert self.order_seen(OrderRef(query["order_key"][0])).id
        page = next(page for address, page in PAGES.items() if place.startswith(address))
        return Landing(page=page, told=query["status"][0])

    def _callback(self, payment: PaymentRef) -> str:
        code = self._code(self._method_of.get(payment, "card"))
        return f"callbacks/{code}/{self.payment_document(payment)['order_id']}"

    def take_by_hand(self, payment: PaymentRef) -> None:
        """The gateway takes held money, and tells nobody."""
        self._gateway.force(self.payment_document(payment)["order_id"], "captured", is_heard=False)

    def send_money_late(self, payment: PaymentRef) -> None:
        """The gateway takes the money although the payment was over."""
        self._gateway.disarm()
        self._gateway.force(self.payment_document(payment)["order_id"], "captured")

    def come_back(self, payment: PaymentRef, *, forged: bool = False) -> Landing:
        """The customer's browser opens the return address, once more or with a query of its own making."""
        if not forged:
            return self._land(self._gateway.way_back(self._page(payment)))
        ref = self.payment_document(payment)["order_id"]
        query = self._gateway.forged_query(ref, self._gateway.payments(ref)[0]["id"])
        return self._land(f"{self._service.address}/v1/{self._callback(payment)}?{query}")

    def report(
        self,
        payment: PaymentRef | None,
        claim: Claim,
        *,
        signature: Signature = Signature.GOOD,
        about: PaymentRef | None = None,
        times: int = 1,
    ) -> None:
        """Sends reports as the gateway would, or as a stranger would.

        In another dialect than the sandbox's own the gateway itself repeats its last one.
        """
        if self._gateway.backend != "sandbox":
            assert payment and about is None and signature is Signature.GOOD, (
                "only the gateway can write that"
            )
            for _ in range(times):
                self._gateway.report_again(self.payment_document(payment)["order_id"])
            return
        path = self._callback(payment) if payment else f"callbacks/{self.offered_code('card')}"
        body = self._report_body(about or payment, claim)
        for _ in range(times):
            headers = {"Content-Type": "application/json", **self._gateway.signature(body, signature)}
            answer = requests.post(
                f"{self._service.address}/v1/{path}", data=body, headers=headers, timeout=SECONDS_MAX
            )
            if not answer.ok:
                raise refusal(answer)

    def _report_body(self, payment: PaymentRef | None, claim: Claim) -> bytes:
        if payment is None:
            return self._gateway.report(UNKNOWN_REFERENCE, "pay_nobody_knows", claim, 8000, "AZN")
        known = self.payment_document(payment)
        minor, currency = parse_money(views.major_text(known["amount"], known["currency_name"]))
        gateway_id = known["transaction_id"] or "pay_nobody_knows"
        return self._gateway.report(known["order_id"], gateway_id, claim, minor, currency)

    def trouble(self, kind: Trouble) -> None:
        """Lets the gateway fail until it is told to stop."""
        self.offered_code("card")
        if kind is Trouble.REFUSES:
            self._point_card_at("/nowhere")
        for op, action, params in FAULTS.get(kind, ()):
            self._gateway.arm(op, action, **params)

    def trouble_ends(self) -> None:
        """The gateway answers as it should again."""
        self._gateway.disarm()
        self._point_card_at("")

    def _point_card_at(self, path: str) -> None:
        terms = self._terms["card"]
        settings = self._settings("card", terms)
        self._put_method("card", terms, {**settings, "base_url": settings["base_url"] + path}, STAFF)

    def asked_of_gateway(self, payment: PaymentRef) -> tuple[str, ...]:
        """The amounts that the gateway was asked to collect."""
        held = self._gateway.payments(self.payment_document(payment)["order_id"])
        return tuple(format_money(each["amount"], each["currency"]) for each in held)

    def taken_at_gateway(self, payment: PaymentRef) -> str:
        """What the gateway has taken for a payment, less what went back."""
        known = self.payment_document(payment)
        held = self._gateway.payments(known["order_id"])
        taken = sum(each["amount_captured"] - each["amount_refunded"] for each in held)
        return format_money(taken, known["currency_name"])

    # time

    def let_hold_run_out(self, order: OrderRef) -> None:
        """Waits until the order has been let go, or long enough to see that it has not."""
        over = time.time() + HOLD_SECONDS + GRACE_SECONDS
        poll(
            lambda: time.time() > over or self.order_seen(order).status != "HOLD",
            2 * (HOLD_SECONDS + GRACE_SECONDS),
        )

    def let_shop_ask(self, payment: PaymentRef) -> None:
        """Waits until the shop has asked the gateway about the payment."""
        poll(lambda: self.payment_seen(payment).status != "not completed")

    def wait_until(self, check: Callable[[], bool]) -> bool:
        """Looks again and again, for some seconds."""
        return poll(check)
