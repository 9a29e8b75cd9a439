"""The clock, chance, sealed secrets, slow hashes and currencies."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from hypothesis import given
from hypothesis import strategies as st

import adapters.system
from adapters.system import Argon2Passwords, IsoCurrencies, RandomKeys, SecretVault, SystemClock
from domain.errors import Unavailable
from domain.money import Currency

VAULT = SecretVault("the shop's secret")


@pytest.fixture
def passwords() -> Argon2Passwords:
    """Hashes that take no time."""
    return Argon2Passwords(PasswordHasher.from_parameters(CHEAPEST))


class TestSystemClock:
    """The machine's time."""

    def test_is_aware_and_in_utc(self) -> None:
        """Every moment that the core sees has a zone, and it is UTC."""
        first, second = SystemClock().now(), SystemClock().now()

        assert first.tzinfo is UTC
        assert timedelta(0) <= second - first < timedelta(minutes=1)


class TestRandomKeys:
    """Random names."""

    @pytest.mark.parametrize("name", ["order_key", "gateway_order_id", "cart_id", "checkout_id"])
    def test_never_repeats(self, name: str) -> None:
        """A thousand names of each kind, all different and of 128 bits at least."""
        made = {getattr(RandomKeys(), name)() for _ in range(1000)}

        assert len(made) == 1000
        assert min(len(each) for each in made) * 6 >= 128

    def test_makes_references_that_gateways_take(self) -> None:
        """Letters and digits, at most 36, no twelve digits in a row."""
        for _ in range(1000):
            reference = RandomKeys().gateway_order_id()

            assert re.fullmatch(r"[a-z2-7]{26,36}", reference)
            assert not re.search(r"[0-9]{12}", reference)

    def test_draws_again_what_looks_like_a_card(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A reference with twelve digits in a row could be taken for a card number."""
        drawn = iter([b"\xd6\xb5\xad\x6b\x5a" * 4, bytes(20)])
        monkeypatch.setattr(adapters.system.secrets, "token_bytes", lambda _: next(drawn))

        assert RandomKeys().gateway_order_id() == "a" * 32


class TestSecretVault:
    """Sealed texts."""

    @given(st.text(st.characters(exclude_categories=["Cs"])))
    def test_opens_what_it_sealed(self, text: str) -> None:
        """Whatever the text, and nothing of it shows."""
        sealed = VAULT.seal(text)

        assert VAULT.open(sealed) == text
        assert len(text) < 8 or text not in sealed

    def test_seals_differently_each_time(self) -> None:
        """Whoever sees two sealed texts cannot tell that they are the same."""
        assert VAULT.seal("the same") != VAULT.seal("the same")

    def test_opens_what_an_old_secret_sealed(self) -> None:
        """A secret can be replaced without losing what it sealed; the new one seals from now on."""
        sealed = SecretVault("old").seal("kept")
        both = SecretVault("new", old=["older", "old"])

        assert both.open(sealed) == "kept"
        assert SecretVault("new").open(both.seal("fresh")) == "fresh"

    @pytest.mark.parametrize("damage", ["", "x", "gAAAAA", "é"])
    def test_opens_nothing_else(self, damage: str) -> None:
        """Neither what another secret sealed nor what was altered."""
        sealed = VAULT.seal("text")

        with pytest.raises(ValueError, match="secret"):
            SecretVault("another").open(sealed)
        with pytest.raises(ValueError, match="secret"):
            VAULT.open(damage + sealed[5:])


class TestArgon2Passwords:
    """Slow hashes."""

    def test_knows_the_right_one(self, passwords: Argon2Passwords) -> None:
        """And no other; the hash does not tell the password."""
        hashed = passwords.hash("correct horse")

        assert passwords.matches(hashed, "correct horse")
        assert not passwords.matches(hashed, "battery staple")
        assert hashed.startswith("$argon2id$")
        assert passwords.hash("correct horse") != hashed

    def test_checks_as_long_for_nobody(
        self, passwords: Argon2Passwords, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An unknown address costs the same hash as a known one, and never matches."""
        verified: list[str] = []
        verify = PasswordHasher.verify

        def counted(self: PasswordHasher, hashed: str, password: str) -> bool:
            verified.append(hashed)
            return verify(self, hashed, password)

        monkeypatch.setattr(PasswordHasher, "verify", counted)

        assert not passwords.matches(None, "anything")
        assert len(verified) == 1

    def test_uses_the_default_profile_unless_told(self) -> None:
        """64 MiB and three passes, as RFC 9106's second recommendation has it."""
        assert "m=65536,t=3,p=4" in Argon2Passwords().hash("password")

    def test_checks_only_a_few_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever cannot be served in time is told to come again; then there is room."""
        monkeypatch.setattr("adapters.system.PATIENCE_SECONDS", 0.01)
        alone = Argon2Passwords(PasswordHasher.from_parameters(CHEAPEST), at_once=1)

        def while_checking(*_: object) -> bool:
            with ThreadPoolExecutor(1) as pool, pytest.raises(Unavailable):
                pool.submit(alone.hash, "other").result()
            return True

        with monkeypatch.context() as patched:
            patched.setattr(PasswordHasher, "verify", while_checking)
            assert alone.matches("$argon2id$", "password")

        assert alone.hash("other")


class TestIsoCurrencies:
    """The currencies there are."""

    @pytest.mark.parametrize(
        ("code", "exponent"), [("AZN", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("MGA", 2)]
    )
    def test_knows_exponents(self, code: str, exponent: int) -> None:
        """As the standard has them, not as cash is rounded."""
        assert IsoCurrencies().get(code) == Currency(code, exponent)

    @pytest.mark.parametrize("code", ["XAU", "XTS", "azn", "AZ", "", "ZZZ"])
    def test_knows_no_others(self, code: str) -> None:
        """Neither gold nor test codes nor other spellings."""
        assert IsoCurrencies().get(code) is None
