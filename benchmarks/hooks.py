"""The row of dispatching a hook: what it costs that somebody else's code decides."""

from typing import Any

from benchmarks.child import started
from benchmarks.plan import Plan
from benchmarks.results import Row, Sample

#: Microseconds that the dispatch of a hook may take.
LIMIT = 30.0
#: Calls in a round; one takes less than the clock of the processor can tell.
_CALLS = 2000


async def dispatched(plan: Plan) -> Row:
    """Measures a poll that an ``async def on_poll`` decides, from the read message to the reply."""
    theirs: list[float] = []
    ours: list[float] = []
    alone: list[float] = []
    async with (
        started("openleadr_hooks") as (their_child, _),
        started("kit_hooks") as (our_child, _),
    ):
        for number in range(plan.rounds + 1):
            found = await _round(their_child), await _round(our_child)
            if number:  # the first round warms up
                theirs.append(found[0]["service"])
                ours.append(found[1]["service"])
                alone.append(found[1]["hook"])
    middle = sorted(alone)[len(alone) // 2]
    return Row(
        name="hook",
        title="a poll that an async on_poll decides",
        unit="µs",
        better="less",
        openleadr=Sample(rounds=tuple(theirs)),
        kit=Sample(rounds=tuple(ours), extra={"hook_us": middle}),
        most=LIMIT,
        note=f"without HTTP and XML; the hook alone, its Context included, takes {middle:.1f} µs",
    )


async def _round(child: Any) -> dict[str, float]:
    found: dict[str, float] = await child.call(times=_CALLS)
    return {what: seconds * 1e6 for what, seconds in found.items()}
