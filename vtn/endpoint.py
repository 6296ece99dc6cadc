"""HTTP: authenticate, read, decode, check the signature, serve, encode.

Status codes (section 2.12): 200 for everything that was understood, also when it is
refused; 400 for a request that breaks off; 403 for a connection that proves nobody; 404
for an unknown address or an operation that does not belong there; 406 for what is not a
schema-valid message; 408 for one that does not arrive in time; 413 for what is too long;
501 for another method than POST; 503 with Retry-After for a peer that sends too much, and
while the database cannot be written; 500 for a fault of ours.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable
from functools import partial

from aiohttp import web
from lxml import etree

from oadr import codec
from oadr import messages as m
from oadr.enums import ProfileName, ServiceName
from oadr.errors import (
    NotRegistered,
    ProtocolError,
    SignatureError,
    XMLError,
)
from oadr.repair import Tolerance
from oadr.replies import refuse, ven_id_of
from runtime.http import HTTPError
from runtime.listening import may_block, send
from runtime.policy import SignaturePolicy
from vtn import knocks, lookup, paths, profile_a, tolerance
from vtn.desk import Caller, Desk
from vtn.identity import Identity
from vtn.intake import AT_ONCE, MENDED_AT_ONCE, Intake
from vtn.passing import through
from vtn.reading import Reader
from vtn.refusal import about, plain, short
from vtn.roster import Member
from vtn.services import SERVICES
from vtn.signatures import Signatures
from vtn.store import StorageError

log = logging.getLogger("openadr.vtn.endpoint")

#: Messages that come from VENs which are not registered yet.
_OPEN = (m.QueryRegistration, m.CreatePartyRegistration)
#: A document that is mended counts as one more message for each of these: that takes time.
_MENDED_BYTES_A_TOKEN = 2048


class Endpoint:
    """The HTTP side of one VTN.

    Args:
        desk: the parts of the VTN.
        signatures: its keys.
        secure: whether it listens with TLS; then only a certificate proves who calls.
    """

    def __init__(self, desk: Desk, signatures: Signatures, *, secure: bool) -> None:
        http = desk.settings.http
        self.desk = desk
        self.signatures = signatures
        self._intake = Intake(http)
        self._identity = Identity(desk, secure=secure)
        self._reader = Reader()
        prefix = http.path_prefix.rstrip("/")
        self._services = {f"{prefix}/{service}": service for service in ServiceName}
        self._path_a = paths.of_profile_a(prefix)

    def dispatch(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        """Answers one request by its address (R506, R511)."""
        path = request.path
        if path == self._path_a:
            return self.handle(profile_a.SERVICE, request, ProfileName.A)
        return self.handle(self._services.get(path), request)

    async def handle(
        self,
        service: ServiceName | None,
        request: web.BaseRequest,
        profile: ProfileName = ProfileName.B,
    ) -> web.StreamResponse:
        """Answers one request, whatever it is.

        Args:
            service: by the address; None for an address where there is none.
            request: as it came.
            profile: by the address as well.
        """
        caller = self._seen(service, self._identity.of_request(request, profile))
        sight = caller.sight
        if sight is not None and (service is None or request.method != "POST"):
            sight.target = f"{request.method} {request.path}"[:200]
        response = await self._outcome(service, caller, self._exchange(service, request, caller))
        if self._identity.may_leave_traces(request):
            response.force_close()
        if caller.later or may_block(request, response):
            await self._send(request, response, caller)
        return response

    async def answer(
        self,
        service: ServiceName,
        data: bytes,
        *,
        fingerprint: str = "",
        profile: ProfileName = ProfileName.B,
    ) -> web.Response:
        """Answers a document that came by another way than HTTP, in this process say.

        Args:
            service: that it is for.
            data: the document.
            fingerprint: of the certificate that proves who sends it; empty proves nobody.
            profile: that it is written in.
        """
        caller = self._seen(service, self._identity.of_fingerprint(fingerprint, profile))
        response = await self._outcome(service, caller, self._brought(service, data, caller))
        caller.start_later(self.desk)
        return response

    def _seen(self, service: ServiceName | None, caller: Caller) -> Caller:
        """Returns the caller of an exchange, of which the traces see where it goes."""
        sight = caller.sight
        if sight is not None:
            sight.caller, sight.service = caller, service or ""
        return caller

    async def _outcome(
        self, service: ServiceName | None, caller: Caller, exchange: Awaitable[web.Response]
    ) -> web.Response:
        """Returns what an exchange comes to, also if it fails."""
        try:
            try:
                response = await exchange
            except Exception as error:  # noqa: BLE001 - it is logged there, with its answer
                response = await self._failed(service, caller, error)
            sight = caller.sight
            if sight is not None:
                sight.over(response)
                if self.desk.traces:
                    await sight.show_response(response)
        except BaseException:
            # It is cut off: there will be no reply, and the work after it is there all the same.
            self.desk.behind = True
            caller.start_later(self.desk)
            raise
        return response

    async def _failed(
        self, service: ServiceName | None, caller: Caller, error: Exception
    ) -> web.Response:
        if isinstance(error, HTTPError):
            if caller.sight is not None:
                caller.sight.refusal = error
            repairs = await self.desk.refusals.examine(caller, error)
            return self._turn_away(error, caller, repairs)
        who = {"ven": caller.name}
        if isinstance(error, StorageError):
            self.desk.behind = True
            log.error("the database fails an exchange: %s", error, extra=who)
            self.desk.refusals.failed(caller, 503, f"the database fails: {error}")
            return plain(503, "try again later", {"Retry-After": "1"})
        reference = uuid.uuid4().hex[:12]
        log.error("fault %s in %s", reference, service, exc_info=error, extra=who)
        self.desk.refusals.failed(caller, 500, f"fault of this VTN in {service}; see its log")
        return plain(500, f"internal fault, reference {reference}")

    async def _send(
        self, request: web.BaseRequest, response: web.StreamResponse, caller: Caller
    ) -> None:
        """Sends the reply, then starts what a handler wanted to do after it."""
        seconds = self.desk.settings.http.read_timeout.total_seconds()
        try:
            if not await send(request, response, seconds=seconds):
                log.info("the peer has not read its reply", extra={"ven": caller.name})
        finally:
            caller.start_later(self.desk)

    async def _exchange(
        self, service: ServiceName | None, request: web.BaseRequest, caller: Caller
    ) -> web.Response:
        peer = caller.counted
        self._intake.check_rate(peer)
        self._identity.check(caller)
        if caller.stranger:
            caller = await self._identity.look_again(caller)
        if request.method != "POST":
            raise HTTPError(501, "only POST is implemented")
        if service is None:
            raise HTTPError(404, "there is no service at this address", rule="R511")
        data = await self._intake.read(
            service, request, peer, partial(tolerance.tolerates, self.desk, caller, "content-type")
        )
        if self._is_short(data, caller):
            response = await self._reply(service, data, caller)
        else:
            response = await self._intake.in_turn(
                peer, data, partial(self._reply, service, data, caller)
            )
        if response.body is not None and "Accept-Encoding" in request.headers:
            response.enable_compression()
        return response

    async def _brought(self, service: ServiceName, data: bytes, caller: Caller) -> web.Response:
        self._identity.check(caller)
        if caller.stranger:
            caller = await self._identity.look_again(caller)
        return await self._reply(service, data, caller)

    async def _reply(self, service: ServiceName, data: bytes, caller: Caller) -> web.Response:
        if caller.sight is not None:
            caller.sight.body = data
        try:
            if caller.profile is ProfileName.A:
                body = await profile_a.answer(self, data, caller)
            else:
                body = await self._answer(service, data, caller)
        except XMLError as error:
            raise HTTPError(406, str(error), document=data) from None
        return web.Response(body=body, content_type=codec.CONTENT_TYPE)

    async def _answer(self, service: ServiceName, data: bytes, caller: Caller) -> bytes | None:
        short = self._is_short(data, caller)
        document = self._reader.find(service, data)
        if document is None:
            longest = self._intake.longest(service)
            read = partial(
                self._reader.read,
                service,
                data,
                max_bytes=longest,
                tolerance=partial(self._put_up_with, caller, data, longest),
            )
            document = read() if short else await asyncio.to_thread(read)
        caller, message = tolerance.settle(self.desk, caller, document)
        sight = caller.sight
        if sight is not None:
            sight.request, sight.caller = message, caller
            sight.repairs = document.repairs
            if self.desk.traces:
                await sight.show_request()
        signed = False
        try:
            settle: lookup.Settle | None = None
            if self.desk.hooks.has(lookup.HOOK):
                caller, settle = await lookup.identify(self.desk, caller, message)
            if short:
                signed = self.check_signature(document.signed, caller)
            else:
                signed = await asyncio.to_thread(self.check_signature, document.signed, caller)
            if settle is not None:
                caller = await settle()
            if document.unusable is not None:
                caller.registered()
                raise document.unusable
            reply = await self.serve(message, caller)
            self._reader.keep(document)
        except SignatureError as error:
            refusal = NotRegistered(error.reason, rule=error.rule)
            reply = self.refuse(message, refusal, caller)
        except ProtocolError as error:
            if lookup.leads_back(self.desk, caller, message, error):
                reply = lookup.way_back(caller, message)
            else:
                reply = self.refuse(message, error, caller)
        if reply is None:
            return None
        if caller.sight is not None:
            caller.sight.answer = reply
        wanted = self.signs(caller.member, signed)
        return self.signatures.encode(reply, wanted, caller.received_at)

    def _is_short(self, data: bytes, caller: Caller) -> bool:
        """Returns whether reading a document holds nobody up, even if it has to be mended."""
        if len(data) <= MENDED_AT_ONCE:
            return True
        strict = tolerance.of_member(self.desk, caller.member) is Tolerance.STRICT
        return strict and len(data) <= AT_ONCE

    def _put_up_with(self, caller: Caller, data: bytes, longest: int) -> Tolerance:
        """Returns by which profile a document is read that is not valid; mending it costs."""
        found = tolerance.of_document(self.desk, caller, data, max_bytes=longest)
        if found is not Tolerance.STRICT:
            self._intake.limit.charge(caller.counted, len(data) / _MENDED_BYTES_A_TOKEN)
        return found

    async def serve(self, message: m.Message, caller: Caller) -> m.Message | None:
        """Returns the reply to a message of a proven caller, however it has come.

        Raises:
            ProtocolError: it is refused.
        """
        if not isinstance(message, _OPEN):
            caller.registered()
        member = caller.member
        if member is not None:
            self.desk.seen(member, caller.received_at)
            if type(message) is not m.Poll:
                self.desk.refusals.heard(caller, message)
        if self.desk.middleware.concerned(type(message)):
            if not isinstance(message, _OPEN):
                # The services check it, too; a middleware must be able to believe it.
                caller.check_ven_id(ven_id_of(message))
            return await through(self.desk, caller, message)
        return await SERVICES[type(message)](self.desk, caller, message)

    def _policy(self, member: Member | None) -> SignaturePolicy:
        if member is not None and member.policy is not None:
            return member.policy
        return self.desk.settings.signatures.policy

    def signs(self, member: Member | None, signed: bool) -> bool:
        """Returns whether what goes to a VEN is signed (R514).

        Args:
            member: the VEN; None for one that is not known.
            signed: whether it has signed what is answered, or said that it signs.
        """
        return (
            signed
            or self.desk.settings.signatures.always
            or self._policy(member) is SignaturePolicy.REQUIRED
        )

    def check_signature(self, root: etree._Element | None, caller: Caller) -> bool:
        """Returns whether the message is signed, and well; by the policy for this VEN (R514).

        Args:
            root: the payload; None if it is known to have no signature.
            caller: whose it must be.

        Raises:
            SignatureError: it must be signed and is not, or the signature is wrong.
        """
        policy = self._policy(caller.member)
        if policy is SignaturePolicy.IGNORED:
            return False
        if root is None or len(root) == 1:
            if policy is SignaturePolicy.REQUIRED:
                raise SignatureError("messages of this VEN must be signed")
            return False
        covered = self.signatures.verify(root, caller)
        if covered is not codec.signed_object_of(root):
            raise SignatureError("the signature does not cover the message")
        return True

    def refuse(self, message: m.Message, error: ProtocolError, caller: Caller) -> m.Message:
        """Returns the reply that fits a message and refuses it, and logs why."""
        if caller.sight is not None:
            caller.sight.refusal = error
        asks = self.desk.knocks.refused(caller, message, error)
        log.warning(
            "refused %d: %s: %s%s",
            error.code,
            codec.message_name(message),
            short(str(error)),
            knocks.hint(asks),
            extra=about(caller, error.rule, error.code, knocks.name_of(asks)),
        )
        self.desk.refusals.refused(caller, message, error)
        settings = self.desk.settings
        return refuse(
            message,
            error,
            vtn_id=settings.vtn_id,
            poll_freq=settings.registration.poll_interval,
        )

    def _turn_away(
        self, error: HTTPError, caller: Caller, repairs: tuple[str, ...]
    ) -> web.Response:
        self.desk.refusals.turned_away(caller, error, repairs)
        if not error.quiet:
            log.warning(
                "HTTP %d: %s", error.status, error, extra=about(caller, error.rule, error.status)
            )
        return plain(error.status, str(error), error.headers)
