"""The dialects that can be spoken beside the native one."""

from collections.abc import Mapping

from adapters.sandbox.dialects.branch import Kind
from adapters.sandbox.dialects.epoint.branch import open_epoint
from adapters.sandbox.dialects.epoint.dialect import Account as EpointAccount
from adapters.sandbox.dialects.stripe.api import open_stripe
from adapters.sandbox.dialects.stripe.dialect import Account as StripeAccount

KINDS: Mapping[str, Kind] = {
    "epoint": Kind(EpointAccount, open_epoint),
    "stripe": Kind(StripeAccount, open_stripe),
}
