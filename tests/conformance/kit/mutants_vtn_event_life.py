"""VTNs with faults in what becomes of events: their status, order, changes and cancellation."""

import re
from collections.abc import Callable

from conformance.checks import Side
from oadr import codec
from tests.conformance.kit.bent import Bend, Mutant, changed
from tests.conformance.kit.mutants_vtn_event import NAME, OK

_EVENT = re.compile(rb"<oadr:oadrEvent>.*?</oadr:oadrEvent>", re.DOTALL)
_REQUESTED = re.compile(rb"<pyld:requestID>[^<]+</pyld:requestID></ei:eiResponse>")
_GONE = frozenset({"R50.all_events"})
_RESTS = frozenset({"R14.simple_rests"})
Events = list[bytes]


def _arranged(arrange: Callable[[Events, bytes], Events]) -> Bend:
    """Returns a bend that puts other events in the place of those of a message.

    Args:
        arrange: gets the events as bytes, and the message.
    """

    def bend(name: str, data: bytes) -> bytes:
        if name != NAME:
            return data
        events = arrange(_EVENT.findall(data), data)
        bare = _EVENT.sub(b"", data)
        end = b"</oadr:oadrDistributeEvent>"
        return bare.replace(end, b"".join(events) + end)

    return bend


def _has(what: bytes) -> Callable[[bytes], bool]:
    return lambda event: what in event


_CANCELLED = _has(b"<ei:eventStatus>cancelled<")
_COMPLETED = _has(b"<ei:eventStatus>completed<")


def _stale() -> Bend:
    """Returns a bend that knows each event only as it first was."""
    known: dict[bytes, bytes] = {}

    def arrange(events: Events, data: bytes) -> Events:
        names = [one[: one.index(b"</ei:eventID>")] for one in events]
        return [known.setdefault(name, one) for name, one in zip(names, events, strict=True)]

    return _arranged(arrange)


def _turning() -> Bend:
    """Returns a bend that turns the order of every other message."""
    count = 0

    def arrange(events: Events, data: bytes) -> Events:
        nonlocal count
        count += 1
        return events[:: 1 if count % 2 else -1]

    return _arranged(arrange)


def _undated() -> Bend:
    """Returns a bend that dates all as the first."""
    dates: list[bytes] = []

    def arrange(events: Events, data: bytes) -> Events:
        for one in events:
            dates.extend(re.findall(rb"<ei:createdDateTime>[^<]*", one))
        return [re.sub(rb"<ei:createdDateTime>[^<]*", dates[0], one) for one in events]

    return _arranged(arrange)


def _once(which: Callable[[bytes], bool], *, push: bool = False) -> Bend:
    """Returns a bend that sends such an event only once unasked."""
    count = 0

    def bend(name: str, data: bytes) -> bytes | None:
        nonlocal count
        if name != NAME or _REQUESTED.search(data) or not any(map(which, _EVENT.findall(data))):
            return data
        count += 1
        return data if count == 1 else None if push else codec.encode(OK)

    return bend


def _for_ever() -> Bend:
    """Returns a bend that never leaves out a cancelled event again."""
    kept: Events = []

    def arrange(events: Events, data: bytes) -> Events:
        kept[:] = [one for one in events if _CANCELLED(one)] or kept
        return events or kept

    return _arranged(arrange)


#: Code of the case, demand, what becomes of messages, what else may be found.
_BENT: list[tuple[str, str, Bend, frozenset[str]]] = [
    (
        "A_E3_0420",
        "R13.becomes_active",
        changed(NAME, ("<ei:eventStatus>active", "<ei:eventStatus>far")),
        _RESTS,
    ),
    (
        "A_E3_0527",
        "R13.becomes_near",
        changed(NAME, ("<ei:eventStatus>near", "<ei:eventStatus>far")),
        frozenset(),
    ),
    (
        "A_E3_0420",
        "R13.far_before",
        changed(NAME, ("<ei:eventStatus>far", "<ei:eventStatus>active")),
        frozenset(),
    ),
    (
        "A_E3_0420",
        "R5.status_not_counted",
        changed(NAME, (r"(<ei:modificationNumber>)0(.*?<ei:eventStatus>active)", r"\g<1>1\2")),
        frozenset(),
    ),
    (
        "A_E3_0685",
        "R66.sent_in_window",
        _arranged(lambda events, data: [one for one in events if not _COMPLETED(one)]),
        _GONE,
    ),
    (
        "K1_0047",
        "R47.stays_active",
        changed(NAME, ("<ei:eventStatus>active", "<ei:eventStatus>completed")),
        _RESTS,
    ),
    # Made one after the other, they may begin a second apart.
    ("K1_0015B", "R15.order_stays", _turning(), frozenset({"R15.pending_by_start"})),
    (
        "A_E3_0525",
        "R15.cancelled_keeps_place",
        _arranged(lambda events, data: sorted(events, key=_CANCELLED)),
        frozenset(),
    ),
    (
        "A_E3_0655",
        "R27.as_many_as_asked",
        _arranged(lambda events, data: events[:1] if len(events) == 2 else events),
        frozenset(),
    ),
    ("A_E3_0660", "R50.snapshot_complete", _arranged(lambda events, data: events[:1]), _GONE),
    ("A_E3_0470", "R502.change_comes", _stale(), frozenset()),
    (
        "A_E3_0470",
        "R5.one_more",
        changed(NAME, ("<ei:modificationNumber>1", "<ei:modificationNumber>3")),
        frozenset(),
    ),
    ("A_E3_0492", "R10.cancellation_comes", _stale(), frozenset()),
    ("K1_0115", "R115.renewed_on_change", _undated(), frozenset()),
    (
        "K1_0052",
        "R50.cancelled_until_answered",
        _arranged(
            lambda events, data: [
                one for one in events if not (_CANCELLED(one) and _REQUESTED.search(data))
            ]
        ),
        frozenset(),
    ),
    ("K1_0052", "R52.cancellation_comes_again", _once(_CANCELLED), frozenset()),
    ("A_E3_0498", "R50.cancelled_not_for_ever", _for_ever(), frozenset()),
    ("K1_0502", "R502.unanswered_comes_again", _once(bool), frozenset()),
]
MUTANTS = [
    Mutant(side=Side.VTN, code=code, demand=demand, bend=bend, also=also)
    for code, demand, bend, also in _BENT
] + [
    Mutant(
        side=Side.VTN,
        code="K1_0052",
        demand="R52.cancellation_pushed_again",
        bend=_once(_CANCELLED, push=True),
        push=True,
    ),
]
