"""Answers by HTTP alone, to what is no message that could be answered by another."""

from aiohttp import web

from oadr.enums import ServiceName
from runtime.http import HTTPError
from vtn.desk import Caller


def unidentified(caller: Caller) -> HTTPError:
    """Returns the answer to whoever proves nothing where a certificate is the proof.

    That includes a connection that was closed before its request is looked at: its
    certificate is gone, and the message must not speak for itself.
    """
    if caller.fingerprint:
        return HTTPError(403, "the client certificate has expired", rule="R516")
    return HTTPError(403, "the connection has no client certificate", rule="R517")


def too_long(service: ServiceName, most: int) -> HTTPError:
    """Returns the answer to a document that is longer than is taken."""
    return HTTPError(413, f"a message to {service} has at most {most} bytes")


def about(caller: Caller, rule: str, code: int, name: str = "") -> dict[str, object]:
    """Returns what a log line says beside its words; a name is for whoever has none yet."""
    return {
        "ven": short(name or caller.name),
        "rule": rule,
        "code": code,
        "fingerprint": caller.fingerprint,
    }


def short(text: str, most: int = 400) -> str:
    """Returns the beginning of a text that a peer may have made long."""
    return text if len(text) <= most else text[:most] + "..."


def plain(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    """Returns a response of one line of text; nothing follows one to whom nothing is proven."""
    response = web.Response(status=status, text=text + "\n", headers=headers)
    if status == 403:
        # R516: the connection ends, and only another handshake makes one that is believed.
        response.force_close()
    return response
