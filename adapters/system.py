"""The machine's own services: the clock, chance, sealed secrets, slow hashes, ISO 4217."""

import base64
import logging
import re
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import iso4217
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from application.ports import RelayedEvent
from domain.errors import Unavailable
from domain.ids import CartId, CheckoutId, GatewayOrderId, OrderKey
from domain.money import Currency

# Nobody may take a reference for a card number, which has 12 digits at least.
_LIKE_A_CARD = re.compile(r"[0-9]{12}")

PATIENCE_SECONDS = 10.0

_log = logging.getLogger("kassa.events")


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Aware, UTC."""
        return datetime.now(UTC)


class RandomKeys:
    """Names from the machine's source of secrets."""

    def order_key(self) -> OrderKey:
        """A new secret for an order: 192 random bits."""
        return OrderKey(secrets.token_urlsafe(24))

    def gateway_order_id(self) -> GatewayOrderId:
        """A new reference at a gateway: 160 random bits in 32 letters and digits, of either few."""
        while True:
            reference = base64.b32encode(secrets.token_bytes(20)).decode().lower()
            if not _LIKE_A_CARD.search(reference):
                return GatewayOrderId(reference)

    def cart_id(self) -> CartId:
        """A new cart's name: 128 random bits."""
        return CartId(secrets.token_urlsafe(16))

    def checkout_id(self) -> CheckoutId:
        """A new name for the orders that come from one cart: 128 random bits."""
        return CheckoutId(secrets.token_urlsafe(16))


class SecretVault:
    """Seals texts under a key derived from the shop's secret (RFC 5869), authenticated by Fernet.

    `old` secrets open what they once sealed; new things are sealed by the current one alone.
    """

    def __init__(self, secret: str, old: Sequence[str] = ()) -> None:
        self._fernet = MultiFernet([_fernet_of(each) for each in (secret, *old)])

    def seal(self, text: str) -> str:
        """A text that tells nothing without the secret; different each time."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """What was sealed. Raises: ValueError when it was not sealed by these secrets, or was altered."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise ValueError("this was not sealed by the shop's secret") from None


def _fernet_of(secret: str) -> Fernet:
    # A subkey of its own, so that tokens signed under the same secret have nothing to do with it.
    derived = HKDF(SHA256(), length=32, salt=None, info=b"kassa vault").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


class Argon2Passwords:
    """argon2id hashes (RFC 9106); only a few at once, since each takes its own 64 MiB."""

    def __init__(self, hasher: PasswordHasher | None = None, at_once: int = 4) -> None:
        self._hasher = hasher or PasswordHasher()
        self._free = threading.BoundedSemaphore(at_once)
        self._nobodys = self._hasher.hash(secrets.token_urlsafe(16))

    def hash(self, password: str) -> str:
        """A salted hash of a new password. Raises: Unavailable when too many wait."""
        with self._turn():
            return self._hasher.hash(password)

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is the right one; takes as long for nobody's hash (None).

        Raises: Unavailable when too many wait.
        """
        with self._turn():
            try:
                self._hasher.verify(password_hash or self._nobodys, password)
            except VerifyMismatchError:
                return False
        return password_hash is not None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._free.acquire(timeout=PATIENCE_SECONDS):
            raise Unavailable("too many passwords are being checked")
        try:
            yield
        finally:
            self._free.release()


class IsoCurrencies:
    """The currencies of ISO 4217 that have a smallest unit, which gold and test codes have not."""

    def __init__(self) -> None:
        self._by_code = {
            listed.code: Currency(listed.code, listed.exponent)
            for listed in iso4217.Currency
            if listed.exponent is not None
        }

    def get(self, code: str) -> Currency | None:
        """The currency of that code, or None."""
        return self._by_code.get(code)


class LogPublisher:
    """Tells the log what happened, until there are others to tell."""

    def __call__(self, event: RelayedEvent) -> None:
        """Write one line; the event's snapshot holds no secret, but is nobody's business there."""
        _log.info(
            event.type,
            extra={
                "event_id": event.id,
                "subject": f"{event.subject}:{event.subject_id}",
                "sequence": event.sequence,
            },
        )
