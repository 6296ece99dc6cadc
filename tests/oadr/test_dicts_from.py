"""What applications hand back means what openleadr makes of it, but for its faults."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from openleadr import messaging, objects
from openleadr.enums import MEASUREMENTS

from oadr import codec
from oadr import messages as m
from oadr.dicts import from_dict, report_from_dict
from oadr.enums import OptType, ProfileName, ReportName, Scale, TransportName
from oadr.errors import XMLError
from oadr.times import CalendarDuration
from tests.oadr import strategies
from tests.oadr.openleadr_dicts import held
from tests.oadr.openleadr_faults import NOW, QUARTER, cleared, rewrite
from tests.oadr.openleadr_shape import payload as written_payload
from tests.oadr.test_dicts import each_class, no_id, wide
from tests.oadr.test_openleadr import ordinary

create_message: Any = messaging.create_message


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("openleadr")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


def meant(name: str, payload: Any, **known: str) -> m.Message:
    return from_dict(name, payload, now=NOW, new_id=lambda: "new", **known)


def as_openleadr(name: str, payload: dict[str, Any]) -> m.Message:
    """Returns what openleadr writes for a payload, as this codec reads it."""
    text: str = create_message(name, **payload)
    return codec.decode(text.encode())


def without_own_times(message: m.Message) -> m.Message:
    """Returns the message with what each side fills in made the same."""

    def change(part: Any) -> Any:
        if isinstance(part, m.EventDescriptor):
            return replace(part, created_date_time=NOW, modification_date_time=None)
        if isinstance(part, m.Signal):  # X5: openleadr repeats the start of each interval
            intervals = tuple(replace(one, dtstart=None) for one in part.intervals)
            return replace(part, intervals=intervals)
        return replace(part, created_date_time=NOW) if isinstance(part, m.Report) else part

    result: m.Message = rewrite(held(message), change)
    return result


# ---------------------------------------------------------------- drawn


def is_valid(message: m.Message) -> bool:
    """Whether clearing has left names such as ``x-a``, and not ``x- a``."""
    try:
        return codec.decode(codec.encode(message)) == message
    except XMLError:
        return False


@each_class
@wide
@given(draw=st.data())
def test_a_payload_that_openleadr_can_write_means_the_same(cls: type, draw: st.DataObject) -> None:
    message = cleared(ordinary(held(draw.draw(strategies.BY_CLASS[cls]))))
    assume(is_valid(message))
    name, payload = codec.message_name(message), written_payload(message)
    ours = from_dict(name, payload, now=NOW, new_id=no_id)
    assert held(ours) == held(as_openleadr(name, payload))


# ---------------------------------------------------------------- made by hand

VEN = objects.Target(ven_id="ven123")


def usual_event(**changes: Any) -> objects.Event:
    made: dict[str, Any] = {
        "event_descriptor": objects.EventDescriptor(
            event_id="event001",
            modification_number=0,
            event_status="far",
            market_context="http://marketcontext01",
        ),
        "event_signals": [
            objects.EventSignal(
                signal_id="signal001",
                signal_type="price",
                signal_name="ELECTRICITY_PRICE",
                intervals=[
                    objects.Interval(
                        dtstart=NOW, duration=timedelta(minutes=10), signal_payload=1.5
                    )
                ],
            )
        ],
        "targets": [VEN],
    }
    return objects.Event(**{**made, **changes})


WATTS = objects.PowerAttributes(hertz=60, voltage=120, ac=True)
METADATA = objects.Report(
    report_specifier_id="meter",
    report_name="TELEMETRY_USAGE",
    duration=timedelta(hours=1),
    report_descriptions=[
        objects.ReportDescription(
            r_id="power",
            market_context="oadr://unknown.context",
            reading_type="Direct Read",
            report_subject=objects.Target(end_device_asset=objects.EndDeviceAsset(mrid="EVSE")),
            report_data_source=objects.Target(resource_id="Device001"),
            report_type="usage",
            sampling_rate=objects.SamplingRate(
                min_period=timedelta(seconds=10), max_period=timedelta(minutes=1)
            ),
            measurement=objects.Measurement(
                name="powerReal", description="realpower", unit="W", scale="k",
                power_attributes=WATTS,
            ),
        )
    ],
)  # fmt: skip
READINGS = objects.Report(
    report_specifier_id="meter",
    report_name="TELEMETRY_USAGE",
    report_request_id="request",
    dtstart=NOW,
    intervals=[
        objects.ReportInterval(
            dtstart=NOW + n * QUARTER,
            report_payload=objects.ReportPayload(r_id="power", value=n / 3, confidence=90),
            duration=QUARTER,
        )
        for n in range(3)
    ],
)
WANTED = objects.ReportRequest(
    report_request_id="request",
    report_specifier=objects.ReportSpecifier(
        report_specifier_id="meter",
        granularity=timedelta(seconds=10),
        report_back_duration=timedelta(minutes=1),
        report_interval=objects.Interval(dtstart=NOW, duration=timedelta(0), signal_payload=0),
        specifier_payloads=[objects.SpecifierPayload(r_id="power", reading_type="Direct Read")],
    ),
)
RESPONSE = {"response_code": 200, "response_description": "OK", "request_id": "r"}
FIRST = {"response": RESPONSE, "ven_id": "ven123"}
HANDED_BACK: list[tuple[str, dict[str, Any]]] = [
    ("oadrResponse", FIRST),
    ("oadrResponse", {"response": objects.Response(452, "unknown", "r"), "ven_id": "v"}),
    ("oadrDistributeEvent", {"request_id": "r", "vtn_id": "t", "events": [usual_event()]}),
    (
        "oadrDistributeEvent",
        {
            "response": RESPONSE,
            "request_id": "r",
            "vtn_id": "t",
            "events": [usual_event(targets=None, targets_by_type={"group_id": ["a", "b"]})],
        },
    ),
    ("oadrCreateReport", {"request_id": "r", "report_requests": [WANTED], "ven_id": "v"}),
    ("oadrRegisteredReport", {**FIRST, "report_requests": [WANTED]}),
    ("oadrRegisteredReport", {**FIRST, "report_requests": []}),
    ("oadrRegisterReport", {"request_id": "r", "reports": [METADATA], "ven_id": "v"}),
    ("oadrRegisterReport", {"request_id": "r", "reports": [], "ven_id": None}),
    (
        "oadrCancelReport",
        {"request_id": "r", "report_request_id": "q", "report_to_follow": True, "ven_id": "v"},
    ),
    (
        "oadrUpdatedReport",
        {
            **FIRST,
            "cancel_report": {
                "request_id": "r",
                "report_request_id": ["p", "q"],
                "report_to_follow": False,
                "ven_id": "v",
            },
        },
    ),
    ("oadrCreatedReport", {**FIRST, "pending_reports": [{"report_request_id": "q"}]}),
    ("oadrCancelPartyRegistration", {"request_id": "r", "registration_id": "g", "ven_id": "v"}),
    ("oadrCanceledPartyRegistration", {**FIRST, "registration_id": "g"}),
    ("oadrRequestReregistration", {"ven_id": "v"}),
    (
        "oadrCreatedPartyRegistration",
        {
            **FIRST,
            "registration_id": "g",
            "vtn_id": "t",
            "profiles": [
                {
                    "profile_name": "2.0b",
                    "transports": [{"transport_name": "simpleHttp"}],
                }
            ],
            "requested_oadr_poll_freq": timedelta(seconds=10),
        },
    ),
]


@pytest.mark.parametrize(("name", "payload"), HANDED_BACK, ids=[one for one, _ in HANDED_BACK])
def test_objects_and_dicts_of_applications_mean_what_openleadr_makes_of_them(
    name: str, payload: dict[str, Any]
) -> None:
    ours = from_dict(name, payload, now=NOW, new_id=no_id)
    theirs = as_openleadr(name, payload)
    assert without_own_times(ours) == without_own_times(theirs)


def test_readings_mean_what_openleadr_makes_of_them() -> None:
    payload = {"request_id": "r", "reports": [READINGS], "ven_id": "v"}
    theirs = as_openleadr("oadrUpdateReport", payload)
    assert isinstance(theirs, m.UpdateReport)
    # X7: openleadr writes None for the eiReportID that nobody has given.
    report = replace(theirs.reports[0], ei_report_id=None)
    expected = without_own_times(replace(theirs, reports=(report,)))
    assert without_own_times(meant("oadrUpdateReport", payload)) == expected


@pytest.mark.parametrize("name", [name for name in dir(MEASUREMENTS) if name.isupper()])
def test_each_measurement_of_openleadr_is_a_unit_of_the_schema(name: str) -> None:
    description = replace(METADATA.report_descriptions[0], measurement=getattr(MEASUREMENTS, name))
    report = replace(METADATA, report_descriptions=[description])
    message = m.RegisterReport(request_id="r", reports=(report_from_dict(report, now=NOW),))
    assert codec.decode(codec.encode(message)) == message


# ---------------------------------------------------------------- left out


def test_a_missing_response_is_the_success_of_the_request() -> None:
    found = meant("oadrResponse", {"request_id": "r"}, ven_id="v")
    assert found == m.Response(
        response=m.EiResponse(code=200, description="OK", request_id="r"), ven_id="v"
    )


def test_no_payload_at_all_is_an_empty_one() -> None:
    found = meant("oadrResponse", None)
    assert found == m.Response(response=m.EiResponse(description="OK"))


def test_a_code_of_zero_is_kept() -> None:
    found = meant("oadrResponse", {"response": {"response_code": 0}})
    assert found == m.Response(response=m.EiResponse(code=0))


def test_missing_ids_are_those_of_the_exchange() -> None:
    assert meant("oadrDistributeEvent", {"events": []}, vtn_id="t") == m.DistributeEvent(
        request_id="new", vtn_id="t"
    )
    assert meant("oadrRequestReregistration", {}, ven_id="v") == m.RequestReregistration(ven_id="v")
    assert meant(
        "oadrCancelPartyRegistration", {"registration_id": 42}, ven_id="v"
    ) == m.CancelPartyRegistration(request_id="new", registration_id="42", ven_id="v")


def test_given_ids_win_over_those_of_the_exchange() -> None:
    given_ids = {"request_id": "r", "vtn_id": "own", "events": []}
    found = meant("oadrDistributeEvent", given_ids, vtn_id="t")
    assert found == m.DistributeEvent(request_id="r", vtn_id="own")


def test_who_is_not_registered_has_no_ven_id() -> None:
    """R404."""
    found = meant("oadrCreatedPartyRegistration", {}, vtn_id="t", ven_id="v")
    assert isinstance(found, m.CreatedPartyRegistration)
    assert found.ven_id is None
    assert found.profiles == (
        m.Profile(name=ProfileName.B, transports=(TransportName.SIMPLE_HTTP,)),
    )


def test_a_transport_can_be_named_alone() -> None:
    profiles = [{"profile_name": "2.0b", "transports": ["simpleHttp", "xmpp"]}]
    found = meant("oadrCreatedPartyRegistration", {"profiles": profiles, "vtn_id": "t"})
    assert isinstance(found, m.CreatedPartyRegistration)
    assert found.profiles[0].transports == (TransportName.SIMPLE_HTTP, TransportName.XMPP)


def test_a_schedule_is_read_in_each_shape_that_openleadr_has_for_it() -> None:
    """X13: it reads one, or several, and writes a third."""
    one, other = {"dtstart": NOW, "duration": QUARTER}, {"dtstart": NOW, "duration": 2 * QUARTER}
    opt = {"opt_type": "optOut", "opt_reason": "economic", "opt_id": "o", "targets": [VEN]}
    several = {"available": [{"properties": one}, {"properties": other}]}
    for components, lengths in (
        ([one, other], [QUARTER, 2 * QUARTER]),
        ({"available": one}, [QUARTER]),
        (several, [QUARTER, 2 * QUARTER]),
    ):
        payload = {**opt, "vavailability": {"components": components}}
        found = meant("oadrCreateOpt", payload, ven_id="v")
        assert isinstance(found, m.CreateOpt)
        assert [period.duration for period in found.availability] == lengths


def test_an_opt_object_is_a_payload() -> None:
    opt = objects.Opt(
        opt_type="optIn", opt_reason="participating", event_id="e", targets=[VEN],
        signal_target_mrid="EVSE",
    )  # fmt: skip
    found = meant("oadrCreateOpt", opt, ven_id="v")
    assert isinstance(found, m.CreateOpt)
    assert (found.opt_id, found.event_id, found.modification_number) == ("new", "e", 0)
    assert found.opt_type is OptType.OPT_IN
    assert found.device_class == m.Target(end_device_assets=("EVSE",))
    assert found.target == m.Target(ven_ids=("ven123",))


@pytest.mark.parametrize(
    "pending",
    [
        ["p", "q"],
        {"report_request_id": ["p", "q"]},
        [{"report_request_id": "p"}, {"report_request_id": "q"}],
    ],
)
def test_pending_reports_are_read_in_each_shape(pending: Any) -> None:
    found = meant("oadrCanceledReport", {"pending_reports": pending})
    assert isinstance(found, m.CanceledReport)
    assert found.pending == ("p", "q")


@pytest.mark.parametrize("pending", [None, [], {}])
def test_no_pending_reports_are_none(pending: Any) -> None:
    found = meant("oadrCreatedReport", {"pending_reports": pending})
    assert isinstance(found, m.CreatedReport)
    assert found.pending == ()


# ---------------------------------------------------------------- reports


def readings_of(report: m.Report) -> list[m.ReportPayload]:
    found = [payload for interval in report.intervals for payload in interval.payloads]
    return [one for one in found if isinstance(one, m.ReportPayload)]


def test_metadata_get_the_name_and_the_request_of_metadata() -> None:
    """R305, R311."""
    found = meant("oadrRegisterReport", {"reports": [METADATA]})
    assert isinstance(found, m.RegisterReport)
    report = found.reports[0]
    assert report.report_name == f"METADATA_{ReportName.TELEMETRY_USAGE}"
    assert report.report_request_id == "0"
    unit = report.descriptions[0].unit
    assert isinstance(unit, m.Unit)
    assert (unit.description, unit.scale) == ("RealPower", Scale.KILO)


def test_data_points_of_one_interval_may_be_a_list() -> None:
    payloads = [{"r_id": "a", "value": 1}, {"r_id": "b", "payload_float": {"value": "2.5"}}]
    interval = {"dtstart": NOW, "report_payload": payloads}
    report = {**READINGS.__dict__, "intervals": [interval]}
    found = report_from_dict(report, now=NOW)
    values = [(one.r_id, one.value) for one in readings_of(found)]
    assert values == [("a", Decimal(1)), ("b", Decimal("2.5"))]


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ({"max_period": QUARTER}, m.SamplingRate(min_period=QUARTER, max_period=QUARTER)),
        (
            objects.SamplingRate(min_period=QUARTER, on_change=True),
            m.SamplingRate(min_period=QUARTER, max_period=QUARTER, on_change=True),
        ),
        (objects.SamplingRate(), None),
        (None, None),
    ],
)
def test_a_data_point_samples_as_slow_as_fast_if_only_one_is_known(
    rate: Any, expected: m.SamplingRate | None
) -> None:
    point = {"r_id": "a", "report_type": "usage", "reading_type": "Net", "sampling_rate": rate}
    report = {"report_specifier_id": "s", "report_descriptions": [point]}
    assert report_from_dict(report, now=NOW).descriptions[0].sampling_rate == expected


def test_a_unit_with_a_name_of_its_own_is_a_custom_unit() -> None:
    measurement = {"name": "humidity", "unit": "%"}
    point = {"r_id": "a", "report_type": "reading", "reading_type": "Net"}
    report = {
        "report_specifier_id": "s",
        "report_descriptions": [{**point, "measurement": measurement}],
    }
    unit = report_from_dict(report, now=NOW).descriptions[0].unit
    assert unit == m.Unit(name="customUnit", description="humidity", units="%")


def test_the_state_of_a_resource_is_read_where_a_number_may_stand() -> None:
    """M8: openleadr cannot write one."""
    state = {
        "online": True,
        "manual_override": False,
        "load_control_state": {"capacity": {"current": 3}},
    }
    for payload in ({"payload_resource_status": state}, {"value": state}):
        interval = {"dtstart": NOW, "report_payload": {"r_id": "a", **payload}}
        report = {**READINGS.__dict__, "intervals": [interval]}
        [found] = readings_of(report_from_dict(report, now=NOW))
        capacity = m.LoadControl(current=Decimal(3))
        assert found.value == m.ResourceStatus(
            online=True, manual_override=False, capacity=capacity
        )


def test_a_missing_report_back_duration_is_the_granularity() -> None:
    specifier = {**WANTED.report_specifier.__dict__, "report_back_duration": None}
    request = {"report_request_id": "q", "report_specifier": specifier}
    found = meant("oadrCreateReport", {"report_requests": [request]})
    assert isinstance(found, m.CreateReport)
    assert found.requests[0].report_back_duration == timedelta(seconds=10)


# ---------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        (timedelta(minutes=15), QUARTER),
        (timedelta(minutes=15, microseconds=7), QUARTER),
        ("PT15M", QUARTER),
        ({"duration": QUARTER}, QUARTER),
        (timedelta(0), timedelta(0)),
        (CalendarDuration(months=1), CalendarDuration(months=1)),
    ],
)
def test_durations_are_read_as_applications_write_them(given_value: Any, expected: Any) -> None:
    found = meant(
        "oadrCreatedPartyRegistration", {"requested_oadr_poll_freq": given_value, "vtn_id": "t"}
    )
    assert isinstance(found, m.CreatedPartyRegistration)
    assert found.poll_freq == expected


@pytest.mark.parametrize(
    "given_value",
    [
        NOW,
        NOW.replace(microsecond=7),
        NOW.astimezone().replace(tzinfo=None),
        "2024-06-01T12:00:00Z",
        "2024-06-01T12:00:00.5Z",
    ],
)
def test_moments_are_read_as_applications_write_them(given_value: datetime | str) -> None:
    """One without a zone is local time, as openleadr takes it."""
    changed = {**READINGS.__dict__, "created_date_time": given_value}
    found = report_from_dict(changed, now=NOW + QUARTER)
    assert found.created_date_time == NOW


def test_a_report_of_ours_may_be_handed_over_as_it_is() -> None:
    report = m.Report(report_request_id="q", report_specifier_id="s", created_date_time=NOW)
    assert report_from_dict(report, now=NOW) is report
