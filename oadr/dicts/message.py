"""Which functions make a message of each type a dict, and which make a dict a message."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from oadr import messages as m
from oadr.dicts import event_message, opt, registration, report_message
from oadr.dicts.defaults import Defaults
from oadr.dicts.node import Node, plain
from oadr.dicts.number import given
from oadr.dicts.response import response_of, response_to_dict
from oadr.messages.mapping import MESSAGES
from oadr.words import quoted


def to_dict(message: m.Message) -> tuple[str, dict[str, Any]]:
    """Returns the type and the payload of a message, as openleadr's ``parse_message`` does.

    IDs are texts even if they are of digits (X2), and what openleadr sometimes has as a
    list is always one (X13); an empty text is None.
    """
    cls = type(message)
    return _NAMES[cls], _TO[cls](message)


def from_dict(
    message_type: str,
    payload: Any,
    *,
    now: datetime,
    new_id: Callable[[], str],
    vtn_id: str = "",
    ven_id: str = "",
) -> m.Message:
    """Returns the message that an application means.

    Args:
        message_type: such as ``"oadrDistributeEvent"``.
        payload: a dict with openleadr's keys, as it writes or as it reads them, or one of
            its objects; objects may stand anywhere in it. None is an empty one.
        now: taken for a missing time of creation.
        new_id: makes a requestID or another new ID where there is none.
        vtn_id: taken where there is none.
        ven_id: taken where there is none.

    Raises:
        ValueError: the type is not known, or something is missing or not understood; the
            text names its key.
    """
    read = _FROM.get(message_type)
    if read is None:
        known = ", ".join(sorted(_FROM))
        raise ValueError(f"message {quoted(str(message_type))} is not known; expected {known}")
    node = Node(plain(payload) if payload is not None else {}, message_type)
    return read(node, Defaults(now=now, new_id=new_id, vtn_id=vtn_id, ven_id=ven_id))


def _poll_to(message: m.Poll | m.RequestReregistration) -> dict[str, Any]:
    return {"ven_id": message.ven_id or None}


def _poll_of(node: Node, defaults: Defaults) -> m.Poll:
    return m.Poll(ven_id=defaults.sure_ven_of(node))


def _query_to(message: m.QueryRegistration) -> dict[str, Any]:
    return {"request_id": message.request_id or None}


def _query_of(node: Node, defaults: Defaults) -> m.QueryRegistration:
    return m.QueryRegistration(request_id=defaults.request_id(node))


def _response_to(message: m.Response) -> dict[str, Any]:
    return {"response": response_to_dict(message.response)} | given(ven_id=message.ven_id)


def _response_of(node: Node, defaults: Defaults) -> m.Response:
    return m.Response(response=response_of(node), ven_id=defaults.ven_of(node))


_NAMES = {cls: name for name, cls in MESSAGES.items()}
_TO: dict[type, Callable[[Any], dict[str, Any]]] = {
    m.CancelOpt: opt.cancel_opt_to,
    m.CancelPartyRegistration: registration.cancel_party_registration_to,
    m.CancelReport: report_message.cancel_report_to,
    m.CanceledOpt: opt.created_opt_to,
    m.CanceledPartyRegistration: registration.canceled_party_registration_to,
    m.CanceledReport: report_message.pending_to,
    m.CreateOpt: opt.create_opt_to,
    m.CreatePartyRegistration: registration.create_party_registration_to,
    m.CreateReport: report_message.create_report_to,
    m.CreatedEvent: event_message.created_event_to,
    m.CreatedOpt: opt.created_opt_to,
    m.CreatedPartyRegistration: registration.created_party_registration_to,
    m.CreatedReport: report_message.pending_to,
    m.DistributeEvent: event_message.distribute_event_to,
    m.Poll: _poll_to,
    m.QueryRegistration: _query_to,
    m.RegisterReport: report_message.register_report_to,
    m.RegisteredReport: report_message.registered_report_to,
    m.RequestEvent: event_message.request_event_to,
    m.RequestReregistration: _poll_to,
    m.Response: _response_to,
    m.UpdateReport: report_message.update_report_to,
    m.UpdatedReport: report_message.updated_report_to,
}
_FROM: dict[str, Callable[[Node, Defaults], m.Message]] = {
    "oadrCancelOpt": opt.cancel_opt_of,
    "oadrCancelPartyRegistration": registration.cancel_party_registration_of,
    "oadrCancelReport": report_message.cancel_report_of,
    "oadrCanceledOpt": opt.canceled_opt_of,
    "oadrCanceledPartyRegistration": registration.canceled_party_registration_of,
    "oadrCanceledReport": report_message.canceled_report_of,
    "oadrCreateOpt": opt.create_opt_of,
    "oadrCreatePartyRegistration": registration.create_party_registration_of,
    "oadrCreateReport": report_message.create_report_of,
    "oadrCreatedEvent": event_message.created_event_of,
    "oadrCreatedOpt": opt.created_opt_of,
    "oadrCreatedPartyRegistration": registration.created_party_registration_of,
    "oadrCreatedReport": report_message.created_report_of,
    "oadrDistributeEvent": event_message.distribute_event_of,
    "oadrPoll": _poll_of,
    "oadrQueryRegistration": _query_of,
    "oadrRegisterReport": report_message.register_report_of,
    "oadrRegisteredReport": report_message.registered_report_of,
    "oadrRequestEvent": event_message.request_event_of,
    "oadrRequestReregistration": registration.request_reregistration_of,
    "oadrResponse": _response_of,
    "oadrUpdateReport": report_message.update_report_of,
    "oadrUpdatedReport": report_message.updated_report_of,
}
