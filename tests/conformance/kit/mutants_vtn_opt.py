"""VTNs with faults in EiOpt."""

from conformance.checks import Side
from conformance.peers.http import Reply
from tests.conformance.kit.bent import Bend, Mutant, changed, instead
from tests.conformance.kit.mutants_vtn_report import from_second, refuses

_CREATED, _CANCELED = "oadrCreatedOpt", "oadrCanceledOpt"
#: What refuses nothing, by the code with which ours refuses.
_TAKES = (
    ("K1_0206B", "R206.beyond_event_refused", "462", ()),
    ("K1_0206D", "R206.neither_refused", "459", ()),
    ("K1_0206D", "R206.unknown_event_refused", "452", ()),
    ("K1_0206C", "R206.event_with_schedule_refused", "459", ("R206.event_with_context_refused",)),
    ("K1_0206C", "R206.event_with_context_refused", "459", ("R206.event_with_schedule_refused",)),
    ("K1_0206E", "R206.never_refused", "451", ()),
    ("K1_0209", "R209.no_device_class_refused", "459", ()),
)


def _no_second() -> Bend:
    return from_second(_CREATED, changed(_CREATED, (">200<", ">459<")))


def _no_service(reply: Reply) -> Reply:
    return Reply(status=404) if _CANCELED.encode() in reply.body else reply


MUTANTS = [
    Mutant(side=Side.VTN, code="K1_0208A", demand="R510.opt_service", reply=_no_service),
    refuses("P1_2020", "R203.schedule_taken", _CREATED),
    refuses("P1_2010", "R205.context_taken", _CREATED),
    refuses("P1_2015", "R210.open_ended_taken", _CREATED),
    refuses("P1_2020", "R204.cancellation_taken", _CANCELED, also=("R211.cancellation_holds",)),
    Mutant(
        side=Side.VTN,
        code="P1_2030",
        demand="R203.replacement_taken",
        bend=_no_second(),
    ),
    Mutant(
        side=Side.VTN,
        code="K1_0204",
        demand="R204.same_opt_id_taken",
        bend=_no_second(),
    ),
    refuses("K1_0202", "R202.empty_target_taken", _CREATED, also=("R203.schedule_taken",)),
    refuses("K1_0207P", "R207.empty_request_id_taken", _CREATED),
    refuses("K1_0208A", "R208.unknown_opt_id_refused", _CANCELED, old="452"),
    Mutant(
        side=Side.VTN,
        code="K1_0208A",
        demand="R208.code_452",
        bend=changed(_CANCELED, (">452<", ">459<")),
    ),
    refuses("K1_0208B", "R208.wrong_ven_id_refused", _CANCELED, old="463"),
    refuses("K1_0209", "R209.device_class_taken", _CREATED),
    Mutant(
        side=Side.VTN,
        code="K1_0211",
        demand="R211.superseded_answered",
        bend=instead(_CANCELED, None),
    ),
    refuses("K1_0206A", "R206.qualification_taken", _CREATED, also=("R206.change_taken",)),
    refuses("K1_0206A", "R206.change_taken", _CREATED, also=("R206.qualification_taken",)),
    *(refuses(code, demand, _CREATED, old=old, also=also) for code, demand, old, also in _TAKES),
    Mutant(
        side=Side.VTN,
        code="K1_0206F",
        demand="R206.qualification_stays",
        lies={"OptOf": lambda action, shown: "optIn"},
    ),
    refuses("K1_0211B", "R211.qualification_not_cancelled", _CANCELED, old="451"),
    Mutant(
        side=Side.VTN,
        code="K1_0211B",
        demand="R211.qualification_cancel_answered",
        bend=instead(_CANCELED, None),
    ),
]
