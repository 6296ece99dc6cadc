"""Answers to what is pushed are read by the profile of the VEN, like its messages."""

from typing import Any

import pytest

from oadr import messages as m
from tests.vtn.test_push import QUIET, a_listener, kinds, waiting
from tests.vtn.test_repair import counted, unqualified
from vtn.testing import JoinedWorld, Peer, joined


def answering(peer: Peer) -> None:
    """Lets a VEN forget a namespace in all that it answers."""

    def answer(message: m.Message) -> Any:
        proper = peer.ear.proper(message)
        return unqualified(proper) if proper is not None else None

    peer.ear.answer_always(answer)


async def asked(world: JoinedWorld, peer: Peer) -> None:
    """Asks a VEN for something, and gives it time to answer."""
    await world.operator.request_metadata("school", now=world.clock.now())
    await world.rest()


@pytest.mark.parametrize("profile", ["strict", "repair"])
async def test_an_answer_to_a_push_is_mended_by_the_profile(profile: str) -> None:
    async with joined(QUIET | {"peers": {"profile": profile}}) as world:
        peer = await a_listener(world)
        answering(peer)
        await asked(world, peer)
        assert kinds(peer)[0] == "CreateReport"
        mended = profile == "repair"
        assert bool(await waiting(world)) is not mended
        assert await counted(world, peer) == ({"qualify-attributes": 1} if mended else {})
