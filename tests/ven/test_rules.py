"""Rules of the profile, held against what a whole VEN sends. Others stand beside the engines."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from lxml.etree import QName

from oadr.codec import decode, encode, parse
from oadr.enums import EventStatus, ReportName, ResponseRequired, SignalType
from oadr.messages import (
    CancelReport,
    CreatedEvent,
    CreatedReport,
    CreateOpt,
    CreatePartyRegistration,
    CreateReport,
    DistributeEvent,
    Event,
    LoadControl,
    Message,
    Period,
    Poll,
    QueryRegistration,
    RegisterReport,
    Report,
    RequestEvent,
    RequestReregistration,
    ResourceStatus,
    Target,
    UpdateReport,
)
from oadr.report import build_metadata_request
from oadr.units import unit
from tests.ven.scripted import NOW, World, event, request
from tests.ven.test_engine_event import answers
from tests.ven.test_engine_report import Replay, reports
from ven.client import Client
from ven.meter import MeterSpec, Sample

MINUTE = timedelta(minutes=1)
TICK = timedelta(seconds=10)


class Status:
    """A resource that can be controlled."""

    spec = MeterSpec(
        name="hvac", report_name=ReportName.TELEMETRY_STATUS, measurement="", every=TICK
    )

    async def samples(self, since: datetime | None, until: datetime) -> Sequence[Sample]:
        state = ResourceStatus(
            online=True,
            manual_override=False,
            capacity=LoadControl(current=Decimal(5), maximum=Decimal(9)),
        )
        return [Sample(start=until, duration=timedelta(0), value=state)]


async def busy(world: World) -> Client:
    """Returns a VEN after a quarter of an hour with everything in it."""
    ven = world.ven(query_first=True, resource_ids=frozenset({"hall"}))
    for meter in (Replay("main"), Replay("0042"), Status()):
        ven.add_meter(meter)
    world.vtn.requests = [
        request("periodic", "main", "0042", granularity=60, back=120),
        request("status", "hvac", specifier="TELEMETRY_STATUS", granularity=60, back=120),
        request("changes", "hvac", specifier="TELEMETRY_STATUS", granularity=0, back=120),
    ]
    await world.start(ven)
    world.vtn.distribute(event())
    await world.pass_time(MINUTE)
    await ven.create_opt("optOut", "economic", availability=[Period(dtstart=NOW, duration=MINUTE)])
    await ven.opt("e1", "optOut")
    await world.pass_time(11 * MINUTE)
    now = (
        request("history", "main", specifier="HISTORY_USAGE", granularity=0, back=0),
        request("once", "main", "0042", granularity=0, back=0, start=None),
    )
    world.vtn.queue += [
        CreateReport(request_id="n", requests=now),
        RegisterReport(request_id="r"),
        UpdateReport(request_id="u"),
        CancelReport(request_id="c", report_request_ids=("nothing",)),
        RequestReregistration(ven_id="ven-1"),
    ]
    await world.pass_time(TICK)
    world.vtn.queue.append(CreateReport(request_id="m", requests=(build_metadata_request("meta"),)))
    await world.pass_time(3 * MINUTE)
    return ven


def sent(world: World) -> list[Message]:
    return [message for _, message in world.vtn.received]


def ven_id_of(message: Message) -> str | None:
    return getattr(message, "ven_id", None)


async def test_r508_every_message_names_this_ven_once_it_has_a_name(world: World) -> None:
    await busy(world)
    query, create, *others = sent(world)
    assert (type(query), type(create)) == (QueryRegistration, CreatePartyRegistration)
    assert ven_id_of(create) is None
    assert {ven_id_of(message) for message in others} == {"ven-1"}
    assert len({type(message) for message in others}) == 12


async def test_r45_r509_every_message_has_its_schema_version_and_no_schema_location(
    world: World,
) -> None:
    await busy(world)
    for message in sent(world):
        document = encode(message)
        assert b'schemaVersion="2.0b"' in document
        assert b"schemaLocation" not in document


async def test_r1_moments_end_in_z_and_durations_have_no_decimals(world: World) -> None:
    await busy(world)
    texts = [
        element.text
        for message in sent(world)
        for element in parse(encode(message)).iter()
        if element.text and QName(element).localname in _TIMES
    ]
    moments = [text for text in texts if "P" not in text]
    durations = [text for text in texts if "P" in text]
    assert len(moments) > 50
    assert len(durations) > 50
    for moment in moments:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment), moment
    for duration in durations:
        assert re.fullmatch(r"P(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?", duration), duration


#: Elements that say a moment or a duration, without those that hold such an element.
_TIMES = {"date-time", "createdDateTime", "duration", "oadrMinPeriod", "oadrMaxPeriod"}


async def test_r1_fractions_of_a_second_are_cut_off_and_no_reason_to_refuse(world: World) -> None:
    ven = await world.start(world.ven())
    body = encode(
        DistributeEvent(request_id="d", vtn_id=world.vtn.vtn_id, events=(event(start=NOW + TICK),))
    )
    body = body.replace(b"12:00:10Z", b"12:00:10.999Z")
    assert b"12:00:10.999Z" in body
    world.vtn.queue.append(decode(body))
    await world.pass_time(TICK)
    assert [one.code for one in answers(world)] == [200]
    (held,) = ven.events
    assert held.active_period.dtstart == NOW + TICK


@pytest.mark.parametrize(
    "message",
    [
        RequestEvent(request_id="r", ven_id="ven-1"),
        CreatePartyRegistration(request_id="r", ven_name="VTN", http_pull_model=True),
        QueryRegistration(request_id="r"),
        Poll(ven_id="ven-1"),
    ],
    ids=lambda message: type(message).__name__,
)
async def test_r23_r401_what_only_a_ven_says_is_not_answered(
    world: World, message: Message, caplog: pytest.LogCaptureFixture
) -> None:
    ven = await world.start(world.ven())
    before = world.vtn.names()
    world.vtn.queue.append(message)
    await world.pass_time(TICK)
    assert world.vtn.names() == before
    assert f"oadr{type(message).__name__}" in caplog.text
    world.vtn.distribute(event())
    await world.pass_time(MINUTE)
    assert len(ven.events) == 1


async def test_r309_nothing_but_events_is_asked_for_before_the_metadata_is_told(
    world: World,
) -> None:
    await busy(world)
    names = [type(message).__name__ for message in sent(world)]
    before = names[: names.index("RegisterReport")]
    assert set(before) <= {"QueryRegistration", "CreatePartyRegistration", "RequestEvent"}


async def test_r37_r500_r501_the_queue_is_emptied_at_once_and_then_left_for_an_interval(
    world: World,
) -> None:
    await world.start(world.ven())
    polls = len(world.vtn.got(Poll))
    world.vtn.queue += [RegisterReport(request_id=str(n)) for n in range(7)]
    await world.pass_time(TICK)
    assert len(world.vtn.got(Poll)) == polls + 8
    await world.pass_time(TICK - timedelta(seconds=1), timedelta(seconds=1))
    assert len(world.vtn.got(Poll)) == polls + 8


async def test_r406_what_was_asked_for_before_a_new_registration_is_void(world: World) -> None:
    ven = await busy(world)
    await ven.create_party_registration()
    seen = len(reports(world, "periodic"))
    await world.pass_time(10 * MINUTE)
    assert len(reports(world, "periodic")) == seen


# ------------------------------------------------------------------ events


def signal(base: Event, **changes: Any) -> Event:
    (one,) = base.signals
    return replace(base, signals=(replace(one, **changes),))


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (Target(), 200),
        (Target(ven_ids=("ven-1",)), 200),
        (Target(ven_ids=("ven-2",), resource_ids=("hall",)), 200),
        (Target(group_ids=("anything",)), 200),
        (Target(ven_ids=("ven-2",)), 462),
        (Target(ven_ids=("VEN-1",)), 462),
        (Target(party_ids=("somebody",)), 462),
    ],
)
async def test_r22_an_empty_target_is_this_ven_and_one_criterion_of_several_is_enough(
    world: World, target: Target, code: int
) -> None:
    await world.start(world.ven(resource_ids=frozenset({"hall"})))
    world.vtn.distribute(event(target=target))
    await world.pass_time(TICK)
    assert [one.code for one in answers(world)] == [code]


async def test_r35_an_answer_to_a_list_as_a_whole_has_no_answers_to_events(world: World) -> None:
    await world.start(world.ven())
    world.vtn.distribute(event())
    await world.pass_time(TICK)
    world.vtn.vtn_id = "another"
    world.vtn.distribute(event())
    await world.pass_time(TICK)
    good, bad = world.vtn.got(CreatedEvent)
    assert (good.response.code, len(good.responses)) == (200, 1)
    assert (bad.response.code, bad.responses) == (452, ())


async def test_r46_a_list_of_events_without_a_response_is_as_good_as_one_with(
    world: World,
) -> None:
    await world.start(world.ven())
    world.vtn.queue.append(
        DistributeEvent(request_id="d", vtn_id=world.vtn.vtn_id, events=(event(),))
    )
    await world.pass_time(TICK)
    assert [one.code for one in answers(world)] == [200]


async def test_r56_r57_an_unknown_event_is_new_and_a_higher_number_takes_its_place(
    world: World,
) -> None:
    ven = await world.start(world.ven())
    first, second = event(levels=((1, 10),)), event(levels=((3, 20),), modification=4)
    for version in (first, second):
        world.vtn.distribute(version)
        await world.pass_time(TICK)
        assert ven.events == (version,)


async def test_r62_events_that_want_an_answer_get_it_beside_those_that_want_none(
    world: World,
) -> None:
    ven = await world.start(world.ven())
    never = ResponseRequired.NEVER
    world.vtn.distribute(event("e1", required=never), event("e2"), event("e3", required=never))
    await world.pass_time(TICK)
    assert [one.event_id for one in answers(world)] == ["e2"]
    assert len(ven.events) == 3


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"signal_name": "x-mine"}, 460),
        ({"signal_type": SignalType.DELTA}, 460),
        ({"target": Target(ven_ids=("ven-1",))}, 459),
        ({"target": Target(end_device_assets=("Sauna",))}, 469),
        ({"target": Target(end_device_assets=("Storage", "Sauna"))}, 200),
    ],
    ids=["R109 name", "R109 type", "R111", "R112", "R111 or"],
)
async def test_r109_r111_r112_a_signal_that_cannot_be_carried_out_is_refused_with_its_code(
    world: World, changes: dict[str, Any], code: int
) -> None:
    ven = await world.start(world.ven(device_classes=frozenset({"Storage"})))
    world.vtn.distribute(signal(event(), **changes))
    await world.pass_time(TICK)
    assert [one.code for one in answers(world)] == [code]
    assert len(ven.events) == (code == 200)


async def test_r112_resources_that_nobody_here_knows_are_refused(world: World) -> None:
    await world.start(world.ven(resource_ids=frozenset({"hall"})))
    world.vtn.distribute(event(target=Target(ven_ids=("ven-1",), resource_ids=("attic",))))
    await world.pass_time(TICK)
    assert [one.code for one in answers(world)] == [469]


async def test_r114_the_ven_goes_by_its_own_clock_and_not_by_the_status_that_it_is_told(
    world: World,
) -> None:
    told: list[str] = []
    ven = world.ven()
    ven.add_handler("on_interval", lambda event, interval, ctx: told.append(interval.moment))
    await world.start(ven)
    world.vtn.distribute(event(start=NOW + 5 * MINUTE, status=EventStatus.ACTIVE))
    await world.pass_time(MINUTE)
    assert not told
    await world.pass_time(5 * MINUTE, MINUTE)
    assert told == ["start"]


@pytest.mark.parametrize(
    ("name", "kind", "measurement"),
    [
        ("SIMPLE", SignalType.LEVEL, None),
        ("ELECTRICITY_PRICE", SignalType.PRICE, "currencyPerKWh"),
        ("LOAD_DISPATCH", SignalType.SETPOINT, "powerReal"),
    ],
)
async def test_r510_the_three_signals_of_every_ven_are_taken(
    world: World, name: str, kind: SignalType, measurement: str | None
) -> None:
    await world.start(world.ven())
    what = unit(measurement, units="EUR") if measurement and "currency" in measurement else None
    what = unit(measurement) if measurement and what is None else what
    world.vtn.distribute(signal(event(), signal_name=name, signal_type=kind, unit=what))
    await world.pass_time(TICK)
    assert [(one.code, one.opt_type) for one in answers(world)] == [(200, "optIn")]


# ------------------------------------------------------------------ opt


async def test_r207_r208_r209_r210_a_schedule_has_its_ids_its_classes_and_may_be_open_ended(
    world: World,
) -> None:
    ven = await world.start(world.ven())
    classes = Target(end_device_assets=("Pool_Pump",))
    opt_id = await ven.create_opt(
        "optIn",
        "participating",
        availability=[Period(dtstart=NOW, duration=timedelta(0))],
        device_class=classes,
    )
    (opt,) = world.vtn.got(CreateOpt)
    assert (opt.opt_id, opt.ven_id, opt.device_class) == (opt_id, "ven-1", classes)
    assert opt.request_id
    assert [period.duration for period in opt.availability] == [timedelta(0)]


# ------------------------------------------------------------------ reports


def updates(world: World) -> list[Report]:
    return [report for message in world.vtn.got(UpdateReport) for report in message.reports]


async def test_r305_r308_r311_r312_r333_the_metadata_is_complete_and_holds_no_data(
    world: World,
) -> None:
    await busy(world)
    for message in world.vtn.got(RegisterReport):
        names = [report.report_specifier_id for report in message.reports]
        assert len(set(names)) == len(names) == 3
        for report in message.reports:
            r_ids = [one.r_id for one in report.descriptions]
            assert len(set(r_ids)) == len(r_ids) > 0
            assert (report.report_request_id, report.dtstart, report.intervals) == ("0", None, ())
            assert report.ei_report_id is None
            assert report.duration is not None
            for one in report.descriptions:
                assert one.sampling_rate is not None
                assert one.sampling_rate.min_period <= one.sampling_rate.max_period
                assert one.sampling_rate.max_period <= report.duration
    first, on_demand = world.vtn.got(RegisterReport)
    assert (first.report_request_id, on_demand.report_request_id) == (None, "meta")


async def test_r300_every_interval_has_every_data_point_that_was_asked_for(world: World) -> None:
    await busy(world)
    for name, wanted in (("periodic", ["main", "0042"]), ("once", ["main", "0042"])):
        assert reports(world, name)
        for report in reports(world, name):
            for interval in report.intervals:
                assert [getattr(one, "r_id", "") for one in interval.payloads] == wanted


async def test_r313_r314_r339_data_have_a_start_a_name_and_no_description(world: World) -> None:
    await busy(world)
    assert {report.report_request_id for report in updates(world)} == {
        "periodic",
        "status",
        "changes",
        "history",
        "once",
    }
    for report in updates(world):
        assert report.report_name in {"TELEMETRY_USAGE", "TELEMETRY_STATUS", "HISTORY_USAGE"}
        assert (report.descriptions, report.ei_report_id) == ((), None)
        starts = [interval.dtstart for interval in report.intervals]
        assert report.dtstart == starts[0]
        assert starts == sorted(one for one in starts if one is not None)


async def test_r315_r342_intervals_are_all_points_or_all_spans(world: World) -> None:
    await busy(world)
    for report in updates(world):
        spans = {interval.duration is not None for interval in report.intervals}
        assert spans == {report.report_name != "TELEMETRY_STATUS"}


async def test_r316_a_single_status_has_a_uid_in_place_of_a_start(world: World) -> None:
    ven = world.ven()
    ven.add_meter(Status())
    world.vtn.requests = [
        request("one", "hvac", specifier="TELEMETRY_STATUS", granularity=0, back=0, start=None)
    ]
    await world.start(ven)
    (report,) = reports(world, "one")
    (interval,) = report.intervals
    assert (interval.uid, interval.dtstart, interval.duration) == ("0", None, None)
    assert report.dtstart is not None


async def test_r322_a_request_under_a_known_id_takes_the_place_of_the_other(world: World) -> None:
    ven = world.ven()
    ven.add_meter(Replay())
    world.vtn.requests = [request("rr-1", back=60)]
    await world.start(ven)
    await world.pass_time(3 * MINUTE)
    slower = request("rr-1", granularity=60, back=300, start=NOW + 3 * MINUTE)
    world.vtn.queue.append(CreateReport(request_id="q", requests=(slower,)))
    await world.pass_time(10 * MINUTE)
    assert world.vtn.got(CreatedReport)[-1].pending == ("rr-1",)
    assert [len(report.intervals) for report in reports(world)] == [1, 1, 1, 5, 5]


async def test_r329_all_that_is_pending_is_listed_what_was_refused_is_not(world: World) -> None:
    await busy(world)
    world.vtn.queue.append(
        CreateReport(request_id="q2", requests=(request("bad", "nobody"), request("more")))
    )
    await world.pass_time(TICK)
    answer = world.vtn.got(CreatedReport)[-1]
    assert (answer.response.code, answer.response.request_id) == (452, "q2")
    assert answer.pending == ("more",)


async def test_r330_the_name_of_a_data_point_stays_a_text(world: World) -> None:
    await busy(world)
    names = {
        getattr(payload, "r_id", "")
        for report in reports(world, "periodic")
        for interval in report.intervals
        for payload in interval.payloads
    }
    assert names == {"main", "0042"}


async def test_r334_the_state_of_a_load_is_reported_in_every_interval(world: World) -> None:
    await busy(world)
    assert reports(world, "status")
    for report in reports(world, "status"):
        for interval in report.intervals:
            for payload in interval.payloads:
                value = getattr(payload, "value", None)
                assert isinstance(value, ResourceStatus)
                assert value.capacity is not None
                assert value.capacity == LoadControl(current=Decimal(5), maximum=Decimal(9))


async def test_r346_a_periodic_report_has_the_same_number_of_intervals_each_time(
    world: World,
) -> None:
    await busy(world)
    found = reports(world, "periodic")
    assert len(found) >= 2
    assert {len(report.intervals) for report in found} == {2}
