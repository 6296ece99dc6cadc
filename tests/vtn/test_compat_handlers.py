"""Each form of each handler, with a VEN that speaks to it over HTTP."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from oadr import messages as m
from oadr.enums import OptType
from oadr.report import OTHER_TELEMETRY
from runtime.hooks import HandlerError
from tests.vtn.compat_kit import HOUR, MINUTE, a_server, event, metadata, now, running, steps
from tests.vtn.kit import readings, usage
from vtn import VTN
from vtn.hooks import Accept, Context, Registration
from vtn.testing import Peer

pytestmark = pytest.mark.filterwarnings("error")


# ---------------------------------------------------------------- adding


def test_an_unknown_handler_is_a_name_error_that_lists_the_known_ones() -> None:
    with pytest.raises(NameError, match=r"on_nothing.*on_created_event.*on_ven_online"):
        VTN(vtn_id="x").add_handler("on_nothing", print)


@pytest.mark.parametrize(
    ("name", "function", "expected"),
    [
        ("on_poll", lambda: None, r"on_poll\(ven_id\)"),
        ("on_created_event", lambda a, b: None, r"on_created_event\(ven_id, event_id, opt_type\)"),
        ("on_register_report", lambda a, b, c: None, r"on_register_report\(report\)"),
        ("on_update_report", lambda a, b, c: None, r"on_update_report\(ven_id, report\)"),
        ("on_create_party_registration", lambda a, b: None, r"\(registration_info\)"),
        ("on_ven_online", lambda a, b: None, r"on_ven_online\(ven_id\) or async def on_ven_online"),
        ("on_poll", dict, r"on_poll\(ven_id\)"),
        ("on_poll", "text", r"on_poll\(ven_id\)"),
    ],
)
def test_a_handler_that_fits_no_form_is_refused_with_the_forms_that_there_are(
    name: str, function: Any, expected: str
) -> None:
    with pytest.raises(HandlerError, match=expected):
        VTN(vtn_id="x").add_handler(name, function)


async def test_the_same_handler_added_again_replaces_the_first() -> None:
    calls: list[str] = []
    server = a_server()
    server.add_handler("on_ven_online", lambda ven_id: calls.append("first"))
    server.add_handler("on_ven_online", lambda ven_id: calls.append("second"))
    async with running(server) as application:
        await application.ven()
    assert calls == ["second"]


# ---------------------------------------------------------------- registration


async def _register(server: VTN, **values: Any) -> Peer:
    async with running(server) as application:
        peer = application.peer("ven123")
        registered = await peer.register(**values)
        peer.ven_id = f"{registered.code} {registered.ven_id} {registered.registration_id}"
        return peer


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (("id-1", "reg-1"), "200 id-1 reg-1"),
        (["id-1", "reg-1"], "200 id-1 reg-1"),
        (("0042", 7), "200 0042 7"),
        (Accept(ven_id="id-1", registration_id="reg-1"), "200 id-1 reg-1"),
        (("oadrCreatedPartyRegistration", {"ven_id": "a", "registration_id": "b"}), "200 a b"),
        (("oadrCreatedPartyRegistration", {"ven_id": "a"}), "463 None None"),
        (False, "463 None None"),
        (None, "463 None None"),
        (True, "469 None None"),
        (("a", "b", "c"), "469 None None"),
        ((None, "reg-1"), "469 None None"),
        ({"ven_id": "a"}, "469 None None"),
        ("", "469 None None"),
    ],
)
async def test_what_the_registration_handler_returns_decides(answer: Any, outcome: str) -> None:
    seen: list[dict[str, Any]] = []

    async def on_create_party_registration(payload: dict[str, Any]) -> Any:
        seen.append(payload)
        return answer

    server = a_server()
    server.add_handler("on_create_party_registration", on_create_party_registration)
    assert (await _register(server)).ven_id == outcome
    assert seen[0]["ven_name"] == "ven123"
    assert "fingerprint" not in seen[0]


async def test_a_ven_that_brings_its_own_ven_id_keeps_it() -> None:
    server = a_server()
    server.add_handler("on_create_party_registration", lambda payload: "reg-" + payload["ven_id"])
    peer = await _register(server, ven_id="ven0042")
    assert peer.ven_id == "200 ven0042 reg-ven0042"


async def test_another_ven_id_for_a_ven_that_is_enrolled_is_its_venid_from_then_on() -> None:
    ven_ids = iter(["id-1", "id-1", "id-2"])
    server = a_server()
    server.add_handler("on_create_party_registration", lambda info: (next(ven_ids), "reg"))
    async with running(server) as application:
        peer = application.peer("ven123")
        for expected in ("id-1", "id-1", "id-2"):
            assert (await peer.register()).ven_id == expected
        assert isinstance(await peer.settle(), m.Response)


async def test_a_wrong_return_is_logged_with_the_name_of_the_handler(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def my_own_registration(info: dict[str, Any]) -> int:
        return 42

    server = a_server()
    server.add_handler("on_create_party_registration", my_own_registration)
    await _register(server)
    assert "my_own_registration" in caplog.text
    assert "it returned 42; expected (ven_id, registration_id)" in caplog.text


async def test_a_typed_handler_passes_by_the_same_door() -> None:
    async def on_create_party_registration(request: Registration, ctx: Context) -> Accept:
        return Accept(ven_id="typed", registration_id=request.ven_name)

    server = a_server()
    server.add_handler("on_create_party_registration", on_create_party_registration)
    assert (await _register(server)).ven_id == "200 typed ven123"


@pytest.mark.parametrize("by_name", [True, False])
async def test_a_cancelled_registration_is_told_by_ven_id_or_as_a_payload(by_name: bool) -> None:
    seen: list[Any] = []
    server = a_server()
    if by_name:
        server.add_handler("on_cancel_party_registration", lambda ven_id: seen.append(ven_id))
    else:
        server.add_handler("on_cancel_party_registration", lambda payload: seen.append(payload))
    async with running(server) as application:
        peer = await application.ven()
        await peer.post(
            m.CancelPartyRegistration(
                request_id="c", registration_id=peer.registration_id, ven_id=peer.ven_id
            )
        )
    if by_name:
        assert seen == ["ven1"]
    else:
        assert seen[0]["ven_id"] == "ven1"
        assert seen[0]["registration_id"] == "reg-ven1"


async def test_query_registration_is_answered_by_the_application_if_it_wants_to() -> None:
    seen: list[dict[str, Any]] = []

    def on_query_registration(payload: dict[str, Any]) -> None:
        seen.append(payload)

    server = a_server()
    server.add_handler("on_query_registration", on_query_registration)
    async with running(server) as application:
        reply = await application.peer().post(m.QueryRegistration(request_id="q1"))
    assert seen[0]["request_id"] == "q1"
    assert reply.response.ok


# ---------------------------------------------------------------- online, offline


async def test_online_and_offline_are_told_by_ven_id() -> None:
    from vtn import upkeep

    seen: list[str] = []
    server = a_server()

    async def on_ven_online(ven_id: str) -> None:
        seen.append(f"{ven_id} is online")

    server.add_handler("on_ven_online", on_ven_online)
    server.add_handler("on_ven_offline", lambda ven_id: seen.append(f"{ven_id} has gone"))
    async with running(server) as application:
        await application.ven()
        await application.clock.advance(HOUR)
        assert server.desk is not None
        await upkeep.silent(server.desk)
        await server.tasks.drain(1)
    assert seen == ["ven1 is online", "ven1 has gone"]


# ---------------------------------------------------------------- events


@pytest.mark.parametrize(
    "function",
    [
        lambda seen: lambda ven_id, event_id, opt_type: seen.append((ven_id, event_id, opt_type)),
        lambda seen: lambda ven, event, status: seen.append((ven, event, status)),
        lambda seen: lambda **given: seen.append(tuple(given.values())),
        lambda seen: lambda *given: seen.append(given),
    ],
)
async def test_an_answer_reaches_on_created_event_by_name_or_position(
    function: Callable[..., Any],
) -> None:
    seen: list[Any] = []
    server = a_server()
    server.add_handler("on_created_event", function(seen))
    server.add_event("ven1", "simple", "level", steps(), event_id="e1")
    async with running(server) as application:
        peer = await application.fresh()
        await peer.answer(await peer.poll(), OptType.OPT_OUT)
    assert seen == [("ven1", "e1", "optOut")]


async def test_on_created_event_with_a_payload_is_called_once_for_a_message() -> None:
    seen: list[dict[str, Any]] = []
    server = a_server()
    server.add_handler("on_created_event", lambda payload: seen.append(payload))
    for event_id in ("e1", "e2"):
        server.add_event("ven1", "simple", "level", steps(), event_id=event_id)
    async with running(server) as application:
        peer = await application.fresh()
        await peer.answer(await peer.poll())
    assert len(seen) == 1
    assert {one["event_id"] for one in seen[0]["event_responses"]} == {"e1", "e2"}


@pytest.mark.parametrize("shape", ["one", "list", "none"])
async def test_on_request_event_may_return_an_event_a_list_or_nothing(shape: str) -> None:
    async def on_request_event(ven_id: str) -> Any:
        return {"one": event("mine"), "list": [event("mine")], "none": None}[shape]

    server = a_server()
    server.add_handler("on_request_event", on_request_event)
    async with running(server) as application:
        peer = await application.ven()
        reply = await peer.post(m.RequestEvent(request_id="r", ven_id=peer.ven_id))
    expected = [] if shape == "none" else ["mine"]
    assert [one.event_id for one in reply.events] == expected


def _objects() -> Any:
    import openleadr.objects

    objects: Any = openleadr.objects
    return objects.Event(
        event_descriptor=objects.EventDescriptor(
            event_id="mine",
            modification_number=0,
            market_context="http://programme.example",
            event_status="far",
        ),
        event_signals=[
            objects.EventSignal(
                signal_id="s1", signal_name="simple", signal_type="level", intervals=steps()
            )
        ],
        targets=[objects.Target(ven_id="ven1")],
    )


@pytest.mark.parametrize(
    "answer",
    [
        lambda: event("mine"),
        lambda: [event("mine")],
        _objects,
        lambda: ("oadrDistributeEvent", {"events": [event("mine")]}),
    ],
)
async def test_on_poll_may_return_an_event_in_every_form(answer: Callable[[], Any]) -> None:
    given = answer()
    server = a_server()
    server.add_handler("on_poll", lambda ven_id: given)
    async with running(server) as application:
        peer = await application.fresh()
        shot = await peer.poll()
        assert [one.event_id for one in shot.events] == ["mine"]
        assert (await peer.answer(shot)).response.ok
        assert isinstance(await peer.poll(), m.Response)


@pytest.mark.parametrize(
    "answer",
    [
        ("oadrRequestReregistration", {"ven_id": "ven1"}),
        m.RequestReregistration(ven_id="ven1"),
    ],
)
async def test_on_poll_may_return_another_message(answer: Any) -> None:
    server = a_server()
    server.add_handler("on_poll", lambda ven_id: answer)
    async with running(server) as application:
        peer = await application.fresh()
        assert await peer.poll() == m.RequestReregistration(ven_id="ven1")


@pytest.mark.parametrize("answer", [42, "text", ("oadrNothing", {}), {"no": "event"}, [1]])
async def test_nonsense_from_on_poll_costs_469_and_names_the_handler(
    answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def my_on_poll(ven_id: str) -> Any:
        return answer

    server = a_server()
    server.add_handler("on_poll", my_on_poll)
    async with running(server) as application:
        peer = await application.fresh()
        assert (await peer.poll()).response.code == 469
    assert "my_on_poll" in caplog.text


async def test_add_event_works_beside_on_poll() -> None:
    server = a_server()
    server.add_handler("on_poll", lambda ven_id: None)
    assert server.services["poll_service"].polling_method == "external"
    server.add_event("ven1", "simple", "level", steps(), event_id="e1")
    async with running(server) as application:
        peer = await application.fresh()
        assert [one.event_id for one in (await peer.poll()).events] == ["e1"]


# ---------------------------------------------------------------- reports


def _seven(answer: Callable[[dict[str, Any]], Any]) -> Callable[..., Any]:
    def on_register_report(
        ven_id: str,
        resource_id: str,
        measurement: str,
        unit: str,
        scale: str,
        min_sampling_interval: Any,
        max_sampling_interval: Any,
    ) -> Any:
        return answer(locals())

    return on_register_report


async def test_compact_on_register_report_is_asked_for_each_data_point() -> None:
    seen: list[dict[str, Any]] = []

    def answer(asked: dict[str, Any]) -> Any:
        seen.append(asked)
        return (print, MINUTE, 5 * MINUTE)

    server = a_server()
    server.add_handler("on_register_report", _seven(answer))
    async with running(server) as application:
        peer = await application.ven()
        reply = await peer.post(metadata(peer, usage("usage", "main", "solar")))
    assert [one["measurement"] for one in seen] == ["RealEnergy", "RealEnergy"]
    assert (seen[0]["ven_id"], seen[0]["unit"]) == ("ven1", "Wh")
    (request,) = reply.requests
    assert (request.granularity, request.report_back_duration) == (MINUTE, 5 * MINUTE)
    assert {point.r_id for point in request.data_points} == {"main", "solar"}


@pytest.mark.parametrize("wrong", [42, [1], (print,), (print, 10), ("text", MINUTE)])
async def test_nonsense_from_on_register_report_costs_469(
    wrong: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server = a_server()
    server.add_handler("on_register_report", _seven(lambda asked: wrong))
    async with running(server) as application:
        peer = await application.ven()
        reply = await peer.post(metadata(peer, usage()))
    assert reply.response.code == 469
    assert "on_register_report" in caplog.text


async def test_full_on_register_report_gets_the_report_and_returns_tuples() -> None:
    seen: list[dict[str, Any]] = []
    values: list[Any] = []

    async def on_register_report(report: dict[str, Any]) -> Any:
        seen.append(report)
        return [(one["r_id"], values.extend, MINUTE) for one in report["report_descriptions"]]

    server = a_server()
    server.add_handler("on_register_report", on_register_report)
    async with running(server) as application:
        peer = await application.ven()
        reply = await peer.post(metadata(peer, usage()))
        request_id = reply.requests[0].report_request_id
        start = now()
        await peer.post(
            m.UpdateReport(
                request_id="u",
                reports=(readings(request_id, start, {"main": ["1.5", "2"]}),),
                ven_id=peer.ven_id,
            )
        )
    assert seen[0]["report_specifier_id"] == "usage"
    assert values == [(start, 1.5), (start + MINUTE, 2.0)]


async def test_early_on_register_report_returns_r_ids_and_data_goes_to_on_update_report() -> None:
    offered: list[Any] = []
    updated: list[Any] = []

    async def on_register_report(ven_id: str, reports: list[dict[str, Any]]) -> list[str]:
        offered.append((ven_id, len(reports)))
        return ["solar"]

    async def on_update_report(ven_id: str, report: dict[str, Any]) -> None:
        updated.append((ven_id, report["report_specifier_id"]))

    server = a_server()
    server.add_handler("on_register_report", on_register_report)
    server.add_handler("on_update_report", on_update_report)
    async with running(server) as application:
        peer = await application.ven()
        reply = await peer.post(metadata(peer, usage("usage", "main", "solar")))
        (request,) = reply.requests
        data = readings(request.report_request_id, now(), {"solar": ["1"]})
        await peer.post(m.UpdateReport(request_id="u", reports=(data,), ven_id=peer.ven_id))
    assert offered == [("ven1", 1)]
    assert [point.r_id for point in request.data_points] == ["solar"]
    assert updated == [("ven1", "usage")]


async def test_on_update_report_with_one_parameter_gets_the_report() -> None:
    updated: list[dict[str, Any]] = []
    server = a_server()
    server.add_handler("on_register_report", lambda ven_id, reports: ["main"])
    server.add_handler("on_update_report", lambda report: updated.append(report))
    async with running(server) as application:
        peer = await application.ven()
        reply = await peer.post(metadata(peer, usage()))
        request_id = reply.requests[0].report_request_id
        reports = tuple(
            readings(request_id, now() + number * HOUR, {"main": [str(number)]})
            for number in range(2)
        )
        await peer.post(m.UpdateReport(request_id="u", reports=reports, ven_id=peer.ven_id))
    assert [one["dtstart"] for one in updated] == [one.dtstart for one in reports]


@pytest.mark.parametrize("form", ["payload", "ven_id", "both"])
async def test_created_reports_are_told_in_each_form(form: str) -> None:
    seen: list[Any] = []
    forms: dict[str, Callable[..., Any]] = {
        "payload": lambda payload: seen.append(payload["ven_id"]),
        "ven_id": lambda ven_id: seen.append(ven_id),
        "both": lambda ven_id, pending_reports: seen.append(ven_id),
    }
    server = a_server()
    server.add_handler("on_register_report", lambda ven_id, reports: ["main"])
    server.add_handler("on_created_report", forms[form])
    async with running(server) as application:
        peer = await application.ven()
        reply = await peer.post(metadata(peer, usage()))
        request_id = reply.requests[0].report_request_id
        response = m.EiResponse(request_id=reply.response.request_id)
        await peer.post(
            m.CreatedReport(response=response, pending=(request_id,), ven_id=peer.ven_id)
        )
        assert server.services["report_service"].created_reports == {"ven1": [request_id]}
    assert seen == ["ven1"]


@pytest.mark.sends_wrong("R304", reason="it is not in the metadata")
@pytest.mark.parametrize("name", ["on_request_report", "on_create_report"])
@pytest.mark.parametrize("form", ["report", "list", "message", "none", "nonsense"])
async def test_a_ven_may_ask_the_application_for_reports(name: str, form: str) -> None:
    report = {
        "report_request_id": "r1",
        "report_specifier_id": "prices",
        "report_name": "x-prices",
        "created_date_time": now(),
        "dtstart": now(),
        "intervals": [
            {"dtstart": now(), "duration": HOUR, "report_payload": {"r_id": "price", "value": 3}}
        ],
    }
    asked: list[dict[str, Any]] = []
    answers: dict[str, Any] = {
        "report": report,
        "list": [report],
        "message": ("oadrUpdateReport", {"reports": [report]}),
        "none": None,
        "nonsense": 42,
    }

    async def handler(payload: dict[str, Any]) -> Any:
        asked.append(payload)
        return answers[form]

    server = a_server()
    server.add_handler(name, handler)
    async with running(server) as application:
        peer = await application.ven()
        request = m.ReportRequest(
            report_request_id="r1",
            report_specifier_id="prices",
            granularity=HOUR,
            report_back_duration=HOUR * 0,
            data_points=(m.SpecifierPayload(r_id="price"),),
        )
        reply = await peer.post(
            m.CreateReport(request_id="c", requests=(request,), ven_id=peer.ven_id)
        )
        if form in ("none", "nonsense"):
            assert reply.response.code == (452 if form == "none" else 469)
        else:
            update = await peer.poll()
            assert update.reports[0].intervals[0].payloads[0].value == 3
    assert asked[0]["ven_id"] == "ven1"


# ---------------------------------------------------------------- errors of OpenLEADR's


@pytest.mark.parametrize("wait", [False, True], ids=["function", "coroutine function"])
async def test_an_error_of_openleadrs_refuses_with_its_code(wait: bool) -> None:
    from openleadr import errors

    refusal: Any = errors.OutOfSequenceError

    def refuse(registration_info: dict[str, Any]) -> None:
        raise refusal("not now")

    async def refuse_later(registration_info: dict[str, Any]) -> None:
        raise refusal("not now")

    server = VTN(vtn_id="vtn", http_port=0)
    server.add_handler("on_create_party_registration", refuse_later if wait else refuse)
    assert (await _register(server)).ven_id.startswith("450 ")


async def test_another_error_is_469_as_ever() -> None:
    def fail(registration_info: dict[str, Any]) -> None:
        raise KeyError("ven_id")

    server = VTN(vtn_id="vtn", http_port=0)
    server.add_handler("on_create_party_registration", fail)
    assert (await _register(server)).ven_id.startswith("469 ")


# ---------------------------------------------------------------- other telemetry


async def test_applications_are_asked_about_other_telemetry_as_about_usage() -> None:
    asked: list[str] = []

    def on_register_report(report: dict[str, Any]) -> Any:
        asked.append(report["report_name"])
        return [(one["r_id"], print, MINUTE) for one in report["report_descriptions"]]

    server = a_server()
    server.add_handler("on_register_report", on_register_report)
    async with running(server) as application:
        peer = await application.ven()
        offer = replace(usage("volts"), report_name=OTHER_TELEMETRY)
        reply = await peer.post(metadata(peer, offer))
        (request,) = reply.requests
        assert request.report_specifier_id == "volts"
        assert asked == ["METADATA_TELEMETRY_USAGE"]
        (shown,) = server.registered_reports[peer.ven_id]
        assert shown["report_name"] == "TELEMETRY_USAGE"
