"""The book of outcomes: what counts as shown."""

import pytest

from tests.outcomes import Outcomes

TEST = "tests/some/test_thing.py::TestThing::test_holds"
SCENARIO = "features/cart/filling_the_cart.feature: One kind of goods is put in the cart"


def _report(outcome: str, when: str = "call", nodeid: str = TEST, scenario: str = "") -> pytest.TestReport:
    return pytest.TestReport(
        nodeid=nodeid,
        location=(nodeid, 0, nodeid),
        keywords={},
        outcome=outcome,
        longrepr=None,
        when=when,
        user_properties=[("scenario", scenario)] if scenario else [],
    )


class TestOutcomes:
    """A name is shown when everything that bears it was run and passed."""

    def test_a_test_that_passed_is_shown(self) -> None:
        """Its set-up and its end say nothing more when they pass."""
        book = Outcomes()
        for when in ("setup", "call", "teardown"):
            book.record(_report("passed", when))

        assert book.not_shown({TEST}) == []

    def test_a_test_that_was_not_run_is_not_shown(self) -> None:
        """An empty book shows nothing."""
        assert Outcomes().not_shown({TEST}) == [TEST]

    @pytest.mark.parametrize("when", ["setup", "call", "teardown"])
    @pytest.mark.parametrize("outcome", ["failed", "skipped"])
    def test_a_failure_in_any_phase_counts(self, when: str, outcome: str) -> None:
        """A passing call does not make up for a failing end."""
        book = Outcomes()
        book.record(_report("passed"))
        book.record(_report(outcome, when))

        assert book.not_shown({TEST}) == [TEST]

    def test_every_case_of_a_test_counts(self) -> None:
        """One failing parameter is enough."""
        book = Outcomes()
        book.record(_report("passed", nodeid=f"{TEST}[one]"))
        book.record(_report("failed", nodeid=f"{TEST}[two]"))

        assert book.not_shown({TEST}) == [TEST]

    def test_a_scenario_is_known_by_its_title(self) -> None:
        """Whatever the test is called that carried it out."""
        book = Outcomes()
        book.record(_report("passed", nodeid="tests/bdd/test_over_http.py::test_x", scenario=SCENARIO))

        assert book.not_shown({SCENARIO}) == []

    def test_a_scenario_must_pass_with_every_driver(self) -> None:
        """Green in the process and red over HTTP is red."""
        book = Outcomes()
        book.record(_report("passed", nodeid="tests/bdd/test_in_process.py::test_x", scenario=SCENARIO))
        book.record(_report("failed", nodeid="tests/bdd/test_over_http.py::test_x", scenario=SCENARIO))

        assert book.not_shown({SCENARIO}) == [SCENARIO]
