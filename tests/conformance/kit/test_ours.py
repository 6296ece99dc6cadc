"""Our VTN and VEN pass every unattended case and skip none."""

import pytest

from conformance.adapters.our_ven import our_ven
from conformance.adapters.our_vtn import our_vtn
from conformance.case import Case, Suite
from conformance.cases import CASES
from conformance.checks import Side
from conformance.results import Result, Verdict
from conformance.run import run_ven_cases, run_vtn_cases

VARIANTS = [(case, push) for case in CASES.values() for push in sorted(case.models)]


def _name(value: object) -> str:
    return value.id(push=False) if isinstance(value, Case) else ("push" if value else "pull")


@pytest.mark.parametrize(("case", "push"), VARIANTS, ids=_name)
async def test_ours_passes(case: Case, push: bool) -> None:
    if case.side is Side.VTN:
        # Without TLS there is nothing to see of certificates, and without these no signatures.
        async with our_vtn(tls=case.suite is Suite.SECURITY) as vtn:
            (result,) = (await run_vtn_cases([case], vtn, push=push)).results
    else:
        async with our_ven() as ven:
            (result,) = (await run_ven_cases([case], ven, push=push)).results
    assert result.verdict is Verdict.PASS, _told(result)


def _told(result: Result) -> str:
    lines = [f"{result.id} {result.verdict} {result.reason}"]
    lines += [f"{one.severity} {one.id} in {one.exchange}: {one.seen}" for one in result.faults]
    lines += [f"{one.number} {one.asked_by} {one.title} {one.problem}" for one in result.said]
    return "\n".join(lines)
