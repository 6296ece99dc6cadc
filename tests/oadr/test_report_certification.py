"""The shapes that the certification tests look at, by the number of the test."""

import pytest

from oadr.errors import InvalidId
from oadr.messages import Interval, Report, ReportPayload
from oadr.report import (
    METADATA,
    RequestKind,
    build_metadata_request,
    build_one_shot,
    build_request,
    cancel_requests,
    check_request,
    closing_window,
    next_window,
    pack,
    pending_ids,
    unpack,
    windows,
)
from oadr.report.reading import Reading
from tests.oadr.report_samples import (
    DAY,
    HISTORY,
    HOUR,
    MINUTE,
    ONLINE,
    SECOND,
    STATUS,
    USAGE,
    T,
    amount,
    asked,
    over_the_wire,
    point,
    r_ids,
)

OFFERS = (USAGE, STATUS, HISTORY)
PUMP = Reading(r_id="pump", start=T, value=ONLINE)


def test_r1_3010_one_shot_status() -> None:
    request = build_one_shot(STATUS, request_id="R", now=T, r_ids=["pump"], interval=False)
    kind = check_request(request, OFFERS, now=T)
    (window,) = windows(request, kind, T)
    report = pack(request, kind, window, [PUMP], STATUS, now=T)
    assert over_the_wire(report) == Report(
        dtstart=T,
        intervals=(Interval(uid="0", payloads=(ReportPayload(r_id="pump", value=ONLINE),)),),
        report_request_id="R",
        report_specifier_id="status",
        report_name="TELEMETRY_STATUS",
        created_date_time=T,
    )
    assert unpack(report) == (PUMP,)


def test_r1_3020_periodic_status() -> None:
    request = build_request(
        STATUS,
        request_id="R",
        now=T,
        start=None,
        duration=5 * MINUTE,
        granularity=MINUTE,
        back=MINUTE,
        r_ids=["pump"],
    )
    kind = check_request(request, OFFERS, now=T)
    due = list(windows(request, kind, T))
    assert [w.due for w in due] == [T + i * MINUTE for i in range(1, 6)]
    report = pack(request, kind, due[0], [PUMP], STATUS, now=due[0].due)
    (interval,) = over_the_wire(report).intervals
    assert (interval.dtstart, interval.duration) == (T, None)
    remaining = cancel_requests(pending_ids([request]), ["R"])
    assert remaining == ()


def test_r1_3025_status_on_change() -> None:
    request = asked(STATUS, "pump", back=MINUTE, duration=5 * MINUTE)
    kind = check_request(request, OFFERS, now=T)
    assert kind is RequestKind.ON_CHANGE
    quiet = list(windows(request, kind, T))[1]
    report = pack(request, kind, quiet, [PUMP], STATUS, now=quiet.due)
    (reading,) = unpack(over_the_wire(report))
    assert reading.quality == "No New Value - Previous Value Used"


def test_r1_3027_status_for_ever() -> None:
    request = asked(STATUS, "pump", granularity=MINUTE, back=MINUTE)
    kind = check_request(request, OFFERS, now=T)
    year = next_window(request, kind, T, T + 365 * DAY)
    assert year is not None
    assert not year.final


def test_r1_3030_several_periodic_requests_are_all_pending() -> None:
    requests = [
        asked(offer, offer.points[0].r_id, granularity=MINUTE, back=MINUTE, request_id=name)
        for offer, name in ((STATUS, "a"), (USAGE, "b"))
    ]
    assert [check_request(one, OFFERS, now=T) for one in requests] == [RequestKind.PERIODIC] * 2
    assert pending_ids(requests) == ("a", "b")


def test_r1_3040_cancel_leaves_the_rest_and_refuses_the_unknown() -> None:
    assert cancel_requests(("a", "b"), ("a",)) == ("b",)
    with pytest.raises(InvalidId) as caught:
        cancel_requests(("a", "b"), ("a", "c"))
    assert caught.value.code == 452


def test_r1_3045_cancel_with_a_report_to_follow() -> None:
    request = asked(STATUS, "pump", granularity=MINUTE, back=HOUR)
    now = T + 61 * SECOND
    window = closing_window(request, RequestKind.PERIODIC, T, now)
    report = pack(request, RequestKind.PERIODIC, window, [PUMP], STATUS, now=now)
    assert [i.dtstart for i in over_the_wire(report).intervals] == [T, T + MINUTE]


def test_r1_3080_metadata_on_demand() -> None:
    request = build_metadata_request("R")
    assert request.report_specifier_id == METADATA
    assert check_request(request, OFFERS, now=T) is RequestKind.METADATA


def test_r1_3130_history_has_every_data_point_that_was_asked_for() -> None:
    request = asked(HISTORY, "power", "energy", start=T - HOUR)
    kind = check_request(request, OFFERS, now=T)
    (window,) = windows(request, kind, T)
    stored = [
        reading
        for i in range(60)
        for reading in (
            point("power", T - HOUR + i * MINUTE, i),
            amount("energy", T - HOUR + i * MINUTE, MINUTE, i),
        )
    ]
    report = over_the_wire(pack(request, kind, window, stored, HISTORY, now=T))
    assert r_ids(report) == [["power", "energy"]] * 60
    assert report.dtstart == T - HOUR
    assert unpack(report, points=HISTORY.by_id()) == tuple(stored)


def test_r1_3140_history_of_the_last_half_hour() -> None:
    request = asked(HISTORY, "energy", start=T - HOUR / 2, duration=HOUR / 2)
    kind = check_request(request, OFFERS, now=T)
    (window,) = windows(request, kind, T)
    stored = [amount("energy", T - i * MINUTE) for i in range(60, 0, -1)]
    report = pack(request, kind, window, stored, HISTORY, now=T)
    assert unpack(over_the_wire(report)) == tuple(stored[30:])


def test_r1_3150_one_shot_usage_has_both_data_points_in_one_interval() -> None:
    request = build_one_shot(USAGE, request_id="R", now=T)
    kind = check_request(request, OFFERS, now=T)
    (window,) = windows(request, kind, T)
    readings = [amount("energy", T - MINUTE, MINUTE, 5), point("power", T - MINUTE, 300)]
    report = over_the_wire(pack(request, kind, window, readings, USAGE, now=T))
    (interval,) = report.intervals
    assert (report.dtstart, interval.dtstart, interval.duration) == (
        T - MINUTE,
        T - MINUTE,
        MINUTE,
    )
    assert r_ids(report) == [["power", "energy"]]


def test_r1_3160_periodic_power_is_two_points_with_a_start_only() -> None:
    request = asked(USAGE, "power", granularity=MINUTE, back=2 * MINUTE, duration=10 * MINUTE)
    kind = check_request(request, OFFERS, now=T)
    window = next_window(request, kind, T)
    assert window is not None
    readings = [point("power", T, 100), point("power", T + MINUTE, 200)]
    report = over_the_wire(pack(request, kind, window, readings, USAGE, now=window.due))
    assert [(i.dtstart, i.duration, i.uid) for i in report.intervals] == [
        (T, None, None),
        (T + MINUTE, None, None),
    ]
    assert report.duration is None
    assert unpack(report) == tuple(readings)


def test_r1_3180_two_one_shots_in_one_request_are_both_pending_and_both_due() -> None:
    requests = [
        build_one_shot(STATUS, request_id="a", now=T),
        build_one_shot(USAGE, request_id="b", now=T),
    ]
    kinds = [check_request(one, OFFERS, now=T) for one in requests]
    assert pending_ids(requests) == ("a", "b")
    for request, kind in zip(requests, kinds, strict=True):
        assert [w.due for w in windows(request, kind, T)] == [T]


def test_r1_3190_an_invalid_report_id_is_452() -> None:
    invalid = asked(STATUS, "pump")
    with pytest.raises(InvalidId) as caught:
        check_request(invalid, (USAGE,), now=T)
    assert caught.value.code == 452
