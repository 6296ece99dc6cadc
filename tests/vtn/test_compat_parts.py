"""What an application handed to ``add_event``, found again in ``server.events``."""

from datetime import UTC, timedelta
from typing import Any

import pytest
from openleadr.objects import Interval, Target

from tests.vtn.compat_kit import MINUTE, event, now, running, steps
from vtn import VTN


def _add(server: VTN, **values: Any) -> Any:
    """Adds an event and returns it as the application finds it."""
    server.add_event("ven1", "simple", "level", **({"intervals": steps()} | values))
    return server.events["ven1"][-1]


def test_intervals_are_those_that_were_given() -> None:
    server = VTN(vtn_id="x")
    dicts = steps()
    objects = [Interval(dtstart=now() + MINUTE, duration=MINUTE, signal_payload=1)]
    assert _add(server, intervals=dicts).event_signals[0].intervals is dicts
    assert _add(server, intervals=objects).event_signals[0].intervals is objects


def test_targets_are_those_that_were_given() -> None:
    server = VTN(vtn_id="x")
    boiler = Target(resource_id="boiler")
    assert _add(server).targets == [{"ven_id": "ven1"}]
    assert _add(server, target=boiler).targets == [boiler]
    assert _add(server, targets=[{"group_id": "east"}]).targets == [{"group_id": "east"}]
    assert _add(server, targets_by_type={"ven_id": ["ven1"]}).targets_by_type["ven_id"] == ["ven1"]


def test_a_naive_start_gets_a_time_zone_where_it_was_given(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = VTN(vtn_id="x")
    start = now() + MINUTE
    intervals = steps(start.astimezone().replace(tzinfo=None))
    _add(server, intervals=intervals)
    assert intervals[0]["dtstart"] == start
    assert intervals[0]["dtstart"].tzinfo is UTC
    assert "naive" in caplog.text
    caplog.clear()
    server.events_updated["ven1"] = True
    assert "naive" not in caplog.text


async def test_a_dict_of_add_event_changed_by_hand_goes_out_as_a_modification() -> None:
    async with running() as application:
        server = application.server
        server.add_event("ven1", "simple", "level", steps(), event_id="e1")
        peer = await application.fresh()
        await peer.answer(await peer.poll())
        first = server.events["ven1"][0].event_signals[0].intervals[0]
        first["signal_payload"] = 2
        first["duration"] += timedelta(minutes=5)
        server.events_updated["ven1"] = True
        await server.saved()
        (found,) = (await peer.poll()).events
        (interval,) = found.signals[0].intervals
        assert (interval.payloads[0].value, interval.duration) == (2, first["duration"])
        assert found.descriptor.modification_number == 1


async def test_an_event_says_what_vens_of_openleadr_look_for() -> None:
    async with running() as application:
        server = application.server
        server.add_event("ven1", "simple", "level", steps(), event_id="e1")
        server.add_raw_event("ven1", event("e2"))
        await server.saved()
        peer = await application.fresh()
        for found in (await peer.poll()).events:
            assert (found.descriptor.priority, found.descriptor.test_event) == (0, "false")
            assert not found.descriptor.is_test
        server.events_updated["ven1"] = True
        await server.saved()
        first, second = server.events["ven1"]
        assert first.event_descriptor.modification_number == 0
        assert second["event_descriptor"]["modification_number"] == 0
