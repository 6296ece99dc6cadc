"""What stock openleadr 0.5.36 cannot do, by the numbers of its faults.

Each limit is a function that has openleadr try; it returns whether that worked. One that
begins to work with a new openleadr belongs into the tests beside this file.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from oadr import messages as m
from tests.acceptance.openleadr_process import Stock, StockError
from tests.acceptance.our_vtn import MINUTE, OurVtn
from tests.acceptance.patience import until
from tests.acceptance.stock import SECOND, Bench, StockVtn, Wire
from ven.client import Client
from vtn.config import PATH
from vtn.hooks import Wanted
from vtn.store import delivery

HOUR = timedelta(hours=1)
NOTHING = timedelta(0)
KITCHEN = {"resource_id": "kitchen", "measurement": "REAL_POWER", "unit": "W"}
RATE = {"sampling_rate": SECOND, "report_duration": HOUR}
Limit = Callable[[Bench], Awaitable[bool]]


# ---------------------------------------------------------------- openleadr's VEN


async def _ven(
    bench: Bench, *names: str, wanted: dict[str, Any] | None = None
) -> tuple[OurVtn, Stock]:
    """Returns our VTN and a VEN of openleadr's that offers reports of these names.

    Args:
        bench: where they are.
        names: of the reports.
        wanted: how our VTN asks for each of them.
    """
    vtn = await bench.vtn(dict.fromkeys(names, wanted) if wanted else {})
    ven = await bench.stock_ven(vtn, "school")
    for name in names:
        what = {"resource_id": "kitchen"} if name == "TELEMETRY_STATUS" else KITCHEN
        await ven.call("measure", 1, report_name=name, report_specifier_id=name, **what, **RATE)
    await ven.call("run")
    return vtn, ven


async def states_are_reported_as_states(bench: Bench) -> bool:
    """M8: only numbers are written."""
    often = {"every": SECOND, "deliver": SECOND}
    vtn, _ = await _ven(bench, "TELEMETRY_STATUS", wanted=often)
    await until(vtn.watcher.values)
    return isinstance(vtn.watcher.values()[0][1], m.ResourceStatus)


async def metadata_come_on_demand(bench: Bench) -> bool:
    """M9: the request is listed as pending and forgotten."""
    vtn, ven = await _ven(bench, "TELEMETRY_USAGE")
    await vtn.operator.request_metadata("school", now=datetime.now(UTC))
    await ven.call("poll")
    assert ven.sent()[-1] == "oadrCreatedReport"
    return len(ven.sent("oadrRegisterReport")) > 1


async def history_is_reported(bench: Bench) -> bool:
    """M10, C11: what should have begun in the past never begins."""
    vtn, ven = await _ven(bench, "HISTORY_USAGE")
    now = datetime.now(UTC)
    wanted = Wanted(
        specifier_id="HISTORY_USAGE",
        every=NOTHING,
        deliver=NOTHING,
        start=now - 10 * MINUTE,
        duration=5 * MINUTE,
    )
    await vtn.operator.request_report("school", wanted, now=now, history=True)
    await ven.call("poll")
    await until(lambda: _no_report_waits(ven))
    return bool(ven.sent("oadrUpdateReport"))


async def _no_report_waits(ven: Stock) -> bool:
    return all("report_callback" not in job for job in await ven.call("jobs"))


async def a_lower_case_vtn_is_taken_at_its_word(bench: Bench) -> bool:
    """C1: a vtnID without capitals is declared invalid."""
    vtn = await bench.vtn(vtn_id="utility")
    ven = await bench.stock_ven(vtn, "school")
    await ven.call("run")
    await vtn.dispatch("e-1", "school")
    await ven.call("poll")
    # The answer itself is there all the same, and our VTN takes it.
    assert await vtn.acknowledged("school", "e-1") == (0, "optIn")
    answer = ven.facts("sent", message="oadrCreatedEvent")[0]["payload"]
    return bool(answer["response"]["response_code"] == 200)


async def events_that_are_not_listed_any_more_are_over(bench: Bench) -> bool:
    """C2: there is no implied cancellation (R61)."""
    vtn, ven = await _ven(bench)
    await vtn.dispatch("e-1", "school")
    await ven.call("poll")
    row = await vtn.delivery("school", "e-1")
    async with vtn.operator.acting() as tx:
        await delivery.close(tx, event_pk=row.event_pk, now=datetime.now(UTC))
    await ven.call("sync_events")
    assert ven.facts("heard")[-1]["message"] == "oadrDistributeEvent"
    return not await ven.call("received_events")


async def a_poll_is_repeated_until_nothing_waits(bench: Bench) -> bool:
    """C8: there is one poll an interval."""
    vtn, ven = await _ven(bench, "TELEMETRY_USAGE")
    await vtn.dispatch("e-1", "school")
    await vtn.operator.request_metadata("school", now=datetime.now(UTC))
    before = len(ven.sent("oadrPoll"))
    await ven.call("poll")
    return len(ven.sent("oadrPoll")) - before > 1


async def a_vtn_that_is_down_is_waited_for(bench: Bench) -> bool:
    """C9: it stops for good."""
    ven = await bench.stranger(f"http://127.0.0.1:9{PATH}", "school")
    await ven.call("run")
    return bool(await ven.call("jobs"))


async def requests_of_one_message_are_kept_apart(bench: Bench) -> bool:
    """C12: the data points of one request become those of the other, too."""
    often = {"every": SECOND, "deliver": 2 * SECOND}
    _, ven = await _ven(bench, "TELEMETRY_USAGE", "TELEMETRY_STATUS", wanted=often)
    requests = await ven.call("report_requests")
    return all(len(one["r_ids"]) == 1 for one in requests)


async def new_metadata_end_what_was_reported(bench: Bench) -> bool:
    """C15: the old timer goes on beside the new one."""
    often = {"every": SECOND, "deliver": SECOND}
    _, ven = await _ven(bench, "TELEMETRY_USAGE", wanted=often)
    await ven.call("introduce")
    jobs: list[str] = await ven.call("jobs")
    return jobs.count("partial") < 2


async def a_cancelled_report_does_not_come_once_more(bench: Bench) -> bool:
    """C16: a last report is sent although none is to follow."""
    vtn = await bench.vtn({"TELEMETRY_USAGE": {"every": HOUR, "deliver": HOUR}})
    ven = await bench.stock_ven(vtn, "school")
    await ven.call("measure", 1, **KITCHEN, **RATE | {"sampling_rate": HOUR})
    await ven.call("run")
    await vtn.operator.cancel_report("report-1", now=datetime.now(UTC), follow=False)
    await ven.call("poll")
    return not ven.sent("oadrUpdateReport")


async def a_cancellation_beside_a_confirmation_is_obeyed(bench: Bench) -> bool:
    """C17: it is not looked at."""
    often = {"every": SECOND, "deliver": SECOND}
    vtn, ven = await _ven(bench, "TELEMETRY_USAGE", wanted=often)
    await vtn.operator.cancel_report("report-1", now=datetime.now(UTC))
    await until(lambda: [one for one in _confirmations(ven) if "cancel_report" in one])
    return not await ven.call("report_requests")


def _confirmations(ven: Stock) -> list[dict[str, Any]]:
    return [fact["payload"] for fact in ven.facts("heard", message="oadrUpdatedReport")]


# ---------------------------------------------------------------- openleadr's VTN


async def _vtn(
    bench: Bench, *, external: bool = False, names: tuple[str, ...] = ()
) -> tuple[StockVtn, Client, list[m.Message]]:
    """Returns openleadr's VTN, our VEN with meters of these kinds, and what it hears."""
    vtn = await bench.stock_vtn(external=external)
    ven = bench.ven(vtn, "school")
    heard: list[m.Message] = []
    ven.add_hook("after_parse_xml", heard.append)
    for name in names:
        kind = {"status": "", "usage": "powerReal", "history": "powerReal"}[name]
        past = "1h" if name == "history" else "0s"
        ven.meter(name, measurement=kind, every="1s", history=past)(_measured(name))
    await ven.start()
    await until(lambda: ven.registration and ven.registration.introduced)
    return vtn, ven, heard


def _measured(name: str) -> Callable[[], Any]:
    status = m.ResourceStatus(online=True, manual_override=False)
    return lambda: status if name == "status" else 1


async def opt_schedules_are_taken(bench: Bench) -> bool:
    """M1: there is no EiOpt."""
    vtn, ven, _ = await _vtn(bench)
    now = datetime.now(UTC)
    away = m.Period(dtstart=now + HOUR, duration=HOUR)
    await ven.create_opt("optOut", "economic", availability=[away])
    # Nothing else suffers from it.
    await ven.poll()
    async with aiohttp.ClientSession() as http, http.post(f"{vtn.url}{PATH}/EiOpt") as answer:
        return answer.status != 404


async def events_go_out_beside_messages_of_the_application(bench: Bench) -> bool:
    """M5: who has ``on_poll`` has no queue of events."""
    vtn, _, _ = await _vtn(bench, external=True)
    event_id = await vtn.call("add_event", ven_id="ven-school", **_level())
    return event_id is not None


def _level() -> dict[str, Any]:
    start = datetime.now(UTC) + 5 * MINUTE
    interval = {"dtstart": start, "duration": MINUTE, "signal_payload": 1}
    return {"signal_name": "SIMPLE", "signal_type": "level", "intervals": [interval]}


async def the_end_of_a_report_is_understood(bench: Bench) -> bool:
    """M7: what VENs answer to cancellations is answered with 459."""
    vtn, _, heard = await _vtn(bench, external=True, names=("usage",))
    await vtn.ask("ven-school", "r-1", "TELEMETRY_USAGE", "usage", every=HOUR)
    await vtn.fact("created")
    payload = {"request_id": "c-1", "report_request_id": "r-1", "report_to_follow": False}
    await vtn.call("queue", "oadrCancelReport", payload | {"ven_id": "ven-school"})
    await until(lambda: [one for one in heard if isinstance(one, m.CancelReport)])
    await until(lambda: isinstance(heard[-1], m.Response))
    return not [one for one in heard if isinstance(one, m.Response) and one.response.code == 459]


async def history_is_asked_for(bench: Bench) -> bool:
    """M10: offers of history are passed over."""
    vtn, _, _ = await _vtn(bench, names=("history",))
    # The same meter is offered as what is and as what was.
    return len(vtn.facts("offer")) > 1


async def events_can_be_modified(bench: Bench) -> bool:
    """M12: an application has to change what openleadr keeps."""
    vtn = await bench.stock_vtn()
    try:
        await vtn.call("modify_event")
    except StockError as error:
        return "no attribute" not in str(error)
    return True


async def a_ramp_up_is_told(bench: Bench) -> bool:
    """V1: it is lost on the way from ``add_event``."""
    vtn, ven, _ = await _vtn(bench)
    await vtn.offer("ven-school", "e-1", ramp_up_period=MINUTE)
    await vtn.fact("answer")
    return ven.events[0].active_period.ramp_up is not None


async def no_events_are_said_with_an_empty_list(bench: Bench) -> bool:
    """V4: a bare oadrResponse is all that comes."""
    _, ven, heard = await _vtn(bench)
    await ven.sync_events()
    return any(isinstance(one, m.DistributeEvent) for one in heard)


async def a_change_of_mind_reaches_the_application(bench: Bench) -> bool:
    """V5: the callback is dropped at the first answer (R17)."""
    vtn, ven, _ = await _vtn(bench)
    await vtn.offer("ven-school", "e-1")
    await vtn.fact("answer", opt="optIn")
    await ven.opt("e-1", "optOut")
    assert (await ven.status()).unanswered == 0
    return bool(vtn.facts("answer", opt="optOut"))


async def a_request_says_when_it_begins(bench: Bench) -> bool:
    """V18: there is no reportInterval."""
    _, _, heard = await _vtn(bench, names=("usage",))
    (registered,) = [one for one in heard if isinstance(one, m.RegisteredReport)]
    return registered.requests[0].report_interval is not None


async def states_are_understood(bench: Bench) -> bool:
    """V19: their reports are answered with HTTP 500, and wait until they are given up."""
    vtn, ven, _ = await _vtn(bench, names=("status",))
    await until(lambda: _waits(ven))
    return bool(vtn.facts("readings"))


async def _waits(ven: Client) -> bool:
    return (await ven.status()).waiting > 1


LIMITS: tuple[Limit, ...] = (
    states_are_reported_as_states,
    metadata_come_on_demand,
    history_is_reported,
    a_lower_case_vtn_is_taken_at_its_word,
    events_that_are_not_listed_any_more_are_over,
    a_poll_is_repeated_until_nothing_waits,
    a_vtn_that_is_down_is_waited_for,
    requests_of_one_message_are_kept_apart,
    new_metadata_end_what_was_reported,
    a_cancelled_report_does_not_come_once_more,
    a_cancellation_beside_a_confirmation_is_obeyed,
    opt_schedules_are_taken,
    events_go_out_beside_messages_of_the_application,
    the_end_of_a_report_is_understood,
    history_is_asked_for,
    events_can_be_modified,
    a_ramp_up_is_told,
    no_events_are_said_with_an_empty_list,
    a_change_of_mind_reaches_the_application,
    a_request_says_when_it_begins,
    states_are_understood,
)


@pytest.fixture
def wire() -> Wire:
    return Wire.HTTP


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.__doc__.partition(":")[0])
async def test_openleadr_cannot_do_what_is_listed(bench: Bench, limit: Limit) -> None:
    assert not await limit(bench), f"{limit.__name__} now works: {limit.__doc__}"
