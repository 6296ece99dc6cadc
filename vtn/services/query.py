"""EiRegisterParty: what a VEN is told before it registers (R404)."""

from dataclasses import replace
from typing import Any

from oadr import messages as m
from oadr.replies import PROFILES, outcome
from vtn.desk import Caller, Desk
from vtn.services.sound import sendable

_HOOK = "on_query_registration"


async def query(desk: Desk, caller: Caller, message: m.QueryRegistration) -> m.Message:
    """Answers oadrQueryRegistration; IDs only for a VEN that is registered (R404)."""
    member = caller.member if caller.secure else None
    own = m.CreatedPartyRegistration(
        response=outcome(message),
        registration_id=member.registration_id if member else None,
        ven_id=member.ven_id if member and member.registered else None,
        vtn_id=desk.vtn_id,
        profiles=PROFILES,
        poll_freq=desk.settings.registration.poll_interval,
    )
    if not desk.hooks.has(_HOOK):
        return own
    return _told(desk, own, await desk.decide(_HOOK, message, caller.context(desk)))


def _told(
    desk: Desk, own: m.CreatedPartyRegistration, given: m.CreatedPartyRegistration | None
) -> m.Message:
    """Returns the VTN's answer with what a handler wants to be told in it."""
    if given is None:
        return own
    answer = replace(
        own,
        profiles=given.profiles or own.profiles,
        poll_freq=own.poll_freq if given.poll_freq is None else given.poll_freq,
        service_specific_info=given.service_specific_info,
        extensions=given.extensions,
    )
    return sendable(desk, _HOOK, answer)


HANDLES: dict[type, Any] = {m.QueryRegistration: query}
