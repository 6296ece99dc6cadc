"""VENs that keep every rule and do otherwise than ours: the kit finds nothing against them."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.adapters.our_ven import OurVen, our_ven
from conformance.cases import CASES
from conformance.checks import Side
from conformance.peers import Identity
from conformance.results import Result, Verdict
from conformance.run import run_ven_cases

#: Of these some wait for a moment that the VEN has to hear of before.
_TIMED = ("N1_0015", "K1_0012C", "R1_3020", "K1_0317A", "K1_0324C", "R1_3045", "K1_0206A")


class Kept(OurVen):
    """A VEN that goes on from case to case."""

    fresh = False

    async def renew(self) -> None:
        """Leaves it as it is."""


class Contrary(OurVen):
    """A VEN that is set up for the other model."""

    async def meet(self, url: str, *, push: bool) -> None:
        """Learns where the VTN of the kit is."""
        await super().meet(url, push=not push)


async def _run(device: OurVen, codes: Sequence[str]) -> tuple[Result, ...]:
    run = await run_ven_cases([CASES[Side.VEN, code] for code in codes], device)
    return run.results


def _wrong(results: Sequence[Result]) -> list[str]:
    return [
        f"{one.id} {one.verdict} {one.reason} {[fault.id for fault in one.faults]}"
        for one in results
        if one.verdict is not Verdict.PASS
    ]


async def test_a_ven_may_poll_as_seldom_as_its_events_allow() -> None:
    async def alone(code: str) -> tuple[Result, ...]:
        async with our_ven() as device:
            # R500: the events of the kit last ten units.
            device.options |= {"poll_interval": device.unit * 1.7, "poll_jitter": 0.15}
            return await _run(device, [code])

    found = await asyncio.gather(*map(alone, _TIMED))
    assert _wrong([one for results in found for one in results]) == []


async def test_a_ven_may_be_tested_again_and_again_without_a_new_start(tmp_path: Path) -> None:
    device = Kept(Identity(name="kit-vtn"), tmp_path)
    codes = ("N1_0050", "E1_1010", "E1_1020", "R1_3010", "K1_0303", "K1_0512D", "K1_0510")
    try:
        wrong = _wrong(await _run(device, codes))
        # Another VTN of the kit, of which the VEN has never heard, at another address.
        wrong += _wrong(await _run(device, codes))
    finally:
        await device.stop()
    assert wrong == []


@pytest.mark.parametrize("code", ["N1_0070", "K1_0401A"])
async def test_a_case_does_without_events_if_the_ven_is_for_reports_alone(code: str) -> None:
    async with our_ven() as device:
        device.options["report_only"] = True
        (result,) = await _run(device, [code])
    assert result.verdict is Verdict.PASS, result.reason


async def test_events_are_skipped_if_the_ven_is_for_reports_alone() -> None:
    async with our_ven() as device:
        device.options["report_only"] = True
        results = await _run(device, ["E1_1020", "K1_0206A"])
    assert [one.verdict for one in results] == [Verdict.SKIP, Verdict.SKIP]
    assert {one.reason for one in results} == {
        "a Report-Only VEN takes no events and sends no opts"
    }


async def test_a_ven_that_is_set_up_for_the_other_model_breaks_no_rule(tmp_path: Path) -> None:
    device = Contrary(Identity(name="kit-vtn"), tmp_path)
    try:
        (result,) = await _run(device, ["E1_1020"])
    finally:
        await device.stop()
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.reason == "the VEN wants to be pushed to: use --push"
