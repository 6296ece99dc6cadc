"""What a handler of a VTN decides wrongly: 469 for the peer, its name for the log."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from oadr.report import build_metadata_request
from tests.vtn.kit import HOUR, MINUTE, Open, a_ven, metadata
from vtn.hooks import HOOKS, Context, PollHandler
from vtn.testing import Peer, World, running

Say = Callable[[World, Peer], m.Message]


def _poll(world: World, peer: Peer) -> m.Message:
    return m.Poll(ven_id=peer.ven_id)


#: Deciding hook -> a message for which it is asked.
MESSAGES: dict[str, Say] = {
    "ven_lookup": _poll,
    "on_query_registration": lambda world, peer: m.QueryRegistration(request_id="q"),
    "on_create_party_registration": lambda world, peer: m.CreatePartyRegistration(
        request_id="q", ven_name="another", http_pull_model=True
    ),
    "on_request_event": lambda world, peer: m.RequestEvent(request_id="q", ven_id=peer.ven_id),
    "on_register_report": lambda world, peer: metadata(peer, world),
    "on_offer_reports": lambda world, peer: m.CreateReport(
        request_id="q", ven_id=peer.ven_id, requests=(build_metadata_request("md"),)
    ),
    "on_request_report": lambda world, peer: m.CreateReport(
        request_id="q",
        ven_id=peer.ven_id,
        requests=(
            m.ReportRequest(
                report_request_id="r",
                report_specifier_id="usage",
                granularity=MINUTE,
                report_back_duration=HOUR,
                data_points=(m.SpecifierPayload(r_id="main"),),
            ),
        ),
    ),
    "on_poll": _poll,
}


def _returns(name: str) -> tuple[type, ...]:
    return next(hook.returns for hook in HOOKS if hook.name == name)


#: Deciding hooks that are asked in no exchange: tests/vtn/test_serving.py has those.
BETWEEN = {"on_collect_readings"}
LISTS = sorted(name for name in MESSAGES if list in _returns(name))


def test_every_deciding_hook_is_here() -> None:
    assert set(MESSAGES) == {hook.name for hook in HOOKS if hook.deciding} - BETWEEN


class Wrong:
    """Decides one hook, wrongly."""

    def __init__(self, hook: str, result: Any) -> None:
        decides = next(one for one in HOOKS if one.name == hook)

        async def decider(*args: Any) -> Any:
            assert len(args) == len(decides.parameters)
            return result

        setattr(self, hook, decider)


@pytest.mark.parametrize(
    ("hook", "result"),
    [(hook, 42) for hook in MESSAGES]
    + [(hook, True) for hook in MESSAGES]
    + [(hook, "yes") for hook in MESSAGES]
    + [(hook, [42]) for hook in LISTS]
    + [(hook, [None]) for hook in LISTS],
)
async def test_a_wrong_decision_is_469_and_the_name_in_the_log(
    hook: str, result: Any, caplog: pytest.LogCaptureFixture
) -> None:
    own = () if hook == "on_create_party_registration" else (Open(),)
    async with running(handlers=own) as world:
        peer = world.peer()
        if own:
            await peer.register("ven")
            await peer.settle()
        world.server.hooks.add(Wrong(hook, result))
        reply = await peer.post(MESSAGES[hook](world, peer))
    assert reply.response.code == 469
    assert "decider" not in reply.response.description
    (record,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert f"Wrong.__init__.<locals>.decider for {hook}: " in record.getMessage()


async def test_a_decision_that_comes_too_late_for_its_own_time_limit_is_469(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Slow(PollHandler):
        async def on_poll(self, ctx: Context) -> m.Message | None:
            await asyncio.Event().wait()
            return None

    limits = {"time_limit": "60s", "time_limits": {"on_poll": "10ms"}}
    async with running(limits, handlers=(Open(), Slow())) as world:
        peer = world.peer()
        await peer.register("ven")
        await peer.poll()
        await peer.post(m.RegisteredReport(response=m.EiResponse(), ven_id=peer.ven_id))
        assert (await peer.poll()).response.code == 469
    assert "Slow.on_poll for on_poll: took longer than 0.01 s" in caplog.text


async def test_what_is_no_coroutine_cannot_be_done_after_the_reply(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Forgets(PollHandler):
        async def on_poll(self, ctx: Context) -> m.Message | None:
            ctx.after_reply(print)  # type: ignore[arg-type]
            return None

    async with a_ven() as (world, peer):
        world.server.hooks.add(Forgets())
        assert (await peer.poll()).response.code == 469
        assert (await peer.poll()).response.code == 469
    assert "expected a coroutine" in caplog.text


async def test_work_after_the_reply_is_done_also_when_the_exchange_is_cut_off() -> None:
    done = asyncio.Event()
    deciding = asyncio.Event()

    class Hangs(PollHandler):
        async def on_poll(self, ctx: Context) -> m.Message | None:
            async def work() -> None:
                done.set()

            ctx.after_reply(work())
            deciding.set()
            await asyncio.Event().wait()
            return None

    async with a_ven() as (world, peer):
        world.server.hooks.add(Hangs())
        endpoint = world.server._endpoint
        assert endpoint is not None
        poll = codec.encode(m.Poll(ven_id=peer.ven_id))
        exchange = asyncio.create_task(endpoint.answer(ServiceName.OADR_POLL, poll))
        await deciding.wait()
        exchange.cancel()
        with pytest.raises(asyncio.CancelledError):
            await exchange
        async with asyncio.timeout(1):
            await done.wait()
