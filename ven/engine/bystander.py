"""A Report Only VEN: what it does with events (R510).

It asks for none and holds none.

Interpretation: a VTN that sends events all the same is told so for each event that wants
an answer, with optOut and code 469, because it would repeat them otherwise. Nothing is
decided, carried out or kept, and no handler hears of it.
"""

from oadr.enums import OptType, ResponseRequired, ServiceName
from oadr.errors import DeploymentError, NotAllowed
from oadr.messages import CreatedEvent, DistributeEvent, EiResponse, EventResponse
from ven.engine.core import Core, log

_WORDS = "this VEN only reports; it has no part in events"


def refuse_if_report_only(core: Core) -> None:
    """Returns if this VEN has a part in events and opts.

    Raises:
        NotAllowed: it is a Report Only VEN.
    """
    if core.options.report_only:
        raise NotAllowed(_WORDS, rule="R510")


async def decline(core: Core, message: DistributeEvent) -> None:
    """Answers events that a Report Only VEN is sent.

    Raises:
        TransportError: they could not be answered; the VTN will send them again.
    """
    wanted = [one for one in message.events if one.response_required is ResponseRequired.ALWAYS]
    log.debug("%d events declined: %s", len(message.events), _WORDS, extra=core.extra)
    if not wanted:
        return
    answers = tuple(
        EventResponse(
            code=DeploymentError.code,
            description=_WORDS,
            request_id=message.request_id,
            event_id=event.event_id,
            modification_number=event.descriptor.modification_number,
            opt_type=OptType.OPT_OUT,
        )
        for event in wanted
    )
    answer = CreatedEvent(response=EiResponse(), responses=answers, ven_id=core.party.ven_id)
    await core.tell(ServiceName.EI_EVENT, answer)
