"""What is read from banks' files, and what is refused as a whole."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.bank import statements
from adapters.bank.reading import Statement, UnreadableStatement
from adapters.bank.statements import read_statement
from adapters.system import IsoCurrencies
from domain.bank import BankEntry
from domain.ids import PaymentId
from domain.money import Currency, Money
from domain.references import payments_named_in, reference_of
from tests.bank.files import HEADER, IBAN, camt_file, csv_file, entry, row, transfer
from tests.builders import azn

CURRENCIES = IsoCurrencies()
REFERENCE = reference_of(PaymentId(7))
DEBIT = "<CdtDbtInd>DBIT</CdtDbtInd>"


def read(content: bytes) -> Statement:
    """What the file says."""
    return read_statement(content, CURRENCIES)


def refusal(content: bytes) -> str:
    """Why the file is refused."""
    with pytest.raises(UnreadableStatement) as caught:
        read(content)
    return str(caught.value)


def booked(**fields: object) -> BankEntry:
    """The entry that the builders of files write when they are told nothing else."""
    told = {"account": IBAN, "reference": "E1", "booked_on": date(2026, 3, 5), "amount": azn(8000)}
    return BankEntry(**{**told, **fields})  # type: ignore[arg-type]


class TestCsv:
    def test_is_read_by_its_names(self) -> None:
        """In any order, other columns beside them, blank lines between."""
        content = (
            "\ufeffText;Amount; Booking Date;unknown;CURRENCY;Entry;IBAN\r\n"
            f'"for {REFERENCE}; thanks\nagain";80,00;05.03.2026;x;AZN;E1;az21 nabz 00000000137010001944\n'
            "\n"
            "refund;-1,50;2026-03-06;x;AZN;E2;AZ21NABZ00000000137010001944\n"
        ).encode()

        assert read(content) == Statement(
            (
                booked(text=f"for {REFERENCE}; thanks again"),
                booked(reference="E2", booked_on=date(2026, 3, 6), amount=azn(-150), text="refund"),
            )
        )

    def test_may_hold_what_no_database_keeps(self) -> None:
        """Some banks fill columns up with NUL."""
        (found,) = read(csv_file(row(text=f"\0{REFERENCE}\0\0thanks\0"))).entries

        assert found.text == f"{REFERENCE} thanks"

    @pytest.mark.parametrize(
        ("amount", "currency", "minor"),
        [
            *(("80", "AZN", 8000), ("80.5", "AZN", 8050), ("+80.05", "AZN", 8005), ("-0.01", "AZN", -1)),
            *(("1500", "JPY", 1500), ("1.500", "KWD", 1500), ("0", "AZN", 0)),
        ],
    )
    def test_counts_in_the_smallest_unit(self, amount: str, currency: str, minor: int) -> None:
        """By the currency's own decimals."""
        (found,) = read(csv_file(row(amount=amount, currency=currency))).entries

        assert (found.amount.minor, found.amount.currency.code) == (minor, currency)

    @pytest.mark.parametrize(
        "amount", ["", "1,234.50", "1.500", "80.001", "1'000", "8e3", "80.", ".5", "--5", "٣", "1" * 19]
    )
    def test_refuses_amounts_that_may_be_two(self, amount: str) -> None:
        """Thousands are never marked, and what looks like it is not guessed at."""
        assert refusal(csv_file(row(), f'{IBAN},E2,2026-03-05,"{amount}",AZN,x')).startswith("line 3: ")

    def test_refuses_two_kinds_of_decimal_marks(self) -> None:
        """In one file a point and a comma cannot both be the mark."""
        content = csv_file(row(amount="80.00"), f'{IBAN},E2,2026-03-05,"80,00",AZN,x')

        assert "which are decimals" in refusal(content)

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"", "parted by commas or by semicolons"),
            (b"account\n", "parted by commas or by semicolons"),
            (HEADER.replace(",", ";", 1).encode(), "parted by commas or by semicolons"),
            (b"\xff\xff", "UTF-8"),
            (csv_file(row(), header=HEADER.replace("amount", "sum")), "the column amount is missing"),
            (csv_file(row(), header=HEADER.replace("amount", "date")), "date stands there more than once"),
            (csv_file(f"{IBAN},E1"), "line 2: 2 cells instead of 6"),
            (csv_file('"a"b,1,2,3,4,5'), "line 2: "),
            (csv_file(row(currency="ABC")), "line 2: there is no currency 'ABC'"),
            (csv_file(row(amount="9" * 18)), "line 2: "),
            (csv_file(row(booked_on="03/04/2026")), "line 2: a day is"),
            (csv_file(row(booked_on="2026-02-30")), "line 2: there is no day"),
            (csv_file(row(reference="")), "line 2: the reference has"),
            (csv_file(row(reference="E\x1b[31m")), "line 2: the reference has"),
            (csv_file(row(account=" ")), "line 2: the account has"),
        ],
    )
    def test_refuses_what_it_cannot_be_sure_of(self, content: bytes, why: str) -> None:
        """The whole file, telling where."""
        assert why in refusal(content)


class TestCamt:
    @pytest.mark.parametrize("version", ["02", "04", "08", "13"])
    @pytest.mark.parametrize("status", ["<Sts>BOOK</Sts>", "<Sts><Cd>BOOK</Cd></Sts>", ""])
    def test_is_read_in_every_version(self, version: str, status: str) -> None:
        """The namespace and the shape of the status are all that changed for us."""
        namespace = f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"
        content = camt_file(entry(transfer("for", REFERENCE), status=status), namespace=namespace)

        assert read(content) == Statement((booked(text=f"for {REFERENCE}"),))

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "iso-8859-1"])
    def test_is_read_in_every_encoding(self, encoding: str) -> None:
        """That XML itself tells apart."""
        text = camt_file(entry(transfer("Für den Kessel"))).decode()
        declared = "utf-16" if "16" in encoding else encoding.removesuffix("-sig")
        text = text.replace('version="1.0"', f'version="1.0" encoding="{declared}"')
        mark = "\ufeff" if encoding == "utf-16-le" else ""

        assert read((mark + text).encode(encoding)).entries[0].text == "Für den Kessel"

    @pytest.mark.parametrize(
        "detail",
        [
            transfer(f"rent {REFERENCE}"),
            transfer(REFERENCE[:8], REFERENCE[8:]),
            transfer("thanks", structured=REFERENCE),
            transfer("thanks", end=REFERENCE),
        ],
    )
    def test_finds_the_reference_wherever_the_payer_wrote_it(self, detail: str) -> None:
        """In the words, broken across lines, or in a field of its own."""
        (found,) = read(camt_file(entry(detail))).entries

        assert payments_named_in(found.text) == {7}

    def test_takes_the_words_of_the_whole_entry_too(self) -> None:
        """Some banks put them there, and number entries by themselves."""
        more = f"<AddtlNtryInf>{REFERENCE}</AddtlNtryInf>"
        content = camt_file(
            entry(more=more, reference="<NtryRef>12</NtryRef>", day="<ValDt><Dt>2026-03-05</Dt></ValDt>"),
            account="<Othr><Id>4711</Id></Othr>",
        )

        assert read(content).entries == (booked(account="4711", reference="12", text=REFERENCE),)

    def test_tells_what_went_out_and_what_is_not_booked(self) -> None:
        """Money that went needs no reference; what is only announced is counted."""
        content = camt_file(
            entry(direction=DEBIT, reference="", day="<BookgDt><DtTm>2026-03-05T10:30:00</DtTm></BookgDt>"),
            entry(status="<Sts>PDNG</Sts>"),
            entry(status="<Sts><Cd>INFO</Cd></Sts>"),
        )

        assert read(content) == Statement((booked(amount=azn(-8000), reference="none"),), pending=2)

    @pytest.mark.parametrize("said", ["true", "1"])
    @pytest.mark.parametrize(("direction", "minor"), [("CRDT", 8000), ("DBIT", -8000)])
    def test_keeps_what_reverses_an_entry_apart(self, said: str, direction: str, minor: int) -> None:
        """Under a name of its own, for it may bear that of the entry that it undoes."""
        content = camt_file(
            entry(more="<RvslInd>false</RvslInd>"),
            entry(direction=f"<CdtDbtInd>{direction}</CdtDbtInd>", more=f"<RvslInd>{said}</RvslInd>"),
        )

        undone = booked(reference="E1/reversed", amount=azn(minor))
        assert read(content) == Statement((booked(),), reversals=(undone,))

    def test_parts_what_was_booked_together(self) -> None:
        """Each transfer is an entry of its own where all of them tell what they brought."""
        content = camt_file(entry(transfer("a", amount="30.00"), transfer("b", amount="50.00")))

        assert read(content).entries == (
            booked(reference="E1/1", amount=azn(3000), text="a"),
            booked(reference="E1/2", amount=azn(5000), text="b"),
        )

    @pytest.mark.parametrize(
        "transfers",
        [
            (transfer("a", amount="30.00"), transfer("b", amount="50.01")),
            (transfer("a", amount="30.00"), transfer("b")),
        ],
    )
    def test_leaves_together_what_does_not_add_up(self, transfers: tuple[str, ...]) -> None:
        """Then the whole counts, with everybody's words."""
        assert read(camt_file(entry(*transfers))).entries == (booked(text="a b"),)

    def test_counts_in_the_smallest_unit(self) -> None:
        """Zeros too many mean nothing in XML."""
        (found,) = read(camt_file(entry(amount="1500.00", currency="JPY"))).entries

        assert found.amount == Money(1500, Currency("JPY", 0))

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"<Document/>", "not a statement in CAMT.053"),
            (camt_file(namespace="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"), "not a statement"),
            (camt_file()[:-5], "line 1: "),
            (camt_file(before="<!DOCTYPE Document>"), "no document type"),
            (camt_file(before='<!DOCTYPE D [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), "no document type"),
            (camt_file(before='<!DOCTYPE D [<!ENTITY a "b"><!ENTITY c "&a;&a;">]>'), "no document type"),
            (camt_file(entry(more="&x;")), "line 1: "),
            (camt_file("<A>" * 60 + "</A>" * 60), "too deep"),
            (camt_file("<Ntry/>"), "statement 1, entry 1: it has no amount"),
            (camt_file(entry(), entry(direction="")), "entry 2: it does not say whether money came or went"),
            (camt_file(entry(amount="-80.00")), "whether money came or went"),
            (camt_file(entry(more="<RvslInd>yes</RvslInd>")), "whether it reverses an earlier entry"),
            (camt_file(entry(amount="80,00")), "is not an amount"),
            (camt_file(entry(amount="80.001")), "is not an amount"),
            (camt_file(entry(currency="")), "there is no currency"),
            (camt_file(entry(reference="")), "the reference has"),
            (camt_file(entry(), account=""), "the account has"),
            (camt_file(entry(day="")), "a day is"),
        ],
    )
    def test_refuses_what_it_cannot_be_sure_of(self, content: bytes, why: str) -> None:
        """The whole file, telling where; and everything by which XML reads what is not in it."""
        assert why in refusal(content)


class TestStatements:
    def test_have_an_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file too large is not looked at."""
        monkeypatch.setattr(statements, "FILE_BYTES_MAX", 3)

        assert "at most" in refusal(b"abcd")

    @given(st.binary() | st.binary().map(lambda body: b"<" + body))
    def test_are_read_or_refused(self, content: bytes) -> None:
        """Nothing else comes of any bytes."""
        assert refusal(content)

    @given(st.data())
    def test_are_read_or_refused_when_spoilt(self, data: st.DataObject) -> None:
        """One byte of a good file changed, and it is a statement or it is none."""
        good = data.draw(st.sampled_from([camt_file(entry(transfer(REFERENCE))), csv_file(row(text="x"))]))
        place = data.draw(st.integers(0, len(good) - 1))
        spoilt = good[:place] + data.draw(st.binary(min_size=1, max_size=1)) + good[place + 1 :]

        try:
            read(spoilt)
        except UnreadableStatement as unreadable:
            assert str(unreadable)
