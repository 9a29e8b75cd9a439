"""Real processes: how they start beside each other, what they write, and how they end."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.processes import ROOT, Demo, Program, Sandbox, Service, free_port, kassa

CARD = "4111111111111111"


def eventually(is_so: Callable[[], bool], seconds: float = 15) -> bool:
    """Whether it becomes so in time."""
    deadline = time.monotonic() + seconds
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_so()


def answers(address: str) -> bool:
    """Whether anybody listens there."""
    try:
        requests.get(address, timeout=5)
    except requests.ConnectionError:
        return False
    return True


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A gateway of the test's own, which it may slow down."""
    sandbox = Sandbox.start(tmp_path)
    yield sandbox
    sandbox.stop()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service of the test's own, which it may end; patient with its gateway."""
    service = Service.start(tmp_path / "shop", gateway_timeout_seconds=20)
    yield service
    service.stop()


class TestMigrating:
    def test_may_happen_several_times_at_once(self, tmp_path: Path) -> None:
        """Containers that start together all migrate."""
        settings = {"KASSA_DATABASE_URL": f"sqlite:///{tmp_path / 'shop.db'}"}

        with ThreadPoolExecutor(4) as crowd:
            said = list(crowd.map(lambda _: kassa("migrate", settings=settings), range(4)))

        assert said == ["the database has the newest shape\n"] * 4
        assert kassa("verify", settings=settings).endswith("no breach\n")


class TestServing:
    def test_beside_a_worker(self, tmp_path: Path) -> None:
        """Both end with 0 when told, by either signal."""
        service = Service.start(tmp_path)
        apart = Program(
            arguments=("serve", "--no-worker", "--port", "0"),
            settings=service.program.settings,
            log_path=tmp_path / "apart.log",
        ).start()
        worker = subprocess.Popen(
            [sys.executable, "-m", "entrypoints.cli", "worker"],
            cwd=tmp_path,
            env={**os.environ, **service.program.settings, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        with worker:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "working\n"

            assert requests.get(f"{apart.address}/readyz", timeout=10).status_code == 200

            worker.send_signal(signal.SIGINT)
            assert worker.wait(20) == 0
        assert apart.stop() == 0
        assert service.program.stop() == 0

    def test_ends_at_once_when_told_twice(self, service: Service, sandbox: Sandbox) -> None:
        """Even while a customer waits for a gateway that is silent."""
        sandbox.control(
            "POST", "faults", json={"op": "create", "action": "delay_ms", "params": {"ms": 15000}}
        )
        token = shop_with_card(service, sandbox)
        pool = ThreadPoolExecutor(1)
        checkout = pool.submit(check_out, service, token)
        assert eventually(lambda: asked(sandbox))
        process = service.program.process
        assert process is not None

        process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert process.poll() is None
        since = time.monotonic()
        process.send_signal(signal.SIGTERM)

        assert process.wait(5) == 1
        assert time.monotonic() - since < 3
        assert isinstance(checkout.exception(), requests.ConnectionError)
        pool.shutdown()

    def test_answers_a_slow_checkout_before_it_ends(self, service: Service, sandbox: Sandbox) -> None:
        """Told to end while a gateway takes its time, it waits for it, and the customer gets their order."""
        sandbox.control("POST", "faults", json={"op": "create", "action": "delay_ms", "params": {"ms": 2500}})
        token = shop_with_card(service, sandbox)

        with ThreadPoolExecutor(1) as pool:
            checkout = pool.submit(check_out, service, token)
            assert eventually(lambda: asked(sandbox))
            status = service.program.stop()

        assert status == 0
        assert checkout.result().status_code == 201


class TestAnotherServer:
    def test_serves_the_plain_application(self, tmp_path: Path) -> None:
        """As the README says, with what works in the background apart."""
        settings = {"KASSA_DATABASE_URL": f"sqlite:///{tmp_path / 'shop.db'}"}
        kassa("migrate", settings=settings)
        options = ("--interface", "wsgi", "--port", str(free_port()), "--blocking-threads", "8")
        served = Program(
            module="granian",
            arguments=(*options, "entrypoints.wsgi:app"),
            settings=settings,
            ready="Listening at: ",
            log_path=tmp_path / "granian.log",
        ).start()
        person = {"first_name": "Leyla", "last_name": "M", "email": "leyla@shop.test"}

        try:
            assert eventually(lambda: answers(served.address))
            assert requests.get(f"{served.address}/readyz", timeout=10).status_code == 200
            refused = requests.post(f"{served.address}/v1/customers", json=person, timeout=10)
            person["password"] = "correct horse"
            accepted = requests.post(f"{served.address}/v1/customers", json=person, timeout=10)
        finally:
            status = served.stop()

        assert (refused.status_code, accepted.status_code) == (400, 201)
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert status == 0


class TestTheLog:
    def test_is_json_and_holds_no_secret(self, service: Service, sandbox: Sandbox) -> None:
        """Passwords, tokens, order keys and cards go through it, or rather do not."""
        token = shop_with_card(service, sandbox)
        checked_out = check_out(service, token).json()
        key = checked_out["order_key"]
        form = {"card_number": CARD, "expiry": "12/40", "cvc": "123"}
        paid = requests.post(checked_out["next_step"], data=form, timeout=10, allow_redirects=False)
        requests.get(paid.headers["Location"], timeout=10, allow_redirects=False)
        for path in (
            f"/v1/orders/{key}",
            f"/v1/{key}",
            f"/v1/payments/{CARD}",
            f"/v1/callbacks/card/{CARD}?card={CARD}",
        ):
            bearer = {"Authorization": f"Bearer {token}"}
            requests.get(f"{service.address}{path}", headers=bearer, timeout=10, allow_redirects=False)
        (service.folder / "kassa.db-wal").write_bytes(b"nonsense")
        requests.get(f"{service.address}/v1/orders/{key}", timeout=10)
        service.stop()

        written = service.program.log_path.read_text(encoding="utf-8")

        lines = [line for line in written.splitlines() if not line.startswith("listening on ")]
        assert lines
        assert all(re.fullmatch(r'\{"event": .*\}', line) for line in lines), written
        secrets = (service.staff_password, token, key, CARD, sandbox.api_key, sandbox.signing_secret)
        assert not [secret for secret in secrets if secret in written]


class TestDemo:
    def test_takes_its_gateway_with_it(self, tmp_path: Path) -> None:
        """Told to end, it ends with 0 and leaves nothing behind."""
        demo = Demo.start(tmp_path)
        assert answers(demo.shop)
        assert answers(demo.gateway)

        status = demo.program.stop()

        assert status == 0
        assert not answers(demo.gateway)

    def test_takes_its_gateway_with_it_even_when_killed(self, tmp_path: Path) -> None:
        """The gateway notices that nobody holds its standard input any more."""
        demo = Demo.start(tmp_path)
        process = demo.program.process
        assert process is not None

        process.kill()
        process.wait()

        assert eventually(lambda: not answers(demo.gateway))

    @pytest.mark.parametrize("pause_seconds", [0.8, 1.2, 1.6])
    def test_may_be_told_to_end_while_it_starts(self, tmp_path: Path, pause_seconds: float) -> None:
        """At any moment; whatever it had started is gone."""
        printed = tmp_path / "printed"
        with printed.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "entrypoints.cli", "demo", "--port", str(free_port())],
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
                stdout=out,
            )
            time.sleep(pause_seconds)
            process.send_signal(signal.SIGTERM)
            status = process.wait(20)

        assert status in (0, -signal.SIGTERM)
        assert not list(tmp_path.glob("kassa-demo-*"))
        found = re.findall(r"listening on (\S+)", printed.read_text())
        assert not [address for address in found if answers(address)]


def shop_with_card(service: Service, sandbox: Sandbox) -> str:
    """Something to buy in a customer's cart, and a card to pay with; answers the customer's token."""
    staff = {"Authorization": f"Bearer {service.staff_token()}"}
    price = {"amount": 4000, "currency": "AZN"}
    keys = {
        "base_url": sandbox.address,
        "api_key": sandbox.api_key,
        "signing_secret": sandbox.signing_secret,
    }
    person = {
        "first_name": "Leyla",
        "last_name": "M",
        "email": "leyla@shop.test",
        "password": "correct horse",
    }

    def call(method: str, path: str, body: object, **headers: str) -> requests.Response:
        answer = requests.request(
            method, f"{service.address}/v1/{path}", json=body, headers=headers, timeout=20
        )
        assert answer.ok, answer.text
        return answer

    call("PUT", "products/kettle", {"name": "Kettle", "price": price, "stock": 5}, **staff)
    call("PUT", "payment-methods/card", {"name": "Card", "backend": "sandbox", "settings": keys}, **staff)
    call("POST", "customers", person)
    signed_in = call("POST", "tokens", {name: person[name] for name in ("email", "password")})
    token = str(signed_in.json()["access_token"])
    call("PUT", "cart/items/kettle", {"quantity": 1}, Authorization=f"Bearer {token}")
    return token


def check_out(service: Service, token: str) -> requests.Response:
    """The cart, by card."""
    return requests.post(
        f"{service.address}/v1/cart/checkout",
        json={"payment_method": "card"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=40,
    )


def asked(sandbox: Sandbox) -> bool:
    """Whether the gateway has been asked to open a payment."""
    return bool(sandbox.control("GET", "payments").json()["items"])
