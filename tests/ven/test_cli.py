"""The command ven: a folder from nothing or a bundle, a VEN as a process, how it is."""

import asyncio
import json
import logging
import re
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from certs.authority import Authority
from certs.tls import KeyPair, TLSFiles, server_context
from oadr.enums import OptType
from oadr.messages import CreatedEvent, Poll
from oadr.report import RequestKind
from tests.ven.process import ended, resident_kb, running, served, until, values
from tests.ven.scripted import ScriptedVTN, event, request
from ven.cli import main
from ven.config import load
from ven.state import HeldRequest, State

#: What the VEN's clock shows when a test starts; it is a day of the replayed file.
SHOWN = datetime(2026, 1, 1, 12, tzinfo=UTC)
#: Clock seconds in a real second: half an hour is half a second.
FACTOR = 3600
#: 60 MB is what is promised.
MEMORY_LIMIT_KB = 57_000

Ven = Callable[..., Result]


@pytest.fixture(autouse=True)
def _log_of_other_tests() -> Iterator[None]:
    """Undoes what a command in this process does to the log."""
    logger = logging.getLogger("openadr")
    before = logger.level, logger.propagate, logger.handlers[:]
    yield
    logger.setLevel(before[0])
    logger.propagate, logger.handlers[:] = before[1:]


@pytest.fixture
def ven() -> Ven:
    def _ven(*arguments: str | Path) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    return _ven


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# ------------------------------------------------------------------ init


def test_help_names_the_commands_and_teaches_the_first_hour(ven: Ven) -> None:
    result = ven("--help")
    assert result.exit_code == 0
    assert "ven init school-7 --bundle school-7.zip" in result.output
    for name in ("init", "run", "status"):
        assert re.search(rf"^  {name} ", result.output, re.MULTILINE)
        assert "\n\n  \b" not in ven(name, "--help").output
    assert ven("start").exit_code == 2


def test_init_makes_a_configuration_that_can_be_loaded(ven: Ven, folder: Path) -> None:
    result = ven("init", "test", "--vtn", "http://localhost:8080")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1] == "Next: cd test; ven run"
    settings = load(folder / "test" / "ven.toml")
    assert settings.ven_name == "test"
    assert [meter.name for meter in settings.meters] == ["this-computer"]


def test_init_in_this_folder_takes_its_name_and_says_what_is_missing(
    ven: Ven, folder: Path
) -> None:
    result = ven("init", "--vtn", "https://vtn.example:8443")
    assert result.exit_code == 0, result.output
    assert "Missing  ven.crt, ven.key, ca.crt    from the operator of the VTN" in result.output
    assert load(folder / "ven.toml").ven_name == folder.name


def test_init_does_not_overwrite(ven: Ven, folder: Path) -> None:
    ven("init", "test", "--vtn", "http://localhost:8080")
    result = ven("init", "test", "--vtn", "http://elsewhere")
    assert result.exit_code == 1
    assert "Error: test/ven.toml: is there already and is not overwritten" in result.output


def test_init_needs_to_know_the_vtn(ven: Ven, folder: Path) -> None:
    result = ven("init", "test")
    assert result.exit_code == 2
    assert "give --bundle FILE, or --vtn URL" in result.output
    result = ven("init", "test", "--vtn", "vtn.example")
    assert result.exit_code == 1
    assert re.search(r"Error: test/ven\.toml: vtn_url: ", result.output)
    assert not (folder / "test").exists()


def make_bundle(path: Path, toml: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ven.toml", toml)
        archive.writestr("ven.key", "-----BEGIN PRIVATE KEY-----\n")
        archive.writestr("ven.crt", "-----BEGIN CERTIFICATE-----\n")
        archive.writestr("ca.crt", "-----BEGIN CERTIFICATE-----\n")
    return path


BUNDLED = """ven_name = "school-7"
ven_id = "7f3a"
vtn_url = "https://vtn.north-grid.example:8443"

[tls]
certificate = "ven.crt"
key = "ven.key"
ca = "ca.crt"
"""


def test_init_unpacks_a_bundle(ven: Ven, folder: Path) -> None:
    path = make_bundle(folder / "school-7.zip", BUNDLED)
    result = ven("init", "school-7", "--bundle", path)
    assert result.exit_code == 0, result.output
    assert (folder / "school-7" / "ven.key").stat().st_mode & 0o777 == 0o600
    assert "ven.key   private key: keep it safe" in result.output
    assert result.output.splitlines()[-1] == "Next: name meters in ven.toml; cd school-7; ven run"
    settings = load(folder / "school-7" / "ven.toml")
    assert (settings.ven_name, settings.ven_id) == ("school-7", "7f3a")


def test_init_sets_address_and_name_in_place_of_the_bundle_s(ven: Ven, folder: Path) -> None:
    path = make_bundle(folder / "b.zip", BUNDLED)
    result = ven("init", "b", "--bundle", path, "--vtn", "https://10.0.0.5:1", "--name", "x")
    assert result.exit_code == 0, result.output
    settings = load(folder / "b" / "ven.toml")
    assert (settings.ven_name, settings.vtn_url) == ("x", "https://10.0.0.5:1")


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        (BUNDLED.replace("vtn_url", "# vtn_url"), "does not say where the VTN is; give --vtn URL"),
        (BUNDLED + "surprise = 1\n", "tls.surprise: this key is not known"),
        ("[tls]\n", "tls.certificate: None is not in the bundle"),
    ],
)
def test_init_writes_nothing_of_a_bundle_that_cannot_be_used(
    ven: Ven, folder: Path, toml: str, problem: str
) -> None:
    result = ven("init", "b", "--bundle", make_bundle(folder / "b.zip", toml))
    assert result.exit_code == 1
    assert problem in result.output
    assert result.output.count("\n") == 1
    assert not (folder / "b").exists()


# ------------------------------------------------------------------ errors of run and status


@pytest.mark.parametrize("command", ["run", "status"])
def test_an_error_is_one_line_that_names_file_and_key(ven: Ven, folder: Path, command: str) -> None:
    assert ven(command).output == "Error: ven.toml: there is no such file\n"
    (folder / "ven.toml").write_text('ven_name = "a"\nvtn_url = "http://b"\n[poll]\ninterval = 3\n')
    result = ven(command, "-c", "ven.toml")
    assert result.exit_code == 1
    assert result.output.startswith("Error: ven.toml: poll.interval: 3 is not a duration")
    assert result.output.count("\n") == 1


def test_run_names_the_file_for_an_error_in_what_it_names(ven: Ven, folder: Path) -> None:
    head = 'ven_name = "a"\nvtn_url = "http://b"\n'
    (folder / "ven.toml").write_text(head + 'handlers = ["no_such_module:Handler"]\n')
    output = ven("run").output
    assert output.startswith("Error: ven.toml: handlers.0: cannot import 'no_such_module'")
    (folder / "ven.toml").write_text(head + '[policy]\nmax_duraton = "1h"\n')
    assert "ven.toml: policy.max_duraton: this key is not known" in ven("run").output
    with pytest.raises(Exception, match="max_duraton"):
        CliRunner().invoke(main, ["run", "--debug"], catch_exceptions=False)


def test_status_of_a_ven_that_has_never_run(ven: Ven, folder: Path) -> None:
    ven("init", ".", "--vtn", "http://localhost:8080", "--name", "school-7")
    result = ven("status")
    assert result.exit_code == 1
    assert "school-7 -> http://localhost:8080" in result.output
    assert result.output.splitlines()[:3] == [
        "1 thing needs attention.",
        "! VEN           it has never run",
        "                -> ven run",
    ]
    found = json.loads(ven("status", "--json").output)
    assert (found["well"], found["running"]) == (False, False)
    assert found["problems"] == [{"about": "VEN", "what": "it has never run", "todo": "ven run"}]
    assert not (folder / "ven.db").exists()


# ------------------------------------------------------------------ a VEN as a process


def configure(folder: Path, url: str, more: str = "") -> Path:
    """Writes the configuration of a building that replays a day and sheds at level 2."""
    midnight = datetime(2013, 2, 14, tzinfo=UTC)
    rows = [f"{midnight + n * timedelta(minutes=30)},1.0\n" for n in range(48)]
    (folder / "load.csv").write_text("start,value\n" + "".join(rows))
    path = folder / "ven.toml"
    path.write_text(f"""
ven_name = "school-7"
vtn_url = "{url}"
[clock]
origin = {datetime.now(UTC).isoformat()}
shown = {SHOWN.isoformat()}
factor = {FACTOR}
[poll]
interval = "5m"
[policy]
default = "optIn"
max_level = 2
[[meters]]
name = "main"
type = "csv"
file = "load.csv"
baseline = "unshed"
[[loads]]
name = "hvac"
type = "simulated"
meter = "main"
shed = {{ "2" = 0.25 }}
{more}""")
    return path


async def test_a_day_is_replayed_shed_reported_and_survives_a_kill(
    ven: Ven, tmp_path: Path
) -> None:
    vtn = ScriptedVTN(poll_freq=timedelta(minutes=5))
    vtn.requests = [
        request("rr-1", "main", "unshed", granularity=1800, back=1800, start=SHOWN),
    ]
    begin = SHOWN + timedelta(hours=4)
    vtn.events = [event(start=begin, levels=((2, 90), (1, 30)))]
    end = begin + timedelta(hours=2)
    after = end + timedelta(hours=1)
    async with served(vtn) as url:
        config = configure(tmp_path, url)
        async with running(config) as process:
            await until(lambda: begin in values(vtn).get("main", {}), config)
            process.kill()
        async with running(config, "--log-format", "json") as process:
            await until(lambda: after in values(vtn).get("main", {}), config)
            status = await asyncio.to_thread(ven, "status", "-c", config, "--json")
            found = json.loads(status.output)
            assert (status.exit_code, found["problems"]) == (0, [])
            assert found["registration"]["ven_id"] == "ven-1"
            assert [line["r_id"] for line in found["meters"]] == ["main", "unshed"]
            shown = await asyncio.to_thread(ven, "status", "-c", config)
            assert (shown.exit_code, shown.output.splitlines()[0]) == (0, "All is well.")
            assert await ended(process) == 0
    (answer,) = {r.opt_type for created in vtn.got(CreatedEvent) for r in created.responses}
    assert answer == OptType.OPT_IN
    metered, unshed = values(vtn)["main"], values(vtn)["unshed"]
    assert set(unshed.values()) == {1000}
    assert metered[begin - timedelta(hours=1)] == 1000
    # A command takes a moment, which the fast clock makes a minute or more.
    assert 750 <= metered[begin] < 1000
    assert 750 < metered[end] <= 1000
    assert metered[begin + timedelta(minutes=30)] == 750
    assert metered[begin + timedelta(hours=1)] == 750
    assert metered[after] == 1000
    result = await asyncio.to_thread(ven, "status", "-c", config)
    assert result.exit_code == 1
    assert "! VEN           it does not run" in result.output


async def test_an_event_beyond_the_limits_is_opted_out_of(tmp_path: Path) -> None:
    vtn = ScriptedVTN(poll_freq=timedelta(minutes=5))
    vtn.events = [event(start=SHOWN + timedelta(hours=8), levels=((3, 60),))]
    async with served(vtn) as url:
        config = configure(tmp_path, url)
        async with running(config) as process:
            await until(lambda: vtn.got(CreatedEvent), config)
            assert await ended(process) == 0
    (response,) = vtn.got(CreatedEvent)[0].responses
    assert (response.code, response.opt_type) == (200, OptType.OPT_OUT)
    assert "optOut, level 3; at most 2" in (tmp_path / "log").read_text()


async def test_modules_beside_the_configuration_are_found(tmp_path: Path) -> None:
    (tmp_path / "plant_of_this_test.py").write_text(
        "def read():\n    return 42\n\n\ndef take(command, now):\n    pass\n"
    )
    more = """
[[meters]]
name = "boiler"
type = "python"
function = "plant_of_this_test:read"
measurement = "powerReal"
every = "10m"
[[loads]]
name = "boiler"
type = "python"
function = "plant_of_this_test:take"
"""
    vtn = ScriptedVTN()
    vtn.requests = [request("rr-1", "boiler", granularity=600, back=600, start=SHOWN)]
    async with served(vtn) as url:
        config = configure(tmp_path, url, more)
        async with running(config) as process:
            await until(lambda: values(vtn).get("boiler"), config)
            assert await ended(process) == 0
    assert set(values(vtn)["boiler"].values()) == {42}


async def test_a_ven_that_idles_over_mutual_tls_stays_small_and_ends_cleanly(
    tmp_path: Path,
) -> None:
    authority = Authority.create(tmp_path / "ca", "Test programme")
    authority.issue_vtn(("localhost",)).save(tmp_path / "vtn.crt", tmp_path / "vtn.key")
    authority.issue_ven("school-7").save(tmp_path / "ven.crt", tmp_path / "ven.key")
    pair = KeyPair(certificate=tmp_path / "vtn.crt", key=tmp_path / "vtn.key")
    context = server_context(TLSFiles(ca=tmp_path / "ca" / "ca.crt", pairs=(pair,)))
    vtn = ScriptedVTN(poll_freq=timedelta(milliseconds=50))
    async with served(vtn, context) as url:
        config = tmp_path / "ven.toml"
        config.write_text(f"""
ven_name = "school-7"
vtn_url = "{url}"
tls = {{ certificate = "ven.crt", key = "ven.key", ca = "ca/ca.crt" }}
poll = {{ interval = "50ms" }}
meters = [{{ name = "computer", type = "cpu", every = "1s" }}]
""")
        async with running(config) as process:
            await until(lambda: len(vtn.got(Poll)) > 20, config)
            assert resident_kb(process.pid) < MEMORY_LIMIT_KB
            assert await ended(process) == 0
    log = (tmp_path / "log").read_text()
    assert "SIGTERM: finishing what is in flight" in log
    assert log.rstrip().endswith("stopped")


async def test_a_ven_whose_vtn_is_away_goes_on_trying_and_ends_cleanly(
    ven: Ven, tmp_path: Path
) -> None:
    config = tmp_path / "ven.toml"
    config.write_text('ven_name = "school-7"\nvtn_url = "http://127.0.0.1:9"\n')
    async with running(config) as process:
        await until(lambda: "next attempt in" in (tmp_path / "log").read_text(), config)
        result = await asyncio.to_thread(ven, "status", "-c", config)
        assert result.exit_code == 1
        assert "! registration  it is not registered" in result.output
        assert process.poll() is None
        assert await ended(process) == 0


def test_an_override_is_told_shown_and_taken_back(ven: Ven, folder: Path) -> None:
    ven("init", ".", "--vtn", "http://localhost:8080", "--name", "school-7")
    assert ven("override", "on").output == "school-7 is overridden by hand\n"
    with closing(sqlite3.connect(folder / "ven.db")) as connection:
        ((value,),) = connection.execute("SELECT value FROM resource")
    assert json.loads(value)["manual_override"] is True
    assert ven("override", "off").output == "school-7 is not overridden\n"
    with closing(sqlite3.connect(folder / "ven.db")) as connection:
        ((value,),) = connection.execute("SELECT value FROM resource")
    assert json.loads(value)["manual_override"] is False
    result = ven("override", "on", "--resource", "attic")
    assert result.exit_code == 2
    assert "there is no resource 'attic'; known: " in result.output


async def test_status_shows_what_is_asked_for_in_both_directions(ven: Ven, folder: Path) -> None:
    await asyncio.to_thread(ven, "init", ".", "--vtn", "http://localhost:8080", "--name", "a")
    state = State(folder / "ven.db")
    await state.open()
    start = datetime(2026, 1, 1, tzinfo=UTC)
    bounded = request("rr-1", back=300, start=start, duration=timedelta(hours=1))
    once = request("rr-2", granularity=0, back=0, start=None)
    await state.requests.accept(
        [HeldRequest(request=bounded, kind=RequestKind.PERIODIC, accepted_at=start)]
    )
    await state.wanted.add([once])
    await state.close()
    lines = (await asyncio.to_thread(ven, "status")).output.splitlines()
    report = (
        "report        rr-1  TELEMETRY_USAGE main  every 1m, sent every 5m, "
        "until 2026-01-01 01:00:00 UTC, accepted"
    )
    assert report in lines
    assert "wanted        rr-2  TELEMETRY_USAGE main  once, queued" in lines
    found = json.loads((await asyncio.to_thread(ven, "status", "--json")).output)
    assert found["requests"][0]["until"] == "2026-01-01T01:00:00Z"
    assert found["wanted"][0]["request_id"] == "rr-2"
