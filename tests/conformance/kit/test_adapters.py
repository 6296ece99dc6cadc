"""Devices that ship with the kit can be tested in all their variants, by nobody."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from conformance.actions import CreateEvent, EventSpec, ModifyEvent, Register, SignalSpec
from conformance.adapters.openleadr_process import program
from conformance.adapters.openleadr_ven import openleadr_ven
from conformance.adapters.openleadr_vtn import openleadr_vtn
from conformance.adapters.our_ven import our_ven
from conformance.adapters.our_vtn import our_vtn
from conformance.adapters.papers import papers
from conformance.adapters.running_vtn import running_vtn
from conformance.case import Case
from conformance.cases import CASES
from conformance.checks import Side
from conformance.device import Cannot
from conformance.peers import Identity
from conformance.results import Run, Verdict
from conformance.run import run_ven_cases, run_vtn_cases
from tests.acceptance.patience import until
from tests.acceptance.sections import toml
from vtn.demo.processes import Process

#: Cases that use what the variants differ in: requests, pushes, events, reports.
FEW = ("N1_0010", "N1_0020", "N1_0030", "E1_1020", "R1_3010", "R1_3160", "P1_2010")
EVENT = EventSpec(starts_in=timedelta(minutes=2), signals=(SignalSpec(each=timedelta(minutes=1)),))
#: Whether over TLS, whether signed, whether pushed. Our VTN does not push over plain HTTP to
#: a VEN that it knows by a certificate.
VARIANTS = [
    (tls, signed, push)
    for tls in (False, True)
    for signed in (False, True)
    for push in (False, True)
    if tls or not (signed and push)
]


def few(side: Side) -> list[Case]:
    return [CASES[side, code] for code in FEW if (side, code) in CASES]


def told(run: Run) -> list[str]:
    return [
        f"{one.id} {one.verdict} {one.reason} {[(f.id, f.seen) for f in one.faults]}"
        for one in run.results
        if one.verdict is not Verdict.PASS
    ]


@pytest.mark.parametrize(("tls", "signed", "push"), VARIANTS)
async def test_our_vtn_is_tested_in_each_variant(tls: bool, signed: bool, push: bool) -> None:
    async with our_vtn(tls=tls, signed=signed) as vtn:
        run = await run_vtn_cases(few(Side.VTN), vtn, push=push)
    assert run.results
    assert not told(run)


@pytest.mark.parametrize(("tls", "signed", "push"), VARIANTS)
async def test_our_ven_is_tested_in_each_variant(tls: bool, signed: bool, push: bool) -> None:
    async with our_ven(tls=tls, signed=signed) as ven:
        run = await run_ven_cases(few(Side.VEN), ven, push=push)
    assert run.results
    assert not told(run)


async def test_a_slower_clock_has_shorter_units() -> None:
    async with our_vtn(factor=10) as vtn:
        run = await run_vtn_cases([CASES[Side.VTN, "N1_0020"]], vtn)
        assert vtn.unit.total_seconds() == 10
    assert run.passed


@asynccontextmanager
async def vtn_elsewhere(folder: Path, **sections: object) -> AsyncIterator[str]:
    """Gives the address of ``vtn run`` as a process, whose clock runs 60 times as fast."""
    now = datetime.now(UTC)
    basic: dict[str, object] = {
        "vtn_id": "elsewhere",
        "registration": {"handler": "open-enrolment", "poll_interval": "1m"},
        "clock": {"origin": now, "shown": now, "factor": 60.0},
    }
    config = folder / "vtn.toml"
    config.write_text(toml(basic | sections))
    command = ("vtn.cli", "run", "-c", str(config))
    process = Process(name="vtn", command=command, folder=folder, log=folder / "log")
    process.start()
    try:
        yield await until(lambda: listening(process))
    finally:
        process.stop()


def listening(process: Process) -> str:
    """Returns where a VTN listens, once it does."""
    assert process.running, process.last_words()
    found = re.search(r"https?://[^\s,]+", process.last_words(50))
    return found[0] if found else ""


async def test_a_vtn_that_runs_elsewhere_is_tested_by_its_configuration(tmp_path: Path) -> None:
    plain = {"host": "127.0.0.1", "port": 0, "plain": True}
    identity = Identity(name="kit-ven")
    async with (
        vtn_elsewhere(tmp_path, http=plain) as url,
        running_vtn(url, tmp_path / "vtn.toml", identity) as vtn,
    ):
        run = await run_vtn_cases(few(Side.VTN), vtn)
    assert run.results
    assert not told(run)


async def test_a_vtn_that_runs_elsewhere_is_tested_over_mutual_tls(tmp_path: Path) -> None:
    with papers("kit-ven") as made:
        tls = {
            "certificate": made.vtn.certificate,
            "key": made.vtn.key,
            "ca": made.ca,
            "crl": made.crl,
        }
        identity = Identity(name="kit-ven", client_tls=made.client(made.ven))
        async with (
            vtn_elsewhere(tmp_path, http={"host": "127.0.0.1", "port": 0}, tls=tls) as url,
            running_vtn(url, tmp_path / "vtn.toml", identity) as vtn,
        ):
            run = await run_vtn_cases(few(Side.VTN), vtn)
    assert run.results
    assert not told(run)


async def test_openleadr_s_vtn_is_new_for_each_case() -> None:
    async with openleadr_vtn() as vtn:
        await vtn.renew()
        url = vtn.url
        await vtn.renew()
        assert vtn.url != url
        with pytest.raises(Cannot, match="no VEN is registered"):
            await vtn.do(CreateEvent(event=EVENT))
        with pytest.raises(Cannot, match="nothing to change an event with"):
            await vtn.do(ModifyEvent(event_id="event-1", event=EVENT))


async def test_openleadr_is_tested_over_mutual_tls_too() -> None:
    async with program() as programs:
        async with openleadr_vtn(tls=True, signed=True, programs=programs) as vtn:
            vtns = await run_vtn_cases([CASES[Side.VTN, "N1_0010"]], vtn)
        async with openleadr_ven(tls=True, signed=True, programs=programs) as ven:
            vens = await run_ven_cases([CASES[Side.VEN, "N1_0020"]], ven)
    assert not told(vtns)
    assert not told(vens)


async def test_openleadr_s_ven_does_nothing_before_it_is_started() -> None:
    async with openleadr_ven() as ven:
        await ven.meet("http://127.0.0.1:9/OpenADR2/Simple/2.0b", push=False)
        await ven.renew()
        with pytest.raises(Cannot, match="not been started"):
            await ven.do(Register())
        with pytest.raises(Cannot, match="cannot be pushed to"):
            await ven.meet("http://127.0.0.1:9/OpenADR2/Simple/2.0b", push=True)
