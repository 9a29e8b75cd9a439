"""Logs: one JSON line an event on standard error, the libraries' too, with nothing secret in them."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from domain.cards import masked

HIDDEN = "***"

_SECRET_NAMES = re.compile(r"(?i)password|secret|token|authorization|signature|cookie|cvc|_key$|^key$")

# What stands after a bearer word, as an order's key in a path or query, or looks like a throw of dice.
_SECRETS = (
    re.compile(r"(?i)(bearer\s+)[^\s\"']+"),
    re.compile(r"(?i)(/v1/orders/)[^/\s\"'?]+"),
    re.compile(r"(?i)\b((?:order_key|sig|signature|password|cvc)=)[^&\s\"']+"),
    re.compile(r"(?<![\w-])()(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{32,}"),
)

# Most of what is logged: too plain for any of these, and for a card's number.
_PLAIN = re.compile(r"[a-z_.: ]*[0-9]{0,12}")

# Their everyday remarks are nobody's news.
_QUIET = ("alembic", "urllib3")


def scrub(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The second net: hide secrets by name, and card numbers, tokens and order keys by shape."""
    for name, value in event.items():
        event[name] = _without_secrets(name, value)
    return event


def _without_secrets(name: str, value: Any) -> Any:
    if _SECRET_NAMES.search(name):
        return HIDDEN
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _without_secrets(str(key), each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without_secrets("", each) for each in value]
    text = value if isinstance(value, str) else repr(value)
    hidden = _hidden(text)
    return value if hidden == text and isinstance(value, int) else hidden


def _hidden(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    text = masked(text)
    for secret in _SECRETS:
        text = secret.sub(rf"\1{HIDDEN}", text)
    return text


def set_up_logs(level: int = logging.INFO) -> None:
    """Send every log and every warning of the process through one formatter."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter())
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    root = logging.getLogger()
    root.handlers, root.level = [handler], level
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)


def _formatter() -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            scrub,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
    )
