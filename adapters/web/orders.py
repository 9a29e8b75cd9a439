"""Orders: checking out, looking, giving up, moving on."""

import attrs

from adapters.web.auth import Who
from adapters.web.bodies import CartCheckout, NewStatus, Nothing, OrderCheckout, OrdersCheckout
from adapters.web.codecs import cursor_for
from adapters.web.operations import Answer, Call, api
from adapters.web.order_documents import CheckoutDocument, OrderDocument, Orders, orders_of
from application.purchasing import Wish
from application.service import Application
from domain.errors import NotFound
from domain.ids import MethodCode, OrderKey


@attrs.frozen
class Checkouts:
    """Turning carts and orders into payments."""

    application: Application

    @api(
        "POST",
        "/v1/cart/checkout",
        who=Who.CUSTOMER,
        body=CartCheckout,
        answers={201: (CheckoutDocument,)},
        problems=(429,),
        is_idempotent=True,
    )
    def check_out_cart(self, call: Call[CartCheckout]) -> Answer:
        """Check out the cart."""
        wish = attrs.evolve(call.body.wish(self.application.currencies), mark=call.mark)
        done = self.application.check_out_cart(customer_id=call.customer_id, wish=wish)
        return Answer(CheckoutDocument.of(done), status=201)

    @api(
        "POST",
        "/v1/orders/{key}/checkout",
        who=Who.KEY_HOLDER,
        body=OrderCheckout,
        answers={201: (CheckoutDocument,)},
        problems=(429,),
        is_idempotent=True,
    )
    def check_out_order(self, call: Call[OrderCheckout]) -> Answer:
        """Pay an order by its key."""
        wish = Wish(method=MethodCode(call.body.payment_method), return_url=call.body.return_url)
        done = self.application.check_out_orders(order_keys=[OrderKey(call.path["key"])], wish=wish)
        return Answer(CheckoutDocument.of(done), status=201)

    @api(
        "POST",
        "/v1/payments",
        who=Who.CUSTOMER,
        body=OrdersCheckout,
        answers={201: (CheckoutDocument,)},
        problems=(404, 429),
        is_idempotent=True,
    )
    def check_out_orders(self, call: Call[OrdersCheckout]) -> Answer:
        """Pay several orders with one payment."""
        wish = Wish(method=MethodCode(call.body.payment_method), return_url=call.body.return_url)
        keys = [OrderKey(key) for key in call.body.order_keys]
        done = self.application.check_out_orders(order_keys=keys, wish=wish, customer_id=call.customer_id)
        return Answer(CheckoutDocument.of(done), status=201)


@attrs.frozen
class OrderBook:
    """The orders."""

    TOPIC = "Orders"

    application: Application

    @api("GET", "/v1/orders", who=Who.CUSTOMER_OR_STAFF, lists="orders", answers={200: (Orders,)})
    def list_orders(self, call: Call[Nothing]) -> Answer:
        """List one's own orders; staff see all."""
        listed = self.application.queries.orders(call.page, call.owner)
        return Answer(Orders(items=orders_of(listed.items), next=cursor_for("orders", listed.next)))

    @api("GET", "/v1/orders/{key}", who=Who.KEY_HOLDER, answers={200: (OrderDocument,)})
    def get_order(self, call: Call[Nothing]) -> Answer:
        """Look at an order by its key."""
        return self._order(call)

    @api(
        "POST",
        "/v1/orders/{key}/cancel",
        who=Who.KEY_HOLDER,
        answers={200: (OrderDocument,)},
        is_idempotent=True,
    )
    def cancel_order(self, call: Call[Nothing]) -> Answer:
        """Give an order up."""
        self.application.cancel_order(order_key=OrderKey(call.path["key"]), by=call.actor)
        return self._order(call)

    @api(
        "POST",
        "/v1/orders/{key}/status",
        who=Who.STAFF,
        body=NewStatus,
        answers={200: (OrderDocument,)},
        problems=(409,),
    )
    def move_order(self, call: Call[NewStatus]) -> Answer:
        """Move an order on."""
        self.application.move_order(
            order_key=OrderKey(call.path["key"]),
            to=call.body.status,
            by=call.actor,
            reason=call.body.reason,
        )
        return self._order(call)

    def _order(self, call: Call[Nothing] | Call[NewStatus]) -> Answer:
        order = self.application.queries.order(OrderKey(call.path["key"]))
        if order is None:
            raise NotFound("there is no such order")
        return Answer(OrderDocument.of(order))
