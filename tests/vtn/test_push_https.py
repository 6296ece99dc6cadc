"""HTTP push over the network: mutual TLS, one certain server, headers, limits, restarts."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from handlers.registration import AllowList
from oadr import messages as m
from oadr.enums import ServiceName
from tests.vtn.kit import Open
from vtn.dispatch import https
from vtn.dispatch.https import HttpsPost
from vtn.dispatch.undelivered import Undelivered
from vtn.store import Transaction, push
from vtn.store.errors import DatabaseBusy
from vtn.testing import Peer, World, running, until
from vtn.testing.ear import Said
from vtn.testing.listener import Listener

QUIET: dict[str, Any] = {"reports": {"request": []}}


@asynccontextmanager
async def pushed_to(
    overrides: dict[str, Any] | None = None, *, signatures: str | None = None
) -> AsyncIterator[tuple[World, Peer, Listener]]:
    """A VTN and a VEN that listens, with certificates, for which nothing waits any more."""
    async with running(QUIET | (overrides or {}), handlers=[AllowList()], tls=True) as world:
        peer = world.client("school")
        now = world.clock.now()
        await world.operator.enrol(
            "school", now=now, fingerprint=peer.fingerprint, signature_policy=signatures
        )
        listener = await world.listen(peer)
        yield world, peer, listener


async def settled(world: World, peer: Peer) -> None:
    await peer.join()
    await until(lambda: peer.pushed and not world.server.pushing)
    peer.pushed.clear()


async def test_r38_r53_r67_messages_go_over_mutual_tls_with_the_right_headers() -> None:
    async with pushed_to() as (world, peer, listener):
        await settled(world, peer)
        await world.send_event(event_id="e1")
        await until(lambda: peer.pushed)
        request = listener.requests[-1]
        assert request.method == "POST"
        assert request.path == "/OpenADR2/Simple/2.0b/EiEvent"
        assert request.headers["Content-Type"] == "application/xml"
        assert request.headers["Host"] == f"127.0.0.1:{request.url.port}"
        assert int(request.headers["Content-Length"]) > 100
        assert "Transfer-Encoding" not in request.headers
        assert "Content-Encoding" not in request.headers
        [shot] = peer.pushed
        assert isinstance(shot, m.DistributeEvent)
        assert (await peer.answer(shot)).response.code == 200


async def test_r53_a_long_message_has_a_length_and_is_not_chunked() -> None:
    async with pushed_to() as (world, peer, listener):
        await settled(world, peer)
        member = world.desk.roster.of_name("school")
        assert member is not None
        body, came = b"x" * 900_000, []

        async def hear(_: str, data: bytes) -> Said:
            came.append(data)
            return Said()

        listener._hear = hear
        reply = await HttpsPost(world.server.settings, world.clock)(
            member, ServiceName.EI_EVENT, body
        )
        assert (reply.status, came) == (200, [body])
        assert reply.fingerprint == peer.fingerprint
        request = listener.requests[-1]
        assert request.headers["Content-Length"] == "900000"
        assert "Transfer-Encoding" not in request.headers


async def test_r67_the_vtn_shows_its_certificate() -> None:
    async with pushed_to() as (_world, peer, listener):
        names: list[Any] = []

        async def look(_: m.Message) -> None:
            transport = listener.requests[-1].transport
            assert transport is not None
            names.append(transport.get_extra_info("peercert")["subject"])

        peer.ear.answer_always(look)
        await peer.register()
        await until(lambda: names)
        assert names[0] == ((("commonName", "127.0.0.1"),),)


async def test_r517_another_ven_of_the_programme_gets_nothing_that_is_for_this_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with pushed_to() as (world, peer, _):
        thief = world.client("thief")
        elsewhere = await world.listen(thief)
        peer.push_address = elsewhere.url
        await peer.register()
        await until(lambda: [one for one in caplog.records if "cannot be pushed" in one.message])
        assert elsewhere.requests == []
        assert thief.pushed == []
    [line] = [one for one in caplog.records if "cannot be pushed" in one.message][:1]
    assert "is not the pinned" in line.message
    assert line.rule == "R517"  # type: ignore[attr-defined]


async def test_r516_a_server_that_the_authority_has_revoked_gets_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with pushed_to() as (world, peer, listener):
        await settled(world, peer)
        count = len(listener.requests)
        assert world._authority is not None
        world._authority.revoke("school")
        world._authority.write_crl()
        await world.send_event()
        await until(lambda: [one for one in caplog.records if "cannot be pushed" in one.message])
        assert len(listener.requests) == count


async def test_a_new_certificate_counts_beside_the_old_one() -> None:
    async with pushed_to() as (world, peer, _listener):
        await settled(world, peer)
        now = world.clock.now()
        await world.operator.renew(
            "school", "00:11:22:33:44:55:66:77:88:99", now=now, overlap=timedelta(days=1)
        )
        await world.send_event()
        await until(lambda: peer.pushed)


async def test_a_redirect_is_not_followed() -> None:
    async with pushed_to() as (world, peer, listener):
        elsewhere = {"Location": f"{listener.url}/elsewhere/EiReport"}
        peer.ear.answer_next(Said(status=307, headers=elsewhere))
        await peer.register()
        await until(lambda: listener.requests and not world.server.pushing)
        assert len(listener.requests) == 1


async def test_a_long_answer_is_not_read(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(https, "MAX_BYTES", 10_000)
    async with pushed_to() as (_world, peer, _):
        peer.ear.answer_next(b" " * 20_000)
        await peer.register()
        await until(lambda: [one for one in caplog.records if "10000 bytes" in one.message])


async def test_a_connection_that_breaks_is_made_again() -> None:
    async with pushed_to() as (world, peer, _listener):
        peer.ear.answer_next(ConnectionResetError())
        await peer.register()
        await until(lambda: len(peer.pushed) == 1 and not world.server.pushing)
        await world.pass_time(seconds=2)
        await until(lambda: len(peer.pushed) == 2)
        assert peer.pushed[0] == peer.pushed[1]


async def test_a_ven_that_was_away_gets_it_when_it_listens_again() -> None:
    async with pushed_to() as (world, peer, listener):
        await settled(world, peer)
        await listener.stop()
        await world.send_event()
        await until(lambda: world.desk.pushes and not world.server.pushing)
        await listener.start()
        await world.pass_time(seconds=2)
        await until(lambda: peer.pushed)


async def test_r38_a_restart_between_sending_and_the_answer_sends_it_again() -> None:
    async with pushed_to() as (world, peer, _listener):
        await settled(world, peer)
        world_stopped = asyncio.Event()

        async def hang(_: m.Message) -> None:
            await world_stopped.wait()

        peer.ear.answer_next(hang)
        await world.operator.request_metadata("school", now=world.clock.now())
        await until(lambda: peer.pushed)
        # As a kill would: nothing of this exchange gets to the store any more.
        assert world.server._parts is not None
        await world.server._parts.pusher.close(0)
        await world.restart()
        world_stopped.set()
        await until(lambda: len(peer.pushed) == 2)
        assert peer.pushed[0] == peer.pushed[1]


async def test_r38_after_a_restart_what_waits_is_pushed() -> None:
    async with pushed_to() as (world, peer, listener):
        await settled(world, peer)
        await listener.stop()
        await world.send_event()
        await until(lambda: world.desk.pushes and not world.server.pushing)
        await listener.start()
        await world.restart()
        await until(lambda: peer.pushed)


async def test_a_server_that_stops_lets_an_exchange_finish() -> None:
    async with pushed_to() as (world, peer, _listener):
        await settled(world, peer)
        go_on = asyncio.Event()

        async def slow(message: Any) -> m.Message | None:
            await go_on.wait()
            return peer.ear.proper(message)

        peer.ear.answer_next(slow)
        await world.operator.request_metadata("school", now=world.clock.now())
        await until(lambda: peer.pushed)
        stopping = asyncio.create_task(world.server.stop())
        await asyncio.sleep(0.02)
        assert not stopping.done()
        go_on.set()
        await stopping
        world.server = world._made()
        await world.server.start()
        await asyncio.sleep(0.05)
        assert len(peer.pushed) == 1


@pytest.mark.parametrize("answer_signed", [True, False])
async def test_r514_a_ven_that_must_sign_gets_signed_messages_and_must_sign_its_answers(
    answer_signed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    bodies: list[bytes] = []
    async with pushed_to(signatures="required") as (world, peer, listener):
        hear = peer.ear.hear

        async def listen(service: str, body: bytes) -> Said:
            bodies.append(body)
            said = await hear(service, body)
            if not answer_signed:
                return said
            answer = peer.ear.proper(peer.pushed[-1])
            assert answer is not None
            return Said(body=peer.sign(answer, at=world.clock.now()))

        listener._hear = listen
        registration = m.CreatePartyRegistration(
            request_id="r",
            ven_name="school",
            http_pull_model=False,
            transport_address=peer.push_address,
        )
        reply = await peer.post(registration, signed=True)
        peer.ven_id = reply.ven_id
        await until(lambda: bodies and not world.server.pushing)
        assert b"<ds:Signature " in bodies[0]
        complaints = [one for one in caplog.records if "cannot be pushed" in one.message]
        if answer_signed:
            assert complaints == []
        else:
            assert complaints[0].rule == "R514"  # type: ignore[attr-defined]


async def test_r38_what_waits_is_pushed_though_the_database_failed_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read, asked = push.waited_for, []

    async def fails_at_first(tx: Transaction) -> dict[int, list[int]]:
        asked.append(tx)
        if len(asked) == 1:
            raise DatabaseBusy("for a test")
        return await read(tx)

    async with pushed_to() as (world, peer, listener):
        await settled(world, peer)
        await listener.stop()
        await world.send_event(event_id="e1")
        await until(lambda: not world.server.pushing)
        monkeypatch.setattr(push, "waited_for", fails_at_first)
        await world.restart()
        await listener.start()
        await until(lambda: peer.pushed)
        assert len(asked) == 2


async def test_r514_a_ven_that_announces_signatures_gets_signed_messages() -> None:
    bodies: list[bytes] = []
    async with pushed_to() as (_world, peer, listener):
        hear = peer.ear.hear

        async def listen(service: str, body: bytes) -> Said:
            bodies.append(body)
            return await hear(service, body)

        listener._hear = listen
        await peer.register(xml_signature=True)
        await until(lambda: bodies)
        assert b"<ds:Signature " in bodies[0]


async def test_a_host_off_the_allowed_networks_is_not_talked_to() -> None:
    settings = {"push": {"networks": ["192.0.2.0/24", "*.example"]}}
    async with pushed_to(settings) as (_, peer, listener):
        reply = await peer.register()
        assert (reply.code, listener.requests) == (469, [])


async def test_a_name_that_leads_off_the_allowed_networks_is_not_talked_to(
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = {"push": {"networks": ["192.0.2.0/24"]}}
    async with pushed_to(settings) as (_, peer, listener):
        peer.push_address = listener.url.replace("127.0.0.1", "localhost")
        assert (await peer.register()).code == 200
        await until(lambda: [one for one in caplog.records if "[push] networks" in one.message])
        assert listener.requests == []


@pytest.mark.parametrize("host", ["127.1", "2130706433", "127.0.0.1"])
async def test_an_address_is_held_against_the_networks_in_whichever_form_it_is_kept(
    host: str,
) -> None:
    settings = {"push": {"networks": ["192.0.2.0/24"]}}
    async with pushed_to(settings) as (world, _, listener):
        member = world.desk.roster.of_name("school")
        assert member is not None
        member.push_address = listener.url.replace("127.0.0.1", host)
        with pytest.raises(Undelivered, match=r"\[push\] networks"):
            await HttpsPost(world.server.settings, world.clock)(member, ServiceName.EI_EVENT, b"")
        assert listener.requests == []


async def test_names_that_lead_nowhere_for_long_hold_up_no_other_ven(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look, let_go = socket.getaddrinfo, threading.Event()

    def slow(host: Any, *args: Any, **how: Any) -> Any:
        if str(host).endswith(".nowhere"):
            let_go.wait(20)
            raise socket.gaierror("nowhere")
        return look(host, *args, **how)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    async with pushed_to({"push": {"concurrency": 60}}) as (world, peer, listener):
        peer.push_address = listener.url.replace("127.0.0.1", "localhost")
        await settled(world, peer)
        post = HttpsPost(world.server.settings, world.clock)
        member = world.desk.roster.of_name("school")
        assert member is not None
        address = member.push_address
        hanging = []
        for n in range(40):
            member.push_address = f"https://ven-{n}.nowhere"
            hanging.append(asyncio.create_task(post(member, ServiceName.EI_EVENT, b"")))
            await asyncio.sleep(0)
        member.push_address = address
        try:
            async with asyncio.timeout(5):
                reply = await post(member, ServiceName.EI_EVENT, b"")
        finally:
            let_go.set()
            await asyncio.gather(*hanging, return_exceptions=True)
        assert reply.status != 0
        assert all(isinstance(one.exception(), Undelivered) for one in hanging)


async def test_a_test_bench_without_certificates_pushes_on_this_machine() -> None:
    async with running(QUIET, handlers=[Open()]) as world:
        peer = world.peer("school")
        await world.listen(peer)
        await peer.register()
        await until(lambda: peer.pushed)


async def test_a_test_bench_without_certificates_talks_to_nobody_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running(QUIET, handlers=[Open()]) as world:
        peer = world.peer("school")
        peer.push_address = "http://192.0.2.1"
        await peer.register()
        await until(lambda: [one for one in caplog.records if "[push] networks" in one.message])


async def test_r38_a_ven_that_does_not_answer_in_time_is_given_up_for_now() -> None:
    async with pushed_to() as (world, peer, _):
        await settled(world, peer)
        member = world.desk.roster.of_name("school")
        assert member is not None
        post = HttpsPost(world.server.settings, world.clock)
        post._timeout = aiohttp.ClientTimeout(total=0.05)
        let_go = asyncio.Event()

        async def hang(_: str, __: bytes) -> Said:
            await let_go.wait()
            return Said()

        world._listeners[0]._hear = hang
        with pytest.raises(Undelivered, match="no answer in time") as caught:
            await post(member, ServiceName.EI_EVENT, b"<a/>")
        assert not caught.value.final
        let_go.set()


async def test_r516_a_ven_none_of_whose_certificates_counts_any_more_gets_nothing() -> None:
    async with pushed_to() as (world, peer, listener):
        await settled(world, peer)
        member = world.desk.roster.of_name("school")
        assert member is not None
        count = len(listener.requests)
        member.certificates = {peer.fingerprint: world.clock.now()}
        with pytest.raises(Undelivered, match="no certificate of this VEN is valid"):
            await HttpsPost(world.server.settings, world.clock)(
                member, ServiceName.EI_EVENT, b"<a/>"
            )
        assert len(listener.requests) == count


async def test_r68_both_profiles_of_tls_push() -> None:
    async with pushed_to({"tls": {"profile": "certification"}}) as (world, peer, listener):
        assert world.server.settings.tls.profile == "certification"
        await peer.register()
        await until(lambda: peer.pushed)
        transport = listener.requests[-1].transport
        assert listener._tls is not None
        assert transport is None or transport.get_extra_info("cipher") is not None
