"""The merchants' accounts that the tests' sandbox keeps, one for each dialect."""

from adapters.sandbox.dialects.epoint.dialect import Account as EpointAccount
from adapters.sandbox.dialects.mollie.dialect import Account as MollieAccount
from adapters.sandbox.dialects.paynow.dialect import Account as PaynowAccount
from adapters.sandbox.dialects.paypal.dialect import Account as PayPalAccount
from adapters.sandbox.dialects.payu.dialect import Account as PayUAccount
from adapters.sandbox.dialects.stripe.dialect import Account as StripeAccount

EPOINT_PUBLIC_KEY = "i000000001"
EPOINT_PRIVATE_KEY = "sandbox_private_key_0000000001"

STRIPE_KEY = "sk_test_key_of_the_tests"
WEBHOOK_SECRET = "whsec_test_secret"
POS_ID, HOLDING_POS_ID, PAYU_SECRET = "300746", "300747", "secret-of-payu"
SECOND_KEY = "b6ca15b0d1020e8094d9b5f8d163db54"
PAYNOW_KEY, SIGNATURE_KEY = "paynow-api-key-for-tests", "paynow-signature-key-for-tests"
PAYPAL_ID, PAYPAL_SECRET, WEBHOOK_ID = "client-of-paypal", "secret-of-paypal", "WH-OF-THE-TESTS"
MOLLIE_KEY = "test_keyofthetestskeyofthetestskey"


def accounts_calling(shop_url: str) -> dict[str, object]:
    """Every dialect's account, with callbacks that go to this shop."""
    return {
        "epoint": EpointAccount(EPOINT_PUBLIC_KEY, EPOINT_PRIVATE_KEY, f"{shop_url}/result"),
        "stripe": StripeAccount(STRIPE_KEY, WEBHOOK_SECRET, f"{shop_url}/stripe-events"),
        "payu": PayUAccount(POS_ID, POS_ID, PAYU_SECRET, SECOND_KEY, HOLDING_POS_ID),
        "paynow": PaynowAccount(PAYNOW_KEY, SIGNATURE_KEY, f"{shop_url}/paynow-news"),
        "paypal": PayPalAccount(PAYPAL_ID, PAYPAL_SECRET, WEBHOOK_ID, f"{shop_url}/paypal-hooks"),
        "mollie": MollieAccount(MOLLIE_KEY),
    }
