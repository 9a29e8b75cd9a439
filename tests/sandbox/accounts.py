"""The merchants' accounts that the tests' sandbox keeps, one for each dialect."""

from adapters.sandbox.dialects.epoint.dialect import Account as EpointAccount
from adapters.sandbox.dialects.stripe.dialect import Account as StripeAccount

EPOINT_PUBLIC_KEY = "i000000001"
EPOINT_PRIVATE_KEY = "sandbox_private_key_0000000001"

STRIPE_KEY = "sk_test_key_of_the_tests"
WEBHOOK_SECRET = "whsec_test_secret"


def accounts_calling(shop_url: str) -> dict[str, object]:
    """Every dialect's account, with callbacks that go to this shop."""
    return {
        "epoint": EpointAccount(EPOINT_PUBLIC_KEY, EPOINT_PRIVATE_KEY, f"{shop_url}/result"),
        "stripe": StripeAccount(STRIPE_KEY, WEBHOOK_SECRET, f"{shop_url}/stripe-events"),
    }
