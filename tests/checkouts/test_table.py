"""The table itself: nothing is left out, and nobody is excused from what they could do."""

import inspect

import pytest

from tests.checkouts import test_every_gateway, test_without_a_gateway
from tests.checkouts.table import CASES, EXCUSES, Excuse
from tests.checkouts.till import OFFLINE, ONLINE, Till

# Each excuse once for a backend, however many cases it stands for.
GIVEN = sorted({(backend, excuse) for (backend, _), excuse in EXCUSES.items()}, key=str)


def cases_of(*homes: type) -> set[str]:
    """The cases that these classes play."""
    return {
        name.removeprefix("test_")
        for home in homes
        for name, _ in inspect.getmembers(home, inspect.isfunction)
        if name.startswith("test_")
    }


def test_every_case_is_played_or_excused() -> None:
    """At each backend, one or the other; and the table knows every case that is played."""
    everywhere = cases_of(*(home for _, home in inspect.getmembers(test_every_gateway, inspect.isclass)))
    played = {
        **dict.fromkeys(ONLINE, everywhere & set(CASES)),
        "manual": cases_of(test_without_a_gateway.TestManual),
        "wallet": cases_of(test_without_a_gateway.TestWallet),
    }
    cells = {(backend, case) for backend in (*ONLINE, *OFFLINE) for case in CASES}

    assert everywhere == set(CASES)
    assert EXCUSES.keys() <= cells
    assert {cell for cell in cells - EXCUSES.keys() if cell[1] not in played[cell[0]]} == set()
    offline = {cell for cell in cells if cell[0] in OFFLINE}
    assert {cell for cell in offline & EXCUSES.keys() if cell[1] in played[cell[0]]} == set()


@pytest.mark.parametrize(
    ("backend", "excuse"), GIVEN, ids=[f"{name}: {excuse.reason}" for name, excuse in GIVEN]
)
def test_every_excuse_is_true(every_till: dict[str, Till], backend: str, excuse: Excuse) -> None:
    """It lacks what it is said to lack."""
    assert excuse.holds(every_till[backend])


def test_every_backend_has_a_till(every_till: dict[str, Till]) -> None:
    """None that the service knows is left out."""
    shown = every_till["manual"].known()

    assert set(shown) == {*ONLINE, *OFFLINE}
    assert {name for name, powers in shown.items() if powers["redirects"]} == set(ONLINE)


def test_the_books_add_up(every_till: dict[str, Till]) -> None:
    """After whatever was played before this."""
    every_till["manual"].shop.verify()
