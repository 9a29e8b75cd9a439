"""Logs: one JSON line an event on standard error, the libraries' too, with nothing secret in them."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from domain.cards import masked

_SECRET_NAMES = re.compile(r"(?i)password|secret|token|authorization|signature|api_key|order_key|^key$")

# Whatever stands after a bearer word or as an order's key in a path is nobody's business.
_BEARER = re.compile(r"(?i)(bearer\s+)[^\s\"']+")
_ORDER_KEY = re.compile(r"(/v1/orders/)[^/\s\"'?]+")


def scrub(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The second net: hide secrets by name, and card numbers, tokens and order keys by shape."""
    for name, value in event.items():
        if _SECRET_NAMES.search(name):
            event[name] = "***"
        elif isinstance(value, str):
            event[name] = _ORDER_KEY.sub(r"\1***", _BEARER.sub(r"\1***", masked(value)))
    return event


def set_up_logs(level: int = logging.INFO) -> None:
    """Send every log of the process through one formatter."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            scrub,
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers, root.level = [handler], level
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
