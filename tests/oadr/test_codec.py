"""What is written is valid and read again; the corner cases of the codec."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oadr import codec
from oadr.codec.decoder import decoder
from oadr.codec.encoder import encoder
from oadr.codec.table import rows
from oadr.codec.text import collapse, escape, parse_float
from oadr.errors import InvalidData, XMLError
from oadr.messages import (
    MESSAGES,
    CanceledReport,
    CancelReport,
    CreateOpt,
    EiResponse,
    Interval,
    LoadControl,
    Message,
    Poll,
    Report,
    ReportDescription,
    ReportPayload,
    Response,
    Unit,
    UpdatedReport,
    UpdateReport,
)
from oadr.units import unit
from tests.oadr import strategies
from tests.oadr.strategies import plain

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
EXAMPLES = int(os.environ.get("OADR_EXAMPLES", "25"))
wide = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_every_message_has_a_strategy() -> None:
    assert set(strategies.BY_CLASS) == set(MESSAGES.values())
    assert len(MESSAGES) == 23


@pytest.mark.parametrize("cls", strategies.BY_CLASS, ids=lambda cls: cls.__name__)
@wide
@given(data=st.data())
def test_what_is_written_is_valid_and_read_again(cls: type, data: st.DataObject) -> None:
    message: Message = data.draw(strategies.BY_CLASS[cls])
    root = codec.parse(codec.encode(message))  # validates
    assert plain(codec.message_of(codec.signed_object_of(root))) == plain(message)


def poll(content: bytes) -> Poll:
    document = codec.encode(Poll(ven_id="QQ")).replace(b"QQ", content)
    message = codec.decode(document)
    assert isinstance(message, Poll)
    return message


def report_of(*payloads: ReportPayload) -> UpdateReport:
    report = Report(
        intervals=(Interval(dtstart=NOW, payloads=payloads),),
        report_request_id="r",
        report_specifier_id="s",
        created_date_time=NOW,
    )
    return UpdateReport(request_id="1", reports=(report,))


@pytest.mark.parametrize(
    "content",
    [
        b"ab<!-- x -->cd",
        b"ab<?x y?>cd",
        b"<!-- x -->abcd",
        b"abcd<?x y?>",
        b"ab<![CDATA[cd]]>",
        b"<![CDATA[ab]]>c<!----><![CDATA[d]]>",
        b"ab<!-- x --><!-- y -->&#99;<?z?>d",
    ],
)
def test_a_comment_inside_a_venid_does_not_cut_it_short(content: bytes) -> None:
    assert poll(content).ven_id == "abcd"


def test_a_comment_between_elements_hides_none() -> None:
    document = codec.encode(report_of(ReportPayload(r_id="m", value=Decimal(1))))
    commented = document.replace(b"><", b"><!-- x --><?y?><").replace(b"?><oadr", b"?><oadr", 1)
    assert codec.decode(commented) == codec.decode(document)


def test_white_space_between_elements_means_nothing() -> None:
    document = codec.encode(report_of(ReportPayload(r_id="m", value=Decimal(1))))
    assert codec.decode(document.replace(b"><", b">\n\t <")) == codec.decode(document)


@pytest.mark.parametrize("ven_id", ["0042", "007", "1.10", "true", " padded ", "None", ""])
def test_an_id_is_text_and_stays_as_it_was_written(ven_id: str) -> None:
    assert codec.decode(codec.encode(Poll(ven_id=ven_id))) == Poll(ven_id=ven_id)


@pytest.mark.parametrize("char", ["\0", "\x08", "\x1f", "\ud800", "\ufffe"])
def test_what_xml_cannot_carry_is_replaced_and_the_rest_arrives(char: str) -> None:
    assert codec.decode(codec.encode(Poll(ven_id=f"a{char}b"))) == Poll(ven_id="a\ufffdb")


def test_escaping_is_complete() -> None:
    assert escape("a&b<c>d\re]]>") == "a&amp;b&lt;c&gt;d&#13;e]]&gt;"


def test_only_the_white_space_of_xml_collapses() -> None:
    assert collapse(" a \t\r\n b\xa0\u2028 ") == "a b\xa0\u2028"


def test_a_schema_version_is_a_token() -> None:
    document = codec.encode(Poll(ven_id="v")).replace(b'"2.0b"', b'" 2.0b\n"')
    assert codec.decode(document) == Poll(ven_id="v")


def test_a_nested_message_keeps_its_schema_version() -> None:
    cancel = CancelReport(request_id="1", report_request_ids=("r",), schema_version='x-"<&')
    message = UpdatedReport(response=EiResponse(), cancel_report=cancel)
    assert codec.decode(codec.encode(message)) == message


@pytest.mark.parametrize(("code", "written"), [(7, b">007<"), (200, b">200<"), (0, b">000<")])
def test_a_response_code_has_three_digits(code: int, written: bytes) -> None:
    document = codec.encode(Response(response=EiResponse(code=code)))
    assert written in document
    assert codec.decode(document) == Response(response=EiResponse(code=code))


def test_r46_an_empty_optional_element_counts_as_absent() -> None:
    message = Response(response=EiResponse(description="x"), ven_id="y")
    document = codec.encode(message).replace(b">x<", b"><").replace(b">y<", b"><")
    assert codec.decode(document) == Response(response=EiResponse())
    empty = Response(response=EiResponse(description=""), ven_id="")
    assert codec.encode(empty) == codec.encode(Response(response=EiResponse()))


def test_pending_reports_are_written_even_when_there_are_none() -> None:
    document = codec.encode(CanceledReport(response=EiResponse()))
    assert b"<oadr:oadrPendingReports></oadr:oadrPendingReports>" in document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.50", "1.50"),
        (" -2E3 ", "-2E+3"),
        ("INF", "Infinity"),
        ("-INF", "-Infinity"),
        ("NaN", "NaN"),
        ("1e999999999", "Infinity"),
        ("-1E99999999999999999999999", "-Infinity"),
        ("1e-999999999", "0"),
        ("1e-99999999999999999999999", "0"),
        ("9" * 300, "9" * 300),
        ("9" * 2_000_000, "Infinity"),
        ("-0." + "0" * 2_000_000 + "1", "-0"),
        ("0e-500", "0"),
    ],
)
def test_a_number_is_read_as_written_unless_no_float_holds_it(text: str, value: str) -> None:
    assert str(parse_float(text)) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [("Infinity", "INF"), ("-Infinity", "-INF"), ("NaN", "NaN"), ("sNaN", "NaN"), ("-0", "-0")],
)
def test_special_numbers_are_written_as_the_schema_spells_them(value: str, written: str) -> None:
    document = codec.encode(report_of(ReportPayload(r_id="m", value=Decimal(value))))
    assert f"<ei:value>{written}</ei:value>".encode() in document
    codec.parse(document)


def test_leading_zeros_of_any_number_are_read() -> None:
    payload = ReportPayload(r_id="m", value=Decimal(1), confidence=77)
    document = codec.encode(report_of(payload)).replace(b">77<", b"> +" + b"0" * 5000 + b"77 <")
    assert codec.decode(document) == report_of(payload)


def test_a_load_control_of_zeros_is_not_nothing() -> None:
    zero = Decimal(0)
    control = LoadControl(minimum=zero, maximum=zero, current=zero, normal=zero)
    assert encoder(LoadControl)(control).count(">0<") == 4


def test_a_moment_without_a_zone_is_not_written() -> None:
    naive = report_of(ReportPayload(r_id="m", value=Decimal(1))).reports[0].intervals[0]
    bad = Interval(dtstart=NOW.replace(tzinfo=None), payloads=naive.payloads)
    with pytest.raises(ValueError, match="has no time zone"):
        encoder(Interval)(bad)


def test_a_unit_that_the_schema_does_not_know_is_not_written() -> None:
    bad = Unit(name="powerImaginary", description="x", units="W")
    description = ReportDescription(r_id="m", report_type="usage", unit=bad, reading_type="Net")
    with pytest.raises(ValueError, match="use name='customUnit'"):
        encoder(ReportDescription)(description)


@pytest.mark.parametrize(
    ("name", "kind"), [("energyReal", "energyItem"), ("powerReal", "powerItem")]
)
def test_a_generic_unit_is_the_one_that_its_type_says(name: str, kind: str) -> None:
    wanted = unit(name)
    markup = encoder(ReportDescription)(
        ReportDescription(r_id="m", report_type="usage", unit=wanted, reading_type="Net")
    )
    typed = f'<power:{kind} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    typed += f'xsi:type="power:{name[0].upper()}{name[1:]}Type">'
    markup = markup.replace(f"<power:{name}>", typed).replace(
        f"</power:{name}>", f"</power:{kind}>"
    )
    report = Report(report_request_id="0", report_specifier_id="s", created_date_time=NOW)
    document = codec.encode(UpdateReport(request_id="1", reports=(report,))).replace(
        b"<ei:reportRequestID>",
        f"<oadr:oadrReportDescription>{markup}</oadr:oadrReportDescription>"
        "<ei:reportRequestID>".encode(),
    )
    message = codec.decode(document)
    assert isinstance(message, UpdateReport)
    assert message.reports[0].descriptions[0].unit == wanted


def test_an_open_schedule_needs_no_event() -> None:
    message = CreateOpt(
        opt_id="o",
        opt_type="optOut",  # type: ignore[arg-type]
        opt_reason="economic",
        ven_id="v",
        created_date_time=NOW,
        request_id="1",
    )
    document = codec.encode(message)
    assert b"qualifiedEventID" not in document
    assert b"<ei:eiTarget></ei:eiTarget>" in document
    assert codec.decode(document) == message


def test_a_value_that_no_clock_can_hold_is_invalid_data() -> None:
    document = codec.encode(report_of(ReportPayload(r_id="m", value=Decimal(1))))
    for bad in (b"-0001-01-01T00:00:00Z", b"9999-12-31T24:00:00Z"):
        with pytest.raises(InvalidData, match="date"):
            codec.decode(document.replace(b"2024-06-01T12:00:00Z", bad))


def test_a_message_has_the_name_of_its_element() -> None:
    assert codec.message_name(Poll) == codec.message_name(Poll(ven_id="v")) == "oadrPoll"


def test_a_signature_stands_before_what_it_signs() -> None:
    document = codec.wrap(Poll(ven_id="v"), "<signature/>")
    assert document.index(b"<signature/>") < document.index(b'<oadr:oadrSignedObject oadr:Id="')


@pytest.mark.parametrize("content", [b"", b"<oadr:oadrPoke/>", b"<oadrPoll/>"])
def test_an_object_without_a_message_is_refused(content: bytes) -> None:
    document = codec.encode(Poll(ven_id="v"))
    start, end = document.index(b"<oadr:oadrPoll"), document.index(b"</oadr:oadrSignedObject>")
    root = codec.parse(document[:start] + content + document[end:], validate=False)
    with pytest.raises(XMLError, match="holds no message"):
        codec.message_of(codec.signed_object_of(root))


@pytest.mark.parametrize("content", [b"", b"<oadr:oadrPoll/>"])
def test_a_payload_without_an_object_is_refused(content: bytes) -> None:
    document = codec.encode(Poll(ven_id="v"))
    start, end = document.index(b"<oadr:oadrSigned"), document.index(b"</oadr:oadrPayload>")
    root = codec.parse(document[:start] + content + document[end:], validate=False)
    with pytest.raises(XMLError, match="no oadrSignedObject"):
        codec.signed_object_of(root)


def test_a_value_of_a_document_that_was_not_validated_is_invalid_data() -> None:
    document = codec.encode(Response(response=EiResponse())).replace(b">200<", b">OK<")
    root = codec.parse(document, validate=False)
    with pytest.raises(InvalidData, match="a value cannot be used"):
        codec.message_of(codec.signed_object_of(root))


def test_a_field_without_a_place_is_named() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Lost:
        where: str

    with pytest.raises(TypeError, match="field 'where' has no place"):
        rows(Lost)


def test_a_decoder_shows_its_source() -> None:
    assert "ven_id = child_1.text or ''" in str(decoder(Poll).__doc__)


def test_a_thousand_intervals_are_read_and_written() -> None:
    intervals = tuple(
        Interval(
            dtstart=NOW + timedelta(minutes=n),
            duration=timedelta(minutes=1),
            uid=str(n),
            payloads=(ReportPayload(r_id="m", value=Decimal(n) / 10),),
        )
        for n in range(1000)
    )
    report = Report(
        intervals=intervals,
        report_request_id="r",
        report_specifier_id="s",
        created_date_time=NOW,
    )
    message = UpdateReport(request_id="1", reports=(report,))
    assert codec.decode(codec.encode(message)) == message
