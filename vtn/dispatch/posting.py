"""One message to a VEN that listens: written, signed, sent; its answer read and checked.

How the bytes travel is somebody else's business: ``vtn.dispatch.https`` has the way over
the network.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Protocol

from certs.peers import PeerCertificate
from oadr import codec, profile_a
from oadr import messages as m
from oadr.enums import ServiceName
from oadr.errors import InvalidData, SignatureError, XMLError
from oadr.repair import Parsed, Tolerance, parse
from runtime.trace import Traffic
from vtn.desk import Caller, Desk
from vtn.dispatch.pushed import Pushed
from vtn.dispatch.undelivered import Undelivered
from vtn.roster import Member
from vtn.tolerance import of_member

if TYPE_CHECKING:
    from vtn.endpoint import Endpoint

#: Longest answer that is read, bytes; they are short.
MAX_BYTES = 1024 * 1024
#: A longer one is read beside the event loop, in bytes.
_AT_ONCE = 4 * 1024

#: What statuses mean that end a message, and those that people can do something about.
_FINAL = {
    404: "it does not support the operation",
    405: "it does not take POST",
    406: "it finds the message invalid",
    413: "it finds the message too large",
    501: "it does not implement the operation",
}
_WORDS = {
    403: "it does not let this VTN in; does it know the VTN's certificate?",
    500: "it has a fault",
    503: "it is busy",
}
_LATER = {401, 403, 407, 408, 421, 425, 429}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back from a VEN.

    Attributes:
        status: of HTTP.
        body: of the response.
        headers: of the response, names without regard to case.
        fingerprint: of the certificate that the VEN has shown; empty if none was.
        certificate: itself (DER); None if none was.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str = ""
    certificate: bytes | None = field(default=None, repr=False)


class Post(Protocol):
    """Brings a document to a VEN."""

    async def __call__(self, member: Member, service: ServiceName, body: bytes) -> Reply:
        """Returns what comes back, whatever its status.

        Raises:
            Undelivered: nothing came back.
        """


class Posting:
    """Delivers messages as documents; a ``vtn.dispatch.undelivered.Deliver``.

    Args:
        desk: the VTN.
        endpoint: signs, and checks signatures.
        post: brings the documents there.
    """

    def __init__(self, desk: Desk, endpoint: "Endpoint", post: Post) -> None:
        self._desk = desk
        self._endpoint = endpoint
        self._post = post

    async def __call__(
        self, member: Member, service: ServiceName, message: m.Message
    ) -> m.Message | None:
        """Returns the VEN's answer; None for an empty one.

        Raises:
            Undelivered: it did not get through, or the answer cannot be used.
        """
        body = self._written(member, message)
        now = self._desk.clock.now()
        pushed = Pushed(member=member, service=service, message=message, body=body, at=now)
        try:
            answer = await self._delivered(pushed)
        except Undelivered as error:
            pushed.keep(self._desk, error=error)
            raise
        pushed.keep(self._desk, answer=answer)
        return answer

    async def _delivered(self, pushed: Pushed) -> m.Message | None:
        member, service, body = pushed.member, pushed.service, pushed.body
        name = codec.message_name(pushed.message)
        await self._show(member, "out", service=service, body=body, message=name)
        reply = await self._post(member, service, body)
        if reply.certificate is not None:
            shown = PeerCertificate(
                fingerprint=reply.fingerprint, not_after=None, der=reply.certificate
            )
            self._desk.shown.note(shown, self._desk.clock.now())
        pushed.status, pushed.response = reply.status, reply.body
        pushed.fingerprint = reply.fingerprint
        if reply.status not in (200, 202, 204):
            await self._show(member, "in", service=service, body=reply.body, status=reply.status)
            raise _refusal(reply)
        if not reply.body.strip():
            await self._show(member, "in", service=service, body=b"", status=reply.status)
            return None
        try:
            answer, pushed.repairs = await self._read(member, reply)
        except Undelivered:
            await self._show(member, "in", service=service, body=reply.body, status=reply.status)
            raise
        name = codec.message_name(answer)
        await self._show(
            member, "in", service=service, body=reply.body, status=reply.status, message=name
        )
        return answer

    def _written(self, member: Member, message: m.Message) -> bytes:
        """Returns the document for a message, in the profile that the VEN speaks (R506).

        Raises:
            Undelivered: it must be signed, and 2.0a cannot say so (R514).
        """
        endpoint, now = self._endpoint, self._desk.clock.now()
        if not member.admitted:
            return endpoint.signatures.encode(message, endpoint.signs(member, member.signs), now)
        try:
            endpoint.check_signature(None, self._caller(member, ""))
        except SignatureError as error:
            raise Undelivered(f"2.0a has no signatures: {error.reason}", rule="R514") from error
        return profile_a.encode(profile_a.in_profile_a(message, now))

    def _caller(self, member: Member, fingerprint: str) -> Caller:
        return Caller(
            member=member,
            fingerprint=fingerprint,
            secure=bool(fingerprint),
            received_at=self._desk.clock.now(),
        )

    async def _read(self, member: Member, reply: Reply) -> tuple[m.Message, tuple[str, ...]]:
        """Returns the answer, and what had to be mended of it by the profile of the VEN."""
        caller = self._caller(member, reply.fingerprint)
        try:
            if member.admitted:
                return profile_a.decode(reply.body, max_bytes=MAX_BYTES), ()
            found = await _parsed(reply.body, of_member(self._desk, member))
            answer = codec.message_of(codec.signed_object_of(found.root))
            self._endpoint.check_signature(found.signed, caller)
        except (XMLError, InvalidData) as error:
            raise Undelivered(f"its answer is no message: {error}", garbled=True) from error
        except SignatureError as error:
            text = f"its answer cannot be believed: {error.reason}"
            raise Undelivered(text, garbled=True, rule="R514") from error
        self._desk.repairs.done(caller, found.repairs)
        return answer, found.repairs

    async def _show(
        self,
        member: Member,
        direction: str,
        *,
        service: str,
        body: bytes,
        status: int | None = None,
        message: str = "",
    ) -> None:
        """Lets the traces see a document."""
        if not self._desk.traces:
            return
        await self._desk.traces.show(
            Traffic(
                direction="out" if direction == "out" else "in",
                service=service,
                peer=member.ven_name,
                fingerprint=next(iter(member.certificates), ""),
                at=self._desk.clock.now(),
                status=status,
                body=body,
                message=message,
            )
        )


async def _parsed(body: bytes, tolerance: Tolerance) -> Parsed:
    """Returns the document in an answer; one that may take long to mend holds nobody up."""
    if len(body) <= _AT_ONCE:
        return parse(body, tolerance, max_bytes=MAX_BYTES)
    return await asyncio.to_thread(parse, body, tolerance, max_bytes=MAX_BYTES)


def _refusal(reply: Reply) -> Undelivered:
    """Returns what an HTTP status other than success means (section 2.12).

    Interpretation: 404, 406 and 501 end a message; so do 405 and 413, which say the same,
    and what else is a fault of the request by HTTP. A VEN that does not let the VTN in, that
    sends it elsewhere, or that has a fault of its own is tried again.
    """
    status = reply.status
    words = _FINAL.get(status) or _WORDS.get(status, "")
    text = f"HTTP {status}: {words}" if words else f"HTTP {status}"
    client_fault = 400 <= status < 500 and status not in _LATER
    final = status in _FINAL or client_fault
    return Undelivered(text, final=final, retry_after=_seconds(reply.headers.get("Retry-After")))


def _seconds(value: str | None) -> float | None:
    """Returns how long Retry-After says, in seconds; None if it says nothing that can be read."""
    if value is None or len(value) > 64:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    # The VEN's clock and this machine's, not that of a test.
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)
