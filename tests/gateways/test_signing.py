"""Signatures, held against vectors of others and against every single changed byte."""

import string
from urllib.parse import urlencode

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from adapters.gateways.signing import (
    ensure_timed_header,
    hmac_sha256_hex,
    query_signature,
    signed_query,
    timed_header,
)
from application.trouble import BadSignature

SECRET = "whsec_test_secret"
T = 1_700_000_000

# Computed with the vendor's own library, release 16.1.0.
S1_BODY = (
    b'{"id":"evt_1","object":"event","type":"checkout.session.completed","data":{"object":'
    b'{"id":"cs_1","object":"checkout.session","payment_status":"paid","amount_total":3075,"currency":"azn"}}}'
)
S1 = "b7d81a71867af0bb37d72c4a899f41d29f6a9f656554777f66222fb000969605"
S2_BODY = '{"id":"evt_ü","object":"event"}'.encode()
S2 = "094ceb7c57633a45ad71c5e1adcdaffa12687f23adf8df4ec70ad9bfb161d674"
ZEROS = "0" * 64


class TestTimedHeader:
    @pytest.mark.parametrize(("body", "v1"), [(S1_BODY, S1), (S2_BODY, S2)])
    def test_agrees_with_the_vendors_vectors(self, body: bytes, v1: str) -> None:
        """Made and checked as the vendor's library does."""
        assert timed_header(SECRET, body, T) == f"t={T},v1={v1}"
        ensure_timed_header(f"t={T},v1={v1}", SECRET, body, T)

    @given(st.text(min_size=1), st.text(st.characters(codec="utf-8")))
    def test_agrees_with_the_vendors_library(self, secret: str, body: str) -> None:
        """Whatever the secret and the body; the library reads what we sign."""
        header = timed_header("s" + secret, body.encode(), T)

        assert stripe.WebhookSignature.verify_header(body, header, "s" + secret)

    @pytest.mark.parametrize("off", [-300, -299, 0, 299, 300])
    def test_holds_for_five_minutes(self, off: int) -> None:
        """In either direction: clocks differ."""
        ensure_timed_header(f"t={T},v1={S1}", SECRET, S1_BODY, T + off)

    @pytest.mark.parametrize("off", [-86400, -301, 301, 86400])
    def test_does_not_hold_longer(self, off: int) -> None:
        """Neither old ones nor, unlike with the vendor's library, those from the future."""
        with pytest.raises(BadSignature):
            ensure_timed_header(f"t={T},v1={S1}", SECRET, S1_BODY, T + off)

    def test_holds_if_any_of_several_does(self) -> None:
        """While keys are rotated two sign; other schemes are not looked at."""
        ensure_timed_header(f"t={T},v1={ZEROS},v1={S1},v0=abc", SECRET, S1_BODY, T)

    @pytest.mark.parametrize(
        "header",
        [
            *(None, "", ",", "=", "t", "v1", f"t={T}", f"t={T},v1=", f"v1={S1}", f"t={T},v0={S1}"),
            *(f"t={T},v1={ZEROS}", f"t={T},v1={S1.upper()}", f"t={T},v1={S1} ", f"t={T},v1={S1[:-1]}"),
            *(f"t={T},t={T},v1={S1}", f"t={T + 1},v1={S1}", f"t=+{T},v1={S1}", f"t={T}.0,v1={S1}"),
            *(f"t={'9' * 5000},v1={S1}", "t=١٧,v1=é", f"t={T},v1=\udcff", f"T={T},V1={S1}"),
        ],
    )
    def test_refuses_all_else(self, header: str | None) -> None:
        """No time, two times, no v1, another v1, other letters."""
        with pytest.raises(BadSignature):
            ensure_timed_header(header, SECRET, S1_BODY, T)

    @pytest.mark.parametrize("body", [S1_BODY + b" ", b" " + S1_BODY, b"", S1_BODY[:-1], S2_BODY])
    def test_refuses_another_body(self, body: bytes) -> None:
        """The bytes as received, not what they mean."""
        with pytest.raises(BadSignature):
            ensure_timed_header(f"t={T},v1={S1}", SECRET, body, T)

    def test_refuses_every_changed_byte(self) -> None:
        """Each bit of each byte of body and header flipped in turn."""
        header = f"t={T},v1={S1}"
        held = 0
        for bit in range(7):
            flipped = [_flip(S1_BODY, at, bit) for at in range(len(S1_BODY))]
            headers = [_flip(header.encode(), at, bit).decode("latin-1") for at in range(len(header))]
            held += sum(_holds(header, body) for body in flipped)
            held += sum(_holds(changed, S1_BODY) for changed in headers)

        assert held == 0
        assert _holds(header, S1_BODY)

    def test_never_holds_without_a_secret(self) -> None:
        """An empty secret is everybody's secret."""
        with pytest.raises(BadSignature):
            ensure_timed_header(timed_header("", b"{}", T), "", b"{}", T)


def _flip(message: bytes, at: int, bit: int) -> bytes:
    return message[:at] + bytes([message[at] ^ (1 << bit)]) + message[at + 1 :]


def _holds(header: str, body: bytes) -> bool:
    try:
        ensure_timed_header(header, SECRET, body, T)
    except BadSignature:
        return False
    return True


FIELDS = [("payment_id", "pay_1"), ("merchant_ref", "r-1"), ("status", "captured"), ("ts", "1700000000")]


def _query(fields: list[tuple[str, str]] = FIELDS, secret: str = SECRET) -> str:
    return urlencode([*fields, ("sig", query_signature(secret, fields))])


class TestSignedQuery:
    def test_is_signed_over_the_sorted_fields(self) -> None:
        """As the sandbox's protocol says, written out."""
        text = b"merchant_ref=r-1&payment_id=pay_1&status=captured&ts=1700000000"

        assert query_signature(SECRET, FIELDS) == hmac_sha256_hex(SECRET, text)

    @given(
        st.dictionaries(
            st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda name: name != "sig"),
            st.text(st.characters(codec="utf-8")),
            max_size=8,
        ),
        st.randoms(),
    )
    def test_holds_in_any_order(self, fields: dict[str, str], random: "st.randoms") -> None:  # type: ignore[valid-type]
        """Browsers and servers in between may sort; what is said is the same."""
        pairs = [*fields.items(), ("sig", query_signature(SECRET, list(fields.items())))]
        random.shuffle(pairs)  # type: ignore[attr-defined]

        assert signed_query(urlencode(pairs), SECRET) == fields

    def test_refuses_every_changed_byte(self) -> None:
        """Each printable byte in place of each byte of the query."""
        query, held = _query(), 0
        for at, here in enumerate(query):
            for there in string.printable:
                if there != here:
                    held += _query_holds(query[:at] + there + query[at + 1 :])

        assert held == 0
        assert _query_holds(query)

    @pytest.mark.parametrize(
        "query",
        [
            *("", "sig=", "&", "a", "a=b", "sig=abc", "=&=", "a=%ff&sig=1", "a=b;sig=1"),
            *(_query(secret="other"), _query() + "&status=captured", _query() + "&sig=x"),
            *(_query() + "&extra=1", "&".join(["a=b"] * 60), _query([])[:-1]),
        ],
    )
    def test_refuses_all_else(self, query: str) -> None:
        """Unsigned, undecodable, ambiguous, with more or less in it than was signed."""
        with pytest.raises(BadSignature):
            signed_query(query, SECRET)

    def test_never_holds_without_a_secret(self) -> None:
        """An empty secret is everybody's secret."""
        with pytest.raises(BadSignature):
            signed_query(_query(secret=""), "")


def _query_holds(query: str) -> bool:
    try:
        signed_query(query, SECRET)
    except BadSignature:
        return False
    return True
