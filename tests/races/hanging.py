"""A gateway that takes every question and answers none."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import attrs


@attrs.define(eq=False)
class Hanging:
    """It listens, and keeps everybody waiting who has asked something, until they hang up."""

    _listening: socket.socket
    _asking: set[socket.socket] = attrs.field(factory=set)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    @property
    def waiting(self) -> int:
        """How many wait for an answer just now."""
        return len(self._asking)

    def listen(self) -> None:
        """Let everybody in until it is closed."""
        while True:
            try:
                caller, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._keep, args=(caller,), daemon=True).start()

    def _keep(self, caller: socket.socket) -> None:
        with caller:
            try:
                while caller.recv(65536):
                    self._asking.add(caller)
            except OSError:
                return
            finally:
                self._asking.discard(caller)


@contextmanager
def hanging() -> Iterator[Hanging]:
    """Listening, until the block ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        gateway = Hanging(listening)
        thread = threading.Thread(target=gateway.listen, daemon=True)
        thread.start()
        try:
            yield gateway
        finally:
            # Closing alone does not wake whoever waits for a caller.
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
