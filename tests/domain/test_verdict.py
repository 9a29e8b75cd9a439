"""What a gateway's answer is about, and whether its money is the bill's."""

import pytest

from domain.verdict import Verdict, VerdictStatus
from tests.domain.builders import REFERENCE, TRANSACTION, azn


class TestVerdictIsAbout:
    @pytest.mark.parametrize(
        ("reference", "told", "known", "expected"),
        [
            (REFERENCE, TRANSACTION, TRANSACTION, True),
            (REFERENCE, None, TRANSACTION, True),
            (REFERENCE, TRANSACTION, None, True),
            (None, TRANSACTION, TRANSACTION, True),
            (None, None, None, True),
            (REFERENCE, "te9", TRANSACTION, False),
            ("ref-2", TRANSACTION, TRANSACTION, False),
            ("ref-2", None, None, False),
        ],
    )
    def test_compares_what_is_told(
        self, reference: str | None, told: str | None, known: str | None, expected: bool
    ) -> None:
        """Another reference or transaction is another payment; what is not told cannot differ."""
        verdict = Verdict(status=VerdictStatus.SUCCEEDED, reference=reference, transaction_id=told)

        assert verdict.is_about(REFERENCE, known) is expected


class TestVerdictMismatch:
    @pytest.mark.parametrize(
        ("amount", "captured", "currency"),
        [(8000, 8000, "AZN"), (None, None, None), (8000, None, None), (None, 8000, "AZN")],
    )
    def test_finds_none_where_nothing_differs(
        self, amount: int | None, captured: int | None, currency: str | None
    ) -> None:
        """The full amount in the bill's currency fits."""
        verdict = Verdict(
            status=VerdictStatus.SUCCEEDED, amount_minor=amount, captured_minor=captured, currency=currency
        )

        assert verdict.mismatch(azn(8000)) is None

    @pytest.mark.parametrize(
        ("amount", "captured", "currency", "word"),
        [
            (7999, 8000, "AZN", "7999"),
            (8001, None, None, "8001"),
            (800000, None, "AZN", "800000"),
            (0, None, None, "says 0"),
            (8000, 4000, "AZN", "4000"),
            (8000, 8000, "USD", "USD"),
        ],
    )
    def test_names_what_differs(
        self, amount: int, captured: int | None, currency: str | None, word: str
    ) -> None:
        """Other amounts, parts of them and other currencies are told apart in words."""
        verdict = Verdict(
            status=VerdictStatus.SUCCEEDED, amount_minor=amount, captured_minor=captured, currency=currency
        )

        assert word in (verdict.mismatch(azn(8000)) or "")

    def test_expects_nothing_captured_before_success(self) -> None:
        """Money that is only held has not been captured, and gateways then say zero."""
        verdict = Verdict(status=VerdictStatus.AUTHORISED, amount_minor=8000, captured_minor=0)

        assert verdict.mismatch(azn(8000)) is None
