"""Accounts: registering, signing in, and who one is."""

import attrs

from adapters.web.auth import Tokens, Who
from adapters.web.bodies import Credentials, NewCustomer, Nothing
from adapters.web.documents import CustomerDocument, TokenDocument
from adapters.web.operations import Answer, Call, api
from application.service import Application
from domain.errors import NotFound


@attrs.frozen
class Accounts:
    """Customers, and tokens for customers and staff."""

    application: Application
    tokens: Tokens

    @api(
        "POST",
        "/v1/customers",
        who=Who.ANYBODY,
        body=NewCustomer,
        answers={201: (CustomerDocument,)},
        problems=(409,),
    )
    def register_customer(self, call: Call[NewCustomer]) -> Answer:
        """Register a customer."""
        body = call.body
        customer = self.application.register(
            first_name=body.first_name,
            last_name=body.last_name,
            email=body.email,
            password=body.password,
        )
        return Answer(CustomerDocument.of(customer), status=201)

    @api(
        "POST",
        "/v1/tokens",
        who=Who.ANYBODY,
        body=Credentials,
        answers={201: (TokenDocument,)},
        problems=(401,),
        is_guessable=True,
    )
    def sign_in(self, call: Call[Credentials]) -> Answer:
        """Sign in, customers and staff alike."""
        principal = self.application.sign_in(email=call.body.email, password=call.body.password)
        token = TokenDocument(
            access_token=self.tokens.issue(principal),
            token_type="Bearer",  # noqa: S106 -- the scheme's name
            expires_in=self.tokens.lifetime_seconds,
        )
        return Answer(token, status=201)

    @api("GET", "/v1/customers/me", who=Who.CUSTOMER, answers={200: (CustomerDocument,)}, problems=(404,))
    def get_me(self, call: Call[Nothing]) -> Answer:
        """Look at one's own account."""
        customer = self.application.queries.customer(call.customer_id)
        if customer is None:
            raise NotFound("there is no such customer any more")
        return Answer(CustomerDocument.of(customer))
