"""What becomes of a report request that a handler has made."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from oadr import messages as m
from oadr.units import unit
from vtn.services.asking import as_asked

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
REQUEST = m.ReportRequest(
    report_request_id="r1",
    report_specifier_id="usage",
    granularity=MINUTE,
    report_back_duration=5 * MINUTE,
    report_interval=m.Period(dtstart=NOW, duration=timedelta(hours=1)),
    data_points=(m.SpecifierPayload(r_id="main"),),
)


def asked(request: m.ReportRequest) -> m.ReportRequest:
    message = m.CreateReport(request_id="c", requests=(request,))
    (found,) = as_asked(message, NOW.replace(microsecond=5)).requests
    return found


def test_r321_r338_a_request_names_neither_unit_nor_type_of_reading() -> None:
    point = m.SpecifierPayload(r_id="main", unit=unit("energyReal"), reading_type="Direct Read")
    assert asked(replace(REQUEST, data_points=(point,))) == REQUEST


def test_r324_a_periodic_request_without_times_begins_now_and_does_not_end() -> None:
    found = asked(replace(REQUEST, report_interval=None))
    assert found.report_interval == m.Period(dtstart=NOW, duration=timedelta(0))


def test_r324_what_is_wanted_once_needs_no_times() -> None:
    once = replace(REQUEST, report_interval=None, report_back_duration=timedelta(0))
    assert asked(once) == once


def test_what_a_request_says_stays() -> None:
    assert asked(REQUEST) == REQUEST
