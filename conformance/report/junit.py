"""Runs as JUnit XML, for CI: a testsuite for each group of cases, a testcase for each case."""

import re
from collections.abc import Sequence
from datetime import UTC

from lxml import etree

from conformance.report.words import kinds, model
from conformance.results import Result, Run, Said, Verdict

#: What XML 1.0 cannot hold, however it is written.
_FORBIDDEN = re.compile("[^\t\n\r\\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: Exchanges of a case that are shown; JSON has all.
MOST_SHOWN = 500
#: Longest document that is shown in full, characters; JSON has all of it.
LONGEST = 20_000


def junit(runs: Sequence[Run]) -> bytes:
    """Returns the document."""
    root = etree.Element("testsuites", name="openadr conformance")
    totals = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for run in runs:
        for suite in dict.fromkeys(one.suite for one in run.results):
            counts = _suite(root, run, suite)
            totals = {name: totals[name] + counts[name] for name in totals}
    for name, count in totals.items():
        root.set(name, str(count))
    root.set("time", f"{sum(run.took for run in runs):.3f}")
    data: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)
    return data


def _suite(root: etree._Element, run: Run, suite: str) -> dict[str, int]:
    results = [one for one in run.results if one.suite == suite]
    verdicts = [one.verdict for one in results]
    counts = {
        "tests": len(results),
        "failures": verdicts.count(Verdict.FAIL),
        "errors": verdicts.count(Verdict.INCONCLUSIVE),
        "skipped": verdicts.count(Verdict.SKIP),
    }
    element = etree.SubElement(root, "testsuite", name=_clean(f"{run.side} {model(run)} {suite}"))
    for name, count in counts.items():
        element.set(name, str(count))
    element.set("time", f"{sum(one.took for one in results):.3f}")
    element.set("timestamp", run.began.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    properties = etree.SubElement(element, "properties")
    for name, value in (("device", run.device), ("side", run.side), ("model", model(run))):
        etree.SubElement(properties, "property", name=name, value=_clean(value))
    for one in results:
        _case(element, run, one)
    return counts


def _case(suite: etree._Element, run: Run, result: Result) -> None:
    element = etree.SubElement(
        suite,
        "testcase",
        classname=_clean(f"conform.{run.side.lower()}.{model(run)}.{result.suite}"),
        name=_clean(f"{result.id} {result.title}"),
        time=f"{result.took:.3f}",
    )
    if result.verdict is Verdict.SKIP:
        etree.SubElement(element, "skipped", message=_clean(result.reason))
    elif result.verdict is Verdict.INCONCLUSIVE:
        etree.SubElement(element, "error", message=_clean(result.reason), type="inconclusive")
    elif result.verdict is Verdict.FAIL:
        found = kinds(result.faults)
        first = f"{found[0][0].rule}: {found[0][0].seen}" if found else result.reason
        failure = etree.SubElement(element, "failure", message=_clean(first))
        failure.set("type", _clean(found[0][0].id if found else "unknown"))
        failure.text = _clean(told(result))
    if result.said:
        text = "\n\n".join(map(_exchange, result.said[:MOST_SHOWN]))
        etree.SubElement(element, "system-out").text = _clean(text)
    if result.faults and result.verdict is not Verdict.FAIL:
        etree.SubElement(element, "system-err").text = _clean(told(result))


def told(result: Result) -> str:
    """Returns all faults of a case as text."""
    lines = []
    for one in result.faults:
        where = f" in exchange {one.exchange}" if one.exchange else ""
        place = f" at {one.path}" if one.path else ""
        lines += [
            f"{one.severity} {one.id}{where}{place}",
            f"  expected: {one.expected}",
            f"  seen: {one.seen}",
        ]
    return "\n".join(lines)


def _exchange(said: Said) -> str:
    other = "VEN" if said.asked_by == "VTN" else "VTN"
    status = "nothing" if said.status is None else f"HTTP {said.status}"
    return "\n".join(
        [
            f"{said.number}. {said.at.isoformat()} {said.asked_by} to {said.service}: {said.title}",
            _short(said.request),
            f"{other}: {status} {said.problem}".rstrip(),
            _short(said.reply),
        ]
    ).rstrip()


def _short(text: str) -> str:
    left = len(text) - LONGEST
    return text if left <= 0 else f"{text[:LONGEST]}... ({left:,} more characters)"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
