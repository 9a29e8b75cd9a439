"""The hosted pages' HTML. Every value is escaped; nothing is loaded from anywhere."""

import base64
import hashlib
import html
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from string import Template

from adapters.sandbox.cards import BANK_CODES
from adapters.sandbox.money import major_text
from adapters.sandbox.payments import Payment

Row = Sequence[str]

_PAGES = files("adapters.sandbox") / "pages"
_STYLE = (_PAGES / "layout.css").read_text(encoding="utf-8")
_LAYOUT = (_PAGES / "layout.html").read_text(encoding="utf-8")
_TEMPLATES = {
    name: Template((_PAGES / f"{name}.html").read_text(encoding="utf-8"))
    for name in ("pay", "challenge", "notice", "operator")
}
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode("utf-8")).digest()).decode("ascii")

# No form-action: browsers apply it to the redirects behind a form too, and those lead to the shop's hosts.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def pay_page(payment: Payment, wrong: Mapping[str, str] | None = None, news: str = "") -> str:
    """Shows the card form, with a word beside each field that was filled in wrongly."""
    words = {f"wrong_{name}": (wrong or {}).get(name, "") for name in ("card_number", "expiry", "cvc")}
    return _page("pay", **_facts(payment), **words, news=news)


def declined_page(payment: Payment) -> str:
    """Shows the card form again to a buyer who may try another card."""
    reason = BANK_CODES.get(payment.decline_code or "", "Declined by the bank")
    return pay_page(payment, news=f"{reason}. Please try another card.")


def challenge_page(payment: Payment) -> str:
    """Shows the bank's question to the buyer."""
    return _page("challenge", **_facts(payment), card=payment.card.mask if payment.card else "")


def notice_page(title: str, text: str) -> str:
    """Shows a few words and nothing to do."""
    return _page("notice", title=title, text=text)


def operator_page(payments: Iterable[Row], deliveries: Iterable[Row], faults: Iterable[Row]) -> str:
    """Shows what is going on, row by row."""
    content = _TEMPLATES["operator"].substitute(
        payments=_rows(payments), deliveries=_rows(deliveries), faults=_rows(faults)
    )
    return Template(_LAYOUT).substitute(style=_STYLE, content=content)


def _rows(rows: Iterable[Row]) -> str:
    cells = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows)
    return "".join(f"<tr>{row}</tr>\n" for row in cells)


def readable_amount(minor: int, currency: str) -> str:
    """Writes an amount as people do."""
    return f"{major_text(minor, currency)} {currency}"


def _facts(payment: Payment) -> dict[str, str]:
    terms = payment.terms
    return {
        "amount": readable_amount(terms.amount, terms.currency),
        "merchant_ref": terms.merchant_ref,
    }


def _page(template: str, **values: str) -> str:
    escaped = {name: html.escape(value) for name, value in values.items()}
    content = _TEMPLATES[template].substitute(escaped)
    return Template(_LAYOUT).substitute(style=_STYLE, content=content)
