"""OAuth's client credentials, the way in at PayU and PayPal."""

import hashlib
from collections.abc import Mapping
from urllib.parse import parse_qsl

import attrs
import falcon

from adapters.sandbox.dialects.branch import Gate, bearer, is_same
from adapters.sandbox.intake import body_of

_LIFE_SECONDS = 43_199


@attrs.frozen
class Credentials:
    """A client's name and secret; its token is made of them, so that a reset leaves it good."""

    client_id: str
    client_secret: str

    @property
    def token(self) -> str:
        return hashlib.sha256(f"token {self.client_id} {self.client_secret}".encode()).hexdigest()

    def gate(self) -> Gate:
        return bearer(self.token)

    def issue(self, resp: falcon.Response, client_id: str, client_secret: str, grant_type: str) -> None:
        """Answers a request for a token."""
        right = is_same(client_id, self.client_id) and is_same(client_secret, self.client_secret)
        if grant_type != "client_credentials":
            resp.status, resp.media = 400, {"error": "unsupported_grant_type"}
        elif not right:
            resp.status, resp.media = 401, {"error": "invalid_client"}
        else:
            resp.media = {
                "access_token": self.token,
                "token_type": "bearer",
                "expires_in": _LIFE_SECONDS,
                "grant_type": "client_credentials",
            }


def form_of(req: falcon.Request) -> Mapping[str, str]:
    """Reads a form-encoded body; anything else is an empty form."""
    kind = (req.content_type or "").partition(";")[0].strip().lower()
    is_form = kind == "application/x-www-form-urlencoded"
    return dict(parse_qsl(body_of(req).decode("utf-8", "replace"))) if is_form else {}
