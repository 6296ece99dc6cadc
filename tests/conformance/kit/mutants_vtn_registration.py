"""VTNs with faults in registration."""

from conformance.checks import Side
from oadr import messages as m
from tests.conformance.kit.bent import Mutant, instead

_OK = m.Response(response=m.EiResponse(description="OK"))
MUTANTS = [
    Mutant(
        side=Side.VTN,
        code="N1_0010",
        demand="R401.query_answered",
        bend=instead("oadrCreatedPartyRegistration", _OK),
        also=frozenset({"XSD.fitting_reply"}),
    ),
    Mutant(
        side=Side.VTN,
        code="N1_0020",
        demand="R403.registers",
        bend=instead("oadrCreatedPartyRegistration", None),
    ),
    Mutant(
        side=Side.VTN,
        code="N1_0020",
        demand="R405.metadata_first",
        bend=instead("oadrRegisterReport", _OK),
    ),
]
