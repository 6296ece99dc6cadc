"""An application with a database is stopped and started again: what it had given is there."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from oadr import messages as m
from oadr.enums import OptType
from tests.vtn import compat_callbacks_app as app
from tests.vtn.compat_kit import MINUTE, Application, a_server, event, metadata, now, running, steps
from tests.vtn.kit import readings, usage
from vtn import VTN
from vtn.testing import Peer

MOMENT = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nothing_seen() -> Iterator[None]:
    app.seen.clear()
    yield
    app.seen.clear()


def _server(folder: Path, **values: Any) -> VTN:
    return a_server(store=folder / "vtn.db", **values)


async def _given(folder: Path, callback: Any, handlers: tuple[object, ...] = ()) -> None:
    """Gives an event with a callback, and stops."""
    server = _server(folder, handlers=handlers)
    server.add_event("ven1", "simple", "level", steps(), callback, event_id="e1")
    async with running(server) as application:
        await server.saved()
        await application.ven_that_fetches()


async def _answer(application: Application) -> None:
    peer = application.peer("ven1")
    peer.ven_id = "ven1"
    shot = await peer.post(m.RequestEvent(request_id="r", ven_id="ven1"))
    await peer.answer(shot, OptType.OPT_OUT)


async def _answered_after_restart(folder: Path, **values: Any) -> None:
    async with running(_server(folder, **values)) as application:
        await _answer(application)


async def test_a_function_of_a_module_is_told_after_a_restart(tmp_path: Path) -> None:
    await _given(tmp_path, app.answered)
    await _answered_after_restart(tmp_path)
    assert app.seen == [("answered", "ven1", "e1", "optOut")]


async def test_a_partial_keeps_its_arguments(tmp_path: Path) -> None:
    callback = partial(app.answered_with, "extra", MOMENT, every=timedelta(seconds=1.5))
    await _given(tmp_path, callback)
    await _answered_after_restart(tmp_path)
    assert app.seen == [("extra", MOMENT, timedelta(seconds=1.5), "e1", "optOut")]


async def test_a_method_is_found_at_the_new_handler_object(tmp_path: Path) -> None:
    before, after = app.Programme(), app.Programme()
    await _given(tmp_path, before.answered, (before,))
    await _answered_after_restart(tmp_path, handlers=(after,))
    assert app.seen == [(after, "e1", "optOut")]


async def test_a_function_made_known_is_found_although_nothing_can_import_it(
    tmp_path: Path,
) -> None:
    for run in ("first", "second"):
        callback = app.made(run)
        server = _server(tmp_path)
        server.add_callback(callback, name="mine")
        if run == "first":
            server.add_event("ven1", "simple", "level", steps(), callback, event_id="e1")
        async with running(server) as application:
            if run == "first":
                await server.saved()
                await application.ven_that_fetches()
            else:
                await _answer(application)
    assert app.seen == [("second", "e1", "optOut")]


def test_two_functions_cannot_be_known_by_one_name() -> None:
    server = VTN(vtn_id="x")
    server.add_callback(app.made("a"))
    with pytest.raises(ValueError, match="name="):
        server.add_callback(app.made("b"))


def _lost(kind: str) -> Any:
    anything: Any = app.answered_with
    return {
        "lambda": lambda ven_id, event_id, opt_type: None,
        "closure": app.made("x"),
        "partial": partial(anything, object(), MOMENT, every=MINUTE),
        "method": app.Programme().answered,
    }[kind]


@pytest.mark.parametrize("kind", ["lambda", "closure", "partial", "method", "future"])
async def test_a_callback_that_cannot_be_found_is_one_warning_that_names_the_event(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    if kind == "future":
        callback: Any = asyncio.get_running_loop().create_future()
    else:
        callback = _lost(kind)
    await _given(tmp_path, callback)
    caplog.clear()
    await _answered_after_restart(tmp_path)
    (warning,) = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert "event e1 for VEN ven1 has lost its callback" in warning.getMessage()
    assert "add_callback()" in warning.getMessage()
    assert app.seen == []


async def test_a_module_that_is_gone_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _given(tmp_path, app.answered)
    monkeypatch.delattr(app, "answered")
    await _answered_after_restart(tmp_path)
    assert "there is no answered in tests.vtn.compat_callbacks_app any more" in caplog.text


async def test_a_delivery_callback_is_found_too(tmp_path: Path) -> None:
    server = _server(tmp_path)
    server.add_event("ven1", "simple", "level", steps(), app.answered, app.delivered, event_id="e1")
    async with running(server) as application:
        await server.saved()
        await application.ven_that_fetches()
    app.seen.clear()
    await _answered_after_restart(tmp_path)
    assert app.seen == ["delivered", ("answered", "ven1", "e1", "optOut")]


async def test_events_are_there_after_a_restart_as_openleadrs_objects(tmp_path: Path) -> None:
    from openleadr.objects import Event

    await _given(tmp_path, app.answered)
    server = _server(tmp_path)
    async with running(server) as application:
        (restored,) = server.events["ven1"]
        assert isinstance(restored, Event)
        assert restored.event_descriptor.event_id == "e1"
        assert server.event_callbacks == {"e1": (restored, app.answered)}
        server.cancel_event("ven1", "e1")
        await server.saved()
        peer = application.peer("ven1")
        shot = await peer.post(m.RequestEvent(request_id="r", ven_id="ven1"))
        (found,) = shot.events
        assert found.descriptor.event_status == "cancelled"


async def test_the_same_event_given_again_in_the_next_run_is_that_event(tmp_path: Path) -> None:
    start = now() + timedelta(hours=1)
    for payload in (1, 1, 2):
        given = event("e1")
        given["event_signals"][0]["intervals"] = steps(start, signal_payload=payload)
        server = _server(tmp_path)
        server.add_raw_event("ven1", given, app.answered)
        async with running(server) as application:
            await server.saved()
            if payload == 2:
                await _answer(application)
            else:
                await application.ven_that_fetches()
            assert given["event_descriptor"]["modification_number"] == payload - 1
            assert server.events["ven1"] == [given]
    assert app.seen[-1] == ("answered", "ven1", "e1", "optOut")


async def _reported(peer: Peer, request_id: str, start: datetime) -> None:
    data = readings(request_id, start, {"main": ["1"], "solar": ["2"]})
    await peer.post(m.UpdateReport(request_id="u", reports=(data,), ven_id="ven1"))


async def test_the_callbacks_of_reports_get_the_data_after_a_restart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def on_register_report(report: dict[str, Any]) -> Any:
        found = partial(app.read, ven_id="ven1", measurement=None)
        return [("main", found, MINUTE), ("solar", lambda data: app.seen.append(data), MINUTE)]

    server = _server(tmp_path)
    server.add_handler("on_register_report", on_register_report)
    async with running(server) as application:
        peer = await application.ven()
        reply = await peer.post(metadata(peer, usage("usage", "main", "solar")))
        request_id = reply.requests[0].report_request_id
        registered = server.registered_reports
        assert registered["ven1"][0]["report_name"] == "TELEMETRY_USAGE"
        await _reported(peer, request_id, now())
        callbacks = server.services["report_service"].report_callbacks
        assert set(callbacks) == {(request_id, "main"), (request_id, "solar")}
    assert len(app.seen) == 2
    app.seen.clear()
    async with running(_server(tmp_path)) as application:
        assert application.server.registered_reports == registered
        await _reported(application.peer("ven1"), request_id, now() + MINUTE)
    assert app.seen == [("ven1", None, [1.0])]
    assert "report usage of VEN ven1 has lost its callback" in caplog.text
