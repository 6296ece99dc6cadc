from datetime import UTC, datetime, timedelta

import pytest

from oadr import codec
from oadr import messages as m
from oadr.enums import OptType
from oadr.errors import InvalidId
from oadr.replies import FROM_VEN, outcome, refuse, request_id_of, ven_id_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OK = m.EiResponse(request_id="7")

MESSAGES: list[tuple[m.Message, type]] = [
    (m.QueryRegistration(request_id="7"), m.CreatedPartyRegistration),
    (m.CreatePartyRegistration(request_id="7"), m.CreatedPartyRegistration),
    (
        m.CancelPartyRegistration(request_id="7", registration_id="r", ven_id="v"),
        m.CanceledPartyRegistration,
    ),
    (m.CanceledPartyRegistration(response=OK, ven_id="v"), m.Response),
    (m.RequestEvent(request_id="7", ven_id="v"), m.DistributeEvent),
    (m.CreatedEvent(response=OK, ven_id="v"), m.Response),
    (
        m.CreateOpt(
            opt_id="o",
            opt_type=OptType.OPT_IN,
            opt_reason="economic",
            ven_id="v",
            created_date_time=NOW,
            request_id="7",
        ),
        m.CreatedOpt,
    ),
    (m.CancelOpt(request_id="7", opt_id="o", ven_id="v"), m.CanceledOpt),
    (m.RegisterReport(request_id="7", ven_id="v"), m.RegisteredReport),
    (m.RegisteredReport(response=OK, ven_id="v"), m.Response),
    (
        m.CreateReport(
            request_id="7",
            ven_id="v",
            requests=(
                m.ReportRequest(
                    report_request_id="1",
                    report_specifier_id="METADATA",
                    granularity=timedelta(0),
                    report_back_duration=timedelta(0),
                    data_points=(m.SpecifierPayload(r_id="0"),),
                ),
            ),
        ),
        m.CreatedReport,
    ),
    (m.CreatedReport(response=OK, ven_id="v"), m.Response),
    (m.UpdateReport(request_id="7", ven_id="v"), m.UpdatedReport),
    (m.UpdatedReport(response=OK, ven_id="v"), m.Response),
    (m.CancelReport(request_id="7", report_request_ids=("1",), ven_id="v"), m.CanceledReport),
    (m.CanceledReport(response=OK, ven_id="v"), m.Response),
    (m.Poll(ven_id="v"), m.Response),
    (m.Response(response=OK, ven_id="v"), m.Response),
]


def outcome_of(reply: m.Message) -> m.EiResponse:
    found = getattr(reply, "response", None)
    assert isinstance(found, m.EiResponse)
    return found


def test_the_table_covers_everything_that_a_ven_may_send() -> None:
    assert {type(message) for message, _ in MESSAGES} == set().union(*FROM_VEN.values())


@pytest.mark.parametrize(("message", "expected"), MESSAGES)
def test_r48_a_refusal_fits_its_request_echoes_it_and_is_valid(
    message: m.Message, expected: type
) -> None:
    error = InvalidId("Tom & <Co>", rule="R21")
    reply = refuse(message, error, vtn_id="vtn", poll_freq=timedelta(seconds=10))
    assert type(reply) is expected
    assert codec.decode(codec.encode(reply)) == reply
    response = outcome_of(reply)
    assert response.code == 452
    assert response.description == "Tom & <Co> (R21)"
    assert response.request_id == ("" if isinstance(message, m.Poll) else "7")


def test_r404_a_refused_registration_carries_no_ids() -> None:
    message = m.CreatePartyRegistration(request_id="7", ven_id="v", registration_id="r")
    reply = refuse(message, InvalidId("no"), vtn_id="vtn")
    assert isinstance(reply, m.CreatedPartyRegistration)
    assert reply.registration_id is None
    assert reply.ven_id is None


def test_an_outcome_without_an_error_is_a_success() -> None:
    assert outcome(m.Poll(ven_id="v")).ok
    assert request_id_of(m.Poll(ven_id="v")) == ""
    assert ven_id_of(m.QueryRegistration(request_id="7")) is None
    assert ven_id_of(m.Poll(ven_id="")) is None


@pytest.mark.parametrize("given", ["", " "])
def test_r41_a_refused_request_for_events_is_answered_with_a_request_id(given: str) -> None:
    refused = refuse(m.RequestEvent(request_id=given, ven_id="v"), InvalidId("no"), vtn_id="vtn")
    assert isinstance(refused, m.DistributeEvent)
    assert refused.request_id == "0"
    assert refused.response is not None
    assert refused.response.request_id == given
