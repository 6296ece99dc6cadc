"""VENs with faults in opting in and out by oadrCreateOpt."""

from conformance.checks import Side
from tests.conformance.kit.bent import Bend, Mutant, changed, instead
from tests.conformance.kit.report_bends import first_only

CREATE = "oadrCreateOpt"


def _mutant(code: str, demand: str, bend: Bend, *also: str) -> Mutant:
    return Mutant(side=Side.VEN, code=code, demand=demand, bend=bend, also=frozenset(also))


MUTANTS = [
    _mutant("P1_2010", "R206.schedule_sent", instead(CREATE, None)),
    _mutant(
        "P1_2010",
        "R206.times_of_schedule",
        changed(CREATE, ("(</xcal:available>)<xcal:available>.*</xcal:available>", r"\1")),
    ),
    _mutant("P1_2010", "R206.opt_of_schedule", changed(CREATE, (">optOut<", ">optIn<"))),
    _mutant(
        "P1_2010",
        "R205.market_of_schedule",
        changed(CREATE, ("<emix:marketContext>.*</emix:marketContext>", "")),
    ),
    _mutant(
        "K1_0202",
        "R202.resources_of_schedule",
        changed(CREATE, ("<ei:resourceID>resource-2</ei:resourceID>", "")),
    ),
    _mutant("P1_2015", "R210.open_ended", changed(CREATE, (">PT0S<", ">PT1H<"))),
    _mutant("P1_2020", "R204.cancels_opt", changed("oadrCancelOpt", ("(<ei:optID>)", r"\1other-"))),
    _mutant("P1_2030", "R203.replaces", changed(CREATE, (">optOut<", ">optIn<"))),
    _mutant(
        "K1_0206A",
        "R206.qualifies_event",
        changed(CREATE, ("(<ei:eventID>)", r"\1other-")),
    ),
    _mutant("K1_0208", "R208.goes_on", first_only(CREATE)),
]
