"""From samples to the granularity that was asked for."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Context, Decimal, localcontext
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.report import Reading, resample
from oadr.times import ZERO
from tests.oadr.report_samples import (
    HOUR,
    MINUTE,
    ONLINE,
    OVERRIDDEN,
    SECOND,
    STATUS,
    USAGE,
    T,
    amount,
    point,
    values,
)

POINTS = {**USAGE.by_id(), **STATUS.by_id()}
METER = {"meter": replace(USAGE.points[1], r_id="meter", report_type="reading")}


def test_energy_is_summed() -> None:
    samples = [amount("energy", T + i * 10 * SECOND, 10 * SECOND, "0.1") for i in range(12)]
    assert resample(samples, MINUTE, T, T + 2 * MINUTE) == (
        amount("energy", T, MINUTE, "0.6"),
        amount("energy", T + MINUTE, MINUTE, "0.6"),
    )


def test_energy_across_a_boundary_is_split_in_proportion_to_time() -> None:
    long = amount("energy", T, 90 * SECOND, 3)
    made = resample([long, amount("energy", T + 90 * SECOND, 30 * SECOND, 4)], MINUTE, T, T + HOUR)
    assert made == (amount("energy", T, MINUTE, 2), amount("energy", T + MINUTE, MINUTE, 5))


def test_coarse_energy_fills_several_slots_without_loss() -> None:
    made = resample([amount("energy", T, 3 * MINUTE, 1)], MINUTE, T, T + 3 * MINUTE)
    assert values(made) == [Decimal("0.333333"), Decimal("0.333334"), Decimal("0.333333")]
    assert sum(one.value for one in made if isinstance(one.value, Decimal)) == 1


def test_a_reading_that_reaches_out_of_the_window_counts_for_the_part_inside() -> None:
    samples = [amount("energy", T - MINUTE, 2 * MINUTE, 2), amount("energy", T + MINUTE, HOUR, 60)]
    assert resample(samples, MINUTE, T, T + 2 * MINUTE) == (
        amount("energy", T, MINUTE, 1),
        amount("energy", T + MINUTE, MINUTE, 1),
    )


def test_what_lies_outside_of_the_window_is_left_out() -> None:
    samples = [
        amount("energy", T - MINUTE),
        amount("energy", T + MINUTE),
        point("power", T - SECOND),
        point("power", T + MINUTE),
    ]
    assert resample(samples, MINUTE, T, T + MINUTE) == ()


def test_a_slot_that_is_covered_in_part_says_so() -> None:
    (made,) = resample([amount("energy", T, 30 * SECOND, 5)], MINUTE, T, T + MINUTE)
    assert made == amount("energy", T, MINUTE, 5, "Quality Uncertain - Sub Normal")


def test_a_slot_in_part_covered_by_bad_data_stays_bad() -> None:
    bad = amount("energy", T, 30 * SECOND, 5, "Quality Bad - Comm Failure")
    assert resample([bad], MINUTE, T, T + MINUTE)[0].quality == "Quality Bad - Comm Failure"


def test_mean_power_of_intervals_is_weighted_by_time() -> None:
    samples = [
        amount("power", T, 45 * SECOND, 100),
        amount("power", T + 45 * SECOND, 15 * SECOND, 200),
    ]
    assert resample(samples, MINUTE, T, T + MINUTE, points=POINTS) == (
        amount("power", T, MINUTE, 125),
    )


def test_power_samples_become_their_mean_at_the_start_of_the_slot() -> None:
    samples = [point("power", T + i * 20 * SECOND, value) for i, value in enumerate((7, 7, 8))]
    for points in (POINTS, None):
        assert resample(samples, MINUTE, T, T + MINUTE, points=points) == (
            point("power", T, "7.333333"),
        )


def test_a_mean_has_no_more_digits_than_it_needs() -> None:
    samples = [point("power", T, 100), point("power", T + SECOND, 101)]
    (made,) = resample(samples, MINUTE, T, T + MINUTE)
    assert str(made.value) == "100.5"
    (made,) = resample([point("power", T, "1E+3")] * 2, MINUTE, T, T + MINUTE)
    assert str(made.value) == "1E+3"


def test_a_mean_has_as_many_digits_as_the_finest_value_needs() -> None:
    samples = [point("power", T, "0.0000001"), point("power", T + SECOND, 1)]
    (made,) = resample(samples, MINUTE, T, T + MINUTE)
    assert made.value == Decimal("0.50000005")


def test_the_index_of_a_meter_is_its_last_one() -> None:
    samples = [point("meter", T, 1000), point("meter", T + 30 * SECOND, 1001)]
    assert resample(samples, MINUTE, T, T + MINUTE, points=METER) == (point("meter", T, 1001),)


def test_of_status_the_last_one_counts() -> None:
    samples = [
        replace(point("pump", T + 30 * SECOND), value=OVERRIDDEN),
        replace(point("pump", T), value=ONLINE),
    ]
    assert resample(samples, MINUTE, T, T + MINUTE, points=POINTS) == (
        replace(point("pump", T), value=OVERRIDDEN),
    )


def test_status_of_an_interval_becomes_point_data() -> None:
    samples = [
        replace(amount("pump", T + i * 30 * SECOND, 30 * SECOND), value=ONLINE) for i in (0, 1)
    ]
    assert resample(samples, MINUTE, T, T + MINUTE) == (replace(point("pump", T), value=ONLINE),)


def test_a_reading_that_fills_its_slot_stays_as_it_is() -> None:
    given_ = replace(
        amount("energy", T, MINUTE, "1.50"), quality="x-own", accuracy=Decimal(1), confidence=50
    )
    assert resample([given_], MINUTE, T, T + MINUTE)[0] is given_


def test_a_sample_within_its_slot_moves_to_the_start() -> None:
    late = point("power", T + SECOND, 5)
    assert resample([late], MINUTE, T, T + MINUTE) == (point("power", T, 5),)


def test_data_points_do_not_mix_and_slots_come_in_order() -> None:
    samples = [
        amount("energy", T + MINUTE),
        point("power", T + MINUTE),
        amount("energy", T),
        point("power", T),
    ]
    made = resample(samples, MINUTE, T, T + HOUR)
    assert [(one.r_id, one.start) for one in made] == [
        ("energy", T),
        ("power", T),
        ("energy", T + MINUTE),
        ("power", T + MINUTE),
    ]


def test_interval_data_goes_before_samples_of_the_same_data_point() -> None:
    samples = [amount("energy", T, MINUTE, 3), point("energy", T + SECOND, 1000)]
    assert resample(samples, MINUTE, T, T + MINUTE) == (amount("energy", T, MINUTE, 3),)


def test_r318_bad_values_count_only_where_there_are_no_others() -> None:
    bad = point("power", T, 0, "Quality Bad - Not Connected")
    good = point("power", T + SECOND, 6)
    assert resample([bad, good], MINUTE, T, T + MINUTE) == (point("power", T, 6),)
    assert resample([bad], MINUTE, T, T + MINUTE) == (bad,)


def test_r318_numbers_that_are_none_do_not_spoil_a_sum() -> None:
    samples = [amount("energy", T, MINUTE, "NaN"), amount("energy", T + MINUTE, MINUTE, 2)]
    (made,) = resample(samples, 2 * MINUTE, T, T + 2 * MINUTE)
    assert made == amount("energy", T, 2 * MINUTE, 2, "Quality Uncertain - Sub Normal")


def test_r319_accuracy_and_confidence_are_the_worst_of_all() -> None:
    first = replace(point("power", T), accuracy=Decimal(1), confidence=90)
    second = replace(point("power", T + SECOND), accuracy=Decimal(2), confidence=80)
    (made,) = resample([first, second], MINUTE, T, T + MINUTE)
    assert (made.accuracy, made.confidence) == (Decimal(2), 80)
    (made,) = resample([first, point("power", T + SECOND)], MINUTE, T, T + MINUTE)
    assert (made.accuracy, made.confidence) == (None, None)


def test_granularity_0_only_selects() -> None:
    samples = [point("power", T + MINUTE), point("power", T), point("power", T - SECOND)]
    assert resample(samples, ZERO, T, T + MINUTE) == (point("power", T),)


def test_the_last_slot_ends_with_the_window() -> None:
    samples = [amount("energy", T + i * 30 * SECOND, 30 * SECOND, 1) for i in range(3)]
    assert resample(samples, MINUTE, T, T + 90 * SECOND) == (
        amount("energy", T, MINUTE, 2),
        amount("energy", T + MINUTE, 30 * SECOND, 1),
    )


def test_numbers_of_very_different_size_are_still_summed() -> None:
    samples = [point("power", T, "1E+300"), point("power", T + SECOND, "1E-300")]
    (made,) = resample(samples, MINUTE, T, T + MINUTE)
    assert made.value == Decimal("5E+299")


def total(readings: list[Reading]) -> Decimal:
    with localcontext(Context(prec=500)):
        return sum((r.value for r in readings if isinstance(r.value, Decimal)), Decimal(0))


numbers = st.decimals(-(10**9), 10**9, places=4) | st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30
)


@given(
    st.lists(st.tuples(st.integers(1, 400), numbers), max_size=12),
    st.integers(5, 900),
    st.lists(st.integers(0, 2000), max_size=4),
)
def test_resampling_conserves_energy_exactly(
    samples: list[tuple[int, Decimal]], granularity: int, cuts: list[int]
) -> None:
    readings, at = [], T
    for length, value in samples:
        readings.append(Reading(r_id="energy", start=at, duration=length * SECOND, value=value))
        at += length * SECOND
    moments = sorted({T, at, *(min(at, T + cut * SECOND) for cut in cuts)})
    made = [
        one
        for start, end in pairwise(moments)
        for one in resample(readings, granularity * SECOND, start, end)
    ]
    assert total(made) == total(readings)


@given(st.dictionaries(st.integers(0, 59), numbers, min_size=1, max_size=8))
def test_resampling_twice_is_resampling_once(samples: dict[int, Decimal]) -> None:
    readings = [Reading(r_id="p", start=T + s * SECOND, value=v) for s, v in samples.items()]
    once = resample(readings, 10 * SECOND, T, T + MINUTE)
    assert resample(once, 10 * SECOND, T, T + MINUTE) == once


@pytest.mark.parametrize("jitter", [timedelta(microseconds=1), timedelta(milliseconds=999)])
def test_fractions_of_a_second_are_split_exactly(jitter: timedelta) -> None:
    start: datetime = T - jitter
    made = resample([amount("energy", start, MINUTE, 1)], MINUTE, T - MINUTE, T + MINUTE)
    assert total(list(made)) == 1
