"""``conform check`` and ``conform proxy`` as they are typed."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance.adapters.our_vtn import our_vtn
from conformance.checks import Side
from conformance.cli import main
from conformance.peers import ScriptedVen, Tape
from tests.conformance.kit.test_passive import OK, POLL, lived, recorded, recorded_of_our_ven

BAD = POLL.replace(b' ei:schemaVersion="2.0b"', b"")


def typed(*words: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(word) for word in words])
    return result.exit_code, result.output


def test_check_says_which_rule_where_what_was_seen_and_what_was_expected(tmp_path: Path) -> None:
    (tmp_path / "poll.request.xml").write_bytes(BAD)
    (tmp_path / "poll.reply.xml").write_bytes(OK)
    code, output = typed("check", tmp_path)
    assert code == 1
    assert "violation R509.schema_version: oadrPoll of the VEN at " in output
    assert "seen: no schemaVersion; expected: Every message says ei:schemaVersion 2.0b." in output
    assert "R509 violated" in output


def test_check_ends_with_0_if_nothing_is_violated(tmp_path: Path) -> None:
    (tmp_path / "poll.xml").write_bytes(POLL)
    code, output = typed("check", tmp_path / "poll.xml")
    assert (code, "1 pass" in output) == (0, True)


def test_check_writes_the_reports_of_the_kit(tmp_path: Path) -> None:
    (tmp_path / "poll.xml").write_bytes(BAD)
    files = {name: tmp_path / f"out.{name}" for name in ("html", "junit", "json")}
    given = [word for name, file in files.items() for word in (f"--{name}", file)]
    code, _ = typed("check", tmp_path / "poll.xml", "--quiet", *given)
    assert code == 1
    assert "R509" in files["html"].read_text()
    assert "<failure" in files["junit"].read_text()
    assert "R509.schema_version" in json.dumps(json.loads(files["json"].read_text()))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("check", "nowhere.xml"), "nowhere.xml"),
        (("check",), "Missing argument"),
        (("proxy", "--listen", "127.0.0.1:0", "--vtn", "localhost"), "http:// or https://"),
        (("proxy", "--listen", "127.0.0.1:0", "--vtn", "https://localhost"), "--bundle"),
        (("proxy", "--listen", "x", "--vtn", "http://localhost"), "HOST:PORT"),
        (
            ("proxy", "--listen", "127.0.0.1:0", "--vtn", "http://a", "--ven", "http://b"),
            "go together",
        ),
        (("vtn", "http://localhost:9", "--recording", "nowhere"), "nowhere"),
        (("vtn", "http://localhost:9", "--recording", ".", "--push"), "without --push"),
        (
            ("vtn", "http://localhost:9", "--recording", ".", "--case", "N1_0020"),
            "--recording goes without --suite, --case and --rule",
        ),
    ],
)
def test_wrong_usage_is_said_in_words_and_ends_with_2(words: tuple[str, ...], says: str) -> None:
    code, output = typed(*words)
    assert code == 2
    assert says in output
    assert "Traceback" not in output


async def test_a_proxy_that_is_ended_tells_what_was_wrong_and_leaves_a_recording(
    tmp_path: Path,
) -> None:
    async with our_vtn() as vtn:
        await vtn.renew()
        line = ["proxy", "--listen", "127.0.0.1:0", "--vtn", vtn.url, "--record", "day"]
        process = subprocess.Popen(  # noqa: ASYNC220 - it answers at once
            [sys.executable, "-c", "from conformance.cli import main; main()", *line],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert process.stdout is not None
        found = re.search(r"VENs: (\S+)", process.stdout.readline())
        assert found is not None
        await lived(vtn, found[1])
        ven = ScriptedVen(found[1], vtn.identity, vtn.clock, Tape(Side.VTN, vtn.clock))
        await ven.send_raw(BAD, "OadrPoll")
        await ven.close()
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert "VEN oadrQueryRegistration" not in output
    assert "VEN oadrCreatePartyRegistration: oadrCreatedPartyRegistration" in output
    assert "violation R509.schema_version" in output
    assert re.search(r" (1 poll|[1-9]\d* polls) for which nothing waited\n", output)
    assert output.splitlines()[-1].endswith("day/recording.oadr-trace.json")
    code, again = typed("check", tmp_path / "day", "--judge", "vtn")
    assert code == 0, again


async def test_a_recording_is_said_again_to_a_vtn_and_nothing_else_is_run(tmp_path: Path) -> None:
    await recorded(tmp_path)
    out = tmp_path / "out.json"
    words = ("vtn", "--adapter", "openadr-kit", "--recording", tmp_path / "record", "--json", out)
    code, output = await asyncio.to_thread(typed, *words)
    assert code == 0, output
    assert "RECORDING_record  " in output
    assert output.splitlines()[-1].startswith("1 case: 1 pass.")
    (run,) = json.loads(out.read_text())["runs"]
    assert {one["rule"] for one in run["results"][0]["faults"]} == {"RECORDING"}


async def test_a_recording_is_answered_again_to_a_ven(tmp_path: Path) -> None:
    recording = await recorded_of_our_ven(tmp_path)
    words = ("ven", "--adapter", "openadr-kit", "--recording", recording)
    code, output = await asyncio.to_thread(typed, *words)
    assert (code, output.splitlines()[-1]) == (0, "1 case: 1 pass."), output


def test_a_recording_of_which_nothing_can_be_said_again_is_none(tmp_path: Path) -> None:
    code, output = typed("vtn", "--adapter", "openadr-kit", "--recording", tmp_path)
    assert code == 2
    assert "nothing to judge" in output
