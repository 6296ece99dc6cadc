"""A message in a few words."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr import codec, profile_a
from oadr import messages as m
from oadr.enums import OptType
from oadr.event import build_event, parse_levels
from oadr.summary import Summary, summary_of, without_passwords

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OK = m.EiResponse(request_id="r")
NO = m.EiResponse(code=452, description="no such event", request_id="r")


def event(event_id: str = "e-1") -> m.Event:
    return build_event(
        event_id=event_id,
        market_context="http://programme.example",
        start=NOW + timedelta(hours=1),
        intervals=parse_levels("1:15m"),
        now=NOW,
    )


def shot(*events: m.Event) -> m.DistributeEvent:
    return m.DistributeEvent(response=OK, request_id="d", vtn_id="vtn", events=events)


def answered(code: int = 200) -> m.CreatedEvent:
    answer = m.EventResponse(
        code=code, request_id="d", event_id="e-1", modification_number=2, opt_type=OptType.OPT_IN
    )
    return m.CreatedEvent(response=OK, responses=(answer,), ven_id="v")


REGISTERS = m.CreatePartyRegistration(
    request_id="r",
    ven_name="school-7",
    registration_id="secret",
    transport_address="https://me:pass@ven.example:8444",
    http_pull_model=False,
)
ASKS = m.RequestEvent(request_id="r", ven_id="v", reply_limit=3)
REGISTERED = m.CreatedPartyRegistration(
    response=OK,
    registration_id="secret",
    ven_id="v-1",
    vtn_id="vtn",
    profiles=(),
    poll_freq=timedelta(seconds=10),
)


@pytest.mark.parametrize(
    ("message", "name", "words", "code"),
    [
        (m.Poll(ven_id="v"), "oadrPoll", "", ""),
        (m.Response(response=OK, ven_id="v"), "oadrResponse", "", "200"),
        (m.Response(response=NO, ven_id="v"), "oadrResponse", "no such event", "452"),
        (shot(event()), "oadrDistributeEvent", "1 event: e-1 mod 0 far SIMPLE", "200"),
        (shot(), "oadrDistributeEvent", "no events", "200"),
        (answered(), "oadrCreatedEvent", "e-1 mod 2 optIn", "200"),
        (answered(454), "oadrCreatedEvent", "e-1 mod 2 optIn 454", "454"),
        (REGISTERED, "oadrCreatedPartyRegistration", "venID v-1, poll every PT10S", "200"),
        (ASKS, "oadrRequestEvent", "at most 3", ""),
        (m.CancelOpt(request_id="r", opt_id="o-1", ven_id="v"), "oadrCancelOpt", "optID o-1", ""),
    ],
)  # fmt: skip
def test_a_message_is_summed_up_by_what_it_is_about(
    message: m.Message, name: str, words: str, code: str
) -> None:
    assert summary_of(codec.encode(message)) == Summary(name=name, words=words, code=code)


def test_of_many_things_the_first_are_named_and_the_others_counted() -> None:
    found = summary_of(codec.encode(shot(*(event(f"e-{number}") for number in range(9)))))
    assert found is not None
    assert found.words.startswith("9 events: e-0 mod 0 far SIMPLE, e-1")
    assert found.words.endswith(", 5 more")


def test_nothing_secret_is_in_the_words() -> None:
    found = summary_of(codec.encode(REGISTERS))
    assert found is not None
    assert found.words == "school-7, again, push to https://***@ven.example:8444"
    assert "secret" not in str(summary_of(codec.encode(REGISTERED)))


def test_passwords_in_addresses_are_taken_out_of_any_text() -> None:
    text = "http://a:b@c/x?y=1 and https://user:p%40ss@host:1, not mailto:a@b or http://a@b/"
    assert without_passwords(text) == (
        "http://***@c/x?y=1 and https://***@host:1, not mailto:a@b or http://a@b/"
    )


def test_a_message_of_2_0a_is_summed_up_as_well() -> None:
    data = profile_a.encode(profile_a.in_profile_a(shot(event()), NOW))
    found = summary_of(data)
    assert found is not None
    assert (found.name, found.words) == ("oadrDistributeEvent", "1 event: e-1 mod 0 far simple")


def test_what_is_not_schema_valid_is_summed_up_by_what_is_there() -> None:
    broken = codec.encode(answered()).replace(b"<ei:optType>optIn</ei:optType>", b"")
    found = summary_of(broken)
    assert found is not None
    assert found.words == "e-1 mod 2"
    assert summary_of(b"<a/>") == Summary(name="a", words="", code="")
    assert summary_of(b"not xml") is None
    assert summary_of(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>') is None


def test_the_worst_code_in_a_message_counts() -> None:
    found = summary_of(codec.encode(answered(454)))
    assert found is not None
    assert not found.ok
    assert Summary(name="oadrPoll", words="", code="").ok


def test_a_long_text_is_shortened() -> None:
    data = codec.encode(
        m.Response(response=m.EiResponse(code=500, description="x" * 9999), ven_id="v")
    )
    found = summary_of(data)
    assert found is not None
    assert len(found.words) == 60


@given(st.binary(max_size=200) | st.text(alphabet="<>/ae:oadr \"='x", max_size=80).map(str.encode))
def test_any_bytes_are_summed_up_or_are_no_xml(data: bytes) -> None:
    found = summary_of(data)
    assert found is None or found.name
