"""`kassa demo`: the service, the sandbox gateway and something to buy, on one machine."""

import secrets
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs

from adapters.sql.migrate import upgrade
from application.service import Application
from domain.errors import EmailTaken
from domain.ids import MethodCode, Sku
from domain.money import Money
from entrypoints.bootstrap import build
from entrypoints.logs import set_up_logs
from entrypoints.serving import address_of, bind, serve
from entrypoints.settings import Settings
from entrypoints.workers import Workers
from entrypoints.wsgi import web_app

GOODS = (
    ("copper-kettle", "Copper kettle", "40.00", 5, "Kassa Home"),
    ("tea-glass", "Tea glass", "3.50", 100, "Kassa Home"),
    ("saffron", "Saffron, 1 g", "12.00", 20, "Kassa Spices"),
)
CUSTOMER = ("aysel@example.com", "demo-customer")
STAFF = ("staff@example.com", "demo-staff-password")


@attrs.frozen
class Sandbox:
    """The sandbox gateway as this demo started it."""

    url: str
    api_key: str
    signing_secret: str
    control_token: str


def run_demo(port: int, environment: Mapping[str, str]) -> int:
    """Bring everything up, say how to use it, and serve until told to stop."""
    with tempfile.TemporaryDirectory(prefix="kassa-demo-") as folder, running_sandbox() as sandbox:
        settings = _settings(port, environment, Path(folder))
        set_up_logs()
        upgrade(settings.database_url)
        bound = bind(settings.host, settings.port)
        address = address_of(bound)
        public_url = settings.public_url or address
        kassa = build(settings, public_url)
        furnish(kassa.application, sandbox)
        draining = threading.Event()
        workers = Workers(kassa.application, settings.janitor_seconds)
        workers.start()
        print(welcome(address, sandbox), flush=True)
        try:
            serve(web_app(kassa, settings, public_url, draining), bound, settings.threads, draining)
        finally:
            workers.stop()
            kassa.close()
    return 0


@contextmanager
def running_sandbox() -> Iterator[Sandbox]:
    """The sandbox gateway as a process of its own, which ends with the demo."""
    keys = [secrets.token_urlsafe(24) for _ in range(3)]
    options = ["--api-key", keys[0], "--signing-secret", keys[1], "--control-token", keys[2]]
    command = [sys.executable, "-m", "entrypoints.cli", "sandbox", "--port", "0"]
    # A key that begins with a dash would be read as another option.
    options = [f"{name}={value}" for name, value in zip(options[::2], options[1::2], strict=True)]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)  # noqa: S603
    # Asked to end while the sandbox starts, we still have to take it with us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        assert process.stdout is not None  # noqa: S101 -- a pipe was asked for
        line = process.stdout.readline().strip()
        if not line.startswith("listening on "):
            raise OSError("the sandbox gateway did not start")
        print(line, flush=True)
        yield Sandbox(line.removeprefix("listening on "), *keys)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def furnish(application: Application, sandbox: Sandbox) -> None:
    """A few products, a customer, a member of staff, and ways to pay."""
    currency = application.currencies.get("AZN")
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
    put = application.manage_methods.put
    put(
        code=MethodCode("card"),
        name="Card",
        backend="sandbox",
        settings={
            "base_url": sandbox.url,
            "api_key": sandbox.api_key,
            "signing_secret": sandbox.signing_secret,
        },
    )
    put(
        code=MethodCode("cash_on_delivery"),
        name="Cash on delivery",
        backend="manual",
        auto_approve=False,
        settings={"kind": "cash_on_delivery", "instructions": "Please have the exact amount ready."},
    )
    put(
        code=MethodCode("bank_transfer"),
        name="Bank transfer",
        backend="manual",
        auto_approve=False,
        settings={
            "kind": "bank_transfer",
            "instructions": "Transfer the total to the shop's account, quoting the reference.",
            "hold_minutes": 3 * 24 * 60,
        },
    )
    put(code=MethodCode("direct"), name="On account", backend="manual", settings={"kind": "direct"})


def welcome(address: str, sandbox: Sandbox) -> str:
    """What to open and what to type."""
    return f"""
Kassa is up, with something to buy. Nothing here is real money, and all of it is gone when you stop it.

  the service      {address}/docs
  customer         {CUSTOMER[0]}   password {CUSTOMER[1]}
  staff            {STAFF[0]}   password {STAFF[1]}
  sandbox gateway  {sandbox.url}   control token {sandbox.control_token}
  test card        4111 1111 1111 1111, any expiry date to come, any CVC

The walk-through in the README shows a purchase from cart to payment. Ctrl-C ends it all.
"""


def _settings(port: int, environment: Mapping[str, str], folder: Path) -> Settings:
    settings = Settings.from_environment(environment)
    url = settings.database_url
    if "KASSA_DATABASE_URL" not in environment:
        url = f"sqlite:///{folder / 'kassa.db'}"
    return attrs.evolve(settings, port=port, database_url=url)
