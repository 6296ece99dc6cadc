"""OpenLEADR's errors, which handlers raise to refuse, as ours."""

from oadr.errors import ProtocolError, error_for_code

_MODULE = "openleadr.errors"


def protocol_error_of(error: BaseException) -> ProtocolError | None:
    """Returns the refusal that a handler of OpenLEADR's means; None for any other error.

    Such an error has the attributes ``response_code``, 400 to 499, and
    ``response_description``; its class comes from OpenLEADR's or is one of them.
    """
    ancestors = type(error).__mro__
    if not any(c.__module__ == _MODULE and c.__name__ == "ProtocolError" for c in ancestors):
        return None
    code = getattr(error, "response_code", None)
    if not isinstance(code, int) or not 400 <= code <= 499:
        return None
    return error_for_code(int(code))(str(getattr(error, "response_description", "") or error))
