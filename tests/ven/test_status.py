"""ven status: one screen that says whether all is well, and if not, what to do."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from certs.authority import Authority
from certs.expiry import warn_of
from oadr.codec import encode
from oadr.enums import DataQuality, ServiceName
from oadr.messages import EiResponse, Poll, RegisterReport, Response, UpdateReport
from oadr.report import Reading
from runtime.clock import SystemClock
from runtime.sections import check
from tests.ven.process import ended, running, served, until
from tests.ven.scripted import NOW, ScriptedVTN, World, event, request
from tests.ven.test_engine_report import Replay
from tests.ven.test_transport import Server, serve
from ven.cli import main
from ven.cli.picture import CertificateLine, Disk, MeterLine, Picture
from ven.cli.problems import Problem, problems
from ven.cli.pulse import LastPulse, pulse_path
from ven.config import Settings
from ven.connection import Connection
from ven.errors import Rejected, Unreachable
from ven.health import Difference, Fault, Health, Mended
from ven.http_answer import ahead_of
from ven.meter import Sample
from ven.state import Registration
from ven.status import Status
from ven.transport import CLOCK_EVERY

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
PARTY = Registration(ven_id="7f3a", registration_id="r", vtn_id="north-grid")
STATUS = Status(
    ven_name="school-7",
    vtn_url="http://vtn.example",
    running=True,
    registration=PARTY,
    lost="",
    events=(),
    reports=(),
    requests=(),
    wanted=(),
    unanswered=0,
    waiting=0,
    waiting_since=None,
    parked=0,
    parked_for="",
    readings=0,
    opts=0,
)
Ven = Callable[..., Result]


def settings(**more: Any) -> Settings:
    head = {"ven_name": "school-7", "vtn_url": "http://vtn.example", "ven_id": "7f3a"}
    return check({**head, **more}, Settings)


def picture(
    health: Health | None = None, *, alive: bool = True, config: Settings | None = None, **more: Any
) -> Picture:
    """Returns how a VEN is with which all is well, but for what is given."""
    pulse = LastPulse(running=alive, started=NOW - HOUR, heard=NOW, health=health or Health())
    given: dict[str, Any] = {"status": STATUS, "disk": Disk(size=1, free=10**12), **more}
    return Picture(settings=config or settings(), now=NOW, real=NOW, pulse=pulse, **given)


def only(found: Picture) -> Problem:
    (problem,) = problems(found)
    return problem


def test_a_ven_with_which_all_is_well_has_no_problem() -> None:
    assert problems(picture()) == []


def test_a_ven_that_does_not_run_is_to_be_started() -> None:
    assert only(picture(alive=False)).todo == "ven run"


def test_a_vtn_that_is_silent_is_told_of_with_the_reason() -> None:
    health = Health()
    health.fails("http://vtn.example: no answer in time", NOW - HOUR)
    problem = only(picture(health, silent=True))
    assert problem.about == "VTN"
    assert "no answer in time" in problem.what
    assert "oadr-certs doctor" in problem.todo


def test_a_certificate_that_ends_soon_or_cannot_be_read_is_told_of() -> None:
    soon = warn_of(NOW + timedelta(days=13), who="this VEN", what="certificate", todo="do", now=NOW)
    lost = CertificateLine(who="the authority", path=Path("ca.crt"), not_after=None)
    unreadable, ending = problems(picture(certificates=(lost,), expiring=tuple(soon)))
    assert unreadable.what == "the certificate of the authority cannot be read in ca.crt"
    assert ending == Problem(
        about="certificate",
        what="certificate of this VEN ends in 13 days: 2026-01-14 12:00 UTC",
        todo="do",
    )


@pytest.mark.parametrize(
    ("message", "code", "words", "todo"),
    [
        ("oadrPoll", "463", "who?", "ask the operator of the VTN to enrol 7f3a"),
        ("oadrPoll", "HTTP 403", "no", "ask the operator of the VTN to enrol 7f3a"),
        ("oadrCreateOpt", "452", "no (R303)", "ven trace --failed"),
        ("oadrCreatePartyRegistration", "HTTP 404", "", "pre_provisioned = true in [vtn]"),
        (
            "oadrPoll",
            "unreadable",
            'line 1: x; repair order would accept it: set vtn.profile = "repair"',
            'vtn.profile = "repair" in [vtn] of ven.toml lets it be mended',
        ),
    ],
)
def test_what_the_vtn_does_not_take_is_told_of_with_what_helps(
    message: str, code: str, words: str, todo: str
) -> None:
    health = Health()
    for minute in range(3):
        health.refused(message, code, words, NOW - minute * MINUTE)
    problem = only(picture(health))
    assert message in problem.what
    assert words in problem.what
    assert todo in problem.todo


def test_a_refusal_that_is_over_or_old_is_no_problem() -> None:
    health = Health()
    health.refused("oadrPoll", "463", "", NOW)
    health.taken("oadrPoll")
    health.refused("oadrCreateOpt", "452", "", NOW - timedelta(days=2))
    assert problems(picture(health)) == []


def test_a_ven_that_was_not_registered_says_why_once() -> None:
    health = Health()
    health.refused("oadrCreatePartyRegistration", "463", "not enrolled", NOW)
    problem = only(picture(health, status=replace(STATUS, registration=None)))
    assert problem.what.startswith("it is not registered: oadrCreatePartyRegistration was refused")
    assert "not enrolled" in problem.what


def test_a_pre_provisioned_ven_that_is_unknown_says_what_to_enter() -> None:
    health = Health()
    health.refused("oadrPoll", "452", "", NOW)
    problem = only(picture(health, config=settings(vtn={"pre_provisioned": True})))
    assert problem.todo == "ask the operator of the VTN to enter the venID 7f3a"


def test_meters_that_fail_or_are_late_are_told_of_while_the_ven_runs() -> None:
    health = Health(meters={"main": Fault(words="no such register", since=NOW)})
    newest = Reading(r_id="heat", start=NOW - HOUR, duration=MINUTE, value=Decimal(1))
    late = (
        MeterLine(r_id="main", unit="", reading=None, late=True),
        MeterLine(r_id="heat", unit="", reading=newest, late=True),
    )
    failing, silent = problems(picture(health, meters=late))
    assert failing.what == "meter main fails since 2026-01-01 12:00:00 UTC: no such register"
    assert silent.what == "meter heat is late: its newest reading is of 2026-01-01 11:00:00 UTC"
    assert only(picture(health, meters=late, alive=False)).about == "VEN"


def test_reports_that_wait_for_long_or_were_refused_for_good_are_told_of() -> None:
    waiting = replace(STATUS, waiting=12, waiting_since=NOW - HOUR, parked=2, parked_for="452: no")
    long, parked = problems(picture(status=waiting))
    assert long.what == "12 reports wait for the VTN, the oldest since 2026-01-01 11:00:00 UTC"
    assert parked.what.endswith("for good, the last because 452: no")
    short = replace(STATUS, waiting=1, waiting_since=NOW - MINUTE)
    assert problems(picture(status=short)) == []


def test_a_clock_that_is_wrong_and_a_disk_that_is_full_are_told_of() -> None:
    health = Health(clock=Difference(ahead=-95.0, at=NOW))
    clock, disk = problems(picture(health, disk=Disk(size=1, free=10**7)))
    assert clock.what.startswith("the clock of the VTN is 1 min 35 s behind ours")
    assert "NTP" in clock.todo
    assert disk.what == "10.0 MB are left on the disk of the state"
    assert problems(picture(Health(clock=Difference(ahead=5.0, at=NOW)))) == []


# ------------------------------------------------------------------ what is noticed


async def test_what_a_ven_notices_is_kept_and_forgotten_when_it_is_over(world: World) -> None:
    ven = world.ven()
    world.vtn.script(RegisterReport, Rejected(406, "HTTP 406: invalid"))
    world.vtn.script(Poll, Response(response=EiResponse(code=452, description="no (R21)")))
    await world.start(ven)
    await world.pass_time(10 * MINUTE)
    found = {(one.message, one.code, one.rule, one.over) for one in ven.health.refusals.values()}
    assert found == {
        ("oadrRegisterReport", "HTTP 406", "", True),
        ("oadrPoll", "452", "R21", True),
    }
    assert ven.health.as_json()["trouble"] is None
    world.vtn.down = Unreachable("no connection")
    await world.pass_time(10 * MINUTE)
    assert ven.health.as_json()["trouble"]["words"] == "no connection"


async def test_a_meter_that_fails_is_noticed_until_it_works(world: World) -> None:
    class Moody(Replay):
        well = False
        quality: DataQuality | None = None

        async def samples(self, since: datetime | None, until: datetime) -> list[Sample]:
            if not self.well:
                raise OSError("cable is out")
            found = await super().samples(since, until)
            return [replace(sample, quality=self.quality) for sample in found]

    ven, meter = world.ven(), Moody("main")
    ven.add_meter(meter)
    await world.start(ven)
    await world.pass_time(3 * MINUTE)
    assert ven.health.meters["main"].words == "cable is out"
    assert ven.health.meters["main"].since == NOW
    meter.well = True
    await world.pass_time(3 * MINUTE)
    assert ven.health.meters == {}
    meter.quality = DataQuality.BAD_DEVICE
    await world.pass_time(3 * MINUTE)
    assert ven.health.meters["main"].words.startswith("it says Quality Bad - Device Failure")


def test_what_was_noticed_survives_and_what_is_damaged_is_left_out() -> None:
    health = Health(
        repairs={"order": Mended(count=3, first=NOW, last=NOW)},
        meters={"main": Fault(words="x", since=NOW)},
        clock=Difference(ahead=1.0, at=NOW),
    )
    health.refused("oadrPoll", "463", "no", NOW, "R517")
    again = Health()
    again.load(json.loads(json.dumps(health.as_json())))
    assert again.as_json() == health.as_json()
    wrong: dict[str, object] = {"repairs": 1, "refusals": [1, {}], "clock": {"at": "x"}}
    for damaged in (None, 1, "x", wrong):
        empty = Health()
        empty.load(damaged)
        assert empty.as_json() == Health().as_json()


def test_of_a_vtn_that_refuses_ever_anew_not_all_is_remembered() -> None:
    health = Health()
    for number in range(1000):
        health.refused("oadrPoll", "452", f"{number} " * 1000, NOW)
    assert len(json.dumps(health.as_json())) < 20_000


@pytest.mark.parametrize(
    ("date", "ahead"),
    [
        ("Thu, 01 Jan 2026 12:00:00 GMT", 0),
        ("Thu, 01 Jan 2026 12:01:00 GMT", 59),
        ("Thu, 01 Jan 2026 11:58:00 GMT", -119),
        ("yesterday", None),
        ("Thu, 01 Jan 99999999999 12:00:00 GMT", None),
        ("Thu, 01 Jan 2026 12:00:00 -0000", None),
        ("", None),
    ],
)
def test_the_clock_of_a_vtn_is_read_from_its_date(date: str, ahead: int | None) -> None:
    sent, received = NOW, NOW + timedelta(seconds=1)
    found = ahead_of(date, sent, received)
    assert found == (None if ahead is None else timedelta(seconds=ahead))


async def test_a_vtn_whose_clock_is_wrong_is_noticed_once(caplog: pytest.LogCaptureFixture) -> None:
    server = Server()
    runner = await serve(server)
    server.replies(
        body=encode(Response(response=EiResponse())),
        headers={"Date": "Thu, 01 Jan 2015 12:00:00 GMT"},
    )
    connection = Connection(url=f"http://127.0.0.1:{server.port}")
    reader = connection.reader_at(SystemClock())
    transport = connection.transport(SystemClock(), reader=reader)
    for _ in range(3):
        transport._clock_looked = -CLOCK_EVERY
        await transport(ServiceName.OADR_POLL, Poll(ven_id="ven-1"))
    await transport.close()
    await runner.cleanup()
    assert reader.health.clock is not None
    assert reader.health.clock.wrong
    assert caplog.text.count("the clock of the VTN is") == 1


# ------------------------------------------------------------------ the command


@pytest.fixture
def ven() -> Ven:
    def _ven(*arguments: str | Path) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    return _ven


CONFIG = """
ven_name = "school-7"
ven_id = "7f3a"
vtn_url = "{url}"
poll = {{ interval = "100ms", backoff_cap = "200ms" }}
[vtn]
pre_provisioned = true
profile = "repair"
leave_out = ["Id"]
reports = "never"
[[meters]]
name = "broken"
type = "python"
function = "broken_of_this_test:read"
measurement = "powerReal"
every = "1s"
"""


async def test_one_screen_says_what_is_wrong_and_what_to_do(ven: Ven, tmp_path: Path) -> None:
    (tmp_path / "broken_of_this_test.py").write_text(
        "def read():\n    raise OSError('cable is out')\n"
    )
    vtn = ScriptedVTN(clock=SystemClock())
    vtn.events = [event(start=datetime.now(UTC) + HOUR)]
    vtn.script(Poll, *[Response(response=EiResponse(code=463, description="who?"))] * 10_000)
    config = tmp_path / "ven.toml"
    async with served(vtn) as url:
        config.write_text(CONFIG.format(url=url))
        async with running(config) as process:
            noted = pulse_path(tmp_path / "ven.db")
            await until(lambda: noted.exists() and "Quality Bad" in noted.read_text(), config)
            await until(lambda: '"463"' in noted.read_text(), config)
            shown = await asyncio.to_thread(ven, "status", "-c", config)
            found = await asyncio.to_thread(ven, "status", "-c", config, "--json")
            assert await ended(process) == 0
    lines = shown.output.splitlines()
    assert shown.exit_code == 1
    assert lines[0].endswith("things need attention.")
    text = " ".join(shown.output.split())
    assert "! refused oadrPoll was refused" in text
    assert "-> ask the operator of the VTN to enrol 7f3a" in text
    assert "meter broken fails since" in text
    assert "(pre-provisioned)" in text
    assert "profile repair: no message of the VTN has needed it" in text
    assert "left out Id" in text
    content = json.loads(found.output)
    assert content["well"] is False
    assert {"about", "what", "todo"} == set(content["problems"][0])
    assert content["registration"]["pre_provisioned"] is True
    assert content["vtn"]["leave_out"] == ["Id"]
    assert content["noticed"]["meters"]["broken"]["words"]


def test_the_certificates_are_shown_with_their_days(ven: Ven, tmp_path: Path) -> None:
    authority = Authority.create(tmp_path / "ca", "Test programme")
    authority.issue_ven("school-7", valid_for=timedelta(days=20)).save(
        tmp_path / "ven.crt", tmp_path / "ven.key"
    )
    config = tmp_path / "ven.toml"
    config.write_text("""
ven_name = "school-7"
vtn_url = "https://localhost:1"
tls = { certificate = "ven.crt", key = "ven.key", ca = "ca/ca.crt" }
""")
    result = ven("status", "-c", config)
    assert "! certificate   certificate of this VEN ends in" in result.output
    assert "certificate   of the authority: ends in" in result.output
    content = json.loads(ven("status", "-c", config, "--json").output)
    assert [one["who"] for one in content["certificates"]] == ["this VEN", "the authority"]


async def test_reports_that_wait_are_shown_with_the_age_of_the_oldest(world: World) -> None:

    world.vtn.requests = [request(back=60)]
    ven = world.ven()
    ven.add_meter(Replay())
    await world.start(ven)
    world.vtn.script(UpdateReport, *[Unreachable("no")] * 1000)
    await world.pass_time(10 * MINUTE)
    status = await ven.status()
    assert status.waiting > 5
    assert status.waiting_since is not None
    assert NOW <= status.waiting_since <= NOW + 3 * MINUTE
