"""docs/conformance.md has every rule of the profile, and every rule has its tests."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from conformance.ledger import State, ledger
from oadr.rules import RULES, SECTIONS, Rule, Side

DOCS = Path(__file__).parents[1] / "docs"

#: Section 3 of the rules: those that the profile has.
PROFILE = (
    "1-10 12-23 25 27 29-33 35-38 40-43 45-48 50-53 56-70 100-116 200-211 300-309 311-319 321 322 "
    "324 325 327-331 333-346 400-407 500-502 506-512 514-517"
)
#: What is still missing: for whom a rule has no test ("VTN", "VEN"), or no "code" names it.
OPEN: dict[int, str] = {}


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_conformance", DOCS / "make_conformance.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MADE = generator()
PAGE = (DOCS / "conformance.md").read_text(encoding="utf-8")


def numbers() -> list[int]:
    found: list[int] = []
    for part in PROFILE.split():
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def test_the_page_is_that_of_this_code() -> None:
    assert MADE.page() == PAGE, "run: python docs/make_conformance.py"


def test_every_rule_of_the_profile_is_in_the_ledger_once() -> None:
    assert len(numbers()) == 153
    assert [rule.number for section in SECTIONS for rule in section.rules] == numbers()
    assert list(RULES) == numbers()


def test_every_rule_of_the_profile_has_a_row_with_words_and_a_state() -> None:
    rows = re.findall(r'^\| <a id="r(\d+)"></a>R(\d+) \| (.*) \|$', PAGE, re.MULTILINE)
    assert [int(number) for number, _, _ in rows] == numbers()
    for number, again, rest in rows:
        cells = rest.split(" | ")
        assert number == again
        assert len(cells) == 6, f"R{number}"
        assert all(cells), f"R{number}"


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_every_rule_is_written_in_full_sentences(rule: Rule) -> None:
    for text in (rule.words, rule.note, rule.later):
        assert not text or text.endswith("."), rule.name
    assert rule.words[0].isupper() or rule.words[0] == "`" or rule.words.split()[0] in _TERMS


#: Names of elements, which keep their small first letter at the start of a sentence.
_TERMS = {"accuracy", "createdDateTime", "currentValue", "eiReportID", "eventStatus", "granularity"}
_TERMS |= {"oadrDeviceClass", "oadrPendingReports", "oadrRequestEvent", "reportBackDuration"}
_TERMS |= {"reportSubject", "venID", "venID,", "x-eiNotification"}


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_every_rule_has_a_test_on_each_side_that_it_names_and_code_that_names_it(
    rule: Rule,
) -> None:
    missing = [str(side) for side in MADE.untested(rule)]
    if rule.later and len(missing) == len(rule.sides):
        missing = []  # Nothing of it is there yet; as soon as one side has a test, both need one.
    elif rule.sides and not MADE.is_implemented(rule):
        missing.append("code")
    assert missing == OPEN.get(rule.number, "").split(), (
        f"{rule.name} is open for {missing or 'nobody'}; a test named test_r{rule.number}_... in "
        "tests/vtn, tests/ven or tests/acceptance proves it, and OPEN says what is missing"
    )


def test_a_rule_waits_for_the_xmpp_transport_or_for_nothing() -> None:
    later = {rule.number: rule.later for rule in RULES.values() if rule.later}
    assert set(later) == {38, 507, 515}
    for number, text in later.items():
        assert text.startswith("XMPP"), number
        assert f"later: {text} |\n" in PAGE, number


def test_every_rule_says_what_the_conformance_kit_does_about_it() -> None:
    for number, entry in ledger().items():
        row = re.search(rf"<a id=.r{number}.></a>.*", PAGE)
        assert row is not None
        cell = row[0].split(" | ")[5]
        assert (cell == f"{entry.state}: {entry.why}") == (entry.state is not State.CHECKED)
        assert all(case in cell for case in entry.cases[:4]) or entry.why


def test_only_a_rule_that_leaves_all_to_programmes_binds_nobody() -> None:
    assert [rule.number for rule in RULES.values() if not rule.sides] == [201]


def test_every_interpretation_of_a_rule_is_on_the_page() -> None:
    for rule in RULES.values():
        assert not rule.note or f"\n* **{rule.name}.** {rule.note}\n" in PAGE, rule.name
    for _, text in MADE.interpretations():
        assert f"\n* {text} [" in PAGE


def test_every_check_of_the_traffic_is_of_a_rule_of_the_profile_and_on_the_page() -> None:
    for number, places in MADE.checks().items():
        assert number in RULES
        row = re.search(rf"<a id=.r{number}.></a>.*", PAGE)
        assert row is not None
        for place in places[:4]:
            assert f"[`{place.name.rpartition('.')[2]}`](../{place.path})" in row[0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("test_r42_an_answer_copies_the_request_id", (42,)),
        ("test_r45_r509_every_message", (45, 509)),
        ("test_r1_3010_one_shot_status", ()),
        ("test_r12_r1_3010_both", (12,)),
        ("test_the_order_of_r15", ()),
        ("test_r2d2_is_no_rule", ()),
    ],
)
def test_the_name_of_a_test_says_which_rules_it_proves(
    name: str, expected: tuple[int, ...]
) -> None:
    assert MADE.numbers_of_test(name) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('"""Writes a moment with ``Z`` (R1, R46)."""', {1, 46}),
        ("Spec: rules 3 and 15.", {3, 15}),
        ("Spec: rules 301, 309, 400 to 407.", {301, 309}),
        ('"""EiOpt (R200 to R211)."""', set()),
        ("cases R1_3010, R42x, xR42 and CR42 are no rules", set()),
        ('raise InvalidId("wrong venID", rule="R21")', {21}),
        ("R11 does not exist", set()),
    ],
)
def test_a_line_of_code_names_rules_exactly_and_no_range_of_them(
    line: str, expected: set[int]
) -> None:
    assert MADE.numbers_of_line(line) == expected


@pytest.mark.parametrize(
    ("path", "sides"),
    [
        ("tests/vtn/store/test_event.py", {Side.VTN}),
        ("tests/ven/test_rules.py", {Side.VEN}),
        ("tests/acceptance/test_events.py", {Side.VTN, Side.VEN}),
        ("tests/oadr/test_event_build.py", set()),
        ("tests/vtnx/test_event.py", set()),
        ("tests/conformance/test_checks.py", set()),
    ],
)
def test_a_test_counts_for_the_side_of_its_folder(path: str, sides: set[Side]) -> None:
    assert MADE.Proof(path, "test_r1_x").sides == sides


def test_every_rule_has_words_and_a_number() -> None:
    with pytest.raises(ValueError, match="words"):
        Rule(1, frozenset(Side), "")
    with pytest.raises(ValueError, match="number"):
        Rule(0, frozenset(Side), "Something.")
