"""Offers as METADATA reports, and what peers register."""

from dataclasses import replace
from datetime import timedelta

import pytest

from oadr.codec import decode, encode
from oadr.errors import InvalidId
from oadr.messages import (
    EVERYTHING,
    GreenButtonUnit,
    Interval,
    RawXml,
    RegisterReport,
    Report,
    ReportDescription,
    SamplingRate,
    Target,
)
from oadr.report import build_metadata, read_metadata
from oadr.times import ZERO
from oadr.units import unit
from tests.oadr.report_samples import HISTORY, HOUR, MINUTE, STATUS, USAGE, T

DESCRIBED = ReportDescription(r_id="a", report_type="usage", reading_type="Direct Read")
BARE = Report(
    descriptions=(DESCRIBED,),
    report_request_id="0",
    report_specifier_id="bare",
    created_date_time=T,
)


def test_metadata_is_valid_and_means_the_same_to_a_peer() -> None:
    offers = (USAGE, STATUS, HISTORY)
    sent = RegisterReport(request_id="r", ven_id="v", reports=build_metadata(offers, T))
    received = decode(encode(sent))
    assert received == sent
    assert isinstance(received, RegisterReport)
    assert read_metadata(received.reports) == offers


def test_r301_nothing_to_offer_is_no_report_at_all() -> None:
    assert build_metadata((), T) == ()


def test_r331_a_report_name_of_ones_own_has_no_form_for_metadata() -> None:
    own = replace(USAGE, report_name="x-TELEMETRY_READING")
    (report,) = build_metadata((own,), T)
    assert report.report_name == "x-TELEMETRY_READING"
    received = decode(encode(RegisterReport(request_id="r", ven_id="v", reports=(report,))))
    assert isinstance(received, RegisterReport)
    assert read_metadata(received.reports) == (own,)
    assert build_metadata((replace(USAGE, report_name=""),), T)[0].report_name is None


def test_r305_metadata_has_descriptions_and_units_and_neither_intervals_nor_start() -> None:
    (report,) = build_metadata((USAGE,), T)
    assert [d.unit for d in report.descriptions] == [unit("powerReal"), unit("energyReal")]
    assert (report.intervals, report.dtstart, report.ei_report_id) == ((), None, None)


def test_r311_the_request_id_inside_of_metadata_is_0() -> None:
    assert {r.report_request_id for r in build_metadata((USAGE, STATUS), T)} == {"0"}


def test_r312_metadata_carries_the_duration_of_the_data() -> None:
    assert build_metadata((HISTORY,), T)[0].duration == HISTORY.duration


def test_r331_names_carry_the_prefix_in_metadata_only() -> None:
    (report,) = build_metadata((USAGE,), T)
    assert report.report_name == "METADATA_TELEMETRY_USAGE"
    assert read_metadata((report,))[0].report_name == "TELEMETRY_USAGE"


def test_r333_the_sampling_rate_is_there_for_telemetry() -> None:
    (report,) = build_metadata((USAGE,), T)
    assert report.descriptions[0].sampling_rate == SamplingRate(
        min_period=timedelta(seconds=10), max_period=HOUR, on_change=True
    )


def test_an_unknown_sampling_rate_is_not_written() -> None:
    unknown = replace(HISTORY.points[0], min_period=ZERO, max_period=ZERO)
    (report,) = build_metadata((replace(HISTORY, points=(unknown,)),), T)
    assert report.descriptions[0].sampling_rate is None


def test_a_peer_that_says_next_to_nothing_is_understood() -> None:
    (offer,) = read_metadata((BARE,))
    assert (offer.specifier_id, offer.report_name, offer.duration) == ("bare", "", ZERO)
    (measured,) = offer.points
    assert (measured.unit, measured.min_period, measured.max_period) == (None, ZERO, ZERO)
    assert not measured.on_change
    assert build_metadata((offer,), T)[0].report_name is None


def test_a_report_without_data_points_is_an_offer_of_nothing() -> None:
    assert read_metadata((replace(BARE, descriptions=()),))[0].points == ()


def test_green_button_units_are_left_out() -> None:
    feed = GreenButtonUnit(feed=RawXml(xml='<feed xmlns="http://www.w3.org/2005/Atom"/>'))
    described = replace(DESCRIBED, unit=feed)
    report = replace(BARE, descriptions=(described,), report_name="METADATA_HISTORY_GREENBUTTON")
    (offer,) = read_metadata((report,))
    assert offer.points[0].unit is None
    assert offer.is_history


def test_a_name_without_the_prefix_is_understood() -> None:
    assert read_metadata((replace(BARE, report_name="HISTORY_USAGE"),))[0].is_history


def test_intervals_in_metadata_are_not_looked_at() -> None:
    assert read_metadata((replace(BARE, intervals=(Interval(payloads=()),)),))[0].points


def test_a_sampling_range_the_wrong_way_round_is_turned() -> None:
    rate = SamplingRate(min_period=HOUR, max_period=MINUTE)
    described = replace(DESCRIBED, sampling_rate=rate)
    (offer,) = read_metadata((replace(BARE, descriptions=(described,)),))
    assert (offer.points[0].min_period, offer.points[0].max_period) == (MINUTE, HOUR)


def test_negative_durations_count_as_unknown() -> None:
    rate = SamplingRate(min_period=-HOUR, max_period=MINUTE)
    described = replace(DESCRIBED, sampling_rate=rate)
    report = replace(BARE, duration=-HOUR, descriptions=(described,))
    (offer,) = read_metadata((report,))
    assert (offer.duration, offer.points[0].min_period) == (ZERO, ZERO)


def test_an_empty_source_means_everything_as_an_absent_one_does() -> None:
    described = replace(DESCRIBED, data_source=EVERYTHING, subject=Target(ven_ids=("v",)))
    (offer,) = read_metadata((replace(BARE, descriptions=(described,)),))
    assert offer.points[0].data_source is None
    assert offer.points[0].subject == Target(ven_ids=("v",))


def test_r308_two_reports_with_one_specifier_id_are_refused() -> None:
    with pytest.raises(InvalidId, match=r"reportSpecifierID 'bare' occurs twice.*R308") as caught:
        read_metadata((BARE, BARE))
    assert caught.value.code == 452


def test_r308_two_data_points_with_one_id_are_refused() -> None:
    with pytest.raises(InvalidId, match=r"rID 'a' occurs twice in the report 'bare'.*R308"):
        read_metadata((replace(BARE, descriptions=(DESCRIBED, DESCRIBED)),))


def test_r308_data_points_of_different_reports_may_share_an_id() -> None:
    other = replace(BARE, report_specifier_id="other")
    assert len(read_metadata((BARE, other))) == 2
