"""VTNs that do not take data as they may be, or take what they must not."""

from conformance.checks import Side
from tests.conformance.kit.bent import Mutant, changed, instead
from tests.conformance.kit.mutants_vtn_report import refuses

_REPLY = "oadrUpdatedReport"
_SHAPES = {
    "K1_0314": "R314.interval_without_start_taken",
    "K1_0315A": "R315.point_data_taken",
    "K1_0315B": "R315.amounts_taken",
    "K1_0316": "R316.numbered_taken",
    "K1_0342": "R342.points_together_taken",
    "K1_0334": "R334.load_control_taken",
    "K1_0318": "R318.qualities_taken",
    "K1_0319": "R319.accuracy_taken",
    "K1_0339": "R339.report_id_ignored",
    "K1_0303R": "R303.empty_request_id_taken",
}
_AGAIN = ("R346.duplicate_taken", "R346.correction_taken")
_STRANGE = {
    "K1_0304B": "R304.unknown_r_id_refused",
    "K1_0304C": "R304.other_specifier_refused",
}
MUTANTS = [
    *(refuses(code, demand, _REPLY) for code, demand in _SHAPES.items()),
    *(refuses("K1_0346", demand, _REPLY, also=_AGAIN) for demand in _AGAIN),
    *(refuses(code, demand, _REPLY, old="452") for code, demand in _STRANGE.items()),
    refuses(
        "K1_0304E",
        "R304.wrong_ven_id_refused",
        _REPLY,
        old="463",
        also=("R21.same_identifiers",),
    ),
    Mutant(
        side=Side.VTN,
        code="K1_0304A",
        demand="R304.refusal_is_message",
        bend=instead(_REPLY, None),
    ),
    Mutant(
        side=Side.VTN,
        code="K1_0304B",
        demand="R304.code_452",
        bend=changed(_REPLY, (">452<", ">454<")),
    ),
    Mutant(
        side=Side.VTN,
        code="K1_0313R",
        demand="XSD.empty_update_answered",
        bend=instead(_REPLY, None),
    ),
    Mutant(
        side=Side.VTN,
        code="K1_0329",
        demand="R329.stray_answers_answered",
        bend=instead("oadrResponse", None),
    ),
]
