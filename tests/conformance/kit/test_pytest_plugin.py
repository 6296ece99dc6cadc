"""Somebody's own tests run the cases, by the plugin of pytest that ships with the kit."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

from conformance import pytest_plugin
from conformance.cases import CASES
from conformance.checks import Side
from tests.conformance.kit.sample_run import FAILED

ROOT = Path(__file__).parents[3]
#: As strict as a project can be.
INI = """\
[pytest]
addopts = -ra --strict-config --strict-markers
xfail_strict = true
filterwarnings = error
asyncio_default_fixture_loop_scope = function
"""
OURS = """\
import pytest
from conformance.adapters.our_vtn import our_vtn
from tests.conformance.kit.bent import BentVen, changed

"""
BENT = """\
class Bent(BentVen):
    bend = staticmethod(
        changed("oadrCreatedPartyRegistration", (' ei:schemaVersion="2.0b"', ""))
    )
    reply = staticmethod(lambda reply: reply)

@pytest.mark.openadr("vtn", codes=["N1_0020"])
def test_bent(openadr_case):
    openadr_case.check(our_vtn(), peer=Bent)

"""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How somebody's tests ended."""

    status: int
    output: str

    def count(self, **outcomes: int) -> bool:
        """Returns whether the last line of pytest says so many of each, and no others."""
        last = self.output.strip().splitlines()[-1]
        told = [f"{count} {name}" for name, count in outcomes.items()]
        return all(one in last for one in told) and last.count(",") == len(told) - 1


def ran(folder: Path, tests: str, *words: str) -> Ran:
    """Runs somebody's test file in a process of its own."""
    (folder / "pytest.ini").write_text(INI)
    (folder / "test_theirs.py").write_text(tests)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200", "PY_COLORS": "0"},
    )
    return Ran(status=done.returncode, output=done.stdout + done.stderr)


def test_each_case_of_a_suite_is_a_test_of_its_own(tmp_path: Path) -> None:
    tests = OURS + (
        '@pytest.mark.openadr("vtn", suites=["registration"])\n'
        "def test_our_vtn(openadr_case):\n    openadr_case.check(our_vtn())\n"
    )
    found = ran(tmp_path, tests, "-v")
    assert found.status == 0, found.output
    cases = [
        case
        for case in CASES.values()
        if case.side is Side.VTN and case.suite == "registration" and False in case.models
    ]
    for case in cases:
        assert f"test_our_vtn[{case.id(push=False)}] " in found.output
    assert found.count(passed=len(cases)), found.output


def test_a_device_that_fails_is_told_of_in_words_and_the_reports_are_written(
    tmp_path: Path,
) -> None:
    files = {name: tmp_path / f"out.{name}" for name in ("html", "junit", "json")}
    more = (
        '@pytest.mark.openadr("vtn", codes=["N1_0010"])\n'
        "def test_straight(openadr_case):\n    openadr_case.check(our_vtn())\n"
    )
    options = [f"--openadr-{name}={file}" for name, file in files.items()]
    found = ran(tmp_path, OURS + BENT + more, *options)
    assert found.status == 1
    assert found.count(failed=1, passed=1), found.output
    for words in (
        "N1_0020_TH_VEN ",
        ": fail",
        "violation R509.schema_version in exchange 1",
        "  expected: Every message says ei:schemaVersion 2.0b.",
        "  seen: no schemaVersion",
        "  at oadrCreatedPartyRegistration, line 2: <oadr:oadrCreatedPartyRegistration><ei:eiResp",
        "1. VEN oadrCreatePartyRegistration",
    ):
        assert words in found.output, words
    assert "Traceback" not in found.output
    assert "R509" in files["html"].read_text()
    suites = etree.parse(files["junit"]).getroot()
    assert (suites.get("tests"), suites.get("failures")) == ("2", "1")
    (run,) = json.loads(files["json"].read_text())["runs"]
    assert run["counts"] == {"pass": 1, "fail": 1, "skip": 0, "inconclusive": 0}


def test_the_reports_have_what_ran_in_other_processes(tmp_path: Path) -> None:
    more = (
        '@pytest.mark.openadr("vtn", codes=["N1_0010"])\n'
        "def test_straight(openadr_case):\n    openadr_case.check(our_vtn())\n"
    )
    found = ran(tmp_path, OURS + BENT + more, "-n", "2", "--openadr-json", "out.json")
    assert found.status == 1, found.output
    (run,) = json.loads((tmp_path / "out.json").read_text())["runs"]
    assert sorted(one["id"] for one in run["results"]) == ["N1_0010_TH_VEN", "N1_0020_TH_VEN"]


def test_a_skip_is_a_skip_with_its_reason_and_what_is_inconclusive_fails(tmp_path: Path) -> None:
    tests = OURS + (
        "import asyncio\n"
        "from conformance.operator import Nobody\n"
        "from conformance.reached import ReachedVtn\n"
        "\n"
        '@pytest.mark.openadr("vtn", codes=["E1_1020"])\n'
        "def test_nobody(openadr_case):\n"
        "    async def run():\n"
        "        async with our_vtn() as vtn:\n"
        "            await vtn.renew()\n"
        "            far = ReachedVtn(vtn.url, vtn.identity, vtn.clock, vtn.unit, Nobody())\n"
        "            await openadr_case.acheck(far)\n"
        "    asyncio.run(run())\n"
        "\n"
        '@pytest.mark.openadr("vtn", codes=["N1_0020"])\n'
        "def test_no_time(openadr_case):\n    openadr_case.check(our_vtn(), limit=0)\n"
    )
    found = ran(tmp_path, tests)
    assert found.status == 1
    assert found.count(failed=1, skipped=1), found.output
    assert re.search(
        r"SKIPPED \[1\] test_theirs.py(:\d+)?: needs somebody to create an event", found.output
    )
    assert "inconclusive it was not over after 0 s" in found.output


def test_vens_and_both_models_are_tested_likewise(tmp_path: Path) -> None:
    tests = (
        "import pytest\n"
        "from conformance.adapters.our_ven import our_ven\n"
        "\n"
        '@pytest.mark.openadr("ven", codes=["N1_0020"], push=None)\n'
        "def test_our_ven(openadr_case):\n    openadr_case.check(our_ven())\n"
    )
    found = ran(tmp_path, tests, "-v")
    assert found.status == 0, found.output
    assert "[N1_0020_TH_VTN] PASSED" in found.output
    assert "[N0_5020_TH_VTN] PASSED" in found.output


@pytest.mark.parametrize(
    ("mark", "says"),
    [
        ("", "test_x: openadr_case needs @pytest.mark.openadr('vtn') or ('ven')"),
        ("@pytest.mark.openadr()", "missing 1 required positional argument: 'side'"),
        ('@pytest.mark.openadr("vtx")', "'vtx' is neither 'vtn' nor 'ven'"),
        ('@pytest.mark.openadr("vtn", suites=["events"])', "there is no suite events"),
        ('@pytest.mark.openadr("vtn", suites="event")', "'event': expected a list of them"),
        ('@pytest.mark.openadr("vtn", codes=["N1_1"])', "there is no case of a VTN N1_1"),
        (
            '@pytest.mark.openadr("vtn", suites=["opt"], codes=["N1_0010"])',
            "no case fits suites ['opt'], codes ['N1_0010']",
        ),
    ],
)
def test_a_marker_that_is_wrong_is_told_in_words(tmp_path: Path, mark: str, says: str) -> None:
    found = ran(tmp_path, f"import pytest\n\n{mark}\ndef test_x(openadr_case): ...\n")
    assert found.status == 2
    assert says in found.output
    assert "Traceback" not in found.output
    assert "pytest_plugin.py" not in found.output


def test_a_report_that_cannot_be_written_is_found_before_anything_runs(tmp_path: Path) -> None:
    found = ran(tmp_path, "def test_x(): ...\n", "--openadr-html", "nowhere/out.html")
    assert found.status == 4
    assert "--openadr-html nowhere/out.html: there is no such folder" in found.output


def test_a_program_that_does_not_use_it_loads_nothing_of_the_kit(tmp_path: Path) -> None:
    tests = (
        "import sys\n"
        "\n"
        "def test_x(pytestconfig):\n"
        '    assert pytestconfig.pluginmanager.has_plugin("openadr-conformance")\n'
        '    kit = ("conformance", "oadr", "runtime", "vtn", "ven", "certs", "handlers")\n'
        '    loaded = {one for one in sys.modules if one.partition(".")[0] in kit}\n'
        '    assert loaded == {"conformance", "conformance.pytest_plugin"}\n'
        '    assert not {"lxml", "aiohttp", "click"} & set(sys.modules)\n'
    )
    found = ran(tmp_path, tests)
    assert found.status == 0, found.output
    assert found.count(passed=1), found.output


def test_the_plugin_loads_nothing_that_pytest_has_not_loaded() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules)\n"
        "import conformance.pytest_plugin\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split() == ["conformance", "conformance.pytest_plugin"]


def test_words_of_a_device_cannot_write_to_the_terminal() -> None:
    told = pytest_plugin.words(FAILED)
    assert "two </pre>" in told
    assert all(char.isprintable() for line in told.split("\n") for char in line)
