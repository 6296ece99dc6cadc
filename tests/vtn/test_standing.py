"""What was good at the handshake stops when it is no longer, on connections that are open (R516).

Everything here goes over real TLS, with connections that are kept. A refusal by HTTP proves that
the connection was the one from before: a new handshake would have failed.
"""

import asyncio
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from certs import Authority, KeyPair, TLSFiles, client_context
from handlers.registration import AllowList
from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from tests.vtn.kit import Open
from vtn import upkeep
from vtn.dispatch.https import HttpsPost
from vtn.dispatch.undelivered import Undelivered
from vtn.operator import Operator
from vtn.store import Store, certificate
from vtn.testing import Answer, Peer, World, running, until

#: Long enough for a registration on a busy machine, short enough for a test.
SHORT = timedelta(seconds=5)


def authority(world: World) -> Authority:
    return Authority.load(world.folder / "ca")


def short_lived(world: World, name: str) -> Peer:
    """Returns a VEN whose certificate expires while the test runs."""
    peer = world.client(name)
    issued = Authority.load(world.folder / "ca").issue_ven(f"{name} soon", valid_for=SHORT)
    pair = KeyPair(certificate=world.folder / "soon.crt", key=world.folder / "soon.key")
    issued.save(pair.certificate, pair.key)
    tls = client_context(TLSFiles(ca=world.authority_file, pairs=[pair]))
    peer._door._tls = tls  # type: ignore[attr-defined]  # the door is that over HTTP
    peer.fingerprint = issued.record.fingerprint
    return peer


async def poll(peer: Peer) -> Answer:
    return await peer.raw("OadrPoll", codec.encode(m.Poll(ven_id=peer.ven_id)))


async def until_refused(peer: Peer) -> Answer:
    """Polls on the same connection until it is not taken any more."""
    async with asyncio.timeout(30):
        while True:
            answer = await poll(peer)
            if answer.status != 200:
                return answer
            await asyncio.sleep(0.05)


async def check_out(peer: Peer, answer: Answer, words: bytes) -> None:
    """Checks that a VEN was told why, and gets in no more."""
    assert answer.status == 403
    assert words in answer.body
    assert answer.headers["Connection"] == "close"
    with pytest.raises((ssl.SSLError, aiohttp.ClientError, ConnectionError)):
        await poll(peer)


async def test_r516_a_certificate_that_expires_stops_its_open_connection() -> None:
    async with running(handlers=[Open()], tls=True) as world:
        peer, other = short_lived(world, "school"), world.client("mill")
        await peer.register("school")
        await other.register("mill")
        answer = await until_refused(peer)
        await check_out(peer, answer, b"the client certificate has expired")
        assert (await poll(other)).status == 200


async def test_r516_what_only_the_revocation_list_knows_stops_an_open_connection() -> None:
    """As with `oadr-certs revoke`, of which the database hears nothing."""
    async with running(handlers=[Open()], tls=True) as world:
        peer, other = world.client("school"), world.client("mill")
        await peer.register("school")
        await other.register("mill")
        assert (await poll(peer)).status == 200
        authority(world).revoke("school")
        answer = await until_refused(peer)
        await check_out(peer, answer, b"the client certificate is revoked")
        assert (await poll(other)).status == 200


async def test_r516_what_another_process_revokes_in_the_store_stops_an_open_connection() -> None:
    """As with `vtn ven revoke`, where the authority is kept elsewhere."""
    async with running(handlers=[Open()], tls=True) as world:
        peer, other = world.client("school"), world.client("mill")
        await peer.register("school")
        await other.register("mill")
        assert code(await poll(peer)) == 200
        elsewhere = await Store.open(world.desk.settings.store.url)
        try:
            await Operator(store=elsewhere).revoke("school", now=world.clock.now())
        finally:
            await elsewhere.close()
        async with asyncio.timeout(30):
            while code(await poll(peer)) == 200:
                await peer.settle()
        assert code(await poll(peer)) == 463
        assert code(await poll(other)) == 200


def code(answer: Answer) -> int:
    assert answer.status == 200
    response: m.EiResponse | None = getattr(answer.message, "response", None)
    return 200 if response is None else response.code


async def test_r516_nothing_goes_out_with_a_certificate_of_ours_that_has_expired(
    tmp_path: Path,
) -> None:
    """On the connection on which it was shown; with new files the next one is well."""
    own = Authority.create(tmp_path / "ca", "Own")
    pair = KeyPair(certificate=tmp_path / "vtn.crt", key=tmp_path / "vtn.key")
    own.issue_vtn(["127.0.0.1"], valid_for=SHORT).save(pair.certificate, pair.key)
    files = {
        "certificate": str(pair.certificate),
        "key": str(pair.key),
        "ca": str(own.certificate_path),
        "crl": str(own.crl_path),
    }
    async with running({"tls": files}, handlers=[Open()], tls=True) as world:
        peer = world.client("school")
        client = KeyPair(certificate=tmp_path / "ven.crt", key=tmp_path / "ven.key")
        issued = own.issue_ven("school")
        issued.save(client.certificate, client.key)
        trust = TLSFiles(ca=own.certificate_path, pairs=[client])
        peer._door._tls = client_context(trust)  # type: ignore[attr-defined]
        await peer.register("school")
        answer = await until_refused(peer)
        assert answer.status == 403
        assert b"the certificate of this server has expired" in answer.body
        assert answer.headers["Connection"] == "close"
        next_one = own.renew("127.0.0.1", overlap=timedelta(0))
        pair.key.unlink()
        pair.certificate.unlink()
        next_one.save(pair.certificate, pair.key)
        async with asyncio.timeout(30):
            while (await poll(peer)).status != 200:
                await peer.settle()


async def test_r516_nothing_is_pushed_with_a_certificate_of_ours_that_has_expired(
    tmp_path: Path,
) -> None:
    async with running(handlers=[AllowList()], tls=True) as world:
        peer = world.client("school")
        await world.operator.enrol("school", now=world.clock.now(), fingerprint=peer.fingerprint)
        listener = await world.listen(peer)
        await peer.join()
        await until(lambda: peer.pushed and not world.server.pushing)
        # What a push shows is learned, too.
        await upkeep.learn(world.desk)
        async with world.desk.store.read() as tx:
            (proof,) = await certificate.all_valid(tx, now=world.clock.now())
        assert proof.subject == "school"
        member = world.desk.roster.of_name("school")
        assert member is not None
        heard = len(listener.requests)
        before = datetime.now(UTC) - timedelta(minutes=4)
        old = authority(world).issue_vtn(["old"], now=before, valid_for=timedelta(minutes=1))
        pair = KeyPair(certificate=tmp_path / "old.crt", key=tmp_path / "old.key")
        old.save(pair.certificate, pair.key)
        settings = world.server.settings
        tls = replace(settings.tls, certificate=pair.certificate, key=pair.key)
        post = HttpsPost(replace(settings, tls=tls), world.clock)
        with pytest.raises(Undelivered, match="certificate of this VTN has expired") as caught:
            await post(member, ServiceName.EI_EVENT, b"<a/>")
        assert caught.value.rule == "R516"
        assert len(listener.requests) == heard
