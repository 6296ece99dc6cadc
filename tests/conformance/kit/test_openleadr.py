"""The kit finds what is known of openleadr 0.5.36, and nothing that is not true."""

from pathlib import Path

import pytest

from tests.conformance.kit.openleadr_fault import Proof
from tests.conformance.kit.openleadr_further import FURTHER, SOMETIMES
from tests.conformance.kit.openleadr_known import KNOWN
from tests.conformance.kit.openleadr_survey import Finding, Survey, survey

PAGE = Path(__file__).parents[3] / "docs" / "conformance-openleadr.md"
#: How many faults that the study has probed must be proved at least.
LEAST = 35


def proves(finding: Finding, proof: Proof) -> bool:
    return (
        finding.key == (proof.side, proof.id)
        and finding.result.id.startswith(proof.case)
        and proof.variant in finding.variant.name
    )


@pytest.mark.timeout(600)
async def test_the_kit_finds_what_is_known_and_nothing_untrue() -> None:
    """One run for all that is to be said of it: it takes minutes."""
    found = await survey()
    if missing(found) or stale(found):
        # openleadr's timers and the load of the machine decide whether some situations come about.
        found = found.with_(await survey())
    assert not missing(found)
    assert not unexplained(found)
    assert not stale(found)


def missing(found: Survey) -> list[str]:
    """Returns what is known and not proved."""
    return [
        f"{known.number}: no {proof}"
        for known in KNOWN
        for proof in known.proofs
        if not any(proves(finding, proof) for finding in found.findings)
    ]


def unexplained(found: Survey) -> list[str]:
    """Returns violations that no known fault and no further one explains."""
    explained = {(proof.side, proof.id) for known in KNOWN for proof in known.proofs}
    explained |= FURTHER.keys()
    return [
        f"{finding.variant.name} {finding.result.id} {finding.fault.id}: {finding.fault.seen}"
        for finding in found.findings
        if finding.violation and finding.key not in explained
    ]


def stale(found: Survey) -> list[str]:
    """Returns what is explained, and not found any more."""
    keys = {finding.key for finding in found.findings}
    return [f"{side} {name}" for side, name in FURTHER.keys() - SOMETIMES - keys]


def test_enough_of_what_was_probed_is_known_to_the_kit() -> None:
    assert sum(known.probed for known in KNOWN) >= LEAST


def test_what_is_known_is_listed_once() -> None:
    numbers = [known.number for known in KNOWN]
    assert len(numbers) == len(set(numbers))
    proved = {(proof.side, proof.id) for known in KNOWN for proof in known.proofs}
    assert not proved & FURTHER.keys()


def test_the_page_has_every_known_and_every_further_fault() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for known in KNOWN:
        assert f"| {known.number} |" in text
    for (side, name), words in FURTHER.items():
        assert f"| {side} | {name} | {words} |" in text
