"""Runs the cases out of somebody's own tests: a plugin of pytest.

    import pytest
    from conformance.operator import Nobody, ReachedVtn

    @pytest.mark.openadr("vtn", suites=["registration", "event"])
    def test_our_vtn(openadr_case, our_url):
        openadr_case.check(ReachedVtn(our_url, who=Nobody()))

Each case is a test of its own. A violation fails it with the rule, what was expected, what
was seen and the XML; what cannot be done is skipped with the reason. ``--openadr-html``,
``--openadr-junit`` and ``--openadr-json`` write the report of all that ran.

pytest finds this by an entry point, in programs that have nothing to do with OpenADR as
well: nothing of the kit is loaded before a test asks for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conformance.case import Case
    from conformance.results import Result, Run

__all__ = ["OpenAdrCase", "cases"]

_MARK = "openadr"
_FIXTURE = "openadr_case"
_RUNS = pytest.StashKey["list[Run]"]()
_FORMATS = ("html", "junit", "json")


class OpenAdrCase:
    """A case in one model, as a test sees it.

    Attributes:
        case: the case.
        push: whether in the push model.
    """

    def __init__(self, case: Case, push: bool, runs: list[Run]) -> None:
        self.case = case
        self.push = push
        self._runs = runs

    @property
    def id(self) -> str:
        """The name, such as ``N1_0010_TH_VEN``."""
        return self.case.id(push=self.push)

    def check(self, device: Any, **options: Any) -> Result:
        """Runs the case in an event loop of its own; see ``acheck``."""
        return asyncio.run(self.acheck(device, **options))

    async def acheck(self, device: Any, **options: Any) -> Result:
        """Runs the case, and fails or skips the test by what comes of it.

        Args:
            device: a ``conformance.device.VtnDevice`` or ``VenDevice``, or an asynchronous
                context manager that gives one, such as ``conformance.adapters.our_vtn()``.
            options: of ``run_vtn_cases`` or ``run_ven_cases``, such as ``limit``.

        Returns:
            What came of it, if it passed.
        """
        from conformance.checks import Side
        from conformance.run import run_ven_cases, run_vtn_cases

        given = isinstance(device, AbstractAsyncContextManager)
        async with device if given else nullcontext(device) as ready:
            runs = run_vtn_cases if self.case.side is Side.VTN else run_ven_cases
            run = await runs([self.case], ready, push=self.push, **options)  # type: ignore[operator]
        self._runs.append(run)
        (result,) = run.results
        return _judged(result)


def _judged(result: Result) -> Result:
    from conformance.results import Verdict

    __tracebackhide__ = True
    if result.verdict is Verdict.SKIP:
        pytest.skip(result.reason)
    if result.verdict is not Verdict.PASS:
        pytest.fail(words(result), pytrace=False)
    return result


def words(result: Result) -> str:
    """Returns what is wrong, for people."""
    lines = [f"{result.id} {result.title}: {result.verdict} {result.reason}".rstrip()]
    for fault in result.faults:
        place = f" in exchange {fault.exchange}" if fault.exchange else ""
        lines.append(f"{fault.severity} {fault.id}{place}: {fault.seen}")
        lines.append(f"  expected: {fault.expected}")
        if fault.path:
            lines.append(f"  at {fault.path}, line {fault.line}: {fault.excerpt}")
    lines += [f"  {one.number}. {one.asked_by} {one.title}" for one in result.said]
    return "\n".join(lines)


def cases(
    side: str, *, suites: Iterable[str] = (), codes: Iterable[str] = (), push: bool | None = False
) -> list[tuple[Case, bool]]:
    """Returns cases, each with whether it is run in the push model.

    Args:
        side: ``"vtn"`` or ``"ven"``: what is under test.
        suites: such as ``"registration"``; all if empty.
        codes: such as ``"N1_0020"``; all if empty.
        push: the model; None for both.

    Raises:
        ValueError: nothing fits.
    """
    from conformance.cases import CASES
    from conformance.checks import Side

    wanted, groups, names = Side(side.upper()), set(suites), set(codes)
    found = [
        (case, model)
        for case in CASES.values()
        for model in sorted(case.models)
        if case.side is wanted
        and (not groups or case.suite in groups)
        and (not names or case.code in names)
        and push in (None, model)
    ]
    if not found:
        raise ValueError(f"no case of a {side} fits suites {sorted(groups)}, codes {sorted(names)}")
    return found


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options for reports."""
    group = parser.getgroup("openadr", "OpenADR conformance")
    for name in _FORMATS:
        group.addoption(
            f"--openadr-{name}", metavar="FILE", help=f"write a conformance report ({name})"
        )


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line(
        "markers",
        f"{_MARK}(side, *, suites=(), codes=(), push=False): the conformance cases that "
        f"the fixture {_FIXTURE} gives",
    )
    config.stash[_RUNS] = []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Makes a test of each case."""
    if _FIXTURE not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker(_MARK)
    if mark is None:
        raise pytest.UsageError(f"{metafunc.function.__name__}: needs @pytest.mark.{_MARK}(side)")
    runs = metafunc.config.stash[_RUNS]
    found = [OpenAdrCase(case, push, runs) for case, push in cases(*mark.args, **mark.kwargs)]
    metafunc.parametrize(_FIXTURE, found, ids=lambda one: one.id)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the reports."""
    runs = session.config.stash.get(_RUNS, [])
    wanted = {name: session.config.getoption(f"--openadr-{name}") for name in _FORMATS}
    if runs and any(wanted.values()):
        from conformance.report import write

        write(runs, **wanted)
