"""The taxonomy of what Kassa refuses: each error has a stable code and carries its evidence."""

from collections.abc import Sequence

import attrs

from domain.ids import OrderKey


@attrs.frozen
class Mistake:
    """One thing wrong with what was asked, and where: a JSON Pointer fragment (RFC 6901 section 6)."""

    detail: str
    pointer: str = "#"


class Refusal(Exception):
    """Every anticipated error; `code` never changes once published."""

    code = "refused"
    title = "The request was refused"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Invalid(Refusal):
    """What was asked does not make sense, or cannot be had; `mistakes` names each field."""

    code = "invalid"
    title = "The request is not valid"

    def __init__(self, detail: str, pointer: str = "#", mistakes: Sequence[Mistake] = ()) -> None:
        super().__init__(detail)
        self.mistakes = tuple(mistakes) or (Mistake(detail, pointer),)


class CurrencyMismatch(Invalid):
    """Two currencies where there can be only one."""

    code = "currency_mismatch"
    title = "The currencies differ"


class EmptyCart(Invalid):
    """There is nothing in the cart to check out."""

    code = "empty_cart"
    title = "The cart is empty"


class ShortStock(Invalid):
    """More units are wanted than are available."""

    code = "short_stock"
    title = "Not enough in stock"


class MethodRefused(Invalid):
    """The payment method cannot take this purchase."""

    code = "method_refused"
    title = "The payment method does not accept this purchase"


class CardNumberFound(Invalid):
    """A card number stands where none may ever be written."""

    code = "card_number"
    title = "Card numbers are not accepted"


class PaymentRefused(Invalid):
    """The gateway refused to open the payment; the orders can be paid again by their keys."""

    code = "payment_refused"
    title = "The gateway refused to open the payment"

    def __init__(self, detail: str, order_keys: Sequence[OrderKey]) -> None:
        super().__init__(detail, "#/payment_method")
        self.order_keys = tuple(order_keys)


class Unauthenticated(Refusal):
    """Nobody we know."""

    code = "unauthenticated"
    title = "Sign in first"


class WrongPassword(Unauthenticated):
    """Unknown address or wrong password: the answer does not tell which."""

    code = "wrong_password"
    title = "The e-mail address or the password is wrong"


class Forbidden(Refusal):
    """Somebody we know, who may not do this."""

    code = "forbidden"
    title = "Not allowed"


class ForgedCallback(Forbidden):
    """A callback whose signature does not hold."""

    code = "forged_callback"
    title = "The callback's signature does not hold"


class NotFound(Refusal):
    """There is no such thing, or it is not yours: the answer does not tell which."""

    code = "not_found"
    title = "Not found"


class Conflict(Refusal):
    """It cannot be done as things stand."""

    code = "conflict"
    title = "Not possible as things stand"


class IllegalTransition(Conflict):
    """The flow of statuses has no such move."""

    code = "illegal_transition"
    title = "The status cannot change like that"


class OrderAlreadyPaid(Conflict):
    """An order is paid at most once."""

    code = "order_already_paid"
    title = "The order is already paid"

    def __init__(self, order_key: OrderKey) -> None:
        super().__init__("the order is already paid")
        self.order_key = order_key


class PaymentUnderWay(Conflict):
    """A payment of the order is open; `next_step` is where the customer can go on with it."""

    code = "payment_under_way"
    title = "A payment is under way"

    def __init__(self, order_key: OrderKey, next_step: str | None, detail: str) -> None:
        super().__init__(detail)
        self.order_key = order_key
        self.next_step = next_step


class NotYetPaid(Conflict):
    """Nothing can be approved before the gateway has confirmed the money."""

    code = "not_yet_paid"
    title = "The payment is not confirmed yet"


class TotalChanged(Conflict):
    """The total is not the one that the customer agreed to."""

    code = "total_changed"
    title = "The total has changed"


class EmailTaken(Conflict):
    """Another account has this e-mail address."""

    code = "email_taken"
    title = "The e-mail address is taken"


class IdempotencyKeyInFlight(Conflict):
    """The first request with this key is still running."""

    code = "idempotency_key_in_flight"
    title = "The first request with this key is still running"


class IdempotencyKeyReused(Refusal):
    """The key came with another request before."""

    code = "idempotency_key_reused"
    title = "The idempotency key belongs to another request"


class TooManyFailures(Refusal):
    """Too many failed tries; successes never count."""

    code = "too_many_failures"
    title = "Too many failures"

    def __init__(self, detail: str, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(Refusal):
    """Nobody's mistake: something we need does not answer; try again later."""

    code = "unavailable"
    title = "Temporarily unavailable"

    def __init__(self, detail: str, retry_after_seconds: int = 5) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class GatewayUnavailable(Unavailable):
    """The gateway did not answer sensibly; the payment stays open and can be resumed."""

    code = "gateway_unavailable"
    title = "The payment gateway does not answer"

    def __init__(
        self, detail: str, order_keys: Sequence[OrderKey] = (), retry_after_seconds: int = 5
    ) -> None:
        super().__init__(detail, retry_after_seconds)
        self.order_keys = tuple(order_keys)


class StoreUnavailable(Unavailable):
    """The database did not answer, or too many wanted the same rows."""

    code = "store_unavailable"
    title = "The database does not answer"
