"""The faults of OpenLEADR's VEN, by number: none of them is ours.

``COVERED`` names the test for each fault that another file tests anyway; the others are
tested here, under their number.
"""

import importlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from oadr.enums import EventStatus, SignalType
from oadr.messages import (
    CreatedEvent,
    CreatedReport,
    CreateOpt,
    CreatePartyRegistration,
    CreateReport,
    Event,
    Period,
    QueryRegistration,
    RegisterReport,
    RequestReregistration,
    UpdateReport,
)
from oadr.units import unit
from tests.ven.compat_world import Street
from tests.ven.scripted import NOW, ScriptedVTN, World, event, request
from tests.ven.test_engine_event import answers
from tests.ven.test_engine_report import Replay, reports, started
from ven import Client
from ven.connection import Connection

MINUTE = timedelta(minutes=1)
TICK = timedelta(seconds=10)

#: Fault -> module and tests.
COVERED: dict[str, tuple[str, ...]] = {
    "C1": ("openleadr_faults", "test_c1", "engine_event", "test_r21_events_of_another_vtn"),
    "C2": ("engine_event", "test_r61", "test_an_empty_list_of_events"),
    "C3": ("engine_event", "test_r58"),
    "C4": ("openleadr_faults", "test_c4", "engine_event", "test_r60"),
    "C5": ("engine_event", "test_r19_a_handler_that_fails"),
    "C6": ("openleadr_faults", "test_c6", "engine_event", "test_r48"),
    "C7": ("engine_event", "test_r33", "engine_schedule", "test_r66"),
    "C8": ("engine_event", "test_r64"),
    "C9": (
        "openleadr_faults",
        "test_c9",
        "engine_registration",
        "test_a_vtn_that_is_down_at_the_start",
        "test_a_refused_registration",
        "test_r401",
    ),
    "C10": ("engine_report", "test_r304_r340"),
    "C11": ("engine_report", "test_r325_periodic", "test_r325_a_request_with_an_end", "test_r317"),
    "C12": ("openleadr_faults", "test_c12", "engine_report", "test_r317_on_change"),
    "C13": ("engine_report", "test_r303", "test_r304_r340"),
    "C14": ("openleadr_faults", "test_c14", "engine_report", "test_r325_periodic"),
    "C15": ("openleadr_faults", "test_c15", "engine_report", "test_r306"),
    "C16": ("engine_report", "test_r336_a", "test_r345", "test_a_cancellation_that_is_repeated"),
    "C17": ("engine_report", "test_r328_a"),
    "C18": ("engine_report", "test_r304_reports_that_nobody"),
    "C19": (
        "transport",
        "test_an_empty_answer",
        "test_a_timeout_below",
        "test_a_status_of_a_vtn",
        "engine_report",
        "test_reports_wait_while",
    ),
    "C20": ("openleadr_faults", "test_c20", "engine_opt", "test_r206", "test_an_opt_waits"),
    "C21": ("openleadr_faults", "test_c21"),
    "C22": ("transport", "test_r53"),
    "C23": ("openleadr_faults", "test_c23"),
    "C24": ("openleadr_faults", "test_c24", "engine_report", "test_r331", "client", "test_openl"),
}


@pytest.mark.parametrize("number", [f"C{n}" for n in range(1, 25)])
def test_every_fault_has_a_test(number: str) -> None:
    module = None
    for name in COVERED[number]:
        if name.startswith("test_"):
            assert any(found.startswith(name) for found in dir(module)), name
        else:
            module = importlib.import_module(f"tests.ven.test_{name}")
    assert module is not None


@pytest.mark.parametrize("vtn_id", ["myvtn", "42", "MyVTN"])
async def test_c1_a_vtn_may_be_called_anything_and_must_stay_so(world: World, vtn_id: str) -> None:
    world.vtn.vtn_id = vtn_id
    await world.start(world.ven())
    world.vtn.distribute(event())
    await world.pass_time(TICK)
    assert [(one.code, one.opt_type) for one in answers(world)] == [(200, "optIn")]
    world.vtn.vtn_id = vtn_id.swapcase() if vtn_id.isalpha() else "43"
    world.vtn.distribute(event("e2"))
    await world.pass_time(TICK)
    assert world.vtn.got(CreatedEvent)[-1].response.code == 452


async def test_c4_a_cancellation_is_no_new_event_however_often_it_comes(world: World) -> None:
    asked: list[str] = []
    ven = world.ven()
    ven.add_handler("on_event", lambda event, ctx: asked.append(event.event_id))
    await world.start(ven)
    gone = event("e1", modification=1, status=EventStatus.CANCELLED)
    for _ in range(3):
        world.vtn.distribute(gone, event("e2"))
        await world.pass_time(TICK)
    assert asked == ["e2"]
    assert {(one.event_id, one.code, one.opt_type) for one in answers(world)} == {
        ("e1", 200, "optIn"),
        ("e2", 200, "optIn"),
    }
    assert [one.event_id for one in ven.events] == ["e2"]


def dispatch(*, kind: SignalType, measurement: str | None) -> Event:
    """Returns an event that dispatches load in a unit."""
    base = event(name="LOAD_DISPATCH")
    (signal,) = base.signals
    there = None if measurement is None else unit(measurement)
    return replace(base, signals=(replace(signal, signal_type=kind, unit=there),))


@pytest.mark.parametrize(
    ("kind", "measurement", "code"),
    [
        (SignalType.SETPOINT, "powerReal", 200),
        (SignalType.SETPOINT, "voltage", 460),
        (SignalType.SETPOINT, None, 460),
        (SignalType.PRICE, "powerReal", 460),
    ],
)
async def test_c6_a_signal_counts_with_its_type_and_unit_and_what_is_not_supported_is_out(
    world: World, kind: SignalType, measurement: str | None, code: int
) -> None:
    await world.start(world.ven())
    world.vtn.distribute(dispatch(kind=kind, measurement=measurement))
    await world.pass_time(TICK)
    opt = "optIn" if code == 200 else "optOut"
    assert [(one.code, one.opt_type) for one in answers(world)] == [(code, opt)]


async def test_c9_a_new_poll_interval_counts_from_the_reregistration_on(world: World) -> None:
    ven = await world.start(world.ven())
    world.vtn.poll_freq = timedelta(seconds=50)
    world.vtn.queue.append(RequestReregistration(ven_id="ven-1"))
    await world.pass_time(TICK)
    assert ven.registration is not None
    assert ven.registration.poll_interval == timedelta(seconds=50)
    await world.pass_time(10 * MINUTE)
    assert len(world.vtn.got(CreatePartyRegistration)) == 2
    assert len([m for _, m in world.vtn.received if type(m).__name__ == "Poll"]) == 15


async def test_c12_what_one_request_is_does_not_rub_off_on_the_next(world: World) -> None:
    ven = world.ven()
    for name in ("main", "solar"):
        ven.add_meter(Replay(name))
    await world.start(ven)
    await world.pass_time(MINUTE)
    once = request("once", "main", granularity=60, back=0)
    often = request("often", "solar", back=60, start=NOW + MINUTE)
    world.vtn.queue.append(CreateReport(request_id="q", requests=(once, often)))
    await world.pass_time(3 * MINUTE)
    assert len(reports(world, "once")) == 1
    assert len(reports(world, "often")) == 3
    for name, r_id in (("once", "main"), ("often", "solar")):
        for report in reports(world, name):
            assert {p.r_id for i in report.intervals for p in i.payloads} == {r_id}  # type: ignore[union-attr]


@pytest.mark.parametrize("seconds", [45, 90, 100])
async def test_c14_any_period_is_kept_to_the_second(world: World, seconds: int) -> None:
    start = NOW + timedelta(seconds=7)
    await started(world, request(granularity=seconds, back=seconds, start=start))
    await world.pass_time(10 * MINUTE)
    found = [report.dtstart for report in reports(world)]
    assert len(found) >= 5
    assert found == [start + n * timedelta(seconds=seconds) for n in range(len(found))]


async def test_c15_metadata_that_is_sent_again_doubles_no_report(world: World) -> None:
    ven = await started(world, request(back=60))
    for _ in range(3):
        world.vtn.requests = [request(back=60)]
        await ven.register_reports()
    await world.pass_time(5 * MINUTE)
    found = [report.dtstart for report in reports(world)]
    assert len(found) == len(set(found)) == 5


async def test_c20_a_reason_may_be_of_our_own_and_an_event_brings_its_own_context(
    world: World,
) -> None:
    ven = await world.start(world.ven())
    await ven.create_opt(
        "optOut", "x-inventory", availability=[Period(dtstart=NOW, duration=timedelta(hours=1))]
    )
    world.vtn.distribute(event())
    await world.pass_time(TICK)
    await ven.create_opt("optOut", "economic", event_id="e1")
    schedule, qualified = world.vtn.got(CreateOpt)
    assert schedule.opt_reason == "x-inventory"
    assert (qualified.event_id, qualified.market_context, qualified.availability) == (
        "e1",
        None,
        (),
    )


async def test_c21_the_registration_says_whether_messages_are_signed(tmp_path: Path) -> None:
    for signs in (False, True):
        vtn = ScriptedVTN()
        files: dict[str, Any] = {name: tmp_path / name for name in ("cert", "key", "ca_file")}
        where = Connection(url="https://vtn.example", sign=signs, **files)
        ven = Client("school-7", "https://vtn.example", connection=where, exchange=vtn)
        await ven.query_registration()
        await ven.create_party_registration()
        (query,), (create,) = vtn.got(QueryRegistration), vtn.got(CreatePartyRegistration)
        assert create.xml_signature is signs
        assert create.request_id != query.request_id
        await ven.stop()


async def test_c23_all_values_of_one_time_are_in_one_interval(world: World) -> None:
    ven = world.ven()
    for name in ("main", "solar", "battery"):
        ven.add_meter(Replay(name))
    world.vtn.requests = [request("rr-1", "main", "solar", "battery", granularity=60, back=300)]
    await world.start(ven)
    await world.pass_time(5 * MINUTE)
    (report,) = reports(world)
    assert [interval.dtstart for interval in report.intervals] == [
        NOW + n * MINUTE for n in range(5)
    ]
    for interval in report.intervals:
        assert [payload.r_id for payload in interval.payloads] == [  # type: ignore[union-attr]
            "main",
            "solar",
            "battery",
        ]


async def test_c24_any_measurement_can_be_added_and_its_metadata_conform(street: Street) -> None:
    world, ven = street, street.openleadr()
    for measurement in ("powerReal", "energyReal", "pulseCount", "voltage", "frequency"):
        ven.add_report(lambda: 1, measurement, measurement)
    ven.add_report(lambda: None, "hvac", report_name="TELEMETRY_STATUS")
    await world.start(ven)
    (metadata,) = world.vtn.got(RegisterReport)
    for report in metadata.reports:
        assert report.duration is not None
        for one in report.descriptions:
            assert one.sampling_rate is not None
            assert one.sampling_rate.max_period <= report.duration
            if report.report_name == "METADATA_TELEMETRY_USAGE":
                assert one.report_type == "usage"
    assert len(world.vtn.got(CreatedReport)) == len(world.vtn.got(UpdateReport)) == 0
