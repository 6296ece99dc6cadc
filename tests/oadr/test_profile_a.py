"""2.0a as a way to write: documents, and what is no document of 2.0a."""

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from lxml import etree

from oadr import codec
from oadr import messages as m
from oadr.enums import EventStatus, OptType, SignalType
from oadr.errors import InvalidData, OpenADRError, XMLError
from oadr.profile_a import MESSAGES, decode, encode, in_profile_a, message_of, parse, schema
from oadr.times import ZERO
from tests.oadr import strategies
from tests.oadr.event_samples import NOON, event

A = "http://openadr.org/oadr-2.0a/2012/07"
EI = "http://docs.oasis-open.org/ns/energyinterop/201110"
PYLD = f"{EI}/payloads"

#: As VENs of 2.0a write them, with prefixes of their own choice.
REQUEST = f"""<?xml version="1.0" encoding="UTF-8"?>
<a:oadrRequestEvent xmlns:a="{A}" xmlns="{EI}" xmlns:p="{PYLD}">
  <p:eiRequestEvent>
    <p:requestID>req-1</p:requestID>
    <venID>mill</venID>
    <p:replyLimit>99</p:replyLimit>
  </p:eiRequestEvent>
</a:oadrRequestEvent>""".encode()
CREATED = f"""<a:oadrCreatedEvent xmlns:a="{A}" xmlns:e="{EI}" xmlns:p="{PYLD}">
  <p:eiCreatedEvent>
    <e:eiResponse><e:responseCode>200</e:responseCode><p:requestID/></e:eiResponse>
    <e:eventResponses>
      <e:eventResponse>
        <e:responseCode>200</e:responseCode>
        <p:requestID>r7</p:requestID>
        <e:qualifiedEventID>
          <e:eventID>e1</e:eventID><e:modificationNumber>2</e:modificationNumber>
        </e:qualifiedEventID>
        <e:optType>optOut</e:optType>
      </e:eventResponse>
    </e:eventResponses>
    <e:venID>mill</e:venID>
  </p:eiCreatedEvent>
</a:oadrCreatedEvent>""".encode()


def snapshot(*events: m.Event) -> m.DistributeEvent:
    return m.DistributeEvent(
        response=m.EiResponse(request_id="r"), request_id="r", vtn_id="vtn", events=events
    )


def written(message: m.Message) -> etree._Element:
    """The document of a message, valid and well-formed."""
    return parse(encode(in_profile_a(message, NOON)))


# ---------------------------------------------------------------- reading


def test_a_request_for_events_is_read() -> None:
    assert decode(REQUEST) == m.RequestEvent(
        request_id="req-1", ven_id="mill", reply_limit=99, schema_version=None
    )


def test_the_answers_of_a_ven_are_read() -> None:
    message = decode(CREATED)
    assert isinstance(message, m.CreatedEvent)
    (answer,) = message.responses
    assert (answer.event_id, answer.modification_number) == ("e1", 2)
    assert (answer.opt_type, answer.request_id) == (OptType.OPT_OUT, "r7")
    assert message.ven_id == "mill"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"hello",
        b"<oadrRequestEvent/>",
        codec.encode(m.RequestEvent(request_id="1", ven_id="mill")),
        codec.encode(m.Poll(ven_id="mill")),
        f'<a:oadrPoll xmlns:a="{A}"/>'.encode(),
        f'<e:eiResponse xmlns:e="{EI}" xmlns:p="{PYLD}"><e:responseCode>200</e:responseCode>'
        "<p:requestID/></e:eiResponse>".encode(),
        REQUEST.replace(b"oadr-2.0a", b"oadr-2.0b"),
        REQUEST.replace(b"<venID>mill</venID>", b""),
        REQUEST.replace(b"99", b"-1"),
        REQUEST.replace(b"99", b"4294967296"),
        REQUEST.replace(b"<venID>", b"<eventID>e</eventID><venID>"),
        CREATED.replace(b"optOut", b"optMaybe"),
        CREATED.replace(b">200<", b">20<"),
    ],
)
def test_what_is_no_message_of_20a_is_told(document: bytes) -> None:
    with pytest.raises(XMLError):
        decode(document)


@pytest.mark.parametrize(
    "document",
    [
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + REQUEST[38:],
        REQUEST.replace(b"req-1", b"&unknown;"),
        b"<a>" * 100_000,
        REQUEST[:38]
        + b"<!-- -->" * 2000
        + b"".join([REQUEST[38:]]).replace(b"mill", b"m" * 200_000),
    ],
)
def test_what_is_meant_to_hurt_is_not_read(document: bytes) -> None:
    with pytest.raises(XMLError):
        parse(document)


def test_a_document_that_is_too_long_is_not_read() -> None:
    with pytest.raises(XMLError, match="at most 100"):
        parse(REQUEST, max_bytes=100)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_a_message_or_a_documented_error(data: bytes) -> None:
    for document in (data, REQUEST.replace(b"req-1", data), CREATED.replace(b"200", data, 1)):
        with contextlib.suppress(XMLError):
            assert isinstance(decode(document), m.RequestEvent | m.CreatedEvent)


def test_a_duration_that_nothing_can_hold_is_told() -> None:
    document = encode(in_profile_a(snapshot(event()), NOON))
    with pytest.raises(InvalidData):
        decode(document.replace(b"PT15M", b"P999999999999D"))


# ---------------------------------------------------------------- writing


def test_r506_a_message_is_the_root_in_the_namespace_of_20a() -> None:
    for message in (
        snapshot(event()),
        snapshot(),
        m.Response(response=m.EiResponse(), ven_id="mill"),
        m.RequestEvent(request_id="1", ven_id="mill"),
        m.CreatedEvent(response=m.EiResponse(code=452), ven_id="mill"),
    ):
        root = written(message)
        assert root.tag == f"{{{A}}}{codec.message_name(message)}"
        assert not root.attrib
        assert b"2.0b" not in etree.tostring(root)


def test_r506_an_oadr_response_names_no_ven() -> None:
    root = written(m.Response(response=m.EiResponse(request_id="7"), ven_id="mill"))
    assert root.find(f"{{{EI}}}venID") is None


def test_20a_has_no_other_messages() -> None:
    assert set(MESSAGES) == {
        "oadrRequestEvent",
        "oadrDistributeEvent",
        "oadrCreatedEvent",
        "oadrResponse",
    }
    with pytest.raises(KeyError):
        encode(m.Poll(ven_id="mill"))


def _goes_back(message: m.Message) -> bool:
    """Whether an interval ends before it starts, which no VTN publishes (R102)."""
    return isinstance(message, m.DistributeEvent) and any(
        (one.duration or ZERO) < ZERO
        for event in message.events
        for signal in event.signals
        for one in signal.intervals
    )


@given(
    st.one_of(
        strategies.distribute_event(),
        strategies.created_event(),
        strategies.request_event(),
        strategies.response(),
    )
)
def test_whatever_a_vtn_says_is_valid_and_comes_back_the_same(message: m.Message) -> None:
    assume(not _goes_back(message))
    narrow = in_profile_a(message, NOON)
    try:
        document = encode(narrow)
    except OpenADRError:
        # Such as a duration of parts of a second, which cannot be written in either profile.
        return
    assert strategies.same(decode(document), narrow)


@pytest.mark.parametrize("signal_type", ["level", "price", "delta", "product", "setpoint"])
def test_r69_a_signal_of_any_type_is_read(signal_type: str) -> None:
    document = encode(in_profile_a(snapshot(event()), NOON))
    document = document.replace(b">level<", f">{signal_type}<".encode())
    read = decode(document)
    assert isinstance(read, m.DistributeEvent)
    (signal,) = read.events[0].signals
    known = {"product": "level"}.get(signal_type, signal_type)
    assert signal.signal_type is SignalType(known)
    assert [str(one.payloads[0].value) for one in signal.intervals] == ["1", "2", "1"]  # type: ignore[union-attr]


# ---------------------------------------------------------------- the schema


def test_the_schema_is_complete_and_refers_to_nothing_else() -> None:
    assert schema() is schema()
    folder = Path("oadr/profile_a/schema")
    files = {path.name for path in folder.iterdir()}
    used = {
        str(one.get("schemaLocation"))
        for path in folder.iterdir()
        for one in etree.parse(str(path)).iter("{http://www.w3.org/2001/XMLSchema}import")
    }
    assert used | {"oadr.xsd"} == files


def without(root: etree._Element, name: str) -> bytes:
    element = next(root.iter(f"{{*}}{name}"))
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)
    return bytes(etree.tostring(root))


@pytest.mark.parametrize(
    "name",
    [
        "currentValue",
        "x-eiNotification",
        "signalName",
        "signalType",
        "signalID",
        "uid",
        "components",
        "eiTarget",
        "createdDateTime",
        "eventStatus",
        "oadrResponseRequired",
        "requestID",
        "vtnID",
    ],
)
def test_r113_what_20a_demands_cannot_be_left_out(name: str) -> None:
    document = without(written(replace(snapshot(event()), response=None)), name)
    with pytest.raises(XMLError):
        parse(document)


def test_what_20b_alone_knows_is_not_valid_in_20a() -> None:
    full = event()
    full = replace(
        full,
        descriptor=replace(
            full.descriptor, modification_reason="why", event_status=EventStatus.FAR
        ),
    )
    with pytest.raises(XMLError, match="modificationReason"):
        parse(encode(snapshot(full)))
    signal = replace(full.signals[0], target=m.Target(end_device_assets=("Thermostat",)))
    with pytest.raises(XMLError, match="eiTarget"):
        parse(encode(snapshot(replace(event(), signals=(signal,)))))
    with pytest.raises(XMLError, match="venID"):
        parse(encode(m.Response(response=m.EiResponse(), ven_id="mill")))


def test_a_message_is_read_once_from_its_tree() -> None:
    root = parse(REQUEST)
    assert message_of(root) == decode(REQUEST)
