"""The merchants' accounts that the tests' sandbox keeps, one for each dialect."""

from adapters.sandbox.dialects.epoint.dialect import Account as EpointAccount

EPOINT_PUBLIC_KEY = "i000000001"
EPOINT_PRIVATE_KEY = "sandbox_private_key_0000000001"


def accounts_calling(shop_url: str) -> dict[str, object]:
    """Every dialect's account, with callbacks that go to this shop."""
    return {
        "epoint": EpointAccount(EPOINT_PUBLIC_KEY, EPOINT_PRIVATE_KEY, f"{shop_url}/result"),
    }
