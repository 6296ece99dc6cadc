"""OadrPoll: hand out what waits (R500)."""

from typing import Any

from oadr import messages as m
from oadr.errors import DeploymentError
from vtn.desk import Caller, Desk
from vtn.dispatch import mailbox


async def poll(desk: Desk, caller: Caller, message: m.Poll) -> m.Message:
    """Answers oadrPoll: the next message that waits, or oadrResponse."""
    member = caller.registered()
    caller.check_ven_id(message.ven_id)
    now = caller.received_at
    if not mailbox.nothing_waits(member, now):
        found = await mailbox.take(desk, member, now)
        if found is not None:
            if isinstance(found, m.DistributeEvent):
                await desk.hooks.notify("on_event_delivered", found.events, caller.context(desk))
            return found
    if desk.hooks.has("on_poll"):
        found = await desk.decide("on_poll", caller.context(desk))
        if found is not None:
            return _checked(found, member.ven_id)
    return m.Response(response=_OK, ven_id=member.ven_id)


#: What may come back from a poll (section 1.3).
ALLOWED = (
    m.Response,
    m.DistributeEvent,
    m.CreateReport,
    m.RegisterReport,
    m.CancelReport,
    m.UpdateReport,
    m.CancelPartyRegistration,
    m.RequestReregistration,
)

_OK = m.EiResponse(code=200, description="OK", request_id="")


def _checked(message: Any, ven_id: str) -> m.Message:
    if not isinstance(message, ALLOWED):
        raise DeploymentError(f"a poll cannot be answered with {type(message).__name__}")
    addressed = getattr(message, "ven_id", None)
    if addressed not in (None, ven_id):
        raise DeploymentError("a handler answered with a message for another VEN")
    return message


HANDLES: dict[type, Any] = {m.Poll: poll}
