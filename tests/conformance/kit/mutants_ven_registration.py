"""VENs with faults in registration."""

from conformance.checks import Side
from tests.conformance.kit.bent import Mutant, instead

MUTANTS = [
    Mutant(
        side=Side.VEN,
        code="N1_0020",
        demand=demand,
        bend=instead(name, None),
    )
    for demand, name in (
        ("R401.registers_on_start", "oadrCreatePartyRegistration"),
        ("R309.metadata_after_registration", "oadrRegisterReport"),
        ("R405.asks_for_events", "oadrRequestEvent"),
    )
]
