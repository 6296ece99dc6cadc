"""Who does what a case wants done: a person, a hook script, nobody."""

import asyncio
import json
import re
import stat
import sys
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from conformance.actions import (
    ACTIONS,
    Action,
    CancelEvent,
    CreateEvent,
    CreateOpt,
    Decide,
    Events,
    EventSpec,
    ModifyEvent,
    OptOf,
    Readings,
    ReportSpec,
    RequestReports,
    SignalSpec,
    Start,
)
from conformance.case import Inconclusive
from conformance.device import Cannot
from conformance.operator import Nobody, Place, Script, Terminal, Who
from conformance.peers import Identity
from conformance.reached import AwaitedVen, ReachedVtn
from conformance.words import ANSWERS, UNKNOWN, plain, told
from oadr import messages as m
from oadr.enums import OptType
from runtime.clock import FakeClock

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PLACE = Place(now=NOW, peer="kit-ven", facts={"vtn_url": "http://localhost:8080"})
EVENT = EventSpec(
    starts_in=10 * MINUTE,
    signals=(SignalSpec(values=(Decimal(2), Decimal("1.5")), each=5 * MINUTE),),
    priority=1,
    ramp_up=MINUTE,
    target=m.Target(group_ids=("schools",)),
    test=True,
)
OPT = CreateOpt(opt=OptType.OPT_OUT, starts_in=(MINUTE, 2 * MINUTE), each=MINUTE)
REPORTS = RequestReports(
    reports=(ReportSpec(specifier_id="usage", granularity=MINUTE, back=MINUTE),)
)


# ------------------------------------------------------------------ words


def test_an_event_is_told_with_all_that_an_operator_has_to_enter() -> None:
    first, *others = told(CreateEvent(event=EVENT), NOW, "kit-ven")
    text = "\n".join(others)
    assert first == "Create an event for VEN kit-ven."
    assert "SIMPLE level 2, 1.5 for 5 min each" in text
    assert "begins in 10 min, at " in text
    assert "2026-11-20T12:10:00Z; lasts 10 min" in text
    assert "local time" in text
    for part in ("priority: 1", "ramp up: 1 min", "a test event", "target: group ids schools"):
        assert part in text


def test_a_changed_event_is_named_and_may_begin_as_it_did() -> None:
    lines = told(ModifyEvent(event_id="e-1", event=EVENT, keeps_start=True), NOW)
    assert "  event: e-1" in lines
    assert any("begins as it did" in line for line in lines)


def test_what_has_begun_already_and_what_has_no_end_is_said() -> None:
    spec = EventSpec(starts_in=-MINUTE, signals=(SignalSpec(each=timedelta(0)),))
    text = "\n".join(told(CreateEvent(event=spec), NOW))
    assert "begins 1 min ago, at" in text
    assert "open-ended" in text


def test_opt_schedules_and_reports_are_told_with_their_times() -> None:
    text = "\n".join(told(OPT, NOW))
    assert "opt: optOut" in text
    assert "begins in 2 min" in text
    assert "report: usage, data points all, sampled every 1 min" in "\n".join(told(REPORTS, NOW))


@pytest.mark.parametrize("cls", ACTIONS.values(), ids=lambda cls: cls.__name__)
def test_every_action_has_words_and_what_it_comes_to_is_known(cls: type[Action]) -> None:
    assert re.fullmatch(r"[A-Z].+", cls.__doc__.partition("\n")[0] if cls.__doc__ else "")
    if "Comes to:" in (cls.__doc__ or ""):
        assert cls.__name__ in ANSWERS
    if "known" in (cls.__doc__ or "").partition("Comes to:")[2].partition("Attributes:")[0]:
        assert cls.__name__ in UNKNOWN


def test_a_script_gets_iso_durations_and_moments() -> None:
    given = plain(CreateEvent(event=EVENT), NOW)
    assert json.loads(json.dumps(given)) == given
    event = given["event"]
    assert event["starts_in"] == "PT10M"
    assert event["starts_at"] == "2026-11-20T12:10:00Z"
    assert event["signals"][0]["values"] == [2, 1.5]
    assert event["target"] == {"group_ids": ["schools"]}
    assert set(event) == {field.name for field in fields(EventSpec)} | {"starts_at"}
    opt = plain(OPT, NOW)
    assert opt["starts_at"] == ["2026-11-20T12:01:00Z", "2026-11-20T12:02:00Z"]
    assert plain(EventSpec(starts_in=-MINUTE, signals=()), NOW)["starts_in"] == "-PT1M"


# ------------------------------------------------------------------ nobody


async def test_nobody_says_what_would_help() -> None:
    with pytest.raises(Cannot, match="needs somebody to create an event for VEN kit-ven; use --se"):
        await Nobody().do(CreateEvent(event=EVENT), PLACE)


# ------------------------------------------------------------------ terminal


class Person:
    """Types these lines, one after the other."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)
        self.seen: list[str] = []

    async def __call__(self, prompt: str) -> str:
        self.seen.append(prompt)
        if not self.lines:
            raise EOFError
        return self.lines.pop(0)

    @property
    def who(self) -> Terminal:
        return Terminal(self.seen.append, self)


@pytest.mark.parametrize(
    ("action", "line", "result"),
    [
        (CreateEvent(event=EVENT), "", ""),
        (CreateEvent(event=EVENT), "e-1", "e-1"),
        (CancelEvent(event_id="e-1"), "", None),
        (CancelEvent(event_id="e-1"), "whatever", None),
        (OptOf(event_id="e-1"), "optIn", "optIn"),
        (OptOf(event_id="e-1"), "-", ""),
        (Events(), "e-1, e-2", frozenset({"e-1", "e-2"})),
        (Events(), "-", frozenset()),
        (REPORTS, "r-1 r-2", ("r-1", "r-2")),
        (REPORTS, "", ()),
        (Readings(), "power=1.5 power=2", (("power", "1.5"), ("power", "2"))),
        (Readings(), "-", ()),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Action) else None,
)
async def test_a_person_types_what_comes_of_it(action: Action, line: str, result: Any) -> None:
    assert await Person(line).who.do(action, PLACE) == result


async def test_a_person_is_asked_again_for_what_cannot_be_read() -> None:
    person = Person("", "perhaps", "optOut")
    assert await person.who.do(OptOf(event_id="e-1"), PLACE) == "optOut"
    assert len([line for line in person.seen if "cannot be read" in line]) == 2


@pytest.mark.parametrize(("lines", "why"), [(["s"], "by the operator"), ([], "nobody answers")])
async def test_a_person_can_skip(lines: list[str], why: str) -> None:
    with pytest.raises(Cannot, match=why):
        await Person(*lines).who.do(CancelEvent(event_id="e-1"), PLACE)


async def test_no_device_writes_to_the_terminal_of_the_operator() -> None:
    person = Person("")
    await person.who.do(CancelEvent(event_id="e-\x1b[2J1"), PLACE)
    assert "\x1b" not in "".join(person.seen)


# ------------------------------------------------------------------ scripts

Made = Callable[[str], Script]


@pytest.fixture
def script(tmp_path: Path) -> Made:
    """Makes hook scripts of a body in Python; ``name`` and ``given`` are there."""

    def make(body: str, patience: float = 20) -> Script:
        path = tmp_path / "set up.py"
        head = "import json, sys, time\nname = sys.argv[1]\ngiven = json.load(sys.stdin)\n"
        path.write_text(f"#!{sys.executable}\n{head}{body}\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return Script(f"'{path}'", patience)

    return make


async def test_a_script_gets_the_action_and_what_it_needs(script: Made, tmp_path: Path) -> None:
    out = tmp_path / "given.json"
    who = script(f"given['name'] = name; open({str(out)!r}, 'w').write(json.dumps(given))")
    assert await who.do(CreateEvent(event=EVENT), PLACE) == ""
    given = json.loads(out.read_text())
    assert given["name"] == given["action"] == "CreateEvent"
    assert given["peer"] == "kit-ven"
    assert given["vtn_url"] == "http://localhost:8080"
    assert given["now"] == "2026-11-20T12:00:00Z"
    assert given["event"]["signals"][0]["each"] == "PT5M"


@pytest.mark.parametrize(
    ("action", "said", "result"),
    [
        (CreateEvent(event=EVENT), '"e-1"', "e-1"),
        (CreateEvent(event=EVENT), "created it", ""),
        (CancelEvent(event_id="e"), "", None),
        (Events(), '["e-1"]', frozenset({"e-1"})),
        (REPORTS, '["r-1"]', ("r-1",)),
        (Readings(), '[["power", 1.5]]', (("power", "1.5"),)),
        (OptOf(event_id="e"), '""', ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Action) else None,
)
async def test_what_a_script_prints_is_the_result(
    script: Made, action: Action, said: str, result: Any
) -> None:
    assert await script(f"print({said!r})").do(action, PLACE) == result


async def test_a_script_that_cannot_skips_the_case_with_its_last_line(script: Made) -> None:
    who = script("print('first\\nno such thing', file=sys.stderr); sys.exit(3)")
    with pytest.raises(Cannot, match=r"^no such thing$"):
        await who.do(CancelEvent(event_id="e"), PLACE)
    with pytest.raises(Cannot, match="cannot do CancelEvent"):
        await script("sys.exit(3)").do(CancelEvent(event_id="e"), PLACE)
    with pytest.raises(Cannot, match="says nothing to OptOf"):
        await script("pass").do(OptOf(event_id="e"), PLACE)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("print('broken', file=sys.stderr); sys.exit(1)", "status 1: broken"),
        ("print('[')", "printed no JSON for OptOf"),
        ("print('5')", "expected a text, not 5"),
    ],
)
async def test_a_script_that_fails_makes_the_case_inconclusive(
    script: Made, body: str, why: str
) -> None:
    with pytest.raises(Inconclusive, match=re.escape(why)):
        await script(body).do(OptOf(event_id="e"), PLACE)


async def test_a_script_that_hangs_is_ended() -> None:
    who = Script(f"{sys.executable} -c 'import time; time.sleep(60)'", patience=0.2)
    with pytest.raises(Inconclusive, match="not done with Start after"):
        await who.do(Start(), PLACE)


async def test_a_script_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/nowhere/to/be/found\n", encoding="utf-8")
    with pytest.raises(ValueError, match="is no program that can be run"):
        Script(f"{broken}")
    broken.chmod(0o700)
    with pytest.raises(Inconclusive, match="cannot be started: No such file"):
        await Script(f"{broken}").do(Start(), PLACE)
    with pytest.raises(ValueError, match="empty"):
        Script(" ")


# ------------------------------------------------------------------ devices


class Noting:
    """Takes down what it is asked to do."""

    slow = False

    def __init__(self) -> None:
        self.places: list[Place] = []

    async def do(self, action: Action, place: Place) -> str:
        self.places.append(place)
        return action.name


async def test_a_vtn_elsewhere_has_things_done_by_whoever_is_there() -> None:
    who = Noting()
    identity = Identity(name="kit-ven", ven_id="ven-9")
    vtn = ReachedVtn("http://10.0.0.5", identity, FakeClock(moment=NOW), MINUTE, who)
    await vtn.renew()
    assert await vtn.do(CancelEvent(event_id="e")) == "CancelEvent"
    (place,) = who.places
    assert (place.now, place.peer) == (NOW, "kit-ven")
    assert place.facts["ven_id"] == "ven-9"


def _awaited(who: Who, said: list[str], within: float = 5) -> AwaitedVen:
    return AwaitedVen(
        Identity(name="kit-vtn"),
        FakeClock(moment=NOW),
        MINUTE,
        who,
        poll_freq=MINUTE,
        say=said.append,
        comes_within=within,
    )


async def test_a_ven_that_nobody_starts_is_waited_for_until_it_stays_away() -> None:
    said: list[str] = []
    ven = _awaited(Nobody(), said, within=0.05)
    await ven.meet("http://localhost:1/OpenADR2/Simple/2.0b", push=False)
    ven.hears()
    await ven.do(Start())
    with pytest.raises(Cannot, match=r"no VEN came within 0\.05 s"):
        await ven.do(Start())
    with pytest.raises(Cannot, match="needs somebody to start the VEN"):
        await ven.do(Start())
    assert "kit-vtn at http://localhost:1/OpenADR2/Simple/2.0b; HTTP pull" in said[0]
    assert "Waiting for the VEN to register again" in said[-1]


async def test_a_ven_that_comes_back_by_itself_is_waited_for_again() -> None:
    ven = _awaited(Nobody(), [])
    ven.hears()
    await ven.do(Start())
    for _ in range(2):
        again = asyncio.ensure_future(ven.do(Start()))
        await asyncio.sleep(0)
        ven.hears()
        await again


async def test_a_ven_that_never_comes_skips_the_case() -> None:
    said: list[str] = []
    with pytest.raises(Cannot, match=r"no VEN came within 0\.05 s"):
        await _awaited(Nobody(), said, within=0.05).do(Start())
    assert "Start your VEN now" in said[0]


async def test_a_ven_that_somebody_can_start_is_started() -> None:
    who = Noting()
    ven = _awaited(who, [])
    await ven.renew()
    await ven.meet("http://localhost:1", push=True)
    assert await ven.do(Start()) == "Start"
    assert await ven.do(Decide(opt=OptType.OPT_OUT)) == "Decide"
    assert who.places[0].facts == {"vtn_url": "http://localhost:1", "vtn_id": "kit-vtn"}
