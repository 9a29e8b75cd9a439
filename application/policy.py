"""The shop's rules as named values, in one place."""

from collections.abc import Collection
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import attrs

from domain.errors import Invalid

# Failed tries that pass before the next one is turned away, and for how long they count.
FAILURES_MAX = 10
FAILURES_WINDOW = timedelta(minutes=15)

# They count no longer than that; a day leaves room for clocks that differ, and for a look at them.
FAILURES_KEPT = timedelta(days=1)

# A gateway may be slow to know what it has just opened: so many looks come before we believe
# that it knows of no such payment.
ABSENT_LOOKS_MIN = 2

# A unit of work that lost a race is run again this often before the caller is asked to wait.
PHASE_ATTEMPTS_MAX = 5

# Checking out may find earlier payments under way and has to ask about each before it decides.
ORDERS_PER_PAYMENT_MAX = 50
CHECKOUT_ROUNDS_MAX = ORDERS_PER_PAYMENT_MAX + 2

# Callbacks and returning customers are answered within 5 s, so asking must be over before that.
CALLBACK_PATIENCE_SECONDS = 3.5

# Of that, whether a callback is its gateway's own, where only the gateway can tell.
CONFIRMING_PATIENCE_SECONDS = 1.0

# News that anybody could have sent (a customer's return, a callback that its gateway does not sign) makes
# us ask about one payment so often in a while at most, and so often whether its gateway sent it: the latter
# are strangers' questions, and too few for a breaker to open by them. What more comes is left to the janitor.
HEARSAY_ASKS_MAX = 10
HEARSAY_CONFIRMATIONS_MAX = 3
HEARSAY_WINDOW_SECONDS = 10.0

# What a crash left behind is taken up again a little after its caller must have given up.
CALL_MARGIN = timedelta(seconds=2)

# What is read and stored around calls to gateways may have to wait for locks, and be run again.
STORE_MARGIN = timedelta(seconds=20)

# The longest deadline that one use of a gateway may be given. A request makes two uses at least (asking
# and closing, or asking and opening), and must be over while its idempotency key is leased.
GATEWAY_SECONDS_MAX = 30
IDEMPOTENCY_LEASE = timedelta(seconds=85)
REPLIES_KEPT = timedelta(hours=72)

# A look waits for its gateway; one that is silent must not keep the others from being looked at.
JANITORS = 4

# Not every gateway can close a payment that nobody paid in time. Money that comes there afterwards is
# looked for so long, at pauses that grow to a day.
LATE_MONEY_WATCH = timedelta(days=7)

# A gateway is not called for a while when so many of its latest uses went unanswered.
BREAKER_WINDOW_SECONDS = 30.0
BREAKER_CALLS_MIN = 20
BREAKER_FAILED_SHARE = 0.5
BREAKER_CALLS_KEPT_MAX = 1000

# So long a thread waits for a place among those who wait on a gateway that answers; who brings news
# of it waits longer, within the time that they have anyway.
SHARE_PATIENCE_SECONDS = 0.5
HEARING_SHARE_PATIENCE_SECONDS = 2.0

# As long as none of those who have a place is calling yet, all of them wait for the database, which
# lets nobody wait much longer than this.
STORE_PATIENCE_SECONDS = 3.0


@attrs.frozen(kw_only=True)
class Policy:
    """What an operator may set.

    Units: `gateway_seconds` is the total deadline of one use of a gateway; `gateway_share` is how much
    of the threads that serve may wait on one gateway at once: above 0, up to 1.
    Shape: `return_origins` as scheme://host[:port], lower case, no default ports.
    """

    hold: timedelta = timedelta(minutes=30)
    first_look: timedelta = timedelta(seconds=5)
    gateway_seconds: float = 10.0
    events_kept: timedelta = timedelta(days=90)
    callbacks_kept: timedelta = timedelta(days=400)
    carts_kept: timedelta = timedelta(days=90)
    gateway_share: float = 0.25
    threads: int = 8
    janitors: int = JANITORS
    public_url: str = "http://127.0.0.1:8080"
    return_origins: Collection[str] = ()

    @property
    def call_patience(self) -> timedelta:
        """How long a call to open a payment may take before it counts as crashed."""
        return timedelta(seconds=self.gateway_seconds) + CALL_MARGIN

    @property
    def look_patience(self) -> timedelta:
        """How long one of the janitor's looks may take, which may ask and then close."""
        return 2 * timedelta(seconds=self.gateway_seconds) + STORE_MARGIN

    def has_time_for(self, uses: int, spent_seconds: float) -> bool:
        """Whether a request that took so long already may use gateways so often, and is over in time."""
        gateway = timedelta(seconds=spent_seconds + uses * self.gateway_seconds)
        return gateway + STORE_MARGIN <= IDEMPOTENCY_LEASE

    def watched_until(self, begun_at: datetime) -> datetime:
        """Until when money is looked for that comes after its payment has ended here."""
        return begun_at + self.hold + LATE_MONEY_WATCH

    @property
    def serving_places(self) -> int:
        """How many of the threads that serve may wait on one gateway at once; one always may."""
        return max(1, int(self.threads * self.gateway_share))

    @property
    def janitor_places(self) -> int:
        """How many of the janitor's threads may: half, so that the others are looked at as well."""
        return max(1, self.janitors // 2)

    def ensure_return_allowed(self, url: str | None) -> None:
        """Customers are only sent to origins that the shop trusts. Raises: Invalid."""
        if url is not None and origin_of(url) not in self.return_origins:
            raise Invalid("customers may not be sent there", "#/return_url")


def origin_of(url: str) -> str | None:
    """The origin of an absolute http(s) URL, or None where browsers and we might disagree on it.

    Source: RFC 6454 section 4; a backslash, a control character or a user part is no URL to us.
    """
    if any(char in "\\" or char <= " " or char == "\x7f" for char in url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = 443 if parts.scheme == "https" else 80
    return f"{parts.scheme}://{host}" if port in (None, default) else f"{parts.scheme}://{host}:{port}"
