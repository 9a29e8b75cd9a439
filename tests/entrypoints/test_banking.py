"""`kassa bank import FILE`: what it writes and answers."""

from contextlib import closing
from pathlib import Path

import pytest

from application.purchasing import Wish
from application.service import Application
from domain.ids import CustomerId, MethodCode, OrderKey, Sku
from domain.references import reference_of
from entrypoints.bootstrap import build
from entrypoints.cli import main
from entrypoints.settings import Settings
from tests.bank.files import camt_file, csv_file, entry, row, transfer
from tests.builders import azn


@pytest.fixture
def order(database: Path) -> OrderKey:
    """An order of 80.00 AZN that waits for its transfer, payment 1."""
    settings = Settings.from_environment({"KASSA_DATABASE_URL": f"sqlite:///{database}"})
    with closing(build(settings, "http://localhost")) as kassa:
        app: Application = kassa.application
        app.manage_methods.put(code=MethodCode("iban"), name="IBAN", backend="manual", auto_approve=False)
        app.put_product(sku=Sku("kettle"), name="Kettle", price=azn(4000), on_hand=5)
        buyer = app.register(first_name="A", last_name="B", email="a@example.com", password="secret-1234")
        app.fill_cart.put(customer_id=CustomerId(buyer.id), sku=Sku("kettle"), quantity=2)
        done = app.check_out_cart(customer_id=CustomerId(buyer.id), wish=Wish(method=MethodCode("iban")))
        return done.orders[0].key


def run(tmp_path: Path, content: bytes) -> int:
    """Import a file with this content."""
    path = tmp_path / "statement"
    path.write_bytes(content)
    return main(["bank", "import", str(path)])


@pytest.mark.usefixtures("order")
class TestBankImport:
    def test_tells_what_became_of_each_entry(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A line for each, and how many there were of each kind."""
        content = camt_file(
            entry(transfer(reference_of(1)), amount="81.50"),
            entry(reference="<NtryRef>E2</NtryRef>", amount="5.00"),
            entry(direction="<CdtDbtInd>DBIT</CdtDbtInd>", reference="<NtryRef>E3</NtryRef>"),
            entry(status="<Sts>PDNG</Sts>"),
            entry(direction="<CdtDbtInd>DBIT</CdtDbtInd>", more="<RvslInd>true</RvslInd>"),
        )

        assert run(tmp_path, content) == 0
        first = capsys.readouterr().out.splitlines()
        assert run(tmp_path, content) == 0
        second = capsys.readouterr().out.splitlines()

        assert first == [
            "approved: entry E1 of 2026-03-05, 81.50 AZN: payment 1; 1.50 AZN to be looked at: "
            "AZ21NABZ00000000137010001944/E1: 1.50 AZN more came than were due",
            "review: entry E2 of 2026-03-05, 5.00 AZN; 5.00 AZN to be looked at: it names no payment",
            "ignored: entry E3 of 2026-03-05, -80.00 AZN",
            "review: entry E1/reversed of 2026-03-05, -80.00 AZN; -80.00 AZN to be looked at: "
            "the bank has reversed an earlier booking",
            "1 approved, 2 review, 0 known, 0 changed, 1 ignored, 1 not booked yet",
        ]
        assert second[0].startswith("known: entry E1 of 2026-03-05, 81.50 AZN: payment 1; 1.50 AZN to be")
        assert second[-1] == "0 approved, 1 review, 2 known, 0 changed, 1 ignored, 1 not booked yet"
        assert main(["verify"]) == 0
        assert "no breach" in capsys.readouterr().out

    def test_answers_otherwise_when_an_entry_has_changed(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It may be other money under an old reference, which nobody may miss."""
        run(tmp_path, csv_file(row("E1", "80.00", reference_of(1))))
        capsys.readouterr()

        assert run(tmp_path, csv_file(row("E1", "80.01", reference_of(1)))) == 1
        assert capsys.readouterr().out.splitlines()[0] == (
            "changed: entry E1 of 2026-03-05, 80.01 AZN: it was 80.00 AZN of 2026-03-05 before"
        )

    def test_takes_up_nothing_of_a_bad_file(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Good lines before the bad one included; then the file can be mended and brought again."""
        good = row("E1", "80.00", reference_of(1))

        assert run(tmp_path, csv_file(good, row("E2", "1,5"))) == 2
        assert "kassa: line 3: " in capsys.readouterr().err
        assert run(tmp_path, csv_file(good)) == 0
        assert capsys.readouterr().out.startswith("approved: entry E1")

    def test_needs_a_file(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """That is there."""
        assert main(["bank", "import", str(tmp_path / "none")]) == 1
        assert "none" in capsys.readouterr().err
