"""Settings of payment methods against their backends' schemas, and the backends themselves."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from adapters.gateways.manual import Manual, OfflineKind
from adapters.gateways.registry import backends
from adapters.gateways.sandbox import SCHEMA, Sandbox
from adapters.gateways.settings import ensure_valid, merged, public_settings
from adapters.gateways.transport import Transport
from application.backends import OfflineBackend, OfflineTerms, OnlineBackend
from application.gateways import Gateway
from domain.errors import Invalid

GOOD = {"base_url": "http://127.0.0.1:8081/bank", "api_key": "k_1", "signing_secret": "whsec_1"}


def pointers(settings: dict[str, Any], *, https_only: bool = False) -> list[str]:
    """Where sandbox settings are wrong."""
    with pytest.raises(Invalid) as caught:
        ensure_valid(SCHEMA, settings, https_only=https_only)
    return [mistake.pointer for mistake in caught.value.mistakes]


class TestEnsureValid:
    def test_accepts_what_the_backend_needs(self) -> None:
        """All three settings, nothing else."""
        ensure_valid(SCHEMA, GOOD)
        ensure_valid(SCHEMA, {**GOOD, "base_url": "HTTPS://bank.test"}, https_only=True)

    def test_names_each_missing_one(self) -> None:
        """All at once, so that nobody has to try thrice."""
        assert pointers({}) == [f"#/settings/{name}" for name in ("base_url", "api_key", "signing_secret")]

    def test_names_each_unknown_one(self) -> None:
        """As JSON Pointers, escaped and not longer than needed."""
        found = pointers({**GOOD, "a/b~c": 1, "d": 2, "x" * 500: 3})

        assert found == ["#/settings/a~1b~0c", "#/settings/d", f"#/settings/{'x' * 64}"]

    @pytest.mark.parametrize("value", [None, 1, True, [], {}, "", "with space", "ключ", "a\n", "x" * 513])
    def test_refuses_what_is_no_secret(self, value: object) -> None:
        """Nothing that could not travel in a header."""
        assert pointers({**GOOD, "api_key": value}) == ["#/settings/api_key"]

    @pytest.mark.parametrize(
        "url",
        [
            *("", "bank.test", "ftp://bank.test", "http://", "http://a:b@bank.test", "http://bank.test?a=b"),
            *(
                "http://bank.test/#a",
                "http://bank.test/?",
                "http://bank.test/#",
                "http://bank.test:0",
                "http://b c",
            ),
        ],
    )
    def test_refuses_what_is_no_base(self, url: str) -> None:
        """An absolute http(s) address without password, query or fragment."""
        assert pointers({**GOOD, "base_url": url}) == ["#/settings/base_url"]

    def test_wants_https_in_production(self) -> None:
        """And only there."""
        assert pointers(GOOD, https_only=True) == ["#/settings/base_url"]

    def test_says_what_is_wanted(self) -> None:
        """In words that help."""
        with pytest.raises(Invalid) as caught:
            ensure_valid(SCHEMA, {"base_url": 1, "api_key": "a b", "extra": 1})
        told = {mistake.pointer: mistake.detail for mistake in caught.value.mistakes}

        assert told == {
            "#/settings/base_url": "this has to be of type string",
            "#/settings/api_key": "this has to be a text of 1 to 512 visible ASCII characters",
            "#/settings/signing_secret": "this setting is missing",
            "#/settings/extra": "there is no such setting",
        }

    @given(st.sampled_from(sorted(GOOD)), st.text(min_size=12).map(lambda text: f"s3cret {text}"))
    def test_never_repeats_a_value(self, name: str, value: str) -> None:
        """Any value may be a secret put into the wrong field."""
        with pytest.raises(Invalid) as caught:
            ensure_valid(SCHEMA, {**GOOD, name: value})
        said = [caught.value.detail, *(mistake.detail for mistake in caught.value.mistakes)]

        assert not any("s3cret" in text for text in said)


class TestSecrets:
    def test_are_not_shown(self) -> None:
        """Only what the schema knows and does not mark as write-only."""
        assert public_settings(SCHEMA, {**GOOD, "left_over": "?"}) == {"base_url": GOOD["base_url"]}

    def test_stay_when_left_out(self) -> None:
        """Everything else is what the new settings say."""
        assert merged(SCHEMA, {**GOOD, "old": 1}, {"base_url": "http://b", "api_key": "k_2"}) == {
            "base_url": "http://b",
            "api_key": "k_2",
            "signing_secret": "whsec_1",
        }
        assert merged(SCHEMA, GOOD, {}) == {"api_key": "k_1", "signing_secret": "whsec_1"}

    def test_stay_out_of_what_is_printed(self) -> None:
        """Neither the adapter nor its backend shows them."""
        sandbox = Sandbox(Transport())

        assert "whsec_1" not in repr(sandbox.connect(GOOD)) and "k_1" not in repr(sandbox.connect(GOOD))


class TestBackends:
    def test_are_known_by_their_names(self) -> None:
        """Each with a schema that is one, and closed to unknown settings."""
        known = backends(Transport())

        assert {"manual", "sandbox", "wallet", "epoint"} <= known.keys()
        for name, backend in known.items():
            Draft202012Validator.check_schema(backend.settings_schema)
            assert (backend.name, backend.settings_schema["additionalProperties"]) == (name, False)

    def test_are_online_or_offline(self) -> None:
        """One of the two, so that the core can tell."""
        known = backends(Transport())

        for name, backend in known.items():
            is_offline = isinstance(backend, OfflineBackend)
            assert isinstance(backend, OnlineBackend) is not is_offline
            assert is_offline is (name in {"manual", "wallet"})

    def test_connect_without_a_call(self) -> None:
        """A connection is a value: nothing is opened until it is used."""
        sandbox = Sandbox(Transport())

        assert isinstance(sandbox.connect(GOOD), Gateway)
        assert sandbox.connect(GOOD) == sandbox.connect(GOOD)


class TestManual:
    def test_needs_no_settings(self) -> None:
        """Paid directly, without words, without a deadline."""
        ensure_valid(Manual.settings_schema, {})

        assert Manual().terms({}) == OfflineTerms()

    @pytest.mark.parametrize("kind", list(OfflineKind))
    def test_takes_each_kind(self, kind: OfflineKind) -> None:
        """With the shop's own words and deadlines."""
        settings = {"kind": str(kind), "instructions": "IBAN AZ00", "hold_minutes": 0.5, "due_days": 3}
        ensure_valid(Manual.settings_schema, settings)

        assert Manual().terms(settings) == OfflineTerms(
            instructions="IBAN AZ00", hold=timedelta(seconds=30), due=timedelta(days=3)
        )

    def test_gives_two_weeks_to_pay_in_advance(self) -> None:
        """Where the shop says nothing else; the other kinds have no end of their own."""
        due = {kind: Manual().terms({"kind": str(kind)}).due for kind in OfflineKind}

        assert due.pop(OfflineKind.PAY_IN_ADVANCE) == timedelta(days=14)
        assert set(due.values()) == {None}

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *(
                ("kind", "barter"),
                ("kind", None),
                ("kind", 1),
                ("instructions", 5),
                ("instructions", "x" * 2001),
            ),
            *(("hold_minutes", 0), ("hold_minutes", -1), ("hold_minutes", "30"), ("hold_minutes", True)),
            *(("hold_minutes", 10**9), ("hold_minutes", None), ("secret", "x")),
            *(("due_days", 0), ("due_days", 366), ("due_days", 1.5), ("due_days", True), ("due_days", "7")),
        ],
    )
    def test_refuses_what_makes_no_sense(self, name: str, value: object) -> None:
        """One mistake, at the setting in question."""
        with pytest.raises(Invalid) as caught:
            ensure_valid(Manual.settings_schema, {name: value})
        assert [mistake.pointer for mistake in caught.value.mistakes] == [f"#/settings/{name}"]

    def test_says_which_kinds_there_are(self) -> None:
        """The refusal lists them."""
        with pytest.raises(Invalid) as caught:
            ensure_valid(Manual.settings_schema, {"kind": "barter"})
        assert "cash_on_delivery" in caught.value.mistakes[0].detail
