"""Starting and stopping, and what is refused before anything listens."""

import asyncio
import os
import signal
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from certs import Authority
from oadr import messages as m
from runtime.settings import ConfigError, check
from tests.vtn.kit import Open, a_ven, joined
from vtn.config import Settings
from vtn.errors import InsecureSetup
from vtn.hooks import Accept, Context, PollHandler, Registration, RegistrationHandler
from vtn.server import Server, configured_handlers
from vtn.testing import Peer, running
from vtn.testing.door import HttpDoor


def settings(tmp_path: Path, **http: Any) -> Settings:
    return check(
        {
            "vtn_id": "vtn",
            "http": {"host": "127.0.0.1", "port": 0} | http,
            "store": {"url": f"sqlite+aiosqlite:///{tmp_path / 'vtn.db'}"},
        },
        Settings,
    )


def test_nothing_is_served_without_a_certificate_by_accident(tmp_path: Path) -> None:
    with pytest.raises(InsecureSetup, match="certificate, key and ca"):
        Server(settings(tmp_path))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "vtn.example", "::"])
def test_plain_http_is_for_this_machine_alone(tmp_path: Path, host: str) -> None:
    with pytest.raises(InsecureSetup, match="loopback"):
        Server(settings(tmp_path, host=host, plain=True))
    Server(settings(tmp_path, host=host, force_plain=True))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_plain_http_on_this_machine_is_allowed_when_asked_for(tmp_path: Path, host: str) -> None:
    assert Server(settings(tmp_path, host=host, plain=True)).ssl_context is None


def test_a_certificate_and_plain_http_contradict_each_other(tmp_path: Path) -> None:
    made = settings(tmp_path, plain=True)
    tls = replace(made.tls, certificate=tmp_path / "vtn.crt", key=tmp_path / "k", ca=tmp_path / "c")
    with pytest.raises(InsecureSetup, match="contradict"):
        Server(replace(made, tls=tls))


def test_a_server_certificate_without_a_ca_is_an_error() -> None:
    with pytest.raises(ConfigError, match="needs ca"):
        check({"vtn_id": "v", "tls": {"certificate": "vtn.crt", "key": "vtn.key"}}, Settings)


async def test_a_signing_key_that_does_not_fit_is_said_before_anything_listens(
    tmp_path: Path,
) -> None:
    authority = Authority.create(tmp_path / "ca", "Test")
    for name in ("one", "other"):
        authority.issue_ven(name).save(tmp_path / f"{name}.crt", tmp_path / f"{name}.key")
    made = settings(tmp_path, plain=True)
    signatures = replace(
        made.signatures, certificate=tmp_path / "one.crt", key=tmp_path / "other.key"
    )
    server = Server(replace(made, signatures=signatures))
    with pytest.raises(ConfigError, match="signatures"):
        await server.start()
    assert server.desk is None


async def test_a_port_that_is_taken_leaves_nothing_open(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = Server(settings(tmp_path, plain=True, port=taken.getsockname()[1]))
        with pytest.raises(OSError, match="address already in use"):
            await server.start()
    assert server.desk is None
    with pytest.raises(RuntimeError, match="not been started"):
        server.operator  # noqa: B018
    await server.stop()


async def test_starting_twice_is_an_error_and_stopping_twice_is_none(tmp_path: Path) -> None:
    server = Server(settings(tmp_path, plain=True))
    await server.start()
    with pytest.raises(RuntimeError, match="already"):
        await server.start()
    await server.stop()
    await server.stop()
    await server.start()
    assert server.url.startswith("http://127.0.0.1:")
    await server.stop()


async def test_what_is_in_flight_is_finished_before_the_server_stops() -> None:
    started = asyncio.Event()

    class Slow(PollHandler):
        async def on_poll(self, ctx: Context) -> m.Message | None:
            if started.is_set():
                return None
            started.set()
            await asyncio.sleep(0.05)
            return m.RequestReregistration(ven_id=ctx.ven_id)

    async with running(handlers=[Open(), Slow()]) as world:
        peer = world.peer()
        await peer.register("ven")
        await peer.poll()
        waiting = asyncio.create_task(peer.poll())
        await started.wait()
        await world.server.stop()
        assert isinstance(await waiting, m.RequestReregistration)


async def test_sigterm_ends_it_in_an_orderly_way(tmp_path: Path) -> None:
    server = Server(settings(tmp_path, plain=True))
    ready: list[str] = []

    def on_ready() -> None:
        ready.append(server.url)
        os.kill(os.getpid(), signal.SIGTERM)

    try:
        await server.serve(ready=on_ready)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().remove_signal_handler(number)
    assert ready
    assert server.desk is None


async def test_two_vtns_in_a_process_do_not_meet() -> None:
    async with a_ven() as (one, peer), running(handlers=[Open()]) as other:
        stranger = other.peer()
        stranger.ven_id = peer.ven_id
        assert (await stranger.poll()).response.code == 463
        assert len(other.desk.roster) == 0
        await joined(other, "ven")
        assert len(one.desk.roster) == 1


class Own(RegistrationHandler):
    async def on_create_party_registration(self, request: Registration, ctx: Context) -> Accept:
        return Accept()


def test_a_handler_of_the_program_takes_the_place_of_the_bundled_default() -> None:
    made = check({"vtn_id": "v", "reports": {"handlers": []}}, Settings)
    assert [type(one).__name__ for one in configured_handlers(made)] == ["AllowList"]
    assert configured_handlers(made, beside=[Own()]) == []
    named = check(
        {"vtn_id": "v", "reports": {"handlers": []}, "registration": {"handler": "allow-list"}},
        Settings,
    )
    assert len(configured_handlers(named, beside=[Own()])) == 1


async def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """The next process opens what the killed one left: the log of the database beside it."""
    async with a_ven() as (world, peer):
        await world.operator.enrol("late", now=world.clock.now(), ven_id="v9")
        for suffix in ("", "-wal", "-shm"):
            left = world.folder / f"vtn.db{suffix}"
            if left.exists():
                (tmp_path / left.name).write_bytes(left.read_bytes())
        again = Server(settings(tmp_path, plain=True), clock=world.clock)
        await again.start()
        assert again.desk is not None
        for ven_id in (peer.ven_id, "v9"):
            assert again.desk.roster.of_ven_id(ven_id) is not None
        member = again.desk.roster.of_ven_id(peer.ven_id)
        assert member is not None
        assert member.registration_id == peer.registration_id
        await again.stop()


def test_a_time_limit_for_a_hook_that_there_is_not_names_the_key_and_those_that_there_are() -> None:
    made = check({"vtn_id": "v", "time_limits": {"on_pol": "2s"}}, Settings)
    with pytest.raises(ConfigError, match=r"time_limits: .*on_pol.*on_poll"):
        Server(replace(made, http=replace(made.http, plain=True, host="127.0.0.1")))


def test_a_time_limit_for_one_hook_counts_for_that_one_alone() -> None:
    made = check({"vtn_id": "v", "time_limits": {"on_poll": "2s"}}, Settings)
    server = Server(replace(made, http=replace(made.http, plain=True, host="127.0.0.1")))
    assert server.hooks.time_limits == {"on_poll": 2.0}


def in_memory() -> Settings:
    return check(
        {
            "vtn_id": "vtn",
            "http": {"host": "127.0.0.1", "port": 0, "plain": True},
            "store": {"url": ":memory:"},
        },
        Settings,
    )


@pytest.mark.parametrize("eager", [True, False])
async def test_a_stop_that_comes_during_the_start_waits_for_it_and_stops(eager: bool) -> None:
    server = Server(in_memory(), handlers=(Open(),), eager=eager)
    starting = asyncio.create_task(server.start())
    await asyncio.sleep(0)
    await server.stop()
    await starting
    assert server.desk is None
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection("127.0.0.1", server.port)


async def test_a_start_that_comes_during_the_stop_waits_for_it_and_starts() -> None:
    server = Server(in_memory(), handlers=(Open(),))
    await server.start()
    stopping = asyncio.create_task(server.stop())
    await asyncio.sleep(0)
    await server.start()
    await stopping
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.close()
    await server.stop()


async def test_a_second_start_at_once_is_refused_and_leaves_the_first_alone() -> None:
    server = Server(in_memory(), handlers=(Open(),), eager=False)
    outcomes = await asyncio.gather(server.start(), server.start(), return_exceptions=True)
    assert [type(one) for one in outcomes] == [type(None), RuntimeError]
    await server.opened()
    await server.stop()


async def test_nobody_is_answered_before_a_subclass_has_opened_all_of_its_own() -> None:
    class Longer(Server):
        def __init__(self) -> None:
            super().__init__(in_memory(), handlers=(Open(),), eager=False)
            self.half, self.rest = asyncio.Event(), asyncio.Event()

        async def _open(self) -> None:
            await super()._open()
            self.half.set()
            await self.rest.wait()

    server = Longer()
    await server.start()
    peer = Peer(HttpDoor(lambda: server.url), server.clock.now)
    try:
        await server.half.wait()
        early = asyncio.create_task(peer.register("early"))
        await asyncio.wait([early], timeout=0.05)
        assert not early.done()
        server.rest.set()
        assert (await early).code == 200
    finally:
        server.rest.set()
        await peer.close()
        await server.stop()
