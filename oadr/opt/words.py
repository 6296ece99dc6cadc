"""Opts in plain words, for people and logs. Times are UTC."""

from collections.abc import Iterable
from datetime import datetime

from oadr.enums import OptType
from oadr.messages.common import Period
from oadr.opt.effect import Participation, PartVerdict, Source, Verdict
from oadr.opt.schedule import Schedule, Span
from oadr.opt.scope import Scope
from oadr.times import FOREVER, end_of

_FIELDS = {"resource_ids": "resource", "end_device_assets": "device class", "group_ids": "group"}
#: So many names, or times, are named before the rest is only counted.
_MOST = 5


def when(start: datetime, end: datetime) -> str:
    """Returns from when to when, the second date only if it is another."""
    if end == FOREVER:
        return f"from {start:%Y-%m-%d %H:%M} on"
    second = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{start:%Y-%m-%d %H:%M} to {second}"


def periods_in_words(periods: Iterable[Period]) -> str:
    """Returns the times of a schedule as it was asked for."""
    ordered = sorted(periods, key=lambda period: period.dtstart)
    return _some([when(one.dtstart, end_of(one.dtstart, one.duration)) for one in ordered])


def scope_in_words(scope: Scope) -> str:
    """Returns what a schedule is about, such as ``resource pump, programme http://...``."""
    named = sorted(scope.parts, key=str)
    parts = _some(
        [f"{_FIELDS.get(field, field.removesuffix('s'))} {name}" for field, name in named]
    )
    words = [parts or "the whole VEN"]
    if scope.devices:
        words.append(f"devices {_some(sorted(scope.devices))}")
    if scope.market:
        words.append(f"programme {scope.market}")
    return ", ".join(words)


def schedule_in_words(schedule: Schedule) -> str:
    """Returns which schedule it is, such as ``schedule o-7 (mustRun; the whole VEN)``."""
    return f"schedule {schedule.opt_id} ({schedule.reason}; {scope_in_words(schedule.scope)})"


def because(verdict: Verdict) -> str:
    """Returns why a part of a VEN takes part or not; empty if nothing was said."""
    words = []
    if verdict.out:
        words.append(f"opted out by {_outs(verdict.out)}")
    said = verdict.said
    if verdict.source is Source.CREATE_OPT and said is not None:
        words.insert(0, f"{said.opt_type} by oadrCreateOpt for this event ({said.reason})")
    elif verdict.source is Source.CREATED_EVENT and said is not None and verdict.out:
        words.append(f"but answered {said.opt_type} later")
    elif said is not None and said.opt_type is OptType.OPT_IN and verdict.out:
        words.append("though it answered optIn")
    elif verdict.source is Source.SCHEDULE and verdict.schedule is not None and not verdict.out:
        words.append(f"opted in by {schedule_in_words(verdict.schedule)}")
    return ", ".join(words)


def reasons(found: Participation) -> list[str]:
    """Returns why a VEN takes part or not: a line, or one for each part that differs."""
    if not found.parts:
        return [line] if (line := because(found.whole)) else []
    return [f"{name_of(one)} {_opt(one.verdict)}" for one in found.parts]


def name_of(part: PartVerdict) -> str:
    """Returns what a part is called, such as ``pump`` or ``devices EVSE of pump``."""
    if part.device is None:
        return part.resource or "the rest"
    return f"devices {part.device}" + (f" of {part.resource}" if part.resource else "")


def _opt(verdict: Verdict) -> str:
    state = "out" if verdict.opt is OptType.OPT_OUT else "in"
    why = because(verdict)
    return f"{state}: {why}" if why else state


def _outs(out: Iterable[Span]) -> str:
    """Returns schedules and when within the event each of them says out."""
    times: dict[int, tuple[Schedule, list[str]]] = {}
    for span in out:
        times.setdefault(id(span.schedule), (span.schedule, []))[1].append(
            when(span.start, span.end)
        )
    return " and ".join(
        f"{schedule_in_words(schedule)} {_some(found)}" for schedule, found in times.values()
    )


def _some(words: list[str]) -> str:
    more = f" and {len(words) - _MOST} more" if len(words) > _MOST else ""
    return ", ".join(words[:_MOST]) + more
