"""VTNs that lose or change what an operator configured of an event."""

from conformance.checks import Side
from oadr import messages as m
from tests.conformance.kit.bent import Mutant, changed, instead

NAME = "oadrDistributeEvent"
OK = m.Response(response=m.EiResponse(description="OK"))
_ALL = r"<oadr:oadrEvent>.*</oadr:oadrEvent>"
_ADDS_UP = frozenset({"R8.durations_add_up"})


def _without(element: str) -> tuple[str, str]:
    return f"<{element}>.*?</{element}>", ""


#: Code of the case, demand, what matches, what takes its place, what else may be found.
_CHANGED: list[tuple[str, str, tuple[str, str], frozenset[str]]] = [
    (
        "A_E3_0430",
        "R31.start_kept",
        (r"(<ei:eiActivePeriod>.*?<xcal:date-time>)\d{4}", r"\g<1>2099"),
        frozenset(),
    ),
    (
        "A_E3_0430",
        "R31.duration_kept",
        (r"(</xcal:dtstart><xcal:duration><xcal:duration>)PT5M", r"\1PT6M"),
        _ADDS_UP,
    ),
    ("A_E3_0432", "R31.recovery_kept", _without("ei:x-eiRecovery"), frozenset()),
    (
        "K1_0047",
        "R47.open_end_kept",
        (r"(</xcal:dtstart><xcal:duration><xcal:duration>)PT0S", r"\1PT1H"),
        _ADDS_UP,
    ),
    ("A_E3_0432", "R30.startafter_kept", _without("xcal:tolerance"), frozenset()),
    ("A_E3_0432", "R13.ramp_up_kept", _without("ei:x-eiRampUp"), frozenset()),
    (
        "A_E3_0432",
        "R105.notification_kept",
        (r"(<ei:x-eiNotification><xcal:duration>)PT20M", r"\1PT10M"),
        frozenset(),
    ),
    ("A_E3_0432", "R3.priority_kept", ("<ei:priority>3", "<ei:priority>4"), frozenset()),
    (
        "A_E3_0430",
        "R512.market_context_kept",
        ("<emix:marketContext>", "<emix:marketContext>http://openadr.example/?"),
        frozenset(),
    ),
    ("K1_0006", "R6.test_kept", ("<ei:testEvent>[^<]*", "<ei:testEvent>false"), frozenset()),
    ("K1_0046", "XML.comment_kept", ("<ei:vtnComment>Tom &amp; ", "<ei:vtnComment>"), frozenset()),
    ("A_E3_0435", "R22.target_kept", _without("ei:groupID"), frozenset()),
    ("K1_0111", "R111.device_classes_kept", ("Water_Heater", "Pool_Pump"), frozenset()),
    ("E1_1027", "R108.baseline_kept", _without("ei:eiEventBaseline"), frozenset()),
    (
        "A_E3_0468",
        "R12.response_required_kept",
        ("<oadr:oadrResponseRequired>never", "<oadr:oadrResponseRequired>always"),
        frozenset(),
    ),
    (
        "E1_1025",
        "R104.signal_kept",
        ("<ei:signalType>setpoint", "<ei:signalType>delta"),
        frozenset(),
    ),
    ("E1_1055", "R32.intervals_kept", (r"3\.14", "3.15"), frozenset()),
    (
        "A_E3_0430",
        "R4.created_with_zero",
        ("<ei:modificationNumber>0", "<ei:modificationNumber>1"),
        frozenset({"R4.new_is_zero"}),
    ),
    ("A_E3_0430", "R502.new_event_comes", (_ALL, ""), frozenset()),
]
MUTANTS = [
    Mutant(side=Side.VTN, code=code, demand=demand, bend=changed(NAME, change), also=also)
    for code, demand, change, also in _CHANGED
] + [
    Mutant(
        side=Side.VTN,
        code="E1_1010",
        demand="R61.empty_snapshot",
        bend=instead(NAME, OK),
        also=frozenset({"XSD.fitting_reply"}),
    )
]
