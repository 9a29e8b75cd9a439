"""Settings: what each variable takes, and how it is told that one makes no sense."""

from datetime import timedelta

import pytest

from entrypoints.settings import DEVELOPMENT_SECRET, Settings, SettingsError

LONG = "x" * 32
FIT = {"KASSA_ENV": "production", "KASSA_SECRET": LONG, "KASSA_PUBLIC_URL": "https://pay.shop.example"}


def complaint(environment: dict[str, str]) -> str:
    """What is said of an environment that makes no sense."""
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment(environment)
    return str(refused.value)


class TestGoodSettings:
    def test_all_have_defaults(self) -> None:
        """An empty environment is a developer's."""
        assert Settings.from_environment({}) == Settings()

    @pytest.mark.parametrize(
        ("variable", "text", "field", "value"),
        [
            (
                "DATABASE_URL",
                "sqlite:////var/lib/kassa/shop.db",
                "database_url",
                "sqlite:////var/lib/kassa/shop.db",
            ),
            *(
                ("DATABASE_URL", url, "database_url", url)
                for url in (
                    "postgresql://kassa@db.example/shop",
                    "postgresql://kassa:p%40ss@db.example:5432/shop?sslmode=verify-full",
                    "postgresql:///shop?host=/run/postgresql",
                )
            ),
            ("PGBOUNCER", "1", "pgbouncer", True),
            ("HOST", "::1", "host", "::1"),
            ("PORT", "0", "port", 0),
            ("PORT", "65535", "port", 65535),
            ("PUBLIC_URL", "http://10.0.0.7:8080/pay/", "public_url", "http://10.0.0.7:8080/pay"),
            ("SECRET", "short", "secret", "short"),
            (
                "SUCCESS_URL",
                "https://shop.example/paid?lang=az",
                "success_url",
                "https://shop.example/paid?lang=az",
            ),
            ("FAILURE_URL", "http://shop.example/", "failure_url", "http://shop.example/"),
            ("RETURN_ORIGINS", "", "return_origins", ()),
            (
                "RETURN_ORIGINS",
                "https://Shop.example:443/, http://127.0.0.1:3000,",
                "return_origins",
                ("https://shop.example", "http://127.0.0.1:3000"),
            ),
            ("HOLD_MINUTES", "0.05", "hold_minutes", 0.05),
            ("HOLD_MINUTES", ".5", "hold_minutes", 0.5),
            ("HOLD_MINUTES", "1e-05", "hold_minutes", 0.00001),
            ("JANITOR_SECONDS", "0.3", "janitor_seconds", 0.3),
            ("KEEP_EVENTS_DAYS", "0.5", "keep_events_days", 0.5),
            ("KEEP_CALLBACKS_DAYS", "36500", "keep_callbacks_days", 36500.0),
            ("KEEP_CARTS_DAYS", "7", "keep_carts_days", 7.0),
            ("GATEWAY_TIMEOUT_SECONDS", "30", "gateway_timeout_seconds", 30.0),
            ("PROCESSES", "8", "processes", 8),
            ("THREADS", "256", "threads", 256),
            ("ADDRESS_LIMITS", "1", "address_limits", True),
            ("ENV", "development", "is_production", False),
        ],
    )
    def test_are_taken(self, variable: str, text: str, field: str, value: object) -> None:
        """Each variable sets its own field and nothing else."""
        settings = Settings.from_environment({f"KASSA_{variable}": text})

        assert getattr(settings, field) == value

    def test_of_others_are_ignored(self) -> None:
        """A variable that a later version will know does not stop this one."""
        assert Settings.from_environment({"KASSA_NOT_YET": "1", "PATH": "/bin"}) == Settings()

    def test_become_the_rules_of_the_core(self) -> None:
        """Minutes and seconds turn into spans of time."""
        settings = Settings(hold_minutes=0.5, janitor_seconds=2, return_origins=("https://shop.example",))

        policy = settings.policy("http://pay.test")

        assert (policy.hold, policy.first_look) == (timedelta(seconds=30), timedelta(seconds=2))
        assert (policy.public_url, policy.return_origins) == ("http://pay.test", ("https://shop.example",))

    def test_tell_where_the_service_is_likely_to_be(self) -> None:
        """A worker does not listen, yet has to tell gateways where to call."""
        assert Settings(port=81).likely_url == "http://127.0.0.1:81"
        assert Settings(public_url="https://pay.test").likely_url == "https://pay.test"

    def test_do_not_show_their_secret(self) -> None:
        """Whoever prints settings must not print that."""
        assert LONG not in repr(Settings(secret=LONG))


class TestBadSettings:
    @pytest.mark.parametrize(
        ("variable", "text"),
        [
            ("DATABASE_URL", ""),
            ("DATABASE_URL", "sqlite:///"),
            ("DATABASE_URL", "sqlite:///:memory:"),
            ("DATABASE_URL", "sqlite:///shop.db?mode=ro"),
            ("DATABASE_URL", "mysql://shop"),
            ("DATABASE_URL", "postgresql+psycopg2://kassa@db.example/shop"),
            ("DATABASE_URL", "postgresql://kassa@db.example:port/shop"),
            ("DATABASE_URL", "postgresql://kassa@db.example/"),
            ("DATABASE_URL", "postgresql://kassa@[::1/shop"),
            ("PGBOUNCER", "yes"),
            ("HOST", ""),
            ("HOST", "a\nb"),
            ("PORT", "-1"),
            ("PORT", "65536"),
            ("PORT", "８０"),
            ("PORT", "1" * 5000),
            ("PORT", ""),
            ("PUBLIC_URL", "pay.example"),
            ("PUBLIC_URL", "https://pay.example/?a=1"),
            ("PUBLIC_URL", ""),
            ("SECRET", ""),
            ("SUCCESS_URL", "javascript:alert(1)"),
            ("FAILURE_URL", "https://shop.example/#paid"),
            ("RETURN_ORIGINS", "https://shop.example/path"),
            ("RETURN_ORIGINS", "https://shop.example?x"),
            ("RETURN_ORIGINS", "*"),
            ("HOLD_MINUTES", "0"),
            ("HOLD_MINUTES", "nan"),
            ("HOLD_MINUTES", "1e9"),
            ("JANITOR_SECONDS", "soon"),
            ("JANITOR_SECONDS", "-1"),
            ("GATEWAY_TIMEOUT_SECONDS", "31"),
            ("PROCESSES", "0"),
            ("PROCESSES", "65"),
            ("THREADS", "0"),
            ("THREADS", "1_0"),
            ("ADDRESS_LIMITS", "yes"),
            ("ENV", "Production"),
        ],
    )
    def test_are_refused_by_name(self, variable: str, text: str) -> None:
        """The operator reads which variable it is, in one short line."""
        said = complaint({f"KASSA_{variable}": text})

        assert said.startswith(f"KASSA_{variable}: ")
        assert len(said) < 130

    @pytest.mark.parametrize("variable", ["PUBLIC_URL", "SUCCESS_URL", "RETURN_ORIGINS", "DATABASE_URL"])
    def test_do_not_repeat_a_password(self, variable: str) -> None:
        """Addresses hold passwords, and complaints end up in logs."""
        assert "hunter2" not in complaint({f"KASSA_{variable}": "https://me:hunter2@shop.example"})


class TestProduction:
    def test_starts_when_fit(self) -> None:
        """A secret of its own and an https address are enough."""
        assert Settings.from_environment(FIT).is_production

    @pytest.mark.parametrize(
        ("changed", "named"),
        [
            ({"KASSA_SECRET": DEVELOPMENT_SECRET}, "KASSA_SECRET"),
            ({"KASSA_SECRET": "x" * 31}, "KASSA_SECRET"),
            ({"KASSA_PUBLIC_URL": "http://pay.shop.example"}, "KASSA_PUBLIC_URL"),
        ],
    )
    def test_refuses_what_is_unsafe(self, changed: dict[str, str], named: str) -> None:
        """Each by its own name, and never with its value."""
        said = complaint({**FIT, **changed})

        assert said.startswith(f"{named}: production ")
        assert changed[named] not in said

    @pytest.mark.parametrize("missing", ["KASSA_SECRET", "KASSA_PUBLIC_URL"])
    def test_has_no_defaults_for_what_is_secret_or_public(self, missing: str) -> None:
        """A forgotten variable is as bad as a wrong one."""
        assert complaint({name: value for name, value in FIT.items() if name != missing}).startswith(missing)
