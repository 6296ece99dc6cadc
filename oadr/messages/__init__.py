"""Every message of the 2.0b schema, one file per service.

``common`` holds the parts that services share; ``mapping`` how fields meet the XML.
"""

from oadr.messages.common import (
    EVERYTHING,
    EiResponse,
    GreenButtonPayload,
    GreenButtonUnit,
    Interval,
    LoadControl,
    Period,
    PowerAttributes,
    RawXml,
    ReportPayload,
    ResourceStatus,
    Response,
    SignalPayload,
    Target,
    TransportInterface,
    Unit,
)
from oadr.messages.event import (
    Baseline,
    CreatedEvent,
    DistributeEvent,
    Event,
    EventDescriptor,
    EventResponse,
    RequestEvent,
    Signal,
)
from oadr.messages.mapping import MESSAGES
from oadr.messages.opt import CanceledOpt, CancelOpt, CreatedOpt, CreateOpt
from oadr.messages.poll import Poll
from oadr.messages.registration import (
    CanceledPartyRegistration,
    CancelPartyRegistration,
    CreatedPartyRegistration,
    CreatePartyRegistration,
    Extension,
    Info,
    Profile,
    QueryRegistration,
    RequestReregistration,
    ServiceInfo,
)
from oadr.messages.report import (
    CanceledReport,
    CancelReport,
    CreatedReport,
    CreateReport,
    RegisteredReport,
    RegisterReport,
    Report,
    ReportDescription,
    ReportRequest,
    SamplingRate,
    SpecifierPayload,
    UpdatedReport,
    UpdateReport,
)

Message = (
    CancelOpt
    | CancelPartyRegistration
    | CancelReport
    | CanceledOpt
    | CanceledPartyRegistration
    | CanceledReport
    | CreateOpt
    | CreatePartyRegistration
    | CreateReport
    | CreatedEvent
    | CreatedOpt
    | CreatedPartyRegistration
    | CreatedReport
    | DistributeEvent
    | Poll
    | QueryRegistration
    | RegisterReport
    | RegisteredReport
    | RequestEvent
    | RequestReregistration
    | Response
    | UpdateReport
    | UpdatedReport
)

__all__ = [
    "EVERYTHING",
    "MESSAGES",
    "Baseline",
    "CancelOpt",
    "CancelPartyRegistration",
    "CancelReport",
    "CanceledOpt",
    "CanceledPartyRegistration",
    "CanceledReport",
    "CreateOpt",
    "CreatePartyRegistration",
    "CreateReport",
    "CreatedEvent",
    "CreatedOpt",
    "CreatedPartyRegistration",
    "CreatedReport",
    "DistributeEvent",
    "EiResponse",
    "Event",
    "EventDescriptor",
    "EventResponse",
    "Extension",
    "GreenButtonPayload",
    "GreenButtonUnit",
    "Info",
    "Interval",
    "LoadControl",
    "Message",
    "Period",
    "Poll",
    "PowerAttributes",
    "Profile",
    "QueryRegistration",
    "RawXml",
    "RegisterReport",
    "RegisteredReport",
    "Report",
    "ReportDescription",
    "ReportPayload",
    "ReportRequest",
    "RequestEvent",
    "RequestReregistration",
    "ResourceStatus",
    "Response",
    "SamplingRate",
    "ServiceInfo",
    "Signal",
    "SignalPayload",
    "SpecifierPayload",
    "Target",
    "TransportInterface",
    "Unit",
    "UpdateReport",
    "UpdatedReport",
]
