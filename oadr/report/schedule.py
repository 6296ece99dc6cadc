"""When a report is due, and which time it covers.

Windows are counted from the dtstart that was asked for, not from the clock on the
wall. Spec: rules 317, 324, 325, 341 and 346.

Interpretation: the dtstart of the reportInterval is the start of the first report's
data (R325, R341), so report ``n`` covers ``dtstart + n * back`` up to
``dtstart + (n + 1) * back`` and is due when that time is over::

    dtstart      + back       + 2 back     + 3 back
       |--- 0 ------|--- 1 ------|--- 2 ------|
                    due 0        due 1        due 2

Periodic metadata is due when its window begins; there is nothing to collect first.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from oadr.messages import ReportRequest
from oadr.report.accept import RequestKind
from oadr.times import EVER, FOREVER, ZERO, CalendarDuration, add, end_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One report of a request.

    Attributes:
        start: of its data, included.
        end: of its data, excluded.
        due: when to send it.
        index: 0 for the first one after dtstart, even if that one was never sent.
        final: no other follows.
    """

    start: datetime
    end: datetime
    due: datetime
    index: int
    final: bool


def windows(request: ReportRequest, kind: RequestKind, accepted_at: datetime) -> Iterator[Window]:
    """Yields every window of a request, the endless ones of an endless request lazily.

    With a dtstart in the past the first one is the window that contains
    ``accepted_at``; with an end in the past there is none.

    Args:
        request: as it was accepted.
        kind: what ``check_request`` said.
        accepted_at: aware, UTC; stands in for a missing dtstart.
    """
    window = next_window(request, kind, accepted_at)
    while window is not None:
        yield window
        window = next_window(request, kind, accepted_at, window.index)


def next_window(
    request: ReportRequest,
    kind: RequestKind,
    accepted_at: datetime,
    after: datetime | int | None = None,
) -> Window | None:
    """Returns the window that follows; takes the same time however many went before.

    Args:
        request: as it was accepted.
        kind: what ``check_request`` said.
        accepted_at: aware, UTC; stands in for a missing dtstart.
        after: an index for the window after that one, a moment for the first window
            that is due after that moment, None for the first.

    Returns:
        The window, None if there is no other.
    """
    if not is_repeated(request, kind):
        only = _only_window(request, kind, accepted_at)
        done = after is not None and (after >= 0 if isinstance(after, int) else only.due <= after)
        return None if done else only
    dtstart, _ = _span(request, accepted_at)
    index = _index_at(dtstart, request.report_back_duration, accepted_at)
    if isinstance(after, int):
        index = max(index, after + 1)
    elif after is not None and after >= dtstart:
        around = _index_at(dtstart, request.report_back_duration, after)
        index = max(index, around + (kind is RequestKind.METADATA))
    return _window(request, kind, accepted_at, index)


def latest_window(
    request: ReportRequest,
    kind: RequestKind,
    accepted_at: datetime,
    window: Window,
    now: datetime,
) -> Window:
    """Returns the last window that is due, if a window and others after it are.

    For metadata: what it said at a moment in the past is of no use to anybody, and each time
    all other requests end (R306).

    Args:
        request: as it was accepted.
        kind: what ``check_request`` said.
        accepted_at: aware, UTC.
        window: the next one of the request.
        now: aware, UTC.
    """
    last = window
    if is_repeated(request, kind) and window.due < now:
        dtstart, _ = _span(request, accepted_at)
        index = _index_at(dtstart, request.report_back_duration, now)
        index -= kind is not RequestKind.METADATA
        if index > window.index:
            found = _window(request, kind, accepted_at, index)
            # Past the end of the interval nothing follows.
            last = replace(window, final=True) if found is None else found
    return last


def closing_window(
    request: ReportRequest, kind: RequestKind, accepted_at: datetime, now: datetime
) -> Window:
    """Returns the window for one final report (R345).

    It holds what was collected and has not become due, and is cut off at ``now``. If
    that is nothing, it begins and ends at ``now``, which ``pack`` answers as a one-shot.

    Args:
        request: a request that is cancelled with ``reportToFollow``.
        kind: what ``check_request`` said.
        accepted_at: aware, UTC.
        now: aware, UTC.
    """
    if is_repeated(request, kind):
        dtstart, _ = _span(request, accepted_at)
        index = _index_at(dtstart, request.report_back_duration, now)
        window = _window(request, kind, accepted_at, index)
        if window is not None and window.start < now:
            return replace(window, end=min(window.end, now), due=now, final=True)
    return Window(start=now, end=now, due=now, index=0, final=True)


def is_repeated(request: ReportRequest, kind: RequestKind) -> bool:
    """Returns whether a request has more than one report."""
    once = kind in {RequestKind.ONE_SHOT, RequestKind.HISTORY}
    return not once and request.report_back_duration > ZERO


def _only_window(request: ReportRequest, kind: RequestKind, accepted_at: datetime) -> Window:
    start = end = accepted_at
    if kind is RequestKind.HISTORY:
        period = request.report_interval
        start = EVER if period is None else min(period.dtstart, accepted_at)
        end = min(accepted_at, end_of(start, ZERO if period is None else period.duration))
    return Window(start=start, end=end, due=accepted_at, index=0, final=True)


def _window(
    request: ReportRequest, kind: RequestKind, accepted_at: datetime, index: int
) -> Window | None:
    dtstart, last = _span(request, accepted_at)
    back = request.report_back_duration
    start, end = add(dtstart, multiple(back, index)), add(dtstart, multiple(back, index + 1))
    if start >= last or end <= start or end == FOREVER:
        return None
    due = start if kind is RequestKind.METADATA else end
    return Window(start=start, end=end, due=due, index=index, final=end >= last)


def _span(request: ReportRequest, accepted_at: datetime) -> tuple[datetime, datetime]:
    """Returns from when to when reports are wanted; no interval means from now, for ever."""
    period = request.report_interval
    if period is None:
        return accepted_at.replace(microsecond=0), FOREVER
    return period.dtstart, end_of(period.dtstart, period.duration)


def _index_at(dtstart: datetime, back: timedelta, moment: datetime) -> int:
    """Returns which window contains the moment; 0 before the first."""
    if moment < dtstart:
        return 0
    index = (moment - dtstart) // back
    # A month counts 30 days above and 28 to 31 in the calendar.
    while index and add(dtstart, multiple(back, index)) > moment:
        index -= 1
    while add(dtstart, multiple(back, index + 1)) <= moment:
        index += 1
    return index


def multiple(duration: timedelta, count: int) -> timedelta:
    """Returns ``count`` times the duration, whole months staying months.

    What is longer than a ``timedelta`` can be becomes the longest one.
    """
    try:
        if isinstance(duration, CalendarDuration) and count:
            return CalendarDuration(months=duration.months * count, rest=duration.rest * count)
        return duration * count
    except OverflowError:
        return timedelta.max


def slots(start: datetime, end: datetime, step: timedelta) -> list[datetime]:
    """Returns the starts of the samples from ``start`` on, before ``end``.

    Args:
        start: aware, UTC; the first sample if it is before ``end``.
        end: aware, UTC.
        step: > 0, the granularity.
    """
    moments: list[datetime] = []
    moment = start
    while moment < end:
        moments.append(moment)
        moment = add(start, multiple(step, len(moments)))
    return moments
