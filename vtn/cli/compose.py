"""Events from what an operator writes: audience, signals, times, programme."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import urljoin

import click

from oadr import codec
from oadr import messages as m
from oadr.enums import ResponseRequired, SignalType
from oadr.errors import ComplianceError, XMLError
from oadr.event import build_event, default_type, parse_levels
from oadr.times import ZERO
from vtn.cli.params import When, parse_unit
from vtn.operator import Audience, target_of

Steps = Sequence[tuple[timedelta, Decimal]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When, as the command line says; None leaves a thing as it is.

    Attributes:
        start: moment.
        ramp_up: time to get there.
        recovery: time to get back.
        notification: how long ahead a VEN should know.
        randomize: each VEN starts at a random moment within it.
    """

    start: When | None
    ramp_up: timedelta | None
    recovery: timedelta | None
    notification: timedelta | None
    randomize: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What, as the command line says; None leaves a thing as it is.

    Attributes:
        levels: of the first signal, such as ``1:15m,2:30m``.
        priority: 1 is the highest, 0 none.
        comment: words for the VEN.
        test: whether it is a test event.
        response: ``always`` or ``never``.
    """

    levels: str | None
    priority: int | None
    comment: str | None
    test: bool | None
    response: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalText:
    """One signal, as the command line says."""

    name: str
    levels: str
    unit: str | None = None
    type: str | None = None

    @classmethod
    def read(cls, text: str) -> "SignalText":
        """Returns the signal in ``NAME LEVELS [UNIT] [TYPE]``.

        Raises:
            click.UsageError: there is no levels, or too much.
        """
        words = text.split()
        if not 2 <= len(words) <= 4:
            raise click.UsageError(
                f"--also {text!r}: write 'NAME LEVELS', and UNIT and TYPE if it has them, such as "
                "'ELECTRICITY_PRICE 0.30:1h EUR/kWh'"
            )
        name, levels, *more = words
        types = [word for word in more if word in set(SignalType)]
        units = [word for word in more if word not in types]
        if len(types) > 1 or len(units) > 1:
            raise click.UsageError(f"--also {text!r}: {' '.join(more)} is not UNIT and TYPE")
        return cls(
            name=name,
            levels=levels,
            unit=units[0] if units else None,
            type=types[0] if types else None,
        )


def audience_of(texts: Sequence[str]) -> Audience:
    """Returns whom ``all``, ``group:G``, ``ven:V`` and ``resource:R`` mean, taken together.

    Raises:
        click.UsageError: one is none of these.
    """
    found: dict[str, set[str]] = {"group": set(), "ven": set(), "resource": set()}
    for text in texts:
        kind, _, name = text.partition(":")
        if text != "all" and (kind not in found or not name):
            raise click.UsageError(
                f"--to {text}: write all, group:NAME, ven:NAME or resource:ID; repeat it for more"
            )
        if text != "all":
            found[kind].add(name)
    return Audience(
        everyone="all" in texts,
        vens=frozenset(found["ven"]),
        groups=frozenset(found["group"]),
        resources=frozenset(found["resource"]),
    )


def compose(
    *,
    event_id: str,
    market_context: str,
    audience: Audience,
    signal: SignalText,
    also: Sequence[SignalText],
    baseline: str | None,
    timing: Timing,
    content: Content,
    now: datetime,
) -> m.Event:
    """Returns a new event, checked.

    Raises:
        click.UsageError: something of it cannot be read.
        ProtocolError: a VTN must not send it; the text says why.
    """
    with reading("--levels"):
        steps = parse_levels(signal.levels)
    built = build_event(
        event_id=event_id,
        market_context=market_context,
        start=(timing.start or When("now")).at(now),
        intervals=steps,
        signal_name=signal.name,
        signal_type=_type(signal),
        unit=_unit(signal.unit),
        start_after=timing.randomize,
        notification=timing.notification,
        ramp_up=timing.ramp_up,
        recovery=timing.recovery,
        priority=content.priority,
        test=bool(content.test),
        comment=content.comment,
        target=target_of(audience),
        response_required=ResponseRequired(content.response or "always"),
        now=now,
    )
    more = tuple(_signal(text, number) for number, text in enumerate(also, start=1))
    whole = replace(built, signals=built.signals + more)
    if baseline is not None:
        whole = replace(whole, baseline=_baseline(baseline, whole.active_period))
    check_document(whole)
    return whole


def changed(event: m.Event, timing: Timing, content: Content, now: datetime) -> m.Event:
    """Returns the event with what the command line changes.

    Raises:
        click.UsageError: something of it cannot be read.
    """
    period = _moved(event.active_period, timing, now)
    descriptor, signals = event.descriptor, event.signals
    if content.levels is not None:
        with reading("--levels"):
            steps = parse_levels(content.levels)
        signals = (replace(signals[0], intervals=_intervals(steps)), *signals[1:])
        period = replace(period, duration=sum((length for length, _ in steps), ZERO))
    if content.priority is not None:
        descriptor = replace(descriptor, priority=content.priority)
    if content.comment is not None:
        descriptor = replace(descriptor, vtn_comment=content.comment or None)
    if content.test is not None:
        descriptor = replace(descriptor, test_event="true" if content.test else None)
    response = event.response_required
    if content.response is not None:
        response = ResponseRequired(content.response)
    wanted = replace(
        event,
        descriptor=descriptor,
        active_period=period,
        signals=signals,
        response_required=response,
    )
    check_document(wanted)
    return wanted


def _moved(period: m.Period, timing: Timing, now: datetime) -> m.Period:
    def either(given: timedelta | None, current: timedelta | None) -> timedelta | None:
        return current if given is None else given

    return replace(
        period,
        dtstart=timing.start.at(now) if timing.start else period.dtstart,
        ramp_up=either(timing.ramp_up, period.ramp_up),
        recovery=either(timing.recovery, period.recovery),
        notification=either(timing.notification, period.notification),
        start_after=either(timing.randomize, period.start_after),
    )


def programme(market_context: str, name: str | None) -> str:
    """Returns the URI of a programme; a mere name is one beside the usual programme."""
    return urljoin(market_context, name) if name else market_context


def check_document(event: m.Event) -> None:
    """Checks that VENs can read the event: a unit or name may be outside the schema.

    Raises:
        ComplianceError: it makes no valid document.
    """
    message = m.DistributeEvent(request_id="0", vtn_id="0", events=(event,))
    try:
        codec.decode(codec.encode(message))
    except XMLError as error:
        raise ComplianceError(f"the event makes no valid message: {error.reason}") from None


@contextmanager
def reading(option: str) -> Iterator[None]:
    """Turns a ``ValueError`` into wrong usage of an option."""
    try:
        yield
    except ValueError as error:
        raise click.UsageError(f"{option}: {error}") from None


def _type(signal: SignalText) -> SignalType | None:
    if signal.type is not None:
        return SignalType(signal.type)
    with reading("--signal"):
        return default_type(signal.name)


def _unit(text: str | None) -> m.Unit | None:
    if text is None:
        return None
    with reading("--unit"):
        return parse_unit(text)


def _signal(text: SignalText, number: int) -> m.Signal:
    with reading(f"--also {text.name}"):
        steps = parse_levels(text.levels)
    return m.Signal(
        intervals=_intervals(steps),
        signal_name=text.name,
        signal_type=_type(text) or SignalType.LEVEL,
        signal_id=str(number),
        unit=_unit(text.unit),
    )


def _baseline(text: str, period: m.Period) -> m.Baseline:
    levels, _, unit = text.strip().partition(" ")
    with reading("--baseline"):
        steps = parse_levels(levels)
    return m.Baseline(
        dtstart=period.dtstart,
        duration=sum((length for length, _ in steps), ZERO),
        intervals=_intervals(steps),
        baseline_id="baseline",
        baseline_name="baseline",
        unit=_unit(unit.strip() or None),
    )


def _intervals(steps: Steps) -> tuple[m.Interval, ...]:
    return tuple(
        m.Interval(duration=length, uid=str(number), payloads=(m.SignalPayload(value=value),))
        for number, (length, value) in enumerate(steps)
    )
