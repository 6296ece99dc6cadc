"""OpenLEADR's methods that do one step, and what they return."""

import logging
from datetime import timedelta
from typing import Any

import pytest

from oadr.enums import OptType, ServiceName
from oadr.messages import (
    CanceledReport,
    CancelOpt,
    CancelPartyRegistration,
    CreatedEvent,
    CreatedReport,
    CreateOpt,
    CreatePartyRegistration,
    EiResponse,
    Poll,
    QueryRegistration,
    RegisterReport,
    RequestEvent,
    Response,
    UpdateReport,
)
from tests.ven.compat_world import Street
from tests.ven.scripted import NOW, event, request
from ven import VEN
from ven.errors import Unreachable

MINUTE = timedelta(minutes=1)
TIMES = {"components": [{"dtstart": NOW, "duration": timedelta(hours=1)}]}
HALL = [{"resource_id": "hall"}]


@pytest.fixture
async def ven(street: Street) -> VEN:
    """A VEN that is registered and does nothing on its own."""
    ven = street.openleadr()
    ven.add_handler("on_event", lambda event: "optIn")
    ven.add_report(lambda: 3, "hall", "REAL_POWER", report_duration=timedelta(hours=1))
    await ven.create_party_registration()
    street.vtn.received.clear()
    return ven


async def test_each_step_returns_the_name_and_the_payload_of_the_answer(
    street: Street, ven: VEN
) -> None:
    name, payload = await ven.query_registration()
    assert (name, payload["vtn_id"]) == ("oadrCreatedPartyRegistration", "TH_VTN")
    name, payload = await ven.create_party_registration()
    assert (name, payload["registration_id"]) == ("oadrCreatedPartyRegistration", "reg-1")
    assert payload["ven_id"] == "ven-1"
    assert payload["response"]["response_code"] == 200
    name, _ = await ven.create_party_reregistration()
    assert name == "oadrCreatedPartyRegistration"
    assert (await ven.register_reports(ven.reports))[0] == "oadrRegisteredReport"
    assert (await ven.poll())[0] == "oadrResponse"
    assert (await ven.send_response("EiRegisterParty", request_id="r"))[0] == "oadrResponse"
    name, _ = await ven.cancel_party_registration()
    assert name == "oadrCanceledPartyRegistration"
    assert ven.registration_id is None
    assert street.vtn.names() == [
        "QueryRegistration",
        "CreatePartyRegistration",
        "CreatePartyRegistration",
        "RegisterReport",
        "Response",
        "CancelPartyRegistration",
    ]


async def test_what_does_not_work_is_none_and_a_line_in_the_log(
    street: Street, ven: VEN, caplog: pytest.LogCaptureFixture
) -> None:
    street.vtn.down = Unreachable("nobody there")
    steps: list[Any] = [
        ven.poll(),
        ven.query_registration(),
        ven.create_party_registration(),
        ven.create_party_reregistration(),
        ven.cancel_party_registration(),
        ven.request_event(),
        ven.sync_events(),
        ven.register_reports(),
        ven.created_event("r", "e9", "optIn"),
        ven.send_response("EiRegisterParty"),
    ]
    for step in steps:
        assert await step == (None, {})
    assert len([one for one in caplog.messages if "nobody there" in one]) == len(steps)


async def test_without_a_registration_a_step_says_so(
    street: Street, caplog: pytest.LogCaptureFixture
) -> None:
    ven = street.openleadr()
    assert await ven.poll() == (None, {})
    assert await ven.create_party_reregistration() == (None, {})
    assert await ven.create_opt("optOut", "economic", HALL, TIMES) is False
    with caplog.at_level(logging.INFO):
        assert await ven.cancel_party_registration() == (None, {})
    assert "VEN is not registered" in caplog.messages


async def test_an_answer_with_an_error_is_returned_and_logged(
    street: Street, ven: VEN, caplog: pytest.LogCaptureFixture
) -> None:
    refusal = Response(response=EiResponse(code=451, description="not now"))
    street.vtn.script(Poll, refusal)
    name, payload = await ven.poll()
    assert name == "oadrResponse"
    assert payload["response"]["response_code"] == 451
    assert any("not now" in one for one in caplog.messages)


async def test_registering_says_what_it_is_told_to_say(street: Street) -> None:
    ven = street.openleadr()
    await ven.create_party_registration(
        http_pull_model=False,
        xml_signature=True,
        report_only=True,
        transport_address="http://me.example",
        ven_id="v-7",
        request_id="q-1",
        registration_id="old",
    )
    (sent,) = street.vtn.got(CreatePartyRegistration)
    assert (sent.http_pull_model, sent.xml_signature, sent.report_only) == (False, True, True)
    assert (sent.transport_address, sent.ven_id) == ("http://me.example", "v-7")
    assert (sent.request_id, sent.registration_id) == ("q-1", "old")
    with pytest.raises(ValueError, match="carrier"):
        await ven.create_party_registration(transport_name="carrier pigeon")


async def test_poll_and_request_event_look_and_sync_events_acts(street: Street, ven: VEN) -> None:
    street.vtn.events = [event("e1")]
    street.vtn.distribute(event("e1"))
    name, payload = await ven.poll()
    assert name == "oadrDistributeEvent"
    assert payload["events"][0]["event_descriptor"]["event_id"] == "e1"
    name, payload = await ven.request_event(reply_limit=3)
    assert (name, len(payload["events"])) == ("oadrDistributeEvent", 1)
    assert street.vtn.got(RequestEvent)[0].reply_limit == 3
    assert (ven.received_events, street.vtn.got(CreatedEvent)) == ([], [])
    await ven.sync_events()
    assert ven.responded_events == {"e1": "optIn"}
    (answer,) = street.vtn.got(CreatedEvent)
    assert answer.responses[0].opt_type is OptType.OPT_IN


async def test_created_event_changes_the_mind_or_answers_for_an_event_of_its_own(
    street: Street, ven: VEN
) -> None:
    street.vtn.events = [event("e1")]
    await ven.sync_events()
    name, _ = await ven.created_event("r", "e1", "optOut")
    assert name == "oadrResponse"
    assert ven.responded_events == {"e1": "optOut"}
    await ven.created_event("r-9", "e9", "optIn", 4)
    one = street.vtn.got(CreatedEvent)[-1].responses[0]
    assert (one.request_id, one.event_id, one.modification_number) == ("r-9", "e9", 4)
    with pytest.raises(ValueError, match="perhaps"):
        await ven.created_event("r", "e1", "perhaps")


@pytest.mark.sends_wrong("R309", reason="the application leaves the metadata out")
async def test_an_opt_is_made_with_openleadrs_arguments_and_cancelled(
    street: Street, ven: VEN
) -> None:
    opt_id = await ven.create_opt(
        "optOut",
        "x-holiday",
        HALL,
        TIMES,
        opt_id="o-1",
        request_id="q-1",
        market_context="http://peak.example",
        signal_target_mrid="Thermostat",
    )
    assert opt_id == "o-1"
    (sent,) = street.vtn.got(CreateOpt)
    assert (sent.opt_type, sent.opt_reason, sent.request_id) == ("optOut", "x-holiday", "q-1")
    assert (sent.market_context, sent.target.resource_ids) == ("http://peak.example", ("hall",))
    assert sent.availability[0].dtstart == NOW
    assert sent.device_class is not None
    assert sent.device_class.end_device_assets == ("Thermostat",)
    assert await ven.cancel_opt("o-1") is True
    assert street.vtn.got(CancelOpt)[0].opt_id == "o-1"
    assert ven.opts == []
    assert await ven.cancel_opt("o-1") is False


@pytest.mark.sends_wrong("R309", reason="the application leaves the metadata out")
async def test_an_opt_for_an_event_names_it_whether_or_not_the_ven_holds_it(
    street: Street, ven: VEN
) -> None:
    street.vtn.events = [event("e1", modification=2)]
    await ven.sync_events()
    assert await ven.create_opt("optOut", "economic", HALL, event_id="e1")
    assert await ven.create_opt("optIn", "economic", None, event_id="e9", modification_number=5)
    held, other = street.vtn.got(CreateOpt)
    assert (held.event_id, held.modification_number) == ("e1", 2)
    assert (other.event_id, other.modification_number) == ("e9", 5)
    assert await ven.cancel_opt(held.opt_id) is False


@pytest.mark.sends_wrong("R309", reason="the application leaves the metadata out")
async def test_an_opt_that_the_vtn_refuses_is_false_and_one_that_waits_is_not(
    street: Street, ven: VEN
) -> None:
    from oadr.messages import CreatedOpt

    no = CreatedOpt(response=EiResponse(code=451, description="no"), opt_id="o-1")
    street.vtn.script(CreateOpt, no)
    assert await ven.create_opt("optOut", "economic", HALL, TIMES) is False
    street.vtn.down = Unreachable("no")
    assert await ven.create_opt("optOut", "economic", HALL, TIMES, opt_id="o-2") == "o-2"
    assert [opt.opt_id for opt in ven.opts] == ["o-2"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("maybe", "economic", HALL, TIMES), "maybe"),
        (("optIn", "because", HALL, TIMES), "not a valid opt reason"),
        (("optIn", "economic", HALL), "either 'event_id' or 'vavailability'"),
        (("optIn", "economic", HALL, TIMES, "e1"), "either 'event_id' or 'vavailability'"),
        (("optIn", "economic", HALL, {"components": [{"dtstart": NOW}]}), "no dtstart and dur"),
        (("optIn", "economic", HALL, [{"dtstart": 1, "duration": MINUTE}]), "expected a datetime"),
    ],
)
async def test_an_opt_that_makes_no_sense_is_a_value_error(
    ven: VEN, arguments: tuple[Any, ...], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        await ven.create_opt(*arguments)


@pytest.mark.sends_wrong("R329", reason="the application says by hand that it was asked")
async def test_reports_can_be_asked_for_made_and_cancelled_by_hand(
    street: Street, ven: VEN
) -> None:
    await ven.register_reports(ven.reports)
    wanted = {
        "request_id": "q-1",
        "report_requests": [
            {
                "report_request_id": "rr-1",
                "report_specifier": {
                    "report_specifier_id": "TELEMETRY_USAGE",
                    "granularity": MINUTE,
                    "report_back_duration": 5 * MINUTE,
                    "specifier_payloads": [{"r_id": "hall", "reading_type": "x-notApplicable"}],
                },
            }
        ],
    }
    assert (await ven.create_report(wanted))[0] == "oadrResponse"
    (created,) = street.vtn.got(CreatedReport)
    assert (created.pending, created.response.request_id) == (("rr-1",), "q-1")
    assert [one["report_request_id"] for one in ven.report_requests] == ["rr-1"]
    await ven.update_report("rr-1")
    assert ven.pending_reports.qsize() == 1
    assert len(ven.report_requests) == 1
    cancel = {"request_id": "q-2", "report_request_id": "rr-1", "report_to_follow": False}
    await ven.cancel_report(cancel)
    (cancelled,) = street.vtn.got(CanceledReport)
    assert (cancelled.pending, cancelled.response.request_id) == ((), "q-2")
    assert ven.report_requests == []


async def test_a_report_of_now_goes_out_and_the_others_come_when_they_are_due(
    street: Street, ven: VEN
) -> None:
    street.vtn.requests = [request("rr-1", "hall", granularity=60, back=300)]
    await ven.run()
    await ven.update_report("rr-1")
    await street.rest()
    (sent,) = street.vtn.got(UpdateReport)
    (interval,) = sent.reports[0].intervals
    assert interval.dtstart == NOW
    await street.pass_time(6 * MINUTE)
    assert len(street.vtn.got(UpdateReport)) == 2
    assert len(street.vtn.got(UpdateReport)[1].reports[0].intervals) == 5


async def test_a_report_that_nobody_asked_for_is_an_error_in_the_log(
    ven: VEN, caplog: pytest.LogCaptureFixture
) -> None:
    await ven.update_report("nothing")
    assert "report nothing was not asked for" in caplog.messages


async def test_steps_go_to_their_services(street: Street, ven: VEN) -> None:
    await ven.query_registration()
    await ven.cancel_party_registration()
    services = {type(message): service for service, message in street.vtn.received}
    assert services == {
        QueryRegistration: ServiceName.EI_REGISTER_PARTY,
        CancelPartyRegistration: ServiceName.EI_REGISTER_PARTY,
    }
    assert not street.vtn.got(RegisterReport)
    with pytest.raises(ValueError, match="EiNothing"):
        await ven.send_response("EiNothing")
