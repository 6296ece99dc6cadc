"""VENs live through a restart of their VTN, and a VTN through a restart of its VENs."""

import logging
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from oadr import messages as m
from tests.generations import durable
from tests.generations.stage import a_peer, serving, stock_ven, until
from ven import VEN
from vtn import VTN

SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _nothing_has_happened() -> None:
    durable.happened.clear()


def again(server: Any, **arguments: Any) -> Any:
    """Returns the application anew, at the address of the one before."""
    return durable.application(http_port=server.port, requested_poll_freq=SECOND, **arguments)


async def test_openleadrs_own_ven_notices_nothing_of_a_durable_restart(tmp_path: Path) -> None:
    store = tmp_path / "vtn.db"
    server = durable.application(store=store, requested_poll_freq=SECOND)
    with ExitStack() as stack:
        async with serving(server):
            ven = stack.enter_context(stock_ven(tmp_path, server, meters={"kitchen": 42.5}))
            await until(lambda: ven.said("registered"))
            await until(lambda: durable.said("readings"))
        before = len(durable.said("readings"))
        server = again(server, store=store)
        async with serving(server):
            durable.add_event(server, "e1", durable.on_answer)
            await until(lambda: durable.said("answer"))
            await until(lambda: len(durable.said("readings")) > before)
            assert len(ven.said("registered")) == len(durable.said("registration")) == 1
            assert len(durable.said("offer")) == 1


async def test_openleadrs_own_ven_registers_again_where_everything_was_forgotten(
    tmp_path: Path,
) -> None:
    server = durable.application(requested_poll_freq=SECOND)
    with ExitStack() as stack:
        async with serving(server):
            ven = stack.enter_context(stock_ven(tmp_path, server))
            await until(lambda: ven.said("registered"))
        server = again(server)
        async with serving(server):
            durable.add_event(server, "e1", durable.on_answer)
            await until(lambda: durable.said("answer"))
            assert len(durable.said("registration")) == 2


async def test_our_own_client_with_a_store_goes_on_after_its_restart(tmp_path: Path) -> None:
    asked: list[str] = []
    server = durable.application()
    durable.add_event(server, "e1", durable.on_answer)
    async with serving(server):
        client = a_client(server, asked, tmp_path / "ven.db")
        await client.run()
        await until(lambda: durable.said("answer"))
        await until(lambda: durable.said("offer"))
        await client.stop()
        client = a_client(server, asked, tmp_path / "ven.db")
        await client.run()
        try:
            await until(lambda: durable.said("readings"))
            assert [one["event_descriptor"]["event_id"] for one in client.received_events] == ["e1"]
            assert client.responded_events == {"e1": "optIn"}
            assert client.ven_id == "ven123"
            assert client.registration_id == "reg123"
            assert asked == ["e1"]
            assert len(durable.said("registration")) == 1
        finally:
            await client.stop()


def a_client(server: Any, asked: list[str], store: Path) -> Any:
    """An application's VEN, the same after a restart."""
    client: Any = VEN(ven_name="ven123", vtn_url=server.url, store=store)

    async def on_event(event: dict[str, Any]) -> str:
        asked.append(event["event_descriptor"]["event_id"])
        return "optIn"

    client.add_handler("on_event", on_event)
    client.add_report(
        callback=lambda: 42.5,
        resource_id="kitchen",
        measurement="RealPower",
        unit="W",
        sampling_rate=SECOND,
        report_duration=timedelta(hours=1),
    )
    return client


async def test_a_reader_without_a_name_is_said_in_the_log_and_readings_are_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = tmp_path / "vtn.db"

    def application() -> Any:
        def reader(data: Any) -> None:
            durable.say("readings", values=[value for _, value in data])

        server: Any = VTN(vtn_id="myvtn", http_port=0, store=store)
        server.add_handler("on_create_party_registration", durable.on_create_party_registration)
        server.add_handler("on_register_report", lambda report: [("main", reader, SECOND)])
        return server

    start = datetime(2030, 1, 1, 12, tzinfo=UTC)
    async with serving(application()) as server, a_peer(server) as peer:
        await peer.register()
        (request,) = await peer.offer("main")
        await peer.report([1.5], start=start)
        assert durable.said("readings") == [{"what": "readings", "values": [1.5]}]
    caplog.clear()
    async with serving(application()) as server, a_peer(server, ven_id="ven123") as peer:
        warnings = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
        (line,) = [one for one in warnings if "reader" in one]
        assert "ven123" in line
        later = start + timedelta(minutes=1)
        assert await peer.report([2.5], start=later, request=request) == 200
        assert len(durable.said("readings")) == 1
        # Metadata that are sent anew ask the handler anew.
        assert await peer.offer("main")
        assert await peer.report([3.5], start=later + timedelta(minutes=1)) == 200
        assert durable.said("readings")[-1]["values"] == [3.5]


async def test_a_cancelled_registration_stays_cancelled(tmp_path: Path) -> None:
    store = tmp_path / "vtn.db"
    async with serving(durable.application(store=store)) as server, a_peer(server) as peer:
        await peer.register()
        await peer.post(
            m.CancelPartyRegistration(request_id="c", registration_id="reg123", ven_id="ven123")
        )
    async with (
        serving(durable.application(store=store)) as server,
        a_peer(server, ven_id="ven123") as peer,
    ):
        reply = await peer.poll()
        assert isinstance(reply, m.RequestReregistration) or reply.response.code == 463
