"""What an application knows of VENs: ``ven_lookup``, ``fingerprint_lookup``."""

import logging
from collections.abc import Mapping
from typing import Any

from runtime.hooks import HandlerError, describe
from vtn.compat.calling import Function, WrongReturn, fitted, named, settled
from vtn.compat.setting import Setting
from vtn.hooks import Context, Known

log = logging.getLogger("openadr.vtn.compat")

_KNOWN = "a dict with ven_id, ven_name, fingerprint and registration_id, or None"


def ven(function: Function, setting: Setting | None = None) -> Function | None:
    """``ven_lookup(ven_id)``; a VEN without a registration_id has to register again."""
    call = fitted(function, "ven_id")
    if call is None:
        return None

    async def ven_lookup(ven_id: str, ctx: Context) -> Known | None:
        found = await settled(call(ven_id))
        if found is None or isinstance(found, Known):
            return found
        if not isinstance(found, Mapping):
            raise WrongReturn(found, _KNOWN)
        return _known(found)

    return named(ven_lookup, function)


def _known(found: Mapping[str, Any]) -> Known:
    registration_id = _text(found, "registration_id")
    return Known(
        ven_name=_text(found, "ven_name"),
        fingerprint=_text(found, "fingerprint"),
        registration_id=registration_id,
        registered=bool(registration_id),
    )


def _text(found: Mapping[str, Any], key: str) -> str:
    value = found.get(key)
    return "" if value is None else str(value)


def fingerprint(function: Function) -> Function | None:
    """``fingerprint_lookup(ven_id)``: the certificate of a VEN, and nothing else of it."""
    call = fitted(function, "ven_id")
    if call is None:
        return None

    async def fingerprint_lookup(ven_id: str, ctx: Context) -> Known | None:
        if not ctx.fingerprint:
            # Without TLS there is nothing to compare with, and openleadr does not ask.
            return Known()
        found = await settled(call(ven_id))
        if found and not isinstance(found, str):
            raise WrongReturn(found, "a fingerprint or None")
        return Known(fingerprint=found) if found else None

    return named(fingerprint_lookup, function)


def chosen(ven_lookup: Function | None, fingerprint_lookup: Function | None) -> Function | None:
    """Returns the lookup of a server as a typed hook; None if it has none.

    Raises:
        HandlerError: it cannot be called with a venID.
    """
    if ven_lookup is not None:
        return _fit("ven_lookup", ven_lookup, ven(ven_lookup))
    if fingerprint_lookup is not None:
        return _fit("fingerprint_lookup", fingerprint_lookup, fingerprint(fingerprint_lookup))
    return None


def _fit(name: str, function: Function, typed: Function | None) -> Function:
    if typed is None:
        raise HandlerError(
            f"{describe(function)} does not fit; expected a function or coroutine function "
            f"{name}(ven_id)"
        )
    return typed
