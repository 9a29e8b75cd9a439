"""Every layer imports only what it may, and the domain neither reads a clock nor rolls dice."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STDLIB = frozenset(sys.stdlib_module_names)

# Modules through which a domain would reach outside, or which answer differently each time.
OUTSIDE = frozenset(
    {
        "asyncio",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "random",
        "secrets",
        "shutil",
        "signal",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "uuid",
        "http",
    }
)
CLOCK_CALLS = frozenset({"now", "utcnow", "today", "fromtimestamp", "monotonic", "perf_counter", "time"})
IO_CALLS = frozenset({"open", "print", "input", "exec", "eval", "__import__"})


def sources(folder: str) -> list[Path]:
    """The Python files below a folder, of which there is at least one."""
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files, f"{folder} has no files"
    return files


def imported(tree: ast.AST) -> Iterator[str]:
    """The dotted names that a file imports, wherever in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_of(folder: str) -> set[tuple[str, str]]:
    """Each file below a folder with each name it imports."""
    return {
        (str(file.relative_to(ROOT)), name)
        for file in sources(folder)
        for name in imported(ast.parse(file.read_text("utf-8")))
    }


def adapter_packages() -> list[str]:
    """The adapters, each a package or a module of its own."""
    entries = sorted((ROOT / "adapters").iterdir())
    names = {entry.stem for entry in entries if entry.suffix == ".py" or (entry / "__init__.py").exists()}
    return sorted(names - {"__init__"})


def family(adapter: str) -> str:
    """Modules beside a module of the same first name belong to it: memory and memory_tables."""
    return adapter.split("_")[0]


class TestDomain:
    def test_imports_only_itself_attrs_and_the_standard_library(self) -> None:
        """The rules of the shop need no framework."""
        strangers = [
            (file, name)
            for file, name in imports_of("domain")
            if name.split(".")[0] not in STDLIB | {"attrs", "domain"}
        ]

        assert strangers == []

    def test_imports_nothing_that_reaches_outside(self) -> None:
        """No file, socket, thread, log, clock or random number is ever at hand."""
        reaching = [
            (file, name)
            for file, name in imports_of("domain")
            if name.split(".")[0] in OUTSIDE or name.startswith(("urllib.request", "urllib.error"))
        ]

        assert reaching == []

    @pytest.mark.parametrize("file", sources("domain"), ids=lambda file: file.stem)
    def test_calls_no_clock_and_does_no_io(self, file: Path) -> None:
        """Time arrives as a value, and nothing is read, written or printed."""
        calls = [
            node.func for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Call)
        ]

        on_objects = {call.attr for call in calls if isinstance(call, ast.Attribute)}
        plain = {call.id for call in calls if isinstance(call, ast.Name)}

        assert on_objects & CLOCK_CALLS == set()
        assert plain & IO_CALLS == set()


class TestApplication:
    def test_imports_only_inwards(self) -> None:
        """Use cases know the domain and each other, and no library but attrs."""
        strangers = [
            (file, name)
            for file, name in imports_of("application")
            if name.split(".")[0] not in STDLIB | {"attrs", "domain", "application"}
        ]

        assert strangers == []


class TestAdapters:
    @pytest.mark.parametrize("adapter", adapter_packages())
    def test_know_neither_each_other_nor_the_wiring(self, adapter: str) -> None:
        """Each adapter can be taken out alone."""
        folder = ROOT / "adapters" / adapter
        seen = (
            imports_of(f"adapters/{adapter}")
            if folder.is_dir()
            else {
                (adapter, name) for name in imported(ast.parse(folder.with_suffix(".py").read_text("utf-8")))
            }
        )

        strangers = [
            (file, name)
            for file, name in seen
            if name.split(".")[0] in {"entrypoints", "tests", "benchmarks"}
            or (name.startswith("adapters.") and family(name.split(".")[1]) != family(adapter))
        ]

        assert strangers == []

    def test_are_all_looked_at(self) -> None:
        """A layer that is not there proves nothing."""
        assert {"gateways", "sandbox", "sql", "web"} <= set(adapter_packages())

    def test_share_nothing_with_the_sandbox(self) -> None:
        """The sandbox gateway stands for the outside world, so it runs on none of our code."""
        ours = [
            (file, name)
            for file, name in imports_of("adapters/sandbox")
            if name.split(".")[0] in {"application", "domain", "entrypoints"}
            or (name.startswith("adapters") and not name.startswith("adapters.sandbox"))
        ]

        assert ours == []


class TestTheGuardItself:
    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("import sqlalchemy.orm", "sqlalchemy.orm"),
            ("from adapters.sql import tables", "adapters.sql.tables"),
            ("def late() -> None:\n    import logging\n", "logging"),
        ],
    )
    def test_sees_every_kind_of_import(self, text: str, name: str) -> None:
        """An import inside a function counts like one at the top."""
        assert list(imported(ast.parse(text))) == [name]
