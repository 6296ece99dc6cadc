"""Unusual messages that are valid by the schema need no repair, whoever reads them."""

import pytest

from oadr.codec import message_of, signed_object_of
from oadr.codec.namespaces import NAMESPACES
from oadr.repair import Tolerance, parse

_NAMES = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
_REPORT = """<ei:reportRequestID>0</ei:reportRequestID>
    <ei:reportSpecifierID>s</ei:reportSpecifierID>
    <ei:createdDateTime>2026-01-05T12:00:00</ei:createdDateTime>"""

#: What is unusual -> message.
UNUSUAL = {
    "an oadrCreatedEvent without eventResponses": """<oadr:oadrCreatedEvent><pyld:eiCreatedEvent>
        <ei:eiResponse><ei:responseCode>200</ei:responseCode><pyld:requestID/></ei:eiResponse>
        <ei:venID>7</ei:venID></pyld:eiCreatedEvent></oadr:oadrCreatedEvent>""",
    "an oadrCreatedEvent with an empty list of answers": """<oadr:oadrCreatedEvent>
        <pyld:eiCreatedEvent><ei:eiResponse><ei:responseCode>200</ei:responseCode>
        <pyld:requestID/></ei:eiResponse><ei:eventResponses/><ei:venID>7</ei:venID>
        </pyld:eiCreatedEvent></oadr:oadrCreatedEvent>""",
    "an update without a report": """<oadr:oadrUpdateReport><pyld:requestID>1</pyld:requestID>
        </oadr:oadrUpdateReport>""",
    "an update without intervals, without Z, without a version": f"""<oadr:oadrUpdateReport>
        <pyld:requestID/><oadr:oadrReport>{_REPORT}</oadr:oadrReport><ei:venID/>
        </oadr:oadrUpdateReport>""",
    "metadata without a unit and a sampling rate": f"""<oadr:oadrRegisterReport>
        <pyld:requestID>1</pyld:requestID><oadr:oadrReport><oadr:oadrReportDescription>
        <ei:rID>a</ei:rID><ei:reportType>usage</ei:reportType><ei:readingType>Net</ei:readingType>
        </oadr:oadrReportDescription>{_REPORT}</oadr:oadrReport></oadr:oadrRegisterReport>""",
    "metadata without a report": """<oadr:oadrRegisterReport><pyld:requestID>1</pyld:requestID>
        </oadr:oadrRegisterReport>""",
    "comments, CDATA and processing instructions": """<oadr:oadrPoll><!-- me --><ei:venID
        ><![CDATA[7]]><?x y?></ei:venID></oadr:oadrPoll>""",
    "a schemaLocation": """<oadr:oadrPoll xsi:schemaLocation="urn:x x.xsd"><ei:venID>7</ei:venID>
        </oadr:oadrPoll>""",
    "a default namespace": f"""<oadrPoll xmlns="{NAMESPACES["oadr"]}"><venID
        xmlns="{NAMESPACES["ei"]}">7</venID></oadrPoll>""",
    "a prefix that stands for something else elsewhere": f"""<oadr:oadrPoll><oadr:venID
        xmlns:oadr="{NAMESPACES["ei"]}">7</oadr:venID></oadr:oadrPoll>""",
    "a version of its own": """<oadr:oadrPoll ei:schemaVersion=" x-vendor "><ei:venID>7</ei:venID>
        </oadr:oadrPoll>""",
    "booleans as digits and space around values": """<oadr:oadrCreatePartyRegistration>
        <pyld:requestID>1</pyld:requestID><oadr:oadrProfileName>2.0b</oadr:oadrProfileName>
        <oadr:oadrTransportName>simpleHttp</oadr:oadrTransportName>
        <oadr:oadrReportOnly> 0 </oadr:oadrReportOnly><oadr:oadrXmlSignature>
        1</oadr:oadrXmlSignature></oadr:oadrCreatePartyRegistration>""",
}


@pytest.mark.parametrize("message", UNUSUAL.values(), ids=UNUSUAL.keys())
@pytest.mark.parametrize("tolerance", Tolerance)
def test_what_is_valid_is_read_as_it_came(message: str, tolerance: Tolerance) -> None:
    data = f"""<?xml version="1.0" standalone="yes"?><!-- a vendor -->
        <oadr:oadrPayload {_NAMES}><oadr:oadrSignedObject>{message}</oadr:oadrSignedObject>
        </oadr:oadrPayload><!-- the end -->\n"""
    parsed = parse(data.encode(), tolerance)
    assert parsed.repairs == ()
    assert parsed.received is parsed.root
    message_of(signed_object_of(parsed.root))
