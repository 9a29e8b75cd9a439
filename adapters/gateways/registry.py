"""Every backend there is, by the name that a payment method chooses it with."""

from collections.abc import Mapping

from adapters.gateways.epoint import Epoint
from adapters.gateways.manual import Manual
from adapters.gateways.mollie import Mollie
from adapters.gateways.paynow import Paynow
from adapters.gateways.paypal import Paypal
from adapters.gateways.payu import Payu
from adapters.gateways.sandbox import Sandbox
from adapters.gateways.stripe import Stripe
from adapters.gateways.transport import Calls
from adapters.gateways.wallet import Wallet
from application.backends import Backend


def backends(calls: Calls) -> Mapping[str, Backend]:
    """The backends, reaching their gateways through `calls`."""
    known: tuple[Backend, ...] = (
        Manual(),
        Wallet(),
        Sandbox(calls),
        Epoint(calls),
        Stripe(calls),
        Payu(calls),
        Paynow(calls),
        Paypal(calls),
        Mollie(calls),
    )
    return {backend.name: backend for backend in known}
