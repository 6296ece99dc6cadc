"""What stands in for a message that is valid by the schema and holds a value that cannot be used.

Such a message is refused like any other (454), in the reply that fits it, with its
requestID; so as much of it is read as that takes.
"""

from datetime import UTC, datetime

from lxml import etree

from oadr import messages as m
from oadr.codec.namespaces import qname
from oadr.enums import OptReason, OptType

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def stand_in(signed_object: etree._Element) -> m.Message:
    """Returns a message of the same class with the same requestID and venID, and little else."""
    element = signed_object[0]
    cls = m.MESSAGES[etree.QName(element).localname]
    request_id = _text(element, "pyld:requestID")
    ven_id = _own_ven_id(element)
    if cls in (m.RegisterReport, m.UpdateReport):
        return cls(request_id=request_id, ven_id=ven_id)
    if cls is m.CreateReport:
        return m.CreateReport(request_id=request_id, ven_id=ven_id, requests=())
    if cls is m.CancelReport:
        return m.CancelReport(
            request_id=request_id, ven_id=ven_id, report_request_ids=(), report_to_follow=False
        )
    if cls is m.DistributeEvent:
        # What comes first is the requestID in the eiResponse.
        own = element.findtext(qname("pyld:requestID")) or ""
        return m.DistributeEvent(request_id=own, vtn_id=_text(element, "ei:vtnID"))
    if cls is m.RequestEvent:
        return m.RequestEvent(request_id=request_id, ven_id=ven_id)
    if cls is m.CreateOpt:
        return m.CreateOpt(
            opt_id=_text(element, "ei:optID"),
            opt_type=OptType.OPT_OUT,
            opt_reason=OptReason.NOT_PARTICIPATING,
            ven_id=ven_id,
            created_date_time=_NEVER,
            request_id=request_id,
        )
    response = m.EiResponse(request_id=request_id)
    if cls is m.CreatedEvent:
        return m.CreatedEvent(response=response, ven_id=ven_id)
    if cls in (m.RegisteredReport, m.CreatedReport, m.UpdatedReport, m.CanceledReport):
        return cls(response=response, ven_id=ven_id)
    return m.Response(response=response, ven_id=ven_id)


def _own_ven_id(element: etree._Element) -> str:
    """Returns the venID of the sender; those in targets and data sources are somebody else's."""
    tag = qname("ei:venID")
    for path in (
        tag,
        f"{qname('pyld:eiRequestEvent')}/{tag}",
        f"{qname('pyld:eiCreatedEvent')}/{tag}",
    ):
        found = element.find(path)
        if found is not None:
            return found.text or ""
    return ""


def _text(element: etree._Element, name: str) -> str:
    """Returns the first text of that name; the message's own precedes those deeper in it."""
    found = next(element.iter(qname(name)), None)
    return (found.text or "") if found is not None else ""
