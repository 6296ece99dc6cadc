"""VENs of 2.0a on the same VTN (R506): another address, another way to write the same events.

The services, the store and the hooks know one model of an event. Here a document of 2.0a
becomes a message of it, and the reply is narrowed to what 2.0a can say.
"""

from typing import TYPE_CHECKING

from oadr import codec, profile_a
from oadr import messages as m
from oadr.enums import ServiceName
from oadr.errors import InvalidData, NotRegistered, ProtocolError, SignatureError, XMLError
from oadr.replies import FROM_VEN, ven_id_of
from runtime.http import HTTPError
from vtn import lookup

if TYPE_CHECKING:
    from vtn.desk import Caller
    from vtn.endpoint import Endpoint

#: The only service.
SERVICE = ServiceName.EI_EVENT


async def answer(endpoint: "Endpoint", data: bytes, caller: "Caller") -> bytes | None:
    """Returns the document that answers one of 2.0a.

    Interpretation: a VEN that is registered for 2.0b may use this address as well, and so
    fall back by address alone (R506). Documents of 2.0a carry no signature, so a VEN whose
    messages must be signed is refused here (R514): the older profile is no way around it.

    Raises:
        HTTPError: it is no operation for a VEN (404).
        XMLError: it is no valid message of 2.0a (406).
    """
    message = _read(data, endpoint.desk.settings.http.max_body)
    if not caller.secure:
        caller = caller.as_member(endpoint.desk.roster.of_ven_id(ven_id_of(message) or ""))
    if caller.sight is not None:
        caller.sight.request, caller.sight.caller = message, caller
        if endpoint.desk.traces:
            await caller.sight.show_request()
    reply = await _reply(endpoint, message, caller)
    if reply is None:
        return None
    if caller.sight is not None:
        caller.sight.answer = reply
    return profile_a.encode(profile_a.in_profile_a(reply, caller.received_at))


def _read(data: bytes, max_bytes: int) -> m.Message:
    root = profile_a.parse(data, max_bytes=max_bytes)
    try:
        message = profile_a.message_of(root)
    except InvalidData as error:
        # Nothing that a VEN may say has room for such a value.
        raise XMLError(str(error)) from None
    if type(message) not in FROM_VEN[SERVICE]:
        text = f"{codec.message_name(message)} is no operation of {SERVICE} for a VEN"
        raise HTTPError(404, text, rule="R23")
    return message


async def _reply(endpoint: "Endpoint", message: m.Message, caller: "Caller") -> m.Message | None:
    try:
        # What would be written down is a registration, which 2.0a does not have.
        caller, _ = await lookup.identify(endpoint.desk, caller, message)
        endpoint.check_signature(None, caller)
        return await endpoint.serve(message, caller)
    except SignatureError as error:
        refusal = NotRegistered(error.reason, rule=error.rule)
        return endpoint.refuse(message, refusal, caller)
    except ProtocolError as error:
        return endpoint.refuse(message, error, caller)
