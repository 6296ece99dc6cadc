"""Runs the cases out of somebody's own tests: a plugin of pytest.

    import pytest
    from conformance.adapters.our_vtn import our_vtn

    @pytest.mark.openadr("vtn", suites=["registration", "event"])
    def test_our_vtn(openadr_case):
        openadr_case.check(our_vtn())

Each case is a test of its own. A violation fails it with the rule, what was expected, what
was seen and the XML; what cannot be done is skipped with the reason. ``--openadr-html``,
``--openadr-junit`` and ``--openadr-json`` write the report of all that ran.

pytest finds this by an entry point, in programs that have nothing to do with OpenADR as
well: nothing of the kit is loaded before a test asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
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
#: Findings and exchanges that a failure tells of; the reports have all.
MOST_TOLD = 200
#: What a worker of pytest-xdist hands to the process that started it.
_HANDED = "openadr_runs"


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
        import asyncio

        __tracebackhide__ = True
        return _judged(asyncio.run(self._tested(device, options)))

    async def acheck(self, device: Any, **options: Any) -> Result:
        """Runs the case, and fails or skips the test by what comes of it.

        Args:
            device: a ``conformance.device.VtnDevice`` or ``VenDevice``, or an asynchronous
                context manager that gives one, such as ``our_vtn()``.
            options: of ``run_vtn_cases`` or ``run_ven_cases``, such as ``limit``.

        Returns:
            What came of it, if it passed.
        """
        __tracebackhide__ = True
        return _judged(await self._tested(device, options))

    async def _tested(self, device: Any, options: dict[str, Any]) -> Result:
        given = isinstance(device, AbstractAsyncContextManager)
        async with device if given else nullcontext(device) as ready:
            run = await self._run(ready, options)
        self._runs.append(run)
        (result,) = run.results
        return result

    async def _run(self, device: Any, options: dict[str, Any]) -> Run:
        from conformance.checks import Side
        from conformance.run import run_ven_cases, run_vtn_cases

        if self.case.side is Side.VTN:
            return await run_vtn_cases([self.case], device, push=self.push, **options)
        return await run_ven_cases([self.case], device, push=self.push, **options)


def _judged(result: Result) -> Result:
    from conformance.results import Verdict

    __tracebackhide__ = True
    if result.verdict is Verdict.SKIP:
        pytest.skip(_plain(result.reason))
    if result.verdict is not Verdict.PASS:
        pytest.fail(words(result), pytrace=False)
    return result


def words(result: Result) -> str:
    """Returns what is wrong, for people."""
    lines = [f"{result.id} {result.title}: {result.verdict} {result.reason}".rstrip()]
    for fault in result.faults[:MOST_TOLD]:
        place = f" in exchange {fault.exchange}" if fault.exchange else ""
        lines.append(f"{fault.severity} {fault.id}{place}")
        lines.append(f"  expected: {fault.expected}")
        lines.append(f"  seen: {fault.seen}")
        if fault.path:
            lines.append(f"  at {fault.path}, line {fault.line}: {fault.excerpt}")
    lines += [f"  {one.number}. {one.asked_by} {one.title}" for one in result.said[:MOST_TOLD]]
    # What a device has said is hostile, and this goes to a terminal.
    return "\n".join(map(_plain, lines))


def _plain(line: str) -> str:
    from runtime.logs import one_line

    return one_line(line)


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
        ValueError: there is no such side, suite or code, or nothing fits all.
    """
    from conformance.case import Suite
    from conformance.cases import CASES
    from conformance.checks import Side

    if side not in ("vtn", "ven"):
        raise ValueError(f"{side!r} is neither 'vtn' nor 'ven'")
    known = [case for case in CASES.values() if case.side is Side(side.upper())]
    groups = _known("suite", suites, map(str, Suite))
    names = _known(f"case of a {side.upper()}", codes, (case.code for case in known))
    found = [
        (case, model)
        for case in known
        for model in sorted(case.models)
        if (not groups or case.suite in groups)
        and (not names or case.code in names)
        and push in (None, model)
    ]
    if not found:
        raise ValueError(f"no case fits suites {sorted(groups)}, codes {sorted(names)}, {push=}")
    return found


def _known(what: str, wanted: Iterable[str], known: Iterable[str]) -> set[str]:
    if isinstance(wanted, str):
        raise ValueError(f"{wanted!r}: expected a list of them")
    found = set(wanted)
    unknown = sorted(found - set(known))
    if unknown:
        raise ValueError(f"there is no {what} {', '.join(unknown)}")
    return found


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options for reports."""
    group = parser.getgroup("openadr", "OpenADR conformance")
    for name in _FORMATS:
        group.addoption(
            f"--openadr-{name}", metavar="FILE", help=f"write a conformance report ({name})"
        )


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known, and finds a report that cannot be written before it is late.

    Raises:
        pytest.UsageError: its folder is not there.
    """
    for name in _FORMATS:
        file = config.getoption(f"--openadr-{name}")
        if file and not Path(file).absolute().parent.is_dir():
            raise pytest.UsageError(f"--openadr-{name} {file}: there is no such folder")
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
    name = metafunc.function.__name__
    mark = metafunc.definition.get_closest_marker(_MARK)
    if mark is None:
        pytest.fail(
            f"{name}: {_FIXTURE} needs @pytest.mark.{_MARK}('vtn') or ('ven')", pytrace=False
        )
    try:
        wanted = cases(*mark.args, **mark.kwargs)
    except (ValueError, TypeError) as error:
        pytest.fail(f"{name}: @pytest.mark.{_MARK}: {error}", pytrace=False)
    runs = metafunc.config.stash[_RUNS]
    found = [OpenAdrCase(case, push, runs) for case, push in wanted]
    metafunc.parametrize(_FIXTURE, found, ids=[one.id for one in found])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Takes over what ran in a worker of pytest-xdist."""
    handed = getattr(node, "workeroutput", {}).get(_HANDED)
    if handed:
        from conformance.report import loaded

        node.config.stash[_RUNS] += loaded(handed)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the reports; in a worker of pytest-xdist, hands over what ran."""
    config = session.config
    runs = config.stash.get(_RUNS, [])
    wanted = {name: config.getoption(f"--openadr-{name}") for name in _FORMATS}
    if not runs or not any(wanted.values()):
        return
    from conformance.report import write, written

    if hasattr(config, "workeroutput"):
        config.workeroutput[_HANDED] = written(runs)
    else:
        write(_together(runs), **wanted)


def _together(runs: Sequence[Run]) -> list[Run]:
    """Returns one run for each device and model, out of one for each test."""
    from dataclasses import replace

    found: dict[tuple[object, ...], Run] = {}
    for run in runs:
        key = (run.device, run.side, run.push)
        before = found.get(key)
        found[key] = (
            run
            if before is None
            else replace(
                before,
                began=min(before.began, run.began),
                took=before.took + run.took,
                results=(*before.results, *run.results),
            )
        )
    return list(found.values())
