"""The status of resources, from what the VEN itself knows (R510).

A resource is online while the loads take what they are told, and overridden by hand
while a person or a program says so. Changes are kept when they happen; what a report
needs between them is filled in when the report is made.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from oadr.enums import ReportName
from oadr.messages import ResourceStatus, Target
from oadr.times import ZERO, add
from runtime.clock import Clock
from ven.meter import MeterSpec, Sample
from ven.state.resource import EVERYWHERE, NORMAL

#: Changes of which the time is remembered; a report covers an hour at most.
_CHANGES = 1000
Said = Callable[[], Awaitable[Mapping[str, ResourceStatus]]]


class KnownStatus:
    """Reports the status of one resource, or of several together.

    Args:
        r_id: name of the data point.
        resource_ids: the resources; together they are online if all are, and overridden if
            one is.
        said: returns what was said about resources.
        reachable: returns whether the loads take what they are told.
        clock: tells the time.
    """

    def __init__(
        self,
        r_id: str,
        resource_ids: Sequence[str],
        *,
        said: Said,
        reachable: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._spec = MeterSpec(
            name=r_id,
            resource_id=resource_ids[0],
            report_name=ReportName.TELEMETRY_STATUS,
            measurement="",
            data_source=Target(resource_ids=tuple(resource_ids)),
            history=ZERO,
        )
        self._resources = tuple(resource_ids)
        self._said = said
        self._reachable = reachable
        self._clock = clock
        self._changes: deque[tuple[datetime, ResourceStatus]] = deque(maxlen=_CHANGES)

    @property
    def spec(self) -> MeterSpec:
        """What it reports."""
        return self._spec

    async def samples(self, since: datetime | None, until: datetime) -> Sequence[Sample]:
        """Returns the status if it has changed."""
        known = self._changes[-1][1] if self._changes else None
        status = await self._status()
        if status == known:
            return []
        while self._changes and self._changes[-1][0] >= until:
            # The clock was set back.
            self._changes.pop()
        self._changes.append((until, status))
        return [_sample(until, status)]

    async def begin(self) -> Sequence[Sample]:
        """Returns the status of now, which the first report is measured by."""
        return [_sample(self._clock.now(), await self._status())]

    async def between(self, start: datetime, end: datetime, step: timedelta) -> Sequence[Sample]:
        """Returns the status at each step, as far as it is known."""
        if end <= start:
            return [_sample(end, await self._status())]
        moments = []
        while step and start < end:
            moments.append(start)
            start = add(start, step)
        found = ((moment, self._at(moment)) for moment in moments)
        return [_sample(moment, status) for moment, status in found if status is not None]

    def _at(self, moment: datetime) -> ResourceStatus | None:
        index = bisect_right(self._changes, moment, key=lambda change: change[0])
        return self._changes[index - 1][1] if index else None

    async def _status(self) -> ResourceStatus:
        said = await self._said()
        found = [said[name] for name in (*self._resources, EVERYWHERE) if name in said] or [NORMAL]
        return replace(
            found[0],
            online=self._reachable() and all(one.online for one in found),
            manual_override=any(one.manual_override for one in found),
        )


def groups_of(
    named: Iterable[str], metered: Iterable[str], ven_name: str, taken: Iterable[str]
) -> Mapping[str, tuple[str, ...]]:
    """Returns the resources behind each status, by rID.

    Resources that were named have a status each. If none was, there is one status for
    all that is measured together (R302), and without a meter for the VEN itself.

    Args:
        named: resources of the configuration.
        metered: resources of the meters.
        ven_name: of the VEN.
        taken: rIDs of other data points.
    """
    names = set(taken)
    groups: dict[str, tuple[str, ...]] = {}
    together = tuple(sorted(set(metered))) or (ven_name,)
    wanted: list[tuple[str, tuple[str, ...]]] = [(f"{one}-status", (one,)) for one in sorted(named)]
    for r_id, resources in wanted or [("status", together)]:
        free = _free(r_id, names)
        names.add(free)
        groups[free] = resources
    return groups


def _free(wanted: str, taken: set[str]) -> str:
    """Returns a name that nobody has, the same at each start of the program."""
    number, free = 1, wanted
    while free in taken:
        number += 1
        free = f"{wanted}-{number}"
    return free


def _sample(moment: datetime, status: ResourceStatus) -> Sample:
    return Sample(start=moment, duration=ZERO, value=status)
