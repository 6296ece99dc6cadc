"""Whatever the schema allows a peer to send decodes.

The documents come from the XSD files themselves. Only a date or a duration that no clock
can hold may be refused, and must be.
"""

import os
import re
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from oadr import codec
from oadr.errors import InvalidData
from oadr.messages import MESSAGES
from tests.fuzz.writing import Writer
from tests.oadr.strategies import plain

EXAMPLES = int(os.environ.get("OADR_EXAMPLES", "20"))
#: Elements that hold a date-time, and those that hold a duration.
DATES = {"date-time", "createdDateTime", "modificationDateTime"}
DURATIONS = {"duration", "startafter", "oadrMinPeriod", "oadrMaxPeriod"}
#: What the codec carries and does not interpret.
OPAQUE = {"feed", "FeatureCollection", "components"}
LONGEST = 999_999_999 * 86400


def impossible(element: etree._Element) -> list[str]:
    """Returns the dates and durations in an element that no ``datetime`` can hold."""
    found = []
    for child in element:
        name = etree.QName(child).localname
        text = child.text or ""
        if (name in DATES and beyond_calendar(text.strip())) or (
            name in DURATIONS and len(child) == 0 and beyond_clock(text)
        ):
            found.append(text)
        if name not in OPAQUE or child.getparent().tag.endswith("}vavailability"):
            found += impossible(child)
    return found


def beyond_calendar(text: str) -> bool:
    return text.startswith(("-", "9999-12-31T24"))


def beyond_clock(text: str) -> bool:
    match = re.fullmatch(r"([+-]?)P(\d+Y)?(\d+M)?(\d+D)?T?(\d+H)?(\d+M)?(\d+S)?|(\d+W)", text)
    assert match, text
    sign, *parts = match.groups()
    numbers = [(part or "0")[:-1].lstrip("0") or "0" for part in parts]
    if max(map(len, numbers)) > 20:
        return True
    years, months, days, hours, minutes, seconds, weeks = map(int, numbers)
    total = (years * 360 + months * 30 + days + weeks * 7) * 86400
    total += hours * 3600 + minutes * 60 + seconds
    return total > LONGEST if sign == "-" else total >= LONGEST + 86400


@pytest.mark.parametrize("name", sorted(MESSAGES))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_whatever_the_schema_allows_decodes_and_can_be_written_again(name: str, seed: int) -> None:
    document = Writer(random=Random(seed), coverage=None).document(name).data
    root = codec.parse(document)
    signed_object = codec.signed_object_of(root)
    if impossible(signed_object):
        with pytest.raises(InvalidData) as refusal:
            codec.message_of(signed_object)
        assert (refusal.value.code, refusal.value.rule) == (454, "R1")
        return
    message = codec.message_of(signed_object)
    assert codec.message_name(message) == name
    assert plain(codec.decode(codec.encode(message))) == plain(message)


@pytest.mark.parametrize("text", ["1e", "1e+"])
def test_a_number_that_only_the_parser_takes_for_one_is_refused(text: str) -> None:
    """libxml2 accepts some texts that the schema language does not."""
    document = f"""<p:oadrPayload xmlns:p="http://openadr.org/oadr-2.0b/2012/07"
      xmlns:e="http://docs.oasis-open.org/ns/energyinterop/201110"
      xmlns:y="http://docs.oasis-open.org/ns/energyinterop/201110/payloads"
      xmlns:x="urn:ietf:params:xml:ns:icalendar-2.0"
      xmlns:s="urn:ietf:params:xml:ns:icalendar-2.0:stream"><p:oadrSignedObject>
      <p:oadrUpdateReport><y:requestID/><p:oadrReport><s:intervals><e:interval>
      <p:oadrReportPayload><e:rID/><e:payloadFloat><e:value>{text}</e:value></e:payloadFloat>
      </p:oadrReportPayload></e:interval></s:intervals><e:reportRequestID/>
      <e:reportSpecifierID/><e:createdDateTime>2024-06-01T12:00:00Z</e:createdDateTime>
      </p:oadrReport></p:oadrUpdateReport></p:oadrSignedObject></p:oadrPayload>"""
    with pytest.raises(InvalidData, match="a value cannot be used"):
        codec.decode(document.encode())


FEED = """<p:oadrPayload xmlns:p="http://openadr.org/oadr-2.0b/2012/07" xmlns:f="{uri}"
  xmlns:e="http://docs.oasis-open.org/ns/energyinterop/201110"
  xmlns:y="http://docs.oasis-open.org/ns/energyinterop/201110/payloads"
  xmlns:s="urn:ietf:params:xml:ns:icalendar-2.0:stream"
  xmlns:a="http://www.w3.org/2005/Atom"><p:oadrSignedObject><p:oadrUpdateReport><y:requestID/>
  <p:oadrReport><s:intervals><e:interval><p:oadrGBPayload><a:feed><a:generator>x</a:generator>
  </a:feed></p:oadrGBPayload></e:interval></s:intervals><e:reportRequestID/>
  <e:reportSpecifierID/><e:createdDateTime>2024-06-01T12:00:00Z</e:createdDateTime>
  </p:oadrReport></p:oadrUpdateReport></p:oadrSignedObject></p:oadrPayload>"""


def test_a_namespace_without_a_canonical_form_does_no_harm_where_it_is_not_used() -> None:
    message = codec.decode(FEED.format(uri="relative").encode())
    assert b"relative" not in codec.encode(message)
    assert b"<a:generator>x</a:generator>" in codec.encode(message)


def test_what_only_a_validating_parser_takes_for_a_namespace_is_refused() -> None:
    with pytest.raises(InvalidData, match="a namespace is not an absolute URI"):
        codec.decode(FEED.format(uri="http://a-->b").encode())
