"""The template: built as a distribution of its own, installed beside Kassa, tried by the kit, paid by."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
import requests

from tests.packaging.examplepay import API_KEY, SIGNING_KEY, Examplepay, examplepay
from tests.processes import ROOT, Program, kassa

TEMPLATE = ROOT / "entrypoints" / "conformance" / "template"
PASSWORD = "correct horse battery"
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


def done(*command: str) -> None:
    """Runs a command, which must succeed."""
    ended = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert ended.returncode == 0, f"{command}: {ended.stdout[-2000:]}{ended.stderr[-2000:]}"


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Settings of a Kassa that the template's wheel is installed beside."""
    folder = tmp_path_factory.mktemp("template")
    # Building leaves files behind, which must not come into the sources.
    sources = shutil.copytree(TEMPLATE, folder / "sources", ignore=shutil.ignore_patterns("__pycache__"))
    done(*PIP, "wheel", "--no-deps", "--wheel-dir", str(folder), str(sources))
    (wheel,) = folder.glob("kassa_example-*.whl")
    done(*PIP, "install", "--no-index", "--no-deps", "--target", str(folder / "there"), str(wheel))
    return {
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(folder / "there"))),
        "KASSA_DATABASE_URL": f"sqlite:///{folder / 'kassa.db'}",
        "KASSA_PORT": "0",
    }


@attrs.frozen
class Shop:
    """A running Kassa, and who signs in there."""

    address: str

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        """One call of the API, which must succeed."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = requests.request(method, f"{self.address}{path}", json=body, headers=headers, timeout=20)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def token(self, email: str) -> str:
        """Signs somebody in."""
        told = self.call("POST", "/v1/tokens", {"email": email, "password": PASSWORD})
        return str(told["access_token"])


@contextmanager
def serving(settings: Mapping[str, str], log: Path) -> Iterator[Shop]:
    """`kassa serve`, migrated and staffed."""
    environment = dict(settings)
    kassa("migrate", settings=environment)
    kassa("staff", "add", "staff@shop.test", settings=environment, say=f"{PASSWORD}\n")
    program = Program(arguments=("serve",), settings=environment, log_path=log).start()
    try:
        yield Shop(program.address)
    finally:
        assert program.stop() == 0


class TestTheTemplate:
    def test_keeps_to_what_every_adapter_has_to(self, beside: Mapping[str, str]) -> None:
        """Found by its name, with the recordings that come with it."""
        told = kassa("conformance", "example", settings=dict(beside))

        assert told.endswith(" passed, 0 FAILED, 0 left out\n")
        assert "passed    callback/is-no-command\n" in told

    def test_takes_money(self, beside: Mapping[str, str], tmp_path: Path) -> None:
        """Set up by staff as any method, paid on its page, and told by its notification."""
        with examplepay() as gateway, serving(beside, tmp_path / "serve.log") as shop:
            staff = shop.token("staff@shop.test")
            known = {each["name"]: each for each in shop.call("GET", "/v1/backends", token=staff)["items"]}
            answer = self.checked_out(shop, staff, gateway)
            page = requests.get(answer["next_step"], timeout=20, allow_redirects=False)
            back = requests.get(page.headers["Location"], timeout=20, allow_redirects=False)
            order = shop.call("GET", f"/v1/orders/{answer['order_key']}")
            payment = shop.call("GET", f"/v1/payments/{answer['payment']['id']}", token=staff)

        assert known["example"]["capabilities"]["refunds"]
        assert known["example"]["settings_schema"]["properties"]["api_key"]["writeOnly"]
        assert (gateway.told, page.status_code, back.status_code) == ([200], 303, 303)
        assert "status=success" in back.headers["Location"]
        assert (order["status"], order["payment_status"]) == ("PROCESSING", "1")
        assert (payment["status"], payment["transaction_id"]) == ("2", "ex-1")

    def checked_out(self, shop: Shop, staff: str, gateway: Examplepay) -> Any:
        """Somebody has bought a kettle by the method."""
        kettle = {"name": "Kettle", "price": {"amount": 4000, "currency": "AZN"}, "stock": 5}
        settings = {"base_url": gateway.address, "api_key": API_KEY, "signing_key": SIGNING_KEY}
        method = {"name": "Examplepay", "backend": "example", "settings": settings}
        shop.call("PUT", "/v1/products/kettle", kettle, staff)
        shop.call("PUT", "/v1/payment-methods/examplepay", method, staff)
        person = {"first_name": "Aysel", "last_name": "Quliyeva", "email": "aysel@example.com"}
        shop.call("POST", "/v1/customers", {**person, "password": PASSWORD})
        buyer = shop.token("aysel@example.com")
        shop.call("PUT", "/v1/cart/items/kettle", {"quantity": 1}, buyer)
        return shop.call("POST", "/v1/cart/checkout", {"payment_method": "examplepay"}, buyer)
