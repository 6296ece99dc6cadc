"""Messages as well-behaved parties send them, to be spoilt: they reach deepest."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from random import Random

from lxml import etree

from oadr import codec
from oadr import messages as m
from oadr.enums import OptReason, OptType
from oadr.messages import MESSAGES
from oadr.replies import PROFILES
from oadr.report import build_metadata
from tests.fuzz.damage import spoil_bytes, spoil_tree
from tests.fuzz.writing import Writer
from tests.ven.scripted import event, request
from tests.vtn.kit import readings, usage

_NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@cache
def usual(ven_id: str, registration_id: str, request_id: str, event_id: str) -> tuple[bytes, ...]:
    """Returns one document of each message, as it would be if all were well."""
    ok = m.EiResponse(request_id="q")
    metadata = build_metadata((usage(),), _NOW)
    asked = request(request_id, specifier="usage")
    again = request("rr-2", specifier="METADATA")
    data = readings(request_id, _NOW, {"main": ["1", "2", "3"]})
    answer = m.EventResponse(
        request_id="q", event_id=event_id, modification_number=0, opt_type=OptType.OPT_IN
    )
    opt = m.CreateOpt(
        opt_id="opt-1",
        opt_type=OptType.OPT_OUT,
        opt_reason=OptReason.ECONOMIC,
        ven_id=ven_id,
        created_date_time=_NOW,
        request_id="q",
        availability=(m.Period(dtstart=_NOW, duration=timedelta(hours=1)),),
        market_context="http://programme.example",
    )
    messages: list[m.Message] = [
        m.Poll(ven_id=ven_id),
        m.QueryRegistration(request_id="q"),
        m.CreatePartyRegistration(
            request_id="q", ven_id=ven_id, registration_id=registration_id, ven_name="mallory"
        ),
        m.CancelPartyRegistration(request_id="q", registration_id=registration_id, ven_id=ven_id),
        m.CanceledPartyRegistration(response=ok, registration_id=registration_id, ven_id=ven_id),
        m.CreatedPartyRegistration(
            response=ok,
            registration_id=registration_id,
            ven_id=ven_id,
            vtn_id="TH_VTN",
            profiles=PROFILES,
        ),
        m.RequestReregistration(ven_id=ven_id),
        m.RequestEvent(request_id="q", ven_id=ven_id, reply_limit=3),
        m.CreatedEvent(response=ok, responses=(answer,), ven_id=ven_id),
        m.DistributeEvent(request_id="q", vtn_id="TH_VTN", events=(event(event_id), event("e2"))),
        m.RegisterReport(request_id="q", ven_id=ven_id, reports=metadata),
        m.RegisteredReport(response=ok, ven_id=ven_id, requests=(asked,)),
        m.CreateReport(request_id="q", ven_id=ven_id, requests=(asked, again)),
        m.CreatedReport(response=ok, ven_id=ven_id, pending=(request_id,)),
        m.UpdateReport(request_id="q", ven_id=ven_id, reports=(data,)),
        m.UpdatedReport(response=ok, ven_id=ven_id),
        m.CancelReport(
            request_id="q", ven_id=ven_id, report_request_ids=(request_id,), report_to_follow=True
        ),
        m.CanceledReport(response=ok, ven_id=ven_id, pending=(request_id,)),
        opt,
        m.CreatedOpt(response=ok, opt_id="opt-1"),
        m.CancelOpt(request_id="q", opt_id="opt-1", ven_id=ven_id),
        m.CanceledOpt(response=ok, opt_id="opt-1"),
        m.Response(response=ok, ven_id=ven_id),
    ]
    return tuple(map(codec.encode, messages))


class Kind(StrEnum):
    """How a document comes to be."""

    MADE = "made by the schema"
    BYTES = "spoilt as bytes"
    TREE = "spoilt as a tree"


def spoilt(
    random: Random,
    kind: Kind,
    writer: Writer,
    documents: Sequence[bytes],
    *,
    of_a: bool = False,
) -> tuple[type, str, bytes]:
    """Returns what a message was, what was done to it, and what is left of the document.

    Args:
        random: decides.
        kind: of damage.
        writer: makes documents of unusual shapes.
        documents: usual ones.
        of_a: whether they are documents of 2.0a.
    """
    if random.random() < 0.3 and not of_a:
        document = writer.document()
        name, data = document.name, document.data
    else:
        data = random.choice(documents)
        root = etree.fromstring(data)
        name = etree.QName(root if of_a else root[-1][0]).localname
    cls = MESSAGES[name]
    spoil = spoil_bytes if kind is Kind.BYTES else spoil_tree
    how, data = spoil(random, data, random.choice(documents))
    return cls, how, data
