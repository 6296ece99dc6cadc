"""Polls that have come before need not be read again, and get no other answer for it."""

import pytest

from oadr import codec
from oadr import messages as m
from oadr.errors import XMLError
from tests.vtn.kit import Open, a_ven, dispatch, joined
from vtn import familiar
from vtn.familiar import FamiliarPolls
from vtn.operator import Changes
from vtn.testing import running

POLL = m.Poll(ven_id="ven-1")
DOCUMENT = codec.encode(POLL)


def test_a_poll_is_found_by_its_bytes_alone() -> None:
    polls = FamiliarPolls()
    polls.keep(DOCUMENT, POLL)
    assert polls.find(DOCUMENT) is POLL
    assert polls.find(DOCUMENT + b"\n") is None


def test_a_long_document_is_not_kept() -> None:
    polls = FamiliarPolls()
    document = DOCUMENT + b" " * familiar.MAX_BYTES
    polls.keep(document, POLL)
    assert polls.find(document) is None


def test_the_memory_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(familiar, "MAX_POLLS", 2)
    polls = FamiliarPolls()
    documents = [codec.encode(m.Poll(ven_id=f"ven-{n}")) for n in range(3)]
    for document in documents:
        polls.keep(document, POLL)
    assert [polls.find(document) for document in documents] == [None, None, POLL]


async def test_a_poll_that_is_not_read_again_still_gets_what_waits() -> None:
    async with a_ven() as (world, peer):
        replies = [await peer.poll(), await peer.poll()]
        await dispatch(world)
        replies.append(await peer.poll())
    assert [type(reply) for reply in replies] == [m.Response, m.Response, m.DistributeEvent]


async def test_a_poll_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_ven() as (_, peer):
        await peer.poll()

        def unexpected(*_: object, **__: object) -> None:
            raise XMLError("it was read again")

        document = codec.encode(m.Poll(ven_id=peer.ven_id))
        monkeypatch.setattr("vtn.endpoint.codec.parse", unexpected)
        assert (await peer.raw("OadrPoll", document)).status == 200
        assert (await peer.raw("OadrPoll", document + b"\n")).status == 406


async def test_a_familiar_poll_at_the_address_of_another_service_is_404() -> None:
    async with a_ven() as (_, peer):
        await peer.poll()
        answer = await peer.raw("EiEvent", codec.encode(m.Poll(ven_id=peer.ven_id)))
    assert answer.status == 404


async def test_r517_the_familiar_poll_of_a_ven_gives_another_nothing() -> None:
    async with running(handlers=[Open()], tls=True) as world:
        one, other = world.client("one"), world.client("other")
        for peer, name in ((one, "one"), (other, "other")):
            await peer.register(name)
            await peer.settle()
        await one.poll()
        reply = await other.post(m.Poll(ven_id=one.ven_id))
    assert reply.response.code == 452


async def test_r514_a_familiar_poll_is_refused_once_it_must_be_signed() -> None:
    async with a_ven() as (world, peer):
        await peer.poll()
        changes = Changes(signature_policy="required")
        await world.operator.change("ven", changes, now=world.clock.now())
        reply = await peer.poll()
    assert reply.response.code == 463


async def test_r405_a_familiar_poll_is_refused_after_the_registration_has_ended() -> None:
    async with a_ven() as (world, _):
        leaving = await joined(world, "leaving")
        await leaving.poll()
        await world.operator.cancel_registration("leaving", now=world.clock.now())
        await leaving.poll()
        await leaving.post(
            m.CanceledPartyRegistration(response=m.EiResponse(), ven_id=leaving.ven_id)
        )
        reply = await leaving.poll()
    assert reply.response.code == 463
