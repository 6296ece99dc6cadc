"""Messages as peers in the field write them: the mistakes are theirs, the words are ours."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from oadr import messages as m
from oadr.codec import message_of, signed_object_of
from oadr.codec.namespaces import NAMESPACES
from oadr.enums import OptType, Scale
from oadr.errors import XMLError
from oadr.messages import Message
from oadr.repair import REPAIRS, Tolerance, parse, would_help

_NAMES = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())


def payload(message: str) -> bytes:
    return (
        f"<oadr:oadrPayload {_NAMES}><oadr:oadrSignedObject>{message}"
        "</oadr:oadrSignedObject></oadr:oadrPayload>"
    ).encode()


def read(data: bytes, tolerance: Tolerance = Tolerance.REPAIR) -> tuple[Message, tuple[str, ...]]:
    with pytest.raises(XMLError):
        parse(data, Tolerance.STRICT)
    parsed = parse(data, tolerance)
    assert parsed.repairs == would_help(data)
    return message_of(signed_object_of(parsed.root)), parsed.repairs


def test_a_poll_whose_version_has_no_namespace() -> None:
    data = payload('<oadr:oadrPoll schemaVersion="2.0b"><ei:venID>7</ei:venID></oadr:oadrPoll>')
    assert read(data) == (m.Poll(ven_id="7"), ("qualify-attributes",))


def test_metadata_of_a_ven_that_names_elements_by_their_types() -> None:
    message, repairs = read(
        payload("""
        <oadr:oadrRegisterReport schemaVersion="2.0b">
          <pyld:requestID>r1</pyld:requestID>
          <oadr:oadrReport>
            <xcal:duration><oadr:duration>PT1H</oadr:duration></xcal:duration>
            <oadr:oadrReportDescription>
              <ei:rID>load</ei:rID><ei:reportType>reading</ei:reportType>
              <oadr:PowerRealType>
                <power:itemDescription>RealPower</power:itemDescription>
                <power:itemUnits>W</power:itemUnits>
              </oadr:PowerRealType>
              <ei:readingType>Direct Read</ei:readingType>
            </oadr:oadrReportDescription>
            <ei:reportSpecifierID>telemetry</ei:reportSpecifierID>
            <ei:reportName>METADATA_TELEMETRY_USAGE</ei:reportName>
            <ei:createdDateTime>2026-01-05T12:00:00.5Z</ei:createdDateTime>
          </oadr:oadrReport>
          <ei:venID>7</ei:venID>
        </oadr:oadrRegisterReport>""")
    )
    assert isinstance(message, m.RegisterReport)
    (report,) = message.reports
    assert (report.duration, report.report_request_id) == (timedelta(hours=1), "0")
    nothing = m.PowerAttributes(hertz=Decimal(0), voltage=Decimal(0), ac=True)
    assert report.descriptions[0].unit == m.Unit(
        name="powerReal", description="RealPower", units="W", scale=Scale.NONE, power=nothing
    )
    assert repairs == (
        "qualify-attributes",
        "namespace",
        "type-name",
        "fill-report-request-id",
        "fill-unit",
    )


def test_readings_of_a_ven_that_names_elements_by_their_types() -> None:
    message, repairs = read(
        payload("""
        <oadr:oadrUpdateReport ei:schemaVersion="2.0b">
          <oadr:oadrReport>
            <strm:intervals><ei:interval>
              <xcal:dtstart><xcal:date-time>2026-01-05T12:00:00Z</xcal:date-time></xcal:dtstart>
              <xcal:duration><oadr:duration>PT30S</oadr:duration></xcal:duration>
              <oadr:oadrReportPayloadType>
                <ei:rID>load</ei:rID>
                <ei:PayloadFloatType><ei:value>6.2</ei:value></ei:PayloadFloatType>
              </oadr:oadrReportPayloadType>
            </ei:interval></strm:intervals>
            <ei:reportRequestID>286</ei:reportRequestID>
            <ei:reportSpecifierID>telemetry</ei:reportSpecifierID>
            <ei:createdDateTime>2026-01-05T12:00:30Z</ei:createdDateTime>
          </oadr:oadrReport>
          <ei:venID>7</ei:venID>
        </oadr:oadrUpdateReport>""")
    )
    assert isinstance(message, m.UpdateReport)
    assert message.reports[0].intervals[0].payloads == (
        m.ReportPayload(r_id="load", value=Decimal("6.2")),
    )
    assert message.request_id == ""
    assert repairs == ("namespace", "type-name", "fill-request-id")


def test_a_unit_that_says_by_xsi_type_what_it_is() -> None:
    unit = """
      <emix:itemBase xsi:type="power:EnergyRealType">
        <power:itemDescription>RealEnergy</power:itemDescription>
        <power:itemUnits>Wh</power:itemUnits><scale:siScaleCode>K</scale:siScaleCode>
      </emix:itemBase>"""
    message, repairs = read(
        payload(f"""
        <oadr:oadrCreateReport ei:schemaVersion="2.0b">
          <pyld:requestID>r1</pyld:requestID>
          <oadr:oadrReportRequest>
            <ei:reportRequestID>q1</ei:reportRequestID>
            <ei:reportSpecifier>
              <ei:reportSpecifierID>usage</ei:reportSpecifierID>
              <xcal:granularity><xcal:duration>pt15m</xcal:duration></xcal:granularity>
              <ei:reportBackDuration><xcal:duration>PT3600.0S</xcal:duration>
              </ei:reportBackDuration>
              <ei:specifierPayload><ei:rID>main</ei:rID>{unit}
                <ei:readingType>x-notApplicable</ei:readingType></ei:specifierPayload>
            </ei:reportSpecifier>
          </oadr:oadrReportRequest>
        </oadr:oadrCreateReport>""")
    )
    assert isinstance(message, m.CreateReport)
    (request,) = message.requests
    assert request.granularity == timedelta(minutes=15)
    assert request.report_back_duration == timedelta(hours=1)
    found = request.data_points[0].unit
    assert isinstance(found, m.Unit)
    assert (found.name, found.scale) == ("energyReal", Scale.KILO)
    assert repairs == ("type-name", "value-case", "number")


def created(answer: str) -> bytes:
    return payload(f"""
        <oadr:oadrCreatedEvent>
          <pyld:eiCreatedEvent>
            <ei:eiResponse><ei:responseCode>200</ei:responseCode></ei:eiResponse>
            <ei:eventResponses><oadr:eventResponse>{answer}</oadr:eventResponse></ei:eventResponses>
            <ei:venID>7</ei:venID>
          </pyld:eiCreatedEvent>
        </oadr:oadrCreatedEvent>""")


_QUALIFIED = """<ei:qualifiedEventID><ei:eventID>15</ei:eventID>
    <ei:modificationNumber>1.0</ei:modificationNumber></ei:qualifiedEventID>"""


def test_r42_answers_in_another_namespace_without_the_empty_request_id() -> None:
    message, repairs = read(
        created(f"""<ei:responseCode>200</ei:responseCode><pyld:requestID>300</pyld:requestID>
                {_QUALIFIED}<ei:optType>OptIn</ei:optType>""")
    )
    assert isinstance(message, m.CreatedEvent)
    assert message.response.request_id == ""
    assert message.responses == (
        m.EventResponse(
            request_id="300", event_id="15", modification_number=1, opt_type=OptType.OPT_IN
        ),
    )
    assert repairs == ("namespace", "value-case", "number", "fill-request-id")


@pytest.mark.parametrize(
    ("code", "tolerance", "repair"),
    [
        ("460", Tolerance.REPAIR, "opt-none-in-refusal"),
        ("200", Tolerance.LENIENT, "opt-none"),
    ],
)
def test_an_opt_of_none_is_no_opt_in(code: str, tolerance: Tolerance, repair: str) -> None:
    data = created(f"""<ei:responseCode>{code}</ei:responseCode>
            <pyld:requestID>300</pyld:requestID>{_QUALIFIED}<ei:optType>none</ei:optType>""")
    message, repairs = read(data, tolerance)
    assert isinstance(message, m.CreatedEvent)
    assert message.responses[0].opt_type is OptType.OPT_OUT
    assert repair in repairs
    assert REPAIRS[repair].tolerance is tolerance


def test_an_answer_that_does_not_say_to_which_modification_is_not_guessed_at() -> None:
    data = created("""<ei:responseCode>200</ei:responseCode><pyld:requestID>3</pyld:requestID>
            <ei:qualifiedEventID><ei:eventID>15</ei:eventID></ei:qualifiedEventID>
            <ei:optType>optIn</ei:optType>""")
    with pytest.raises(XMLError):
        parse(data, Tolerance.LENIENT)


def test_a_registration_in_any_order_with_python_s_words() -> None:
    message, repairs = read(
        payload("""
        <oadr:oadrCreatePartyRegistration ei:schemaVersion="2.0B">
          <oadr:oadrVenName>mill</oadr:oadrVenName>
          <oadr:oadrHttpPullModel>True</oadr:oadrHttpPullModel>
          <oadr:oadrProfileName>2.0b</oadr:oadrProfileName>
          <oadr:oadrReportOnly>False</oadr:oadrReportOnly>
          <oadr:oadrXmlSignature>False</oadr:oadrXmlSignature>
          <oadr:oadrTransportName>simpleHttp</oadr:oadrTransportName>
          <pyld:requestID>r1</pyld:requestID>
        </oadr:oadrCreatePartyRegistration>""")
    )
    assert message == m.CreatePartyRegistration(
        request_id="r1", ven_name="mill", http_pull_model=True
    )
    assert repairs == ("order", "value-case")


def test_an_event_of_a_vtn_that_leaves_out_half_of_it() -> None:
    message, repairs = read(
        payload("""
        <oadr:oadrDistributeEvent schemaVersion="2.0b">
          <ei:eiResponse><ei:responseCode>200</ei:responseCode>
            <oadr:responseDescription>OK</oadr:responseDescription>
            <pyld:requestID>300</pyld:requestID></ei:eiResponse>
          <pyld:requestID>300</pyld:requestID><ei:vtnID>vtn01</ei:vtnID>
          <oadr:oadrEvent>
            <ei:eiEvent>
              <ei:eventDescriptor><ei:eventID>4</ei:eventID>
                <oadr:modificationNumber>0</oadr:modificationNumber>
                <oadr:priority>1</oadr:priority>
                <oadr:createdDateTime>2026-01-05T12:00:00</oadr:createdDateTime>
                <ei:eventStatus>far</ei:eventStatus><oadr:testEvent/></ei:eventDescriptor>
              <ei:eiActivePeriod><xcal:properties>
                <xcal:dtstart><oadr:date-time>2026-01-05T18:00:00+01:00</oadr:date-time>
                </xcal:dtstart>
                <xcal:duration><oadr:duration>PT2H</oadr:duration></xcal:duration>
                <ei:x-eiNotification><oadr:duration>PT1H</oadr:duration></ei:x-eiNotification>
              </xcal:properties></ei:eiActivePeriod>
              <ei:eiEventSignals><ei:eiEventSignal>
                <strm:intervals><ei:interval>
                  <xcal:duration><oadr:duration>PT2H</oadr:duration></xcal:duration>
                </ei:interval></strm:intervals>
                <ei:signalName>simple</ei:signalName><ei:signalType>level</ei:signalType>
              </ei:eiEventSignal></ei:eiEventSignals>
            </ei:eiEvent>
            <oadr:oadrResponseRequired>always</oadr:oadrResponseRequired>
          </oadr:oadrEvent>
        </oadr:oadrDistributeEvent>"""),
        Tolerance.LENIENT,
    )
    assert isinstance(message, m.DistributeEvent)
    (event,) = message.events
    assert event.active_period.dtstart == datetime(2026, 1, 5, 17, tzinfo=UTC)
    assert event.target == m.EVERYTHING
    assert event.signals[0].intervals[0].payloads == (m.SignalPayload(value=Decimal(1)),)
    assert repairs == (
        "qualify-attributes",
        "namespace",
        "date-time",
        "fill-empty-part",
        "fill-default",
        "fill-signal-payload",
    )


def test_what_nobody_knows_is_left_out_by_those_who_drop() -> None:
    data = payload("<oadr:oadrPoll><oadr:oadrExtra/><ei:venID>7</ei:venID></oadr:oadrPoll>")
    assert read(data, Tolerance.LENIENT) == (
        m.Poll(ven_id="7", schema_version=None),
        ("drop-unknown-element",),
    )
    with pytest.raises(XMLError):
        parse(data, Tolerance.REPAIR)


def test_a_bare_message_with_space_before_the_declaration() -> None:
    poll = f'\n <?xml version="1.0"?><oadr:oadrPoll {_NAMES}><ei:venID>7</ei:venID></oadr:oadrPoll>'
    message, repairs = read(poll.encode())
    assert message == m.Poll(ven_id="7", schema_version=None)
    assert repairs == ("leading-space", "wrap-message")


def test_r506_a_message_of_2_0a_is_not_taken_for_one_of_2_0b() -> None:
    older = "http://openadr.org/oadr-2.0a/2012/07"
    data = f"""<oadrRequestEvent xmlns="{older}" xmlns:p="{NAMESPACES["pyld"]}"
        xmlns:ei="{NAMESPACES["ei"]}"><p:eiRequestEvent><p:requestID>1</p:requestID>
        <ei:venID>7</ei:venID></p:eiRequestEvent></oadrRequestEvent>"""
    with pytest.raises(XMLError):
        parse(data.encode(), Tolerance.LENIENT)
