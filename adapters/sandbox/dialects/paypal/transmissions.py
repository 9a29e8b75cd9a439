"""PayPal's webhook signatures, and the call by which merchants have them checked.

Source: the vendor's guide to webhook signatures: SHA256withRSA over the transmission's id, its time, the
webhook's id and the checksum of the raw body.
"""

import base64
import json
import zlib
from collections import OrderedDict
from functools import cached_property

import attrs
import falcon
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from adapters.sandbox.clock import Names, iso
from adapters.sandbox.dialects.branch import is_same
from adapters.sandbox.documents import read_object
from adapters.sandbox.intake import body_of
from adapters.sandbox.mischief import Draft

_KEPT_MAX = 10_000
_FIELDS = ("auth_algo", "cert_url", "transmission_id", "transmission_sig", "transmission_time", "webhook_id")


@attrs.frozen
class _Transmission:
    """What was sent, as the verifying call must find it."""

    fields: dict[str, str]
    event: object


class Transmissions:
    """Signs webhooks and remembers the last of them; and answers whether a given one was ours."""

    def __init__(self, webhook_id: str, names: Names) -> None:
        self._webhook_id = webhook_id
        self._names = names
        self._sent: OrderedDict[str, _Transmission] = OrderedDict()

    def sign(self, draft: Draft, body: bytes) -> dict[str, str]:
        """Signs for the webhook that the draft names as its key."""
        name, sent_at = self._names.fresh("tx"), iso(draft.sent_at)
        message = f"{name}|{sent_at}|{draft.key}|{zlib.crc32(body)}".encode()
        raw = self._key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        fields = {
            "auth_algo": "SHA256withRSA",
            "cert_url": "https://api.paypal.com/v1/notifications/certs/CERT-sandbox",
            "transmission_id": name,
            "transmission_sig": base64.b64encode(raw).decode("ascii"),
            "transmission_time": sent_at,
            "webhook_id": draft.key,
        }
        self._keep(name, fields, body)
        fields["transmission_sig"] = draft.signature(fields["transmission_sig"])
        told = [field for field in fields if field != "webhook_id"]
        return {f"PAYPAL-{field.upper().replace('_', '-')}": fields[field] for field in told}

    def clear(self) -> None:
        self._sent.clear()

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """`POST /v1/notifications/verify-webhook-signature`."""
        asked = read_object(body_of(req))
        sent = self._sent.get(str(asked.get("transmission_id")))
        is_ours = (
            sent is not None
            and is_same(str(asked.get("webhook_id")), self._webhook_id)
            and all(is_same(str(asked.get(field)), sent.fields[field]) for field in _FIELDS)
            and asked.get("webhook_event") == sent.event
        )
        resp.media = {"verification_status": "SUCCESS" if is_ours else "FAILURE"}

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def _keep(self, name: str, fields: dict[str, str], body: bytes) -> None:
        try:
            event = json.loads(body)
        except ValueError:
            event = None
        self._sent[name] = _Transmission(dict(fields), event)
        if len(self._sent) > _KEPT_MAX:
            self._sent.popitem(last=False)
