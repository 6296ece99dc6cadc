"""Writes docs/conformance-openleadr.md: what the kit finds in stock openleadr.

    python -m docs.make_conformance_openleadr

Runs all unattended cases against openleadr's VTN and VEN, which takes some minutes. The page
has no times, ports and random identifiers, so that two runs make the same one.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from conformance.checks import CHECKS, Severity
from conformance.demands import DEMANDS
from tests.conformance.kit.openleadr_fault import Known
from tests.conformance.kit.openleadr_further import FURTHER
from tests.conformance.kit.openleadr_known import KNOWN
from tests.conformance.kit.openleadr_survey import VARIANTS, Finding, Survey, survey
from tests.conformance.kit.test_openleadr import proves

PAGE = Path(__file__).parent / "conformance-openleadr.md"
_HEAD = """\
# What the kit finds in openleadr

Made by `python -m docs.make_conformance_openleadr`; `tests/conformance/kit/test_openleadr.py`
proves on each run of the tests that every row of the two tables below is still found, and
nothing else.

openleadr is the best-known open implementation of OpenADR 2.0b, and this kit builds on what it
does well. The page shows what the kit reports about software that it was not written for. The
application around openleadr is as its documentation has it: handlers for registration,
reports and events, a `ven_lookup`, reports with the report type that the profile wants. Each
case has a new process. There is no push model in openleadr.

"""
_AGAIN = """\
## Run it yourself

```
python -m docs.make_conformance_openleadr
```

In a program, `conformance.adapters.openleadr_vtn` and `conformance.adapters.openleadr_ven` are
devices for `conformance.run`.
"""


def page(found: Survey) -> str:
    """Returns the page."""
    return _HEAD + "\n".join(
        [*_versions(), *_verdicts(found), *_known(found), *_further(), *_all(found), _AGAIN]
    )


def _versions() -> Iterator[str]:
    yield f"openleadr {version('openleadr')}, with the kit of openadr-kit {version('openadr-kit')}."
    yield ""


def _verdicts(found: Survey) -> Iterator[str]:
    yield from ("## Verdicts", "", "| Set-up | Cases | pass | fail | skip | inconclusive |")
    yield "|---|---|---|---|---|---|"
    for variant in VARIANTS:
        results = found.results[variant.name]
        counts = Counter(str(one.verdict) for one in results)
        cells = [counts[name] for name in ("pass", "fail", "skip", "inconclusive")]
        yield f"| {variant.name} | {len(results)} | {' | '.join(map(str, cells))} |"
    yield ""
    yield "Skipped is what openleadr offers no way to have done:"
    yield ""
    reasons = {
        (str(variant.side), _still(one.reason))
        for variant in VARIANTS
        for one in found.results[variant.name]
        if str(one.verdict) == "skip"
    }
    yield from (f"* {side}: {reason}" for side, reason in sorted(reasons))
    yield ""


def _known(found: Survey) -> Iterator[str]:
    probed = sum(one.probed for one in KNOWN)
    yield from ("## Known faults that the kit finds", "")
    yield (
        f"{len(KNOWN)} faults, {probed} of which had been probed by hand before. V is the VTN, "
        "C the VEN, X both, Y security, M what is missing."
    )
    yield ""
    yield from (
        "| Fault | Rules | What is wrong | Found by | Case | Seen |",
        "|---|---|---|---|---|---|",
    )
    yield from (_row(one, found) for one in KNOWN)
    yield ""


def _row(known: Known, found: Survey) -> str:
    names, cases, seen = [], [], []
    for proof in known.proofs:
        finding = next((one for one in found.findings if proves(one, proof)), None)
        names.append(f"`{proof.id}`")
        if finding is not None:
            cases.append(finding.result.id)
            seen.append(_still(finding.fault.seen))
    columns = (
        ", ".join(dict.fromkeys(names)),
        ", ".join(dict.fromkeys(cases)),
        "; ".join(dict.fromkeys(seen)),
    )
    return f"| {known.number} | {known.rules} | {known.words} | {' | '.join(columns)} |"


def _further() -> Iterator[str]:
    yield from (
        "## What else it finds, and why it is true",
        "",
        "| Who | Found by | Why |",
        "|---|---|---|",
    )
    for (side, name), words in FURTHER.items():
        yield f"| {side} | {name} | {words} |"
    yield ""


def _all(found: Survey) -> Iterator[str]:
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for one in found.findings:
        key = (str(one.variant.side), one.fault.rule, one.fault.id)
        groups.setdefault(key, []).append(one)
    yield from ("## All findings by rule", "")
    yield from (
        "| Rule | Who | Check or demand | Severity | Expected | Cases |",
        "|---|---|---|---|---|---|",
    )
    for key in sorted(groups, key=lambda key: (_number(key[1]), key)):
        side, rule, name = key
        expected = (CHECKS.get(name) or DEMANDS[name]).expected
        severity = groups[key][0].fault.severity
        cases = list(dict.fromkeys(one.result.id for one in groups[key]))
        shown = ", ".join(cases[:3]) + (f" and {len(cases) - 3} more" if len(cases) > 3 else "")
        yield f"| {rule} | {side} | `{name}` | {severity} | {_cell(expected)} | {shown} |"
    yield ""
    violated = {one.fault.id for one in found.findings if one.fault.severity is Severity.VIOLATION}
    yield f"{len(violated)} checks and demands report violations."
    yield ""


def _number(rule: str) -> tuple[bool, str]:
    return (not rule[1:].isdigit(), rule.zfill(9))


_UNSTILL = (
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?", "(a moment)"),
    (r"\b\d\d:\d\d:\d\d\b(?= *(\)|$))", "(a time)"),
    (r"\d:\d\d:\d\d\.\d+", "(a time)"),
    (r"came after \d:\d\d:\d\d", "came after (a time)"),
    (r"\b\d+ reports in", "too many reports in"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "(an identifier)"),
    (r"(?<=-)[0-9a-fA-F]{6}-\d+", "N"),
    (r"line \d+, column \d+", "line N"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1"),
)


def _still(text: str) -> str:
    """Returns what was seen without what is another each time."""
    for old, new in _UNSTILL:
        text = re.sub(old, new, text)
    return _cell(text)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())[:200]


if __name__ == "__main__":
    PAGE.write_text(page(asyncio.run(survey())), encoding="utf-8")
