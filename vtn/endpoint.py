"""HTTP: authenticate, read, decode, check the signature, serve, encode.

Status codes (section 2.12): 200 for everything that was understood, also when it is
refused; 404 for an unknown address or an operation that does not belong there; 406 for
what is not a schema-valid message; 413 for what is too long; 501 for another method
than POST; 503 with Retry-After for a peer that sends too much; 500 for a fault of ours.
"""

import asyncio
import logging
import time
import uuid

from aiohttp import web
from lxml import etree

from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from oadr.errors import NotRegistered, OpenADRError, ProtocolError, SignatureError, XMLError
from oadr.replies import FROM_VEN, refuse, ven_id_of
from vtn.desk import Caller, Desk
from vtn.identity import Peers
from vtn.limits import RateLimit
from vtn.roster import Member, SignaturePolicy
from vtn.services import SERVICES
from vtn.signatures import Signatures

log = logging.getLogger("openadr.vtn.endpoint")

_XML = "application/xml"
#: Messages that come from VENs which are not registered yet.
_OPEN = (m.QueryRegistration, m.CreatePartyRegistration)


class Endpoint:
    """The HTTP side of one VTN."""

    def __init__(self, desk: Desk, signatures: Signatures) -> None:
        http = desk.settings.http
        self.desk = desk
        self.signatures = signatures
        self.peers = Peers()
        self.limit = RateLimit(rate=http.rate, burst=http.burst)
        self._read_timeout = http.read_timeout.total_seconds()
        self._max_body = {
            service: http.max_reports_body if service is ServiceName.EI_REPORT else http.max_body
            for service in ServiceName
        }

    def add_routes(self, app: web.Application) -> None:
        """Puts the services where R511 wants them, and an answer everywhere else."""
        prefix = self.desk.settings.http.path_prefix.rstrip("/")
        for service in ServiceName:
            app.router.add_route("*", f"{prefix}/{service}", self._route(service))
        app.router.add_route("*", "/{anything:.*}", _not_found)

    def _route(self, service: ServiceName):  # type: ignore[no-untyped-def]
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                return await self.handle(service, request)
            except web.HTTPException:
                raise
            except Exception:
                reference = uuid.uuid4().hex[:12]
                log.exception("fault %s in %s", reference, service)
                return _plain(500, f"internal fault, reference {reference}")

        return handle

    async def handle(self, service: ServiceName, request: web.Request) -> web.StreamResponse:
        """Answers one request."""
        if request.method != "POST":
            return _plain(501, "only POST is implemented")
        if request.content_type != _XML:
            return _plain(406, f"Content-Type must be {_XML} (R53)")
        caller = self._caller(request)
        wait = self.limit.wait(caller.fingerprint or request.remote or "", time.monotonic())
        if wait:
            log.warning("sends too much", extra={"ven": caller.name})
            return _plain(503, "too many messages", {"Retry-After": str(int(wait) + 1)})
        try:
            root = codec.parse(await self._body(service, request))
            body = await self._answer(service, root, caller)
        except XMLError as error:
            log.warning("not a message: %s", error, extra={"ven": caller.name, "code": 406})
            return _plain(406, str(error))
        except _NotHereError as error:
            return _plain(404, str(error))
        if body is None:
            return web.Response(status=200, content_type=_XML)
        response = web.Response(body=body, content_type=_XML)
        if "Accept-Encoding" in request.headers:
            response.enable_compression()
        return response

    def _caller(self, request: web.Request) -> Caller:
        now = self.desk.clock.now()
        certificate = self.peers.of(request.transport)
        if certificate is None:
            return Caller(member=None, fingerprint="", secure=False, received_at=now)
        fingerprint = certificate.fingerprint
        # TLS certificates live by the real time, whatever clock the programme runs on.
        if certificate.not_after.timestamp() < time.time():
            raise web.HTTPForbidden(text="the client certificate has expired (R516)")
        member = self.desk.roster.of_certificate(fingerprint, now)
        return Caller(member=member, fingerprint=fingerprint, secure=True, received_at=now)

    async def _body(self, service: ServiceName, request: web.Request) -> bytes:
        most = self._max_body[service]
        if (request.content_length or 0) > most:
            raise web.HTTPRequestEntityTooLarge(most, request.content_length or 0)
        try:
            async with asyncio.timeout(self._read_timeout):
                body = await request.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout(text="the request did not arrive in time") from None
        if len(body) > most:
            raise web.HTTPRequestEntityTooLarge(most, len(body))
        return body

    async def _answer(
        self, service: ServiceName, root: etree._Element, caller: Caller
    ) -> bytes | None:
        message = codec.message_of(signed_object := codec.signed_object_of(root))
        if type(message) not in FROM_VEN[service]:
            name = codec.message_name(message)
            raise _NotHereError(f"{name} is no operation of {service} for a VEN (R23, R401)")
        if not caller.secure:
            caller = self._unproven(caller, message)
        signed = False
        try:
            signed = self._check_signature(root, signed_object, caller)
            reply = await self._serve(message, caller)
        except SignatureError as error:
            refusal = NotRegistered(str(error), rule=error.rule)
            reply = self._refuse(message, refusal, caller)
        except ProtocolError as error:
            reply = self._refuse(message, error, caller)
        if reply is None:
            return None
        return self.signatures.encode(reply, self._signs(caller.member, signed), caller.received_at)

    def _unproven(self, caller: Caller, message: m.Message) -> Caller:
        """Returns the caller that a message on plain HTTP claims to be."""
        member = self.desk.roster.of_ven_id(ven_id_of(message) or "")
        return Caller(member=member, fingerprint="", secure=False, received_at=caller.received_at)

    async def _serve(self, message: m.Message, caller: Caller) -> m.Message | None:
        if not isinstance(message, _OPEN):
            caller.registered()
        member = caller.member
        if member is not None:
            self.desk.seen(member, caller.received_at)
        return await SERVICES[type(message)](self.desk, caller, message)

    def _policy(self, member: Member | None) -> SignaturePolicy:
        if member is not None and member.policy is not None:
            return member.policy
        return self.desk.settings.signatures.policy

    def _signs(self, member: Member | None, signed: bool) -> bool:
        return signed or self._policy(member) is SignaturePolicy.REQUIRED

    def _check_signature(
        self, root: etree._Element, signed_object: etree._Element, caller: Caller
    ) -> bool:
        """Returns whether the message is signed, and well; by the policy for this VEN (R514).

        Raises:
            SignatureError: it must be signed and is not, or the signature is wrong.
        """
        policy = self._policy(caller.member)
        if policy is SignaturePolicy.IGNORED:
            return False
        if len(root) == 1:
            if policy is SignaturePolicy.REQUIRED:
                raise SignatureError("messages of this VEN must be signed")
            return False
        covered = self.signatures.verify(root, caller)
        if covered is not signed_object:
            raise SignatureError("the signature does not cover the message")
        return True

    def _refuse(self, message: m.Message, error: ProtocolError, caller: Caller) -> m.Message:
        log.warning(
            "refused %d: %s: %s",
            error.code,
            codec.message_name(message),
            error,
            extra={
                "ven": caller.name,
                "rule": error.rule,
                "code": error.code,
                "fingerprint": caller.fingerprint,
            },
        )
        settings = self.desk.settings
        return refuse(
            message,
            error,
            vtn_id=settings.vtn_id,
            poll_freq=settings.registration.poll_interval,
        )


class _NotHereError(OpenADRError):
    """The message is an operation, and not one of this address."""


async def _not_found(request: web.Request) -> web.StreamResponse:
    if request.method != "POST":
        return _plain(501, "only POST is implemented")
    return _plain(404, "there is no service at this address (R511)")


def _plain(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=text + "\n", headers=headers)
