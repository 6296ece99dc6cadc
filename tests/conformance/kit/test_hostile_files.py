"""Files and reports that somebody has made to harm who reads them; a proxy for whoever calls."""

import bz2
import json
import os
import stat
import zipfile
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from lxml import etree

from conformance.cli import main
from conformance.cli.base import NothingTested
from conformance.cli.identity import unpacked
from conformance.passive import sources as reading
from conformance.passive.proxy import _passed_on, forwarded, save_case
from conformance.passive.sources import SourceError, sources
from conformance.report import write
from conformance.report.laid_out import laid_out
from conformance.report.words import words_of
from conformance.results import Verdict
from oadr import codec
from oadr import messages as m
from runtime.capture.bundle import SUFFIX, Bundle, save_bundle
from runtime.capture.record import Exchange, pack
from runtime.capture.segments import Segments
from tests.conformance.kit.sample_run import FAILED, RUN, SAID, SKIPPED

POLL = codec.encode(m.Poll(ven_id="ven-1"))
EXCHANGE = Exchange(
    at=datetime(2026, 1, 1, tzinfo=UTC),
    began=0,
    took=timedelta(0),
    asked_by="VEN",
    service="OadrPoll",
    peer="",
    status=200,
    request=POLL,
)


def typed(*words: str | Path) -> tuple[int, str]:
    """Returns exit status and output of ``conform``."""
    done = CliRunner().invoke(main, [str(word) for word in words])
    return done.exit_code, done.output


# ---------------------------------------------------------------- what is judged


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.xml")
    (tmp_path / f"b{SUFFIX}").mkdir()
    for name in ("a.xml", f"b{SUFFIX}"):
        with pytest.raises(SourceError, match="is no file"):
            list(sources([tmp_path / name])) if name[0] == "a" else reading._file(
                tmp_path / name, None
            )


def test_a_folder_does_not_lead_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "secret.xml").write_bytes(POLL)
    (tmp_path / "inner" / "x.xml").symlink_to(tmp_path / "secret.xml")
    with pytest.raises(SourceError, match="leads out"):
        list(sources([tmp_path / "inner"]))


def test_too_much_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_OF_MESSAGE", 100)
    monkeypatch.setattr(reading, "MOST_OF_TRACE", 100)
    for name in ("a.xml", f"a{SUFFIX}"):
        (tmp_path / name).write_bytes(b" " * 101)
        with pytest.raises(SourceError, match="at most 100 are read"):
            list(sources([tmp_path / name]))
    monkeypatch.setattr(reading, "MOST_FILES", 1)
    with pytest.raises(SourceError, match="more than 1 files"):
        list(sources([tmp_path]))


def test_what_unpacks_to_too_much_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    segments = Segments(tmp_path, max_bytes=10_000_000)
    segments.append([pack(replace(EXCHANGE, request=b" " * 1_000_000))])
    segments.close()
    monkeypatch.setattr(reading, "MOST_OF_TRACE", 100_000)
    with pytest.raises(SourceError, match="unpacks to more"):
        list(sources([tmp_path]))


@pytest.mark.parametrize(
    "change",
    [
        {"took": 1e300},
        {"request": 5},
        {"asked_by": "nobody"},
        {"at": "2026-01-01T00:00:00"},
        {"status": "200"},
        {"service": ["x"]},
        {"repairs": 3},
    ],
    ids=str,
)
def test_a_trace_of_nonsense_is_said_to_be_none(tmp_path: Path, change: dict[str, object]) -> None:
    file = tmp_path / f"x{SUFFIX}"
    save_bundle(file, Bundle(side="VTN", name="", secrets=True, exchanges=(EXCHANGE,)))
    content = json.loads(file.read_text())
    content["exchanges"][0].update(change)
    file.write_text(json.dumps(content))
    status, said = typed("check", file)
    assert status == 2, said
    assert "Traceback" not in said


def test_a_trace_too_deep_for_anybody_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / f"x{SUFFIX}"
    file.write_text("[" * 100_000)
    assert typed("check", file)[0] == 2


def test_the_name_of_a_file_does_not_write_to_the_terminal(tmp_path: Path) -> None:
    file = tmp_path / "\x1b[2J\rx.xml"
    file.write_bytes(b"no xml")
    status, said = typed("check", file)
    assert (bool(status), "\x1b" in said, "\r" in said) == (True, False, False)


def test_a_reply_alone_beside_its_request_is_no_pass(tmp_path: Path) -> None:
    (tmp_path / "a.request.xml").write_bytes(POLL)
    (tmp_path / "a.reply.xml").write_bytes(POLL)
    assert typed("check", tmp_path / "a.reply.xml")[0] != 0


# ---------------------------------------------------------------- reports


def test_bytes_that_are_no_text_do_not_cost_the_report(tmp_path: Path) -> None:
    said = replace(SAID, reply_headers={"server": "\udcff\udcfe"}, problem="\ud800")
    run = replace(RUN, device="\udcff", results=(replace(FAILED, said=(said,), reason="\udcff"),))
    files = write(
        [run], html=tmp_path / "a.html", junit=tmp_path / "a.xml", json=tmp_path / "a.json"
    )
    assert all(file.stat().st_size for file in files)
    etree.parse(str(tmp_path / "a.xml"))
    assert typed("report", tmp_path / "a.json", "--html", tmp_path / "b.html")[0] == 1


def test_a_failure_without_findings_and_a_rule_of_no_number_are_reported(tmp_path: Path) -> None:
    run = replace(RUN, results=(replace(FAILED, faults=(), verdict=Verdict.FAIL),))
    write([run], junit=tmp_path / "a.xml", html=tmp_path / "a.html")
    assert [words_of(label) for label in ("R²", "R" + "9" * 5000, "R")] == ["", "", ""]


def test_results_of_nothing_are_no_pass(tmp_path: Path) -> None:
    for runs in ([], [replace(RUN, results=())], [replace(RUN, results=(SKIPPED,))]):
        write(runs, json=tmp_path / "a.json")
        assert typed("report", tmp_path / "a.json")[0] != 0


def test_an_element_of_many_attributes_is_shown_in_short() -> None:
    many = " ".join(f'a{n}="1"' for n in range(30_000))
    shown = laid_out(f"<x {many}/>", [])
    assert "attributes left out" in shown
    assert len(shown) < 5000


# ---------------------------------------------------------------- the proxy and its recording


@pytest.mark.parametrize(
    "path", ["/OpenADR2/Simple/2.0b/../../../x", "/%2e%2e/x", "/a/%2E%2e/b", "@evil/x", "", ".x/"]
)
def test_a_path_that_leads_elsewhere_is_not_passed_on(path: str) -> None:
    assert forwarded("https://vtn:8443", path) is None


def test_a_path_is_passed_on_as_it_was_written() -> None:
    path = "/OpenADR2/Simple/2.0b/EiEvent%20?a=%2F"
    assert forwarded("https://vtn/x", path) == f"https://vtn/x{path}"


def test_headers_of_one_connection_stay_there() -> None:
    given = {
        "connection": "close, X-Own",
        "x-own": "1",
        "expect": "100-continue",
        "server": "a\x1b",
    }
    assert _passed_on(given) == {"server": "a "}


def test_a_recording_is_for_its_owner_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    segments = Segments(tmp_path, max_bytes=10_000_000)
    segments.append([pack(EXCHANGE)])
    segments.close()
    file = save_case(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


# ---------------------------------------------------------------- bundles


@pytest.mark.parametrize("name", ["..", ".", "a" * 300])
def test_a_bundle_with_a_name_that_cannot_be_is_none(tmp_path: Path, name: str) -> None:
    file = tmp_path / "a.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, b"x")
    with ExitStack() as stack, pytest.raises(NothingTested, match="no usable name"):
        unpacked(file, stack, None)


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_bundle_that_would_grow_at_once_is_none(tmp_path: Path, kind: int) -> None:
    file = tmp_path / "a.zip"
    with zipfile.ZipFile(file, "w", kind) as archive:
        archive.writestr("ca.pem", bytes(10_000_000))
    assert len(bz2.compress(bytes(10_000_000))) < 100
    with ExitStack() as stack, pytest.raises(NothingTested, match="unusual"):
        unpacked(file, stack, None)


def test_a_bundle_with_settings_too_deep_for_anybody_is_none(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("ven.toml", "a=" + "[" * 50_000)
    with ExitStack() as stack, pytest.raises(NothingTested):
        unpacked(file, stack, None)


def test_a_report_does_not_overwrite_what_is_read_or_another_report(tmp_path: Path) -> None:
    file = tmp_path / "poll.xml"
    file.write_bytes(POLL)
    assert typed("check", file, "--junit", file)[0] == 2
    assert file.read_bytes() == POLL
    twice = tmp_path / "a"
    assert typed("check", file, "--junit", twice, "--html", twice)[0] == 2


def test_the_page_shows_so_many_exchanges_and_those_that_are_wrong(tmp_path: Path) -> None:
    said = tuple(replace(SAID, number=n) for n in range(1, 2001))
    fault = replace(FAILED.faults[0], exchange=1999)
    run = replace(RUN, results=(replace(FAILED, said=said, faults=(fault,)),))
    (file,) = write([run], html=tmp_path / "a.html")
    page = file.read_text()
    assert "1,500 exchanges left out" in page
    assert "-1999" in page
