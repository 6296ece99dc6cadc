"""EiOpt: when a VEN or a resource takes part, by schedule or for one event."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from oadr.enums import OptType
from oadr.messages.common import (
    EVERYTHING,
    VERSION,
    EiResponse,
    MarketContext,
    Period,
    SchemaVersion,
    Target,
)
from oadr.messages.mapping import At, root


@root("oadrCreateOpt")
@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOpt:
    """``oadrCreateOpt``: an availability schedule, or the qualification of an event (R206).

    Attributes:
        opt_reason: one of ``oadr.enums.OptReason`` or an ``x-`` value.
        market_context: limits a schedule to a programme; not with an event.
        availability: the schedule; not with an event.
        event_id: the event to qualify, with ``modification_number``.
        target: empty means all of the VEN's resources (R202).
        device_class: device classes only (R209).
    """

    opt_id: Annotated[str, At("ei:optID")]
    opt_type: Annotated[OptType, At("ei:optType")]
    opt_reason: Annotated[str, At("ei:optReason", token=True)]
    market_context: MarketContext = None
    ven_id: Annotated[str, At("ei:venID")]
    availability: Annotated[
        tuple[Period, ...],
        At("xcal:vavailability/xcal:components/xcal:available*/xcal:properties"),
    ] = ()
    created_date_time: Annotated[datetime, At("ei:createdDateTime")]
    request_id: Annotated[str, At("pyld:requestID")]
    event_id: Annotated[str | None, At("ei:qualifiedEventID/ei:eventID", empty=True)] = None
    modification_number: Annotated[int | None, At("ei:qualifiedEventID/ei:modificationNumber")] = (
        None
    )
    target: Annotated[Target, At("ei:eiTarget")] = EVERYTHING
    device_class: Annotated[Target | None, At("oadr:oadrDeviceClass")] = None
    schema_version: SchemaVersion = VERSION


@root("oadrCreatedOpt")
@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedOpt:
    """``oadrCreatedOpt``: the opt is taken, or why not."""

    response: Annotated[EiResponse, At("ei:eiResponse")]
    opt_id: Annotated[str, At("ei:optID")]
    schema_version: SchemaVersion = VERSION


@root("oadrCancelOpt")
@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOpt:
    """``oadrCancelOpt``: all schedules that used this optID end (R204)."""

    request_id: Annotated[str, At("pyld:requestID")]
    opt_id: Annotated[str, At("ei:optID")]
    ven_id: Annotated[str, At("ei:venID")]
    schema_version: SchemaVersion = VERSION


@root("oadrCanceledOpt")
@dataclass(frozen=True, slots=True, kw_only=True)
class CanceledOpt:
    """``oadrCanceledOpt``: the schedules have ended, or why not."""

    response: Annotated[EiResponse, At("ei:eiResponse")]
    opt_id: Annotated[str | None, At("ei:optID")] = None
    schema_version: SchemaVersion = VERSION
