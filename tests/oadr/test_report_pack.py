"""Readings to reports."""

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.enums import DataQuality
from oadr.messages import Report, ReportRequest, ResourceStatus
from oadr.report import (
    Offer,
    Reading,
    RequestKind,
    Window,
    apart,
    build_metadata_request,
    check_update,
    closing_window,
    findings,
    kind_of,
    next_window,
    pack,
    split,
    unpack,
)
from oadr.times import ZERO
from tests.oadr.report_samples import (
    DAY,
    HISTORY,
    HOUR,
    MINUTE,
    ONLINE,
    OVERRIDDEN,
    SECOND,
    STATUS,
    USAGE,
    T,
    amount,
    asked,
    over_the_wire,
    payloads,
    point,
    r_ids,
)

OFFERS = {offer.specifier_id: offer for offer in (USAGE, STATUS, HISTORY)}
PREVIOUS = DataQuality.PREVIOUS_VALUE.value
NOT_CONNECTED = DataQuality.BAD_NOT_CONNECTED.value


def packed(
    request: ReportRequest,
    readings: Sequence[Reading],
    *,
    accepted: datetime = T,
    window: Window | None = None,
    offer: Offer | None = None,
) -> Report:
    """Returns the first report of a request; it passed the schema and every rule of ours."""
    offer = offer or OFFERS[request.report_specifier_id]
    kind = kind_of(request, offer)
    window = window or next_window(request, kind, accepted)
    assert window is not None
    report = pack(request, kind, window, readings, offer, now=window.due)
    assert over_the_wire(report) == report
    check_update(report, request, offer)
    assert findings(report, request, offer) == ()
    return report


def qualities(report: Report) -> list[list[str | None]]:
    return [[one.data_quality for one in interval] for interval in payloads(report)]


def state(r_id: str, at: datetime, value: ResourceStatus = ONLINE) -> Reading:
    return Reading(r_id=r_id, start=at, value=value)


BOTH = asked(USAGE, "power", "energy", granularity=MINUTE, back=2 * MINUTE)
CHANGES = asked(USAGE, "power", "energy", back=5 * MINUTE)
STORED = asked(HISTORY, "power", "energy", start=T - DAY, duration=DAY)
ONCE = asked(USAGE, "power", "energy")


def test_r313_the_head_of_a_report() -> None:
    report = packed(BOTH, [])
    assert report.dtstart == T
    assert report.descriptions == ()
    assert report.report_name == "TELEMETRY_USAGE"
    assert (report.report_request_id, report.report_specifier_id) == ("R1", "usage")
    assert report.created_date_time == T + 2 * MINUTE
    assert report.duration is None


def test_a_report_whose_offer_has_no_name_has_none() -> None:
    nameless = replace(USAGE, report_name="")
    window = next_window(BOTH, RequestKind.PERIODIC, T)
    assert window is not None
    report = pack(BOTH, RequestKind.PERIODIC, window, [], nameless, now=T)
    assert report.report_name is None


def test_metadata_cannot_be_packed() -> None:
    window = Window(start=T, end=T, due=T, index=0, final=True)
    with pytest.raises(ValueError, match="build_metadata"):
        pack(build_metadata_request("M"), RequestKind.METADATA, window, [], USAGE, now=T)


def test_r300_values_of_one_instant_share_an_interval_in_the_order_of_the_request() -> None:
    report = packed(
        BOTH,
        [
            amount("energy", T + MINUTE, MINUTE, 2),
            point("power", T + MINUTE, 20),
            point("power", T, 10),
            amount("energy", T, MINUTE, 1),
        ],
    )
    assert r_ids(report) == [["power", "energy"], ["power", "energy"]]
    assert [one.dtstart for one in report.intervals] == [T, T + MINUTE]


def test_a_receiver_that_needs_it_gets_each_value_in_an_interval_of_its_own() -> None:
    report = packed(BOTH, [amount("energy", T), point("power", T)])
    single = apart(report)
    assert r_ids(single) == [["power"], ["energy"], ["power"], ["energy"]]
    assert [one.dtstart for one in single.intervals] == [T, T, T + MINUTE, T + MINUTE]
    assert sorted(unpack(single), key=str) == sorted(unpack(report), key=str)


def test_r342_a_mixed_report_has_starts_and_durations() -> None:
    report = packed(BOTH, [amount("energy", T), point("power", T)])
    assert [(i.dtstart, i.duration, i.uid) for i in report.intervals] == [
        (T, MINUTE, None),
        (T + MINUTE, MINUTE, None),
    ]


def test_r318_a_value_that_nobody_has_is_a_bad_zero() -> None:
    report = packed(BOTH, [amount("energy", T, MINUTE, 5), point("power", T + MINUTE, 7)])
    assert qualities(report) == [[NOT_CONNECTED, None], [None, NOT_CONNECTED]]
    assert [[one.value for one in interval] for interval in payloads(report)] == [[0, 5], [7, 0]]


def test_r318_a_report_without_any_reading_is_complete() -> None:
    report = packed(BOTH, [])
    assert qualities(report) == [[NOT_CONNECTED] * 2] * 2
    assert [one.duration for one in report.intervals] == [MINUTE, MINUTE]


def test_r318_a_status_that_nobody_has_is_offline() -> None:
    request = asked(STATUS, "pump", granularity=MINUTE, back=MINUTE)
    (interval,) = payloads(packed(request, []))
    assert interval[0].value == ResourceStatus(online=False, manual_override=False)
    assert interval[0].data_quality == NOT_CONNECTED


def test_r346_the_number_of_intervals_is_constant() -> None:
    for samples in ([], [point("power", T)], [point("power", T + i * SECOND) for i in range(120)]):
        assert len(packed(BOTH, samples).intervals) == 2


def test_r317_a_window_that_is_no_multiple_of_the_granularity_ends_with_a_short_interval() -> None:
    request = asked(USAGE, "energy", granularity=MINUTE, back=150 * SECOND)
    report = packed(request, [amount("energy", T, 150 * SECOND, 5)])
    assert unpack(report) == (
        amount("energy", T, MINUTE, 2),
        amount("energy", T + MINUTE, MINUTE, 2),
        amount("energy", T + 2 * MINUTE, 30 * SECOND, 1),
    )


def test_finer_samples_are_brought_to_the_granularity() -> None:
    request = asked(USAGE, "energy", granularity=MINUTE, back=MINUTE)
    samples = [amount("energy", T + i * 10 * SECOND, 10 * SECOND, 1) for i in range(6)]
    assert unpack(packed(request, samples)) == (amount("energy", T, MINUTE, 6),)


def test_readings_of_other_data_points_and_numbers_that_are_none_stay_out() -> None:
    request = asked(USAGE, "power", granularity=MINUTE, back=MINUTE)
    report = packed(request, [point("power", T, "NaN"), point("gas", T, 3)])
    assert r_ids(report) == [["power"]]
    assert qualities(report) == [["Quality Bad - Non Specific"]]


def test_r317_on_change_only_changes_are_reported() -> None:
    request = asked(USAGE, "power", back=5 * MINUTE)
    samples = [point("power", T + i * MINUTE, value) for i, value in enumerate((1, 1, 2, 2, 1))]
    got = unpack(packed(request, [point("power", T - MINUTE, 1), *samples]))
    assert got == (point("power", T + 2 * MINUTE, 2), point("power", T + 4 * MINUTE, 1))


def test_r317_a_change_at_the_end_of_the_window_belongs_to_the_next_one() -> None:
    request = asked(USAGE, "power", back=MINUTE)
    report = packed(request, [point("power", T, 1), point("power", T + MINUTE, 2)])
    assert unpack(report) == (point("power", T, 1),)


def test_r317_a_change_of_quality_is_a_change() -> None:
    request = asked(USAGE, "power", back=5 * MINUTE)
    samples = [point("power", T, 1), point("power", T + MINUTE, 1, "Quality Bad - Comm Failure")]
    assert len(packed(request, samples).intervals) == 2


def test_r317_what_did_not_change_is_a_previous_value() -> None:
    request = asked(STATUS, "pump", "boiler", back=5 * MINUTE)
    report = packed(
        request,
        [
            state("pump", T - HOUR),
            state("pump", T),
            state("boiler", T - HOUR),
            state("boiler", T + MINUTE, OVERRIDDEN),
        ],
    )
    assert [i.dtstart for i in report.intervals] == [T, T + MINUTE]
    assert r_ids(report) == [["pump"], ["boiler"]]
    assert qualities(report) == [[PREVIOUS], [None]]


def test_r317_a_bad_previous_value_stays_bad() -> None:
    request = asked(USAGE, "power", back=MINUTE)
    bad = point("power", T - HOUR, 0, "Quality Bad - Device Failure")
    assert qualities(packed(request, [bad])) == [["Quality Bad - Device Failure"]]


def test_r318_on_change_a_value_that_nobody_ever_had_is_a_bad_zero() -> None:
    report = packed(CHANGES, [point("power", T + MINUTE)])
    assert r_ids(report) == [["energy"], ["power"]]
    assert qualities(report) == [[NOT_CONNECTED], [None]]


def test_on_change_equal_amounts_all_count() -> None:
    request = asked(USAGE, "energy", back=5 * MINUTE)
    samples = [amount("energy", T + i * MINUTE, MINUTE, 1) for i in range(5)]
    assert unpack(packed(request, samples)) == tuple(samples)


def test_r314_history_comes_oldest_first_as_it_was_stored() -> None:
    samples = [point("power", T - i * HOUR, i) for i in (1, 3, 2, 24, 25, 0)]
    report = packed(asked(HISTORY, "power", start=T - DAY, duration=DAY), samples)
    assert unpack(report) == tuple(point("power", T - i * HOUR, i) for i in (24, 3, 2, 1))
    assert report.dtstart == T - DAY


def test_r300_history_names_a_data_point_that_has_none() -> None:
    report = packed(STORED, [point("power", T - HOUR), point("power", T - MINUTE)])
    assert r_ids(report) == [["power", "energy"], ["power"]]
    assert qualities(report) == [[None, NOT_CONNECTED], [None]]


def test_r318_an_empty_history_is_a_placeholder_at_its_start() -> None:
    report = packed(STORED, [])
    assert (report.dtstart, r_ids(report)) == (T - DAY, [["power", "energy"]])


def test_an_empty_history_of_everything_begins_where_the_offer_does() -> None:
    request = asked(HISTORY, "power", start=None)
    assert packed(request, []).dtstart == T - HISTORY.duration


def test_r342_history_of_mixed_length_has_starts_and_durations_throughout() -> None:
    samples = [
        amount("energy", T - HOUR, HOUR, 1),
        amount("energy", T - HOUR, MINUTE, 2),
        point("power", T - HOUR, 3),
        point("power", T - MINUTE, 4),
    ]
    report = packed(STORED, samples)
    assert [(i.dtstart, i.duration) for i in report.intervals] == [
        (T - HOUR, MINUTE),
        (T - HOUR, HOUR),
        (T - MINUTE, ZERO),
    ]
    assert r_ids(report) == [["energy"], ["power", "energy"], ["power"]]
    got = unpack(report, points=HISTORY.by_id())
    assert sorted(map(repr, got)) == sorted(map(repr, samples))


def test_two_values_of_one_data_point_and_instant_are_one_the_later_given() -> None:
    request = asked(HISTORY, "power", start=T - DAY, duration=DAY)
    report = packed(request, [point("power", T - HOUR, 1), point("power", T - HOUR, 2)])
    assert unpack(report) == (point("power", T - HOUR, 2),)


def test_a_moment_and_an_amount_of_one_data_point_do_not_share_an_interval() -> None:
    request = asked(HISTORY, "energy", start=T - DAY, duration=DAY)
    samples = [point("energy", T - HOUR, 1000), amount("energy", T - HOUR, MINUTE, 1)]
    assert unpack(packed(request, samples)) == tuple(samples)


def test_r1_fractions_of_a_second_are_cut_and_neighbours_stay_neighbours() -> None:
    half = timedelta(milliseconds=500)
    samples = [
        amount("energy", T - HOUR + half, MINUTE + half, 1),
        amount("energy", T - HOUR + MINUTE + 2 * half, MINUTE, 2),
        point("power", T - HOUR + half, 3),
    ]
    report = packed(STORED, samples)
    assert [(i.dtstart, i.duration) for i in report.intervals] == [
        (T - HOUR, MINUTE + SECOND),
        (T - HOUR + MINUTE + SECOND, MINUTE),
    ]
    assert r_ids(report) == [["power", "energy"], ["energy"]]


def test_r1_an_amount_of_less_than_a_second_takes_one() -> None:
    request = asked(HISTORY, "energy", start=T - DAY, duration=DAY)
    report = packed(request, [amount("energy", T - HOUR, timedelta(milliseconds=100))])
    assert report.intervals[0].duration == SECOND


def test_r324_a_one_shot_has_the_latest_value_of_each_data_point_once() -> None:
    request = asked(USAGE, "power")
    report = packed(request, [point("power", T - i * MINUTE, i) for i in (3, 1, 2)])
    assert unpack(report) == (point("power", T - MINUTE, 1),)


def test_r324_momentary_values_join_the_interval_of_the_amount() -> None:
    report = packed(
        ONCE,
        [
            amount("energy", T - 2 * MINUTE, MINUTE, 5),
            point("power", T - 90 * SECOND, 6),
            point("power", T, 7),
        ],
    )
    assert [(i.dtstart, i.duration) for i in report.intervals] == [(T - 2 * MINUTE, MINUTE)]
    assert [[one.value for one in interval] for interval in payloads(report)] == [[6, 5]]


def test_r324_without_a_sample_in_the_interval_the_last_one_of_all_joins() -> None:
    report = packed(ONCE, [amount("energy", T - 2 * MINUTE, MINUTE, 5), point("power", T, 7)])
    assert [[one.value for one in interval] for interval in payloads(report)] == [[7, 5]]
    assert qualities(report) == [[None, None]]


def test_r318_a_sample_older_than_the_slowest_sampling_says_so() -> None:
    request = asked(STATUS, "pump", "boiler")
    old = state("pump", T - 2 * HOUR)
    report = packed(request, [old, state("boiler", T)])
    assert qualities(report) == [["Quality Uncertain - Last Usable Value", None]]
    good = replace(old, quality="Quality Good - Non Specific")
    report = packed(request, [good, state("boiler", T)])
    assert qualities(report) == [["Quality Good - Non Specific", None]]


def test_r324_amounts_of_another_time_keep_their_own_interval() -> None:
    two = replace(USAGE, points=(USAGE.points[1], replace(USAGE.points[1], r_id="sub")))
    request = asked(two, "energy", "sub")
    samples = [amount("energy", T - MINUTE), amount("sub", T - 2 * MINUTE)]
    assert unpack(packed(request, samples, offer=two)) == (samples[1], samples[0])


def test_r318_a_one_shot_names_what_it_has_not() -> None:
    assert qualities(packed(ONCE, [])) == [[NOT_CONNECTED] * 2]
    report = packed(ONCE, [amount("energy", T - MINUTE)])
    assert r_ids(report) == [["power", "energy"]]
    assert qualities(report) == [[NOT_CONNECTED, None]]


def test_r345_the_final_report_holds_what_was_collected() -> None:
    now = T + 90 * SECOND
    window = closing_window(BOTH, RequestKind.PERIODIC, T, now)
    report = packed(BOTH, [amount("energy", T, 90 * SECOND, 9), point("power", T)], window=window)
    assert [i.duration for i in report.intervals] == [MINUTE, 30 * SECOND]


@pytest.mark.parametrize("request_", [BOTH, CHANGES])
def test_r345_a_final_report_of_nothing_new_holds_the_latest_values(
    request_: ReportRequest,
) -> None:
    window = closing_window(request_, kind_of(request_, USAGE), T, T)
    report = packed(
        request_, [amount("energy", T - MINUTE), point("power", T - MINUTE)], window=window
    )
    assert r_ids(report) == [["power", "energy"]]


def test_an_offer_that_has_lost_a_data_point_still_answers() -> None:
    lost = replace(USAGE, points=USAGE.points[1:])
    assert qualities(packed(BOTH, [], offer=lost)) == [[NOT_CONNECTED] * 2] * 2
    once = packed(ONCE, [point("power", T - DAY), amount("energy", T)], offer=lost)
    assert qualities(once) == [[None, None]]


def test_a_large_report_is_split_oldest_first() -> None:
    samples = [point("power", T - DAY + i * MINUTE, i) for i in range(25)]
    report = packed(asked(HISTORY, "power", start=T - DAY, duration=DAY), samples)
    parts = split(report, 10)
    assert [len(part.intervals) for part in parts] == [10, 10, 5]
    assert all(part.dtstart == part.intervals[0].dtstart for part in parts)
    assert [one for part in parts for one in unpack(part)] == samples
    for part in parts:
        assert over_the_wire(part) == part
    assert split(report, 25) == (report,)


def test_a_report_without_starts_stays_whole() -> None:
    bare = packed(asked(STATUS, "pump"), [state("pump", T)])
    assert split(bare, 0) == (bare,)
    started = replace(bare.intervals[0], dtstart=T)
    partly = replace(bare, intervals=(*bare.intervals, started))
    assert split(partly, 1) == (partly,)


numbers = st.decimals(
    allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9
)


@st.composite
def readings_of(draw: st.DrawFn, r_id: str, start: datetime, duration: timedelta) -> Reading:
    return Reading(
        r_id=r_id,
        start=start,
        duration=duration,
        value=draw(numbers),
        quality=draw(st.sampled_from([None, *(one.value for one in DataQuality)])),
        accuracy=draw(st.none() | st.decimals(0, 100, places=1)),
        confidence=draw(st.none() | st.integers(0, 100)),
    )


@given(st.data(), st.integers(1, 8), st.booleans(), st.booleans())
def test_periodic_readings_that_fit_come_out_as_they_went_in(
    data: st.DataObject, count: int, power: bool, energy: bool
) -> None:
    wanted = [name for name, there in (("power", power), ("energy", energy)) if there] or ["power"]
    request = asked(USAGE, *wanted, granularity=MINUTE, back=count * MINUTE)
    readings = tuple(
        data.draw(readings_of(name, T + i * MINUTE, MINUTE if name == "energy" else ZERO))
        for i in range(count)
        for name in wanted
    )
    given_ = data.draw(st.permutations(readings))
    report = packed(request, given_)
    assert unpack(over_the_wire(report), points=USAGE.by_id()) == readings


@given(
    st.data(),
    st.dictionaries(
        st.tuples(st.sampled_from(["power", "energy"]), st.integers(1, 86_400)),
        st.integers(1, 4000),
        min_size=1,
        max_size=12,
    ),
)
def test_stored_readings_come_out_as_they_went_in(
    data: st.DataObject, stored: dict[tuple[str, int], int]
) -> None:
    readings = [
        data.draw(readings_of(name, T - ago * SECOND, length * SECOND * (name == "energy")))
        for (name, ago), length in stored.items()
    ]
    wanted = sorted({one.r_id for one in readings})
    report = packed(asked(HISTORY, *wanted, start=T - DAY, duration=DAY), readings)
    got = unpack(over_the_wire(report), points=HISTORY.by_id())
    assert sorted(got, key=repr) == sorted(readings, key=repr)


@pytest.mark.parametrize("granularity", [ZERO, MINUTE])
def test_many_data_points_with_many_readings_take_their_sum_of_time(
    granularity: timedelta,
) -> None:
    # With their product, of a billion comparisons, this would take fifteen seconds and more.
    names = [f"p{number}" for number in range(6000)]
    points = tuple(replace(USAGE.points[0], r_id=r_id) for r_id in names)
    readings = [point("p1", T, number) for number in range(160_000)]
    request = asked(USAGE, *names, granularity=granularity, back=MINUTE)
    began = time.perf_counter()
    report = packed(request, readings, offer=replace(USAGE, points=points))
    assert time.perf_counter() - began < 5
    assert {r_id for ids in r_ids(report) for r_id in ids} == set(names)
