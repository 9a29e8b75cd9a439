"""What is counted: processor time, statements as the database sees them, pgbench's own words."""

import os
import subprocess
import sys
import time

import pytest
from sqlalchemy import UpdateBase

from benchmarks import floor_statements as floor
from benchmarks import pgbench
from benchmarks.cpu import TICKS_PER_SECOND, Process, Used, used, used_by_tree
from benchmarks.database import more_calls

BUSY = "import time\nwhile time.process_time() < 0.3: pass"


class TestProcessorTime:
    def test_reads_a_line_whatever_the_program_is_called(self) -> None:
        """Names may hold brackets and blanks."""
        ticks = [str(seconds * TICKS_PER_SECOND) for seconds in (10, 20, 3, 4)]
        fields = " ".join(["S", "7", *["0"] * 9, *ticks, *["9"] * 20])

        assert Process.read(f"42 (odd) name (x)) {fields}") == Process(42, 7, Used(user=13, system=24))

    def test_counts_children_and_theirs(self) -> None:
        """Those of others are left out."""
        told = {1: (0, 1), 2: (1, 10), 3: (2, 100), 4: (9, 1000)}
        processes = {pid: Process(pid, parent, Used(user)) for pid, (parent, user) in told.items()}

        assert used_by_tree(1, processes).total == 111

    def test_counts_a_child_that_runs_and_one_that_has_ended(self) -> None:
        """A worker that was replaced has cost something too."""
        before = used(os.getpid()).total
        subprocess.run([sys.executable, "-c", BUSY], check=True)
        ended = used(os.getpid()).total
        with subprocess.Popen([sys.executable, "-c", f"{BUSY}\ninput()"], stdin=subprocess.PIPE) as running:
            deadline = time.monotonic() + 30
            while used(running.pid).total < 0.25 and time.monotonic() < deadline:
                time.sleep(0.01)
            both = used(os.getpid()).total
            running.kill()

        assert ended - before >= 0.25
        assert both - ended >= 0.25


class TestStatements:
    def test_in_between_are_told_apart(self) -> None:
        """What ran before does not count, nor what did not run again."""
        before, after = {"a": 5, "b": 2}, {"a": 7, "b": 2, "c": 1}

        assert more_calls(before, after) == {"a": 2, "c": 1}


class TestPgbench:
    def test_runs_the_floors_statements(self) -> None:
        """Every parameter has become an expression, and what is drawn is kept."""
        script = pgbench.script(first_customer=5)

        assert "%(" not in script
        assert script.count("BEGIN;") == script.count("COMMIT;") == 4
        assert script.startswith("\\set customer :client_id + 5\n")
        assert "SELECT nextval('order_ids') AS \"order\", nextval('payment_ids') AS payment \\gset" in script

    def test_writes_all_that_the_floor_writes(self) -> None:
        """And reads nothing but the numbers."""
        named = {name: value for name, value in vars(floor).items() if name.isupper()}
        writes = {value for value in named.values() if isinstance(value, UpdateBase)}
        run = {step[0] for transaction in pgbench.TRANSACTIONS for step in transaction}

        assert run == writes | {floor.NUMBERS}

    def test_is_believed_at_its_word(self) -> None:
        """It says how many, and how fast."""
        told = (
            "number of transactions actually processed: 4721\ntps = 1180.25 (without initial connection time)"
        )

        assert pgbench.read(told) == pgbench.Written(4721, 1180.25)

    @pytest.mark.parametrize(
        "told",
        [
            "",
            "number of failed transactions: 1\nnumber of transactions actually processed: 9\ntps = 9.0",
        ],
    )
    def test_is_not_content_with_less(self, told: str) -> None:
        """A run that failed in part has written something else."""
        with pytest.raises(RuntimeError):
            pgbench.read(told)
