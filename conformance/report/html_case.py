"""A case on the page: what it is for, what is wrong, and what was said."""

from collections.abc import Mapping

from conformance.checks import Side
from conformance.report.html_parts import anchor, sign, text
from conformance.report.laid_out import laid_out
from conformance.report.words import severities, worst
from conformance.results import Fault, Result, Run, Said, Verdict

#: Exchanges of a case that are shown.
MOST_SHOWN = 500
#: Headers that say something about conformance; the others are noise.
_HEADERS = ("content-type", "content-length", "transfer-encoding", "server", "user-agent")


def case_anchor(number: int, result: Result) -> str:
    """Returns where a case is on the page.

    Args:
        number: of its run, from 0.
        result: the case.
    """
    return anchor("case", number, result.id)


def case(number: int, run: Run, result: Result, *, unfolded: bool) -> str:
    """Returns a case as HTML.

    Args:
        number: of its run, from 0.
        run: the run.
        result: the case.
        unfolded: whether it is, if it failed.
    """
    found = severities(result.faults)
    told = f' <span class="soft">{text(found)}</span>' if found else ""
    opened = " open" if unfolded and result.verdict is Verdict.FAIL else ""
    here = case_anchor(number, result)
    parts = [
        f'<details id="{here}" data-verdict="{text(result.verdict)}"{opened}>'
        f'<summary>{sign(result.verdict)} <span class="id">{text(result.id)}</span> '
        f"{text(result.title)}{told}</summary><div>",
        f"<p>{text(result.purpose)}</p>",
        _listed("ol", "Steps", result.steps),
        _listed("ul", "What the device needs beforehand", result.needs),
        f"<p><strong>{text(result.verdict)}:</strong> {text(result.reason)}</p>"
        if result.reason
        else "",
        _faults(here, result.faults),
        f'<p class="soft">About {text(", ".join(result.rules) or "no numbered rule")}; '
        f"{len(result.checks)} checks and demands looked at something.</p>",
        _exchanges(here, run, result),
        "</div></details>\n",
    ]
    return "\n".join(part for part in parts if part)


def _exchanges(here: str, run: Run, result: Result) -> str:
    """Returns what was said: the first exchanges, and those that something is wrong with."""
    wrong = {one.exchange for one in result.faults}
    shown = [one for one in result.said if one.number in wrong][:MOST_SHOWN]
    shown += [one for one in result.said if one.number not in wrong][: MOST_SHOWN - len(shown)]
    left = len(result.said) - len(shown)
    told = f"<p>{left:,} exchanges left out; the JSON result has them.</p>" if left else ""
    inner = sorted(shown, key=lambda one: one.number)
    return "".join(_said(here, run, one, result.faults) for one in inner) + told


def _listed(tag: str, title: str, items: tuple[str, ...]) -> str:
    if not items:
        return ""
    inner = "".join(f"<li>{text(one)}</li>" for one in items)
    return f"<h3>{text(title)}</h3><{tag}>{inner}</{tag}>"


def _faults(here: str, faults: tuple[Fault, ...]) -> str:
    if not faults:
        return ""
    return f"<h3>Findings</h3><dl>{''.join(_fault(here, one) for one in faults)}</dl>"


def _fault(here: str, fault: Fault) -> str:
    place = ""
    if fault.exchange:
        link = f'<a href="#{anchor(here, fault.exchange)}">exchange {fault.exchange}</a>'
        place = f", {link}"
    where = f", <code>{text(fault.path)}</code>" if fault.path else ""
    rule = f'<a href="#{anchor("rule", fault.rule)}">{text(fault.id)}</a>'
    message = f" {text(fault.message)} of the {text(fault.sender)}" if fault.message else ""
    return (
        f"<dt>{sign(fault.severity)} {rule}{place}{message}{where}</dt>"
        f"<dd>Expected: {text(fault.expected)}<br>Seen: {text(fault.seen)}</dd>"
    )


def _said(here: str, run: Run, said: Said, faults: tuple[Fault, ...]) -> str:
    other = Side.VEN if said.asked_by is Side.VTN else Side.VTN
    own = [one for one in faults if one.exchange == said.number]
    asked = [one for one in own if one.sender is said.asked_by]
    answered = [one for one in own if one.sender is not said.asked_by]
    status = "nothing came back" if said.status is None else f"HTTP {said.status}"
    found = f' <span class="v {worst(own)}">{text(severities(own))}</span>' if own else ""
    title = (
        f'<span class="id">{said.number}</span> '
        f'<span class="soft">{text(said.at.strftime("%H:%M:%S"))} UTC</span> '
        f"{text(said.asked_by)} \N{RIGHTWARDS ARROW} {other} {text(said.service)}: "
        f'{text(said.title)} <span class="soft">{status}</span>{found}'
    )
    problem = f"<p>{text(said.problem)}</p>" if said.problem else ""
    return (
        f'<details id="{anchor(here, said.number)}"{" open data-faults" if own else ""}>'
        f"<summary>{title}</summary><div>{problem}"
        f'<div class="two"><div><h3>{text(said.asked_by)} asks{_tested(run, said.asked_by)}</h3>'
        f"{_headers(said.request_headers)}<pre>{laid_out(said.request, asked)}</pre></div>"
        f"<div><h3>{other} answers{_tested(run, other)}</h3>"
        f"{_headers(said.reply_headers)}<pre>{laid_out(said.reply, answered)}</pre></div>"
        "</div></div></details>"
    )


def _tested(run: Run, side: Side) -> str:
    return ' <span class="soft">(under test)</span>' if run.side is side else ""


def _headers(headers: Mapping[str, str]) -> str:
    told = [f"{name}: {headers[name]}" for name in _HEADERS if name in headers]
    return f'<p class="soft id">{"<br>".join(map(text, told))}</p>' if told else ""
