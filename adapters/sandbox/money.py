"""Amounts in major units, as text: exactly as many decimals as the currency has."""

import re

from adapters.sandbox.refusals import Invalid

_WITHOUT_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_WITH_THREE = "BHD IQD JOD KWD LYD OMR TND"
_DIGITS_MAX = 12


def major_text(minor: int, currency: str) -> str:
    """Writes an amount by integers alone. Units: `minor` in the smallest unit."""
    decimals = _decimals(currency)
    if not decimals:
        return str(minor)
    whole, rest = divmod(minor, 10**decimals)
    return f"{whole}.{rest:0{decimals}d}"


def minor_from(text: object, currency: str, name: str) -> int:
    """Reads an amount above zero, with exactly the currency's decimals. Raises: Invalid."""
    decimals = _decimals(currency)
    pattern = rf"[0-9]{{1,{_DIGITS_MAX}}}" + (rf"\.[0-9]{{{decimals}}}" if decimals else "")
    if not isinstance(text, str) or not re.fullmatch(pattern, text) or not int(text.replace(".", "")):
        raise Invalid("invalid_amount", f"{name} must be text with {decimals} decimals.", name)
    return int(text.replace(".", ""))


def _decimals(currency: str) -> int:
    return 0 if currency in _WITHOUT_DECIMALS else 3 if currency in _WITH_THREE else 2
