"""Every rule is in the ledger: checked, or with the reason why not."""

from conformance.cases import CASES
from conformance.checks import CHECKS
from conformance.demands import DEMANDS
from conformance.ledger import WHY, State, ledger
from oadr.rules import RULES


def test_every_rule_is_checked_or_says_why_not() -> None:
    book = ledger()
    assert set(book) == set(RULES)
    for number, entry in book.items():
        assert (entry.state is State.CHECKED) == (number not in WHY)
        assert entry.why.endswith(".") == (number in WHY)


def test_what_is_said_to_be_checked_is() -> None:
    for entry in ledger().values():
        assert set(entry.checks) <= set(CHECKS)
        assert set(entry.demands) <= set(DEMANDS)
        assert bool(entry.checks or entry.demands) == (entry.state is State.CHECKED)


def test_cases_are_about_rules_that_exist() -> None:
    for case in CASES.values():
        assert set(case.rules) <= set(RULES), case.code
        assert case.purpose.endswith("."), case.code
        assert case.steps, case.code


def test_there_are_as_many_as_promised() -> None:
    assert len(CHECKS) + len(DEMANDS) >= 150
    assert len(CHECKS) >= 150
    assert len(CASES) >= 60
