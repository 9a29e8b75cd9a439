"""One service, its gateways, and the door between them, for all cases."""

from collections.abc import Iterator
from typing import Any

import pytest

from adapters.gateways.registry import backends
from adapters.gateways.transport import Transport
from application.gateways import HoldsMoney
from tests.checkouts.till import OFFLINE, ONLINE, Till, held
from tests.door import Door
from tests.processes import Sandbox, Service
from tests.races.shop import Shop


@pytest.fixture(scope="session")
def every_till(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Till]]:
    """A till for each backend, by its name; no janitor works, so that nothing but news settles anything."""
    folder, door, transport = tmp_path_factory.mktemp("checkouts"), Door(), Transport(timeout_seconds=5)
    service = Service.start(
        folder / "service", with_workers=False, public_url=door.address, gateway_timeout_seconds=5
    )
    door.behind = service.address
    sandbox = Sandbox.start(folder, f"{door.address}/v1/callbacks/{{}}".format)
    shop, tokens = Shop(service, sandbox).open(), list[str]()
    for name in ONLINE:
        _offer(shop, name, name, sandbox.settings(name))
    for name, kind in backends(transport).items():
        if issubclass(getattr(kind, "gateway_type", object), HoldsMoney):
            _offer(shop, held(name), name, sandbox.settings(name, holds=True))
    _offer(shop, "manual", "manual", {}, auto_approve=False)
    _offer(shop, "wallet", "wallet", {})
    _offer(shop, "wallet-approved", "wallet", {}, auto_approve=False)
    yield {name: Till(name, shop, door, transport, tokens) for name in (*ONLINE, *OFFLINE)}
    sandbox.stop()
    door.close()
    service.stop()
    transport.close()


def _offer(shop: Shop, code: str, backend: str, settings: Any, *, auto_approve: bool = True) -> None:
    about = {"name": code, "backend": backend, "settings": settings, "auto_approve": auto_approve}
    shop.put(f"payment-methods/{code}", about)
