"""What the reports say of a run, and what a hostile device cannot make them say."""

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from lxml import etree
from rich.console import Console

from conformance.case import Case
from conformance.cases import CASES
from conformance.checks import Side
from conformance.checks.xml import path_of
from conformance.report import BadReport, load, loaded, to_json, write, written
from conformance.report.as_json import SCHEMA, from_json
from conformance.report.html import html
from conformance.report.html_parts import SCRIPT
from conformance.report.junit import junit
from conformance.report.laid_out import MOST_LINES, laid_out
from conformance.report.terminal import Screen, closing, told
from conformance.results import Result, Run
from tests.conformance.kit.sample_run import FAILED, FAULT, HARM, PASSED, REPLY, RUN, SAID, SKIPPED

PUSHED = replace(RUN, push=True, results=(PASSED,))


class Page(HTMLParser):
    """What a browser would make of a page."""

    VOID = frozenset({"meta", "br", "img", "wbr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["script"], ["style"]):
            self.text += data


# ------------------------------------------------------------------ JSON


def test_json_holds_all_of_a_run() -> None:
    through = json.loads(json.dumps(to_json(RUN)))
    assert from_json(through) == RUN
    assert through["schema"] == SCHEMA
    assert through["counts"] == {"pass": 1, "fail": 1, "skip": 1, "inconclusive": 1}
    assert through["violated"] == ["R115"]


def test_several_runs_are_one_file() -> None:
    assert loaded(json.loads(json.dumps(written([RUN, PUSHED])))) == [RUN, PUSHED]
    assert loaded(to_json(RUN)) == [RUN]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "no key 'schema'"),
        ({"schema": 99}, "its schema is 99"),
        ({"runs": 5}, "no list"),
        ({"schema": SCHEMA}, "KeyError"),
        (to_json(RUN) | {"side": "TV"}, "'TV' is not a valid Side"),
        (to_json(RUN) | {"results": [{"id": "x"}]}, "KeyError"),
        (to_json(RUN) | {"began": "yesterday"}, "yesterday"),
    ],
)
def test_what_is_no_result_of_a_run_is_named(data: object, words: str) -> None:
    with pytest.raises(BadReport, match=re.escape(words)):
        loaded(data)


def test_files_are_written_as_named_and_read_again(tmp_path: Path) -> None:
    names = {name: tmp_path / f"report.{name}" for name in ("html", "junit", "json")}
    assert write([RUN], **names) == list(names.values())
    assert load(names["json"]) == [RUN]
    names["json"].write_text("{", encoding="utf-8")
    with pytest.raises(BadReport, match="it is no JSON"):
        load(names["json"])


# ------------------------------------------------------------------ HTML


def test_nothing_that_a_device_says_is_markup() -> None:
    page = Page(html([RUN, PUSHED]))
    assert page.open == []
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not [tag for tag, _ in page.tags if tag in ("img", "iframe", "object", "form")]
    assert not [name for _, attributes in page.tags for name in attributes if name[:2] == "on"]
    assert "<script>alert(1)</script>" in page.text
    assert "alert(" not in SCRIPT


def test_the_page_needs_no_network_and_lets_nothing_else_run() -> None:
    page = Page(html([RUN]))
    for tag, attributes in page.tags:
        assert "src" not in attributes, tag
        assert (attributes.get("href") or "#").startswith("#")
    policy = next(one["content"] or "" for tag, one in page.tags if "http-equiv" in one)
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy


def test_every_link_of_the_page_leads_somewhere() -> None:
    page = Page(html([RUN, PUSHED]))
    ids = [one["id"] for _, one in page.tags if "id" in one]
    assert len(ids) == len(set(ids))
    links = {(one["href"] or "")[1:] for _, one in page.tags if "href" in one}
    assert links
    assert links <= set(ids)


def test_what_is_wrong_leads_to_the_exchange_where_it_is() -> None:
    page = html([RUN])
    first, _, _ = page.partition("<h2>Summary</h2>")
    fault, one = next((fault, one) for one in RUN.results for fault in one.faults if fault.exchange)
    assert f"{one.id}<br>exchange {fault.exchange}</a>" in first


def test_the_page_tells_each_verdict_in_words_with_its_reason() -> None:
    text = Page(html([RUN])).text
    for word in (
        "pass",
        "fail",
        "skip",
        "inconclusive",
        "it broke off: OSError",
        "nobody is there",
    ):
        assert word in text
    assert "All events of a message have the same createdDateTime." in text
    assert "What the device needs beforehand" in text
    assert "no answer" in text


def test_the_page_has_an_index_of_rules_in_our_words() -> None:
    text = Page(html([RUN])).text
    assert "EiEvent, what profile 2.0b adds" in text
    assert "not looked at" in Page(html([replace(RUN, results=(SKIPPED,))])).text


def test_a_finding_stands_at_its_line() -> None:
    shown = laid_out(REPLY, [FAULT])
    marked = re.findall(r"<mark>(.*?)</mark>", shown)
    assert len(marked) == 1
    assert "alert(3)" in marked[0]
    assert "<script>" not in shown


def test_paths_of_laid_out_documents_are_those_of_findings() -> None:
    root = etree.fromstring(REPLY.encode())
    for element in root.iter():
        fault = replace(FAULT, path=path_of(element))
        (marked,) = re.findall(r"<mark>(.*?)</mark>", laid_out(REPLY, [fault]))
        assert etree.QName(element).localname in marked


def test_what_is_no_xml_is_marked_at_the_line_of_the_finding() -> None:
    shown = laid_out(SAID.request, [replace(FAULT, path="", line=3)])
    assert "<mark>third</mark>" in shown
    assert "<i>empty</i>" in laid_out("", [])


def test_a_long_document_is_shortened_around_its_findings() -> None:
    text = f"<a>{'<b>1</b>' * 5000}</a>"
    shown = laid_out(text, [replace(FAULT, path="b[4000]")])
    assert shown.count("\n") < MOST_LINES + 20
    assert "<mark>" in shown
    assert "lines left out" in shown


def test_a_document_that_would_grow_is_not_let_grow() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "cccccccccc">]><a>&b;&b;</a>'
    assert "cccccccccccc" not in laid_out(bomb, [])


def test_a_page_of_nothing_is_a_page() -> None:
    assert Page(html([])).open == []


# ------------------------------------------------------------------ JUnit

#: The form that CI servers agree upon.
_FORM = etree.XMLSchema(
    etree.fromstring(
        b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xs:complexType name="told" mixed="true"><xs:attribute name="message"/><xs:attribute name="type"/>
</xs:complexType>
<xs:element name="testsuites"><xs:complexType><xs:sequence>
 <xs:element name="testsuite" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
  <xs:element name="properties"><xs:complexType><xs:sequence>
   <xs:element name="property" maxOccurs="unbounded"><xs:complexType>
    <xs:attribute name="name" use="required"/><xs:attribute name="value" use="required"/>
   </xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element>
  <xs:element name="testcase" maxOccurs="unbounded"><xs:complexType><xs:sequence>
   <xs:choice minOccurs="0"><xs:element name="skipped" type="told"/>
    <xs:element name="error" type="told"/><xs:element name="failure" type="told"/></xs:choice>
   <xs:element name="system-out" type="xs:string" minOccurs="0"/>
   <xs:element name="system-err" type="xs:string" minOccurs="0"/></xs:sequence>
   <xs:attribute name="name" use="required"/><xs:attribute name="classname" use="required"/>
   <xs:attribute name="time" type="xs:decimal" use="required"/></xs:complexType></xs:element>
 </xs:sequence>
  <xs:attribute name="name" use="required"/>
  <xs:attribute name="tests" type="xs:int" use="required"/>
  <xs:attribute name="failures" type="xs:int" use="required"/>
  <xs:attribute name="errors" type="xs:int" use="required"/>
  <xs:attribute name="skipped" type="xs:int" use="required"/>
  <xs:attribute name="time" type="xs:decimal"/>
  <xs:attribute name="timestamp" type="xs:dateTime" use="required"/></xs:complexType></xs:element>
 </xs:sequence><xs:attribute name="name"/><xs:attribute name="tests" type="xs:int"/>
 <xs:attribute name="failures" type="xs:int"/><xs:attribute name="errors" type="xs:int"/>
 <xs:attribute name="skipped" type="xs:int"/><xs:attribute name="time" type="xs:decimal"/>
</xs:complexType></xs:element></xs:schema>"""
    )
)


def test_junit_has_the_usual_form_whatever_a_device_says() -> None:
    root = etree.fromstring(junit([RUN, PUSHED]))
    _FORM.assertValid(root)
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
    }
    names = [one.get("name") for one in root.iterfind("testsuite")]
    assert names == ["VTN pull event", "VTN pull registration", "VTN push registration"]


def test_junit_tells_of_a_failure_what_was_expected_and_what_was_said() -> None:
    root = etree.fromstring(junit([RUN]))
    case = root.find("testsuite/testcase[failure]")
    assert case is not None
    assert case.get("classname") == "conform.vtn.pull.event"
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("type") == "R115.same_created"
    assert "expected: All events" in (failure.text or "")
    assert "oadrEvent" in (case.findtext("system-out") or "")


# ------------------------------------------------------------------ terminal


def test_the_last_line_counts_and_names_the_rules() -> None:
    line = closing([RUN], [Path("report.html")])
    assert line == (
        "4 cases: 1 pass, 1 fail, 1 skip, 1 inconclusive.   R115 violated.   report.html"
    )
    assert closing([replace(RUN, results=(PASSED,))]) == "1 case: 1 pass."


def test_a_failure_says_rule_what_was_seen_and_where() -> None:
    first, expected = told(FAILED)
    assert first.startswith("R115: two ")
    assert first.endswith("ex. 1")
    assert expected == FAULT.expected
    assert told(FAILED, {FAULT.id}) == ["again R115"]
    assert told(PASSED) == ["2 checks, warning: R404"]


def test_no_device_writes_to_the_terminal() -> None:
    out = _screen([FAILED, PASSED, SKIPPED])
    assert "\x1b" not in out
    assert "\x00" not in out
    assert len(out.splitlines()) == 4


def test_a_quiet_screen_says_nothing() -> None:
    assert _screen([FAILED], quiet=True) == ""


def _screen(results: list[Result], *, quiet: bool = False) -> str:
    out = io.StringIO()
    screen = Screen(Console(file=out, width=80), len(results), quiet=quiet)
    case: Case = CASES[Side.VTN, "N1_0010"]
    for one in results:
        screen.progress(case, None)
        screen.progress(case, one)
    return out.getvalue()


def test_the_sample_is_as_hostile_as_it_should_be() -> None:
    run: Run = RUN
    assert all(HARM in text for text in (run.device, FAILED.title, SAID.request, FAULT.seen))
