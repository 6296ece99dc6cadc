"""Events as a VTN has sent them, and whether they are what its operator asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from conformance.actions import EventSpec, SignalSpec
from conformance.case import VtnTest
from conformance.checks import Document
from conformance.checks.event import NAME, events_of, start_of, status_of
from conformance.checks.learning import effective_end
from conformance.checks.session import DESCRIPTOR, PERIOD
from conformance.checks.signal import baselines_of, signals_of
from conformance.checks.xml import (
    ZERO,
    Element,
    duration,
    each,
    first,
    local,
    moment,
    number,
    text,
    texts,
    whole,
)
from conformance.demands import demand
from conformance.peers import Recorded
from oadr.enums import ResponseRequired
from oadr.event.target import normalize_uri

_KEPT = "An event arrives as it was configured: "
START = demand(31, "start_kept", f"{_KEPT}its dtstart.")
LENGTH = demand(31, "duration_kept", f"{_KEPT}its duration.")
RECOVERY = demand(31, "recovery_kept", f"{_KEPT}its x-eiRecovery.")
OPEN_END = demand(47, "open_end_kept", f"{_KEPT}without an end, which is duration 0.")
WINDOW = demand(30, "startafter_kept", f"{_KEPT}its startafter.")
RAMP_UP = demand(13, "ramp_up_kept", f"{_KEPT}its x-eiRampUp.")
NOTIFICATION = demand(105, "notification_kept", f"{_KEPT}its x-eiNotification.")
PRIORITY = demand(3, "priority_kept", f"{_KEPT}its priority.")
CONTEXT = demand(512, "market_context_kept", f"{_KEPT}its marketContext.")
TEST = demand(6, "test_kept", f"{_KEPT}whether it is a test event.")
COMMENT = demand("XML", "comment_kept", f"{_KEPT}its vtnComment, whatever characters that has.")
TARGET = demand(22, "target_kept", f"{_KEPT}all that its target names.")
ASSETS = demand(111, "device_classes_kept", f"{_KEPT}the device classes of its signals.")
BASELINE = demand(108, "baseline_kept", f"{_KEPT}its baseline, as long as the event.")
ANSWER = demand(12, "response_required_kept", f"{_KEPT}whether it must be answered.")
SIGNAL = demand(104, "signal_kept", f"{_KEPT}each signal with its type and unit.")
VALUES = demand(32, "intervals_kept", f"{_KEPT}duration and value of each interval.")

#: How much later than asked somebody may have created an event by hand.
_LATER = timedelta(minutes=10)
#: Values are floating-point numbers of single precision.
_PRECISION = Decimal("1e-6")
_LENGTH_OF = "xcal:duration/xcal:duration"
_UNITLESS = {"intervals", "eiTarget", "signalName", "signalType", "signalID", "currentValue"}
#: By the field of a target, where its names are.
_TARGETS = {
    "aggregated_pnodes": "power:aggregatedPnode/power:node",
    "end_device_assets": "power:endDeviceAsset/power:mrid",
    "meter_assets": "power:meterAsset/power:mrid",
    "pnodes": "power:pnode/power:node",
    "service_delivery_points": "power:serviceDeliveryPoint/power:node",
    "group_ids": "ei:groupID",
    "group_names": "ei:groupName",
    "resource_ids": "ei:resourceID",
    "ven_ids": "ei:venID",
    "party_ids": "ei:partyID",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """An event as a VTN has sent it.

    Attributes:
        element: the ``oadrEvent``.
        recorded: the exchange that brought it.
        request_id: of the message that brought it.
    """

    element: Element
    recorded: Recorded
    request_id: str

    @property
    def id(self) -> str:
        """The eventID."""
        return text(self.element, f"{DESCRIPTOR}/ei:eventID") or ""

    @property
    def number(self) -> int:
        """The modificationNumber."""
        return whole(self.element, f"{DESCRIPTOR}/ei:modificationNumber")

    @property
    def status(self) -> str:
        """The eventStatus."""
        return status_of(self.element)

    @property
    def created(self) -> datetime | None:
        """The createdDateTime."""
        return moment(self.element, f"{DESCRIPTOR}/ei:createdDateTime")

    @property
    def start(self) -> datetime | None:
        """The dtstart."""
        return start_of(self.element)

    @property
    def length(self) -> timedelta | None:
        """The duration."""
        return duration(self.element, f"{PERIOD}/{_LENGTH_OF}")

    @property
    def ends(self) -> datetime | None:
        """When it is over for everybody (R18); None if it has no end."""
        return effective_end(self.element)

    def period(self, path: str) -> timedelta:
        """Returns another duration of the active period; 0 if it is not there."""
        return duration(self.element, f"{PERIOD}/{path}") or ZERO

    def words(self, name: str) -> str:
        """Returns the text of a field of the descriptor."""
        return text(self.element, f"{DESCRIPTOR}/{name}") or ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the VTN says when it is asked for its events.

    Attributes:
        recorded: the exchange.
        events: in the order of the message.
    """

    recorded: Recorded
    events: tuple[Shown, ...]

    @property
    def answered(self) -> bool:
        """Whether the VTN answers with events, be it none."""
        answered = self.recorded.answered
        return answered is not None and answered.name == NAME

    @property
    def ids(self) -> tuple[str, ...]:
        """The eventIDs, in order."""
        return tuple(one.id for one in self.events)

    def find(self, event_id: str) -> Shown | None:
        """Returns an event; None if it is not there."""
        return next((one for one in self.events if one.id == event_id), None)


def shown_in(recorded: Recorded, document: Document | None) -> tuple[Shown, ...]:
    """Returns the events of a message, in its order; none if it is not oadrDistributeEvent."""
    if document is None or document.name != NAME:
        return ()
    request_id = text(document.element, "pyld:requestID") or ""
    return tuple(Shown(event, recorded, request_id) for event in events_of(document))


def judge(t: VtnTest, shown: Shown, spec: EventSpec, asked: datetime) -> None:
    """Holds an event against what was asked for.

    Args:
        t: the case.
        shown: the event.
        spec: what it is to be.
        asked: when that was asked for.
    """
    _judge_period(t, shown, spec, asked)
    _judge_descriptor(t, shown, spec)
    for wanted in spec.signals:
        _judge_signal(t, shown, wanted)
    if spec.target is not None:
        found = first(shown.element, "ei:eiEvent/ei:eiTarget")
        missing = [
            f"{field} {name}"
            for field, path in _TARGETS.items()
            for name in getattr(spec.target, field)
            if name not in texts(found, path)
        ]
        t.expect(TARGET, not missing, f"without {', '.join(missing)}", shown.recorded)
    if spec.baseline:
        lengths = [duration(one, _LENGTH_OF) for one in baselines_of(shown.element)]
        ok = lengths == [shown.length]
        t.expect(
            BASELINE,
            ok,
            f"baselines of {', '.join(map(str, lengths)) or 'no'} length",
            shown.recorded,
        )


def _judge_period(t: VtnTest, shown: Shown, spec: EventSpec, asked: datetime) -> None:
    start, wanted = shown.start, asked + spec.starts_in
    ok = start is not None and abs(start - wanted) <= max(_LATER, t.device.unit)
    t.expect(
        START,
        ok,
        f"dtstart {start}, about {wanted:%Y-%m-%dT%H:%M:%SZ} was asked for",
        shown.recorded,
    )
    length = sum((one for one in _lengths(spec.signals[0])), ZERO)
    ask = LENGTH if length else OPEN_END
    t.expect(ask, shown.length == length, f"{shown.length} for {length}", shown.recorded)
    for what, path, given in (
        (WINDOW, "xcal:tolerance/xcal:tolerate/xcal:startafter", spec.start_after),
        (RAMP_UP, "ei:x-eiRampUp/xcal:duration", spec.ramp_up),
        (RECOVERY, "ei:x-eiRecovery/xcal:duration", spec.recovery),
        (NOTIFICATION, "ei:x-eiNotification/xcal:duration", spec.notification),
    ):
        # What nobody has asked for may have a value that the programme prescribes.
        if given:
            seen = shown.period(path)
            t.expect(what, seen == given, f"{seen} for {given}", shown.recorded)


def _lengths(spec: SignalSpec) -> Iterator[timedelta]:
    return (spec.each for _ in spec.values)


def _judge_descriptor(t: VtnTest, shown: Shown, spec: EventSpec) -> None:
    at = shown.recorded
    if spec.priority:
        seen = shown.words("ei:priority")
        t.expect(PRIORITY, seen == str(spec.priority), f"{seen or 'none'} for {spec.priority}", at)
    context = shown.words("ei:eiMarketContext/emix:marketContext")
    same = normalize_uri(context) == normalize_uri(spec.market_context)
    t.expect(CONTEXT, same, f"{context!r} for {spec.market_context!r}", at)
    test = shown.words("ei:testEvent")
    # R6 and R46: anything but nothing and ``false`` makes it a test.
    t.expect(TEST, (test not in {"", "false"}) == spec.test, f"testEvent {test!r}", at)
    if spec.comment:
        comment = shown.words("ei:vtnComment")
        t.expect(COMMENT, comment == spec.comment, f"{comment!r} for {spec.comment!r}", at)
    answer = text(shown.element, "oadr:oadrResponseRequired") or ""
    ok = answer == ResponseRequired(spec.response_required).value
    t.expect(ANSWER, ok, f"oadrResponseRequired {answer!r}", at)


def _judge_signal(t: VtnTest, shown: Shown, spec: SignalSpec) -> None:
    found = next((one for one in signals_of(shown.element) if _is(one, spec)), None)
    has = ", ".join(" ".join(filter(None, _kind(one))) for one in signals_of(shown.element))
    wanted = " ".join(filter(None, (spec.name, spec.type, spec.unit, spec.symbol)))
    if not t.expect(SIGNAL, found is not None, f"{has} for {wanted}", shown.recorded):
        return
    seen = [
        (duration(one, _LENGTH_OF), number(one, "ei:signalPayload/ei:payloadFloat/ei:value"))
        for one in each(found, "strm:intervals/ei:interval")
    ]
    asked = list(zip(_lengths(spec), spec.values, strict=True))
    ok = len(seen) == len(asked) and all(map(_same, seen, asked))
    t.expect(VALUES, ok, f"{_words(seen)} for {_words(asked)}", shown.recorded)
    if spec.assets:
        classes = texts(first(found, "ei:eiTarget"), "power:endDeviceAsset/power:mrid")
        ok = set(classes) == set(spec.assets)
        t.expect(
            ASSETS,
            ok,
            f"{', '.join(classes) or 'none'} for {', '.join(spec.assets)}",
            shown.recorded,
        )


def _kind(signal: Element) -> tuple[str, str, str, str]:
    """Returns name, type, unit and symbol."""
    item = next((one for one in signal if local(one) not in _UNITLESS), None)
    symbol = (
        ""
        if item is None
        else next(((one.text or "").strip() for one in item if local(one) == "itemUnits"), "")
    )
    name, kind = text(signal, "ei:signalName") or "", text(signal, "ei:signalType") or ""
    return name, kind, "" if item is None else local(item), symbol


def _is(signal: Element, spec: SignalSpec) -> bool:
    name, kind, unit, symbol = _kind(signal)
    # The symbol of a unit that leaves no choice follows from the unit.
    # The schema has SIMPLE in small letters as well.
    name = name.upper() if name == "simple" else name
    return (name, kind, unit) == (spec.name, str(spec.type), spec.unit) and (
        not spec.symbol or symbol == spec.symbol
    )


def _same(seen: tuple[timedelta | None, Decimal | None], asked: tuple[timedelta, Decimal]) -> bool:
    length, value = seen
    if length != asked[0] or value is None or not value.is_finite():
        return False
    return abs(value - asked[1]) <= abs(asked[1]) * _PRECISION


def _words(
    intervals: list[tuple[timedelta | None, Decimal | None]] | list[tuple[timedelta, Decimal]],
) -> str:
    return ", ".join(f"{value} for {length}" for length, value in intervals)
