"""The signals and baselines of an event (R2, R8, R9, R14, R29, R47, R100 to R111, R116)."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType

from conformance.checks.check import VTN, Seen, exchange, message
from conformance.checks.document import Document
from conformance.checks.event import NAME, events_of, start_of, status_of
from conformance.checks.exchange import Exchange
from conformance.checks.session import PERIOD
from conformance.checks.xml import ZERO, Element, duration, each, first, local, number, text, texts
from oadr.event.target import DEVICE_CLASSES

_INTERVALS = "strm:intervals/ei:interval"
_LENGTH = "xcal:duration/xcal:duration"
_VALUE = "ei:signalPayload/ei:payloadFloat/ei:value"
_CURRENT = "ei:currentValue/ei:payloadFloat/ei:value"
#: While a message is on its way the next interval may begin.
_SLACK = timedelta(seconds=5)

_ENERGY = frozenset({"energyApparent", "energyReactive", "energyReal"})
_POWER = frozenset({"powerApparent", "powerReactive", "powerReal"})
_NONE = frozenset({""})


def _prices(unit: str) -> dict[str, frozenset[str]]:
    priced = frozenset({unit})
    return {"price": priced, "priceRelative": priced, "priceMultiplier": _NONE}


#: Signal name -> signal type -> units (table 1); ``""`` is none.
_SIGNALS: Mapping[str, Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "SIMPLE": {"level": _NONE},
        "simple": {"level": _NONE},
        "ELECTRICITY_PRICE": _prices("currencyPerKWh"),
        "ENERGY_PRICE": _prices("currencyPerKWh"),
        "DEMAND_CHARGE": _prices("currencyPerKW"),
        "BID_PRICE": {"price": frozenset({"currency"})},
        "BID_LOAD": {"setpoint": _POWER},
        "BID_ENERGY": {"setpoint": _ENERGY},
        "CHARGE_STATE": {"setpoint": _ENERGY, "delta": _ENERGY, "multiplier": _NONE},
        "LOAD_DISPATCH": {
            "setpoint": _POWER,
            "delta": _POWER,
            "multiplier": _NONE,
            "level": _POWER,
        },
        "LOAD_CONTROL": {
            "x-loadControlCapacity": _NONE,
            "x-loadControlLevelOffset": _NONE,
            "x-loadControlSetpoint": _NONE,
            "x-loadControlPercentOffset": _NONE,
        },
    }
)
#: What stands between the dates and the names of a signal, and is no unit.
_NO_UNIT = frozenset(
    {"intervals", "eiTarget", "signalName", "signalType", "signalID", "currentValue"}
)


def signals_of(event: Element) -> Iterator[Element]:
    """Yields the signals of an event."""
    return each(event, "ei:eiEvent/ei:eiEventSignals/ei:eiEventSignal")


def baselines_of(event: Element) -> Iterator[Element]:
    """Yields the baseline of an event, if it has one."""
    return each(event, "ei:eiEvent/ei:eiEventSignals/ei:eiEventBaseline")


def _signals(document: Document) -> Iterator[tuple[Element, Element]]:
    for event in events_of(document):
        for signal in signals_of(event):
            yield event, signal


def _baselines(document: Document) -> Iterator[Element]:
    for event in events_of(document):
        yield from baselines_of(event)


def _simple(signal: Element) -> bool:
    return text(signal, "ei:signalName") in {"SIMPLE", "simple"}


def _numbered(series: Element) -> Iterator[Seen]:
    for index, interval in enumerate(each(series, _INTERVALS)):
        uid = text(interval, "xcal:uid/xcal:text")
        if uid != str(index):
            yield Seen(f"uid {uid!r} for interval {index}", interval)


def _sum(series: Element) -> timedelta | None:
    total = ZERO
    for interval in each(series, _INTERVALS):
        length = duration(interval, _LENGTH)
        if length is None:
            return None
        total += length
    return total


@message(2, VTN, NAME)
def signal_uids(document: Document) -> Iterator[Seen]:
    """The intervals of a signal have the uids 0, 1, 2 and so on."""
    for _, signal in _signals(document):
        yield from _numbered(signal)


@message(101, VTN, NAME)
def baseline_uids(document: Document) -> Iterator[Seen]:
    """The intervals of a baseline have the uids 0, 1, 2 and so on."""
    for baseline in _baselines(document):
        yield from _numbered(baseline)


@message(8, VTN, NAME)
def durations_add_up(document: Document) -> Iterator[Seen]:
    """The durations of a signal's intervals add up to that of the event."""
    for event, signal in _signals(document):
        whole, total = duration(event, f"{PERIOD}/{_LENGTH}"), _sum(signal)
        # R47: an event of duration 0 has no end.
        if whole and total is not None and total != whole:
            yield Seen(f"{total} in an event of {whole}", signal)


@message(47, VTN, NAME)
def open_end_last(document: Document) -> Iterator[Seen]:
    """Only the last interval of a signal has no end."""
    for _, signal in _signals(document):
        intervals = list(each(signal, _INTERVALS))
        for interval in intervals[:-1]:
            if duration(interval, _LENGTH) == ZERO:
                yield Seen("duration 0 before the last interval", interval)


@message(102, VTN, NAME)
def intervals_have_durations(document: Document) -> Iterator[Seen]:
    """Each interval of a signal or baseline has a duration."""
    for series in _series(document):
        for interval in each(series, _INTERVALS):
            if first(interval, _LENGTH) is None:
                yield Seen("an interval without duration", interval)


@message(102, VTN, NAME)
def baseline_adds_up(document: Document) -> Iterator[Seen]:
    """The durations of a baseline's intervals add up to its duration."""
    for baseline in _baselines(document):
        whole, total = duration(baseline, _LENGTH), _sum(baseline)
        if whole and total is not None and total != whole:
            yield Seen(f"{total} in a baseline of {whole}", baseline)


def _series(document: Document) -> Iterator[Element]:
    for event in events_of(document):
        yield from signals_of(event)
        yield from baselines_of(event)


@message(103, VTN, NAME)
def intervals_have_no_start(document: Document) -> Iterator[Seen]:
    """Intervals of signals and baselines have no dtstart."""
    for series in _series(document):
        for interval in each(series, _INTERVALS):
            found = first(interval, "xcal:dtstart")
            if found is not None:
                yield Seen("a dtstart", found)


@message(100, VTN, NAME)
def one_payload(document: Document) -> Iterator[Seen]:
    """Each interval of a signal or baseline has exactly one payloadFloat."""
    for series in _series(document):
        for interval in each(series, _INTERVALS):
            payloads = list(each(interval, "ei:signalPayload"))
            floats = list(each(interval, _VALUE))
            others = [one for one in interval if local(one) == "oadrReportPayload"]
            if len(payloads) != 1 or len(floats) != 1 or others:
                yield Seen(f"{len(payloads)} payloads, {len(floats)} payloadFloat", interval)


@message(9, VTN, NAME)
def simple_levels(document: Document) -> Iterator[Seen]:
    """The payloads of SIMPLE are 0, 1, 2 or 3."""
    for _, signal in _signals(document):
        for interval in each(signal, _INTERVALS) if _simple(signal) else ():
            value = number(interval, _VALUE)
            if value is not None and value not in {0, 1, 2, 3}:
                yield Seen(f"{value}", interval)


@message(116, VTN, NAME)
def simple_is_level(document: Document) -> Iterator[Seen]:
    """The type of SIMPLE is level."""
    for _, signal in _signals(document):
        kind = text(signal, "ei:signalType")
        if _simple(signal) and kind != "level":
            yield Seen(f"signalType {kind}", first(signal, "ei:signalType"))


@message(104, VTN, NAME)
def standard_units(document: Document) -> Iterator[Seen]:
    """A standard signal has a type and a unit of the table."""
    for _, signal in _signals(document):
        name, kind = text(signal, "ei:signalName") or "", text(signal, "ei:signalType") or ""
        unit = next((local(one) for one in signal if local(one) not in _NO_UNIT), "")
        kinds = _SIGNALS.get(name)
        if kinds is None or (_simple(signal) and kind != "level"):
            continue
        if unit not in kinds.get(kind, ()):
            yield Seen(f"{name}, {kind}, unit {unit or 'none'}", signal)


@message(104, VTN, NAME)
def standard_values(document: Document) -> Iterator[Seen]:
    """The values of a standard signal are in the range of the table."""
    for _, signal in _signals(document):
        name, kind = text(signal, "ei:signalName") or "", text(signal, "ei:signalType") or ""
        for interval in each(signal, _INTERVALS):
            value = number(interval, _VALUE)
            if value is not None and not _in_range(name, kind, value):
                yield Seen(f"{value} for {name}, {kind}", interval)


def _in_range(name: str, kind: str, value: Decimal) -> bool:
    whole = value.is_finite() and value == value.to_integral_value()
    match name, kind:
        case ("CHARGE_STATE", "multiplier") | ("LOAD_CONTROL", "x-loadControlCapacity"):
            return value.is_finite() and 0 <= value <= 1
        case ("LOAD_DISPATCH", "level"):
            return whole and -10 <= value <= 10
        case ("LOAD_CONTROL", "x-loadControlLevelOffset"):
            return whole
        case _:
            return name not in _SIGNALS or value.is_finite()


@message(107, VTN, NAME)
def own_signal_ids(document: Document) -> Iterator[Seen]:
    """Each signal of an event has a signalID of its own."""
    for event in events_of(document):
        seen: set[str] = set()
        for signal in signals_of(event):
            name = text(signal, "ei:signalID") or ""
            if name in seen or not name:
                yield Seen(f"signalID {name!r}", first(signal, "ei:signalID"))
            seen.add(name)


@message(111, VTN, NAME)
def signal_target(document: Document) -> Iterator[Seen]:
    """The target of a signal names device classes of the list and nothing else."""
    for _, signal in _signals(document):
        yield from only_device_classes(first(signal, "ei:eiTarget"))


def only_device_classes(target: Element | None) -> Iterator[Seen]:
    """Yields what a target of device classes must not have; a missing one is right."""
    if target is None:
        return
    if not len(target):
        yield Seen("an empty target", target)
    for child in target:
        if local(child) != "endDeviceAsset":
            yield Seen(f"a {local(child)}", child)
    for name in texts(target, "power:endDeviceAsset/power:mrid"):
        if name not in DEVICE_CLASSES and not name.startswith("x-"):
            yield Seen(f"device class {name!r}", target)


@message(108, VTN, NAME)
def baseline_resources(document: Document) -> Iterator[Seen]:
    """The resources of a baseline are named once, and each has a name."""
    for baseline in _baselines(document):
        names = texts(baseline, "ei:resourceID")
        if "" in names or len(set(names)) < len(names):
            yield Seen(f"resourceIDs {', '.join(map(repr, names))}", baseline)


@message(14, VTN, NAME)
def simple_rests(document: Document) -> Iterator[Seen]:
    """The currentValue of SIMPLE is 0 unless the event is active."""
    for event, signal in _signals(document):
        value = number(signal, _CURRENT)
        if _simple(signal) and status_of(event) != "active" and value:
            yield Seen(f"{value} while {status_of(event)}", first(signal, _CURRENT))


@exchange(29, VTN, NAME)
def current_value(exchange: Exchange, document: Document) -> Iterator[Seen]:
    """The currentValue of an active event is the payload of the running interval."""
    for event, signal in _signals(document):
        value, at, running = number(signal, _CURRENT), exchange.at, start_of(event)
        if status_of(event) != "active" or None in (value, at, running):
            continue
        if at is None or running is None:
            continue
        values = []
        for interval in each(signal, _INTERVALS):
            length = duration(interval, _LENGTH)
            end = running + length if length else None
            if running - _SLACK <= at and (end is None or at < end + _SLACK):
                values.append(number(interval, _VALUE))
            if end is None:
                break
            running = end
        if values and value not in values:
            text_ = f"{value}; {' or '.join(map(str, values))} runs at {at:%H:%M:%S}"
            yield Seen(text_, first(signal, _CURRENT))
