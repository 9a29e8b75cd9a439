"""`kassa demo`: the service, the sandbox gateway and something to buy, on one machine."""

import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs

from adapters.sql.migrate import upgrade
from application.service import Application
from domain.errors import EmailTaken
from domain.ids import MethodCode, Sku
from domain.money import Money
from entrypoints.bootstrap import Kassa
from entrypoints.ending import SIGNALS
from entrypoints.service import run_service
from entrypoints.settings import Settings, SettingsError

CURRENCY = "AZN"
GOODS = (
    ("copper-kettle", "Copper kettle", "40.00", 5, "Kassa Home"),
    ("tea-glass", "Tea glass", "3.50", 100, "Kassa Home"),
    ("saffron", "Saffron, 1 g", "12.00", 20, "Kassa Spices"),
)
CUSTOMER = ("aysel@example.com", "demo-customer")
STAFF = ("staff@example.com", "demo-staff-password")

# Code, name, whether staff need not approve, settings.
OFFLINE_METHODS: tuple[tuple[str, str, bool, Mapping[str, object]], ...] = (
    (
        "cash_on_delivery",
        "Cash on delivery",
        False,
        {"kind": "cash_on_delivery", "instructions": "Please have the exact amount ready."},
    ),
    (
        "bank_transfer",
        "Bank transfer",
        False,
        {
            "kind": "bank_transfer",
            "instructions": "Transfer the total to the shop's account, quoting the reference.",
            "hold_minutes": 3 * 24 * 60,
        },
    ),
    ("direct", "On account", True, {"kind": "direct"}),
)

LISTENING = "listening on "
SANDBOX_SECONDS_MAX = 10


@attrs.frozen
class Sandbox:
    """The sandbox gateway as this demo started it."""

    url: str
    api_key: str = attrs.field(repr=False)
    signing_secret: str = attrs.field(repr=False)
    control_token: str = attrs.field(repr=False)


def run_demo(port: int | None, environment: Mapping[str, str]) -> int:
    """Bring everything up, say how to use it, and serve until told to stop."""
    with tempfile.TemporaryDirectory(prefix="kassa-demo-") as folder:
        settings = _settings(port, environment, Path(folder))
        # Asked to end while we start, we leave at once, and take the sandbox and the folder with us.
        for number in SIGNALS:
            signal.signal(number, lambda *_: sys.exit(0))
        with running_sandbox() as sandbox:
            upgrade(settings.database_url, behind_pgbouncer=settings.pgbouncer)
            run_service(settings, prepare=lambda kassa, address: _open_shop(kassa, address, sandbox))
    return 0


def _open_shop(kassa: Kassa, address: str, sandbox: Sandbox) -> None:
    furnish(kassa.application, sandbox)
    print(welcome(address, sandbox), flush=True)


@contextmanager
def running_sandbox() -> Iterator[Sandbox]:
    """The sandbox gateway as a process of its own, which ends with the demo, however that ends."""
    keys = [secrets.token_urlsafe(24) for _ in range(3)]
    with _started(keys) as process:
        try:
            assert process.stdout is not None  # noqa: S101 -- a pipe was asked for
            line = process.stdout.readline().strip()
            if not line.startswith(LISTENING):
                raise OSError("the sandbox gateway did not start")
            print(line, flush=True)
            yield Sandbox(line.removeprefix(LISTENING), *keys)
        finally:
            _end(process)


def _started(keys: Sequence[str]) -> "subprocess.Popen[str]":
    # A key that begins with a dash would be read as another option.
    named = zip(("--api-key", "--signing-secret", "--control-token"), keys, strict=True)
    options = ["--port", "0", "--with-parent", *(f"{name}={key}" for name, key in named)]
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "entrypoints.cli", "sandbox", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C reaches all that share a terminal's group; answers under way still need the gateway then.
        start_new_session=True,
    )


def _end(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(SANDBOX_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        process.kill()


def furnish(application: Application, sandbox: Sandbox) -> None:
    """A few products, a customer, a member of staff, and ways to pay."""
    currency = application.currencies.get(CURRENCY)
    assert currency is not None  # noqa: S101 -- ISO 4217 has the manat
    for sku, name, price, on_hand, seller in GOODS:
        application.put_product(
            sku=Sku(sku), name=name, price=Money.parse(price, currency), on_hand=on_hand, seller=seller
        )
    # A demo on a database of the user's own finds them there the second time.
    with suppress(EmailTaken):
        application.register(first_name="Aysel", last_name="Demo", email=CUSTOMER[0], password=CUSTOMER[1])
    with suppress(EmailTaken):
        application.hire(email=STAFF[0], password=STAFF[1])
    _offer_methods(application, sandbox)


def _offer_methods(application: Application, sandbox: Sandbox) -> None:
    put = application.manage_methods.put
    keys = {"api_key": sandbox.api_key, "signing_secret": sandbox.signing_secret}
    put(code=MethodCode("card"), name="Card", backend="sandbox", settings={"base_url": sandbox.url, **keys})
    for code, name, auto_approve, settings in OFFLINE_METHODS:
        put(code=MethodCode(code), name=name, backend="manual", auto_approve=auto_approve, settings=settings)


def welcome(address: str, sandbox: Sandbox) -> str:
    """What to open and what to type."""
    return f"""
Kassa is up, with something to buy. Nothing here is real money.

  the service      {address}/docs
  customer         {CUSTOMER[0]}   password {CUSTOMER[1]}
  staff            {STAFF[0]}   password {STAFF[1]}
  sandbox gateway  {sandbox.url}   control token {sandbox.control_token}
  test card        4111 1111 1111 1111, any expiry date to come, any CVC

The walk-through in the README shows a purchase from cart to payment. Ctrl-C ends it all.
"""


def _settings(port: int | None, environment: Mapping[str, str], folder: Path) -> Settings:
    if environment.get("KASSA_ENV") == "production":
        raise SettingsError("KASSA_ENV: a demo, its passwords known to all, is not for production")
    own_database = {"KASSA_DATABASE_URL": f"sqlite:///{folder / 'kassa.db'}"}
    settings = Settings.from_environment({**own_database, **environment})
    return settings if port is None else attrs.evolve(settings, port=port)
