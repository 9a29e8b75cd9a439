"""What the steps ask of a shop, in the words of the domain: each driver carries it out in its own way.

A driver over HTTP speaks to a running service and a running sandbox gateway; one in the same process
calls the use cases with storage in memory, a gateway of its own and a clock it can turn. People, goods,
sellers and methods are named as in the features; a driver keeps one story apart from another.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import NewType, Protocol

import attrs

OrderRef = NewType("OrderRef", str)  # the order's secret key
PaymentRef = NewType("PaymentRef", int)

STAFF = "staff"
NOBODY = "somebody not signed in"

UNKNOWN_METHOD = "sea shells"
UNKNOWN_REFERENCE = "of-a-payment-nobody-knows"

# The methods that ask no gateway: their backend, what kind each is, and whether it approves by itself.
OFFLINE = {
    "cash on delivery": ("manual", "cash_on_delivery", False),
    "bank transfer": ("manual", "bank_transfer", False),
    "payment in advance": ("manual", "pay_in_advance", False),
    "cash at the counter": ("manual", "direct", True),
    "wallet": ("wallet", None, True),
}


class Pace(StrEnum):
    """How the shop is set up: which of its clocks are quick enough to be waited for."""

    CALM = "holds for long, asks the gateway only when told something"
    WATCHFUL = "holds for long, asks the gateway every moment"
    HASTY = "holds for a moment, asks the gateway every moment"


class Refusal(StrEnum):
    """Why a shop refuses, as the features say it."""

    EMPTY_CART = "the cart is empty"
    SHORT_STOCK = "too few are in stock"
    METHOD_REFUSES = "the payment method does not accept it"
    NOT_OFFERED = "the payment method is not offered"
    CURRENCIES = "the currencies differ"
    TOTAL_CHANGED = "the total has changed"
    GATEWAY_REFUSED = "the gateway refused it"
    ALREADY_PAID = "the order is already paid"
    UNDER_WAY = "a payment is under way"
    CANNOT_MOVE = "the order cannot move there"
    NOT_CONFIRMED = "the gateway has not confirmed it"
    UNITS_HELD = "units are held for customers"
    ADDRESS_TAKEN = "the address is taken"
    SIGN_IN = "signing in is required"
    STAFF_ONLY = "only staff may do that"
    FORGED = "it is forged"
    UNKNOWN = "nothing of the kind is known"
    TROUBLE = "the gateway is in trouble"
    NONSENSE = "it cannot be understood"
    CARD_NUMBER = "it holds a card number"
    OTHER_REQUEST = "the repeat asks for something else"


class Refused(Exception):
    """The shop said no: what that may be called, the orders it named, and whether it shows a way on."""

    def __init__(
        self,
        reasons: frozenset[Refusal],
        said: str,
        orders: tuple[OrderRef, ...] = (),
        shows_the_gateway: bool = False,
    ) -> None:
        super().__init__(said)
        self.reasons, self.said = reasons, said
        self.orders, self.shows_the_gateway = orders, shows_the_gateway


class Trouble(StrEnum):
    """How a gateway can let us down."""

    SILENT = "gives no answer"
    ERRORS = "answers with an error"
    NONSENSE = "answers with nonsense"
    SLOW = "is much too slow"
    LOST_ANSWERS = "loses its answers"
    REFUSES = "refuses to open payments"
    EARLY = "reports before it answers"


class Heard(StrEnum):
    """Who tells the shop what happened at the gateway."""

    BOTH = "the gateway reports and the customer comes back"
    REPORT = "only the gateway reports"
    RETURN = "only the customer comes back"
    NEITHER = "nobody tells"


class Claim(StrEnum):
    """What a report says of a payment."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"


class Signature(StrEnum):
    """How a report is signed."""

    GOOD = "with the gateway's signature"
    NONE = "without a signature"
    SPOILT = "with a spoilt signature"
    ANOTHER = "with another merchant's signature"
    OLD = "with an hour-old signature"


@attrs.frozen(kw_only=True)
class Terms:
    """What is special about a payment method; what is left out is as usual."""

    waits_for_approval: bool = False
    at_least: str | None = None
    at_most: str | None = None
    currency: str | None = None
    customer: str | None = None
    not_for: str | None = None
    waits_a_moment: bool = False
    renamed: bool = False
    due_days: int | None = None
    unknown_setting: bool = False
    closes_nothing: bool = False
    only_holds: bool = False
    says_one_word: bool = False


@attrs.frozen(kw_only=True)
class StockSeen:
    """Goods as the shop shows them."""

    price: str
    on_hand: int
    reserved: int
    available: int


@attrs.frozen(kw_only=True)
class CartSeen:
    """A cart as its owner sees it: quantities by goods, and the total (none when empty)."""

    lines: Mapping[str, int]
    total: str | None


@attrs.frozen(kw_only=True)
class Offer:
    """Whether a method may be used, and if not, why."""

    usable: bool
    reasons: tuple[str, ...]


@attrs.frozen(kw_only=True)
class MethodSeen:
    """A payment method as staff see it; `secrets_shown` are those that should not have been."""

    id: int
    name: str
    backend: str
    auto_approve: bool
    enabled: bool
    settings: Mapping[str, object]
    at_most: str | None
    secrets_shown: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Checkout:
    """The answer to a checkout; `answer` is all of it, to compare repeats."""

    orders: tuple[OrderRef, ...]
    payment: PaymentRef
    next_step: str | None
    instructions: str | None
    reference: str | None
    due_at: datetime | None
    answer: str


@attrs.frozen(kw_only=True)
class OrderSeen:
    """An order: `lines` are (quantity, unit price) by goods, `history` the moves from and to."""

    ref: OrderRef
    id: int
    status: str
    payment_status: str  # unpaid, paid or failed
    seller: str | None
    total: str
    lines: Mapping[str, tuple[int, str]]
    history: tuple[tuple[str, str], ...]
    next_statuses: frozenset[str]
    payments: tuple[PaymentRef, ...]
    reference: str | None


@attrs.frozen(kw_only=True)
class PaymentSeen:
    """A payment; `leaks` are card numbers and secrets found anywhere in it."""

    id: int
    status: str  # not completed, success or failed
    amount: str
    order_amounts: tuple[str, ...]
    payer: str
    reference: str
    transaction: str | None
    card: str | None
    request: str | None
    reply: str | None
    created: datetime
    updated: datetime
    leaks: tuple[str, ...]


@attrs.frozen(kw_only=True)
class BillSeen:
    """A bill: what a backend was asked to collect and what it confirmed."""

    backend: str
    amount: str
    transaction: str | None
    first_order: int
    orders: tuple[int, ...]
    method: int
    payment: int
    next_step: str | None
    verified: bool
    state: str
    created: datetime
    updated: datetime


@attrs.frozen(kw_only=True)
class BankReport:
    """What became of an entry of a bank's statement, and what of its money a person is to look at."""

    fate: str
    owed: str | None


@attrs.frozen(kw_only=True)
class Landing:
    """Where a customer who comes back from the gateway ends, and what they are told."""

    page: str
    told: str


class Shop(Protocol):
    """The driver. Whatever the shop refuses is raised as `Refused`; `by` is who asks."""

    # how it is set up
    def open(self, pace: Pace) -> None: ...
    def stock(self, goods: str, units: int, price: str, *, seller: str = "", by: str = STAFF) -> None: ...
    def stock_seen(self, goods: str) -> StockSeen: ...
    def offer(self, method: str, terms: Terms = ..., *, by: str = STAFF) -> None: ...
    def withdraw(self, method: str) -> None: ...
    def method_seen(self, method: str) -> MethodSeen: ...
    def methods_offered(self) -> frozenset[str]: ...

    # customers and their carts
    def sign_up(self, who: str, *, address_of: str | None = None) -> tuple[str, str]: ...
    def sign_in(self, who: str, *, right_password: bool = True, known: bool = True) -> str: ...
    def put_in_cart(self, who: str, goods: str, units: int) -> None: ...
    def take_out_of_cart(self, who: str, goods: str) -> None: ...
    def empty_cart(self, who: str) -> None: ...
    def cart_seen(self, who: str) -> CartSeen: ...
    def methods_for_cart(self, who: str) -> Mapping[str, Offer]: ...

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
    ) -> Checkout: ...
    def methods_for_order(self, order: OrderRef) -> Mapping[str, Offer]: ...
    def pay_order(self, order: OrderRef, method: str) -> Checkout: ...
    def pay_orders(self, who: str, orders: tuple[OrderRef, ...], method: str) -> Checkout: ...

    # what is seen
    def order_seen(self, order: OrderRef) -> OrderSeen: ...
    def orders_seen(self, by: str) -> tuple[OrderSeen, ...]: ...
    def payments_seen(self, by: str) -> tuple[PaymentRef, ...]: ...
    def payment_seen(self, payment: PaymentRef, *, by: str = STAFF) -> PaymentSeen: ...
    def bill_seen(self, payment: PaymentRef, *, by: str = STAFF) -> BillSeen: ...

    # what is done with orders and payments
    def move(self, order: OrderRef, status: str, *, by: str = STAFF) -> None: ...
    def cancel(self, order: OrderRef, *, by: str = NOBODY) -> None: ...
    def approve(self, payment: PaymentRef, *, by: str = STAFF) -> None: ...
    def verify_bill(self, payment: PaymentRef, *, by: str = STAFF) -> None: ...

    # wallets
    def put_in_wallet(self, who: str, amount: str, *, by: str = STAFF) -> None: ...
    def wallet_seen(self, who: str) -> str: ...

    # at the bank
    def bank_reports(self, entry: str, amount: str, text: str, is_reversal: bool) -> BankReport: ...

    # at the gateway
    def open_gateway_page(self, payment: PaymentRef) -> None: ...
    def confirm(self, payment: PaymentRef, amount: str, *, heard: Heard = Heard.BOTH) -> Landing | None: ...
    def hold(self, payment: PaymentRef) -> None: ...
    def refuse(self, payment: PaymentRef, *, heard: Heard = Heard.BOTH) -> Landing | None: ...
    def give_up(self, payment: PaymentRef) -> Landing | None: ...
    def leave_undecided(self, payment: PaymentRef) -> Landing | None: ...
    def take_by_hand(self, payment: PaymentRef) -> None: ...
    def send_money_late(self, payment: PaymentRef) -> None: ...
    def come_back(self, payment: PaymentRef, *, forged: bool = False) -> Landing: ...
    def report(
        self,
        payment: PaymentRef | None,
        claim: Claim,
        *,
        signature: Signature = Signature.GOOD,
        about: PaymentRef | None = None,
        times: int = 1,
    ) -> None: ...
    def trouble(self, kind: Trouble) -> None: ...
    def trouble_ends(self) -> None: ...
    def asked_of_gateway(self, payment: PaymentRef) -> tuple[str, ...]: ...
    def taken_at_gateway(self, payment: PaymentRef) -> str: ...

    # time
    def let_hold_run_out(self, order: OrderRef) -> None: ...
    def let_shop_ask(self, payment: PaymentRef) -> None: ...
    def wait_until(self, check: Callable[[], bool]) -> bool: ...
