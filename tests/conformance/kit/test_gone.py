"""A device that ends in the middle of a run is blamed once, for nothing that it did not hear."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from conformance import run as runs
from conformance.cases import CASES
from conformance.checks import Side
from conformance.operator import Nobody
from conformance.peers import Identity, ScriptedVen, ScriptedVtn, Tape
from conformance.reached import AwaitedVen, ReachedVtn
from conformance.results import Verdict
from conformance.run import run_ven_cases, run_vtn_cases
from runtime.clock import SystemClock

KIT = Identity(name="kit")
FEW = [CASES[Side.VTN, code] for code in ("N1_0010", "N1_0030", "E1_1010")]
SOON = timedelta(seconds=0.1)


class Mortal:
    """A VTN that answers so many requests with HTTP 500, and then listens no more."""

    def __init__(self, lives: int) -> None:
        self.lives = lives
        self.port = 0
        self._runner: web.AppRunner | None = None

    async def begin(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def end(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, request: web.Request) -> web.Response:
        await request.read()
        self.lives -= 1
        if not self.lives and request.transport is not None and self._runner is not None:
            for site in list(self._runner.sites):
                await site.stop()
        return web.Response(status=500, headers={"Connection": "close"})

    @property
    def device(self) -> ReachedVtn:
        return ReachedVtn(f"http://127.0.0.1:{self.port}", KIT, SystemClock(), SOON, Nobody())


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that has ended is waited for."""
    monkeypatch.setattr(runs, "COMES_BACK", 0.0)


@contextmanager
def reborn(vtn: Mortal, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody starts the VTN again as soon as it is looked for."""
    true = runs._listens

    async def listens(url: str, within: float) -> bool:
        await vtn.end()
        await vtn.begin()
        return await true(url, within)

    with monkeypatch.context() as patched:
        patched.setattr(runs, "_listens", listens)
        yield


async def outcome(vtn: Mortal) -> list[Any]:
    await vtn.begin()
    try:
        return list((await run_vtn_cases(FEW, vtn.device)).results)
    finally:
        await vtn.end()


@pytest.mark.usefixtures("impatient")
async def test_a_vtn_that_ends_fails_the_case_in_which_it_did_and_no_other() -> None:
    first, second, third = await outcome(Mortal(2))
    assert "HTTP.goes_on" not in {one.id for one in first.faults}
    (fault,) = (one for one in second.faults if one.id == "HTTP.goes_on")
    assert "nothing listens at 127.0.0.1:" in fault.seen
    assert fault.seen.endswith(" after oadrCreatePartyRegistration")
    assert second.verdict is Verdict.FAIL
    assert (third.verdict, third.faults, third.said) == (Verdict.INCONCLUSIVE, (), ())
    assert third.reason.endswith(" since N1_0030")


@pytest.mark.usefixtures("impatient")
async def test_a_vtn_that_was_never_there_has_violated_nothing() -> None:
    found = (
        await run_vtn_cases(
            FEW, ReachedVtn("http://127.0.0.1:1", KIT, SystemClock(), SOON, Nobody())
        )
    ).results
    assert {one.verdict for one in found} == {Verdict.INCONCLUSIVE}
    assert not any(one.faults for one in found)


async def test_a_vtn_that_comes_back_is_tested_on(monkeypatch: pytest.MonkeyPatch) -> None:
    vtn = Mortal(2)
    with reborn(vtn, monkeypatch):
        _, _, third = await outcome(vtn)
    assert third.said


async def test_a_ven_that_is_silent_has_neither_kept_nor_violated_a_rule() -> None:
    class Heard(ScriptedVtn):
        """The VTN of the kit, with a VEN that registers, and then says nothing."""

        async def listen(self, host: str = "127.0.0.1", port: int = 0) -> None:
            await super().listen(host, port)
            ven = ScriptedVen(self.url, KIT, self.clock, Tape(Side.VTN, self.clock))
            await ven.join()
            await ven.close()

    codes = ("E1_1010", "E1_1020", "E1_1025", "E1_1027", "E1_1040")
    device = AwaitedVen(KIT, SystemClock(), SOON, Nobody(), poll_freq=SOON, say=lambda line: None)
    cases = [CASES[Side.VEN, code] for code in codes]
    found = (await run_ven_cases(cases, device, peer=Heard)).results
    assert {one.verdict for one in found} == {Verdict.INCONCLUSIVE}
    assert not any(one.faults for one in found)
    assert [one.reason for one in found] == [
        *["nothing was heard of the VEN"] * 3,
        *["nothing was heard of the VEN in 3 cases"] * 2,
    ]
