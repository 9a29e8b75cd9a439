"""Who is calling: bearer tokens of our own, and what each route demands."""

import hmac
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Any

import attrs
import falcon
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from application.accounts import Principal, Role
from application.ports import Clock
from domain.errors import Forbidden, Unauthenticated

ALGORITHM = "HS256"
ISSUER = AUDIENCE = "kassa"
LIFETIME_SECONDS_MIN = 900
LIFETIME_SECONDS = 3600

# A token of ours has some 220 characters; nothing much longer is even looked at.
TOKEN_LENGTH_MAX = 1024
TOKENS_REMEMBERED_MAX = 1_000


class Who(StrEnum):
    """Whom a route lets in. KEY_HOLDER: the order key in the path is the credential."""

    ANYBODY = "anybody"
    CUSTOMER = "customer"
    STAFF = "staff"
    CUSTOMER_OR_STAFF = "customer or staff"
    KEY_HOLDER = "key holder"
    ANYBODY_STAFF_MORE = "anybody, staff see more"


_ROLES = {
    Who.CUSTOMER: frozenset({Role.CUSTOMER}),
    Who.STAFF: frozenset({Role.STAFF}),
    Who.CUSTOMER_OR_STAFF: frozenset(Role),
    Who.ANYBODY_STAFF_MORE: frozenset(Role),
}


def _is_long_enough(_: object, __: object, value: int) -> None:
    if value < LIFETIME_SECONDS_MIN:
        raise ValueError(f"tokens live {LIFETIME_SECONDS_MIN} s at least, not {value}")


@attrs.frozen
class Tokens:
    """Issues and reads signed tokens (RFC 7519). Units: `lifetime_seconds`."""

    secret: str = attrs.field(repr=False)
    clock: Clock
    lifetime_seconds: int = attrs.field(default=LIFETIME_SECONDS, validator=_is_long_enough)
    _key: OctKey = attrs.field(init=False, repr=False, eq=False)
    _signed: Callable[[str], dict[str, Any]] = attrs.field(init=False, repr=False, eq=False)

    @_key.default
    def _derived(self) -> OctKey:
        # A key of its own, so that nothing else made from the secret can ever pass for a token.
        return OctKey.import_key(hmac.digest(self.secret.encode(), b"kassa access tokens v1", sha256))

    @_signed.default
    def _remembering(self) -> Callable[[str], dict[str, Any]]:
        # A customer comes again and again with the same token. That it was signed by us is known then;
        # whether it still holds is asked each time.
        def signed(token: str) -> dict[str, Any]:
            return jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims

        return lru_cache(TOKENS_REMEMBERED_MAX)(signed)

    def issue(self, principal: Principal) -> str:
        """A token for somebody who has just signed in."""
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": f"{principal.role}:{principal.id}",
            "iat": now,
            "exp": now + self.lifetime_seconds,
        }
        return jwt.encode({"alg": ALGORITHM}, claims, self._key, algorithms=[ALGORITHM])

    def principal(self, token: str) -> Principal:
        """Whose token it is. Raises: Unauthenticated."""
        if len(token) > TOKEN_LENGTH_MAX:
            raise Unauthenticated("the token is not one of ours")
        try:
            claims = self._signed(token)
            self._claims().validate(claims)
            return _principal_of(claims["sub"])
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            # What is wrong with it helps only those who try: expired or forged, sign in again.
            raise Unauthenticated("the token is not valid, or not any more") from None

    def _claims(self) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(self.clock.now().timestamp()),
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            sub={"essential": True},
            iat={"essential": True},
            exp={"essential": True},
        )


def _principal_of(subject: str) -> Principal:
    role, _, number = subject.partition(":")
    if not (number.isascii() and number.isdigit()) or len(number) > 18:
        raise ValueError("nobody's number")
    return Principal(Role(role), int(number))


def admitted(tokens: Tokens, who: Who, request: falcon.Request) -> Principal | None:
    """Who is calling, as far as the route asks. Raises: Unauthenticated, Forbidden."""
    if who in {Who.ANYBODY, Who.KEY_HOLDER}:
        return None
    header = request.get_header("Authorization")
    if header is None and who is Who.ANYBODY_STAFF_MORE:
        return None
    principal = tokens.principal(_bearer(header))
    if principal.role not in _ROLES[who]:
        raise Forbidden(f"this is for {who} only")
    return principal


def _bearer(header: str | None) -> str:
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("a bearer token is needed")
    return token.strip()
