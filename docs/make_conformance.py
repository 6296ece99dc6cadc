"""Writes docs/conformance.md: rule by rule, what proves it and where it is implemented.

    python docs/make_conformance.py

The rules come from ``oadr.rules``. A test proves a rule by its name (``test_r42_...``,
``test_r45_r509_...``), and for the side whose folder it is in. A function, class or
module implements a rule that its docstring or a comment in it names (``R42``). What the
conformance kit does about a rule, at any VTN and VEN, is that of ``conformance.ledger``.
"""

import ast
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conformance.ledger import Entry, State, ledger
from oadr.rules import RULES, SECTIONS, Rule, Side

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "conformance.md"

#: Whose code a folder holds; the rest is what both parties share.
ROOMS: Mapping[str, frozenset[Side]] = {
    "oadr": frozenset(Side),
    "runtime": frozenset(Side),
    "certs": frozenset(Side),
    "handlers": frozenset(Side),
    "vtn": frozenset({Side.VTN}),
    "ven": frozenset({Side.VEN}),
}
#: For whom a test in a folder of tests counts; the more exact folder decides, others are core.
COUNTS: Mapping[str, frozenset[Side]] = {
    "tests/vtn": frozenset({Side.VTN}),
    "tests/ven": frozenset({Side.VEN}),
    "tests/acceptance": frozenset(Side),
    "tests/generations": frozenset(Side),
    # A test of a check of the traffic proves that the check works, and nothing of a party.
    "tests/conformance": frozenset(),
    "tests/conformance/vtn": frozenset({Side.VTN}),
    "tests/conformance/ven": frozenset({Side.VEN}),
}
#: The decorators of a check over the traffic.
_CHECKS = {"message", "exchange", "session"}
_MOST_TESTS = 4
_MOST_PLACES = 4
_MOST_CASES = 4

_NUMBERS = re.compile(r"^test((?:_r\d+)+)(?!_?\d)(?:_|$)")
_RULE = re.compile(r"\bR(\d+)\b")
_SPEC = re.compile(r"\b[Rr]ules? (\d+(?:(?:, | and |, and )\d+)*)")
_RANGE = re.compile(r"\bR?\d+ (?:to|and on to|up to) R?\d+\b|\bR\d+ ?[-\N{EN DASH}] ?R?\d+\b")

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

# ------------------------------------------------------------------ what there is


@dataclass(frozen=True, slots=True, order=True)
class Proof:
    """A test.

    Attributes:
        path: its file, from the root of the repository.
        name: that of the function.
    """

    path: str
    name: str

    @property
    def sides(self) -> frozenset[Side]:
        """Returns for whom it counts; nobody for a test of the shared core."""
        folders = [folder for folder in COUNTS if self.path.startswith(f"{folder}/")]
        return COUNTS[max(folders, key=len)] if folders else frozenset()


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A module, class or function.

    Attributes:
        path: its file, from the root of the repository.
        name: dotted, with the module.
    """

    path: str
    name: str


@cache
def proofs() -> Mapping[int, tuple[Proof, ...]]:
    """Returns the tests of each rule, by its number."""
    found: dict[int, set[Proof]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for number in numbers_of_test(node.name):
                    found.setdefault(number, set()).add(Proof(_relative(path), node.name))
    return {number: tuple(sorted(tests)) for number, tests in found.items()}


def numbers_of_test(name: str) -> tuple[int, ...]:
    """Returns the rules that a test proves by its name."""
    match = _NUMBERS.match(name)
    return tuple(map(int, re.findall(r"\d+", match[1]))) if match else ()


@cache
def places() -> Mapping[int, tuple[Place, ...]]:
    """Returns what implements each rule, by its number, in the order of the rooms."""
    found: dict[int, list[Place]] = {}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "rules" not in path.relative_to(ROOT).parts:
                for number, place in _places_of(path):
                    if place not in found.setdefault(number, []):
                        found[number].append(place)
    return {number: tuple(each) for number, each in found.items()}


@cache
def checks() -> Mapping[int, tuple[Place, ...]]:
    """Returns the checks over the traffic of all tests for each rule, by its number."""
    found: dict[int, list[Place]] = {}
    for path in sorted((ROOT / "conformance" / "checks").glob("*.py")):
        for name, node in _named(ast.parse(path.read_text(encoding="utf-8")), _module(path)):
            for number in map(_checked, node.decorator_list):
                if number:
                    found.setdefault(number, []).append(Place(_relative(path), name))
    return {number: tuple(each) for number, each in found.items()}


def _checked(decorator: ast.expr) -> int | None:
    """Returns the rule of ``@message(42, ...)("...")``; None for other decorators."""
    match decorator:
        case ast.Call(func=ast.Call(func=ast.Name(id=name), args=[ast.Constant(int(number)), *_])):
            return number if name in _CHECKS else None
    return None


def _places_of(path: Path) -> Iterator[tuple[int, Place]]:
    text = path.read_text(encoding="utf-8")
    lines = [sorted(numbers_of_line(line)) for line in text.splitlines()]
    if any(lines):
        module = _module(path)
        named = list(_named(ast.parse(text), module))
        for at, numbers in enumerate(lines, start=1):
            for number in numbers:
                yield number, Place(_relative(path), _innermost(named, at) or module)


def numbers_of_line(line: str) -> set[int]:
    """Returns the rules that a line of code names; the inner ones of a range are not."""
    line = _RANGE.sub("", line)
    listed = (number for group in _SPEC.findall(line) for number in re.findall(r"\d+", group))
    return {int(number) for number in (*_RULE.findall(line), *listed)} & RULES.keys()


def _named(tree: ast.AST, prefix: str) -> Iterator[tuple[str, _Definition]]:
    """Yields classes, functions and methods; what is inside of a function is part of it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{prefix}.{node.name}"
            yield name, node
            if isinstance(node, ast.ClassDef):
                yield from _named(node, name)


def _innermost(named: list[tuple[str, _Definition]], line: int) -> str | None:
    around = [name for name, node in named if node.lineno <= line <= (node.end_lineno or 0)]
    return around[-1] if around else None


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# ------------------------------------------------------------------ what is missing


def untested(rule: Rule) -> tuple[Side, ...]:
    """Returns the sides that a rule names and that no test proves it for."""
    proven = frozenset[Side]().union(*(proof.sides for proof in proofs().get(rule.number, ())))
    return tuple(side for side in Side if side in rule.sides - proven)


def is_implemented(rule: Rule) -> bool:
    """Returns whether any code names the rule."""
    return rule.number in places()


def state(rule: Rule) -> str:
    """Returns how far a rule is, as the table says it."""
    if not rule.sides:
        return "for the programme to say"
    missing = untested(rule)
    if rule.later and len(missing) == len(rule.sides):
        return f"later: {rule.later}"
    if missing:
        told = "; ".join(f"{side}: no test" for side in missing)
    else:
        told = "tested on both sides" if len(rule.sides) == 2 else "tested"
    if not is_implemented(rule):
        told += "; no code names it"
    return f"{told}; later: {rule.later}" if rule.later else told


# ------------------------------------------------------------------ the page

_HEAD = """\
# Conformance

Every numbered conformance rule of the OpenADR 2.0b profile: what it asks for, where it is
implemented, and which tests fail when it is broken. Made from `oadr/rules`, from the names of the
tests, from the docstrings and comments of the code, and from `conformance/ledger.py` by
`docs/make_conformance.py`.

**How to read it.** The words are ours, not the profile's. *Side* is whoever has to keep the rule.
*Implemented in* links the code that names the rule; `oadr`, `runtime` and `certs` are what both
parties share. *Tests* are those that carry the number in their name, under the side that they
prove it for: `core` for the logic that both sides share, `VTN`, `VEN`, or `both` if a real VTN and
a real VEN meet; `traffic` names the checks that the traffic of all tests must pass. A rule is
complete if each side that it names has a test. *Conformance kit* says how the kit proves any other
VTN or VEN: by checks on whatever it sends, by demands of cases that provoke a situation, or why
not. Numbers that are missing (R11, R24 and so on) do not exist in the profile.

**How to run the tests of one rule.** `pytest -k r42_` runs those of R42. `conform list --rule R42`
shows the cases about it, and `conform vtn URL --rule R42` runs them against a VTN.
"""

_INTERPRETATIONS = """\
## Interpretations

Where the text of a rule is open, this is how it is read here.
"""


def page() -> str:
    """Returns the page."""
    parts = [_HEAD, _summary()]
    for section in SECTIONS:
        parts.append(f"## {section.title}\n")
        parts.append(
            "| Rule | In our words | Side | Implemented in | Tests | Conformance kit | State |"
        )
        parts.append("|---|---|---|---|---|---|---|")
        parts += [_row(rule) for rule in section.rules]
        parts.append("")
    parts.append(_INTERPRETATIONS)
    parts += [f"* **R{rule.number}.** {rule.note}" for rule in sorted_rules() if rule.note]
    parts += ["", "In the code, beside what it explains:\n"]
    parts += [f"* {text} {_link(place)}" for place, text in interpretations()]
    return "\n".join(parts) + "\n"


def sorted_rules() -> tuple[Rule, ...]:
    """Returns all rules by their numbers."""
    return tuple(RULES[number] for number in sorted(RULES))


def _summary() -> str:
    bound = [rule for rule in RULES.values() if rule.sides]
    complete = [rule for rule in bound if not untested(rule) and not rule.later]
    later = [rule.name for rule in bound if rule.later]
    kit = Counter(entry.state for entry in ledger().values())
    return (
        f"{len(RULES)} rules, {len(bound)} of which bind a product; {len(complete)} of these are "
        f"tested on each side that they name. {', '.join(later)} wait in part or in whole for the "
        f"XMPP transport. The conformance kit checks {kit[State.CHECKED]} rules; "
        f"{kit[State.OUTSIDE]} cannot be checked from outside, {kit[State.LATER]} are not checked "
        "yet.\n"
    )


def _row(rule: Rule) -> str:
    side = "both" if len(rule.sides) == 2 else next(iter(rule.sides), "-")
    cells = (
        f'<a id="r{rule.number}"></a>{rule.name}',
        rule.words,
        side,
        _places_cell(rule),
        _tests_cell(rule),
        kit_cell(ledger()[rule.number]),
        state(rule),
    )
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _places_cell(rule: Rule) -> str:
    found = _spread(places().get(rule.number, ()))
    shown = [_link(place) for place in found[:_MOST_PLACES]]
    return "<br>".join([*shown, *_more(found, _MOST_PLACES)]) or "-"


def _spread(found: tuple[Place, ...]) -> list[Place]:
    """Returns the places such that each room is among the first ones."""
    rooms: dict[str, list[Place]] = {}
    for place in sorted(found, key=_exactness):
        rooms.setdefault(place.path.partition("/")[0], []).append(place)
    ranks = {place: at for each in rooms.values() for at, place in enumerate(each)}
    return sorted(found, key=ranks.__getitem__)


def _exactness(place: Place) -> tuple[bool, bool]:
    """Puts the core of the matter before OpenLEADR's forms, and functions before modules."""
    parts = place.path.split("/")
    return "compat" in parts or "dicts" in parts, place.name == _module(ROOT / place.path)


def _tests_cell(rule: Rule) -> str:
    groups: dict[str, list[Proof]] = {"VTN": [], "VEN": [], "both": [], "core": []}
    for proof in proofs().get(rule.number, ()):
        groups[_group(proof)].append(proof)
    lines = []
    for name, found in groups.items():
        if found:
            shown = [f"[{proof.name}](../{proof.path})" for proof in found[:_MOST_TESTS]]
            lines.append(f"{name}: " + ", ".join([*shown, *_more(found, _MOST_TESTS)]))
    watching = list(checks().get(rule.number, ()))
    if watching:
        names = [_link(place, place.name.rpartition(".")[2]) for place in watching[:_MOST_TESTS]]
        lines.append("traffic: " + ", ".join([*names, *_more(watching, _MOST_TESTS)]))
    return "<br>".join(lines) or "-"


def kit_cell(entry: Entry) -> str:
    """Returns what the conformance kit does about a rule."""
    if entry.state is not State.CHECKED:
        return f"{entry.state}: {entry.why}"
    counts = (("check", len(entry.checks)), ("demand", len(entry.demands)))
    told = [f"{count} {noun}{'s' * (count > 1)}" for noun, count in counts if count]
    lines = [" and ".join(told)]
    if entry.cases:
        more = len(entry.cases) - _MOST_CASES
        rest = f" and {more} more" if more > 0 else ""
        lines.append("cases: " + ", ".join(entry.cases[:_MOST_CASES]) + rest)
    return "<br>".join(lines)


def _group(proof: Proof) -> str:
    if len(proof.sides) == 2:
        return "both"
    return str(next(iter(proof.sides), "core"))


def _more(found: list[Place] | list[Proof], most: int) -> list[str]:
    return [f"and {len(found) - most} more"] if len(found) > most else []


def _link(place: Place, name: str = "") -> str:
    return f"[`{name or place.name}`]({os.path.relpath(ROOT / place.path, PAGE.parent)})"


def interpretations() -> list[tuple[Place, str]]:
    """Returns what docstrings say after ``Interpretation:``, with where they are."""
    found = []
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if "Interpretation" in text and "rules" not in path.relative_to(ROOT).parts:
                found += list(_interpretations_of(path, ast.parse(text)))
    return found


def _interpretations_of(path: Path, tree: ast.Module) -> Iterator[tuple[Place, str]]:
    module = _module(path)
    for name, node in ((module, tree), *_named(tree, module)):
        for paragraph in (ast.get_docstring(node) or "").split("\n\n"):
            _, mark, words = paragraph.partition("Interpretation")
            if mark:
                said = " ".join(words.lstrip(":, ").split()).replace("``", "`")
                said = re.sub(":$", ".", said)
                yield Place(_relative(path), name), said[0].upper() + said[1:]


def main() -> None:
    """Writes the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
