"""Events of our VTN at openleadr's VEN, and what it says to them."""

from datetime import UTC, datetime, timedelta

from oadr import messages as m
from oadr.enums import ResponseRequired
from oadr.event import parse_levels
from tests.acceptance.openleadr_lines import made
from tests.acceptance.openleadr_process import Stock
from tests.acceptance.our_vtn import MINUTE, OurVtn
from tests.acceptance.stock import Bench


async def _running(bench: Bench) -> tuple[OurVtn, Stock]:
    """Returns our VTN and a VEN of openleadr's that has taken in all that waits."""
    vtn = await bench.vtn()
    ven = await bench.stock_ven(vtn, "school")
    await ven.call("run")
    return vtn, ven


async def test_it_opts_in_and_out_of_new_changed_and_cancelled_events(bench: Bench) -> None:
    vtn, ven = await _running(bench)
    await ven.call("answer", "out", "optOut")
    event = await vtn.dispatch("in", "school")
    await vtn.dispatch("out", "school")
    await ven.call("poll")
    assert await vtn.acknowledged("school", "in") == (0, "optIn")
    assert await vtn.acknowledged("school", "out") == (0, "optOut")
    await ven.call("answer", "in", "optOut")
    await vtn.change(event, intervals=parse_levels("2:20m"))
    await ven.call("poll")
    assert await vtn.acknowledged("school", "in") == (1, "optOut")
    await vtn.operator.cancel_event("in", now=datetime.now(UTC))
    await ven.call("poll")
    assert await vtn.acknowledged("school", "in") == (2, "optOut")
    statuses = [
        fact["event"]["event_descriptor"]["event_status"] for fact in ven.facts("update", id="in")
    ]
    assert statuses == ["far", "cancelled"]
    assert [fact["id"] for fact in ven.facts("event")] == ["in", "out"]
    # All is answered: nothing is said twice.
    await ven.call("poll")
    assert ven.facts("heard")[-1]["message"] == "oadrResponse"


async def test_it_understands_all_that_an_event_says(bench: Bench) -> None:
    vtn, ven = await _running(bench)
    sent = await vtn.dispatch(
        "e-1",
        "school",
        intervals=parse_levels("1:10m,3:30m"),
        start_after=2 * MINUTE,
        ramp_up=3 * MINUTE,
        recovery=4 * MINUTE,
        notification=60 * MINUTE,
        priority=2,
        comment="Salt & <pepper>",
        target=m.Target(resource_ids=("kitchen",)),
    )
    await ven.call("poll")
    (fact,) = ven.facts("event")
    event = fact["event"]
    assert event["active_period"] == {
        "dtstart": sent.active_period.dtstart,
        "duration": 40 * MINUTE,
        "tolerance": {"tolerate": {"startafter": 2 * MINUTE}},
        "notification": 60 * MINUTE,
        "ramp_up": 3 * MINUTE,
        "recovery": 4 * MINUTE,
    }
    descriptor = event["event_descriptor"]
    assert (descriptor["priority"], descriptor["vtn_comment"]) == (2, "Salt & <pepper>")
    (signal,) = event["event_signals"]
    assert [one["signal_payload"] for one in signal["intervals"]] == [1.0, 3.0]
    assert [one["duration"] for one in signal["intervals"]] == [10 * MINUTE, 30 * MINUTE]
    assert event["targets_by_type"] == {"resource_id": ["kitchen"]}


async def test_it_is_sent_once_what_need_not_be_answered(bench: Bench) -> None:
    vtn, ven = await _running(bench)
    await vtn.dispatch("e-1", "school", response_required=ResponseRequired.NEVER)
    await ven.call("poll")
    await ven.call("poll")
    assert len(ven.facts("event")) == 1
    assert not ven.sent("oadrCreatedEvent")
    assert ven.facts("heard")[-1]["message"] == "oadrResponse"


async def test_r17_it_changes_its_mind_later(bench: Bench) -> None:
    vtn, ven = await _running(bench)
    await vtn.dispatch("e-1", "school")
    await ven.call("poll")
    await ven.call("created_event", request_id="", event_id="e-1", opt_type="optOut")
    await ven.call("created_event", request_id="", event_id="e-1", opt_type="optIn")
    assert await vtn.history("e-1") == [(0, "optIn"), (0, "optOut"), (0, "optIn")]
    assert [str(one.opt_type) for one in vtn.watcher.answers] == ["optIn", "optOut", "optIn"]


async def test_r206_it_takes_a_resource_out_of_an_event(bench: Bench) -> None:
    vtn, ven = await _running(bench)
    await vtn.dispatch("e-1", "school")
    await ven.call("poll")
    opt_id = await ven.call(
        "create_opt",
        opt_type="optOut",
        opt_reason="economic",
        event_id="e-1",
        modification_number=0,
        targets=[made("Target", resource_id="kitchen")],
    )
    assert opt_id
    (answer,) = [one for one in vtn.watcher.answers if one.resource_ids]
    assert answer.resource_ids == {"kitchen"}
    # The VEN as a whole takes part.
    assert await vtn.acknowledged("school", "e-1") == (0, "optIn")


async def test_it_makes_and_ends_opt_schedules(bench: Bench) -> None:
    vtn, ven = await _running(bench)
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    opt_id = await ven.call(
        "create_opt",
        opt_type="optOut",
        opt_reason="notParticipating",
        market_context="http://programme.example/peak",
        targets=[made("Target", resource_id="kitchen")],
        vavailability=made(
            "Vavailability",
            components=[made("VavailabilityComponent", dtstart=start, duration=60 * MINUTE)],
        ),
    )
    (stored,) = await vtn.opts("school")
    assert stored.opt_id == opt_id
    (period,) = stored.availability
    assert (period.dtstart, period.duration) == (start, 60 * MINUTE)
    assert stored.target.resource_ids == ("kitchen",)
    assert await ven.call("cancel_opt", opt_id) is True
    assert not await vtn.opts("school")


async def test_it_gets_all_of_its_events_when_it_asks(bench: Bench) -> None:
    vtn, ven = await _running(bench)
    await vtn.dispatch("e-1", "school")
    await vtn.dispatch("e-2", "school", priority=1)
    kind, payload = await ven.call("request_event")
    assert kind == "oadrDistributeEvent"
    ids = [event["event_descriptor"]["event_id"] for event in payload["events"]]
    assert sorted(ids) == ["e-1", "e-2"]
    kind, payload = await ven.call("request_event", reply_limit=1)
    assert len(payload["events"]) == 1


async def test_its_events_are_its_own(bench: Bench) -> None:
    vtn, ven = await _running(bench)
    other = await bench.stock_ven(vtn, "bakery")
    await other.call("run")
    await vtn.dispatch("e-1", "school")
    await ven.call("poll")
    await other.call("poll")
    assert ven.facts("event")
    assert not other.facts("event")
