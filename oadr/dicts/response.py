"""``eiResponse`` as openleadr's dict, and back."""

from typing import Any

from oadr import messages as m
from oadr.dicts.node import TEXT, WHOLE, Node

_OK = "OK"


def response_to_dict(response: m.EiResponse) -> dict[str, Any]:
    """Returns code, description if there is one, and requestID; None for an empty one."""
    found: dict[str, Any] = {"response_code": response.code}
    if response.description is not None:
        found["response_description"] = response.description
    found["request_id"] = response.request_id or None
    return found


def response_of(node: Node) -> m.EiResponse:
    """Returns the response in a payload; without one, the success of its request.

    Raises:
        ValueError: something in it is not understood.
    """
    found = maybe_response_of(node)
    if found is None:
        request_id = node.maybe(TEXT, "request_id") or ""
        return m.EiResponse(code=200, description=_OK, request_id=request_id)
    return found


def maybe_response_of(node: Node) -> m.EiResponse | None:
    """Returns the response in a payload, or None.

    Raises:
        ValueError: something in it is not understood.
    """
    given = node.child("response")
    if given is None:
        return None
    code = given.maybe(WHOLE, "response_code")
    return m.EiResponse(
        code=200 if code is None else code,
        description=given.maybe(TEXT, "response_description") or None,
        request_id=given.maybe(TEXT, "request_id") or "",
    )
