"""`kassa conformance BACKEND`: what it says of each case, and what it answers."""

import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from entrypoints.cli import main
from entrypoints.conformance.command import OURS
from entrypoints.conformance.recordings import UnreadableRecordings, read_recordings
from tests.entrypoints.distributions import SOUND, offer

Told = Callable[..., tuple[int, str, str]]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    """Runs the command; answers its code and what it wrote."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main(["conformance", *map(str, arguments)])
        return code, *capsys.readouterr()

    return run


def recorded(name: str) -> Any:
    """What comes with a backend of ours, to be changed."""
    return json.loads((OURS / f"{name}.json").read_text("utf-8"))


class TestTheReport:
    def test_names_each_case_and_counts_them(self, told: Told) -> None:
        """With 0 where all of them hold, and without what adapters log."""
        code, out, err = told("paynow", "--case", "refund/is-in-doubt")

        assert (code, err) == (0, "")
        assert "passed    refund/is-in-doubt-after:500\n" in out
        assert out.endswith("backend paynow: 13 passed, 0 FAILED, 0 left out\n")
        assert not any(isinstance(each, logging.NullHandler) for each in logging.getLogger().handlers)

    def test_says_what_did_not_hold(self, told: Told, tmp_path: Path) -> None:
        """By the case's name, with 1."""
        changed = recorded("paynow")
        changed["situations"]["ask"][0]["words"]["CONFIRMED"] = "failed"
        (tmp_path / "changed.json").write_text(json.dumps(changed), "utf-8")

        code, out, _ = told("paynow", "--recordings", tmp_path / "changed.json", "--case", "ask/failed")

        assert code == 1
        assert "FAILED    ask/failed:CONFIRMED: it was taken for succeeded, and means failed\n" in out
        assert "passed    ask/failed:REJECTED\n" in out

    def test_tells_once_what_is_left_out_and_why(self, told: Told) -> None:
        """However many cases that would have been."""
        _, out, _ = told("paynow", "--case", "ask/no-amount")

        assert out == (
            "left out  ask/no-amount-is-guessed-from: v3 tells no amounts\n"
            "backend paynow: 0 passed, 0 FAILED, 1 left out\n"
        )

    def test_may_leave_out_only_what_there_is(self, told: Told, tmp_path: Path) -> None:
        """A reason for nothing hides a case that is called otherwise now."""
        changed = recorded("paynow")
        changed["left_out"]["ask/nothing-of-the-kind"] = "it was renamed"
        (tmp_path / "changed.json").write_text(json.dumps(changed), "utf-8")

        code, out, _ = told("paynow", "--recordings", tmp_path / "changed.json", "--case", "left-out/")

        assert code == 1 and "there is no case ask/nothing-of-the-kind to leave out" in out

    def test_is_short_for_whom_nobody_asks(self, told: Told) -> None:
        """Settings and terms are all that there is."""
        code, out, _ = told("manual")

        assert code == 0 and "passed    terms/are-told\n" in out and "ask/" not in out


class TestWhatCannotBeDone:
    @pytest.mark.parametrize(
        ("arguments", "why"),
        [
            (["nobody"], "there is no backend nobody, but epoint, manual"),
            (["paynow", "--case", "nothing"], "no case of backend paynow begins with nothing"),
            (["paynow", "--recordings", "/nowhere/to/be/found"], "No such file"),
        ],
    )
    def test_is_said(self, told: Told, arguments: list[str], why: str) -> None:
        """With a code other than that of a failure to conform where it was asked wrongly."""
        code, out, err = told(*arguments)

        assert code == (1 if "No such" in why else 2) and not out
        assert err.startswith("kassa: ") and why in err

    @pytest.mark.parametrize(
        ("change", "where"),
        [
            (lambda told: told.pop("settings"), "the file: 'settings' is a required property"),
            (lambda told: told["settings"].pop("base_url"), "settings: none is {base_url}"),
            (lambda told: told["bill"].update(amount="30.75"), "bill/amount: "),
            (lambda told: told["situations"].update(pay=[]), "situations: "),
            (lambda told: told["situations"]["ask"][0].pop("words"), "situations/ask/0: "),
            (
                lambda told: told["situations"]["ask"][0]["words"].update(X="paid"),
                "situations/ask/0/words/X: ",
            ),
            (lambda told: told["callbacks"][0].update(means="paid"), "callbacks/0/means: "),
        ],
    )
    def test_is_said_of_recordings_by_place(self, change: Callable[[Any], object], where: str) -> None:
        """For whoever writes them by hand."""
        told = recorded("paynow")
        change(told)

        with pytest.raises(UnreadableRecordings) as caught:
            read_recordings(json.dumps(told))
        assert str(caught.value).startswith(where)


class TestABackendOfSomebodyElse:
    @pytest.fixture
    def package(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A package of theirs that offers a backend."""
        monkeypatch.syspath_prepend(tmp_path)
        offer(tmp_path, "from theirs.backend import Elsewhere")
        (tmp_path / "theirs").mkdir()
        (tmp_path / "theirs" / "__init__.py").touch()
        (tmp_path / "theirs" / "backend.py").write_text(SOUND, "utf-8")
        info = tmp_path / "elsewhere_of_theirs-1.2.dist-info" / "entry_points.txt"
        info.write_text("[kassa.backends]\nelsewhere = theirs.backend:Elsewhere\n", "utf-8")
        yield tmp_path / "theirs"
        for name in [name for name in sys.modules if name.partition(".")[0] == "theirs"]:
            del sys.modules[name]

    def test_comes_with_its_own_recordings(self, told: Told, package: Path) -> None:
        """They lie beside the module that is offered."""
        text = json.dumps({"settings": {"base_url": "{base_url}", "key": "secret-key"}})
        (package / "recordings.json").write_text(text, "utf-8")

        assert told("elsewhere", "--case", "settings/are-m")[0] == 0
        code, out, _ = told("elsewhere", "--case", "open/opened")
        assert (code, out.splitlines()[0]) == (
            1,
            "FAILED    open/opened: no answer to open is recorded that means opened",
        )

    @pytest.mark.parametrize(("text", "why"), [(None, "is not there: tell where"), ("{", "no JSON")])
    def test_has_to_have_some(self, told: Told, package: Path, text: str | None, why: str) -> None:
        """Without them nothing can be tried."""
        if text is not None:
            (package / "recordings.json").write_text(text, "utf-8")

        code, _, err = told("elsewhere")

        assert code == 2 and "recordings.json" in err and why in err
