"""Who may say what: certificates, signatures, and what the transport proves."""

import asyncio
import logging
import ssl
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp.test_utils import make_mocked_request

from certs import TLSFiles, client_context, openadr_fingerprint
from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from oadr.signature import Fingerprints, ReplayCache, verify
from runtime.settings import ConfigError
from tests.vtn.kit import INTERVAL, STANDING, Open, dispatch, metadata, readings, update
from vtn.endpoint import Endpoint
from vtn.operator import Changes
from vtn.signatures import Signatures
from vtn.testing import Answer, Peer, World, running


async def registered(world: World, name: str, policy: str | None = None) -> Peer:
    peer = world.client(name)
    await world.operator.enrol(
        name, now=world.clock.now(), fingerprint=peer.fingerprint, signature_policy=policy
    )
    reply = await peer.raw(
        "EiRegisterParty",
        peer.sign(m.CreatePartyRegistration(request_id="1", ven_name=name, http_pull_model=True)),
    )
    message = reply.message
    assert isinstance(message, m.CreatedPartyRegistration)
    assert message.response.code == 200
    peer.ven_id, peer.registration_id = message.ven_id or "", message.registration_id or ""
    return peer


def poll(peer: Peer) -> m.Poll:
    return m.Poll(ven_id=peer.ven_id)


def code(answer: Answer) -> int:
    response: m.EiResponse | None = getattr(answer.message, "response", None)
    return 200 if response is None else response.code


def rules(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [
        (getattr(record, "ven", ""), getattr(record, "rule", ""))
        for record in caplog.records
        if record.levelno >= logging.WARNING
    ]


# ---------------------------------------------------------------- certificates


async def test_nobody_gets_in_without_a_certificate() -> None:
    async with running(tls=True) as world:
        port = world.server.port
        context = ssl.create_default_context(cafile=world.authority_file)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await _ask(port, context)


async def _ask(port: int, context: ssl.SSLContext) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        writer.write(b"POST / HTTP/1.1\r\n\r\n")
        await writer.drain()
        if not await reader.read(1):
            raise ConnectionResetError
    finally:
        writer.close()


async def test_r517_a_message_in_the_name_of_another_ven_changes_nothing_there() -> None:
    async with running({"reports": STANDING}, handlers=[Open()], tls=True) as world:
        one, thief = world.client("one"), world.client("thief")
        await one.register("one")
        await thief.register("thief")
        reply = await one.post(metadata(one, world))
        request_id = reply.requests[0].report_request_id
        report = readings(request_id, world.clock.now(), {"main": ["1"]})
        for message in (update(one, report), replace(update(one, report), ven_id=None)):
            reply = await thief.post(message)
            assert isinstance(reply, m.UpdatedReport)
            assert reply.response.code == 452
        reply = await thief.post(replace(update(one, report), ven_id=thief.ven_id))
        assert reply.response.code == 452
        cancel = m.CancelPartyRegistration(
            request_id="1", registration_id=one.registration_id, ven_id=one.ven_id
        )
        assert (await thief.post(cancel)).response.code == 452
        assert (await one.post(update(one, report))).response.code == 200


async def test_r508_a_missing_ven_id_is_452_over_tls() -> None:
    async with running(handlers=[Open()], tls=True) as world:
        peer = world.client("ven")
        await peer.register("ven")
        reply = await peer.post(m.RegisterReport(request_id="1"))
    assert isinstance(reply, m.RegisteredReport)
    assert reply.response.code == 452
    assert "R508" in str(reply.response.description)


async def test_a_message_whose_connection_is_gone_does_not_speak_for_itself() -> None:
    """A request can be looked at after its connection was lost; then no certificate is there."""
    async with running(handlers=[Open()], tls=True) as world:
        victim, thief = world.client("victim"), world.client("thief")
        await victim.register("victim")
        await thief.register("thief")
        assert thief.pair is not None
        context = client_context(TLSFiles(ca=world.authority_file, pairs=[thief.pair]))
        cancel = m.CancelPartyRegistration(
            request_id="1", registration_id=victim.registration_id, ven_id=victim.ven_id
        )
        body = codec.encode(cancel)
        head = (
            f"POST /OpenADR2/Simple/2.0b/EiRegisterParty HTTP/1.1\r\nHost: x\r\n"
            f"Content-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        for _ in range(10):
            _, writer = await asyncio.open_connection("127.0.0.1", world.server.port, ssl=context)
            writer.write((head + body) * 3)
            await writer.drain()
            writer.transport.abort()
        await asyncio.sleep(0.05)
        member = world.desk.roster.of_ven_id(victim.ven_id)
        assert member is not None
        assert member.registered


class Gone(asyncio.Transport):
    """A connection that has been closed."""

    def get_write_buffer_size(self) -> int:
        return 0


async def test_a_request_on_a_secure_server_without_a_transport_is_403() -> None:
    async with running(handlers=[Open()], tls=True) as world:
        peer = world.client("ven")
        await peer.register("ven")
        endpoint = Endpoint(
            world.desk, Signatures.from_settings(world.server.settings), secure=True
        )
        headers = {"Content-Type": "application/xml"}
        request = make_mocked_request("POST", "/", headers=headers, transport=Gone())
        response = await endpoint.handle(None, request)
    assert response.status == 403


async def test_a_document_that_nobody_is_proven_to_have_sent_does_not_speak_for_itself() -> None:
    async with running(handlers=[Open()], tls=True) as world:
        peer = world.client("ven")
        await peer.register("ven")
        endpoint = world.server._endpoint
        assert endpoint is not None
        poll = codec.encode(m.Poll(ven_id=peer.ven_id))
        response = await endpoint.answer(ServiceName.OADR_POLL, poll)
    assert response.status == 403


async def test_a_revoked_ven_is_out_at_once_on_its_open_connection() -> None:
    async with running(handlers=[Open()], tls=True) as world:
        peer = world.client("ven")
        await peer.register("ven")
        await peer.settle()
        revoked = await world.operator.revoke("ven", now=world.clock.now())
        assert revoked == (peer.fingerprint,)
        reply = await peer.poll()
        assert reply.response.code == 463
        # The name stays that of the one that was enrolled.
        assert (await peer.register("ven")).response.code == 463


async def test_the_old_certificate_counts_until_the_end_of_the_overlap() -> None:
    async with running(handlers=[Open()], tls=True) as world:
        old, new = world.client("ven"), world.client("ven-next")
        await old.register("ven")
        await old.settle()
        await world.operator.renew(
            "ven", new.fingerprint, now=world.clock.now(), overlap=timedelta(days=1)
        )
        new.ven_id = old.ven_id
        assert (await new.poll()).response.code == 200
        assert (await old.poll()).response.code == 200
        await world.clock.advance(timedelta(days=1))
        assert (await new.poll()).response.code == 200
        assert (await old.poll()).response.code == 463
        # Revoking takes what is left.
        revoked = await world.operator.revoke("ven", now=world.clock.now())
        assert revoked == (new.fingerprint,)


# ---------------------------------------------------------------- signatures


async def test_r514_whatever_is_sent_is_signed_where_that_is_configured() -> None:
    async with running({"signatures": {"always": True}}, tls=True) as world:
        peer = await registered(world, "ven", "accepted")
        answer = await peer.raw("OadrPoll", codec.encode(poll(peer)))
        assert code(answer) == 200
        assert answer.signed


async def test_to_sign_always_needs_a_key() -> None:
    with pytest.raises(ConfigError, match=r"signatures\.always.*no key"):
        async with running({"signatures": {"always": True}}):
            pass


@pytest.mark.parametrize("policy", ["required", "accepted"])
async def test_r514_a_signed_message_gets_a_signed_reply(policy: str) -> None:
    async with running(tls=True) as world:
        peer = await registered(world, "ven", policy)
        answer = await peer.raw("OadrPoll", peer.sign(poll(peer)))
        assert code(answer) == 200
        assert answer.signed
        pem = (world.folder / "vtn.crt").read_text()
        mine = openadr_fingerprint(ssl.PEM_cert_to_DER_cert(pem))
        verify(
            codec.parse(answer.body),
            trusted=Fingerprints(mine),
            now=world.clock.now(),
            replay=ReplayCache(tolerance=timedelta(minutes=1)),
            who="vtn",
        )


async def test_r514_an_unsigned_message_is_463_where_a_signature_is_required(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with running(tls=True) as world:
        peer = await registered(world, "ven", "required")
        caplog.clear()
        answer = await peer.raw("OadrPoll", codec.encode(poll(peer)))
        assert code(answer) == 463
        assert answer.signed
        assert rules(caplog) == [("ven", "R514")]
        # What waits for the VEN has not been taken.
        assert isinstance(
            (await peer.raw("OadrPoll", peer.sign(poll(peer)))).message, m.RegisterReport
        )


async def test_r514_an_unsigned_message_is_fine_where_a_signature_is_accepted() -> None:
    async with running(tls=True) as world:
        peer = await registered(world, "ven", "accepted")
        answer = await peer.raw("OadrPoll", codec.encode(poll(peer)))
    assert code(answer) == 200
    assert not answer.signed


async def test_r514_a_bad_signature_is_nothing_where_signatures_are_ignored() -> None:
    async with running(tls=True) as world:
        peer = await registered(world, "ven", "ignored")
        body = peer.sign(poll(peer), at=world.clock.now() - timedelta(days=1))
        answer = await peer.raw("OadrPoll", body)
    assert code(answer) == 200
    assert not answer.signed


@pytest.mark.parametrize("policy", ["required", "accepted"])
async def test_r514_replayed_old_and_future_messages_are_463(
    policy: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(tls=True) as world:
        peer = await registered(world, "ven", policy)
        await peer.raw("OadrPoll", peer.sign(poll(peer)))
        now = world.clock.now()
        fresh = peer.sign(poll(peer))
        assert code(await peer.raw("OadrPoll", fresh)) == 200
        caplog.clear()
        for body in (
            fresh,
            peer.sign(poll(peer), at=now - timedelta(minutes=2)),
            peer.sign(poll(peer), at=now + timedelta(minutes=2)),
            peer.sign(poll(peer), at=now + timedelta(days=365)),
        ):
            assert code(await peer.raw("OadrPoll", body)) == 463
        assert rules(caplog) == [("ven", "R514")] * 4
        assert code(await peer.raw("OadrPoll", peer.sign(poll(peer)))) == 200


async def test_r514_a_message_that_was_changed_after_signing_is_463() -> None:
    async with running(tls=True) as world:
        peer = await registered(world, "ven", "required")
        body = peer.sign(m.RequestEvent(request_id="1", ven_id=peer.ven_id, reply_limit=1))
        assert (
            code(await peer.raw("EiEvent", body.replace(b">1</pyld:reply", b">2</pyld:reply")))
            == 463
        )
        assert code(await peer.raw("EiEvent", body)) == 200


async def test_r514_a_signature_of_another_ven_is_463() -> None:
    async with running(tls=True) as world:
        one = await registered(world, "one", "required")
        other = await registered(world, "other", "required")
        answer = await other.raw("OadrPoll", one.sign(poll(other)))
        assert code(answer) == 463
        # A message that was stolen whole is refused for whom it names.
        answer = await other.raw("OadrPoll", one.sign(poll(one)))
        assert code(answer) == 463


async def test_r514_events_and_registrations_are_signed_too() -> None:
    async with running(tls=True) as world:
        peer = await registered(world, "ven", "required")
        await peer.raw("OadrPoll", peer.sign(poll(peer)))
        await dispatch(world)
        answer = await peer.raw("OadrPoll", peer.sign(poll(peer)))
        assert isinstance(answer.message, m.DistributeEvent)
        assert answer.signed
        answer = await peer.raw(
            "EiRegisterParty", codec.encode(m.QueryRegistration(request_id="1"))
        )
        assert code(answer) == 463
        assert answer.signed


async def test_the_policy_of_the_vtn_holds_for_vens_without_one() -> None:
    async with running({"signatures": {"policy": "required"}}, tls=True) as world:
        peer = await registered(world, "ven")
        assert code(await peer.raw("OadrPoll", codec.encode(poll(peer)))) == 463
        stranger = world.client("stranger")
        query = m.QueryRegistration(request_id="1")
        assert code(await stranger.raw("EiRegisterParty", codec.encode(query))) == 463
        assert code(await stranger.raw("EiRegisterParty", stranger.sign(query))) == 200


async def test_a_changed_policy_holds_at_once() -> None:
    async with running(tls=True) as world:
        peer = await registered(world, "ven", "accepted")
        await world.operator.change(
            "ven", Changes(signature_policy="required"), now=world.clock.now()
        )
        assert code(await peer.raw("OadrPoll", codec.encode(poll(peer)))) == 463
        await world.clock.advance(INTERVAL)
        assert code(await peer.raw("OadrPoll", peer.sign(poll(peer)))) == 200
