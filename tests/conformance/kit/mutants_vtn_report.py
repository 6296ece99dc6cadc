"""VTNs with faults in asking for reports, ending them, and in metadata."""

from conformance.checks import Side
from oadr import messages as m
from tests.conformance.kit.bent import Bend, Mutant, changed, instead, later

_OK = m.Response(response=m.EiResponse(description="OK"))


def refuses(
    code: str, demand: str, reply: str, *, also: tuple[str, ...] = (), old: str = "200"
) -> Mutant:
    """Returns a VTN that says an error in a reply where all is well.

    Args:
        code: of the case.
        demand: that it misses.
        reply: the name of the reply.
        also: what else may be found.
        old: the response code that is changed.
    """
    new = "459" if old == "200" else "200"
    return Mutant(
        side=Side.VTN,
        code=code,
        demand=demand,
        bend=changed(reply, (f">{old}<", f">{new}<")),
        also=frozenset(also),
    )


def from_second(name: str, bend: Bend) -> Bend:
    """Returns a bend that leaves the first message of a name since the registration as it is."""
    seen = 0

    def bent(given: str, data: bytes) -> bytes | None:
        nonlocal seen
        seen = 0 if given == "oadrCreatedPartyRegistration" else seen + (given == name)
        return bend(given, data) if seen > 1 else data

    return bent


def _asks(code: str, demand: str, old: str, new: str, *also: str) -> Mutant:
    return Mutant(
        side=Side.VTN,
        code=code,
        demand=demand,
        bend=changed("oadrCreateReport", (old, new)),
        also=frozenset(also),
    )


_refuses_metadata = changed("oadrRegisteredReport", (">200<", ">459<"))
_only_once = from_second("oadrCreateReport", instead("oadrCreateReport", _OK))
_REQUESTS = r"<oadr:oadrReportRequest[ >].*</oadr:oadrReportRequest>"
_asks_nothing = changed("oadrRegisteredReport", (_REQUESTS, ""))


def _never_again(name: str, data: bytes) -> bytes | None:
    return _only_once(name, _asks_nothing(name, data) or b"")


_ANSWER = "R329.created_report_taken"
_PAYLOADS = r"(</ei:specifierPayload>)\s*<ei:specifierPayload>.*</ei:specifierPayload>"
_BACK = r"(<ei:reportBackDuration>\s*<xcal:duration>)PT0S"
MUTANTS = [
    _asks("R1_3130", "R300.asks_as_wanted", _PAYLOADS, r"\1"),
    _asks("R1_3010", "R324.asks_once", _BACK, r"\1PT1M", "R324.periodic_interval"),
    _asks("R1_3020", "R325.asks_for_times", "PT5M", "PT6M"),
    _asks("R1_3140", "R325.history_in_past", r"(<xcal:date-time>)20\d\d", r"\g<1>2090"),
    refuses("R1_3010", _ANSWER, "oadrResponse"),
    refuses("R1_3010", "R331.status_taken", "oadrUpdatedReport"),
    refuses("R1_3160", "R331.usage_taken", "oadrUpdatedReport"),
    refuses("R1_3140", "R331.history_taken", "oadrUpdatedReport"),
    refuses("R1_3030", "R300.several_taken", "oadrUpdatedReport"),
    Mutant(
        side=Side.VTN,
        code="R1_3150",
        demand="DURABLE.readings_kept",
        lies={"Readings": lambda action, shown: shown[1:]},
    ),
    Mutant(
        side=Side.VTN,
        code="R1_3040",
        demand="R336.cancels_as_wanted",
        bend=changed("oadrCancelReport", ("report-1", "report-2")),
    ),
    Mutant(
        side=Side.VTN,
        code="R1_3045",
        demand="R345.wants_last",
        bend=changed("oadrCancelReport", ("true", "false")),
    ),
    refuses("R1_3040", "R336.canceled_report_taken", "oadrResponse", also=(_ANSWER,)),
    refuses("R1_3040", "R336.running_taken", "oadrUpdatedReport"),
    refuses("R1_3045", "R345.last_taken", "oadrUpdatedReport"),
    refuses("R1_3060", "R344.piggyback_answer_taken", "oadrResponse", also=(_ANSWER,)),
    refuses("R1_3170", "R306.metadata_taken", "oadrRegisteredReport"),
    Mutant(
        side=Side.VTN,
        code="R1_3170",
        demand="R306.asks_again",
        bend=_never_again,
    ),
    refuses("R1_3080", "R311.metadata_on_demand_taken", "oadrRegisteredReport"),
    refuses("K1_0305", "R305.empty_metadata_taken", "oadrRegisteredReport"),
    refuses(
        "K1_0300",
        "R300.metadata_shapes_taken",
        "oadrRegisteredReport",
        also=("R300.own_report_taken",),
    ),
    Mutant(
        side=Side.VTN,
        code="K1_0300",
        demand="R300.own_report_taken",
        bend=later(_refuses_metadata, "oadrRegisteredReport", 2),
        also=frozenset({"R300.metadata_shapes_taken"}),
    ),
    refuses("K1_0330A", "R330.any_r_id_taken", "oadrUpdatedReport"),
    refuses("K1_0301", "R301.metadata_promised", "oadrCreatedReport"),
    Mutant(
        side=Side.VTN,
        code="K1_0301",
        demand="R301.metadata_comes",
        bend=instead("oadrRegisterReport", _OK),
    ),
    Mutant(
        side=Side.VTN,
        code="K1_0301",
        demand="R311.names_request",
        bend=changed(
            "oadrRegisterReport", ("<ei:reportRequestID>wish-[^<]*</ei:reportRequestID>", "")
        ),
    ),
    Mutant(
        side=Side.VTN,
        code="K1_0336B",
        demand="R329.data_promised",
        bend=from_second("oadrCreatedReport", changed("oadrCreatedReport", (">200<", ">459<"))),
    ),
    Mutant(
        side=Side.VTN,
        code="K1_0336B",
        demand="R300.data_come",
        bend=instead("oadrUpdateReport", _OK),
    ),
    refuses("K1_0336B", "R329.updated_report_taken", "oadrResponse"),
    refuses("K1_0336B", "R336.cancellation_taken", "oadrCanceledReport"),
    Mutant(
        side=Side.VTN,
        code="K1_0336A",
        demand="R336.unknown_cancellation_answered",
        bend=instead("oadrCanceledReport", _OK),
        also=frozenset({"XSD.fitting_reply"}),
    ),
]
