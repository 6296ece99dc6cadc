"""How a VEN is: what ``ven status`` shows."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from oadr.enums import EventStatus, OptType
from oadr.event import status_at
from oadr.messages import ReportRequest
from oadr.times import ZERO, end_of
from ven.state import EventState, HeldEvent, Registration, State
from ven.state.wanted import WantedState


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStatusLine:
    """One event that the VEN holds.

    Attributes:
        event_id: its ID.
        modification_number: of what is in force.
        status: by the clock of the VEN, or cancelled.
        opt: whether the VEN takes part.
        start: when it starts at this VEN, the random offset included.
        duration: 0 is for ever.
        market_context: the programme.
        signals: names of its signals.
    """

    event_id: str
    modification_number: int
    status: EventStatus
    opt: OptType
    start: datetime
    duration: timedelta
    market_context: str
    signals: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLine:
    """One report that is asked for: of this VEN, or by it.

    Attributes:
        request_id: its reportRequestID.
        specifier_id: the report on offer, or ``METADATA``.
        r_ids: the data points.
        every: time between two values; 0 is at each change, or for what comes once.
        deliver: time between two reports; 0 is once.
        until: when it ends; None for ever, or for what comes once.
        state: where it stands.
    """

    request_id: str
    specifier_id: str
    r_ids: tuple[str, ...]
    every: timedelta
    deliver: timedelta
    until: datetime | None
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How a VEN is.

    Attributes:
        ven_name: what people call it.
        vtn_url: of its VTN.
        running: whether this very object lives on its own; a VEN that runs in another
            process looks the same but for this.
        registration: who it is to its VTN; None while it is not registered.
        lost: why the VTN does not know it any more; empty while it does.
        events: what it holds, by start.
        reports: IDs of the report requests that it serves.
        requests: the same, with what is asked for.
        wanted: what it asks of the VTN.
        unanswered: answers to events that the VTN has not confirmed.
        waiting: reports that the VTN has not confirmed.
        waiting_since: when the oldest of these was made; None if there are none.
        parked: reports that were given up and are kept for people to see.
        parked_for: why the newest of these was; empty if there are none.
        readings: how many are kept.
        opts: how many opts stand.
    """

    ven_name: str
    vtn_url: str
    running: bool
    registration: Registration | None
    lost: str
    events: tuple[EventStatusLine, ...]
    reports: tuple[str, ...]
    requests: tuple[RequestLine, ...]
    wanted: tuple[RequestLine, ...]
    unanswered: int
    waiting: int
    waiting_since: datetime | None
    parked: int
    parked_for: str
    readings: int
    opts: int


async def read_status(
    state: State, *, now: datetime, ven_name: str, vtn_url: str, running: bool, lost: str
) -> Status:
    """Returns how the VEN is whose state this is.

    Raises:
        StateError: the state cannot be read.
    """
    waiting, parked = await state.outbox.counts()
    requests = await state.requests.all()
    events = sorted((_line(held, now) for held in await state.events.all()), key=_start)
    return Status(
        ven_name=ven_name,
        vtn_url=vtn_url,
        running=running,
        registration=await state.registration.load(),
        lost=lost,
        events=tuple(events),
        reports=tuple(held.request_id for held in requests),
        requests=tuple(_request_line(held.request, held.state) for held in requests),
        wanted=tuple(
            _request_line(one.request, one.state)
            for one in await state.wanted.all()
            if one.state is not WantedState.ENDED
        ),
        unanswered=len(await state.events.answers()),
        waiting=waiting,
        waiting_since=await state.outbox.oldest(),
        parked=parked,
        parked_for=await state.outbox.last_parked(),
        readings=await state.readings.count(),
        opts=len(await state.opts.all()),
    )


def _request_line(request: ReportRequest, state: str) -> RequestLine:
    period = request.report_interval
    repeated = request.report_back_duration > ZERO
    bounded = repeated and period is not None and period.duration > ZERO
    return RequestLine(
        request_id=request.report_request_id,
        specifier_id=request.report_specifier_id,
        r_ids=tuple(point.r_id for point in request.data_points),
        every=request.granularity,
        deliver=request.report_back_duration,
        until=end_of(period.dtstart, period.duration) if bounded and period else None,
        state=str(state),
    )


def _start(line: EventStatusLine) -> datetime:
    return line.start


def _line(held: HeldEvent, now: datetime) -> EventStatusLine:
    event = held.event
    period = event.active_period
    cancelled = held.state in {EventState.ENDING, EventState.RUNNING_OUT}
    return EventStatusLine(
        event_id=event.event_id,
        modification_number=event.descriptor.modification_number,
        status=status_at(period, now - held.offset, cancelled=cancelled),
        opt=held.opt,
        start=period.dtstart + held.offset,
        duration=period.duration,
        market_context=event.descriptor.market_context,
        signals=tuple(signal.signal_name for signal in event.signals),
    )
