"""Date-times and durations: what is read, what is written, how months add up."""

import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given

from oadr.errors import InvalidData
from oadr.times import (
    EVER,
    FOREVER,
    ZERO,
    CalendarDuration,
    add,
    before,
    end_of,
    format_datetime,
    format_duration,
    parse_datetime,
    parse_duration,
    utc,
)
from tests.oadr import strategies

NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
CET = timezone(timedelta(hours=1))


def months(count: int, **rest: int) -> CalendarDuration:
    return CalendarDuration(months=count, rest=timedelta(**rest))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-31T12:00:00Z", NOON),
        ("2024-01-31T12:00:00", NOON),
        (" 2024-01-31T12:00:00Z\n", NOON),
        ("2024-01-31T12:00:00.999Z", NOON),
        ("2024-01-31T12:00:00.5", NOON),
        ("2024-01-31T12:00:00.", NOON),
        ("+2024-01-31T12:00:00Z", NOON),
        ("2024-01-30T24:00:00Z", datetime(2024, 1, 31, tzinfo=UTC)),
        ("2024-12-31T24:00:00", datetime(2025, 1, 1, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime.min.replace(tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_r1_every_spelling_of_a_moment_is_read_as_utc(text: str, moment: datetime) -> None:
    parsed = parse_datetime(text)
    assert parsed == moment
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2024-01-31",
        "2024-02-30T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "-0001-01-01T00:00:00Z",
        "9999-12-31T24:00:00Z",
        "2024-01-31T12:00:00+01:00",
        "2024-01-31T12:00:00+1",
        "2024-01-31T25:00:00Z",
    ],
)
def test_a_date_that_no_calendar_has_is_invalid_data(text: str) -> None:
    with pytest.raises(InvalidData, match=r"date-time .*\(R1\)"):
        parse_datetime(text)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOON, "2024-01-31T12:00:00Z"),
        (datetime(2024, 1, 31, 13, tzinfo=CET), "2024-01-31T12:00:00Z"),
        (datetime(7, 1, 2, 3, 4, 5, tzinfo=UTC), "0007-01-02T03:04:05Z"),
        (NOON.replace(microsecond=999_999), "2024-01-31T12:00:00Z"),
    ],
)
def test_r1_a_moment_is_written_in_utc_with_whole_seconds(moment: datetime, text: str) -> None:
    assert format_datetime(moment) == text


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone; expected an aware datetime"):
        format_datetime(datetime(2024, 1, 31))  # noqa: DTZ001
    assert utc(datetime(2024, 1, 31, 13, tzinfo=CET)) == NOON


@given(moment=strategies.moments())
def test_a_moment_is_read_as_it_was_written(moment: datetime) -> None:
    assert parse_datetime(format_datetime(moment)) == moment


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("PT15M", timedelta(minutes=15)),
        ("P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("PT0S", ZERO),
        ("P", ZERO),
        ("PT", ZERO),
        ("P0M", ZERO),
        ("-PT5M", timedelta(minutes=-5)),
        ("+PT5M", timedelta(minutes=5)),
        ("3W", timedelta(weeks=3)),
        ("P1H", timedelta(hours=1)),
        ("PT90M", timedelta(minutes=90)),
        ("P\u0663D", timedelta(days=3)),
        ("P" + "0" * 5000 + "3D", timedelta(days=3)),
        ("P999999999D", timedelta(days=999_999_999)),
        ("P1M", months(1)),
        ("P1M1M", months(1, minutes=1)),
        ("P1Y2M3DT4H", months(14, days=3, hours=4)),
        ("-P1Y1D", months(-12, days=-1)),
    ],
)
def test_every_spelling_of_a_duration_is_read(text: str, duration: timedelta) -> None:
    parsed = parse_duration(text)
    assert parsed == duration
    assert type(parsed) is type(duration)


@pytest.mark.parametrize(
    "text",
    [
        "P1000000000D",
        "-P999999999DT1S",
        "P33333334M",
        "P2777778Y",
        "P" + "9" * 5000 + "D",
        "",
        "15M",
        "PT1S1S",
        "P3W",
        "-3W",
    ],
)
def test_a_duration_that_cannot_be_counted_is_invalid_data(text: str) -> None:
    with pytest.raises(InvalidData, match=r"duration .*\(R1\)") as refusal:
        parse_duration(text)
    assert len(str(refusal.value)) < 100


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (ZERO, "PT0S"),
        (timedelta(minutes=15), "PT15M"),
        (timedelta(minutes=-5), "-PT5M"),
        (timedelta(days=14), "P14D"),
        (timedelta(days=1, hours=2, minutes=3, seconds=4), "P1DT2H3M4S"),
        (timedelta(seconds=1, microseconds=999_999), "PT1S"),
        (months(1), "P1M"),
        (months(24), "P2Y"),
        (months(14, days=3, seconds=1), "P1Y2M3DT1S"),
        (months(-1, days=-3), "-P1M3D"),
    ],
)
def test_r1_a_duration_is_written_without_weeks(duration: timedelta, text: str) -> None:
    assert format_duration(duration) == text


def test_a_duration_cannot_go_two_ways() -> None:
    with pytest.raises(ValueError, match="forward by months and back by days"):
        format_duration(months(1, days=-1))


@given(duration=strategies.durations())
def test_a_duration_is_read_as_it_was_written(duration: timedelta) -> None:
    parsed = parse_duration(format_duration(duration))
    assert parsed == duration
    assert type(parsed) is type(duration)


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        (NOON, timedelta(hours=1), datetime(2024, 1, 31, 13, tzinfo=UTC)),
        (NOON, months(1), datetime(2024, 2, 29, 12, tzinfo=UTC)),
        (NOON, months(13), datetime(2025, 2, 28, 12, tzinfo=UTC)),
        (NOON, months(-2), datetime(2023, 11, 30, 12, tzinfo=UTC)),
        (NOON, months(1, days=1), datetime(2024, 3, 1, 12, tzinfo=UTC)),
        (NOON, months(12 * 9000), FOREVER),
        (NOON, timedelta(days=999_999_999), FOREVER),
        (NOON, months(-12 * 9000), datetime.min.replace(tzinfo=UTC)),
        (NOON, timedelta(days=-999_999), datetime.min.replace(tzinfo=UTC)),
    ],
)
def test_months_are_counted_by_the_calendar(
    start: datetime, duration: timedelta, end: datetime
) -> None:
    assert add(start, duration) == end


@given(moment=strategies.moments(), duration=strategies.durations())
def test_a_sum_never_leaves_the_calendar(moment: datetime, duration: timedelta) -> None:
    end = add(moment, duration)
    assert end.tzinfo is UTC
    assert (end >= moment) if duration >= ZERO else (end <= moment)


@given(moment=strategies.moments(), duration=strategies.durations())
def test_a_difference_never_leaves_the_calendar(moment: datetime, duration: timedelta) -> None:
    start = before(moment, duration)
    assert (start <= moment) if duration >= ZERO else (start >= moment)


def test_the_longest_duration_of_all_can_be_taken_away() -> None:
    assert before(NOON, timedelta(days=999_999_999, seconds=1)) == EVER
    assert before(NOON, parse_duration("P33333333M9DT1S")) == EVER
    assert before(NOON, months(2)) == datetime(2023, 11, 30, 12, tzinfo=UTC)


def test_r47_a_duration_of_zero_has_no_end() -> None:
    assert end_of(NOON, ZERO) == FOREVER
    assert end_of(NOON, timedelta(hours=1)) == datetime(2024, 1, 31, 13, tzinfo=UTC)


def test_a_month_is_not_thirty_days_and_yet_compares_like_them() -> None:
    assert months(1) != timedelta(days=30)
    assert timedelta(days=30) != months(1)
    assert months(1) == months(1)
    assert months(1) != months(1, days=1)
    assert timedelta(days=29) < months(1) < timedelta(days=31)
    assert len({months(1), months(1), timedelta(days=30)}) == 2


def test_a_calendar_duration_can_be_copied_and_stored() -> None:
    assert pickle.loads(pickle.dumps(months(3, days=1))) == months(3, days=1)


def test_a_calendar_duration_shows_its_months() -> None:
    assert repr(months(3)) == "CalendarDuration(months=3, rest=datetime.timedelta(0))"
