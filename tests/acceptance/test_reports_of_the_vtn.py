"""Reports the other way round: a utility that offers some, and a building that asks for them."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from oadr import messages as m
from oadr.report import Offer, Reading, usage_offer
from oadr.units import unit
from ven.client import Client
from ven.hooks import RequesterHandler
from vtn.hooks import Collect, Context, ReportHandler
from vtn.testing import joined

MINUTE = timedelta(minutes=1)
OFFER = usage_offer(
    "grid",
    {"load": unit("powerReal")},
    min_period=MINUTE,
    max_period=timedelta(hours=1),
    duration=timedelta(hours=1),
)


class Grid(ReportHandler):
    """Offers the load of the grid, which is 7 W."""

    async def on_offer_reports(self, ctx: Context) -> Sequence[Offer] | None:
        return (OFFER,)

    async def on_collect_readings(self, wanted: Collect, ctx: Context) -> Sequence[Reading]:
        starts = (wanted.start + n * MINUTE for n in range((wanted.end - wanted.start) // MINUTE))
        return [Reading(r_id="load", start=start, value=Decimal(7)) for start in starts]


class Counts(RequesterHandler):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.values: list[object] = []

    async def on_vtn_reports(
        self, request: m.ReportRequest, readings: Sequence[Reading], ctx: object
    ) -> None:
        self.values += [reading.value for reading in readings]


@pytest.mark.parametrize("push", [False, True], ids=["pull", "push"])
async def test_a_building_gets_the_reports_that_it_asks_its_utility_for_until_it_ends_them(
    push: bool,
) -> None:
    counts = Counts()
    async with joined(handlers=[Grid()]) as world:
        ven = world.join(Client, "school-7", push=push)
        ven.add_handler(counts)
        await world.start(ven)
        await world.pass_time(minutes=1)
        assert [offer.specifier_id for offer in ven.vtn_offers] == ["grid"]
        name = await ven.request_report("grid", every="1m", deliver="2m")
        await world.pass_time(minutes=11)
        kept = await ven.vtn_readings(name)
        assert len(kept) == len(counts.values) >= 8
        assert {reading.value for reading in kept} == {Decimal(7)}
        await ven.cancel_reports(name)
        await world.pass_time(minutes=10)
        assert len(await ven.vtn_readings(name)) == len(kept)
