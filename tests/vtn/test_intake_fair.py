"""One VEN that sends long or wrong documents keeps nobody waiting but itself."""

import asyncio
import threading

import pytest
from lxml import etree

from oadr import codec
from oadr import messages as m
from tests.vtn.kit import Open
from vtn.config import HttpSettings
from vtn.desk import Caller
from vtn.intake import Intake
from vtn.testing import Peer, running

LONG = b"x" * 100_000
#: Takes the mender a fifth of a second, and a strict reader nothing.
UNKNOWN = b"<a/>" * 15_000


async def test_long_documents_of_one_peer_wait_for_each_other_and_let_others_pass() -> None:
    intake = Intake(HttpSettings())
    begun: list[str] = []
    go_on = asyncio.Event()

    def handling(name: str) -> asyncio.Task[None]:
        async def handle() -> None:
            begun.append(name)
            await go_on.wait()

        return asyncio.create_task(intake.in_turn(name, LONG, handle))

    tasks = [handling("greedy") for _ in range(20)] + [handling("other")]
    for _ in range(5):
        await asyncio.sleep(0)
    assert begun == ["greedy", "other"]
    go_on.set()
    await asyncio.gather(*tasks)
    assert begun.count("greedy") == 20
    assert not intake._own_turns
    assert intake._taken == 0


def _full_of_nothing(peer: Peer) -> bytes:
    poll = codec.encode(m.Poll(ven_id=peer.ven_id))
    return poll.replace(b"<ei:venID>", UNKNOWN + b"<ei:venID>")


@pytest.mark.parametrize("profile", ["strict", "lenient"])
async def test_nobody_waits_until_the_document_of_another_is_mended_or_examined(
    profile: str,
) -> None:
    async with running({"peers": {"profile": profile}}, handlers=[Open()], tls=True) as world:
        greedy, other = world.client("greedy"), world.client("other")
        for peer in (greedy, other):
            await peer.join(peer.name)
            assert await peer.poll() is not None
        done: list[str] = []

        async def wrong() -> None:
            answer = await greedy.raw("OadrPoll", _full_of_nothing(greedy))
            assert answer.status == (406 if profile == "strict" else 200)
            done.append("greedy")

        slow = asyncio.create_task(wrong())
        async with asyncio.timeout(30):
            while not slow.done():
                await other.poll()
                done.append("other")
        await slow
        # While the one document was dealt with, the other VEN has polled more than once.
        assert done.count("other") > 3


async def test_r514_nobody_waits_until_a_long_signed_document_is_verified(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One of 9 MB takes a second."""
    async with running(handlers=[Open()], tls=True) as world:
        peer = world.client("school")
        await peer.join("school")
        assert world.server._endpoint is not None
        signatures = world.server._endpoint.signatures
        verify, beside = signatures.verify, []

        def watched(root: etree._Element, caller: Caller) -> etree._Element:
            beside.append(threading.current_thread() is not threading.main_thread())
            return verify(root, caller)

        monkeypatch.setattr(signatures, "verify", watched)
        for length in (10, 100_000):
            message = m.QueryRegistration(request_id="r" * length)
            data = peer.sign(message)
            # The second time it is a replay, wherever the first one was verified.
            for expected in (200, 463):
                reply = (await peer.raw("EiRegisterParty", data)).message
                assert isinstance(reply, m.CreatedPartyRegistration)
                assert reply.response.code == expected
        assert beside == [False, False, True, True]


async def test_what_is_examined_beside_the_loop_is_told_as_before() -> None:
    async with running(handlers=[Open()], tls=True) as world:
        peer = world.client("school")
        await peer.join("school")
        assert (await peer.raw("OadrPoll", _full_of_nothing(peer))).status == 406
        held = [one for mine in world.desk.refusals._of.values() for one in mine.values()]
        assert [one.repairs for one in held] == [("drop-unknown-element",)]
