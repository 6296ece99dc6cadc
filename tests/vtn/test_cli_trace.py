"""``vtn trace``: what was said, and what was wrong with it."""

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import vtn.testing
from oadr import codec
from oadr import messages as m
from runtime.capture import Capture, verdict
from runtime.capture.bundle import load_bundle
from runtime.capture.reader import Reader
from runtime.capture.record import Exchange
from tests.runtime.test_capture import exchange
from tests.vtn.command import Desk
from vtn.testing import fingerprint_of, joined

PRINT = fingerprint_of("school-7")
FOLDER = Path("vtn-trace")


async def _morning() -> str:
    """Lives a morning with its mistakes, and returns a registrationID."""
    async with joined({"vtn_id": "north-grid", "trace": {"folder": str(FOLDER)}}) as world:
        now = world.clock.now()
        await world.operator.enrol("school-7", now=now, fingerprint=PRINT)
        school, bakery = world.peer("school-7", fingerprint=PRINT), world.peer("bakery")
        await school.join("school-7")
        await bakery.join("bakery")
        for _ in range(119):
            await world.pass_time(seconds=10)
            await school.poll()
        await world.send_event("1:15m", event_id="e-1", to=["school-7"])
        shot = await school.poll()
        await school.answer(replace(shot, request_id="wrong"))
        asked = codec.encode(m.RequestEvent(request_id="r", ven_id="stranger"))
        await bakery.raw("EiEvent", asked.replace(b"requestID", b"requestId"))
        await bakery.raw("EiEvent", asked)
        capture = world.desk.traces.capture
        assert capture is not None
        capture.close()
        return school.registration_id


@pytest.fixture
def morning(vtn: Desk) -> str:
    """A VTN whose trace holds a morning; gives a registrationID that is in it."""
    return asyncio.run(_morning())


def rows(vtn: Desk, line: str) -> list[dict[str, Any]]:
    output = vtn(f"trace --json {line}").stdout
    return [json.loads(row) for row in output.splitlines()]


def names(found: list[dict[str, Any]]) -> list[str]:
    return [row["request"]["message"] for row in found if row["kind"] == "exchange"]


def test_a_morning_is_a_timeline_in_both_directions(vtn: Desk, morning: str) -> None:
    lines = vtn("trace --ven school-7").output.splitlines()
    assert lines[0].split()[3:] == (
        ["school-7", "VEN", "->", "VTN", "oadrCreatePartyRegistration", "school-7,", "polls"]
    )
    text = "\n".join(lines)
    assert "school-7     polled 120 times until 00:19:50, nothing waiting" in text
    assert "VEN <- VTN  oadrDistributeEvent          1 event: e-1 mod 0 far SIMPLE  " in text
    assert "VEN -> VTN  oadrCreatedEvent             e-1 mod 0 optIn" in text
    assert "bakery" not in text
    assert all(line == line.rstrip() for line in lines)


def test_a_message_that_breaks_a_rule_is_told_with_the_rule(vtn: Desk, morning: str) -> None:
    output = vtn("trace --ven school-7 --failed").output
    assert "oadrCreatedEvent" in output
    assert "R42 violation of the VEN, line 2: " in output
    assert "oadrPoll" not in output
    (row,) = rows(vtn, "--ven school-7 --failed")
    assert row["failed"]
    (finding,) = [one for one in row["findings"] if one["rule"] == "R42"]
    assert (finding["severity"], finding["sender"]) == ("violation", "VEN")


def test_what_the_schema_refuses_is_told_with_its_line_and_status(vtn: Desk, morning: str) -> None:
    found = [row for row in rows(vtn, "--failed") if row["status"] == 406]
    (row,) = found
    assert row["findings"][0]["rule"] == "XSD"
    assert row["findings"][0]["line"] == 2
    output = vtn("trace --failed").output
    assert "VEN <- VTN  HTTP 406  " in output
    assert "XSD violation of the VEN, line 2: " in output


def test_a_refusal_is_told_with_code_rule_and_identity(vtn: Desk, morning: str) -> None:
    (row,) = [row for row in rows(vtn, "--failed") if row["code"] == 463]
    assert (row["rule"], row["status"], row["proof"]) == ("R517", 200, "none")
    assert row["response"]["code"] == "463"
    first = rows(vtn, "--ven school-7")[0]
    assert (first["fingerprint"], first["proof"]) == (PRINT, "local")


def test_a_ven_is_found_by_name_ven_id_and_fingerprint(vtn: Desk, morning: str) -> None:
    by_name = rows(vtn, "--ven school-7")
    ven_id = by_name[0]["ven_id"]
    assert len(by_name) > 4
    assert rows(vtn, f"--ven {ven_id}") == rows(vtn, f"--ven {PRINT}") == by_name


def test_who_is_called_like_nobody_is_told_and_not_that_all_is_well(
    vtn: Desk, morning: str
) -> None:
    for line in ("trace --ven scool-7", "trace --ven scool-7 --failed --json"):
        words = vtn.error(line)
        assert words.startswith("Error: there is no VEN 'scool-7'; see: vtn ven list; nobody in ")
    # Somebody who is not enrolled, and about whom there is nothing of the kind.
    assert vtn("trace --ven stranger --until 2025-01-01").output == "none\n"


def test_whoever_takes_the_name_of_a_ven_brings_nothing_else_into_its_trace(vtn: Desk) -> None:
    with Path("vtn.toml").open("a") as file:
        file.write('\n[trace]\nfolder = "mixed"\n')
    vtn("ven enrol mill --fingerprint 1D:44:F0:21:93:A8:5B:0C:77:07")
    kept = Capture(Path("mixed"), max_bytes=2**20, max_document=2**20)
    for peer in ("mill", "bakery"):
        kept.add(replace(exchange(), peer=peer, ven_id=""))
    kept.close()
    assert [row["peer"] for row in rows(vtn, "--ven mill")] == ["mill"]
    assert [row["peer"] for row in rows(vtn, "--ven bakery")] == ["mill", "bakery"]


def test_all_is_exported_and_not_only_what_fits_a_screen(vtn: Desk) -> None:
    kept = Capture(FOLDER, max_bytes=2**20, max_document=2**20)
    for number in range(60):
        kept.add(exchange(number))
    kept.close()
    assert len(rows(vtn, "")) == 50
    vtn("trace --export all.json")
    assert len(load_bundle(Path("all.json")).exchanges) == 60
    vtn("trace -n 7 --export last.json")
    assert len(load_bundle(Path("last.json")).exchanges) == 7


def test_the_time_of_a_message_without_words_stands_where_words_would(
    vtn: Desk, morning: str
) -> None:
    output = vtn("trace --ven school-7").output
    assert re.search(r"VEN <- VTN  oadrResponse {17}\d", output)
    assert re.search(r"VEN <- VTN  oadrDistributeEvent {10}1 event", output)


def test_time_message_and_number_narrow_it_down(vtn: Desk, morning: str) -> None:
    assert set(names(rows(vtn, "--message oadrCreatedEvent"))) == {"oadrCreatedEvent"}
    assert names(rows(vtn, "--message CreatedEvent")) == ["oadrCreatedEvent"]
    late = rows(vtn, "--since 2026-01-01T00:10Z --ven school-7")
    assert [row["kind"] for row in late] == ["idle", "exchange", "exchange"]
    assert names(rows(vtn, "--until 2026-01-01T00:10Z --message CreatedEvent")) == []
    assert len(rows(vtn, "-n 2 --failed")) == 2
    assert "is no moment; write now" in vtn.error("trace --since yesteryear", 2)


def test_one_exchange_is_shown_with_all_that_is_known(vtn: Desk, morning: str) -> None:
    row = rows(vtn, "--ven school-7")[0]
    output = vtn(f"trace --id {row['id']}").output
    assert f"identity  {PRINT}, within the process" in output
    assert "rules     nothing found" in output
    assert "<oadr:oadrVenName>school-7</oadr:oadrVenName>" in output
    assert "request:\n" in output
    assert "response:\n" in output
    missing = vtn.error("trace --id 9.999")
    assert missing == "Error: the trace has no exchange 9.999; the oldest make room for others"


def test_secrets_are_left_out_unless_asked_for(vtn: Desk, morning: str) -> None:
    for line in ("trace --xml", "trace --json --xml", "trace"):
        output = vtn(f"{line} -n 500").output
        assert morning not in output
    assert "registration-1" in vtn("trace --xml").output
    assert morning in vtn("trace --xml --secrets").output


def test_what_is_exported_replays(vtn: Desk, morning: str) -> None:
    output = vtn("trace --ven school-7 --export s.oadr-trace.json").output
    assert output.startswith("s.oadr-trace.json: ")
    assert "registrationIDs and passwords left out" in output
    bundle = load_bundle(Path("s.oadr-trace.json"))
    assert (bundle.side, bundle.secrets) == ("VTN", False)
    assert morning not in Path("s.oadr-trace.json").read_text()
    again = asyncio.run(vtn_replay(Path("s.oadr-trace.json")))
    assert again
    (one,) = rows(vtn, "--failed --ven school-7")
    vtn(f"trace --id {one['id']} --export one.json")
    assert len(load_bundle(Path("one.json")).exchanges) == 1
    nothing = vtn.error("trace --ven bakery --until 2025-01-01 --export n.json")
    assert nothing == "Error: there is nothing of that kind to export"
    assert "leave out --follow" in vtn.error("trace --follow --export n.json", 2)


async def vtn_replay(path: Path) -> bool:
    return bool(await vtn.testing.replay(path))


def test_a_trace_that_begins_in_the_middle_finds_nothing_that_is_not_there(
    vtn: Desk, morning: str
) -> None:
    found = _without_the_beginning()
    assert found > 3
    assert rows(vtn, "--failed --ven school-7") == []


def _without_the_beginning() -> int:
    """Leaves only what was said after the registration, and what was right."""
    kept = [entry.whole for entry in Reader(FOLDER).new()]
    for path in FOLDER.iterdir():
        path.unlink()
    capture = Capture(FOLDER, max_bytes=1024 * 1024, max_document=1024 * 1024)
    said = [one for one in kept if isinstance(one, Exchange) and one.peer == "school-7"]
    later = [one for one in said if one.message != "oadrCreatePartyRegistration"]
    for one in [one for one in later if one.message != "oadrCreatedEvent"]:
        capture.add(one)
    capture.close()
    return len(later)


def test_without_the_rules_the_schema_is_left_and_that_is_said(
    vtn: Desk, morning: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdict, "GROUP", "nobody.offers.this")
    result = vtn("trace --ven school-7 --failed")
    assert "Rules are not checked: no package is installed that knows them" in result.stderr
    assert "R42" not in result.stdout


def test_a_vtn_that_keeps_no_trace_says_so(vtn: Desk) -> None:
    assert vtn("trace").output == "none\n"
    with Path("vtn.toml").open("a") as file:
        file.write('\n[trace]\nkeep = "nothing"\n')
    assert vtn.error("trace").startswith("Error: no trace is kept; see keep in [trace]")


def test_nothing_that_a_peer_wrote_reaches_the_terminal_as_a_command(vtn: Desk) -> None:
    async def attack() -> None:
        async with joined({"trace": {"folder": str(FOLDER)}}) as world:
            text = "bad\u009b2Jname\u202e"
            await world.ven.register(text)
            await world.ven.raw("EiEvent", b"\x1b[2J\x07<x>")
            capture = world.desk.traces.capture
            assert capture is not None
            capture.close()

    asyncio.run(attack())
    for line in ("trace --xml", "trace --json --xml", "trace --id 1.2"):
        output = vtn(line).output
        assert all(char.isprintable() or char == "\n" for char in output), line
