"""What the kit finds against stock openleadr: all unattended cases of the pull model, and TLS.

Cases of different processes run at the same time: they mostly wait.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from conformance.adapters.openleadr_process import Program, program
from conformance.adapters.openleadr_ven import openleadr_ven
from conformance.adapters.openleadr_vtn import openleadr_vtn
from conformance.case import Case, Suite
from conformance.cases import CASES
from conformance.checks import Severity, Side
from conformance.results import Fault, Result
from conformance.run import run_ven_cases, run_vtn_cases

#: Devices of one variant at the same time.
_ABREAST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """openleadr in one set-up, and what is run against it.

    Attributes:
        name: for people.
        side: VTN or VEN.
        device: gives one.
        wanted: whether a case is run.
    """

    name: str
    side: Side
    device: Callable[[Program], AbstractAsyncContextManager[Any]]
    wanted: Callable[[Case], bool]

    @property
    def cases(self) -> list[Case]:
        """What is run."""
        return [
            case
            for (side, _), case in CASES.items()
            if side is self.side and False in case.models and self.wanted(case)
        ]


def _of(*codes: str) -> Callable[[Case], bool]:
    return lambda case: case.code in codes


def _secure(case: Case) -> bool:
    return case.suite is Suite.SECURITY


VARIANTS = (
    Variant(
        name="VTN over HTTP",
        side=Side.VTN,
        device=lambda programs: openleadr_vtn(programs=programs),
        wanted=lambda case: True,
    ),
    Variant(
        name="VEN over HTTP",
        side=Side.VEN,
        device=lambda programs: openleadr_ven(programs=programs),
        wanted=lambda case: True,
    ),
    Variant(
        name="VEN over HTTP, of a VTN called myvtn",
        side=Side.VEN,
        device=lambda programs: openleadr_ven(vtn_id="myvtn", programs=programs),
        wanted=_of("E1_1020"),
    ),
    Variant(
        name="VTN over mutual TLS",
        side=Side.VTN,
        device=lambda programs: openleadr_vtn(tls=True, programs=programs),
        wanted=lambda case: _secure(case) or case.code == "N1_0020",
    ),
    Variant(
        name="VTN over mutual TLS, verifying signatures as it does by default",
        side=Side.VTN,
        device=lambda programs: openleadr_vtn(tls=True, verify=True, programs=programs),
        wanted=_of("N1_0020"),
    ),
    Variant(
        name="VTN over mutual TLS, signed on both sides",
        side=Side.VTN,
        device=lambda programs: openleadr_vtn(
            tls=True, signed=True, verify=True, programs=programs
        ),
        wanted=lambda case: _secure(case) or case.code == "N1_0020",
    ),
    Variant(
        name="VEN over mutual TLS, signed on both sides",
        side=Side.VEN,
        device=lambda programs: openleadr_ven(tls=True, signed=True, programs=programs),
        wanted=lambda case: _secure(case) or case.code == "N1_0020",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a case has found.

    Attributes:
        variant: in which set-up.
        result: of the case.
        fault: what it is.
    """

    variant: Variant
    result: Result
    fault: Fault

    @property
    def key(self) -> tuple[Side, str]:
        """Who does it, and the identifier of the check or demand."""
        return self.variant.side, self.fault.id

    @property
    def violation(self) -> bool:
        """Whether it must not be."""
        return self.fault.severity is Severity.VIOLATION


@dataclass(frozen=True, slots=True)
class Survey:
    """All that came of it: the results of each variant, in the order of the cases."""

    results: dict[str, list[Result]]

    @property
    def findings(self) -> list[Finding]:
        """All faults, with where they were found."""
        return [
            Finding(variant=variant, result=result, fault=fault)
            for variant in VARIANTS
            for result in self.results[variant.name]
            for fault in result.faults
        ]

    def with_(self, other: "Survey") -> "Survey":
        """Returns what came of this one and of another."""
        return Survey({name: [*own, *other.results[name]] for name, own in self.results.items()})


async def survey(only: Callable[[Case], bool] = lambda case: True) -> Survey:
    """Returns what the kit finds against openleadr.

    Args:
        only: leaves out cases for which it is false.
    """
    async with program() as programs:
        found = await asyncio.gather(*(_all(variant, programs, only) for variant in VARIANTS))
    return Survey({variant.name: results for variant, results in zip(VARIANTS, found, strict=True)})


async def _all(variant: Variant, programs: Program, only: Callable[[Case], bool]) -> list[Result]:
    cases = [case for case in variant.cases if only(case)]
    waiting = iter(enumerate(cases))
    found: dict[int, Result] = {}

    async def work() -> None:
        async with variant.device(programs) as device:
            for number, case in waiting:
                found[number] = await _run(case, device)

    await asyncio.gather(*(work() for _ in range(min(_ABREAST, len(cases)))))
    return [found[number] for number in range(len(cases))]


async def _run(case: Case, device: Any) -> Result:
    if case.side is Side.VTN:
        (result,) = (await run_vtn_cases([case], device)).results
    else:
        (result,) = (await run_ven_cases([case], device)).results
    return result
