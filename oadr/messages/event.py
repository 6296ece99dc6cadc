"""EiEvent: what a VTN wants of a VEN, and whether the VEN takes part."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

from oadr.enums import EventStatus, OptType, ResponseRequired, SignalType
from oadr.messages.common import (
    EVERYTHING,
    VERSION,
    EiResponse,
    GreenButtonUnit,
    Interval,
    Period,
    SchemaVersion,
    Target,
    Unit,
)
from oadr.messages.mapping import At, root


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDescriptor:
    """What an event is, apart from when and what.

    Attributes:
        event_id: unique within a VEN (R70).
        modification_number: 0 for a new event, one more at each change (R4, R5).
        priority: 0 is none and the lowest; otherwise a lower number matters more (R3).
        market_context: URI of the programme.
        created_date_time: renewed at each change (R115).
        test_event: anything but absent or ``false`` marks a test (R6).
    """

    event_id: Annotated[str, At("ei:eventID")]
    modification_number: Annotated[int, At("ei:modificationNumber")] = 0
    modification_date_time: Annotated[datetime | None, At("ei:modificationDateTime")] = None
    modification_reason: Annotated[str | None, At("ei:modificationReason")] = None
    priority: Annotated[int | None, At("ei:priority")] = None
    market_context: Annotated[str, At("ei:eiMarketContext/emix:marketContext", token=True)]
    created_date_time: Annotated[datetime, At("ei:createdDateTime")]
    event_status: Annotated[EventStatus, At("ei:eventStatus")]
    test_event: Annotated[str | None, At("ei:testEvent")] = None
    vtn_comment: Annotated[str | None, At("ei:vtnComment")] = None

    @property
    def is_test(self) -> bool:
        """Whether this is a test event (R6)."""
        return bool(self.test_event) and self.test_event != "false"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """``eiEventSignal``: one series of values.

    Attributes:
        intervals: one or more; durations sum up to that of the event (R8, R102).
        target: device classes only (R111); absent means no further restriction.
        signal_name: one of ``oadr.enums.SignalName`` or an ``x-`` name.
        signal_id: unique in the event (R107).
        current_value: the payload of the running interval (R29).
    """

    intervals: Annotated[tuple[Interval, ...], At("strm:intervals/ei:interval*")]
    target: Annotated[Target | None, At("ei:eiTarget")] = None
    signal_name: Annotated[str, At("ei:signalName", token=True)]
    signal_type: Annotated[SignalType, At("ei:signalType")]
    signal_id: Annotated[str, At("ei:signalID")]
    unit: Unit | GreenButtonUnit | None = None
    current_value: Annotated[Decimal | None, At("ei:currentValue/ei:payloadFloat/ei:value")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """``eiEventBaseline``: what the load would have been (R101, R102, R108)."""

    dtstart: Annotated[datetime, At("xcal:dtstart/xcal:date-time")]
    duration: Annotated[timedelta, At("xcal:duration/xcal:duration")]
    intervals: Annotated[tuple[Interval, ...], At("strm:intervals/ei:interval*")]
    baseline_id: Annotated[str, At("ei:baselineID")]
    resource_ids: Annotated[tuple[str, ...], At("ei:resourceID")] = ()
    baseline_name: Annotated[str, At("ei:baselineName")]
    unit: Unit | GreenButtonUnit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """``oadrEvent``: an event and whether it must be answered."""

    descriptor: Annotated[EventDescriptor, At("ei:eiEvent/ei:eventDescriptor")]
    active_period: Annotated[
        Period, At("ei:eiEvent/ei:eiActivePeriod/xcal:properties", then="<xcal:components/>")
    ]
    signals: Annotated[tuple[Signal, ...], At("ei:eiEvent/ei:eiEventSignals/ei:eiEventSignal*")]
    baseline: Annotated[Baseline | None, At("ei:eiEvent/ei:eiEventSignals/ei:eiEventBaseline")] = (
        None
    )
    target: Annotated[Target, At("ei:eiEvent/ei:eiTarget")] = EVERYTHING
    response_required: Annotated[ResponseRequired, At("oadr:oadrResponseRequired")] = (
        ResponseRequired.ALWAYS
    )

    @property
    def event_id(self) -> str:
        """The event's ID."""
        return self.descriptor.event_id


@root("oadrRequestEvent")
@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEvent:
    """``oadrRequestEvent``: a VEN asks for all its events; ``reply_limit`` caps them (R27)."""

    request_id: Annotated[str, At("pyld:eiRequestEvent/pyld:requestID")]
    ven_id: Annotated[str, At("pyld:eiRequestEvent/ei:venID")]
    reply_limit: Annotated[int | None, At("pyld:eiRequestEvent/pyld:replyLimit")] = None
    schema_version: SchemaVersion = VERSION


@root("oadrDistributeEvent")
@dataclass(frozen=True, slots=True, kw_only=True)
class DistributeEvent:
    """``oadrDistributeEvent``: the full snapshot of a VEN's events, in order (R15, R50).

    ``response`` is present when a poll or an oadrRequestEvent is answered (R40);
    ``request_id`` is never empty, and need not be unique (R41).
    """

    response: Annotated[EiResponse | None, At("ei:eiResponse")] = None
    request_id: Annotated[str, At("pyld:requestID")]
    vtn_id: Annotated[str, At("ei:vtnID")]
    events: Annotated[tuple[Event, ...], At("oadr:oadrEvent")] = ()
    schema_version: SchemaVersion = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class EventResponse:
    """The answer to one event; ``request_id`` is that of its oadrDistributeEvent (R42)."""

    code: Annotated[int, At("ei:responseCode")] = 200
    description: Annotated[str | None, At("ei:responseDescription")] = None
    request_id: Annotated[str, At("pyld:requestID")]
    event_id: Annotated[str, At("ei:qualifiedEventID/ei:eventID")]
    modification_number: Annotated[int, At("ei:qualifiedEventID/ei:modificationNumber")]
    opt_type: Annotated[OptType, At("ei:optType")]


@root("oadrCreatedEvent")
@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedEvent:
    """``oadrCreatedEvent``: a VEN's answers to events.

    ``responses`` is required unless ``response`` carries an error (R35).
    """

    response: Annotated[EiResponse, At("pyld:eiCreatedEvent/ei:eiResponse")]
    responses: Annotated[
        tuple[EventResponse, ...], At("pyld:eiCreatedEvent/ei:eventResponses/ei:eventResponse*")
    ] = ()
    ven_id: Annotated[str, At("pyld:eiCreatedEvent/ei:venID")]
    schema_version: SchemaVersion = VERSION
