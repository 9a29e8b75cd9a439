"""Which faults a dialect cannot express, and why: by the dialect's name and the fault's."""

from collections.abc import Mapping

NO_AMOUNT = "its answers hold no amount"
NO_CURRENCY = "its answers hold no currency"
ALWAYS_TEXT = "its amounts are text anyway"
UNSIGNED = "its callbacks are unsigned by design"
TIMELESS = "its signatures hold no time"
NOTHING_ADDED = "its way back says nothing that could be altered"

EXCUSES: Mapping[tuple[str, str], str] = {
    ("epoint", "wrong_currency"): NO_CURRENCY,
    ("paynow", "wrong_amount"): NO_AMOUNT,
    ("paynow", "wrong_currency"): NO_CURRENCY,
    ("paynow", "amount_as_string"): NO_AMOUNT,
    ("paynow", "amount_as_float"): NO_AMOUNT,
    ("paynow", "amount_as_exponent"): NO_AMOUNT,
    ("payu", "amount_as_string"): ALWAYS_TEXT,
    ("paypal", "amount_as_string"): ALWAYS_TEXT,
    ("mollie", "amount_as_string"): ALWAYS_TEXT,
    **{
        ("mollie", action): UNSIGNED
        for action in ("bad_signature", "other_merchant_key", "no_signature", "stale_ts", "future_ts")
    },
    **{
        (name, action): TIMELESS
        for name in ("epoint", "payu", "paynow")
        for action in ("stale_ts", "future_ts")
    },
    **{(name, "tampered_query"): NOTHING_ADDED for name in ("epoint", "stripe", "payu", "paypal", "mollie")},
}
