"""The environment, checked once at start and frozen."""

import re
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlsplit

import attrs

from application.policy import GATEWAY_SECONDS_MAX, Policy, origin_of

DEVELOPMENT_SECRET = "kassa-development-secret-not-for-production"  # noqa: S105 -- refused in production
SECRET_LENGTH_MIN = 32

HOLD_MINUTES_MAX = 1_000_000
JANITOR_SECONDS_MAX = 86_400
KEEP_DAYS_MAX = 36_500

SHOWN_LENGTH_MAX = 40

_WHOLE = re.compile(r"[0-9]{1,9}")
_DECIMAL = re.compile(r"(?i)[0-9]*\.?[0-9]+(e[+-]?[0-9]{1,2})?")


class SettingsError(Exception):
    """A setting that makes no sense; the message names the variable and says what it wants."""


@attrs.frozen(kw_only=True)
class Settings:
    """Everything an operator can set. Source: contract section 5.

    Units: minutes, seconds and days may have decimals; `gateway_timeout_seconds` is
    the total deadline of one gateway call, `gateway_share` the part of the threads, above 0 and up
    to 1, that may wait on one gateway. `public_url` None: where the service listens.
    `pgbouncer`: the database is reached through PgBouncer in transaction mode.
    """

    database_url: str = attrs.field(default="sqlite:///kassa.db", repr=False)
    pgbouncer: bool = False
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str | None = None
    secret: str = attrs.field(default=DEVELOPMENT_SECRET, repr=False)
    success_url: str | None = None
    failure_url: str | None = None
    return_origins: tuple[str, ...] = ()
    hold_minutes: float = 30.0
    janitor_seconds: float = 5.0
    keep_events_days: float = 90.0
    keep_callbacks_days: float = 400.0
    keep_carts_days: float = 90.0
    gateway_timeout_seconds: float = 10.0
    gateway_share: float = 0.25
    processes: int = 1
    threads: int = 8
    address_limits: bool = False
    is_production: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read and check the variables. Raises: SettingsError, naming the variable."""
        read, default = _Reader(environment), cls()
        settings = cls(
            database_url=read.database_url(default.database_url),
            pgbouncer=read.choice("KASSA_PGBOUNCER", "0", ("0", "1")) == "1",
            host=read.text("KASSA_HOST", default.host),
            port=read.integer("KASSA_PORT", default.port, 0, 65535),
            public_url=read.public_url(),
            secret=read.text("KASSA_SECRET", DEVELOPMENT_SECRET),
            success_url=read.url("KASSA_SUCCESS_URL"),
            failure_url=read.url("KASSA_FAILURE_URL"),
            return_origins=read.origins("KASSA_RETURN_ORIGINS"),
            hold_minutes=read.number("KASSA_HOLD_MINUTES", default.hold_minutes, HOLD_MINUTES_MAX),
            janitor_seconds=read.number(
                "KASSA_JANITOR_SECONDS", default.janitor_seconds, JANITOR_SECONDS_MAX
            ),
            keep_events_days=read.days("KASSA_KEEP_EVENTS_DAYS", default.keep_events_days),
            keep_callbacks_days=read.days("KASSA_KEEP_CALLBACKS_DAYS", default.keep_callbacks_days),
            keep_carts_days=read.days("KASSA_KEEP_CARTS_DAYS", default.keep_carts_days),
            gateway_timeout_seconds=read.number(
                "KASSA_GATEWAY_TIMEOUT_SECONDS", default.gateway_timeout_seconds, GATEWAY_SECONDS_MAX
            ),
            gateway_share=read.number("KASSA_GATEWAY_SHARE", default.gateway_share, 1),
            processes=read.integer("KASSA_PROCESSES", default.processes, 1, 64),
            threads=read.integer("KASSA_THREADS", default.threads, 1, 256),
            address_limits=read.choice("KASSA_ADDRESS_LIMITS", "0", ("0", "1")) == "1",
            is_production=read.choice("KASSA_ENV", "development", ("development", "production"))
            == "production",
        )
        settings._ensure_fit_for_production()
        return settings

    @property
    def likely_url(self) -> str:
        """Where gateways call, for a process that does not itself know where the service listens."""
        return self.public_url or f"http://{self.host}:{self.port}"

    def policy(self, public_url: str) -> Policy:
        """The rules that the core goes by."""
        return Policy(
            hold=timedelta(minutes=self.hold_minutes),
            first_look=timedelta(seconds=self.janitor_seconds),
            gateway_seconds=self.gateway_timeout_seconds,
            events_kept=timedelta(days=self.keep_events_days),
            callbacks_kept=timedelta(days=self.keep_callbacks_days),
            carts_kept=timedelta(days=self.keep_carts_days),
            gateway_share=self.gateway_share,
            threads=self.threads,
            public_url=public_url,
            return_origins=self.return_origins,
        )

    def _ensure_fit_for_production(self) -> None:
        if not self.is_production:
            return
        if self.secret == DEVELOPMENT_SECRET or len(self.secret) < SECRET_LENGTH_MIN:
            raise SettingsError(
                f"KASSA_SECRET: production needs a secret of its own, {SECRET_LENGTH_MIN} characters or more"
            )
        if self.public_url is None or not self.public_url.startswith("https://"):
            raise SettingsError("KASSA_PUBLIC_URL: production needs the https address that gateways call")


@attrs.frozen
class _Reader:
    environment: Mapping[str, str]

    def text(self, name: str, default: str) -> str:
        value = self.environment.get(name, default)
        if not value or not value.isprintable():
            raise SettingsError(f"{name}: a line of text is expected")
        return value

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        text = self.environment.get(name, str(default))
        if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
            raise SettingsError(
                f"{name}: a whole number from {least} to {most} is expected, not {_short(text)}"
            )
        return int(text)

    def number(self, name: str, default: float, most: int) -> float:
        text = self.environment.get(name, str(default))
        value = float(text) if _DECIMAL.fullmatch(text) else 0.0
        if not 0 < value <= most:
            raise SettingsError(f"{name}: a number above 0, up to {most}, is expected, not {_short(text)}")
        return value

    def days(self, name: str, default: float) -> float:
        return self.number(name, default, KEEP_DAYS_MAX)

    def choice(self, name: str, default: str, among: tuple[str, ...]) -> str:
        value = self.environment.get(name, default)
        if value not in among:
            raise SettingsError(f"{name}: one of {', '.join(among)} is expected, not {_short(value)}")
        return value

    def url(self, name: str) -> str | None:
        value = self.environment.get(name)
        if value is None:
            return None
        # It is not repeated: what is wrong with it may be a password.
        if origin_of(value) is None or urlsplit(value).fragment:
            raise SettingsError(f"{name}: an absolute http or https address without a user is expected")
        return value

    def public_url(self) -> str | None:
        value = self.url("KASSA_PUBLIC_URL")
        if value is not None and "?" in value:
            raise SettingsError("KASSA_PUBLIC_URL: an address without a query is expected")
        return value and value.rstrip("/")

    def origins(self, name: str) -> tuple[str, ...]:
        texts = [text.strip() for text in self.environment.get(name, "").split(",")]
        return tuple(self._origin(name, text) for text in texts if text)

    def _origin(self, name: str, text: str) -> str:
        origin = origin_of(text)
        # An origin is all there may be: what follows it would be silently ignored.
        if origin is None or text.lower().rstrip("/") not in (origin, f"{origin}:80", f"{origin}:443"):
            raise SettingsError(f"{name}: origins like https://shop.example are expected")
        return origin

    def database_url(self, default: str) -> str:
        value = self.text("KASSA_DATABASE_URL", default)
        if not _is_file(value) and not _is_server(value):
            # It is not repeated: it may hold a password.
            raise SettingsError(
                "KASSA_DATABASE_URL: sqlite:///PATH is expected, the path of a file,"
                " or postgresql://USER[:PASSWORD]@HOST:PORT/NAME"
            )
        return value


def _is_file(url: str) -> bool:
    path = url.removeprefix("sqlite:///")
    return path != url and path not in ("", ":memory:") and "?" not in path


def _is_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        # Reading the port checks it.
        return parts.scheme == "postgresql" and len(parts.path) > 1 and parts.port != 0 and not parts.fragment
    except ValueError:
        return False


def _short(text: str) -> str:
    return repr(text if len(text) <= SHOWN_LENGTH_MAX else f"{text[:SHOWN_LENGTH_MAX]}...")
