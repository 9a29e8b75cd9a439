"""Five hundred slow-loris connections, with headers and then with bodies, beside a healthy client.

Each attacker sends a byte now and then and opens another connection when it is hung up on. The
healthy client's 99th percentile must stay below a second; beside it stands the same without attackers.
"""

import argparse
import select
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import attrs

from benchmarks.trials.roaming import Failed, Roamer
from benchmarks.trials.trial import Trial, main
from tests.races.shop import Shop

SIZES = {"connections": 500, "seconds": 40.0, "processes": 1, "every_seconds": 1.0}

P99_SECONDS_MAX = 1.0

# What each sends first, and then a byte of now and then.
ATTACKS: Mapping[str, tuple[bytes, bytes]] = {
    "headers": (b"GET /v1/products HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"a"),
    "bodies": (b"POST /v1/customers HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{", b" "),
}


def run(trial: Trial) -> None:
    """One service, left alone and attacked in turns."""
    options = trial.options
    with Shop.running(
        trial.folder / "shop",
        database_url=trial.server.url(trial.server.database()),
        processes=options.processes,
    ) as shop:
        sku = shop.product(stock=1)
        measured(trial, shop, sku, "nobody else")
        for name, (greeting, byte) in ATTACKS.items():
            with attack(shop.service.address, options, greeting, byte) as attackers:
                p99 = measured(trial, shop, sku, f"{options.connections} with slow {name}")
            trial.note(f"slow {name}", **attackers.told())
            attackers.ensure_let_go(options.connections)
            if p99 >= P99_SECONDS_MAX:
                raise Failed(f"slow {name} kept a healthy client waiting for {p99:.2f} s")
        measured(trial, shop, sku, "nobody any more")


def measured(trial: Trial, shop: Shop, sku: str, beside: str) -> float:
    """The healthy client's times: a connection kept open, and every other request on a new one."""
    roamer = Roamer([shop.service.address], shop.customers(1)[0])
    deadline = time.monotonic() + trial.options.seconds
    while time.monotonic() < deadline:
        roamer.ask("GET", f"/v1/products/{sku}")
        roamer.ask("PUT", f"/v1/cart/items/{sku}", {"quantity": 1})
        roamer.close()
    seconds = sorted(roamer.seconds)
    p99 = seconds[int(len(seconds) * 0.99)]
    trial.note(
        f"healthy client beside {beside}, milliseconds",
        p50=round(seconds[len(seconds) // 2] * 1000, 1),
        p99=round(p99 * 1000, 1),
        longest=round(seconds[-1] * 1000, 1),
        requests=len(seconds),
    )
    return p99


@attrs.define
class Attackers:
    """So many connections that say next to nothing, for as long as they are borne."""

    address: tuple[str, int]
    greeting: bytes
    byte: bytes
    sockets: list[socket.socket] = attrs.field(factory=list)
    opened: int = 0
    hung_up_on: int = 0
    bytes_sent: int = 0
    held_seconds: list[float] = attrs.field(factory=list)
    _since: dict[socket.socket, float] = attrs.field(factory=dict)

    def told(self) -> Mapping[str, object]:
        """What came of it."""
        return {
            "opened": self.opened,
            "hung_up_on": self.hung_up_on,
            "bytes": self.bytes_sent,
            "held_seconds_longest": round(max(self.held_seconds, default=0.0), 1),
        }

    def ensure_let_go(self, connections: int) -> None:
        """Raises: Failed when they were borne, for then nothing was tried."""
        if self.hung_up_on < connections:
            raise Failed(f"only {self.hung_up_on} of {connections} were hung up on")

    def fill_up(self, connections: int) -> None:
        """Open what is missing."""
        while len(self.sockets) < connections:
            each = socket.create_connection(self.address, 10)
            each.sendall(self.greeting)
            self.sockets.append(each)
            self._since[each] = time.monotonic()
            self.opened += 1

    def drip(self) -> None:
        """A byte on each; whoever is hung up on is gone."""
        closed = set(select_readable(self.sockets))
        for each in self.sockets:
            with suppress(OSError):
                each.sendall(self.byte)
                self.bytes_sent += 1
        for each in closed:
            self.hung_up_on += 1
            self.held_seconds.append(time.monotonic() - self._since.pop(each))
            self.sockets.remove(each)
            each.close()


def select_readable(sockets: list[socket.socket]) -> Iterator[socket.socket]:
    """Those that have been hung up on: nothing else is ever said to them."""
    by_number = {each.fileno(): each for each in sockets}
    poll = select.poll()
    for number in by_number:
        poll.register(number, select.POLLIN)
    return (by_number[number] for number, _ in poll.poll(0))


@contextmanager
def attack(address: str, options: argparse.Namespace, greeting: bytes, byte: bytes) -> Iterator[Attackers]:
    """All are connected when the block begins, and go on until it ends."""
    where = urlsplit(address)
    attackers = Attackers((where.hostname or "", where.port or 0), greeting, byte)
    ending = threading.Event()
    attackers.fill_up(options.connections)

    def go_on() -> None:
        while not ending.wait(options.every_seconds):
            attackers.drip()
            attackers.fill_up(options.connections)

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield attackers
    finally:
        ending.set()
        thread.join()
        for each in attackers.sockets:
            each.close()


if __name__ == "__main__":
    sys.exit(main("loris", __doc__, SIZES, run))
