"""Events of an OpenLEADR application: what it gives, what it reads, what VENs get."""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from oadr import messages as m
from oadr.enums import EventStatus, OptReason, OptType
from tests.vtn.compat_kit import HOUR, MINUTE, a_server, event, now, running, steps
from vtn import VTN


def _add(server: VTN, **values: Any) -> str:
    usual = {"ven_id": "ven1", "signal_name": "simple", "signal_type": "level"}
    return server.add_event(**(usual | {"intervals": steps()} | values))


# ---------------------------------------------------------------- wrong arguments


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"signal_type": "nonsense"}, "signal_type must be one of"),
        ({"signal_name": "nonsense"}, "signal_name must be one of"),
        ({"intervals": []}, "intervals must be a list"),
        ({"intervals": None}, "intervals must be a list"),
        ({"response_required": "perhaps"}, "should be either 'always' or 'never'"),
        ({"callback": lambda: None}, "'ven_id'"),
        ({"callback": lambda ven_id, event_id: None}, "'opt_type'"),
        ({"delivery_callback": lambda a, b: None}, "delivery_callback"),
        ({"intervals": steps(signal_payload=7)}, "R9"),
        ({"signal_target_mrid": "nonsense"}, "R111"),
        ({"market_context": ""}, "market context"),
        ({"target": {"planet": "Mars"}}, "planet"),
    ],
)
def test_wrong_arguments_are_value_errors(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        _add(VTN(vtn_id="x"), **values)


@pytest.mark.parametrize("name", ["callback", "delivery_callback"])
def test_a_callback_that_cannot_be_called_is_a_type_error(name: str) -> None:
    with pytest.raises(TypeError, match="not a callable"):
        _add(VTN(vtn_id="x"), **{name: "text"})


def test_the_same_event_id_twice_for_a_ven_is_a_value_error() -> None:
    server = VTN(vtn_id="x")
    _add(server, event_id="e1")
    with pytest.raises(ValueError, match="R70"):
        _add(server, event_id="e1")


@pytest.mark.parametrize(
    "callback",
    [
        lambda ven_id, event_id, opt_status: None,
        lambda *args: None,
        lambda **values: None,
        partial(lambda extra, ven_id, event_id, opt_type: None, 1),
    ],
)
def test_whatever_can_be_called_with_three_values_is_a_callback(callback: Any) -> None:
    assert _add(VTN(vtn_id="x"), callback=callback, event_id="e1") == "e1"


def test_an_unknown_ven_or_event_to_cancel_is_logged_and_not_raised(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = VTN(vtn_id="x")
    server.cancel_event("ven1", "e1")
    assert "this ven_id does not exist" in caplog.text
    _add(server, event_id="e1")
    server.cancel_event("ven1", "e2")
    assert "was not found" in caplog.text
    assert "['e1']" in caplog.text


def test_a_naive_datetime_is_local_time_and_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    server = VTN(vtn_id="x")
    naive = datetime.now().replace(microsecond=0) + HOUR  # noqa: DTZ005 - as applications do
    _add(server, intervals=steps(naive), event_id="e1")
    assert "naive datetime" in caplog.text
    (event_object,) = server.events["ven1"]
    assert event_object.active_period.dtstart == naive.astimezone()


def test_nobody_who_hears_of_the_answer_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    server = VTN(vtn_id="x")
    _add(server, response_required="never")
    assert "callback" not in caplog.text
    _add(server)
    assert "did not provide a 'callback'" in caplog.text


# ---------------------------------------------------------------- what VENs get


async def _delivered(server: VTN) -> m.Event:
    async with running(server) as application:
        peer = await application.fresh()
        (found,) = (await peer.poll()).events
        return found  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("values", "target"),
    [
        ({}, m.Target(ven_ids=("ven1",))),
        ({"target": {"resource_id": "boiler"}}, m.Target(resource_ids=("boiler",))),
        ({"target": [{"resource_id": "boiler"}]}, m.Target(resource_ids=("boiler",))),
        (
            {"targets": [{"group_id": "g1"}, {"group_id": "g2"}]},
            m.Target(group_ids=("g1", "g2")),
        ),
        (
            {"targets_by_type": {"resource_id": ["a", "b"], "group_id": "g"}},
            m.Target(resource_ids=("a", "b"), group_ids=("g",)),
        ),
    ],
)
async def test_each_way_to_name_a_target_reaches_the_ven(
    values: dict[str, Any], target: m.Target
) -> None:
    server = a_server()
    _add(server, **values)
    assert (await _delivered(server)).target == target


async def test_the_periods_around_an_event_and_its_signals_target_reach_the_ven() -> None:
    server = a_server()
    _add(
        server,
        notification_period=timedelta(minutes=30),
        ramp_up_period=timedelta(minutes=5),
        recovery_period=timedelta(minutes=6),
        signal_target_mrid="Water_Heater",
        market_context="http://programme.example",
        response_required="never",
    )
    found = await _delivered(server)
    period = found.active_period
    assert period.notification == timedelta(minutes=30)
    assert (period.ramp_up, period.recovery) == (timedelta(minutes=5), timedelta(minutes=6))
    assert found.signals[0].target == m.Target(end_device_assets=("Water_Heater",))
    assert found.descriptor.market_context == "http://programme.example"
    assert found.response_required == "never"


async def test_a_price_without_a_unit_goes_out_with_one_and_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = a_server()
    _add(server, signal_name="ELECTRICITY_PRICE", signal_type="price")
    found = await _delivered(server)
    assert isinstance(found.signals[0].unit, m.Unit)
    assert found.signals[0].unit.name == "currencyPerKWh"
    assert "R104" in caplog.text


async def test_one_event_may_be_given_to_several_vens() -> None:
    server = a_server()
    given = event("shared", targets=[{"group_id": "all"}])
    server.add_raw_event("ven1", given)
    server.add_raw_event("ven2", given)
    async with running(server) as application:
        for name in ("ven1", "ven2"):
            peer = await application.fresh(name)
            assert [one.event_id for one in (await peer.poll()).events] == ["shared"]
        await server.saved()


async def test_an_event_given_while_the_server_runs_is_there_when_saved_returns() -> None:
    async with running() as application:
        peer = await application.ven()
        event_id = _add(application.server)
        await application.server.saved()
        assert [one.event_id for one in (await peer.poll()).events] == [event_id]


async def test_events_in_memory_outlive_a_stop_of_the_server() -> None:
    server = a_server()
    _add(server, event_id="kept")
    _add(server, event_id="cancelled")
    async with running(server):
        server.cancel_event("ven1", "cancelled")
    async with running(server) as application:
        peer = await application.fresh()
        assert [one.event_id for one in (await peer.poll()).events] == ["kept"]
        await server.saved()


async def test_an_event_may_be_given_from_another_thread() -> None:
    async with running() as application:
        event_id = await asyncio.to_thread(_add, application.server)
        peer = await application.fresh()
        await application.server.saved()
        assert [one.event_id for one in (await peer.poll()).events] == [event_id]


async def test_saved_raises_why_an_event_could_not_be_stored() -> None:
    from vtn.errors import Conflict

    server = a_server()
    server.add_raw_event("ven1", event("e1"))
    server.add_raw_event("ven2", event("e1", response_required="never"))
    async with running(server):
        with pytest.raises(Conflict, match="e1"):
            await server.saved()
        await server.saved()


# ---------------------------------------------------------------- callbacks


async def test_each_change_of_an_answer_reaches_the_callback_and_no_repetition() -> None:
    seen: list[Any] = []
    server = a_server()
    _add(server, event_id="e1", callback=lambda ven, event, opt: seen.append((ven, event, opt)))
    async with running(server) as application:
        peer = await application.fresh()
        shot = await peer.poll()
        for opt_type in (OptType.OPT_IN, OptType.OPT_IN, OptType.OPT_OUT):
            await peer.answer(shot, opt_type)
        await peer.post(_opt(peer.ven_id))
        await peer.post(_opt(peer.ven_id, "boiler"))
    assert [one[2] for one in seen] == ["optIn", "optOut", "optIn"]
    assert {one[:2] for one in seen} == {("ven1", "e1")}


def _opt(ven_id: str, *resources: str) -> m.CreateOpt:
    return m.CreateOpt(
        opt_id="o1",
        opt_type=OptType.OPT_IN if not resources else OptType.OPT_OUT,
        opt_reason=OptReason.ECONOMIC,
        ven_id=ven_id,
        created_date_time=now(),
        request_id="o1",
        event_id="e1",
        modification_number=0,
        target=m.Target(ven_ids=() if resources else (ven_id,), resource_ids=resources),
    )


async def test_a_future_gets_the_first_answer() -> None:
    server = a_server()
    opted: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    _add(server, callback=opted)
    async with running(server) as application:
        peer = await application.fresh()
        shot = await peer.poll()
        await peer.answer(shot, OptType.OPT_OUT)
        await peer.answer(shot, OptType.OPT_IN)
    assert opted.result() == "optOut"


async def test_a_callback_that_fails_costs_469_and_is_called_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[str] = []

    async def callback(ven_id: str, event_id: str, opt_type: str) -> None:
        seen.append(opt_type)
        if len(seen) == 1:
            raise RuntimeError("not yet")

    server = a_server()
    _add(server, callback=callback)
    async with running(server) as application:
        peer = await application.fresh()
        shot = await peer.poll()
        assert (await peer.answer(shot)).response.code == 469
        assert (await peer.answer(shot)).response.ok
    assert seen == ["optIn", "optIn"]
    assert ".callback raised RuntimeError: not yet" in caplog.text


@pytest.mark.parametrize("form", ["nothing", "event_id", "coroutine", "future"])
async def test_a_delivery_callback_has_no_or_one_parameter_or_is_a_future(form: str) -> None:
    seen: list[str] = []
    future: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def coroutine() -> None:
        seen.append("e1")

    forms: dict[str, Any] = {
        "nothing": lambda: seen.append("e1"),
        "event_id": lambda event_id: seen.append(event_id),
        "coroutine": coroutine,
        "future": future,
    }
    server = a_server()
    _add(server, event_id="e1", delivery_callback=forms[form])
    async with running(server) as application:
        peer = await application.fresh()
        await peer.poll()
    assert ([future.result()] if form == "future" else seen) == ["e1"]


# ---------------------------------------------------------------- the view


async def test_events_are_the_applications_own_objects_with_their_status_now() -> None:
    server = a_server()
    given = event("e1")
    server.add_raw_event("ven1", given)
    _add(server, event_id="e2", ramp_up_period=MINUTE)
    async with running(server) as application:
        first, second = server.events["ven1"]
        assert first is given
        assert second is server.events["ven1"][1]
        assert second.event_descriptor.event_id == "e2"
        statuses = []
        for passed in (timedelta(0), 59 * MINUTE + timedelta(seconds=30), MINUTE):
            await application.clock.advance(passed)
            assert server.events
            statuses.append(
                (given["event_descriptor"]["event_status"], second.event_descriptor.event_status)
            )
        assert statuses == [("far", "far"), ("far", "near"), ("active", "active")]
        await application.clock.advance(HOUR)
        assert server.events == {"ven1": []}
        assert server.event_callbacks == {}


async def test_the_dicts_of_callbacks_show_event_and_callback() -> None:
    def callback(ven_id: str, event_id: str, opt_type: str) -> None: ...
    def delivered() -> None: ...

    server = a_server()
    _add(server, event_id="e1", callback=callback, delivery_callback=delivered)
    assert server.event_callbacks == {"e1": (server.events["ven1"][0], callback)}
    assert server.event_delivery_callbacks == {"e1": delivered}
    assert server.services["event_service"].event_callbacks == server.event_callbacks


async def test_a_cancelled_event_leaves_once_it_is_acknowledged() -> None:
    server = a_server()
    given = event("e1")
    server.add_raw_event("ven1", given)
    async with running(server) as application:
        peer = await application.fresh()
        await peer.answer(await peer.poll())
        server.cancel_event("ven1", "e1")
        await server.saved()
        assert given["event_descriptor"]["event_status"] == "cancelled"
        assert given["event_descriptor"]["modification_number"] == 1
        assert server.events["ven1"] == [given]
        shot = await peer.poll()
        assert shot.events[0].descriptor.event_status is EventStatus.CANCELLED
        await peer.answer(shot)
        assert server.events["ven1"] == []


async def test_an_event_changed_by_hand_goes_out_as_a_modification() -> None:
    server = a_server()
    given = event("e1")
    server.add_raw_event("ven1", given)
    async with running(server) as application:
        peer = await application.fresh()
        await peer.answer(await peer.poll())
        given["event_signals"][0]["intervals"][0]["signal_payload"] = 2
        given["event_descriptor"]["modification_number"] += 1
        server.events_updated["ven1"] = True
        await server.saved()
        (found,) = (await peer.poll()).events
        assert found.descriptor.modification_number == 1
        assert found.signals[0].intervals[0].payloads[0].value == 2


async def test_an_object_of_add_event_changed_by_hand_goes_out_as_a_modification() -> None:
    server = a_server()
    _add(server, event_id="e1", ramp_up_period=MINUTE, target={"resource_id": "boiler"})
    async with running(server) as application:
        peer = await application.fresh()
        before = (await peer.poll()).events[0]
        (mine,) = server.events["ven1"]
        server.events_updated["ven1"] = True
        await server.saved()
        mine.event_signals[0].intervals[0]["signal_payload"] = 3
        server.events_updated["ven1"] = True
        await server.saved()
        (found,) = (await peer.poll()).events
        assert found.descriptor.modification_number == 1
        assert found.signals[0].intervals[0].payloads[0].value == 3
        assert found.target == before.target
        assert found.active_period == before.active_period


async def test_an_event_cancelled_by_hand_is_cancelled() -> None:
    server = a_server()
    given = event("e1")
    server.add_raw_event("ven1", given)
    async with running(server) as application:
        peer = await application.fresh()
        await peer.answer(await peer.poll())
        given["event_descriptor"]["event_status"] = "cancelled"
        given["event_descriptor"]["modification_number"] += 1
        server.events_updated["ven1"] = True
        await server.saved()
        (found,) = (await peer.poll()).events
        assert found.descriptor.event_status is EventStatus.CANCELLED
        assert found.descriptor.modification_number == 1


async def test_events_put_into_the_list_or_taken_out_by_hand_come_and_go() -> None:
    async with running() as application:
        server = application.server
        peer = await application.fresh()
        server.events["ven1"] = [event("by-hand")]
        server.events_updated["ven1"] = True
        await server.saved()
        shot = await peer.poll()
        assert [one.event_id for one in shot.events] == ["by-hand"]
        await peer.answer(shot)
        server.events["ven1"].clear()
        server.events_updated["ven1"] = True
        await server.saved()
        (found,) = (await peer.poll()).events
        assert found.descriptor.event_status is EventStatus.CANCELLED


async def test_events_updated_says_what_has_not_been_fetched_yet() -> None:
    server = a_server()
    _add(server)
    assert server.events_updated == {"ven1": True}
    async with running(server) as application:
        peer = await application.fresh()
        await peer.poll()
        assert server.events_updated == {"ven1": False}


def test_a_change_by_hand_that_must_not_go_out_is_a_value_error() -> None:
    server = VTN(vtn_id="x")
    given = event("e1")
    server.add_raw_event("ven1", given)
    given["event_signals"][0]["intervals"][0]["signal_payload"] = 9
    with pytest.raises(ValueError, match="R9"):
        server.events_updated["ven1"] = True


# ---------------------------------------------------------------- gaps


async def _sent(server: VTN) -> m.Event:
    async with running(server) as application:
        peer = await application.fresh("ven1")
        shot: m.DistributeEvent = await peer.post(m.RequestEvent(request_id="r", ven_id="ven1"))
        (sent,) = shot.events
        return sent


def _at(*starts: int) -> list[dict[str, Any]]:
    begin = now() + HOUR
    return [
        {"dtstart": begin + start * MINUTE, "duration": 10 * MINUTE, "signal_payload": number}
        for number, start in enumerate(starts, 1)
    ]


def _levels(signal: m.Signal) -> list[tuple[Any, Any]]:
    payloads = [(one.duration, one.payloads[0]) for one in signal.intervals]
    return [(duration, one.value) for duration, one in payloads if isinstance(one, m.SignalPayload)]


async def test_r103_a_gap_in_a_simple_signal_is_sent_as_level_0() -> None:
    server = a_server()
    _add(server, intervals=_at(0, 25))
    sent = await _sent(server)
    assert _levels(sent.signals[0]) == [
        (10 * MINUTE, 1),
        (15 * MINUTE, 0),
        (10 * MINUTE, 2),
    ]
    assert sent.active_period.duration == 35 * MINUTE


def test_r103_parts_of_a_second_are_no_gap(caplog: pytest.LogCaptureFixture) -> None:
    begin = now() + HOUR
    server = a_server()
    intervals = [
        {"dtstart": begin + part, "duration": 10 * MINUTE, "signal_payload": 1}
        for part in (timedelta(microseconds=5), 10 * MINUTE, 20 * MINUTE + timedelta(seconds=0.9))
    ]
    _add(server, intervals=intervals)
    assert len(server.events["ven1"][0].event_signals[0].intervals) == 3
    assert "starts at" not in caplog.text


async def test_r103_a_signal_that_begins_later_than_another_says_so() -> None:
    early, late = _at(0), _at(20)
    signals = [
        {"signal_id": "a", "signal_name": "simple", "signal_type": "level", "intervals": late},
        {
            "signal_id": "b",
            "signal_name": "x-own",
            "signal_type": "level",
            "intervals": [{**early[0], "duration": 30 * MINUTE}],
        },
    ]
    server = a_server()
    server.add_raw_event("ven1", event("e1", event_signals=signals))
    sent = await _sent(server)
    assert [value for _, value in _levels(sent.signals[0])] == [0, 1]
    assert sent.active_period.dtstart == early[0]["dtstart"]


def test_r103_a_gap_that_nobody_can_fill_is_a_value_error() -> None:
    with pytest.raises(ValueError, match=r"interval 1 of ELECTRICITY_PRICE .*R103"):
        _add(
            a_server(),
            signal_name="ELECTRICITY_PRICE",
            signal_type="price",
            intervals=_at(0, 25),
        )


async def test_r103_intervals_that_overlap_are_sent_one_after_the_other_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = a_server()
    _add(server, intervals=_at(0, 5))
    sent = await _sent(server)
    assert [one.duration for one in sent.signals[0].intervals] == [10 * MINUTE, 10 * MINUTE]
    assert "interval 1 of simple starts at" in caplog.text
