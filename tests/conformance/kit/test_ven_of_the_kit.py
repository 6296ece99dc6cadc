"""The VEN of the kit breaks the rules only where a case means it to."""

import pytest

from conformance.adapters.our_vtn import our_vtn
from conformance.case import Case
from conformance.cases import (
    CASES,
    vtn_opt,
    vtn_opt_event,
    vtn_report,
    vtn_report_data,
    vtn_report_ending,
    vtn_report_ids,
    vtn_report_metadata,
    vtn_report_source,
)
from conformance.checks import Side
from conformance.judge import Judge
from conformance.run import run_vtn_cases

MODULES = {
    module.__name__
    for module in (
        vtn_opt,
        vtn_opt_event,
        vtn_report,
        vtn_report_data,
        vtn_report_ending,
        vtn_report_ids,
        vtn_report_metadata,
        vtn_report_source,
    )
}
#: What a case has the VEN do wrong, so that the VTN may refuse it.
MEANT = {
    "K1_0206C": {"R206.event_opt_alone"},
    "K1_0206D": {"R206.schedule_or_event"},
    "K1_0206E": {"R206.event_wanted_answer"},
    "K1_0208B": {"R21.same_identifiers"},
    "K1_0209": {"R209.device_class"},
    "K1_0211B": {"R211.schedule_is_cancelled"},
    "K1_0304A": {"R304.data_were_asked"},
    "K1_0304B": {"R304.data_points_were_asked", "R300.data_are_complete"},
    "K1_0304C": {"R304.data_of_specifier"},
    "K1_0304D": {
        "R304.data_of_specifier",
        "R304.data_points_were_asked",
        "R300.data_are_complete",
    },
    "K1_0304E": {"R21.same_identifiers"},
    "K1_0304F": {"R300.asked_is_offered"},
    "K1_0336A": {"R336.cancelled_was_asked"},
    # Its one-off answer follows at once.
    "R1_3080": {"R329.taken_is_pending"},
}
#: Played in the push model, where the VEN both asks and is asked.
CHOSEN = [one for one in CASES.values() if one.run.__module__ in MODULES]


@pytest.mark.parametrize("case", CHOSEN, ids=lambda case: case.code)
async def test_the_ven_says_nothing_wrong_that_is_not_meant(case: Case) -> None:
    async with our_vtn() as vtn:
        (result,) = (await run_vtn_cases([case], vtn, push=True)).results
    judge = Judge({Side.VEN}, alone=True)
    found = [
        finding
        for one in result.said
        for finding in judge.see(
            one.request.encode(),
            one.reply.encode() if one.status == 200 else b"",
            asked_by=one.asked_by,
            status=one.status,
            service=one.service,
            path=one.path,
            at=one.at,
        )
    ]
    strange = [one for one in found if one.check.id not in MEANT.get(case.code, set())]
    assert not strange, [(one.check.id, one.seen) for one in strange]
