"""From the samples of a meter to the granularity that was asked for.

* Interval data (energy) is summed, exactly; what crosses a boundary is split in
  proportion to time. Where the data point is a power or another rate, the mean over
  time takes the place of the sum.
* Point data becomes the mean of its samples where the data point is a rate or nobody
  says what it is, and the last sample where it is anything else, such as the index of
  a meter. It stands at the start of its slot.
* Of status the last one counts.

Values of bad quality count only where a slot has no others. Spec: rules 315, 317, 318.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Context, Decimal, localcontext

from oadr.enums import DataQuality
from oadr.messages import ResourceStatus
from oadr.report.offer import DataPoint
from oadr.report.reading import Reading, finite, worst_quality
from oadr.report.schedule import slots
from oadr.times import ZERO, add

#: Digits for sums, far more than any meter has, so that none is ever rounded.
_PRECISION = 200
#: Digits after those of the value that the parts of a split and a mean may have.
_EXTRA_DIGITS = 6
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """The part of a reading that falls into a slot; ``value`` is that of the reading."""

    reading: Reading
    value: Decimal
    start: datetime
    end: datetime

    @property
    def microseconds(self) -> int:
        return (self.end - self.start) // _MICROSECOND


def resample(
    readings: Iterable[Reading],
    granularity: timedelta,
    start: datetime,
    end: datetime,
    *,
    points: Mapping[str, DataPoint] | None = None,
) -> tuple[Reading, ...]:
    """Returns readings at the wanted granularity, oldest first.

    A reading that fills its slot is returned as it is. A slot without any sample is
    left out; one that interval data covers in part gets the quality "Sub Normal". Of a
    reading that reaches over ``start`` or ``end`` the part inside counts, so windows
    that touch share it without loss.

    Args:
        readings: samples, in any order.
        granularity: length of a slot; 0 only selects what begins in the window.
        start: of the first slot, aware UTC.
        end: where the last slot is cut off, aware UTC.
        points: the data points by ``rID``; tells sums from means.
    """
    ordered = sorted((finite(reading) for reading in readings), key=lambda one: one.start)
    if not granularity:
        return tuple(reading for reading in ordered if start <= reading.start < end)
    bounds = [*slots(start, end, granularity), end]
    cells: dict[tuple[int, str], list[_Share]] = {}
    for reading in ordered:
        for index, share in _shares(reading, bounds):
            cells.setdefault((index, reading.r_id), []).append(share)
    known = points or {}
    return tuple(
        _combine(cells[index, r_id], bounds[index], bounds[index + 1], known.get(r_id))
        for index, r_id in sorted(cells, key=lambda cell: cell[0])
    )


def _shares(reading: Reading, bounds: Sequence[datetime]) -> Iterator[tuple[int, _Share]]:
    until = add(reading.start, reading.duration)
    value = reading.value if isinstance(reading.value, Decimal) else Decimal(0)
    first = bisect_right(bounds, reading.start) - 1
    last = bisect_left(bounds, until) - 1 if reading.duration else first
    for index in range(max(first, 0), min(last + 1, len(bounds) - 1)):
        begin, end = max(reading.start, bounds[index]), min(until, bounds[index + 1])
        yield index, _Share(reading=reading, value=value, start=begin, end=end)


def _combine(
    shares: list[_Share], start: datetime, end: datetime, point: DataPoint | None
) -> Reading:
    if len(shares) == 1 and _fills(shares[0].reading, start, end):
        return shares[0].reading
    good = [share for share in shares if share.reading.usable] or shares
    last = good[-1].reading
    if isinstance(last.value, ResourceStatus):
        return replace(last, start=start, duration=ZERO)
    timed = [share for share in good if share.reading.duration]
    if timed:
        return _over_time(timed, start, end, point)
    if point is not None and not point.averages:
        return replace(last, start=start)
    return _merged(good, start, ZERO, _mean([(share.value, 1) for share in good]))


def _fills(reading: Reading, start: datetime, end: datetime) -> bool:
    return reading.start == start and reading.duration in {ZERO, end - start}


def _over_time(
    shares: list[_Share], start: datetime, end: datetime, point: DataPoint | None
) -> Reading:
    """Returns interval data for a slot: the sum, or the mean of a rate."""
    if point is not None and point.averages:
        value = _mean([(share.value, share.microseconds) for share in shares])
    else:
        value = _total(_part(share) for share in shares)
    reading = _merged(shares, start, end - start, value)
    covered = sum(share.microseconds for share in shares)
    if reading.quality is None and covered < (end - start) // _MICROSECOND:
        return replace(reading, quality=DataQuality.UNCERTAIN_SUB_NORMAL.value)
    return reading


def _merged(
    shares: Sequence[_Share], start: datetime, duration: timedelta, value: Decimal
) -> Reading:
    """Returns a reading that is as good as the worst of those that it was made from."""
    readings = [share.reading for share in shares]
    accuracies = [one.accuracy for one in readings if one.accuracy is not None]
    confidences = [one.confidence for one in readings if one.confidence is not None]
    everywhere = len(readings)
    return Reading(
        r_id=readings[0].r_id,
        start=start,
        duration=duration,
        value=value,
        quality=worst_quality(one.quality for one in readings),
        accuracy=max(accuracies) if len(accuracies) == everywhere else None,
        confidence=min(confidences) if len(confidences) == everywhere else None,
    )


def _part(share: _Share) -> Decimal:
    """Returns what of an amount falls into a slot.

    It is the difference of two running totals, and a running total depends on nothing
    but the reading and the moment: the parts of a reading add up to it, to the last
    digit, whichever windows they were taken for.
    """
    with localcontext(Context(prec=_PRECISION)):
        return _running(share, share.end) - _running(share, share.start)


def _running(share: _Share, moment: datetime) -> Decimal:
    start = share.reading.start
    length = add(start, share.reading.duration) - start
    if moment - start >= length:
        return share.value
    exact = share.value * ((moment - start) // _MICROSECOND) / (length // _MICROSECOND)
    return _rounded(exact, _exponent(share.value))


def _total(values: Iterable[Decimal]) -> Decimal:
    with localcontext(Context(prec=_PRECISION)):
        return sum(values, Decimal(0))


def _mean(weighted: Sequence[tuple[Decimal, int]]) -> Decimal:
    """Returns the weighted mean, to six digits more than the finest value has."""
    with localcontext(Context(prec=_PRECISION)):
        exact = sum((value * weight for value, weight in weighted), Decimal(0))
        exact /= sum(weight for _, weight in weighted)
        return _rounded(exact, min(_exponent(value) for value, _ in weighted))


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _rounded(value: Decimal, exponent: int) -> Decimal:
    """Returns the value without digits that it does not need."""
    if value.adjusted() - exponent > _PRECISION - 2 * _EXTRA_DIGITS:
        return value
    plain = value.quantize(Decimal(1).scaleb(exponent))
    if plain == value:
        return plain
    return value.quantize(Decimal(1).scaleb(exponent - _EXTRA_DIGITS)).normalize()
