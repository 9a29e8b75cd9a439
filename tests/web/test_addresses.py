"""Addresses from which too many guesses came are turned away, only where an operator wants it."""

import attrs
import falcon.testing
import pytest

from adapters.web import addresses
from adapters.web.addresses import ADDRESS_FAILURES_MAX, Addresses
from adapters.web.app import create_app
from domain.errors import NotFound, TooManyFailures
from tests.web.house import House, SetClock


@pytest.fixture
def guarded(house: House) -> House:
    """A shop whose operator limits addresses."""
    edge = attrs.evolve(house.edge, address_limits=True)
    house.client = falcon.testing.TestClient(create_app(house.application, edge))
    return house


def guess(house: House, times: int, address: str = "10.0.0.1") -> list[int]:
    """Try keys that are no order's."""
    paths = [f"/v1/orders/guess-{number}" for number in range(times)]
    return [house.call("GET", path, remote_addr=address).status_code for path in paths]


class TestLimit:
    """Guesses of keys and passwords."""

    def test_is_off_by_default(self, house: House) -> None:
        """Nobody behind a shared address is hurt unasked."""
        assert set(guess(house, ADDRESS_FAILURES_MAX + 5)) == {404}

    def test_turns_guessers_away(self, guarded: House) -> None:
        """With a time to come back, and from that address alone."""
        key = guarded.check_out()["order_key"]
        assert guess(guarded, ADDRESS_FAILURES_MAX) == [404] * ADDRESS_FAILURES_MAX

        refused = guarded.call("GET", f"/v1/orders/{key}", remote_addr="10.0.0.1")

        assert (refused.status_code, refused.headers["retry-after"]) == (429, "900")
        assert guarded.call("GET", f"/v1/orders/{key}", remote_addr="10.0.0.2").status_code == 200
        assert guarded.call("GET", "/v1/products/unknown", remote_addr="10.0.0.1").status_code == 404

    def test_counts_wrong_passwords_of_many_accounts(self, guarded: House) -> None:
        """Which the limit by account cannot see."""
        statuses = [
            guarded.call("POST", "/v1/tokens", {"email": f"{n}@example.com", "password": "x"}).status_code
            for n in range(ADDRESS_FAILURES_MAX + 1)
        ]

        assert statuses == [401] * ADDRESS_FAILURES_MAX + [429]

    def test_forgives(self, guarded: House) -> None:
        """After a quarter of an hour."""
        guess(guarded, ADDRESS_FAILURES_MAX)
        guarded.clock.advance(minutes=15, seconds=1)

        assert guess(guarded, 1) == [404]

    def test_never_counts_successes(self, guarded: House) -> None:
        """However often somebody looks at their order."""
        path = f"/v1/orders/{guarded.check_out()['order_key']}"

        statuses = {guarded.call("GET", path).status_code for _ in range(ADDRESS_FAILURES_MAX + 5)}

        assert statuses == {200}

    def test_remembers_so_many_and_no_more(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Memory is bounded; the address that failed last is remembered longest."""
        monkeypatch.setattr(addresses, "ADDRESSES_MAX", 2)
        watched = Addresses(SetClock())
        for address in ("a", "b", "c"):
            for _ in range(ADDRESS_FAILURES_MAX):
                with pytest.raises(NotFound), watched.watching(address):
                    raise NotFound("no")

        with watched.watching("a"):
            forgotten = True
        with pytest.raises(TooManyFailures), watched.watching("c"):
            raise AssertionError("nobody gets here")
        assert forgotten
