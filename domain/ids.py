"""Names for the identities that the shop tells apart, so that a type checker does too."""

from typing import NewType

Sku = NewType("Sku", str)
CustomerId = NewType("CustomerId", int)
StaffId = NewType("StaffId", int)
CartId = NewType("CartId", str)
CheckoutId = NewType("CheckoutId", str)
OrderId = NewType("OrderId", int)
OrderKey = NewType("OrderKey", str)
PaymentId = NewType("PaymentId", int)
MethodId = NewType("MethodId", int)
MethodCode = NewType("MethodCode", str)

# The notes call a payment's reference at the gateway "order_id"; it is never an order's id.
GatewayOrderId = NewType("GatewayOrderId", str)

# Who did it, as the history tells it: "customer:5", "staff:1", "gateway:card", "janitor".
Actor = NewType("Actor", str)

JANITOR = Actor("janitor")


def customer(customer_id: CustomerId) -> Actor:
    """The actor for a signed-in customer."""
    return Actor(f"customer:{customer_id}")


def staff(staff_id: StaffId) -> Actor:
    """The actor for a member of staff."""
    return Actor(f"staff:{staff_id}")


def gateway(code: MethodCode) -> Actor:
    """The actor for what a gateway's own answer brought about."""
    return Actor(f"gateway:{code}")


def bank(account: str) -> Actor:
    """The actor for what a bank's statement of this account brought about."""
    return Actor(f"bank:{account}")


# Whoever holds an order's key may act on that order, without a login.
KEY_HOLDER = Actor("key holder")
