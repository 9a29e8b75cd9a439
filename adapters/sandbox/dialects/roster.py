"""The dialects that can be spoken beside the native one."""

from collections.abc import Mapping

from adapters.sandbox.dialects.branch import Kind
from adapters.sandbox.dialects.epoint.branch import open_epoint
from adapters.sandbox.dialects.epoint.dialect import Account as EpointAccount
from adapters.sandbox.dialects.mollie.api import open_mollie
from adapters.sandbox.dialects.mollie.dialect import Account as MollieAccount
from adapters.sandbox.dialects.paynow.api import open_paynow
from adapters.sandbox.dialects.paynow.dialect import Account as PaynowAccount
from adapters.sandbox.dialects.paypal.api import open_paypal
from adapters.sandbox.dialects.paypal.dialect import Account as PayPalAccount
from adapters.sandbox.dialects.payu.api import open_payu
from adapters.sandbox.dialects.payu.dialect import Account as PayUAccount
from adapters.sandbox.dialects.stripe.api import open_stripe
from adapters.sandbox.dialects.stripe.dialect import Account as StripeAccount

KINDS: Mapping[str, Kind] = {
    "epoint": Kind(EpointAccount, open_epoint),
    "stripe": Kind(StripeAccount, open_stripe),
    "payu": Kind(PayUAccount, open_payu),
    "paynow": Kind(PaynowAccount, open_paynow),
    "paypal": Kind(PayPalAccount, open_paypal),
    "mollie": Kind(MollieAccount, open_mollie),
}
