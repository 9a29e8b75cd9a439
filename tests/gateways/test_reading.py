"""Reading JSON from strangers."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.gateways import reading
from adapters.gateways.reading import Unreadable, is_web_address, read_object


class TestReadObject:
    def test_reads_json_exactly(self) -> None:
        """Whole numbers stay whole, fractions become decimals."""
        body = '{"a": 4000, "b": 40.10, "c": ["ü", null, true], "d": {"e": 1e2}}'.encode()

        assert read_object(body) == {
            "a": 4000,
            "b": Decimal("40.10"),
            "c": ["ü", None, True],
            "d": {"e": Decimal(100)},
        }

    @pytest.mark.parametrize(
        "body",
        [
            *(
                b"",
                b"{",
                b"null",
                b"[]",
                b'"a"',
                b"{'a': 1}",
                b'{"a": 1}x',
                b"\xef\xbb\xbf{}",
                b'{"a": "\xff"}',
            ),
            *(b'{"a": NaN}', b'{"a": Infinity}', b'{"a": -Infinity}', b'{"a": 1, "a": 1}', b'{"a": "\n"}'),
            *(
                b'{"a": ' + b"1" * 5000 + b"}",
                b'{"a": 1e999999999}',
                b'{"a": 1e-999}',
                b'{"a": 0.' + b"1" * 40 + b"}",
            ),
            *(b'{"a":' * 100_000, b'{"a":' + b"[" * 20 + b"]" * 20 + b"}", '{"a": 1}'.encode("utf-16")),
        ],
    )
    def test_refuses_all_else(self, body: bytes) -> None:
        """No JSON, no object, nothing that two readers could read differently or that explodes."""
        with pytest.raises(Unreadable):
            read_object(body)

    @given(st.binary())
    def test_reads_or_refuses_anything(self, body: bytes) -> None:
        """Never anything but an object or Unreadable."""
        outcome: object
        try:
            outcome = read_object(body)
        except Unreadable as error:
            outcome = error
        assert isinstance(outcome, dict | Unreadable)


class TestFields:
    @pytest.mark.parametrize("value", ["4000", Decimal(4000), 4000.0, True, None, -1, 10**18, [1], {}])
    def test_takes_only_whole_amounts(self, value: object) -> None:
        """Whatever a generous reader would make of it."""
        with pytest.raises(Unreadable):
            reading.minor({"amount": value}, "amount")

    @pytest.mark.parametrize("value", [0, 1, 10**18 - 1])
    def test_takes_every_whole_amount(self, value: int) -> None:
        """Up to eighteen digits."""
        assert reading.minor({"amount": value}, "amount") == value
        assert reading.minor_or_none({"amount": value}, "amount") == value

    def test_takes_null_for_missing(self) -> None:
        """Where a field may be missing, it may be null."""
        for fields in ({}, {"a": None}):
            assert reading.minor_or_none(fields, "a") is None
            assert reading.word_or_none(fields, "a") is None

    @pytest.mark.parametrize("value", ["", " ", "a b", "ü", "a\n", "a\x00", "x" * 256, 1, None, ["a"]])
    def test_takes_only_plain_words(self, value: object) -> None:
        """Identifiers that a database, a log and a path can hold."""
        with pytest.raises(Unreadable):
            reading.word({"id": value}, "id")

    @pytest.mark.parametrize("value", [None, [], "a", 1])
    def test_takes_only_objects_for_objects(self, value: object) -> None:
        """Nothing else has fields."""
        with pytest.raises(Unreadable):
            reading.inner({"a": value}, "a")

    @pytest.mark.parametrize(
        "text",
        [
            *(
                "",
                "bank.test/pay",
                "//bank.test/pay",
                "/pay",
                "javascript:alert(1)",
                "ftp://bank.test/",
                "http://",
            ),
            *(
                "http:///pay",
                "http://a@bank.test/",
                "http://a:b@bank.test/",
                "http://@bank.test/",
                "http://[::1/",
            ),
            *(
                "http://bank.test:99999/",
                "http://bank.test:0/",
                "http://bank.test:x/",
                "http:bank.test",
                "http:/b",
            ),
            *(
                "http://bank.test/a b",
                "http://bank.test/\n",
                " http://bank.test",
                "http://bank.test\\@evil.test/",
            ),
            *(
                "http://bänk.test/",
                "http://:80/",
                "http://" + "a" * 3000,
                'data:text/html,"',
                "http://?a",
                "http://#a",
            ),
        ],
    )
    def test_takes_only_addresses_a_browser_can_go_to(self, text: str) -> None:
        """Absolute, http or https, a host, nothing that reads differently elsewhere."""
        assert not is_web_address(text)
        with pytest.raises(Unreadable):
            reading.web_address({"next_step": text}, "next_step")

    @pytest.mark.parametrize(
        "text",
        ["http://127.0.0.1:8080/pay/1", "https://bank.test", "HTTPS://Bank.test/a?b=c#d", "http://[::1]:1/"],
    )
    def test_takes_every_such_address(self, text: str) -> None:
        """As it stands."""
        assert reading.web_address({"next_step": text}, "next_step") == text
