"""Each check can fail, and none fails in a life without fault."""

from dataclasses import replace

import pytest

from conformance.checks import CHECKS, Severity
from conformance.judge import Judge
from oadr import codec
from tests.conformance import mutants_common, mutants_event, mutants_report
from tests.conformance.life import CANCELLED, LIFE, NOTHING, POLL, answers, distribute, see, step
from tests.conformance.mutants import Mutant

MUTANTS = [*mutants_common.MUTANTS, *mutants_event.MUTANTS, *mutants_report.MUTANTS]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_reported_by_its_check_and_by_no_other(mutant: Mutant) -> None:
    assert mutant.check in CHECKS
    found = {finding.check.id: finding for finding in mutant.findings()}
    assert mutant.check in found, f"only {sorted(found)}"
    assert set(found) - {mutant.check} <= mutant.also, f"unexpected: {sorted(found)}"
    finding = found[mutant.check]
    assert finding.seen
    assert finding.excerpt
    assert finding.check.expected.endswith(".")


def test_each_check_has_a_mutant() -> None:
    assert set(CHECKS) - {mutant.check for mutant in MUTANTS} == set()


def test_a_life_without_fault_has_no_findings() -> None:
    judge = Judge(alone=True)
    assert [(lived.name, str(one)) for lived in LIFE for one in see(judge, lived)] == []


def test_r36_a_cancellation_that_is_sent_twice_may_be_answered_twice_and_no_more() -> None:
    judge = Judge(alone=True)
    sent = distribute(CANCELLED, request_id="d2")
    answer = answers("e5", request_id="d2", number=1)
    for _ in range(2):
        see(judge, step("poll", POLL, sent))
    again = [
        "R36.not_mentioned_again"
        in {one.check.id for one in see(judge, step("answer", answer, NOTHING))}
        for _ in range(3)
    ]
    assert again == [False, False, True]


@pytest.mark.parametrize(("code", "found"), [(452, False), (460, True)])
def test_r48_an_error_of_the_message_may_have_answers_beside_it(code: int, found: bool) -> None:
    judge = Judge(alone=True)
    see(judge, step("poll", POLL, distribute(CANCELLED, request_id="d2")))
    answer = answers("e5", request_id="d2", number=1)
    refused = replace(answer, response=replace(answer.response, code=code))
    seen = {one.check.id for one in see(judge, step("answer", refused, NOTHING))}
    assert ("R48.error_of_event" in seen) is found


def test_the_life_is_written_in_valid_messages() -> None:
    for one in LIFE:
        codec.decode(one.ask)
        if one.reply:
            codec.decode(one.reply)


def test_checks_have_names_of_their_own_and_say_what_they_expect() -> None:
    for name, check in CHECKS.items():
        assert name == check.id
        assert len(check.expected) > 20
        assert check.severity in Severity


def test_most_of_the_rules_are_checked() -> None:
    assert len({check.rule for check in CHECKS.values() if check.rule}) >= 90
