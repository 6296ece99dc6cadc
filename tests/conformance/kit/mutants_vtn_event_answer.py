"""VTNs with faults in what they make of a VEN's answers to events."""

from conformance.actions import Action
from conformance.checks import Side
from tests.conformance.kit.bent import Bend, Mutant, changed, instead
from tests.conformance.kit.mutants_vtn_event import NAME

_RESPONSE = "oadrResponse"


def _coded(old: int, new: int, name: str = _RESPONSE) -> Bend:
    """Returns a bend that says another code."""
    return changed(name, (f"<ei:responseCode>{old}<", f"<ei:responseCode>{new}<"))


def keeps_opt_out(demand: str, code: int) -> Mutant:
    """Returns a VTN that takes nothing any more from when it has shown an optOut."""
    refuses, shown = _coded(200, code), []

    def show(_: Action, opt: str) -> str:
        shown.append(opt)
        return "optOut"

    return Mutant(
        side=Side.VTN,
        code="K1_0017A",
        demand=demand,
        bend=lambda name, data: refuses(name, data) if shown else data,
        lies={"OptOf": show},
        also=frozenset({"R17.opt_back_shown"}),
    )


_REFUSES = _coded(200, 459)
_SILENT = instead(_RESPONSE, None)
#: Code of the case, demand, what becomes of messages, what else may be found.
_BENT: list[tuple[str, str, Bend, frozenset[str]]] = [
    ("K1_0052", "R36.cancellation_acknowledged", _REFUSES, frozenset()),
    ("K1_0017A", "R17.later_opt_taken", _REFUSES, frozenset({"R17.opt_back_taken"})),
    ("K1_0017B", "R17.late_answer_answered", _SILENT, frozenset()),
    ("K1_0025A", "R25.error_answered", _SILENT, frozenset()),
    ("K1_0025B", "R25.refusal_answered", _REFUSES, frozenset()),
    ("K1_0035", "R35.missing_answers_answered", _SILENT, frozenset()),
    ("K1_0042", "R42.earlier_request_id_taken", _REFUSES, frozenset()),
    ("K1_0048A", "R48.unknown_event_452", _coded(452, 459), frozenset()),
    ("K1_0048B", "R48.wrong_number_450", _coded(450, 459), frozenset()),
    ("K1_0048B", "R48.right_answer_taken", _REFUSES, frozenset()),
    ("K1_0512E", "R512.ven_id_case_sensitive", _coded(463, 200, NAME), frozenset()),
]
MUTANTS = [
    Mutant(side=Side.VTN, code=code, demand=demand, bend=bend, also=also)
    for code, demand, bend, also in _BENT
] + [
    Mutant(side=Side.VTN, code="A_E3_0452", demand="R16.opt_shown", lies={"OptOf": lambda *_: ""}),
    Mutant(
        side=Side.VTN,
        code="K1_0017A",
        demand="R17.later_opt_shown",
        lies={"OptOf": lambda *_: "optIn"},
    ),
    Mutant(
        side=Side.VTN,
        code="K1_0017A",
        demand="R17.opt_back_shown",
        lies={"OptOf": lambda *_: "optOut"},
    ),
    keeps_opt_out("R17.opt_back_taken", 459),
]
