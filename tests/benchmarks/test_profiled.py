"""Whom a sample belongs to, and what the samples come to."""

import pytest

from benchmarks.cpu import Used
from benchmarks.profiled import NoProfile, component_of, profile_from

SERVING = ["process 1", "thread (0x1): waitress-0", "service (/lib/waitress/task.py:1)"]


class TestSamples:
    @pytest.mark.parametrize(
        ("innermost", "component"),
        [
            (["answer (/here/adapters/web/endpoint.py:4)"], "web adapter"),
            (["answer (/here/adapters/web/endpoint.py:4)", "lookup (<string>:1)"], "web adapter"),
            (
                ["flush (/here/adapters/sql/orders.py:4)", "dumps (/lib/json/__init__.py:2)"],
                "documents, JSON",
            ),
            (["run (/lib/sqlalchemy/engine/base.py:9)"], "SQLAlchemy"),
            ([], "falcon, waitress"),
        ],
    )
    def test_belong_to_the_innermost_that_is_known(self, innermost: list[str], component: str) -> None:
        """Generated code belongs to whoever called it."""
        assert component_of([*SERVING, *innermost]) == component

    def test_of_workers_are_theirs_whatever_they_do(self) -> None:
        """The relay writes rows too, but no request waits for it."""
        frames = ["process 1", "process 2", "thread (0x2): relay", "run (/lib/sqlalchemy/engine/base.py:9)"]

        assert component_of(frames) == "relay, janitor"

    def test_of_nothing_known_are_other(self) -> None:
        """They are not hidden in a component."""
        assert component_of(["process 1", "thread (0x3): x", "f (/lib/else.py:1)"]) == "other"


class TestProfile:
    def test_shares_what_was_spent(self) -> None:
        """The kernel's part is known and is not sampled."""
        lines = [
            ";".join([*SERVING, "answer (/here/adapters/web/endpoint.py:4)"]) + " 3",
            ";".join(SERVING) + " 1",
        ]

        profile = profile_from(lines, Used(user=4.0, system=2.0), checkouts=100)

        assert profile.components == {"web adapter": 30.0, "kernel": 20.0, "falcon, waitress": 10.0}
        assert profile.functions == {"web/endpoint.py answer": 30.0, "waitress/task.py service": 10.0}

    def test_is_not_made_of_nothing(self) -> None:
        """A service that nobody saw running was not profiled."""
        with pytest.raises(NoProfile):
            profile_from([], Used(1.0, 1.0), 10)
