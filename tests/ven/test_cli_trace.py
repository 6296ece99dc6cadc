"""``ven trace``: what was said between a VEN and its VTN."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from oadr.enums import ServiceName
from oadr.messages import Poll
from runtime.capture.bundle import load_bundle
from tests.ven.process import served
from tests.ven.scripted import ScriptedVTN
from ven.cli import main
from ven.client import Client
from ven.config import load

TOML = """
ven_name = "school-7"
vtn_url = "{url}"
[poll]
interval = "1s"
"""


def typed(line: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, line.split())
    assert result.exit_code == code, result.output
    return result.output


async def lived(folder: Path, *, more: str = "", polls: int = 3) -> Path:
    """Lets a VEN of a configuration live for some polls, and returns the configuration."""
    vtn, config = ScriptedVTN(), folder / "ven.toml"
    async with served(vtn) as url:
        config.write_text(TOML.format(url=url) + more)
        ven = Client.from_config(config)
        try:
            await ven.create_party_registration()
            await ven.register_reports()
            for _ in range(polls):
                await ven.poll()
            vtn.script(Poll, ValueError("no VTN of ours"))
            with pytest.raises(Exception, match="HTTP 500"):
                await ven.poll()
        finally:
            await ven.stop()
    return config


async def test_exchanges_over_http_are_a_timeline(tmp_path: Path) -> None:
    config = await lived(tmp_path)
    lines = typed(f"trace -c {config}").splitlines()
    assert "VEN -> VTN  oadrCreatePartyRegistration  school-7, polls" in lines[0]
    assert "VEN <- VTN  oadrCreatedPartyRegistration venID ven-1, poll every PT10S" in lines[1]
    assert any("polled 3 times until" in line for line in lines)
    assert lines[-1].strip().startswith("VEN <- VTN  HTTP 500  HTTP 500")
    assert len([line for line in lines if line[0] != " "]) == 4


async def test_only_what_failed_is_shown_if_asked_for(tmp_path: Path) -> None:
    config = await lived(tmp_path)
    (row,) = [json.loads(line) for line in typed(f"trace -c {config} --failed --json").splitlines()]
    assert (row["status"], row["request"]["message"]) == (500, "oadrPoll")
    assert datetime.fromisoformat(row["at"]).tzinfo == UTC


async def test_each_poll_is_kept_where_that_is_asked_for(tmp_path: Path) -> None:
    config = await lived(tmp_path, more='[trace]\nkeep = "all"\n')
    assert typed(f"trace -c {config} --message oadrPoll").count("oadrPoll") == 4


async def test_nothing_is_kept_where_nothing_is_to_be_kept(tmp_path: Path) -> None:
    config = await lived(tmp_path, more='[trace]\nkeep = "nothing"\n')
    assert not any("trace" in name for name in os.listdir(tmp_path))
    assert "Error: no trace is kept; see keep in [trace]" in typed(f"trace -c {config}", 1)


async def test_a_vtn_that_is_not_there_is_told_as_no_answer(tmp_path: Path) -> None:
    config = tmp_path / "ven.toml"
    config.write_text(TOML.format(url="http://127.0.0.1:9"))
    ven = Client.from_config(config)
    with pytest.raises(Exception, match="Cannot connect"):
        await ven.query_registration()
    await ven.stop()
    assert "VEN <- VTN  no answer  Cannot connect to host 127.0.0.1:9" in typed(
        f"trace -c {config}"
    )


async def test_what_is_pushed_and_who_is_turned_away_is_kept(tmp_path: Path) -> None:
    config = tmp_path / "ven.toml"
    config.write_text(TOML.format(url="http://127.0.0.1:9"))
    ven = Client.from_config(config, push_address="https://ven.example")
    reply = await ven.receive(ServiceName.EI_EVENT, b"<nothing/>")
    assert reply.status == 406
    await ven.stop()
    output = typed(f"trace -c {config} --failed")
    assert "VTN -> VEN  nothing" in output
    assert "VTN <- VEN  HTTP 406  " in output
    assert "XSD violation of the VTN, line 1: " in output


async def test_the_trace_of_a_ven_is_exported_under_its_name(tmp_path: Path) -> None:
    config = await lived(tmp_path)
    out = tmp_path / "out.oadr-trace.json"
    assert "3 exchanges" in typed(f"trace -c {config} --export {out}")
    bundle = load_bundle(out)
    assert (bundle.side, bundle.name) == ("VEN", "school-7")
    assert load(config).trace.beside(load(config).state.path) == tmp_path / "ven-trace"
