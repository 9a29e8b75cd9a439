"""Use cases that race within one process, over a database of their own."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from adapters.sql.migrate import upgrade
from application.service import Application
from domain.ids import CustomerId, MethodCode, Sku
from domain.money import Currency, Money
from entrypoints.bootstrap import build
from entrypoints.settings import Settings

AZN = Currency("AZN", 2)
GOODS = [Sku(name) for name in ("kettle", "pot", "lamp", "bowl", "cup", "tray", "spoon", "jug")]


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Application]:
    """Everything as it is wired for service, on each database; the books must balance in the end."""
    url = f"sqlite:///{tmp_path / 'kassa.db'}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        url = server.url(server.database())
    upgrade(url)
    with closing(build(Settings.from_environment({"KASSA_DATABASE_URL": url}), "http://localhost")) as kassa:
        yield kassa.application
        assert kassa.application.prove().breaches == ()


def offer(app: Application, backend: str, *, auto_approve: bool = True) -> MethodCode:
    """A method of this backend, and goods at 40.00 AZN to pay with it."""
    code = MethodCode(backend)
    app.manage_methods.put(code=code, name=backend, backend=backend, auto_approve=auto_approve)
    for sku in GOODS:
        app.put_product(sku=sku, name=sku.title(), price=Money(4000, AZN), on_hand=100)
    return code


def buyer(app: Application, name: str = "aysel") -> CustomerId:
    """A new customer with a kettle in the cart."""
    made = app.register(first_name=name, last_name="B", email=f"{name}@example.com", password="secret-1234")
    app.fill_cart.put(customer_id=made.id, sku=Sku("kettle"), quantity=1)
    return made.id
