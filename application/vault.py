"""The port behind which secrets are sealed before they are stored."""

from typing import Protocol


class Vault(Protocol):
    """Keeps what must be readable again, but not by whoever reads the database."""

    def seal(self, text: str) -> str:
        """A text that tells nothing without the shop's secret; different each time."""
        ...

    def open(self, sealed: str) -> str:
        """What was sealed. Raises: ValueError when it was not sealed by this secret, or was altered."""
        ...
