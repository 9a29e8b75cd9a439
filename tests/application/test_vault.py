"""What the core may expect of the vault that it is given."""

import pytest

from adapters.system import SecretVault
from application.ports import Vault


class TestTheVault:
    def test_opens_what_it_sealed_itself_and_nothing_else(self) -> None:
        """A seal tells nothing, not even that it was the same text twice."""
        vault: Vault = SecretVault("a secret of the shop")

        sealed = vault.seal("the key")

        assert vault.open(sealed) == "the key"
        assert "the key" not in sealed
        assert vault.seal("the key") != sealed
        for foreign in ("the key", SecretVault("another secret").seal("the key")):
            with pytest.raises(ValueError, match="not sealed"):
                vault.open(foreign)
