"""Whatever a VEN says, on whatever line: VTN and VEN agree on when it takes part."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random

import pytest

from oadr import messages as m
from oadr.enums import OptType
from oadr.errors import ProtocolError
from oadr.opt import Extent, Schedule, Source, point, resource, spans, within
from oadr.times import FOREVER
from ven.availability import availability_of
from ven.client import Client
from ven.errors import VenError
from ven.options import Options
from ven.testing import Line
from vtn.participation import as_schedule, participations
from vtn.store import opt, party
from vtn.testing import JoinedWorld, joined
from vtn.testing.stage import PROGRAMME

MINUTE = timedelta(minutes=1)
RESOURCES = ("hall", "pump")
OTHER = "http://other.example"
TARGETS = (m.EVERYTHING, m.Target(resource_ids=("hall",)), m.Target(resource_ids=RESOURCES))


@pytest.mark.parametrize("seed", range(8))
async def test_r203_r204_r210_both_parties_agree_after_any_history(seed: int) -> None:
    random = Random(seed)
    async with joined({"registration": {"poll_interval": "5m"}}) as world:
        line = Line(world.exchange())
        bakery = world.join(
            Client,
            "bakery",
            exchange=line,
            options=Options(ven_name="bakery", resource_ids=frozenset(RESOURCES), status=False),
        )
        await world.start(bakery)
        await _live(world, bakery, line, random)
        line.up, line.lost = True, False
        await world.pass_time(minutes=20)
        now = world.clock.now()
        async with world.store.read() as tx:
            row = await party.get(tx, ven_name="bakery")
            assert row is not None
            rows = await opt.timeline(tx, party_pk=row.pk)
        held = await bakery._machine.core.state.opts.everything()
        assert not [one for one in held if one.waiting]
        utility = [as_schedule(one) for one in rows]
        building = availability_of(held).schedules
        assert _times(utility, now) == _times(building, now)
        await _same_of_events(world, bakery, now)


async def _live(world: JoinedWorld, bakery: Client, line: Line, random: Random) -> None:
    """Lets a day pass with schedules, cancellations, events, and a line that comes and goes."""
    for number in range(40):
        line.up, line.lost = random.random() < 0.8, random.random() < 0.2
        what = random.choice(("create", "create", "create", "cancel", "event", "again"))
        # A registration whose answer gets lost is another matter.
        if what == "again" and number % 3 == 0:
            line.up, line.lost = True, False
        with suppress(VenError, ProtocolError):
            if what == "create":
                await _create(world, bakery, random)
            elif what == "cancel":
                await bakery.cancel_opt(f"o-{random.randrange(6)}")
            elif what == "event":
                start = random.randrange(1, 1500) * MINUTE
                target = random.choice(TARGETS)
                await world.send_event(
                    "1:1h", starts_in=start, event_id=f"e-{number}", target=target
                )
            elif number % 3 == 0:
                await bakery.create_party_registration()
        await world.pass_time(minutes=random.randrange(30))


async def _create(world: JoinedWorld, bakery: Client, random: Random) -> None:
    now = world.clock.now()
    await bakery.create_opt(
        random.choice(tuple(OptType)),
        "economic",
        opt_id=f"o-{random.randrange(6)}",
        availability=[
            m.Period(
                dtstart=now + random.randrange(-60, 1500) * MINUTE,
                duration=random.choice((0, 30, 300)) * MINUTE,
            )
            for _ in range(random.randrange(1, 4))
        ],
        target=random.choice(TARGETS),
        market_context=random.choice((None, PROGRAMME, OTHER)),
        device_class=random.choice((None, m.Target(end_device_assets=("EVSE",)))),
    )


def _times(
    schedules: Sequence[Schedule], now: datetime
) -> dict[object, list[tuple[datetime, datetime, str]]]:
    """Returns what holds from now on, for each point and kind."""
    found: dict[object, list[tuple[datetime, datetime, str]]] = {}
    for name in (None, *RESOURCES):
        for device in (None, "EVSE"):
            for market in (None, PROGRAMME, OTHER):
                where = point(
                    resource(name) if name else None, device=device, market_context=market
                )
                for kind in OptType:
                    ahead = within(spans(schedules, where, kind), now, FOREVER)
                    found[name, device, market, kind] = [
                        (span.start, span.end, span.schedule.opt_id) for span in ahead
                    ]
    return found


async def _same_of_events(world: JoinedWorld, bakery: Client, now: datetime) -> None:
    ahead: Iterable[m.Event] = [
        one for one in bakery.events if one.active_period.dtstart > now + 30 * MINUTE
    ]
    opts = {line.event_id: line.opt for line in (await bakery.status()).events}
    for event in ahead:
        (found,) = (await participations(world.store, event.event_id)).values()
        if found.whole.source is Source.SCHEDULE and found.extent is Extent.OUT:
            assert opts[event.event_id] == "optOut", event.event_id
        if found.extent is Extent.IN:
            assert opts[event.event_id] == "optIn", event.event_id
