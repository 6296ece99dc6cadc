"""What every page of a report has: its looks, and the few lines that fold and filter."""

import base64
import hashlib
import re
from html import escape

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #59636e; --line: #d5dbe1;
  --panel: #f5f7f9; --pass: #0f6b35; --fail: #b3191f; --skip: #59636e; --open: #8a5300;
  --hit: #ffe9a8; --link: #0b57b0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --paper: #14181c; --soft: #9aa5b1;
  --line: #343c45; --panel: #1d2329; --pass: #6bd08f; --fail: #ff8a84; --skip: #9aa5b1;
  --open: #f0b95a; --hit: #5b4a10; --link: #84b9ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; color: var(--ink);
  background: var(--paper); font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; } h2 { font-size: 1.25rem; margin: 2.2rem 0 .6rem;
  border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
h3 { font-size: 1rem; margin: 1rem 0 .3rem; } a { color: var(--link); }
p, ol, ul { margin: .3rem 0 .6rem; } .soft { color: var(--soft); }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .3rem .7rem .3rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { font-weight: 600; color: var(--soft); } td.n, th.n { text-align: right; white-space: nowrap; }
td.i { overflow-wrap: normal; min-width: 11rem; }
td.k, th.k { white-space: nowrap; overflow-wrap: normal; }
.v { font-weight: 600; white-space: nowrap; } .pass { color: var(--pass); }
.fail, .violation, .violated { color: var(--fail); } .skip, .information { color: var(--skip); }
.inconclusive, .warning { color: var(--open); }
.chips { display: flex; flex-wrap: wrap; gap: .6rem; margin: .8rem 0; }
.chips span { border: 1px solid currentColor; border-radius: .4rem; padding: .2rem .7rem; }
button { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line);
  border-radius: .4rem; padding: .15rem .6rem; cursor: pointer; }
button[aria-pressed=true] { outline: 2px solid var(--link); }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .5rem 0; }
summary { cursor: pointer; padding: .35rem .7rem; background: var(--panel); }
details > div { padding: .2rem .9rem .7rem; } details details { margin: .35rem 0; }
.id { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .92em; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: .8rem; }
.two > div { min-width: 0; }
pre { margin: .2rem 0; padding: .5rem .7rem; background: var(--panel); white-space: pre-wrap;
  overflow-wrap: anywhere; font: 12px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
mark { background: var(--hit); color: inherit; font-weight: 600; } pre b { font-weight: 600; }
.note { display: block; border-left: 4px solid currentColor; padding-left: .5rem; margin: .1rem 0;
  font-family: system-ui, "DejaVu Sans", sans-serif; white-space: normal; }
dl { margin: .3rem 0; } dt { font-weight: 600; margin-top: .5rem; } dd { margin: 0 0 0 1.2rem; }
@media print { body { max-width: none; padding: 0; font-size: 10pt; }
  button, .tools { display: none; }
  .two { display: block; } pre { font-size: 8pt; } summary, tr, h2, h3 { break-inside: avoid; }
  a { color: inherit; text-decoration: none; } mark { border: 1px solid; } }
"""

SCRIPT = """
const all = (what) => Array.from(document.querySelectorAll(what));
function shown(verdict) {
  all('[data-verdict]').forEach((one) => {
    one.hidden = verdict !== '' && one.dataset.verdict !== verdict; });
  all('button[data-show]').forEach((one) =>
    one.setAttribute('aria-pressed', String(one.dataset.show === verdict)));
}
function reveal() {
  const found = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let one = found; one; one = one.parentElement) {
    if (one.tagName === 'DETAILS') { one.open = true; }
    one.hidden = false; }
  if (found) { found.scrollIntoView(); }
}
all('button[data-show]').forEach((one) =>
  one.addEventListener('click', () => shown(one.dataset.show)));
all('button[data-open]').forEach((one) => one.addEventListener('click', () =>
  all('details').forEach((each) => { each.open = one.dataset.open === 'yes'; })));
addEventListener('hashchange', reveal);
addEventListener('beforeprint', () => all('details[data-verdict=fail], details[data-faults]')
  .forEach((one) => { one.open = true; }));
reveal();
"""

#: A sign beside the word, so that nothing is said by colour alone.
SIGNS = {
    "pass": "\N{CHECK MARK}",
    "fail": "\N{BALLOT X}",
    "skip": "\N{EN DASH}",
    "inconclusive": "?",
    "violation": "\N{BALLOT X}",
    "violated": "\N{BALLOT X}",
    "warning": "!",
    "information": "i",
    "kept": "\N{CHECK MARK}",
}


def text(value: object) -> str:
    """Returns a text as HTML."""
    return escape(str(value))


def name(value: object) -> str:
    """Returns an identifier as HTML that breaks between its words, if it must."""
    return text(value).replace(".", ".<wbr>").replace("_", "_<wbr>")


def sign(word: object) -> str:
    """Returns a verdict or severity with its sign."""
    said = str(word)
    kind = {"kept": "pass", "violated": "fail"}.get(said, said)
    return f'<span class="v {text(kind)}">{SIGNS.get(said, "")} {text(said)}</span>'


def anchor(*parts: object) -> str:
    """Returns a name that a link can lead to."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", "-".join(map(str, parts)))


def table(heads: "list[tuple[str, str]]", rows: "list[list[str]]", attributes: "list[str]") -> str:
    """Returns a table.

    Args:
        heads: class and text of each column.
        rows: cells as HTML.
        attributes: of each row, as HTML.
    """
    kinds = [f' class="{kind}"' if kind else "" for kind, _ in heads]
    top = "".join(
        f"<th{kind}>{text(head)}</th>" for kind, (_, head) in zip(kinds, heads, strict=True)
    )
    body = "".join(
        f"<tr{attribute}>"
        + "".join(f"<td{kind}>{cell}</td>" for kind, cell in zip(kinds, row, strict=True))
        + "</tr>\n"
        for attribute, row in zip(attributes, rows, strict=True)
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>\n{body}</tbody></table>\n"


def page(title: str, body: str) -> str:
    """Returns a page that needs nothing else, and in which nothing but ``SCRIPT`` can run."""
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}</style></head>\n<body>\n"
        f"{body}\n<script>{SCRIPT}</script></body></html>\n"
    )
