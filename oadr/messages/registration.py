"""EiRegisterParty: who is there, by which transport, under which identifiers."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from oadr.enums import ProfileName, ServiceName, TransportName
from oadr.messages.common import VERSION, EiResponse, SchemaVersion
from oadr.messages.mapping import At, root


@root("oadrQueryRegistration")
@dataclass(frozen=True, slots=True, kw_only=True)
class QueryRegistration:
    """``oadrQueryRegistration``: a VEN asks what the VTN supports; it has no venID."""

    request_id: Annotated[str, At("pyld:requestID")]
    schema_version: SchemaVersion = VERSION


@root("oadrCreatePartyRegistration")
@dataclass(frozen=True, slots=True, kw_only=True)
class CreatePartyRegistration:
    """``oadrCreatePartyRegistration``: a VEN registers or re-registers (R402).

    Attributes:
        registration_id: only when re-registering.
        ven_id: when re-registering, or when it was allocated beforehand.
        transport_address: base address of the VEN, needed for push.
        http_pull_model: needed for simple HTTP.
    """

    request_id: Annotated[str, At("pyld:requestID")]
    registration_id: Annotated[str | None, At("ei:registrationID")] = None
    ven_id: Annotated[str | None, At("ei:venID")] = None
    profile_name: Annotated[ProfileName, At("oadr:oadrProfileName")] = ProfileName.B
    transport_name: Annotated[TransportName, At("oadr:oadrTransportName")] = (
        TransportName.SIMPLE_HTTP
    )
    transport_address: Annotated[str | None, At("oadr:oadrTransportAddress")] = None
    report_only: Annotated[bool, At("oadr:oadrReportOnly")] = False
    xml_signature: Annotated[bool, At("oadr:oadrXmlSignature")] = False
    ven_name: Annotated[str | None, At("oadr:oadrVenName")] = None
    http_pull_model: Annotated[bool | None, At("oadr:oadrHttpPullModel")] = None
    schema_version: SchemaVersion = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A supported profile with its transports, one or more."""

    name: Annotated[ProfileName, At("oadr:oadrProfileName")]
    transports: Annotated[
        tuple[TransportName, ...],
        At("oadr:oadrTransports/oadr:oadrTransport*/oadr:oadrTransportName"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """A key and its value."""

    key: Annotated[str, At("oadr:oadrKey")]
    value: Annotated[str, At("oadr:oadrValue")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceInfo:
    """What a service needs to know beyond the standard."""

    service: Annotated[ServiceName, At("oadr:oadrServiceName")]
    info: Annotated[tuple[Info, ...], At("oadr:oadrInfo")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A named extension of the VTN."""

    name: Annotated[str, At("oadr:oadrExtensionName")]
    info: Annotated[tuple[Info, ...], At("oadr:oadrInfo")] = ()


@root("oadrCreatedPartyRegistration")
@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedPartyRegistration:
    """``oadrCreatedPartyRegistration``: what the VTN supports, and the registration.

    ``registration_id`` and ``ven_id`` are absent toward a VEN that is not registered
    (R404); ``poll_freq`` is needed for HTTP pull (R403).
    """

    response: Annotated[EiResponse, At("ei:eiResponse")]
    registration_id: Annotated[str | None, At("ei:registrationID")] = None
    ven_id: Annotated[str | None, At("ei:venID")] = None
    vtn_id: Annotated[str, At("ei:vtnID")]
    profiles: Annotated[tuple[Profile, ...], At("oadr:oadrProfiles/oadr:oadrProfile*")]
    poll_freq: Annotated[timedelta | None, At("oadr:oadrRequestedOadrPollFreq/xcal:duration")] = (
        None
    )
    service_specific_info: Annotated[
        tuple[ServiceInfo, ...], At("oadr:oadrServiceSpecificInfo/oadr:oadrService*")
    ] = ()
    extensions: Annotated[tuple[Extension, ...], At("oadr:oadrExtensions/oadr:oadrExtension*")] = ()
    schema_version: SchemaVersion = VERSION


@root("oadrRequestReregistration")
@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReregistration:
    """``oadrRequestReregistration``: the VTN wants the VEN to register again."""

    ven_id: Annotated[str, At("ei:venID")]
    schema_version: SchemaVersion = VERSION


@root("oadrCancelPartyRegistration")
@dataclass(frozen=True, slots=True, kw_only=True)
class CancelPartyRegistration:
    """``oadrCancelPartyRegistration``: either party ends the registration (R407)."""

    request_id: Annotated[str, At("pyld:requestID")]
    registration_id: Annotated[str, At("ei:registrationID")]
    ven_id: Annotated[str | None, At("ei:venID")] = None
    schema_version: SchemaVersion = VERSION


@root("oadrCanceledPartyRegistration")
@dataclass(frozen=True, slots=True, kw_only=True)
class CanceledPartyRegistration:
    """``oadrCanceledPartyRegistration``: the registration has ended."""

    response: Annotated[EiResponse, At("ei:eiResponse")]
    registration_id: Annotated[str | None, At("ei:registrationID")] = None
    ven_id: Annotated[str | None, At("ei:venID")] = None
    schema_version: SchemaVersion = VERSION
