"""Runs as one page: summary, cases, what was said, rules; it needs no network."""

from collections import Counter
from collections.abc import Sequence

from conformance.checks import Severity
from conformance.report.html_case import case, case_anchor
from conformance.report.html_parts import SIGNS, anchor, name, page, sign, table, text
from conformance.report.laid_out import cut
from conformance.report.words import (
    counts,
    in_order,
    kinds,
    labels_of,
    model,
    moment,
    section_of,
    verdicts,
    violated,
    words_of,
)
from conformance.results import Result, Run, Verdict

#: Failed cases are unfolded at first, unless there are more.
UNFOLDED = 10


def html(runs: Sequence[Run]) -> str:
    """Returns the page."""
    devices = " and ".join(dict.fromkeys(run.device for run in runs)) or "nothing"
    few = counts(runs)[Verdict.FAIL] <= UNFOLDED
    parts = [
        f"<h1>Conformance of {text(devices)}</h1>",
        "".join(map(_head, runs)),
        _chips(runs),
        _violated(runs),
        _wrong(runs),
        _suites(runs),
        _not_tested(runs),
        _list(runs),
        "<h2>What was said</h2>",
        "".join(
            case(n, run, one, unfolded=few) for n, run in enumerate(runs) for one in run.results
        ),
        _rules(runs),
        _note(),
    ]
    return page(f"Conformance of {devices}: {verdicts(runs)}", "\n".join(parts))


def _head(run: Run) -> str:
    return (
        f'<p class="soft">{text(run.device)}: a {text(run.side)} in the {model(run)} model, '
        f"tested from {moment(run.began)}, {run.took:,.0f} s, "
        f"{len(run.results)} cases.</p>\n"
    )


def _chips(runs: Sequence[Run]) -> str:
    chips = [
        f'<span class="{text(verdict)}">{SIGNS[verdict]} <strong>{count}</strong> '
        f"{text(verdict)}</span>"
        for verdict, count in counts(runs).items()
    ]
    return f'<div class="chips">{"".join(chips)}</div>'


def _violated(runs: Sequence[Run]) -> str:
    labels = violated(runs)
    if not labels:
        return "<p>No rule was seen violated.</p>"
    links = ", ".join(f'<a href="#{anchor("rule", one)}">{text(one)}</a>' for one in labels)
    return f"<p><strong>Violated:</strong> {links}</p>"


def _wrong(runs: Sequence[Run]) -> str:
    """Returns each kind of finding once: most are met in many cases."""
    where: dict[str, list[tuple[int, Result]]] = {}
    for n, run in enumerate(runs):
        for one in run.results:
            for kind in dict.fromkeys(fault.id for fault in one.faults):
                where.setdefault(kind, []).append((n, one))
    every = kinds(fault for run in runs for one in run.results for fault in one.faults)
    if not every:
        return ""
    rows = []
    for fault, _ in every:
        places = where[fault.id]
        more = f'<br><span class="soft">and {len(places) - 1} more</span>' if places[1:] else ""
        rule = f'<a href="#{anchor("rule", fault.rule)}">{name(fault.id)}</a>'
        rows.append(
            [
                sign(fault.severity),
                f'<span class="id">{rule}</span>',
                text(fault.expected),
                text(cut(fault.seen)),
                _link(*places[0], fault.exchange) + more,
            ]
        )
    heads = [("k", "severity"), ("i", "rule and check"), ("", "expected"), ("", "seen first")]
    table_ = table([*heads, ("k", "where")], rows, [""] * len(rows))
    return f"<h2>What is wrong</h2>{table_}"


def _suites(runs: Sequence[Run]) -> str:
    found: dict[tuple[str, str, str], Counter[Verdict]] = {}
    for run in runs:
        for one in run.results:
            key = (str(run.side), model(run), one.suite)
            found.setdefault(key, Counter())[one.verdict] += 1
    heads = [("k", "under test"), ("k", "model"), ("", "suite")]
    heads += [("n", f"{SIGNS[one]} {one}") for one in Verdict]
    rows = [
        [*map(text, key), *(str(count[one]) if count[one] else "-" for one in Verdict)]
        for key, count in found.items()
    ]
    return "<h2>Summary</h2>" + table(heads, rows, [""] * len(rows))


def _not_tested(runs: Sequence[Run]) -> str:
    found = [
        (n, one)
        for n, run in enumerate(runs)
        for one in run.results
        if one.verdict in (Verdict.SKIP, Verdict.INCONCLUSIVE)
    ]
    if not found:
        return "<h2>Not tested</h2><p>Nothing was skipped, and nothing is inconclusive.</p>"
    rows = [
        [_link(n, one), sign(one.verdict), text(one.title), text(one.reason)] for n, one in found
    ]
    heads = [("k", "case"), ("k", "verdict"), ("", "title"), ("", "why")]
    intro = "<p>Neither is a pass: of what these cases are about, nothing is known.</p>"
    return "<h2>Not tested</h2>" + intro + table(heads, rows, [""] * len(rows))


def _list(runs: Sequence[Run]) -> str:
    buttons = '<button data-show="" aria-pressed="true">all</button> ' + " ".join(
        f'<button data-show="{text(one)}" aria-pressed="false">{SIGNS[one]} {text(one)}</button>'
        for one in Verdict
    )
    folds = '<button data-open="yes">unfold all</button> <button data-open="no">fold all</button>'
    rows, attributes = [], []
    for n, run in enumerate(runs):
        for one in run.results:
            rows.append(
                [
                    _link(n, one),
                    text(one.title),
                    sign(one.verdict),
                    _what(one),
                    f"{one.took:,.1f} s",
                ]
            )
            attributes.append(f' data-verdict="{text(one.verdict)}"')
    heads = [("k", "case"), ("", "title"), ("k", "verdict"), ("", "what"), ("n", "took")]
    tools = f'<p class="tools">{buttons} &nbsp; {folds}</p>'
    return f"<h2>Cases</h2>{tools}{table(heads, rows, attributes)}"


def _link(number: int, one: Result, exchange: int = 0) -> str:
    """Returns a link to a case, or to one of its exchanges."""
    here = case_anchor(number, one)
    if not exchange:
        return f'<a class="id" href="#{here}">{text(one.id)}</a>'
    words = f"{text(one.id)}<br>exchange {exchange}"
    return f'<a class="id" href="#{anchor(here, exchange)}">{words}</a>'


def _what(one: Result) -> str:
    if one.faults:
        labels = in_order(fault.rule for fault in one.faults)
        return ", ".join(f'<a href="#{anchor("rule", rule)}">{text(rule)}</a>' for rule in labels)
    if one.reason:
        return text(one.reason)
    return f'<span class="soft">{len(one.checks)} checks</span>'


def _rules(runs: Sequence[Run]) -> str:
    cases = [(n, one) for n, run in enumerate(runs) for one in run.results]
    labels = {label for _, one in cases for label in (*one.rules, *labels_of(one))}
    labels |= {fault.rule for _, one in cases for fault in one.faults}
    rows = [_rule(label, cases) for label in in_order(labels)]
    attributes = [f' id="{anchor("rule", label)}"' for label in in_order(labels)]
    heads = [("k", "rule"), ("", "what it asks for"), ("k", "verdict"), ("", "cases")]
    intro = (
        "<p>In our words. <em>Kept</em> means that somebody looked and saw nothing wrong; "
        "a rule has more to it than what can be seen from outside.</p>"
    )
    return "<h2>Rules</h2>" + intro + table([*heads, ("n", "findings")], rows, attributes)


def _rule(label: str, cases: "list[tuple[int, Result]]") -> list[str]:
    faults = [fault for _, one in cases for fault in one.faults if fault.rule == label]
    looked = [one for _, one in cases if label in labels_of(one)]
    broken = [pair for pair in cases if any(fault.rule == label for fault in pair[1].faults)]
    about = [pair for pair in cases if label in pair[1].rules and pair not in broken]
    names = [f"{_link(n, one)} {sign(one.verdict)}" for n, one in broken + about]
    others = len([one for one in looked if all(one is not pair[1] for pair in broken + about)])
    if others:
        names.append(f'<span class="soft">looked at in {others} more</span>')
    worst = next((one for one in Severity if any(f.severity is one for f in faults)), None)
    if worst is Severity.VIOLATION:
        verdict = sign("violated")
    elif worst is not None:
        verdict = sign(worst)
    else:
        verdict = sign("kept") if looked else '<span class="soft">not looked at</span>'
    words = f'{text(words_of(label))} <span class="soft">{text(section_of(label))}</span>'
    shown = f'<span class="id">{text(label)}</span>'
    return [shown, words, verdict, "<br>".join(names), str(len(faults)) if faults else "-"]


def _note() -> str:
    return (
        '<p class="soft">XML is laid out anew for reading; long documents are shortened. '
        "The JSON result has everything as it was on the wire. This is no certification.</p>"
    )
