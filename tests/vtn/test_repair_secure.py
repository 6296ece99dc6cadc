"""Repairs and identity: certificates, signatures, and who is meant."""

from base64 import b64encode

import pytest
from lxml import etree

from oadr import codec
from oadr import messages as m
from oadr.replies import ven_id_of
from oadr.signature.xmldsig import canonical, digest
from tests.vtn.test_repair import LENIENT, counted, set_peer, unqualified
from vtn.testing import Peer, World, running


async def registered(world: World, name: str, policy: str | None = None) -> Peer:
    peer = world.client(name)
    now = world.clock.now()
    await world.operator.enrol(name, now=now, fingerprint=peer.fingerprint, signature_policy=policy)
    answer = await peer.raw(
        "EiRegisterParty",
        peer.sign(m.CreatePartyRegistration(request_id="1", ven_name=name, http_pull_model=True)),
    )
    assert isinstance(answer.message, m.CreatedPartyRegistration)
    peer.ven_id = answer.message.ven_id or ""
    return peer


def resealed(peer: Peer, root: etree._Element) -> bytes:
    """Signs a changed document anew, as a VEN does that writes it so."""
    assert peer.key is not None
    signature, signed_object = root
    signed_info, value, _, protected = signature
    for reference, element in zip(signed_info[2:], (signed_object, protected), strict=True):
        reference[-1].text = b64encode(digest(canonical(element))).decode()
    value.text = b64encode(peer.key.sign(canonical(signed_info))).decode()
    return bytes(etree.tostring(root))


def spoiled(data: bytes) -> etree._Element:
    """The same message as a VEN writes it that forgets a namespace."""
    return etree.fromstring(data.replace(b" ei:schemaVersion", b" schemaVersion"))


def code(message: object) -> int:
    response: m.EiResponse | None = getattr(message, "response", None)
    assert message is not None
    return 200 if response is None else response.code


async def test_r514_a_signature_is_verified_on_the_document_as_it_came() -> None:
    async with running(LENIENT, tls=True) as world:
        peer = await registered(world, "mill", "required")
        poll = m.Poll(ven_id=peer.ven_id)
        for _ in range(2):
            answer = await peer.raw("OadrPoll", resealed(peer, spoiled(peer.sign(poll))))
            assert code(answer.message) == 200
        assert await counted(world, peer) == {"qualify-attributes": 2}
        # The right signature of the mended document does not cover what came.
        answer = await peer.raw("OadrPoll", etree.tostring(spoiled(peer.sign(poll))))
        assert code(answer.message) == 463


async def test_r514_mending_is_no_way_around_a_signature() -> None:
    async with running(LENIENT, tls=True) as world:
        peer = await registered(world, "mill", "required")
        poll = m.Poll(ven_id=peer.ven_id)
        bare = etree.tostring(etree.fromstring(codec.encode(poll))[0][0])
        for document in (unqualified(poll), bare):
            for _ in range(2):
                answer = await peer.raw("OadrPoll", document)
                assert code(answer.message) == 463
        moved = spoiled(peer.sign(poll))
        moved.append(moved[0])
        assert (await peer.raw("OadrPoll", etree.tostring(moved))).status == 406


@pytest.mark.parametrize("profile", ["strict", "repair", "lenient"])
async def test_r508_a_missing_ven_id_is_that_of_the_certificate(profile: str) -> None:
    async with running({"peers": {"profile": profile}}, tls=True) as world:
        peer = await registered(world, "mill")
        update = codec.encode(m.UpdateReport(request_id="1"))
        poll = codec.encode(m.Poll(ven_id="")).replace(b"<ei:venID></ei:venID>", b"")
        answers = [await peer.raw("EiReport", update), await peer.raw("OadrPoll", poll)]
        if profile == "lenient":
            assert [code(answer.message) for answer in answers] == [200, 200]
            assert await counted(world, peer) == {"fill-ven-id": 2}
        else:
            assert (code(answers[0].message), answers[1].status) == (452, 406)


async def test_r508_the_same_poll_without_a_ven_id_is_each_ven_s_own() -> None:
    async with running(LENIENT, tls=True) as world:
        one, other = await registered(world, "mill"), await registered(world, "bakery")
        poll = codec.encode(m.Poll(ven_id="")).replace(b"<ei:venID></ei:venID>", b"")
        for peer in (one, other, one, other):
            answer = await peer.raw("OadrPoll", poll)
            assert answer.message is not None
            assert (code(answer.message), ven_id_of(answer.message)) == (200, peer.ven_id)


async def test_r517_no_repair_lets_one_ven_speak_as_another() -> None:
    async with running(LENIENT, tls=True) as world:
        mill, victim = await registered(world, "mill"), await registered(world, "bakery")
        for ven_id in (victim.ven_id, f" {victim.ven_id} "):
            answer = await mill.raw("OadrPoll", unqualified(m.Poll(ven_id=ven_id)))
            assert code(answer.message) in (452, 463)
        named = codec.encode(m.Poll(ven_id=victim.ven_id)).replace(b"ei:venID", b"oadr:venID")
        assert code((await mill.raw("OadrPoll", named)).message) in (452, 463)
        assert await counted(world, victim) == {}


async def test_a_mended_poll_is_kept_for_those_alone_whose_profile_allows_it() -> None:
    async with running(tls=True) as world:
        mill, bakery = await registered(world, "mill"), await registered(world, "bakery")
        await set_peer(world, "mill", "repair")
        document = unqualified(m.Poll(ven_id=mill.ven_id))
        assert [(await mill.raw("OadrPoll", document)).status for _ in range(2)] == [200, 200]
        assert (await bakery.raw("OadrPoll", document)).status == 406
