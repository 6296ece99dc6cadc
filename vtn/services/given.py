"""Reports that a handler gives a VEN on demand, whole and once (``on_request_report``)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from oadr import messages as m
from oadr.errors import InvalidId, ProtocolError
from oadr.replies import request_id_of
from oadr.report import Offer, check_update, findings
from vtn.desk import Caller, Desk
from vtn.services.sound import sendable, unusable

HOOK = "on_request_report"


async def reports_of_a_handler(
    desk: Desk,
    caller: Caller,
    message: m.CreateReport | m.RegisteredReport,
    wanted: Sequence[m.ReportRequest],
) -> Sequence[m.Report]:
    """Returns what a handler gives for requests of reports that are not on offer.

    Args:
        desk: the VTN.
        caller: the VEN.
        message: its message.
        wanted: those of its requests that the VTN has not offered; none is an answer, too.

    Raises:
        InvalidId: nobody has such a report (452).
        DeploymentError: what the handler gives must not be sent (469).
    """
    if not wanted:
        return ()
    given: Sequence[m.Report] | None = None
    if desk.hooks.has(HOOK):
        given = await desk.decide(HOOK, _as_creation(message), caller.context(desk))
    if given is None:
        name = wanted[0].report_specifier_id
        raise InvalidId(f"this VTN offers no report {name!r}", rule="R304")
    by_id = {one.report_request_id: one for one in wanted}
    for report in given:
        _check(desk, report, by_id)
    if given:
        ven_id = caller.registered().ven_id
        update = m.UpdateReport(request_id="0", reports=tuple(given), ven_id=ven_id)
        sendable(desk, HOOK, update)
    return given


def _as_creation(message: m.CreateReport | m.RegisteredReport) -> m.CreateReport:
    """Returns a piggybacked request as the message that it stands for (R344)."""
    if isinstance(message, m.CreateReport):
        return message
    return m.CreateReport(
        request_id=request_id_of(message), requests=message.requests, ven_id=message.ven_id
    )


def _check(desk: Desk, report: m.Report, wanted: Mapping[str, m.ReportRequest]) -> None:
    """Checks a report by the rules for whoever sends one (R300, R304, R313 to R316)."""
    request = wanted.get(report.report_request_id)
    if request is None:
        asked = ", ".join(map(repr, wanted))
        reason = f"reportRequestID {report.report_request_id!r} is none of {asked}"
        raise unusable(desk, HOOK, f"{reason} (R304)")
    offer = Offer(
        specifier_id=request.report_specifier_id,
        report_name="",
        duration=timedelta(0),
        points=(),
    )
    try:
        check_update(report, request, offer)
        found = findings(report, request, offer)
    except ProtocolError as error:
        raise unusable(desk, HOOK, error) from error
    except (TypeError, AttributeError, ValueError) as error:
        raise unusable(desk, HOOK, f"gave what is no report: {error}") from error
    if found:
        raise unusable(desk, HOOK, "; ".join(map(str, found)))
