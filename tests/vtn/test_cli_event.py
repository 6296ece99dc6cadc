"""``vtn event``: what operators write becomes events, and what VENs say comes back."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from oadr import messages as m
from oadr.enums import OptReason, OptType, ResponseRequired, Scale
from oadr.units import unit
from runtime.moments import parse_moment
from tests.vtn.command import Desk
from vtn.cli.params import parse_unit
from vtn.store import Store, delivery, event, party
from vtn.store import opt as opts

NOW = datetime(2026, 11, 20, 17, 31, 2, 500_000, tzinfo=UTC)
LEVELS = "--levels 1:15m,2:30m,1:15m"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2026-11-20T17:31:02Z"),
        ("now+10m", "2026-11-20T17:41:02Z"),
        ("now-1h30m", "2026-11-20T16:01:02Z"),
        ("today", "2026-11-20T00:00:00Z"),
        ("today@18:00", "2026-11-20T18:00:00Z"),
        ("tomorrow@06:30", "2026-11-21T06:30:00Z"),
        ("yesterday@06:30:15", "2026-11-19T06:30:15Z"),
        ("today@18:00+01:00", "2026-11-20T17:00:00Z"),
        ("2026-11-20", "2026-11-20T00:00:00Z"),
        ("2026-11-20T18:00Z", "2026-11-20T18:00:00Z"),
        ("2026-11-20T18:00", "2026-11-20T18:00:00Z"),
        ("2026-11-20T18:00-05:00", "2026-11-20T23:00:00Z"),
    ],
)
def test_a_moment_is_utc_unless_it_says_otherwise(text: str, expected: str) -> None:
    assert parse_moment(text, NOW) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    "text", ["", "soon", "today@", "today@25:00", "now*2", "now+", "now+9999999d", "18:00"]
)
def test_what_is_no_moment_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match=r"write now, now\+10m, today"):
        parse_moment(text, NOW)


def test_units_are_written_as_people_write_them() -> None:
    assert parse_unit("kW") == unit("powerReal", scale=Scale.KILO)
    assert parse_unit("powerReal:kW") == unit("powerReal", scale=Scale.KILO)
    assert parse_unit("Wh") == unit("energyReal")
    assert parse_unit("EUR/kWh") == unit("currencyPerKWh", units="EUR")
    assert parse_unit("EUR") == unit("currency", units="EUR")
    assert parse_unit("VAR") == unit("powerReactive")
    assert parse_unit("temperature:celsius") == unit("temperature", units="celsius")
    for text in ("", "kX", "EUR/m", "powerReal:Wh", "nothing:kW"):
        with pytest.raises(ValueError, match=r"write kW, Wh|expected one of"):
            parse_unit(text)


async def _stored(event_id: str) -> m.Event:
    store = await Store.open("vtn.db")
    async with store.read() as tx:
        found = await event.get(tx, event_id=event_id)
    await store.close()
    assert found is not None
    return found.event


def stored(event_id: str) -> m.Event:
    return asyncio.run(_stored(event_id))


@pytest.fixture
def grid(vtn: Desk) -> Desk:
    """Three VENs: two schools, one with a battery, and a mill."""
    vtn("ven enrol school-7 --group schools --resource battery-1")
    vtn("ven enrol school-9 --group schools")
    vtn("ven enrol mill")
    return vtn


def test_create_makes_the_event_that_the_options_describe(grid: Desk) -> None:
    output = grid(
        f"event create --to group:schools --signal SIMPLE {LEVELS} --start 2031-01-02T18:00Z "
        "--ramp-up 5m --recovery 10m --notification 1h --randomize 2m --program peak "
        "--priority 2 --test --comment 'cold & windy' --response never --id e-1"
    ).output
    assert output == ("Event e-1 for 2 VENs: 2031-01-02 18:00 to 19:00 UTC, 3 intervals, far.\n")
    made = stored("e-1")
    assert made.descriptor.market_context == "http://localhost/peak"
    assert (made.descriptor.priority, made.descriptor.is_test) == (2, True)
    assert made.descriptor.vtn_comment == "cold & windy"
    assert made.response_required is ResponseRequired.NEVER
    assert made.target.group_ids == ("schools",)
    period = made.active_period
    assert period.dtstart == datetime(2031, 1, 2, 18, tzinfo=UTC)
    assert (period.duration, period.ramp_up) == (timedelta(hours=1), timedelta(minutes=5))
    assert (period.recovery, period.notification) == (timedelta(minutes=10), timedelta(hours=1))
    assert period.start_after == timedelta(minutes=2)


def test_events_get_numbers_of_the_day(grid: Desk) -> None:
    ids = [
        grid.json(f"event create --to all {LEVELS} --start now+1h")["event_id"] for _ in range(2)
    ]
    today = f"{datetime.now(UTC):%Y%m%d}"
    assert ids == [f"e-{today}-1", f"e-{today}-2"]


@pytest.mark.parametrize(
    ("audience", "count"),
    [
        ("--to all", 3),
        ("--to group:schools", 2),
        ("--to ven:mill", 1),
        ("--to resource:battery-1", 1),
        ("--to ven:mill --to resource:battery-1", 2),
        ("--to group:schools --to ven:school-7", 2),
    ],
)
def test_parts_of_the_audience_add_up(grid: Desk, audience: str, count: int) -> None:
    assert grid.json(f"event create {audience} {LEVELS} --start now+1h")["vens"] == count


def test_several_signals_units_and_a_baseline(grid: Desk) -> None:
    grid(
        "event create --id e-1 --to resource:battery-1 --signal LOAD_DISPATCH --unit kW "
        "--levels=-50:30m,-25.5:30m --start now+1h --also 'ELECTRICITY_PRICE 0.42:1h EUR/kWh' "
        "--also 'SIMPLE 1:1h' --baseline '40:30m,45:30m kW'"
    )
    made = stored("e-1")
    first, price, simple = made.signals
    assert [one.payloads[0].value for one in first.intervals] == [  # type: ignore[union-attr]
        Decimal(-50),
        Decimal("-25.5"),
    ]
    assert first.unit == parse_unit("kW")
    assert price.unit == parse_unit("EUR/kWh")
    assert (simple.signal_name, simple.unit) == ("SIMPLE", None)
    assert made.baseline is not None
    assert made.baseline.duration == timedelta(hours=1)
    output = grid("event show e-1").output
    assert "LOAD_DISPATCH setpoint: -50 for 30m, -25.5 for 30m (kW)" in output
    assert "ELECTRICITY_PRICE price: 0.42 for 1h (EUR/kWh)" in output


@pytest.mark.parametrize(
    ("options", "code", "why"),
    [
        ("--to schools --levels 1:1h --start now", 2, "--to schools: write all, group:NAME"),
        ("--to group: --levels 1:1h --start now", 2, "write all"),
        ("--to all --levels 1:6 --start now", 2, "--levels: step 1 ('1:6')"),
        ("--to all --levels 1:1h --start soon", 2, "'soon' is no moment"),
        ("--to all --levels 1:1h --start now --ramp-up 5", 2, "'5' is not a duration"),
        ("--to all --levels 1:1h --start now --ramp-up 1.5s", 2, "whole seconds"),
        ("--to all --levels 1:1h --start now --signal FOO", 2, "give its signal type"),
        ("--to all --levels 1:1h --start now --signal SIMPLE --unit XX", 2, "--unit: 'XX'"),
        ("--to all --levels 1:1h --start now --also SIMPLE", 2, "write 'NAME LEVELS'"),
        ("--to all --levels 1:1h --start now --also 'SIMPLE 1:1h a b'", 2, "UNIT and TYPE"),
        ("--to all --levels 5:1h --start now", 1, "expected 0, 1, 2 or 3 (R9)"),
        ("--to all --levels 1:1h --start now --also 'SIMPLE 1:30m'", 1, "(R"),
        ("--to all --levels 1:1h --start now --signal ELECTRICITY_PRICE", 1, "currencyPerKWh"),
        (
            "--to all --levels 1:1h --start now --signal ELECTRICITY_PRICE --unit QQQ/kWh",
            1,
            "makes no valid message",
        ),
        ("--to ven:nobody --levels 1:1h --start now", 1, "there is no VEN 'nobody'"),
        ("--to group:nobody --levels 1:1h --start now", 1, "there is no VEN in 'group:nobody'"),
    ],
)
def test_an_event_that_must_not_be_sent_is_not_stored(
    grid: Desk, options: str, code: int, why: str
) -> None:
    assert why in grid.error(f"event create {options}", code)
    assert grid.json("event list --all") == []


def test_an_event_id_is_used_once(grid: Desk) -> None:
    grid(f"event create --to all {LEVELS} --start now+1h --id e")
    assert "'e' is in use already" in grid.error(
        f"event create --to all {LEVELS} --start now+1h --id e"
    )


def test_modify_changes_what_is_named_and_counts(grid: Desk) -> None:
    grid(f"event create --id e --to all {LEVELS} --start now+1h --ramp-up 5m --comment a --test")
    before = stored("e")
    assert "is now modification 1" in grid("event modify e --levels 2:1h --priority 1").output
    after = stored("e")
    assert after.active_period == before.active_period
    assert len(after.signals[0].intervals) == 1
    assert (after.descriptor.vtn_comment, after.descriptor.is_test) == ("a", True)
    assert "is like that already (modification 1)" in grid("event modify e --levels 2:1h").output
    grid("event modify e --start now+2h --no-test --comment '' --randomize 5m --response never")
    last = stored("e")
    assert last.descriptor.modification_number == 2
    assert (last.descriptor.vtn_comment, last.descriptor.is_test) == (None, False)
    assert last.active_period.start_after == timedelta(minutes=5)
    assert last.response_required is ResponseRequired.NEVER
    assert [one["modification"] for one in grid.json("event show e")["history"]] == [0, 1, 2]


def test_r20_the_past_of_an_event_cannot_be_modified(grid: Desk) -> None:
    grid("event create --id e --to all --levels 1:1h --start now-10m")
    assert "the event has started (R20)" in grid.error("event modify e --start now+1h")
    assert "there is no event 'x'" in grid.error("event modify x --priority 1")
    assert "nothing to change" in grid.error("event modify e", code=2)


def test_cancel_happens_once(grid: Desk) -> None:
    grid(f"event create --id e --to all {LEVELS} --start now+1h")
    assert grid("event cancel e").output == "Event e is cancelled (modification 1).\n"
    assert "was cancelled before (modification 1)" in grid("event cancel e").output
    assert "cannot be modified" in grid.error("event modify e --priority 1")
    assert grid.json("event show e")["status"] == "cancelled"


def test_list_shows_what_is_open_and_with_all_the_rest(grid: Desk) -> None:
    grid("event create --id over --to all --levels 1:1m --start now-1h")
    grid("event create --id open --to all --levels 2:0 --start now-1h")
    assert [row["event_id"] for row in grid.json("event list")] == ["open"]
    assert grid.json("event list")[0]["end"] is None
    assert {row["event_id"] for row in grid.json("event list --all")} == {"over", "open"}
    assert "UTC, open-ended" in grid("event list").output


async def _day(now: datetime) -> None:
    """The schools register; one answers and has an opt schedule, the other is silent."""
    store = await Store.open("vtn.db")
    async with store.begin() as tx:
        for number, name in enumerate(("school-7", "school-9")):
            row = await party.get(tx, ven_name=name)
            found = await event.get(tx, event_id="e")
            assert row is not None
            assert found is not None
            await party.register(tx, pk=row.pk, registration_id=f"reg-{number}", now=now)
            await party.touch(tx, last_seen={row.pk: now})
            await delivery.sent(
                tx, party_pk=row.pk, event_pks_with_modification={found.pk: 0}, now=now
            )
            if name == "school-7":
                await delivery.answered(
                    tx,
                    party_pk=row.pk,
                    event_pk=found.pk,
                    modification=0,
                    opt_type=OptType.OPT_OUT,
                    source="createdEvent",
                    now=now,
                )
                period = m.Period(dtstart=now, duration=timedelta(days=1))
                await opts.add(tx, party_pk=row.pk, opt=_opt(row.ven_id, period), now=now)
    await store.close()


def _opt(ven_id: str, period: m.Period) -> m.CreateOpt:
    values: dict[str, Any] = {
        "opt_id": "holidays",
        "opt_type": OptType.OPT_OUT,
        "opt_reason": OptReason.NOT_PARTICIPATING,
        "ven_id": ven_id,
        "availability": (period,),
        "created_date_time": NOW,
        "request_id": "1",
    }
    return m.CreateOpt(**values)


def test_show_says_what_became_of_an_event_at_each_ven(grid: Desk) -> None:
    grid(f"event create --id e --to all {LEVELS} --start now+1h")
    asyncio.run(_day(datetime.now(UTC)))
    shown = grid.json("event show e")
    notes = {row["ven"]: row["note"] for row in shown["vens"]}
    assert notes == {
        "mill": "not registered",
        "school-7": notes["school-7"],
        "school-9": "sent once, no answer yet",
    }
    assert (shown["delivered"], shown["opted_in"], shown["opted_out"]) == (2, 0, 1)
    output = grid("event show e").output
    assert "delivered 2/3   opted in 0   opted out 1   waiting 2" in output
    made = grid(f"event create --id f --to all {LEVELS} --start now+2h").output
    assert "1 of them is opted out by schedule at that time (vtn event show f)." in made
    later = grid(f"event create --id g --to all {LEVELS} --start now+5d").output
    assert "opted out" not in later


def test_commands_need_no_server_and_leave_no_lock(grid: Desk) -> None:
    grid(f"event create --id e --to all {LEVELS} --start now+1h")
    assert not Path("vtn.db-journal").exists()
    assert grid.json("ven show mill")["open_events"] == 1
