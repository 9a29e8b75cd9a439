"""What any edge of the shop does before a use case is asked: who is it, what do they send, is it a repeat."""

from collections.abc import Callable

import attrs

from application.accounts import Principal, Role
from application.policy import IDEMPOTENCY_LEASE
from application.ports import IdempotencyScope, KeptReply
from application.service import Application
from domain.cards import holds_card_number
from domain.errors import CardNumberFound, Forbidden, Unauthenticated
from domain.ids import KEY_HOLDER, Actor, CustomerId, customer, staff
from tests.steps.shop import NOBODY, STAFF


@attrs.define
class Door:
    """Lets people in by what signing in has made of them, and asks of the core what an edge would."""

    application: Application
    people: dict[str, Principal] = attrs.field(factory=dict)

    def principal(self, who: str) -> Principal:
        """Somebody who has an account and has signed in, which those without one do first.

        Raises: Unauthenticated.
        """
        if who == NOBODY:
            raise Unauthenticated("sign in first")
        if who not in self.people:
            if who == STAFF:
                self.application.hire(email=email_of(who), password=password_of(who))
            else:
                self.register(who, email_of(who))
            self.sign_in(who, email_of(who), password_of(who))
        return self.people[who]

    def register(self, who: str, address: str) -> tuple[str, str]:
        """Open an account; answers the name and the address it is known by. Raises: EmailTaken."""
        made = self.application.register(
            first_name=who, last_name="Quliyeva", email=address, password=password_of(who)
        )
        return made.first_name, made.email

    def sign_in(self, who: str, address: str, password: str) -> Principal:
        """Sign in. Raises: WrongPassword."""
        self.people[who] = self.application.sign_in(email=address, password=password)
        return self.people[who]

    def customer(self, who: str) -> CustomerId:
        """A customer. Raises: Unauthenticated, Forbidden."""
        customer_id = self.principal(who).customer_id
        if customer_id is None:
            raise Forbidden("this is for customers only")
        return customer_id

    def staff(self, who: str) -> Actor:
        """A member of staff. Raises: Unauthenticated, Forbidden."""
        principal = self.principal(who)
        if principal.role is not Role.STAFF:
            raise Forbidden("this is for staff only")
        return staff(principal.staff_id)

    def key_holder(self, who: str) -> Actor:
        """Whoever has an order's key, whose account is not looked at; staff sign what they do."""
        return self.staff(who) if who == STAFF else KEY_HOLDER

    def once(
        self, customer_id: CustomerId, mark: str | None, request: str, run: Callable[[], bytes]
    ) -> bytes:
        """The answer to a request, or the one that the same request was given before.

        Raises: IdempotencyKeyReused, and what the request is refused for.
        """
        if mark is None:
            return run()
        keys, clock = self.application.idempotency, self.application.clock
        scope = IdempotencyScope(caller=customer(customer_id), operation="check out", target="cart", key=mark)
        now = clock.now()
        kept = keys.claim(scope, request, now, IDEMPOTENCY_LEASE)
        if kept is not None:
            return kept.body
        try:
            answer = run()
        except BaseException:
            keys.free(scope, now + IDEMPOTENCY_LEASE)
            raise
        keys.keep(scope, now + IDEMPOTENCY_LEASE, KeptReply(201, answer), now)
        return answer


def ensure_no_card_number(text: str | None) -> None:
    """Raises: CardNumberFound."""
    if text is not None and holds_card_number(text):
        raise CardNumberFound("a card number stands here")


def email_of(who: str) -> str:
    """The e-mail address of somebody in the features."""
    return f"{who.lower()}@example.com"


def password_of(who: str) -> str:
    """The password of somebody in the features."""
    return f"{who} likes tea from a copper kettle"
