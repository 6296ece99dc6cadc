"""The how-tos about the conformance kit show what there is, and what really happens."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from conformance.actions import ACTIONS, CreateEvent, EventSpec, SignalSpec
from conformance.words import ANSWERS, plain
from tests.conformance import mutants_common
from tests.conformance.kit import mutants_ven_clock
from tests.conformance.kit.bent import run as run_mutant

ROOT = Path(__file__).parents[1]
HOWTO = ROOT / "docs" / "howto"
WRITE, CI, PROXY = (
    (HOWTO / f"{name}.md").read_text(encoding="utf-8")
    for name in ("write-a-check", "conformance-in-ci", "conformance-proxy")
)
SETUP = HOWTO / "conformance" / "setup.py"
#: The address that the pages give a VTN.
URL = "http://127.0.0.1:8080"
#: How a sample begins that shows entries of a longer list.
_LIST = "MUTANTS = [\n"
VTN_TOML = """\
vtn_id = "north-grid"
[http]
host = "127.0.0.1"
port = 0
plain = true
[registration]
handler = "open-enrolment"
poll_interval = "1s"
"""
INI = "[pytest]\naddopts = -p no:cacheprovider\nasyncio_default_fixture_loop_scope = function\n"
ENVIRONMENT = os.environ | {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    "PYTHONUNBUFFERED": "1",
    "PY_COLORS": "0",
    "COLUMNS": "80",
}


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def console(text: str) -> Iterator[tuple[str, str]]:
    """Yields each command of a page with what it prints."""
    for block in blocks(text, "console"):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, expected = step.partition("\n")
            yield line, expected


def shelled(line: str, folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        line,
        shell=True,
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=100,
        check=False,
    )
    return done.returncode, done.stdout


def masked(text: str) -> str:
    """Returns a text without what differs from run to run: moments, ports, counts of checks."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:N", text)
    text = re.sub(r"\d\d:\d\d:\d\d UTC", "TIME", text)
    text = re.sub(r" {9,}", "         ", text)
    # In the order of the cases, which may change.
    text = re.sub(r"^[.s]{3} ", lambda found: "".join(sorted(found[0])), text)
    return re.sub(r"\d+ (checks|polls|recorded|deselected)|1 poll\b|in \d[\d.]*s", "N", text)


@dataclass(frozen=True, kw_only=True)
class Running:
    """A VTN of ours that runs, as somebody has started it."""

    folder: Path
    url: str


@pytest.fixture
def vtn(tmp_path: Path) -> Iterator[Running]:
    (tmp_path / "vtn.toml").write_text(VTN_TOML)
    (tmp_path / "setup.py").write_bytes(SETUP.read_bytes())
    with started("vtn run", tmp_path) as (process, first):
        assert process.poll() is None, first
        yield Running(folder=tmp_path, url=first.partition("/OpenADR2")[0])


@contextmanager
def started(line: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Gives a program that runs until somebody presses Ctrl-C, and its first line."""
    process = subprocess.Popen(
        line.split(),
        cwd=folder,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline()
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


# ---------------------------------------------------------------- write a check


def test_each_sample_is_what_the_repository_has() -> None:
    *samples, own = blocks(WRITE, "python")
    files = [ROOT / path for path in re.findall(r"\]\(\.\./\.\./((?:conf|tests).*?\.py)\)", WRITE)]
    texts = [file.read_text(encoding="utf-8") for file in files]
    assert len(samples) == 6
    for sample in samples:
        assert any(_parts(sample, text) for text in texts), sample
    assert "K1_9001" in own


def _parts(sample: str, text: str) -> bool:
    """Returns whether a text has a sample: all of it, or each entry of a list."""
    if not sample.startswith(_LIST):
        return sample in text
    entries = sample.removeprefix(_LIST).removesuffix("\n]\n")
    return all(one in text for one in re.split(r"\n(?=    \w)", entries))


def test_the_mutants_of_the_sample_checks_are_found() -> None:
    (listed,) = (sample for sample in blocks(WRITE, "python") if sample.startswith(_LIST))
    names = re.findall(r'"(R\d+\.\w+)",', listed)
    assert len(names) == 3
    for name in names:
        (first, *_) = (one for one in mutants_common.MUTANTS if one.check == name)
        assert name in {finding.check.id for finding in first.findings()}


async def test_the_mutant_of_the_sample_case_is_found() -> None:
    (mutant,) = mutants_ven_clock.MUTANTS
    result = await run_mutant(mutant)
    assert {fault.id for fault in result.faults} == {mutant.demand}


def test_the_commands_of_the_page_find_tests() -> None:
    for line, _ in console(WRITE):
        code, output = shelled(f"{line} --collect-only", ROOT)
        assert code == 0, output
        assert "2 tests collected" in output or "2/" in output, output


def test_a_case_of_a_project_of_its_own_is_run_and_told_of(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text(INI)
    (tmp_path / "test_house.py").write_text(blocks(WRITE, "python")[-1])
    code, output = shelled("pytest -q", tmp_path)
    assert code == 1, output
    (told,) = blocks(WRITE, "text")
    assert told in output


# ---------------------------------------------------------------- in CI


def test_the_page_shows_the_hook_script_as_it_is() -> None:
    assert f"\n```python\n{SETUP.read_text(encoding='utf-8')}```\n" in CI


def test_the_json_of_the_page_is_what_a_hook_script_gets() -> None:
    (text,) = blocks(CI, "json")
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    signal_ = SignalSpec(each=timedelta(minutes=5), values=(Decimal(1), Decimal(2)))
    event = EventSpec(starts_in=timedelta(minutes=10), signals=(signal_,))
    action = CreateEvent(event=event)
    found = json.loads(text)
    facts = {name: found.pop(name) for name in ("peer", "vtn_url", "ven_name")}
    assert all(facts.values())
    told = {"action": action.name, "words": action.words, "now": plain(now, now)}
    assert found == told | plain(action, now)


def test_each_action_is_in_the_table_with_what_it_prints() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", CI, re.MULTILINE))
    assert set(rows) == set(ACTIONS)
    for name, prints in rows.items():
        assert (prints == "-") == (name not in ANSWERS), name


def test_the_hook_script_does_what_cases_need_at_a_vtn_that_runs(vtn: Running) -> None:
    wanted = ["N1_0040", "N1_0050", "A_E3_0452", "A_E3_0470", "A_E3_0492", "E1_1055"]
    cases = " ".join(f"--case {one}" for one in wanted)
    line = f'conform vtn {vtn.url} --setup-command "python3 setup.py" --unit 2s {cases}'
    code, output = shelled(f"{line} --unattended --json out.json", vtn.folder)
    assert code == 0, output
    assert "6 cases: 5 pass, 1 skip." in output
    assert "skip          this script types events with one signal without a unit" in output
    (run,) = json.loads((vtn.folder / "out.json").read_text())["runs"]
    results = run["results"]
    looked_at = {check for result in results for check in result["checks"]}
    assert {"R16.opt_shown", "R407.sends_cancellation"} <= looked_at
    assert any(">cancelled<" in said["reply"] for result in results for said in result["said"])


def test_the_command_of_the_page_runs_and_writes_its_reports(vtn: Running) -> None:
    (line,) = blocks(CI, "sh")
    code, output = shelled(line.replace(URL, vtn.url), vtn.folder)
    assert code == 0, output
    assert "nobody has taught this script Enrol" in output
    assert "<skipped" in (vtn.folder / "conformance.xml").read_text()
    assert (vtn.folder / "conformance.html").exists()


def test_the_test_of_the_page_runs_cases_one_by_one(vtn: Running) -> None:
    (sample,) = (one for one in blocks(CI, "python") if "pytest.mark" in one)
    (vtn.folder / "pytest.ini").write_text(INI)
    (vtn.folder / "test_our_vtn.py").write_text(sample.replace(URL, vtn.url))
    ((line, expected),) = console(CI)
    code, output = shelled(line, vtn.folder)
    assert code == 0, output
    assert masked(output) == masked(expected)
    assert (vtn.folder / "conformance.html").exists()


# ---------------------------------------------------------------- files and the proxy


def test_the_commands_of_the_proxy_page_print_what_it_shows(vtn: Running) -> None:
    (message,) = blocks(PROXY, "xml")
    (vtn.folder / "poll.xml").write_text(message)
    (settings,) = blocks(PROXY, "toml")
    for line, expected in console(PROXY):
        if line.startswith("conform proxy"):
            output = _between(vtn, line.replace(URL, vtn.url), settings)
            ours = [one for one in masked(output).splitlines() if "for which" not in one]
            assert _without_numbers(ours) == _without_numbers(
                one for one in masked(expected).splitlines() if "for which" not in one
            )
        else:
            _, output = shelled(line.replace(URL, vtn.url), vtn.folder)
            assert masked(output) == masked(expected), line


def _without_numbers(lines: "Iterator[str] | list[str]") -> list[str]:
    # How many polls there are, and so the number of the exchange after them, differs.
    return [re.sub(r"^ +\d+ |exchange \d+", "", one) for one in lines]


def _between(vtn: Running, line: str, settings: str) -> str:
    """Runs the proxy while a VEN of ours runs and somebody posts poll.xml; what it prints."""
    with started(line.replace("--listen 127.0.0.1:8081", "--listen 127.0.0.1:0"), vtn.folder) as (
        process,
        first,
    ):
        address = re.search(r"VENs: (\S+)", first)
        assert address is not None
        (vtn.folder / "ven.toml").write_text(
            re.sub(r'vtn_url = ".*"', f'vtn_url = "{address[1]}"', settings)
        )
        assert process.stdout is not None
        lines = [first]
        with started("ven run", vtn.folder):
            while "oadrRegisteredReport: oadrResponse" not in lines[-1]:
                lines.append(process.stdout.readline())
                assert lines[-1], lines
        posted = urllib.request.Request(
            f"{address[1]}/OadrPoll",
            data=(vtn.folder / "poll.xml").read_bytes(),
            headers={"Content-Type": "application/xml"},
        )
        with urllib.request.urlopen(posted, timeout=30) as reply:
            assert reply.status == 200
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    return "".join([*lines, rest])
