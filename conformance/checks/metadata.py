"""oadrRegisterReport: what a source offers (R305 to R312, R327, R331, R333)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from conformance.checks.check import BOTH, Seen, Severity, message, session
from conformance.checks.document import Document
from conformance.checks.exchange import Exchange
from conformance.checks.session import Session, other
from conformance.checks.signal import only_device_classes
from conformance.checks.xml import ZERO, Element, duration, each, first, local, text, texts

NAME = "oadrRegisterReport"
PREFIX = "METADATA_"
_RATE = "oadr:oadrSamplingRate"
_LENGTH = "xcal:duration/xcal:duration"


@dataclass(frozen=True, slots=True)
class _Known:
    """A line of the table of well-known reports."""

    report_type: str
    units: frozenset[str]
    reading_type: str


_USAGE = _Known("usage", frozenset({"powerReal", "energyReal", "pulseCount"}), "Direct Read")
_KNOWN: Mapping[str, _Known] = MappingProxyType(
    {
        "TELEMETRY_USAGE": _USAGE,
        "TELEMETRY_STATUS": _Known("x-resourceStatus", frozenset({""}), "x-notApplicable"),
        "HISTORY_USAGE": _USAGE,
    }
)
_NAMES = {*_KNOWN, "HISTORY_GREENBUTTON"}
_DESCRIPTION = "oadr:oadrReportDescription"
#: What a description holds beside a unit.
_NO_UNIT = frozenset(
    {
        "rID",
        "reportSubject",
        "reportDataSource",
        "reportType",
        "readingType",
        "marketContext",
        "oadrSamplingRate",
    }
)


def reports_of(document: Document) -> Iterator[Element]:
    """Yields the reports of a message."""
    return each(document.element, "oadr:oadrReport")


def _descriptions(document: Document) -> Iterator[Element]:
    for report in reports_of(document):
        yield from each(report, _DESCRIPTION)


def _name(report: Element) -> str:
    return (text(report, "ei:reportName") or "").removeprefix(PREFIX)


@message(305, BOTH, NAME)
def only_descriptions(document: Document) -> Iterator[Seen]:
    """Metadata hold neither intervals nor dtstart."""
    for report in reports_of(document):
        for name in ("strm:intervals", "xcal:dtstart"):
            found = first(report, name)
            if found is not None:
                yield Seen(local(found), found)


@message(305, BOTH, NAME)
def has_descriptions(document: Document) -> Iterator[Seen]:
    """A metadata report describes one data point or more."""
    for report in reports_of(document):
        if first(report, "oadr:oadrReportDescription") is None:
            yield Seen("no oadrReportDescription", report)


@message(305, BOTH, NAME, severity=Severity.WARNING)
def no_report_id(document: Document) -> Iterator[Seen]:
    """Metadata hold no eiReportID, as far as the text of the rule can be read."""
    for report in reports_of(document):
        found = first(report, "ei:eiReportID")
        if found is not None:
            yield Seen("an eiReportID", found)


@message(307, BOTH, NAME)
def subject(document: Document) -> Iterator[Seen]:
    """The reportSubject names device classes of the list and nothing else."""
    for description in _descriptions(document):
        yield from only_device_classes(first(description, "ei:reportSubject"))


@message(308, BOTH, NAME)
def own_specifier_ids(document: Document) -> Iterator[Seen]:
    """Each metadata report has a reportSpecifierID of its own."""
    seen: set[str] = set()
    for report in reports_of(document):
        name = text(report, "ei:reportSpecifierID") or ""
        if not name or name in seen:
            yield Seen(f"reportSpecifierID {name!r}", first(report, "ei:reportSpecifierID"))
        seen.add(name)


@message(308, BOTH, NAME)
def own_r_ids(document: Document) -> Iterator[Seen]:
    """Each data point of a report has an rID of its own."""
    for report in reports_of(document):
        seen: set[str] = set()
        for found in each(report, "oadr:oadrReportDescription/ei:rID"):
            name = (found.text or "").strip()
            if not name or name in seen:
                yield Seen(f"rID {name!r}", found)
            seen.add(name)


@message(327, BOTH, NAME)
def metadata_is_taken(document: Document) -> Iterator[Seen]:
    """METADATA is the reportSpecifierID of metadata and of nothing on offer."""
    for report in reports_of(document):
        if text(report, "ei:reportSpecifierID") == "METADATA":
            yield Seen("reportSpecifierID METADATA", first(report, "ei:reportSpecifierID"))


@message(311, BOTH, NAME)
def request_id_zero(document: Document) -> Iterator[Seen]:
    """Inside metadata reportRequestID is 0."""
    for report in reports_of(document):
        name = text(report, "ei:reportRequestID")
        if name != "0":
            yield Seen(f"reportRequestID {name!r}", first(report, "ei:reportRequestID"))


@session(311, BOTH, NAME)
def answers_request(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """The message has a reportRequestID only if metadata were asked for by it."""
    name = text(document.element, "ei:reportRequestID")
    if not name or not session.whole:
        return
    request = session.requests[other(document.sender)].get(name)
    if request is None or not request.metadata:
        found = first(document.element, "ei:reportRequestID")
        yield Seen(f"reportRequestID {name!r}, with which nobody asked for metadata", found)


@message(312, BOTH, NAME)
def has_duration(document: Document) -> Iterator[Seen]:
    """A metadata report says how much data there can be."""
    for report in reports_of(document):
        if not text(report, _LENGTH):
            yield Seen("no duration", report)


@message(312, BOTH, NAME)
def period_in_duration(document: Document) -> Iterator[Seen]:
    """The oadrMaxPeriod is not longer than the duration of the report."""
    # Of the report once: to look for what is not there takes time with its size.
    for report in reports_of(document):
        length = duration(report, _LENGTH)
        if length is None:
            continue
        for description in each(report, _DESCRIPTION):
            most = duration(description, f"{_RATE}/oadr:oadrMaxPeriod")
            if most is not None and most > length:
                found = first(description, _RATE)
                yield Seen(f"oadrMaxPeriod {most}, duration {length}", found)


@message(312, BOTH, NAME)
def periods_in_order(document: Document) -> Iterator[Seen]:
    """The oadrMinPeriod is not longer than oadrMaxPeriod, and neither is negative."""
    for description in _descriptions(document):
        least = duration(description, f"{_RATE}/oadr:oadrMinPeriod")
        most = duration(description, f"{_RATE}/oadr:oadrMaxPeriod")
        if least is not None and most is not None and not ZERO <= least <= most:
            yield Seen(f"{least} to {most}", first(description, _RATE))


@message(331, BOTH, NAME)
def metadata_name(document: Document) -> Iterator[Seen]:
    """Well-known reports are called METADATA_ and their name."""
    for report in reports_of(document):
        name = text(report, "ei:reportName") or ""
        if not name or name in _NAMES:
            yield Seen(f"reportName {name!r}", first(report, "ei:reportName"))


@message(331, BOTH, NAME)
def well_known(document: Document) -> Iterator[Seen]:
    """A well-known report has the types and units of the table."""
    for report in reports_of(document):
        name = _name(report)
        known = _KNOWN.get(name)
        if known is None:
            continue
        for description in each(report, _DESCRIPTION):
            unit = next((local(one) for one in description if local(one) not in _NO_UNIT), "")
            kind, reading = text(description, "ei:reportType"), text(description, "ei:readingType")
            fits = kind == known.report_type and reading == known.reading_type
            if not fits or unit not in known.units:
                yield Seen(f"{name} with {kind}, {unit}, {reading}", description)


@message(333, BOTH, NAME)
def telemetry_rate(document: Document) -> Iterator[Seen]:
    """The data points of telemetry have an oadrSamplingRate."""
    for report in reports_of(document):
        if not _name(report).startswith("TELEMETRY_"):
            continue
        for description in each(report, _DESCRIPTION):
            if first(description, _RATE) is None:
                yield Seen("no oadrSamplingRate", description)


# R46: an empty one says as much as none, and none is all resources (R343).
@message(302, BOTH, NAME, severity=Severity.WARNING)
def data_source(document: Document) -> Iterator[Seen]:
    """The reportDataSource says whose data they are, or is left out."""
    for description in _descriptions(document):
        found = first(description, "ei:reportDataSource")
        if found is not None and ("" in texts(found, "ei:resourceID") or not len(found)):
            yield Seen("an empty reportDataSource", found)
