"""A device that does not end, floods, or meets an error of the kit never passes a case."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from conformance import run as running
from conformance.adapters.our_vtn import our_vtn
from conformance.case import Case, Suite, VtnTest
from conformance.checks import Side
from conformance.peers import ScriptedVen, tape
from conformance.peers.http import Heard, Line, Reply
from conformance.results import Result, Run, Verdict
from conformance.run import run_vtn_cases
from oadr import codec
from oadr import messages as m

EVENTS = codec.encode(m.DistributeEvent(request_id="q", vtn_id="v"))
RESPONSE = codec.encode(m.Response(response=m.EiResponse(description="OK"), ven_id="ven"))


def case(run: Callable[[VtnTest], Awaitable[None]]) -> Case:
    """Returns a case that does something."""
    return Case(
        code="K1_0001",
        title="",
        side=Side.VTN,
        suite=Suite.GENERAL,
        rules=(),
        needs=(),
        models=frozenset({False, True}),
        purpose="",
        steps=(),
        run=run,
    )


async def came_of(
    run: Callable[[VtnTest], Awaitable[None]], *, push: bool = False, peer: Any = ScriptedVen
) -> Result:
    """Returns what comes of a case with our VTN."""
    async with our_vtn() as device:
        found = await run_vtn_cases([case(run)], device, push=push, limit=30, peer=peer)
    return found.results[0]


async def polls(t: VtnTest) -> None:
    for _ in range(30):
        await t.ven.query()


async def test_a_case_that_has_no_end_is_ended_and_is_no_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tape, "MOST_EXCHANGES", 10)

    async def for_ever(t: VtnTest) -> None:
        while True:
            await t.ven.query()

    result = await came_of(for_ever)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.reason == "more was said than the kit keeps of a case"
    assert len(result.said) == 10
    assert result.took < 20


async def test_a_case_that_ends_with_too_much_said_is_no_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tape, "MOST_BYTES", 20_000)
    assert (await came_of(polls)).verdict is Verdict.INCONCLUSIVE


class New(ScriptedVen):
    """The VEN of the kit, with a VTN that has something else for every poll."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._line = _NewLine(None)


class _NewLine(Line):
    async def send(self, url: str, body: bytes, **options: Any) -> Reply:
        await asyncio.sleep(0)
        return Reply(status=200, body=EVENTS if b"oadrPoll" in body else RESPONSE)


async def test_a_vtn_that_always_has_something_new_is_left_in_time() -> None:
    async def wait(t: VtnTest) -> None:
        await t.ven.drain()
        assert await t.ven.receive("oadrCreateReport", within=0.2) is None

    result = await came_of(wait, peer=New)
    assert result.took < 10
    assert "broke off" not in result.reason


async def test_a_flood_of_pushes_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tape, "MOST_EXCHANGES", 20)

    async def flooded(t: VtnTest) -> None:
        line = Line(None)
        try:
            while True:
                await line.send(f"{t.ven.push_address}/OpenADR2/Simple/2.0b/EiEvent", EVENTS)
        finally:
            await line.close()

    result = await came_of(flooded, push=True)
    assert result.verdict is not Verdict.PASS
    assert result.reason == "more was said than the kit keeps of a case"
    assert result.took < 20
    assert len(result.said) <= 20


async def test_an_error_of_the_kit_at_what_it_hears_is_no_pass() -> None:
    class Failing(ScriptedVen):
        async def _hear(self, heard: Heard) -> Reply:
            raise LookupError("of the kit")

    async def pushed(t: VtnTest) -> None:
        line = Line(None)
        await line.send(f"{t.ven.push_address}/EiEvent", EVENTS)
        await line.close()
        await t.ven.query()

    result = await came_of(pushed, push=True, peer=Failing)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "LookupError: of the kit" in result.reason


async def test_a_run_keeps_the_beginnings_of_what_is_too_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running, "MOST_KEPT", 1000)
    monkeypatch.setattr(running, "_BEGINNING", 50)
    result = await came_of(polls)
    assert result.verdict is Verdict.PASS
    assert all("too many to keep them" in one.reply for one in result.said)


def test_a_run_without_a_case_that_passed_has_not_passed() -> None:
    from tests.conformance.kit.sample_run import RUN

    assert not Run(device="", side=Side.VTN, push=False, began=RUN.began, took=0, results=()).passed
