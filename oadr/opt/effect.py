"""Whether a VEN takes part in an event, and why, for each part of it that differs.

What a programme may settle (R201) is in ``Policy``; this is how the rest is done:

1. An oadrCreateOpt for the event counts before everything else (R206).
2. A schedule that says out at any time of the event puts it out.
3. The answer by oadrCreatedEvent counts. If it says in and a schedule says out,
   ``Policy.precedence`` decides; usually what was said last.
4. A schedule that says in counts where nothing else was said.
5. ``Policy.default``.

Nothing is stored of this: it is computed from what was said, so it is right after each
later schedule, cancellation and modification.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product

from oadr.enums import OptType
from oadr.event.status import retire_at
from oadr.event.target import names_whole
from oadr.messages.event import Event
from oadr.opt.qualification import EventOpt, qualify
from oadr.opt.schedule import Schedule, Span, spans, within
from oadr.opt.scope import Part, Point, devices_in, parts_of, point, resource, resources_in


class Precedence(StrEnum):
    """What counts when the answer to an event says in and a schedule says out."""

    LATEST = "latest"
    SCHEDULE = "schedule"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a programme settles about opts (R201).

    Attributes:
        default: whether a VEN takes part that has said nothing at all.
        overlap: what counts where a schedule says in and another one out.
        precedence: what counts when the answer says in and a schedule says out.
    """

    default: OptType = OptType.OPT_IN
    overlap: OptType = OptType.OPT_OUT
    precedence: Precedence = Precedence.LATEST


class Source(StrEnum):
    """What decides."""

    CREATE_OPT = "createOpt"
    SCHEDULE = "schedule"
    CREATED_EVENT = "createdEvent"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether one part of a VEN takes part in an event.

    Attributes:
        opt: in or out.
        source: what decides that.
        out: when, within the event, schedules say out; whatever decides.
        said: what was said of the event itself; None for nothing.
        schedule: the schedule that decides; None if another source does.
    """

    opt: OptType
    source: Source
    out: tuple[Span, ...] = ()
    said: EventOpt | None = None
    schedule: Schedule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartVerdict:
    """The verdict on a part of a VEN.

    Attributes:
        resource: None for whatever is no resource with a name.
        device: its device class; None for all, or for those with no name here.
        verdict: on it.
    """

    resource: str | None = None
    device: str | None = None
    verdict: Verdict


class Extent(StrEnum):
    """How much of a VEN takes part."""

    IN = "in"
    OUT = "out"
    PARTIAL = "partial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Participation:
    """Whether a VEN takes part in an event.

    Attributes:
        whole: the verdict on the VEN, apart from the parts.
        parts: if not all parts of it are alike, those that have to be named; one without
            a name is the rest of the VEN.
    """

    whole: Verdict
    parts: tuple[PartVerdict, ...] = ()

    @property
    def extent(self) -> Extent:
        """How much of the VEN takes part."""
        opts = {one.verdict.opt for one in self.parts} or {self.whole.opt}
        if len(opts) > 1:
            return Extent.PARTIAL
        return Extent.OUT if OptType.OPT_OUT in opts else Extent.IN

    @property
    def marked(self) -> bool:
        """Whether a schedule says out for any part of it, whatever decides."""
        return bool(self.whole.out) or any(one.verdict.out for one in self.parts)


def participation(
    event: Event,
    schedules: Sequence[Schedule],
    said: Sequence[EventOpt] = (),
    *,
    resources: frozenset[str] = frozenset(),
    policy: Policy | None = None,
) -> Participation:
    """Returns whether a VEN takes part in an event.

    Args:
        event: as it stands.
        schedules: of the VEN, oldest first.
        said: what the VEN said about this event, oldest first.
        resources: those of the VEN that are known; what schedules and opts name counts as
            known, too.
        policy: of the programme.
    """
    judge = _Judge(event, tuple(schedules), tuple(said), policy or Policy())
    names, devices = _resources(judge, resources), _devices(judge)
    found = {(name, one): judge.verdict(name, one) for name, one in product(names, devices)}
    whole = found[names[0], devices[0]]
    if all(verdict == whole for verdict in found.values()):
        return Participation(whole=whole)
    parts = (_part(found, name, devices) for name in names)
    return Participation(whole=whole, parts=tuple(part for several in parts for part in several))


_Key = tuple[str | None, str | None]


def _part(
    found: Mapping[_Key, Verdict], name: str | None, devices: Sequence[str | None]
) -> Sequence[PartVerdict]:
    """Returns the verdicts on a resource, as far as the rest of the VEN does not say the same."""
    told = [(device, found[name, device]) for device in devices]
    if all(verdict == told[0][1] for _, verdict in told):
        told = [(None, told[0][1])]
        if name is not None and all(found.get((None, device)) == told[0][1] for device in devices):
            return ()
    elif name is not None:
        told = [one for one in told if found.get((None, one[0])) != one[1]]
    return [PartVerdict(resource=name, device=device, verdict=one) for device, one in told]


def _resources(judge: "_Judge", known: frozenset[str]) -> Sequence[str | None]:
    """Returns the resources of the VEN that the event means; None stands for the rest of it.

    Interpretation: resources that an event names narrow it to these, unless it names
    something of the VEN as a whole, such as a group, as well (R22).
    """
    named = {name for one in judge.schedules for name in resources_in(one.scope.parts)}
    named |= {name for one in judge.said for name in one.resources} | known
    target = judge.event.target
    if target.resource_ids and not names_whole(target):
        return sorted(named.intersection(target.resource_ids)) or [None]
    return [None, *sorted(named)]


def _devices(judge: "_Judge") -> Sequence[str | None]:
    """Returns the device classes that the event means; None stands for all others (R111)."""
    target, signals = judge.event.target, judge.event.signals
    wanted = {name for one in signals if one.target for name in one.target.end_device_assets}
    if not all(one.target and one.target.end_device_assets for one in signals):
        wanted = set()
    if target.end_device_assets and not target.resource_ids and not names_whole(target):
        wanted = (wanted or set(target.end_device_assets)) & set(target.end_device_assets)
    if wanted:
        return sorted(wanted)
    named = {name for one in judge.said for name in one.device_classes}
    for schedule in judge.schedules:
        named |= schedule.scope.devices | devices_in(schedule.scope.parts)
    return [None, *sorted(named)]


@dataclass(slots=True)
class _Judge:
    """What was said of one event, and how it is weighed."""

    event: Event
    schedules: tuple[Schedule, ...]
    said: tuple[EventOpt, ...]
    policy: Policy

    def verdict(self, name: str | None, device: str | None) -> Verdict:
        """Returns the verdict on a resource or the rest of the VEN, and a device class."""
        said = qualify(self.said, resource=name, device_class=device)
        where = self._point(name, device)
        start, end = self.event.active_period.dtstart, retire_at(self.event)
        out = within(spans(self.schedules, where, OptType.OPT_OUT), start, end)
        available = within(spans(self.schedules, where, OptType.OPT_IN), start, end)
        if self.policy.overlap is OptType.OPT_IN:
            out = without(out, available)
        found = Verdict(opt=self.policy.default, source=Source.DEFAULT, out=out, said=said)
        if said is not None and said.explicit:
            return replace(found, opt=said.opt_type, source=Source.CREATE_OPT)
        if out and self._counts(out, said):
            schedule = max(out, key=lambda span: span.schedule.created).schedule
            return replace(found, opt=OptType.OPT_OUT, source=Source.SCHEDULE, schedule=schedule)
        if said is not None:
            return replace(found, opt=said.opt_type, source=Source.CREATED_EVENT)
        if available and not without((Span(start, end, available[0].schedule),), available):
            schedule = available[-1].schedule
            return replace(found, opt=OptType.OPT_IN, source=Source.SCHEDULE, schedule=schedule)
        return found

    def _point(self, name: str | None, device: str | None) -> Point:
        descriptor, target = self.event.descriptor, self.event.target
        where = point(device=device, market_context=descriptor.market_context)
        # A schedule for a group or a place holds for the events that name the same.
        own: set[Part] = {part for part in parts_of(target) if part[0] not in _NARROWING}
        return replace(where, parts=frozenset(own | ({resource(name)} if name else set())))

    def _counts(self, out: Sequence[Span], said: EventOpt | None) -> bool:
        """Whether schedules that say out count before the answer."""
        if said is None or said.opt_type is OptType.OPT_OUT:
            return True
        if self.policy.precedence is not Precedence.LATEST:
            return self.policy.precedence is Precedence.SCHEDULE
        return any(span.schedule.created >= said.created for span in out)


#: What narrows an event within a VEN is asked about one by one.
_NARROWING = ("resource_ids", "end_device_assets")


def without(found: Sequence[Span], others: Sequence[Span]) -> tuple[Span, ...]:
    """Returns spans without the times of others."""
    left = list(found)
    for other in others:
        left = [
            piece
            for one in left
            for piece in (
                one._replace(end=min(one.end, other.start)),
                one._replace(start=max(one.start, other.end)),
            )
            if piece.start < piece.end
        ]
    return tuple(left)
