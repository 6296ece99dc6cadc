"""EiReport: what can be measured, what is wanted of it, and the measurements.

Either party may be the source of reports.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from oadr.messages.common import (
    VERSION,
    EiResponse,
    GreenButtonUnit,
    Interval,
    MarketContext,
    Period,
    SchemaVersion,
    Target,
    Unit,
)
from oadr.messages.mapping import At, root


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingRate:
    """How fast a data point can be sampled (R312, R317, R333)."""

    min_period: Annotated[timedelta, At("oadr:oadrMinPeriod")]
    max_period: Annotated[timedelta, At("oadr:oadrMaxPeriod")]
    on_change: Annotated[bool, At("oadr:oadrOnChange")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDescription:
    """A data point on offer.

    Attributes:
        r_id: unique within its report (R308); any text, not only digits (R330).
        subject: device classes only (R307).
        data_source: the resources that it aggregates (R302); none means all (R343).
        report_type: one of ``oadr.enums.ReportType`` or an ``x-`` value.
        reading_type: one of ``oadr.enums.ReadingType`` or an ``x-`` value.
        sampling_rate: required for telemetry (R333).
    """

    r_id: Annotated[str, At("ei:rID")]
    subject: Annotated[Target | None, At("ei:reportSubject")] = None
    data_source: Annotated[Target | None, At("ei:reportDataSource")] = None
    report_type: Annotated[str, At("ei:reportType", token=True)]
    unit: Unit | GreenButtonUnit | None = None
    reading_type: Annotated[str, At("ei:readingType", token=True)]
    market_context: MarketContext = None
    sampling_rate: Annotated[SamplingRate | None, At("oadr:oadrSamplingRate")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """``oadrReport``: metadata (descriptions, no intervals) or data (the reverse).

    Attributes:
        dtstart: that of the first interval (R314); absent in metadata (R305).
        duration: in metadata how much data can be had (R312).
        ei_report_id: ``eiReportID``, unused and ignored (R339).
        report_request_id: "0" in metadata (R311).
        report_name: one of ``oadr.enums.ReportName``, with ``METADATA_`` in metadata.
    """

    dtstart: Annotated[datetime | None, At("xcal:dtstart/xcal:date-time")] = None
    duration: Annotated[timedelta | None, At("xcal:duration/xcal:duration")] = None
    intervals: Annotated[tuple[Interval, ...], At("strm:intervals/ei:interval*")] = ()
    ei_report_id: Annotated[str | None, At("ei:eiReportID")] = None
    descriptions: Annotated[tuple[ReportDescription, ...], At("oadr:oadrReportDescription")] = ()
    report_request_id: Annotated[str, At("ei:reportRequestID")]
    report_specifier_id: Annotated[str, At("ei:reportSpecifierID")]
    report_name: Annotated[str | None, At("ei:reportName", token=True)] = None
    created_date_time: Annotated[datetime, At("ei:createdDateTime")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecifierPayload:
    """A wanted data point; ``unit`` is never sent (R321), the type is fixed (R338)."""

    r_id: Annotated[str, At("ei:rID")]
    unit: Unit | GreenButtonUnit | None = None
    reading_type: Annotated[str, At("ei:readingType", token=True)] = "x-notApplicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequest:
    """``oadrReportRequest``: which data points, how often, for how long.

    Attributes:
        report_request_id: unique in the requesting party (R322).
        report_specifier_id: the report on offer, or ``METADATA`` (R327).
        granularity: how often to sample; 0 means on change, and for history (R317).
        report_back_duration: how often to report; 0 means once, now (R324).
        report_interval: from when and for how long; duration 0 means for ever (R325).
        data_points: one or more.
    """

    report_request_id: Annotated[str, At("ei:reportRequestID")]
    report_specifier_id: Annotated[str, At("ei:reportSpecifier/ei:reportSpecifierID")]
    granularity: Annotated[timedelta, At("ei:reportSpecifier/xcal:granularity/xcal:duration")]
    report_back_duration: Annotated[
        timedelta, At("ei:reportSpecifier/ei:reportBackDuration/xcal:duration")
    ]
    report_interval: Annotated[
        Period | None, At("ei:reportSpecifier/ei:reportInterval/xcal:properties")
    ] = None
    data_points: Annotated[
        tuple[SpecifierPayload, ...], At("ei:reportSpecifier/ei:specifierPayload*")
    ]


@root("oadrRegisterReport")
@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterReport:
    """``oadrRegisterReport``: the complete metadata of a source (R306).

    ``report_request_id`` is present only in answer to an oadrCreateReport (R311).
    """

    request_id: Annotated[str, At("pyld:requestID")]
    reports: Annotated[tuple[Report, ...], At("oadr:oadrReport")] = ()
    ven_id: Annotated[str | None, At("ei:venID")] = None
    report_request_id: Annotated[str | None, At("ei:reportRequestID")] = None
    schema_version: SchemaVersion = VERSION


@root("oadrRegisteredReport")
@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredReport:
    """``oadrRegisteredReport``: the metadata is taken; it may ask for reports (R344)."""

    response: Annotated[EiResponse, At("ei:eiResponse")]
    requests: Annotated[tuple[ReportRequest, ...], At("oadr:oadrReportRequest")] = ()
    ven_id: Annotated[str | None, At("ei:venID")] = None
    schema_version: SchemaVersion = VERSION


@root("oadrCreateReport")
@dataclass(frozen=True, slots=True, kw_only=True)
class CreateReport:
    """``oadrCreateReport``: reports are wanted."""

    request_id: Annotated[str, At("pyld:requestID")]
    requests: Annotated[tuple[ReportRequest, ...], At("oadr:oadrReportRequest")]
    ven_id: Annotated[str | None, At("ei:venID")] = None
    schema_version: SchemaVersion = VERSION


@root("oadrCreatedReport")
@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedReport:
    """``oadrCreatedReport``: the reports are scheduled; lists all that are pending (R329)."""

    response: Annotated[EiResponse, At("ei:eiResponse")]
    pending: Annotated[tuple[str, ...], At("oadr:oadrPendingReports!/ei:reportRequestID*")] = ()
    ven_id: Annotated[str | None, At("ei:venID")] = None
    schema_version: SchemaVersion = VERSION


@root("oadrUpdateReport")
@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateReport:
    """``oadrUpdateReport``: measurements."""

    request_id: Annotated[str, At("pyld:requestID")]
    reports: Annotated[tuple[Report, ...], At("oadr:oadrReport")] = ()
    ven_id: Annotated[str | None, At("ei:venID")] = None
    schema_version: SchemaVersion = VERSION


@root("oadrCancelReport")
@dataclass(frozen=True, slots=True, kw_only=True)
class CancelReport:
    """``oadrCancelReport``: reports are no longer wanted.

    ``report_to_follow`` asks for one final report (R345).
    """

    request_id: Annotated[str, At("pyld:requestID")]
    report_request_ids: Annotated[tuple[str, ...], At("ei:reportRequestID")]
    report_to_follow: Annotated[bool, At("pyld:reportToFollow")] = False
    ven_id: Annotated[str | None, At("ei:venID")] = None
    schema_version: SchemaVersion = VERSION


@root("oadrUpdatedReport")
@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatedReport:
    """``oadrUpdatedReport``: the measurements are taken; it may cancel reports (R328)."""

    response: Annotated[EiResponse, At("ei:eiResponse")]
    cancel_report: Annotated[CancelReport | None, At("oadr:oadrCancelReport")] = None
    ven_id: Annotated[str | None, At("ei:venID")] = None
    schema_version: SchemaVersion = VERSION


@root("oadrCanceledReport")
@dataclass(frozen=True, slots=True, kw_only=True)
class CanceledReport:
    """``oadrCanceledReport``: which reports are still pending (R329)."""

    response: Annotated[EiResponse, At("ei:eiResponse")]
    pending: Annotated[tuple[str, ...], At("oadr:oadrPendingReports!/ei:reportRequestID*")] = ()
    ven_id: Annotated[str | None, At("ei:venID")] = None
    schema_version: SchemaVersion = VERSION
