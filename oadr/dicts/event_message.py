"""Messages of EiEvent as openleadr's dicts, and back."""

from typing import Any

from oadr import messages as m
from oadr.dicts.defaults import Defaults
from oadr.dicts.event import event_of, event_to_dict
from oadr.dicts.node import TEXT, WHOLE, Node
from oadr.dicts.opt import OPT_TYPE
from oadr.dicts.response import maybe_response_of, response_of, response_to_dict


def request_event_to(message: m.RequestEvent) -> dict[str, Any]:
    """Returns the payload."""
    found: dict[str, Any] = {
        "request_id": message.request_id or None,
        "ven_id": message.ven_id or None,
    }
    if message.reply_limit is not None:
        found["reply_limit"] = message.reply_limit
    return found


def request_event_of(node: Node, defaults: Defaults) -> m.RequestEvent:
    """Returns the message in a payload.

    Raises:
        ValueError: nobody knows the venID, or something is not understood.
    """
    return m.RequestEvent(
        request_id=defaults.request_id(node),
        ven_id=defaults.sure_ven_of(node),
        reply_limit=node.maybe(WHOLE, "reply_limit"),
    )


def distribute_event_to(message: m.DistributeEvent) -> dict[str, Any]:
    """Returns the payload; ``events`` are there even if there is none (X13)."""
    found: dict[str, Any] = {
        "request_id": message.request_id or None,
        "vtn_id": message.vtn_id or None,
        "events": [event_to_dict(event) for event in message.events],
    }
    if message.response is not None:
        found["response"] = response_to_dict(message.response)
    return found


def distribute_event_of(node: Node, defaults: Defaults) -> m.DistributeEvent:
    """Returns the message in a payload.

    Raises:
        ValueError: nobody knows the vtnID, or an event is not understood.
    """
    return m.DistributeEvent(
        response=maybe_response_of(node),
        request_id=defaults.request_id(node),
        vtn_id=defaults.vtn_of(node),
        events=tuple(event_of(one, defaults.now) for one in node.children("events")),
    )


def created_event_to(message: m.CreatedEvent) -> dict[str, Any]:
    """Returns the payload; ``event_responses`` are there even if there is none (V6)."""
    return {
        "response": response_to_dict(message.response),
        "event_responses": [_event_response_to(one) for one in message.responses],
        "ven_id": message.ven_id or None,
    }


def _event_response_to(response: m.EventResponse) -> dict[str, Any]:
    found: dict[str, Any] = {"response_code": response.code}
    if response.description is not None:
        found["response_description"] = response.description
    found["request_id"] = response.request_id or None
    found["event_id"] = response.event_id or None
    found["modification_number"] = response.modification_number
    found["opt_type"] = str(response.opt_type)
    return found


def created_event_of(node: Node, defaults: Defaults) -> m.CreatedEvent:
    """Returns the message in a payload; R42: the single answers name the request.

    Raises:
        ValueError: nobody knows the venID, or something is not understood.
    """
    return m.CreatedEvent(
        response=response_of(node),
        responses=tuple(_event_response_of(one) for one in node.children("event_responses")),
        ven_id=defaults.sure_ven_of(node),
    )


def _event_response_of(node: Node) -> m.EventResponse:
    code = node.maybe(WHOLE, "response_code")
    return m.EventResponse(
        code=200 if code is None else code,
        description=node.maybe(TEXT, "response_description") or None,
        request_id=node.maybe(TEXT, "request_id") or "",
        event_id=node.need(TEXT, "event_id"),
        modification_number=node.maybe(WHOLE, "modification_number") or 0,
        opt_type=node.need(OPT_TYPE, "opt_type"),
    )
