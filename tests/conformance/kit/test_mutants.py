"""Each demand can be missed, and is then reported: by the case that makes it, and by no other."""

import pytest

from conformance.demands import DEMANDS
from tests.conformance.kit import (
    mutants_ven_clock,
    mutants_ven_event,
    mutants_ven_event_changes,
    mutants_ven_general,
    mutants_ven_opt,
    mutants_ven_polling,
    mutants_ven_registration,
    mutants_ven_report,
    mutants_ven_report_periodic,
    mutants_vtn_event,
    mutants_vtn_event_answer,
    mutants_vtn_event_life,
    mutants_vtn_general,
    mutants_vtn_opt,
    mutants_vtn_registration,
    mutants_vtn_report,
    mutants_vtn_report_data,
    mutants_vtn_security,
)
from tests.conformance.kit.bent import Mutant, run

MODULES = (
    mutants_vtn_event,
    mutants_vtn_event_answer,
    mutants_vtn_event_life,
    mutants_vtn_registration,
    mutants_vtn_report,
    mutants_vtn_report_data,
    mutants_vtn_opt,
    mutants_vtn_general,
    mutants_ven_registration,
    mutants_ven_polling,
    mutants_ven_clock,
    mutants_ven_general,
    mutants_ven_report,
    mutants_ven_report_periodic,
    mutants_ven_opt,
    mutants_vtn_security,
    mutants_ven_event,
    mutants_ven_event_changes,
)
MUTANTS = [mutant for module in MODULES for mutant in module.MUTANTS]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
async def test_a_device_with_a_fault_is_reported(mutant: Mutant) -> None:
    result = await run(mutant)
    found = {one.id for one in result.faults}
    assert mutant.demand in found, f"{result.verdict} {result.reason}: only {sorted(found)}"
    assert found - {mutant.demand} <= mutant.also, sorted(found)


def test_each_demand_has_a_mutant() -> None:
    assert set(DEMANDS) - {mutant.demand for mutant in MUTANTS} == set()
