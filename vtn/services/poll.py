"""OadrPoll: hand out what waits, also complete lists of events (R500, R501, R502)."""

from collections.abc import Sequence
from typing import Any

from oadr import codec
from oadr import messages as m
from oadr.codec.text import escape
from vtn.desk import Caller, Desk
from vtn.dispatch import mailbox
from vtn.roster import Member
from vtn.services import external
from vtn.services.asking import as_asked
from vtn.services.sound import sendable, unusable

_HOOK = "on_poll"


async def poll(desk: Desk, caller: Caller, message: m.Poll) -> m.Message:
    """Answers oadrPoll: the next message that waits, or oadrResponse."""
    member = caller.registered()
    caller.check_ven_id(message.ven_id)
    found = await _waiting(desk, caller, member)
    if found is None and desk.hooks.has(_HOOK):
        given = await desk.decide(_HOOK, caller.context(desk))
        if given is not None:
            found = await _brought(desk, caller, member, given)
    return found or m.Response(response=_OK, ven_id=member.ven_id)


async def _waiting(desk: Desk, caller: Caller, member: Member) -> m.Message | None:
    """Returns what the VTN has for a VEN."""
    if mailbox.nothing_waits(member, caller.received_at):
        return None
    found = await mailbox.take(desk, member, caller.received_at)
    if isinstance(found, m.DistributeEvent):
        await desk.hooks.notify("on_event_delivered", found.events, caller.context(desk))
    return found


async def _brought(desk: Desk, caller: Caller, member: Member, given: Any) -> m.Message | None:
    """Returns what a VEN gets of what a handler has for it.

    Events go through the store: a handler that returns the same ones at each poll does
    not keep a VEN polling that empties its queue.
    """
    events: Sequence[m.Event]
    if isinstance(given, list | tuple):
        events = given
    elif isinstance(given, m.Event):
        events = (given,)
    else:
        message = _checked(desk, given, member.ven_id)
        if not isinstance(message, m.DistributeEvent):
            return message
        events = message.events
    await external.take_in(desk, member, events, caller.received_at, hook=_HOOK)
    return await _waiting(desk, caller, member)


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
_NOTHING = m.Response(response=_OK, ven_id="@")
#: The document that says that nothing waits: what stands before and after the venID.
_HEAD, _TAIL = codec.encode(_NOTHING).split(b"@")


def document(reply: m.Message) -> bytes:
    """Returns a reply as it is sent; the one to most polls has been written beforehand."""
    if (
        type(reply) is m.Response
        and reply.response is _OK
        # A middleware may have made another reply of it.
        and reply.ven_id
        and reply.schema_version == _NOTHING.schema_version
    ):
        return b"".join((_HEAD, escape(reply.ven_id).encode(), _TAIL))
    return codec.encode(reply)


def _checked(desk: Desk, answer: Any, ven_id: str) -> m.Message:
    """Returns what a handler answers, once it is known that it can be sent.

    Raises:
        DeploymentError: it is none of what may come back from a poll, for another VEN,
            or does not fit the schema.
    """
    if not isinstance(answer, ALLOWED):
        raise unusable(desk, _HOOK, f"a poll cannot be answered with {type(answer).__name__}")
    addressed = getattr(answer, "ven_id", None)
    if addressed not in (None, ven_id):
        raise unusable(desk, _HOOK, f"answered with a message for another VEN, {addressed!r}")
    sendable(desk, _HOOK, answer)
    return as_asked(answer, desk.clock.now()) if isinstance(answer, m.CreateReport) else answer


HANDLES: dict[type, Any] = {m.Poll: poll}
