"""The command line: what there is, what is chosen, what is said before the first case."""

import json
import socket
import zipfile
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from conformance.actions import ACTIONS
from conformance.case import Suite
from conformance.cases import CASES
from conformance.checks import CHECKS, Side
from conformance.cli import main
from conformance.demands import DEMANDS
from conformance.ledger import ledger
from conformance.report import load
from oadr.rules import RULES
from tests.conformance.kit.sample_run import RUN


def conform(*words: object) -> Result:
    return CliRunner().invoke(main, list(map(str, words)))


def said(*words: object, status: int = 0) -> str:
    result = conform(*words)
    assert result.exit_code == status, result.output
    return result.output


# ------------------------------------------------------------------ list


def test_the_list_has_every_case_with_both_names() -> None:
    text = said("list")
    for case in CASES.values():
        assert case.title in text
    assert "N1_0010    N0_5010    registration  query before registration" in text
    assert "A VTN under test" in text
    assert "A VEN under test" in text


def test_cases_come_by_suite_and_those_of_certification_before_our_own() -> None:
    suites = list(Suite)
    for side in Side:
        listed = [case for case in CASES.values() if case.side is side]
        places = [(suites.index(one.suite), "NEAPRGSK".index(one.code[0])) for one in listed]
        assert places == sorted(places)
    assert next(one.code for (side, _), one in CASES.items() if side is Side.VTN) == "N1_0010"
    text = said("list", "--side", "vtn", "--suite", "registration")
    codes = ["N1_0010", "N1_0020", "N1_0080", "K1_0402", "K1_0517A"]
    assert [text.index(code) for code in codes] == sorted(text.index(code) for code in codes)


def test_the_list_can_be_narrowed() -> None:
    text = said("list", "--side", "vtn", "--suite", "registration")
    assert "A VEN under test" not in text
    assert "E1_1020" not in text
    assert "N1_0020" in text
    found = json.loads(said("list", "--rule", "405", "--json"))
    assert found
    assert all("R405" in one["rules"] for one in found)
    assert [one["pull"] for one in json.loads(said("list", "--case", "N0_5020", "--json"))] == [
        "N1_0020",
        "N1_0020",
    ]


def test_a_case_is_shown_with_purpose_needs_and_steps() -> None:
    text = said("list", "n0_5020_th_ven", "--side", "vtn")
    assert text.startswith("N1_0020_TH_VEN, N0_5020_TH_VEN   bootstrap")
    assert "purpose     A VEN comes for the first time." in text
    assert "        1.  The VEN sends oadrCreatePartyRegistration." in text
    for case in CASES.values():
        text = said("list", case.code, "--side", case.side.lower())
        assert all(need in text for need in case.needs)


def test_all_checks_and_demands_are_listed() -> None:
    text = said("list", "--checks")
    for name in (*CHECKS, *DEMANDS):
        assert name in text
    found = json.loads(said("list", "--checks", "--json"))
    assert len(found) == len(CHECKS) + len(DEMANDS)


def test_the_ledger_has_every_rule() -> None:
    found = json.loads(said("list", "--rules", "--json"))
    assert [one["rule"] for one in found] == [f"R{number}" for number in RULES]
    assert f"{len(RULES)} rules: " in said("list", "--rules")


def test_a_rule_is_shown_with_all_that_checks_it() -> None:
    text = said("list", "r405")
    for part in ("R405.registers_first  ", "R405.metadata_first  A VTN", "N1_0020_TH_VEN"):
        assert part in text
    (found,) = json.loads(said("list", "R405", "--json"))
    assert [found] == json.loads(said("list", "--rules", "--rule", "R405", "--json"))
    assert "R405.metadata_first" in found["demands"]
    listed = json.loads(said("list", "--checks", "--rule", "405", "--json"))
    assert {one["id"] for one in listed} == {*found["checks"], *found["demands"]}
    assert said("list", "R7").endswith("not yet: " + ledger()[7].why + "\n")


def test_every_action_that_a_script_may_get_is_listed_with_its_fields() -> None:
    text = said("list", "--actions")
    for name, action in ACTIONS.items():
        assert (
            f"{name}  ({', '.join(one.name for one in fields(action))})".replace("  ()", "") in text
        )
    assert "Comes to: the eventID" in text
    found = json.loads(said("list", "--actions", "--json"))
    assert [one["action"] for one in found] == list(ACTIONS)


def test_what_a_device_needs_is_listed_once_with_the_cases_that_need_it() -> None:
    text = said("list", "--side", "vtn")
    for need in {need for case in CASES.values() for need in case.needs if case.side is Side.VTN}:
        assert text.count(f"    {need}\n") == 1


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["list", "N1_0011"], "There is no case N1_0011"),
        (["list", "N1_0011"], " or N1_0010"),
        (["list", "--rule", "X5"], "'X5' is no rule"),
        (["list", "--rule", "R99999"], "The profile has no rule R99999"),
        (["list", "--rule", "R7"], "No case is left"),
        (["list", "R99999"], "The profile has no rule R99999"),
        (["list", "R405", "--side", "vtn"], "R405 is shown alone, without --side"),
        (["list", "N1_0010", "--suite", "event"], "N1_0010 is shown alone, without --suite"),
        (["list", "N1_0010", "--checks"], "--checks goes without CODE"),
        (["list", "--rules", "--side", "vtn"], "--rules goes without --side"),
        (["list", "--checks", "--rules"], "take one"),
        (["list", "--actions", "--rule", "R1"], "--actions goes without --rule"),
        (["vtn"], "Name the URL of the VTN"),
        (["vtn", "http://localhost:1", "--case", "X1"], "There is no case X1 with a VTN"),
        (["vtn", "http://localhost:1", "--adapter", "openadr-kit"], "leave the URL out"),
        (["vtn", "http://localhost:1", "--adapter", "vtn"], "needs --config"),
        (
            ["vtn", "--adapter", "openadr-kit", "--cert", "a", "--key", "b", "--ca", "c"],
            "makes the",
        ),
        (["vtn", "ftp://x"], "'ftp://x' is no address of a VTN"),
        (["vtn", "http://x:y"], "is no address of a VTN"),
        (["vtn", "https://localhost:1"], "wants a certificate of the kit"),
        (["vtn", "http://localhost:1", "--sign"], "--sign needs a key"),
        (["vtn", "http://localhost:1", "--tls"], "--tls goes with an --adapter"),
        (["vtn", "http://localhost:1", "--cert", "x.crt"], "--cert, --key and --ca go together"),
        (["vtn", "http://localhost:1", "--unit", "soon"], "is not a duration"),
        (["vtn", "http://localhost:1", "--unit", "0"], "not more than 0"),
        (["vtn", "http://localhost:1", "--listen", "x:1"], "goes with --push"),
        (["vtn", "http://x", "--push", "--listen", "0.0.0.0:1"], "reaches this machine"),
        (["vtn", "http://localhost:1", "--html", "/nowhere/x.html"], "there is no folder /nowhere"),
        (["vtn", "http://localhost:1", "--setup-command", "'"], "--setup-command: No closing"),
        (["vtn", "http://localhost:1", "--setup-command", "no-such-program"], "no program that"),
        (["vtn", "http://localhost:1", "--config", "vtn.toml"], "goes with --adapter vtn"),
        (["vtn", "http://10.0.0.5:1", "--push"], "name --listen"),
        (["vtn", "http://localhost:1", "--clock", "/nowhere/x"], "/nowhere/x: No such file"),
        (["ven"], "Name --listen HOST:PORT"),
        (["ven", "--listen", "8080"], "is no HOST:PORT"),
        (["ven", "--listen", "x:99999"], "is no HOST:PORT"),
        (["ven", "--listen", "127.0.0.1:0", "--adapter", "openadr-kit"], "leave --listen out"),
        (["ven", "--listen", "127.0.0.1:0", "--tls"], "the certificates say it"),
        (["report", "/nowhere/run.json"], "/nowhere/run.json: No such file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_usage_is_said_in_a_sentence(words: list[str], why: str) -> None:
    text = said(*words, status=2)
    assert why in text
    assert "Traceback" not in text


# ------------------------------------------------------------------ before the first case


def test_a_vtn_that_is_not_there_is_said_before_any_case() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        text = said("vtn", url, "--unattended", status=2)
    assert text == f"Error: {url}: nothing listens there; is the VTN running?\n"


def test_a_host_that_is_not_there_is_said() -> None:
    text = said("vtn", "http://nowhere.invalid", "--unattended", status=2)
    assert "there is no host nowhere.invalid" in text


def test_a_port_that_is_taken_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        text = said("ven", "--listen", where, "--unattended", status=2)
    assert text == f"Error: The kit cannot listen on {where}: something else listens there.\n"


@pytest.mark.parametrize(
    ("files", "why"),
    [
        (None, "there is no such file"),
        ({}, "holds no certificate with its key"),
        ({"ven.toml": "tls ="}, "its ven.toml cannot be read"),
        ({"../x": "y"}, "is in a folder"),
        ({"big": "x" * 300_000}, "is too large"),
        ({str(n): "" for n in range(30)}, "holds 30 files"),
        (
            {
                "ven.crt": "-----BEGIN CERTIFICATE-----",
                "ca.crt": "-----BEGIN CERTIFICATE-----",
                "ven.key": "-----BEGIN PRIVATE KEY-----",
            },
            "certificate",
        ),
    ],
    ids=["missing", "empty", "toml", "path", "large", "many", "damaged"],
)
def test_a_bundle_that_is_none_is_said(
    tmp_path: Path, files: dict[str, str] | None, why: str
) -> None:
    bundle = tmp_path / "kit.zip"
    if files is not None:
        with zipfile.ZipFile(bundle, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
    text = said("vtn", "https://127.0.0.1:1", "--bundle", bundle, "--unattended", status=2)
    assert text.startswith(f"Error: {bundle}: ")
    assert why in text
    assert text.count("\n") == 1


def test_a_file_that_is_no_bundle_or_has_no_clock_is_said(tmp_path: Path) -> None:
    file = tmp_path / "vtn.toml"
    file.write_text("vtn_id = 'x'\n", encoding="utf-8")
    text = said("vtn", "https://127.0.0.1:1", "--bundle", file, "--unattended", status=2)
    assert "is no bundle that can be read" in text
    text = said("vtn", "http://127.0.0.1:1", "--clock", file, "--unattended", status=2)
    assert text == f"Error: {file}: has no [clock].\n"
    file.write_text("[clock]\nfactor = -1\n", encoding="utf-8")
    text = said("vtn", "http://127.0.0.1:1", "--clock", file, "--unattended", status=2)
    assert "clock.factor" in text


# ------------------------------------------------------------------ report


def test_other_reports_are_made_of_results(tmp_path: Path) -> None:
    from conformance.report import write

    write([RUN], json=tmp_path / "one.json")
    write([RUN], json=tmp_path / "two.json")
    out = {name: tmp_path / f"out.{name}" for name in ("html", "junit", "json")}
    options = [word for name, path in out.items() for word in (f"--{name}", path)]
    text = said("report", tmp_path / "one.json", tmp_path / "two.json", *options, status=1)
    assert text.startswith("8 cases: 2 pass, 2 fail, 2 skip, 2 inconclusive.   R115 violated.")
    assert load(out["json"]) == [RUN, RUN]
    assert out["html"].read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    (tmp_path / "one.json").write_text("[]", encoding="utf-8")
    text = said("report", tmp_path / "one.json", status=2)
    assert "one.json: is no result of a run: there is no key 'schema'." in text


def test_both_sides_have_cases() -> None:
    assert {side for side, _ in CASES} == set(Side)
