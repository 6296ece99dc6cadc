"""Who calls: what a connection proves, before a byte of the body is looked at."""

import time
from asyncio import BaseTransport
from typing import TYPE_CHECKING

from aiohttp import web

from certs.peers import PeerCertificate, Peers
from certs.standing import OwnEnd
from oadr.enums import ProfileName
from runtime.capture.record import Proof
from runtime.http import HTTPError
from vtn import upkeep
from vtn.desk import Caller, Desk
from vtn.refusal import unidentified
from vtn.sight import Sight

if TYPE_CHECKING:
    from vtn.proxy.gate import Gate


class Identity:
    """Tells callers by what proves them; nothing in a message can make one another.

    Args:
        desk: the parts of the VTN.
        secure: whether only a certificate proves who calls.
    """

    def __init__(self, desk: Desk, *, secure: bool) -> None:
        self._desk = desk
        self._secure = secure
        tls = desk.settings.tls
        own = OwnEnd(*(one for one in (tls.certificate, tls.rsa_certificate) if one is not None))
        self._peers = Peers(crl=tls.crl, own=own) if secure else Peers()
        self._gate = _gate_of(desk, self._peers)

    def of_request(self, request: web.BaseRequest, profile: ProfileName) -> Caller:
        """Returns who has sent a request, as far as the connection proves it.

        Behind a proxy that is what the header of a listed one says.

        Args:
            request: as it came.
            profile: by its address.
        """
        now = self._desk.clock.now()
        certificate, refusal = self._shown(request)
        proven = certificate is not None and refusal is None and not certificate.expired
        fingerprint = certificate.fingerprint if certificate is not None else ""
        member = self._desk.roster.of_certificate(fingerprint, now) if proven else None
        if member is not None and certificate is not None:
            self._desk.shown.note(certificate, now)
        return Caller(
            member=member,
            fingerprint=fingerprint,
            secure=proven,
            received_at=now,
            later=[],
            profile=profile,
            certificate=certificate,
            peer="" if member is not None else self._origin(request),
            sight=self._sight("TLS" if self._gate is None else "proxy"),
            refusal=refusal,
        )

    def of_fingerprint(self, fingerprint: str, profile: ProfileName) -> Caller:
        """Returns who has sent a document that came by another way than HTTP.

        Args:
            fingerprint: of the certificate that proves who it is; empty proves nobody.
            profile: that the document is written in.
        """
        now = self._desk.clock.now()
        proven = bool(fingerprint)
        return Caller(
            member=self._desk.roster.of_certificate(fingerprint, now) if proven else None,
            fingerprint=fingerprint,
            secure=proven,
            received_at=now,
            later=[],
            profile=profile,
            sight=self._sight("local"),
        )

    def _sight(self, proof: Proof) -> Sight | None:
        """Returns what the traces see of an exchange; None if there are none."""
        desk = self._desk
        return Sight(desk, time.perf_counter(), proof) if desk.traces.watched else None

    def check(self, caller: Caller) -> None:
        """Checks that there is a proof where one is needed.

        Raises:
            HTTPError: 403, there is none, or 400, a proxy does not tell it right (R516, R517).
        """
        if self._secure and not caller.secure:
            raise caller.refusal or unidentified(caller)

    async def look_again(self, caller: Caller) -> Caller:
        """Returns a stranger as the VEN that it may have become meanwhile.

        A VEN that uses its new certificate as soon as it has it must not be told that it
        is not enrolled: it would start over.
        """
        await upkeep.watch(self._desk)
        roster = self._desk.roster
        return caller.as_member(roster.of_certificate(caller.fingerprint, caller.received_at))

    def may_leave_traces(self, request: web.BaseRequest) -> bool:
        """Returns whether nothing may follow a request on its connection, which others share.

        aiohttp takes the last trailer of a body in chunks for the first header of the next
        request. A client writes trailers, and a proxy may pass them on as they are: one VEN
        could say who another is (R517).
        """
        return self._gate is not None and "Transfer-Encoding" in request.headers

    def _shown(self, request: web.BaseRequest) -> tuple[PeerCertificate | None, HTTPError | None]:
        if not self._secure:
            return None, None
        if self._gate is None:
            return self._direct(request.transport)
        try:
            return self._gate.certificate_of(request), None
        except HTTPError as error:
            return None, error

    def _direct(
        self, transport: BaseTransport | None
    ) -> tuple[PeerCertificate | None, HTTPError | None]:
        certificate = self._peers.of(transport)
        fault = self._peers.fault(certificate) if certificate is not None else ""
        return certificate, HTTPError(403, fault, rule="R516") if fault else None

    def _origin(self, request: web.BaseRequest) -> str:
        return (request.remote or "") if self._gate is None else self._gate.origin(request)


def _gate_of(desk: Desk, peers: Peers) -> "Gate | None":
    if desk.settings.proxy is None:
        return None
    from vtn.proxy.gate import Gate

    return Gate.from_settings(desk.settings, peers)
