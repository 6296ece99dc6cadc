"""Requests as their requester builds them."""

from datetime import datetime, timedelta
from datetime import timezone as tz

import pytest

from oadr.codec import decode, encode
from oadr.errors import InvalidData, InvalidId
from oadr.messages import CreateReport, Period, ReportRequest
from oadr.report import (
    METADATA,
    Offer,
    RequestKind,
    build_history_request,
    build_metadata_request,
    build_one_shot,
    build_request,
    check_request,
)
from oadr.times import ZERO
from tests.oadr.report_samples import DAY, HISTORY, HOUR, MINUTE, SECOND, STATUS, USAGE, T

OFFERS = (USAGE, STATUS, HISTORY)


def periodic(
    granularity: timedelta = MINUTE,
    back: timedelta = 5 * MINUTE,
    start: datetime | None = None,
    duration: timedelta = ZERO,
    offer: Offer = USAGE,
) -> ReportRequest:
    return build_request(
        offer,
        request_id="R1",
        now=T,
        start=start,
        duration=duration,
        granularity=granularity,
        back=back,
    )


REQUESTS = [
    (periodic(), RequestKind.PERIODIC),
    (periodic(granularity=ZERO), RequestKind.ON_CHANGE),
    (build_one_shot(STATUS, request_id="R2", now=T), RequestKind.ONE_SHOT),
    (build_history_request(HISTORY, request_id="R3", start=T - DAY), RequestKind.HISTORY),
    (build_metadata_request("R4"), RequestKind.METADATA),
]


@pytest.mark.parametrize(("request_", "kind"), REQUESTS)
def test_what_is_built_is_valid_and_taken_by_the_source(
    request_: ReportRequest, kind: RequestKind
) -> None:
    sent = CreateReport(request_id="c", ven_id="v", requests=(request_,))
    assert decode(encode(sent)) == sent
    assert check_request(request_, OFFERS, now=T) is kind


@pytest.mark.parametrize(("request_", "kind"), REQUESTS)
def test_r321_r338_no_unit_no_extras_and_no_reading_type(
    request_: ReportRequest, kind: RequestKind
) -> None:
    assert {(p.unit, p.reading_type) for p in request_.data_points} == {(None, "x-notApplicable")}
    period = request_.report_interval
    if kind not in (RequestKind.METADATA, RequestKind.ONE_SHOT):
        assert period == Period(dtstart=period.dtstart if period else T, duration=ZERO)


def test_r300_all_that_is_offered_is_asked_for_unless_said_otherwise() -> None:
    assert [p.r_id for p in periodic().data_points] == ["power", "energy"]
    some = build_one_shot(USAGE, request_id="R", now=T, r_ids=["energy", "energy"])
    assert [p.r_id for p in some.data_points] == ["energy"]


def test_r304_a_data_point_that_is_not_offered_cannot_be_asked_for() -> None:
    with pytest.raises(InvalidId, match=r"'gas'.*expected 'power', 'energy' \(R304\)"):
        build_one_shot(USAGE, request_id="R", now=T, r_ids=["gas"])


def test_r324_a_periodic_request_has_an_interval_even_if_it_begins_now() -> None:
    now = T + timedelta(microseconds=500)
    built = build_request(
        USAGE, request_id="R", now=now, start=None, granularity=MINUTE, back=MINUTE
    )
    assert built.report_interval == Period(dtstart=T, duration=ZERO)


def test_r1_the_start_is_written_in_utc() -> None:
    local = T.astimezone(tz(timedelta(hours=2)))
    built = periodic(start=local, duration=HOUR)
    assert built.report_interval == Period(dtstart=T, duration=HOUR)
    assert built.report_interval.dtstart.utcoffset() == ZERO


def test_r324_a_periodic_request_reports_back() -> None:
    with pytest.raises(InvalidData, match="R324"):
        periodic(back=ZERO)


def test_r324_a_one_shot_reports_back_at_once() -> None:
    built = build_one_shot(USAGE, request_id="R", now=T)
    assert (built.granularity, built.report_back_duration) == (ZERO, ZERO)
    # So do the tests of certification (R1_3010), and openleadr's VEN drops one that has begun.
    assert built.report_interval is None


def test_r324_a_one_shot_may_have_an_interval() -> None:
    built = build_one_shot(STATUS, request_id="R", now=T, interval=True)
    assert built.report_interval == Period(dtstart=T, duration=ZERO)


def test_r317_history_has_neither_granularity_nor_period() -> None:
    built = build_history_request(HISTORY, request_id="R", start=T, duration=HOUR)
    assert (built.granularity, built.report_back_duration) == (ZERO, ZERO)
    assert built.report_interval == Period(dtstart=T, duration=HOUR)


def test_r325_history_is_asked_of_a_history() -> None:
    with pytest.raises(InvalidData, match=r"'usage' is TELEMETRY_USAGE.*R325"):
        build_history_request(USAGE, request_id="R", start=T)


def test_r327_metadata_is_asked_for_by_its_name_and_rid_0() -> None:
    built = build_metadata_request("R")
    assert built.report_specifier_id == METADATA == "METADATA"
    assert [p.r_id for p in built.data_points] == ["0"]


def test_r324_metadata_that_is_repeated_says_from_when_on_and_how_often() -> None:
    built = build_metadata_request("R", every=DAY, duration=7 * DAY, now=T)
    assert built.report_back_duration == DAY
    assert built.report_interval == Period(dtstart=T, duration=7 * DAY)
    assert check_request(built, OFFERS, now=T) is RequestKind.METADATA
    assert build_metadata_request("R").report_interval is None
    with pytest.raises(InvalidData, match="R324"):
        build_metadata_request("R", every=-DAY, now=T)


def test_r340_faster_than_offered_names_what_is_offered() -> None:
    with pytest.raises(InvalidData, match=r"PT5S of rID 'power'.*expected PT10S to PT1H \(R340\)"):
        periodic(granularity=5 * SECOND)


def test_r340_slower_than_offered_is_refused_and_not_clamped() -> None:
    with pytest.raises(InvalidData, match="R340"):
        periodic(granularity=2 * HOUR, back=2 * HOUR)


def test_r340_longer_history_than_offered_is_refused() -> None:
    with pytest.raises(InvalidData, match=r"at most P30D is offered \(R340\)"):
        build_history_request(HISTORY, request_id="R", start=T, duration=31 * DAY)


def test_r317_granularity_is_at_most_the_report_back_duration() -> None:
    with pytest.raises(InvalidData, match=r"PT10M is longer than reportBackDuration PT5M \(R317\)"):
        periodic(granularity=10 * MINUTE)
