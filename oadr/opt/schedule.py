"""Availability schedules of one VEN: which of them holds where, and when.

Schedules of optIn and of optOut do not know of each other (R203). Of one kind, the latest
that covers a resource, a device and a programme is the one that holds there, from the
moment it was taken; what an earlier one said about times before that moment stays. One
that is cancelled holds no more from then on, and nothing takes its place: what it had
superseded does not come back.

Interpretation: R203 lets a later schedule supersede earlier ones for the resources that it
names. Device classes and a market context limit a schedule as resources do (R205, R209), so
they limit what it supersedes, too: one of a programme leaves other programmes alone, one of
no programme supersedes in all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from oadr.enums import OptType
from oadr.errors import InvalidId
from oadr.messages.common import EVERYTHING, Period, Target
from oadr.messages.opt import CreateOpt
from oadr.opt.scope import Part, Point, Scope, scope_of
from oadr.times import FOREVER, end_of
from oadr.words import quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """An availability schedule of one VEN.

    Attributes:
        opt_id: chosen by the VEN; several schedules may share it (R204).
        opt_type: whether it says in or out; the two are independent (R203).
        reason: one of ``oadr.enums.OptReason`` or an ``x-`` value.
        market_context: the programme that it is limited to; None for all (R205).
        target: what of the VEN it is about; empty or the venID alone for all (R202).
        device_class: device classes that it is limited to (R209).
        periods: when; duration 0 is open-ended (R210).
        created: when it was taken; it says nothing about the time before.
        cancelled: when it was cancelled, None if it was not (R204).
        scope: target, device classes and programme together.
    """

    opt_id: str
    opt_type: OptType
    reason: str
    market_context: str | None = None
    target: Target = EVERYTHING
    device_class: Target | None = None
    periods: tuple[Period, ...]
    created: datetime
    cancelled: datetime | None = None
    scope: Scope = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        scope = scope_of(self.target, self.device_class, self.market_context)
        object.__setattr__(self, "scope", scope)

    def ended(self, now: datetime) -> bool:
        """Whether all its periods lie in the past."""
        return all(end_of(period.dtstart, period.duration) <= now for period in self.periods)


class Span(NamedTuple):
    """A time at which a schedule holds: from ``start``, inclusive, to ``end``, exclusive."""

    start: datetime
    end: datetime
    schedule: Schedule


def schedule_of(opt: CreateOpt, now: datetime, cancelled: datetime | None = None) -> Schedule:
    """Returns the schedule that an oadrCreateOpt without an eventID asks for."""
    return Schedule(
        opt_id=opt.opt_id,
        opt_type=opt.opt_type,
        reason=opt.opt_reason,
        market_context=opt.market_context or None,
        target=opt.target,
        device_class=opt.device_class or None,
        periods=opt.availability,
        created=now,
        cancelled=cancelled,
    )


def apply(schedules: Sequence[Schedule], opt: CreateOpt, now: datetime) -> tuple[Schedule, ...]:
    """Returns the schedules of one VEN after another oadrCreateOpt (R203).

    One that qualifies an event changes nothing.

    Args:
        schedules: as they are, oldest first.
        opt: has passed ``check_create_opt``.
        now: when it is taken.
    """
    if opt.event_id is not None:
        return tuple(schedules)
    return (*schedules, schedule_of(opt, now))


def cancel(schedules: Sequence[Schedule], opt_id: str, now: datetime) -> tuple[Schedule, ...]:
    """Returns the schedules after those of an optID were cancelled (R204, R211).

    It is no error if they are superseded or cancelled already.

    Raises:
        InvalidId: there never was one (R208).
    """
    if all(schedule.opt_id != opt_id for schedule in schedules):
        raise InvalidId(f"optID {quoted(opt_id)} is none of this VEN's schedules", rule="R208")
    return tuple(
        replace(schedule, cancelled=now)
        if schedule.opt_id == opt_id and schedule.cancelled is None
        else schedule
        for schedule in schedules
    )


def spans(schedules: Sequence[Schedule], where: Point, opt_type: OptType) -> tuple[Span, ...]:
    """Returns when schedules of one kind hold at a point, by start; they do not overlap.

    Args:
        schedules: of one VEN, oldest first.
        where: the point.
        opt_type: the kind.
    """
    found: list[Span] = []
    until = FOREVER
    for schedule in reversed(schedules):
        if schedule.opt_type is not opt_type or not schedule.scope.covers(where):
            continue
        found += _spans(schedule, until)
        until = min(until, schedule.created)
    return tuple(sorted(found, key=lambda span: span.start))


def _spans(schedule: Schedule, until: datetime) -> list[Span]:
    """Returns when a schedule holds whose place a later one takes at ``until``."""
    last = until if schedule.cancelled is None else min(until, schedule.cancelled)
    found: list[Span] = []
    for period in sorted(schedule.periods, key=lambda period: period.dtstart):
        start = max(period.dtstart, schedule.created)
        end = min(end_of(period.dtstart, period.duration), last)
        if start >= end:
            continue
        if found and start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, end), schedule)
        else:
            found.append(Span(start, end, schedule))
    return found


def within(found: Iterable[Span], start: datetime, end: datetime) -> tuple[Span, ...]:
    """Returns the parts of spans from ``start``, inclusive, to ``end``, exclusive.

    ``end`` the same as ``start`` asks about that moment.
    """
    if start == end:
        return tuple(span for span in found if span.start <= start < span.end)
    cut = (Span(max(one.start, start), min(one.end, end), one.schedule) for one in found)
    return tuple(span for span in cut if span.start < span.end)


def opted_out(
    schedules: Sequence[Schedule], where: Point, *, start: datetime, end: datetime
) -> tuple[Span, ...]:
    """Returns when, from ``start`` to ``end``, schedules say that a point is out.

    Args:
        schedules: of one VEN, oldest first.
        where: the point, see ``oadr.opt.point``.
        start: inclusive.
        end: exclusive, ``FOREVER`` for open-ended; the same as ``start`` asks about that
            moment.
    """
    return within(spans(schedules, where, OptType.OPT_OUT), start, end)


def spent(schedules: Sequence[Schedule], now: datetime | None = None) -> frozenset[int]:
    """Returns the positions of schedules that need not be kept for what is still to come.

    Later ones have taken their place altogether, or they were cancelled and there is none
    before them that could come back without them.

    Args:
        schedules: of one VEN, oldest first.
        now: if given, those whose periods are over count as those that were cancelled.
    """
    found: set[int] = set()
    taken: dict[tuple[OptType, str | None, frozenset[str]], _Taken] = {}
    for index in reversed(range(len(schedules))):
        one = schedules[index]
        if _is_taken(one, taken):
            found.add(index)
        key = (one.opt_type, one.scope.market, one.scope.devices)
        taken.setdefault(key, _Taken()).add(one.scope)
    standing = {opt_type: _Taken() for opt_type in OptType}
    for index, one in enumerate(schedules):
        if index in found:
            continue
        over = one.cancelled is not None or (now is not None and one.ended(now))
        if over and not standing[one.opt_type].may_touch(one.scope):
            found.add(index)
        else:
            standing[one.opt_type].add(one.scope)
    return frozenset(found)


@dataclass(slots=True)
class _Taken:
    """What schedules of one kind, programme and set of device classes are about together."""

    whole: bool = False
    others: bool = False
    parts: set[Part] = field(default_factory=set)

    def add(self, scope: Scope) -> None:
        """Adds what a schedule is about."""
        self.whole = self.whole or not scope.parts
        self.others = self.others or _names_others(scope)
        self.parts |= scope.parts

    def may_touch(self, scope: Scope) -> bool:
        """Whether a schedule may be about something that these are about; never a false no.

        Two that name different resources have nothing in common. What else they name may
        belong together: a resource may be in a group, or have devices.
        """
        if self.whole or not scope.parts:
            return self.whole or bool(self.parts)
        if self.others or _names_others(scope):
            return bool(self.parts)
        return not self.parts.isdisjoint(scope.parts)


def _names_others(scope: Scope) -> bool:
    """Whether something else than resources is named."""
    return any(name != "resource_ids" for name, _ in scope.parts)


def _is_taken(
    one: Schedule, taken: Mapping[tuple[OptType, str | None, frozenset[str]], _Taken]
) -> bool:
    scope, parts = one.scope, set(one.scope.parts)
    for (opt_type, market, devices), found in taken.items():
        wider = market in (None, scope.market) and (
            not devices or (bool(scope.devices) and scope.devices <= devices)
        )
        if opt_type is not one.opt_type or not wider:
            continue
        if found.whole:
            return True
        parts -= found.parts
    return bool(scope.parts) and not parts
