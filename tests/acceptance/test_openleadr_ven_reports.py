"""What openleadr's VEN reports to our VTN."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from oadr import messages as m
from oadr.report import Offer
from tests.acceptance.openleadr_process import Stock
from tests.acceptance.our_vtn import OurVtn
from tests.acceptance.patience import until
from tests.acceptance.stock import SECOND, Bench
from vtn.hooks import Update, Wanted

NOTHING = timedelta(0)
#: openleadr's timers know whole seconds.
EACH_SECOND = {"every": SECOND, "deliver": SECOND}
#: What the timer of a periodic report calls.
PERIODIC = "partial"
KITCHEN = {"resource_id": "kitchen", "measurement": "REAL_POWER", "unit": "W"}
RATE = {"sampling_rate": SECOND, "report_duration": timedelta(hours=1)}


async def _offered(vtn: OurVtn, ven: Stock) -> Offer:
    """Runs a VEN and returns the last report that it offers."""
    await ven.call("run")
    return vtn.watcher.offers[-1]


async def _ask(vtn: OurVtn, offer: Offer, every: timedelta, deliver: timedelta) -> str:
    """Asks for a report by oadrCreateReport and returns its reportRequestID."""
    wanted = Wanted(specifier_id=offer.specifier_id, every=every, deliver=deliver)
    stored = await vtn.operator.request_report("school", wanted, now=datetime.now(UTC))
    return stored.report_request_id


async def _update(vtn: OurVtn, request_id: str) -> Update:
    """Waits for the first report that serves a request."""
    await until(lambda: vtn.watcher.of(request_id))
    return vtn.watcher.of(request_id)[0]


async def _states(vtn: OurVtn) -> dict[str, str]:
    return {row.report_request_id: str(row.state) for row in await vtn.requests("school")}


async def test_it_reports_what_it_is_asked_for_in_the_answer_to_its_metadata(
    bench: Bench,
) -> None:
    vtn = await bench.vtn({"TELEMETRY_USAGE": {"every": SECOND, "deliver": 2 * SECOND}})
    ven = await bench.stock_ven(vtn, "school")
    specifier_id, kitchen = await ven.call("measure", 42.5, **KITCHEN, **RATE)
    _, cellar = await ven.call("measure", 2, **KITCHEN | {"resource_id": "cellar"}, **RATE)
    offer = await _offered(vtn, ven)
    assert (offer.specifier_id, offer.report_name) == (specifier_id, "TELEMETRY_USAGE")
    points = offer.by_id()
    assert list(points) == [kitchen, cellar]
    assert points[kitchen].data_source == m.Target(resource_ids=("kitchen",))
    assert (points[kitchen].min_period, points[kitchen].max_period) == (SECOND, SECOND)
    unit = points[kitchen].unit
    assert unit is not None
    assert (unit.name, unit.units) == ("powerReal", "W")
    assert await _states(vtn) == {"report-1": "active"}
    await until(vtn.watcher.values)
    # Two samples of each in one report.
    update = vtn.watcher.updates[0]
    assert sorted(one.r_id for one in update.readings) == sorted([kitchen, cellar] * 2)
    assert {one.r_id: one.value for one in update.readings} == {kitchen: 42.5, cellar: 2}
    assert await vtn.readings("school") >= 4


async def test_it_reports_what_it_is_asked_for_at_a_poll_until_that_is_cancelled(
    bench: Bench,
) -> None:
    vtn = await bench.vtn()
    ven = await bench.stock_ven(vtn, "school")
    _, r_id = await ven.call("measure", 42.5, **KITCHEN, **RATE)
    request_id = await _ask(vtn, await _offered(vtn, ven), SECOND, SECOND)
    await ven.call("poll")
    assert await _states(vtn) == {request_id: "active"}
    await until(vtn.watcher.values)
    assert vtn.watcher.values(request_id)[0] == (r_id, Decimal("42.5"))
    await vtn.operator.cancel_report(request_id, now=datetime.now(UTC))
    await ven.call("poll")
    assert await _states(vtn) == {request_id: "cancelled"}
    assert await ven.call("report_requests") == []
    assert PERIODIC not in await ven.call("jobs")
    # What was confirmed has not been sent twice.
    await until(lambda: len(vtn.watcher.updates) == len(ven.sent("oadrUpdateReport")))


async def test_it_reports_usage_status_and_what_a_source_knows_of_the_past_side_by_side(
    bench: Bench,
) -> None:
    vtn = await bench.vtn()
    ven = await bench.stock_ven(vtn, "school")
    _, usage = await ven.call("measure", 7, full=True, **KITCHEN, **RATE)
    status = {"report_name": "TELEMETRY_STATUS", "resource_id": "boiler"}
    _, status_id = await ven.call("measure", 1, **status, **RATE)
    await ven.call("measure", 9, report_name="HISTORY_USAGE", **KITCHEN, **RATE)
    await ven.call("run")
    offers = {offer.report_name: offer for offer in vtn.watcher.offers}
    assert list(offers) == ["TELEMETRY_USAGE", "TELEMETRY_STATUS", "HISTORY_USAGE"]
    asked = [
        await _ask(vtn, offers[name], SECOND, SECOND)
        for name in ("TELEMETRY_USAGE", "TELEMETRY_STATUS")
    ]
    for _ in asked:
        await ven.call("poll")
    first, second = [await _update(vtn, request_id) for request_id in asked]
    question = await ven.fact("asked", every=SECOND)
    assert [(one.r_id, one.start, one.value) for one in first.readings] == [
        (usage, question[name].replace(microsecond=0), Decimal(7)) for name in ("start", "end")
    ]
    # A number is all that openleadr can say of a status (M8).
    assert [(one.r_id, one.value) for one in second.readings] == [(status_id, Decimal(1))]


async def test_it_reports_once(bench: Bench) -> None:
    vtn = await bench.vtn()
    ven = await bench.stock_ven(vtn, "school")
    _, r_id = await ven.call("measure", 42.5, **KITCHEN, **RATE)
    request_id = await _ask(vtn, await _offered(vtn, ven), NOTHING, NOTHING)
    await ven.call("poll")
    await until(vtn.watcher.values)
    assert vtn.watcher.values(request_id) == [(r_id, Decimal("42.5"))]
    await until(lambda: _is(vtn, request_id, "done"))
    assert PERIODIC not in await ven.call("jobs")


async def _is(vtn: OurVtn, request_id: str, state: str) -> bool:
    return (await _states(vtn))[request_id] == state


async def test_r306_new_metadata_void_what_was_asked_for(bench: Bench) -> None:
    vtn = await bench.vtn({"TELEMETRY_USAGE": EACH_SECOND})
    ven = await bench.stock_ven(vtn, "school")
    await ven.call("measure", 42.5, **KITCHEN, **RATE)
    await ven.call("run")
    assert await _states(vtn) == {"report-1": "active"}
    await ven.call("introduce")
    assert await _states(vtn) == {"report-1": "cancelled", "report-2": "active"}
