"""``vtn explain`` and ``vtn status`` as they are typed."""

import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

from tests.vtn.command import Desk


def a_running_vtn() -> None:
    """Leaves the sign of life that a running VTN leaves."""
    content = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "at": datetime.now(UTC).isoformat(),
    }
    Path("vtn-run.json").write_text(json.dumps(content))


def prepared(vtn: Desk) -> None:
    vtn("ven enrol school-9 --group schools --fingerprint 1D:44:F0:21:93:A8:5B:0C:77:07")
    vtn("ven enrol mill --group mills")
    vtn("event create --to group:schools --levels 1:1h --start now+1h --id e-1")


def test_explain_shows_a_headline_then_aligned_rows_and_what_helps(vtn: Desk) -> None:
    prepared(vtn)
    lines = vtn("explain --ven school-9 --event e-1", 1).stdout.splitlines()
    assert lines[0] == "school-9 cannot get this event: it has never registered."
    rows = [line for line in lines[1:] if not line.lstrip().startswith("->")]
    assert {row[0] for row in rows} <= {" ", "!", "x"}
    width = len("  registered  ")
    assert all(row[width - 1] == " " and row[width] != " " for row in rows), rows
    assert any(line.startswith("x registered  it never has") for line in lines)
    assert any("-> it has to send oadrCreatePartyRegistration" in line for line in lines)


def test_explain_in_json_has_the_same_and_the_exit_code(vtn: Desk) -> None:
    prepared(vtn)
    found = json.loads(vtn("explain --ven mill --event e-1 --json", 1).stdout)
    assert found["grade"] == "fail"
    assert found["at_next_poll"] is False
    (target,) = [one for one in found["findings"] if one["name"] == "target"]
    assert target["todo"] == "for later events: vtn ven set mill --add-group schools"
    general = json.loads(vtn("explain --ven school-9 --json", 1).stdout)
    assert [one["event_id"] for one in general["events"]] == ["e-1"]


def test_explain_suggests_names_for_those_that_are_not_there(vtn: Desk) -> None:
    prepared(vtn)
    assert "did you mean school-9?" in vtn.error("explain --ven scool-9")
    assert "did you mean e-1?" in vtn.error("explain --ven mill --event e1")
    vtn("explain", 2)


def test_explain_prints_nothing_that_a_peer_could_write_to_the_terminal_with(vtn: Desk) -> None:
    vtn("ven enrol 'x\x1b[31m'")
    assert "\x1b" not in vtn("explain --ven 'x\x1b[31m'", 1).stdout


def test_show_points_to_explain_for_those_that_are_not_well(vtn: Desk) -> None:
    prepared(vtn)
    assert "vtn explain --ven school-9 --event e-1" in vtn("event show e-1").stdout
    assert vtn.json("event show e-1")["vens"][0]["explain"] == (
        "vtn explain --ven school-9 --event e-1"
    )


def test_status_says_first_whether_all_is_well(vtn: Desk) -> None:
    first, what, todo, *_ = vtn("status", 1).stdout.splitlines()
    assert first == "1 thing needs attention."
    assert what.startswith("! VTN          no VTN runs on this database")
    assert todo.strip() == "-> vtn run"
    a_running_vtn()
    assert vtn("status").stdout.startswith("All is well: 0 VENs, 0 online, 0 events open.\n")
    assert vtn.json("status")["well"] is True


def test_status_in_json_says_what_is_wrong_with_a_database(vtn: Desk) -> None:
    Path("vtn.db").write_bytes(b"nothing of that kind" * 100)
    found = json.loads(vtn("status --json", 1).stdout)
    assert found["well"] is False
    assert "not a database of openadr-kit" in found["attention"][0]["words"]
    assert "not a database of openadr-kit" in vtn.error("status")
