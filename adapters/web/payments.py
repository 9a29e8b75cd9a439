"""Payments and their bills: looking, approving, having the gateway asked."""

import attrs

from adapters.web.auth import Who
from adapters.web.bodies import Nothing
from adapters.web.codecs import cursor_for
from adapters.web.operations import Answer, Call, api
from adapters.web.order_documents import BillDocument, PaymentDocument, Payments
from application.service import Application
from application.views import PaymentView
from domain.errors import NotFound
from domain.ids import PaymentId


@attrs.frozen
class PaymentBook:
    """The payments and their bills."""

    TOPIC = "Payments"

    application: Application

    @api("GET", "/v1/payments", who=Who.CUSTOMER_OR_STAFF, lists="payments", answers={200: (Payments,)})
    def list_payments(self, call: Call[Nothing]) -> Answer:
        """List one's own payments; staff see all."""
        listed = self.application.queries.payments(call.page, call.owner)
        items = tuple(PaymentDocument.seen(view) for view in listed.items)
        return Answer(Payments(items=items, next=cursor_for("payments", listed.next)))

    @api("GET", "/v1/payments/{id}", who=Who.CUSTOMER_OR_STAFF, answers={200: (PaymentDocument,)})
    def get_payment(self, call: Call[Nothing]) -> Answer:
        """Look at a payment."""
        return Answer(PaymentDocument.seen(self._seen(call)))

    @api(
        "POST",
        "/v1/payments/{id}/approve",
        who=Who.STAFF,
        answers={200: (PaymentDocument,)},
        is_idempotent=True,
    )
    def approve_payment(self, call: Call[Nothing]) -> Answer:
        """Approve a payment; approving again changes nothing."""
        self.application.approve_payment(payment_id=_id_in(call), by=call.actor)
        return Answer(PaymentDocument.seen(self._seen(call)))

    @api("GET", "/v1/bills/{id}", who=Who.CUSTOMER_OR_STAFF, answers={200: (BillDocument,)})
    def get_bill(self, call: Call[Nothing]) -> Answer:
        """Look at a bill; it has its payment's id."""
        return Answer(BillDocument.of(self._seen(call).payment))

    @api("POST", "/v1/bills/{id}/verify", who=Who.STAFF, answers={200: (BillDocument,)})
    def verify_bill(self, call: Call[Nothing]) -> Answer:
        """Have the gateway asked how a bill stands."""
        self.application.verify_bill(payment_id=_id_in(call), by=call.actor)
        return Answer(BillDocument.of(self._seen(call).payment))

    def _seen(self, call: Call[Nothing]) -> PaymentView:
        view = self.application.queries.payment(_id_in(call), call.owner)
        if view is None:
            raise NotFound("there is no such payment")
        return view


def _id_in(call: Call[Nothing]) -> PaymentId:
    return PaymentId(int(call.path["id"]))
