"""Parts that more than one service uses: responses, targets, periods, intervals, units."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

from oadr.enums import Scale
from oadr.messages.mapping import At, OneOf, root

#: An ``x-`` version or a version of the profile; sent in every message (R509).
SchemaVersion = Annotated[str | None, At("@ei:schemaVersion", token=True)]
MarketContext = Annotated[str | None, At("emix:marketContext", token=True)]
VERSION = "2.0b"


@dataclass(frozen=True, slots=True, kw_only=True)
class EiResponse:
    """Outcome of one exchange.

    Attributes:
        code: 0 to 999; 200 is success, 4xx see ``oadr.errors``.
        description: words for the log of the peer.
        request_id: the request that is answered; empty where R42 wants it empty.
    """

    code: Annotated[int, At("ei:responseCode")] = 200
    description: Annotated[str | None, At("ei:responseDescription")] = None
    request_id: Annotated[str, At("pyld:requestID")] = ""

    @property
    def ok(self) -> bool:
        """Whether the code is a success (2xx)."""
        return 200 <= self.code < 300


@root("oadrResponse")
@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """``oadrResponse``: nothing more to say than an outcome."""

    response: Annotated[EiResponse, At("ei:eiResponse")]
    ven_id: Annotated[str | None, At("ei:venID")] = None
    schema_version: SchemaVersion = VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class RawXml:
    """Markup that is carried and not interpreted (GML areas, Green Button feeds).

    Attributes:
        xml: one element in exclusive canonical form, as the decoder makes it.
    """

    xml: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportInterface:
    """Both ends of a transport segment."""

    point_of_receipt: Annotated[str, At("power:pointOfReceipt")]
    point_of_delivery: Annotated[str, At("power:pointOfDelivery")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """``eiTarget``: whom something concerns; empty means the receiver as a whole (R22).

    Several entries are alternatives: a receiver is meant if any of them names it.
    ``end_device_assets`` holds device classes (R111).
    """

    aggregated_pnodes: Annotated[tuple[str, ...], At("power:aggregatedPnode*/power:node")] = ()
    end_device_assets: Annotated[tuple[str, ...], At("power:endDeviceAsset*/power:mrid")] = ()
    meter_assets: Annotated[tuple[str, ...], At("power:meterAsset*/power:mrid")] = ()
    pnodes: Annotated[tuple[str, ...], At("power:pnode*/power:node")] = ()
    service_areas: Annotated[tuple[RawXml, ...], At("emix:serviceArea*/gml:FeatureCollection")] = ()
    service_delivery_points: Annotated[
        tuple[str, ...], At("power:serviceDeliveryPoint*/power:node")
    ] = ()
    service_locations: Annotated[
        tuple[RawXml, ...], At("power:serviceLocation*/gml:FeatureCollection")
    ] = ()
    transport_interfaces: Annotated[
        tuple[TransportInterface, ...], At("power:transportInterface*")
    ] = ()
    group_ids: Annotated[tuple[str, ...], At("ei:groupID")] = ()
    group_names: Annotated[tuple[str, ...], At("ei:groupName")] = ()
    resource_ids: Annotated[tuple[str, ...], At("ei:resourceID")] = ()
    ven_ids: Annotated[tuple[str, ...], At("ei:venID")] = ()
    party_ids: Annotated[tuple[str, ...], At("ei:partyID")] = ()

    def __bool__(self) -> bool:
        return self != EVERYTHING


EVERYTHING = Target()


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """``xcal:properties``: when something is, with what surrounds it.

    Attributes:
        dtstart: the start, UTC.
        duration: 0 means open-ended (R47, R210).
        start_after: 0 or more; the start is put off by a random part of it (R30).
        notification: a VEN should know the event this long before ``dtstart`` (R105).
        ramp_up: time to get there, before the start if positive (R31).
        recovery: time to get back, after the end if positive (R31).
    """

    dtstart: Annotated[datetime, At("xcal:dtstart/xcal:date-time")]
    duration: Annotated[timedelta, At("xcal:duration/xcal:duration")]
    start_after: Annotated[
        timedelta | None, At("xcal:tolerance/xcal:tolerate/xcal:startafter?")
    ] = None
    notification: Annotated[timedelta | None, At("ei:x-eiNotification/xcal:duration")] = None
    ramp_up: Annotated[timedelta | None, At("ei:x-eiRampUp/xcal:duration")] = None
    recovery: Annotated[timedelta | None, At("ei:x-eiRecovery/xcal:duration")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadControl:
    """One value of the state of a load controller, with its limits."""

    minimum: Annotated[Decimal | None, At("oadr:oadrMin")] = None
    maximum: Annotated[Decimal | None, At("oadr:oadrMax")] = None
    current: Annotated[Decimal, At("oadr:oadrCurrent")]
    normal: Annotated[Decimal | None, At("oadr:oadrNormal")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceStatus:
    """``oadrPayloadResourceStatus``: the value of a TELEMETRY_STATUS data point (R334)."""

    online: Annotated[bool, At("oadr:oadrOnline")]
    manual_override: Annotated[bool, At("oadr:oadrManualOverride")]
    capacity: Annotated[LoadControl | None, At("oadr:oadrLoadControlState/oadr:oadrCapacity")] = (
        None
    )
    level_offset: Annotated[
        LoadControl | None, At("oadr:oadrLoadControlState/oadr:oadrLevelOffset")
    ] = None
    percent_offset: Annotated[
        LoadControl | None, At("oadr:oadrLoadControlState/oadr:oadrPercentOffset")
    ] = None
    set_point: Annotated[LoadControl | None, At("oadr:oadrLoadControlState/oadr:oadrSetPoint")] = (
        None
    )


PayloadValue = Annotated[
    Decimal | ResourceStatus,
    OneOf(
        (
            (Decimal, "ei:payloadFloat/ei:value"),
            (ResourceStatus, "oadr:oadrPayloadResourceStatus"),
        )
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalPayload:
    """The value of a signal or baseline interval."""

    value: PayloadValue


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPayload:
    """The value of one data point in a report interval.

    Attributes:
        r_id: the data point of the metadata.
        confidence: 0 to 100, how likely the value is.
        accuracy: in the unit of the value (R319).
        value: a number, or the state of a resource.
        data_quality: one of ``oadr.enums.DataQuality`` or an ``x-`` value.
    """

    r_id: Annotated[str, At("ei:rID")]
    confidence: Annotated[int | None, At("ei:confidence")] = None
    accuracy: Annotated[Decimal | None, At("ei:accuracy")] = None
    value: PayloadValue
    data_quality: Annotated[str | None, At("oadr:oadrDataQuality", token=True)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GreenButtonPayload:
    """A Green Button feed in a report interval, as it came."""

    feed: Annotated[RawXml, At("atom:feed")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """``ei:interval``: a step of a signal, a baseline or a report.

    Attributes:
        dtstart: forbidden in events (R103); in reports all intervals or none have it (R314).
        duration: required in events (R102); absent in a report for point data (R315).
        uid: "0", "1", ... (R2, R101, R316).
        payloads: exactly one ``SignalPayload`` in events (R100).
    """

    dtstart: Annotated[datetime | None, At("xcal:dtstart/xcal:date-time")] = None
    duration: Annotated[timedelta | None, At("xcal:duration/xcal:duration")] = None
    uid: Annotated[str | None, At("xcal:uid/xcal:text")] = None
    payloads: Annotated[
        tuple[SignalPayload | ReportPayload | GreenButtonPayload, ...],
        OneOf(
            (
                (SignalPayload, "ei:signalPayload"),
                (ReportPayload, "oadr:oadrReportPayload"),
                (GreenButtonPayload, "oadr:oadrGBPayload"),
            )
        ),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerAttributes:
    """What a power unit needs beside its scale.

    Attributes:
        hertz: frequency of the grid.
        voltage: in volt.
        ac: alternating current.
    """

    hertz: Annotated[Decimal, At("power:hertz")]
    voltage: Annotated[Decimal, At("power:voltage")]
    ac: Annotated[bool, At("power:ac")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """``itemBase``: what is measured, in which unit.

    ``oadr.units`` makes the usual ones.

    Attributes:
        name: element that carries it, such as ``powerReal`` or ``customUnit``.
        description: fixed by the schema for all but ``customUnit`` and currencies.
        units: such as ``W``, ``Wh``, ``EUR``.
        scale: power of ten.
        power: for power units only.
        pulse_factor: for ``pulseCount`` only, which has no scale.
    """

    name: str
    description: str
    units: str
    scale: Scale = Scale.NONE
    power: PowerAttributes | None = None
    pulse_factor: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GreenButtonUnit:
    """A Green Button feed in place of a unit, as it came."""

    feed: Annotated[RawXml, At("atom:feed")]
