"""When reports are due."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.messages import ReportRequest
from oadr.report import (
    RequestKind,
    Window,
    build_metadata_request,
    closing_window,
    latest_window,
    next_window,
    windows,
)
from oadr.report.schedule import multiple, slots
from oadr.times import EVER, FOREVER, ZERO, CalendarDuration, add
from tests.oadr.report_samples import DAY, HISTORY, HOUR, MINUTE, SECOND, USAGE, T, asked

PERIODIC = RequestKind.PERIODIC


def every(
    back: timedelta = MINUTE, duration: timedelta = ZERO, start: datetime | None = T
) -> ReportRequest:
    return asked(USAGE, "power", granularity=back, back=back, duration=duration, start=start)


def spans(found: list[Window]) -> list[tuple[int, int]]:
    """Start and end of windows in minutes from T."""
    return [((w.start - T) // MINUTE, (w.end - T) // MINUTE) for w in found]


def test_r325_windows_are_counted_from_the_dtstart_that_was_asked_for() -> None:
    start = T + 17 * SECOND
    first, second = islice(windows(every(90 * SECOND, start=start), PERIODIC, T), 2)
    assert (first.start, first.end, first.due) == (
        start,
        start + 90 * SECOND,
        start + 90 * SECOND,
    )
    assert (second.start, second.index) == (first.end, 1)


def test_r1_3020_one_minute_for_five_minutes_is_five_reports() -> None:
    found = list(windows(every(MINUTE, 5 * MINUTE), PERIODIC, T))
    assert spans(found) == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]
    assert [w.due for w in found] == [w.end for w in found]
    assert [w.final for w in found] == [False] * 4 + [True]


def test_r341_the_last_report_may_run_over() -> None:
    found = list(windows(every(2 * MINUTE, 5 * MINUTE), PERIODIC, T))
    assert spans(found) == [(0, 2), (2, 4), (4, 6)]
    assert [w.final for w in found] == [False, False, True]


def test_r325_duration_0_never_ends() -> None:
    request = every()
    far = next_window(request, PERIODIC, T, 10**6)
    assert far is not None
    assert (far.index, far.final) == (10**6 + 1, False)
    assert far.start == T + (10**6 + 1) * MINUTE


def test_a_dtstart_in_the_past_begins_with_the_window_of_now() -> None:
    now = T + 10 * MINUTE + 30 * SECOND
    found = list(windows(every(duration=12 * MINUTE), PERIODIC, now))
    assert spans(found) == [(10, 11), (11, 12)]
    assert [w.index for w in found] == [10, 11]


def test_a_moment_between_two_windows_belongs_to_the_later_one() -> None:
    window = next_window(every(), PERIODIC, T + 3 * MINUTE)
    assert window is not None
    assert window.index == 3


def test_a_dtstart_in_the_future_is_waited_for() -> None:
    window = next_window(every(), PERIODIC, T - DAY)
    assert window is not None
    assert (window.start, window.index) == (T, 0)


def test_a_request_that_is_over_has_no_window() -> None:
    assert list(windows(every(duration=HOUR), PERIODIC, T + HOUR)) == []


def test_no_interval_means_from_now_on_in_whole_seconds() -> None:
    accepted = T + timedelta(microseconds=7)
    window = next_window(every(start=None), PERIODIC, accepted)
    assert window is not None
    assert (window.start, window.final) == (T, False)


def test_after_a_moment_comes_what_is_due_later() -> None:
    request = every()
    for after, index in [(T - HOUR, 0), (T, 0), (T + 59 * SECOND, 0), (T + MINUTE, 1)]:
        window = next_window(request, PERIODIC, T, after)
        assert window is not None
        assert (window.index, window.due > after) == (index, True)


def test_after_an_index_never_goes_back_before_the_acceptance() -> None:
    window = next_window(every(), PERIODIC, T + HOUR, 3)
    assert window is not None
    assert window.index == 60


def test_on_change_is_reported_like_telemetry() -> None:
    request = asked(USAGE, "power", back=MINUTE, duration=2 * MINUTE)
    assert spans(list(windows(request, RequestKind.ON_CHANGE, T))) == [(0, 1), (1, 2)]


def test_r324_a_one_shot_is_due_now_and_once() -> None:
    request = asked(USAGE, "power", start=T - DAY)
    (window,) = windows(request, RequestKind.ONE_SHOT, T)
    assert window == Window(start=T, end=T, due=T, index=0, final=True)


def test_r324_what_is_done_once_has_no_window_after_it() -> None:
    request = asked(USAGE, "power")
    assert next_window(request, RequestKind.ONE_SHOT, T, 0) is None
    assert next_window(request, RequestKind.ONE_SHOT, T, T) is None
    assert next_window(request, RequestKind.ONE_SHOT, T, T - SECOND) is not None
    assert next_window(request, RequestKind.ONE_SHOT, T, -1) is not None


def test_r325_history_covers_its_interval_and_is_due_now() -> None:
    request = asked(HISTORY, "power", start=T - DAY, duration=HOUR)
    (window,) = windows(request, RequestKind.HISTORY, T)
    assert (window.start, window.end, window.due) == (T - DAY, T - DAY + HOUR, T)
    assert window.final


@pytest.mark.parametrize("duration", [ZERO, 7 * DAY])
def test_r325_history_goes_up_to_now_at_most(duration: timedelta) -> None:
    request = asked(HISTORY, "power", start=T - DAY, duration=duration)
    (window,) = windows(request, RequestKind.HISTORY, T)
    assert (window.start, window.end) == (T - DAY, T)


def test_a_history_without_an_interval_covers_everything() -> None:
    request = asked(HISTORY, "power", start=None)
    (window,) = windows(request, RequestKind.HISTORY, T)
    assert (window.start, window.end) == (EVER, T)


def test_a_history_of_the_future_is_empty() -> None:
    request = asked(HISTORY, "power", start=T + DAY)
    (window,) = windows(request, RequestKind.HISTORY, T)
    assert window.start == window.end == T


def test_metadata_is_due_once_unless_it_is_periodic() -> None:
    (window,) = windows(build_metadata_request("M"), RequestKind.METADATA, T)
    assert window.due == T


def test_periodic_metadata_is_due_when_its_window_begins() -> None:
    request = every(HOUR, 2 * HOUR)
    found = list(windows(request, RequestKind.METADATA, T))
    assert [w.due for w in found] == [T, T + HOUR]
    assert next_window(request, RequestKind.METADATA, T, T - SECOND) == found[0]
    assert next_window(request, RequestKind.METADATA, T, T) == found[1]
    assert next_window(request, RequestKind.METADATA, T, T + HOUR) is None


def test_months_are_whole_months() -> None:
    month = CalendarDuration(months=1)
    start = datetime(2026, 1, 31, tzinfo=UTC)
    request = every(month, CalendarDuration(months=4), start)
    found = list(windows(request, PERIODIC, start))
    assert [w.end.date().isoformat() for w in found] == [
        "2026-02-28",
        "2026-03-31",
        "2026-04-30",
        "2026-05-31",
    ]
    assert found[-1].final


@pytest.mark.parametrize("months", [1, 12])
def test_the_month_of_a_moment_is_found_far_from_the_start(months: int) -> None:
    start = datetime(1990, 3, 31, tzinfo=UTC)
    request = every(CalendarDuration(months=months), start=start)
    window = next_window(request, PERIODIC, T)
    assert window is not None
    assert window.start <= T < window.end


def test_short_months_are_caught_up_with() -> None:
    # 28 days are less than a nominal month of 30, and yet a whole February.
    start = datetime(2026, 2, 1, tzinfo=UTC)
    request = every(CalendarDuration(months=1), start=start)
    window = next_window(request, PERIODIC, datetime(2026, 3, 1, tzinfo=UTC))
    assert window is not None
    assert window.start == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("back", [timedelta(days=999_999_999), CalendarDuration(months=10**6)])
def test_a_report_that_is_due_after_the_end_of_the_calendar_is_never_due(
    back: timedelta,
) -> None:
    assert list(windows(every(back), PERIODIC, T)) == []
    assert next_window(every(back), PERIODIC, T, 10**9) is None


def test_the_calendar_may_end() -> None:
    late = FOREVER.replace(microsecond=0) - MINUTE - SECOND
    assert len(list(windows(every(start=late), PERIODIC, T))) == 1


@given(
    st.integers(1, 5000),
    st.integers(0, 500_000),
    st.integers(-100_000, 600_000),
)
def test_windows_tile_the_interval_without_gap_or_overlap(
    back: int, duration: int, accepted: int
) -> None:
    request = every(back * SECOND, duration * SECOND)
    now = T + accepted * SECOND
    found = list(islice(windows(request, PERIODIC, now), 50))
    assert all(w.end - w.start == back * SECOND for w in found)
    assert all(a.end == b.start and b.index == a.index + 1 for a, b in pairwise(found))
    if found:
        assert found[0].start <= max(now, T) < found[0].end
    if duration and found and len(found) < 50:
        assert found[-1].final
        assert ZERO <= found[-1].end - (T + duration * SECOND) < back * SECOND
    else:
        assert found or accepted >= duration > 0


@given(st.integers(0, 10**7), st.integers(1, 10**5))
def test_the_next_window_by_moment_is_the_first_due_after_it(after: int, back: int) -> None:
    moment = T + after * SECOND
    window = next_window(every(back * SECOND), PERIODIC, T, moment)
    assert window is not None
    assert ZERO < window.due - moment <= back * SECOND


def test_r345_what_was_collected_is_cut_off_now() -> None:
    now = T + 90 * SECOND
    assert closing_window(every(), PERIODIC, T, now) == Window(
        start=T + MINUTE, end=now, due=now, index=1, final=True
    )


@pytest.mark.parametrize("now", [T - MINUTE, T, T + MINUTE, T + HOUR])
def test_r345_if_nothing_was_collected_the_final_report_is_of_now(now: datetime) -> None:
    window = closing_window(every(duration=HOUR), PERIODIC, T - HOUR, now)
    assert (window.start, window.end, window.due, window.final) == (now, now, now, True)


def test_r345_the_final_report_of_a_one_shot_is_of_now() -> None:
    window = closing_window(asked(USAGE, "power"), RequestKind.ONE_SHOT, T, T + HOUR)
    assert window.start == window.end == T + HOUR


def test_a_duration_is_multiplied_month_by_month() -> None:
    month = CalendarDuration(months=1, rest=DAY)
    assert multiple(month, 3) == CalendarDuration(months=3, rest=3 * DAY)
    assert multiple(month, 0) == ZERO
    assert multiple(MINUTE, 60) == HOUR
    assert multiple(DAY, 10**12) == timedelta.max


def test_slots_begin_with_the_start_and_stay_before_the_end() -> None:
    assert slots(T, T + 150 * SECOND, MINUTE) == [T, T + MINUTE, T + 2 * MINUTE]
    assert slots(T, T + 2 * MINUTE, MINUTE) == [T, T + MINUTE]
    assert slots(T, T, MINUTE) == []


def test_slots_of_months_do_not_drift() -> None:
    start = datetime(2026, 1, 31, tzinfo=UTC)
    month = CalendarDuration(months=1)
    assert slots(start, add(start, 90 * DAY), month)[2] == datetime(2026, 3, 31, tzinfo=UTC)


def test_of_metadata_that_is_long_due_the_last_one_counts() -> None:
    request = every(MINUTE, DAY)
    first = next_window(request, RequestKind.METADATA, T)
    assert first is not None

    def latest(now: datetime) -> Window:
        return latest_window(request, RequestKind.METADATA, T, first, now)

    assert latest(T) == first
    assert latest(T + MINUTE) == next_window(request, RequestKind.METADATA, T, 0)
    assert latest(T + HOUR + SECOND).due == T + HOUR
    assert latest(T + 2 * DAY).final
