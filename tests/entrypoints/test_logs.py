"""Logs: one JSON line each, and never a secret."""

import json
import logging
import warnings
from typing import Any

import pytest
import structlog

from entrypoints.logs import HIDDEN, scrub, set_up_logs

CARD = "4111111111111111"
ORDER_KEY = "mN3xQ0aZ_b-7yTq4LkPwVr8sEuHjDfGc"
JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJjdXN0b21lcjoxIn0.c2lnbmF0dXJlLXRoYXQtbm9ib2R5"
CANARIES = (CARD, ORDER_KEY, JWT, "hunter2-canary")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What was logged, each line a document."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


class TestScrub:
    @pytest.mark.parametrize(
        "event",
        [
            {"event": f"paid with {CARD}"},
            {"event": "paid", "digits": int(CARD)},
            {"event": "paid", "form": {"card_number": [CARD, 1]}},
            {"event": f"GET /v1/orders/{ORDER_KEY}/checkout"},
            {"event": "303", "to": f"https://shop.example/?status=success&order_key={ORDER_KEY}"},
            {"event": f"asked for {ORDER_KEY}"},
            {"event": "x", "order_key": ORDER_KEY},
            {"event": "x", "keys": {"order_key": ORDER_KEY, "other": (ORDER_KEY,)}},
            {"event": "x", "headers": {"Authorization": "Bearer hunter2-canary"}},
            {"event": "sent Authorization: Bearer hunter2-canary"},
            {"event": f"token {JWT}"},
            {"event": "x", "password": "hunter2-canary"},
            {"event": "form password=hunter2-canary&x=1"},
            {"event": "x", "api_key": "hunter2-canary", "signing_secret": "hunter2-canary"},
            {"event": "paid with", "last": CARD},
            {"event": "x", "error": ValueError(f"no {CARD} please")},
            {"event": "x", "exception": f"Traceback ...\nValueError: {CARD} {ORDER_KEY}"},
        ],
    )
    def test_lets_no_secret_through(self, event: dict[str, Any]) -> None:
        """However it came into the event."""
        written = json.dumps(scrub(None, "info", event))

        assert not [canary for canary in CANARIES if canary in written]

    def test_leaves_what_helps(self) -> None:
        """Names, numbers and references must stay readable."""
        event = {
            "event": "order.paid",
            "payment_id": 17,
            "is_late": False,
            "seconds": 0.25,
            "nothing": None,
            "reference": "abcdefghijklmnopqrstuvwxyz234567",
            "codes": ["I1", 2],
        }

        assert scrub(None, "info", dict(event)) == event

    def test_says_that_something_was_hidden(self) -> None:
        """A gap would be searched for."""
        assert scrub(None, "info", {"event": "x", "token": "t"})["token"] == HIDDEN


class TestSetUpLogs:
    def test_writes_a_json_line_for_each(self, capsys: pytest.CaptureFixture[str]) -> None:
        """The standard library's loggers and structlog's alike."""
        set_up_logs()

        logging.getLogger("kassa.web").warning("silent for %s s", 5, extra={"payment_id": 7})
        structlog.get_logger("adapters.gateways").error("gateway_key_refused", status=401)

        first, second = lines(capsys)
        assert (first["event"], first["payment_id"], first["level"]) == ("silent for 5 s", 7, "warning")
        assert (second["event"], second["status"], second["level"]) == ("gateway_key_refused", 401, "error")
        assert first["timestamp"].endswith("Z")
        assert first["logger"] == "kassa.web"

    def test_keeps_a_fault_on_its_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A traceback is one field, and scrubbed like the others."""
        set_up_logs()

        try:
            raise ValueError(f"cannot charge {CARD}")
        except ValueError:
            logging.getLogger("kassa").exception("a round failed")

        (line,) = lines(capsys)
        assert "ValueError: cannot charge 4111******1111" in line["exception"]

    def test_takes_warnings_in(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Python would write them as plain text."""
        set_up_logs()

        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(False)
            logging.captureWarnings(True)
            warnings.warn("old ways", UserWarning, stacklevel=1)

        (line,) = lines(capsys)
        assert "old ways" in line["event"]

    def test_is_silent_about_everyday_remarks(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A readiness probe a second would otherwise write two lines a second."""
        set_up_logs()

        logging.getLogger("alembic.runtime.migration").info("Context impl SQLiteImpl.")
        logging.getLogger("urllib3.connectionpool").info("Starting")

        assert lines(capsys) == []
