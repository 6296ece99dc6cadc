"""Whether what a handler made can be sent: a handler is not ours."""

import logging
from typing import TypeVar

from oadr import codec
from oadr import messages as m
from oadr.errors import DeploymentError
from vtn.desk import Desk

log = logging.getLogger("openadr.vtn")

M = TypeVar("M", bound=m.Message)


def sendable(desk: Desk, hook: str, message: M) -> M:
    """Returns a message, once it is known to make a valid document.

    Args:
        desk: the VTN.
        hook: whose handler made it or a part of it, for the log.
        message: what would be sent.

    Raises:
        DeploymentError: it does not fit the schema (469).
    """
    try:
        codec.decode(codec.encode(message))
    except Exception as error:
        raise unusable(desk, hook, f"gave what cannot be sent: {error}") from error
    return message


def unusable(desk: Desk, hook: str, reason: object) -> DeploymentError:
    """Returns the error for an answer of a handler that cannot be used, and logs why."""
    log.error("handler %s for %s: %s", ", ".join(desk.hooks.handlers(hook)), hook, reason)
    return DeploymentError(f"a handler of this VTN failed in {hook}")
