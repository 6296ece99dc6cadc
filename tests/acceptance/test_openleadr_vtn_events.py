"""Events of openleadr's VTN at our VEN, and what it says to them."""

from datetime import UTC, datetime
from typing import Any

from oadr import messages as m
from tests.acceptance.openleadr_lines import made
from tests.acceptance.our_vtn import MINUTE, PROGRAMME
from tests.acceptance.patience import until
from tests.acceptance.stock import Bench, StockVtn
from ven import hooks
from ven.client import Client


async def _running(bench: Bench, *, external: bool = False) -> tuple[StockVtn, Client]:
    """Returns openleadr's VTN and our VEN, which opts out of what is called so."""
    vtn = await bench.stock_vtn(external=external)
    ven = bench.ven(vtn, "school")

    @ven.on_event
    async def decide(event: m.Event, ctx: hooks.Context) -> str:
        return "optOut" if event.event_id == "out" else "optIn"

    await ven.start()
    await until(lambda: ven.registration and ven.registration.introduced)
    return vtn, ven


def _held(ven: Client, event_id: str) -> m.Event | None:
    found = [event for event in ven.events if event.event_id == event_id]
    return found[0] if found else None


def _levels(event: m.Event) -> list[Any]:
    """Returns what an event with one signal wants, step by step."""
    (signal,) = event.signals
    payloads = [payload for interval in signal.intervals for payload in interval.payloads]
    return [payload.value for payload in payloads if isinstance(payload, m.SignalPayload)]


def _modification(ven: Client, event_id: str) -> int | None:
    event = _held(ven, event_id)
    return None if event is None else event.descriptor.modification_number


async def test_it_opts_in_and_out_of_new_events(bench: Bench) -> None:
    vtn, ven = await _running(bench)
    await vtn.offer("ven-school", "in", level=2)
    await vtn.offer("ven-school", "out")
    assert (await vtn.fact("answer", id="in"))["opt"] == "optIn"
    assert (await vtn.fact("answer", id="out"))["opt"] == "optOut"
    assert vtn.facts("delivered")
    event = _held(ven, "in")
    assert event is not None
    assert event.descriptor.market_context == PROGRAMME
    assert event.active_period.duration == 10 * MINUTE
    assert _levels(event) == [2]


async def test_it_follows_an_event_that_is_changed_and_cancelled(bench: Bench) -> None:
    vtn, ven = await _running(bench)
    await vtn.offer("ven-school", "e-1")
    await vtn.fact("answer", id="e-1")
    signals = [
        made(
            "EventSignal",
            signal_name="SIMPLE",
            signal_type="level",
            signal_id="s-1",
            intervals=[
                made(
                    "Interval",
                    dtstart=datetime.now(UTC) + 5 * MINUTE,
                    duration=10 * MINUTE,
                    signal_payload=3,
                )
            ],
        )
    ]
    await vtn.call("modify", "ven-school", "e-1", "event_signals", signals)
    await until(lambda: _modification(ven, "e-1") == 1)
    event = _held(ven, "e-1")
    assert event is not None
    assert _levels(event) == [3]
    await vtn.call("cancel_event", "ven-school", "e-1")
    # openleadr keeps a cancelled event until that is acknowledged.
    await until(lambda: _held(ven, "e-1") is None)
    await until(lambda: _gone(vtn))


async def _gone(vtn: StockVtn) -> bool:
    events: dict[str, Any] = await vtn.call("events")
    return not events["ven-school"]


async def test_r61_an_event_that_is_not_on_the_list_any_more_is_over(bench: Bench) -> None:
    vtn, ven = await _running(bench)
    await vtn.offer("ven-school", "stays")
    await vtn.offer("ven-school", "goes")
    await vtn.fact("answer", id="goes")
    await vtn.call("drop", "ven-school", "goes")
    await until(lambda: _held(ven, "goes") is None)
    assert _held(ven, "stays") is not None


async def test_r17_it_changes_its_mind_later(bench: Bench) -> None:
    vtn, ven = await _running(bench, external=True)
    await vtn.call("queue", "oadrDistributeEvent", {"events": [_event("e-1")]})
    await vtn.fact("answer", id="e-1", opt="optIn")
    await ven.opt("e-1", "optOut")
    await vtn.fact("answer", id="e-1", opt="optOut")
    assert (await ven.status()).unanswered == 0


async def test_it_asks_for_all_events_of_an_application_that_keeps_them(bench: Bench) -> None:
    vtn, ven = await _running(bench, external=True)
    await vtn.call("list_events", [_event("in"), _event("out")])
    await ven.sync_events()
    assert (await vtn.fact("answer", id="in"))["opt"] == "optIn"
    assert (await vtn.fact("answer", id="out"))["opt"] == "optOut"


def _event(event_id: str) -> Any:
    start = datetime.now(UTC) + 5 * MINUTE
    interval = made("Interval", dtstart=start, duration=10 * MINUTE, signal_payload=1)
    signal = made(
        "EventSignal",
        signal_name="SIMPLE",
        signal_type="level",
        signal_id="s-1",
        intervals=[interval],
    )
    descriptor = made(
        "EventDescriptor",
        event_id=event_id,
        modification_number=0,
        market_context=PROGRAMME,
        event_status="far",
    )
    target = made("Target", ven_id="ven-school")
    return made("Event", event_descriptor=descriptor, event_signals=[signal], targets=[target])
