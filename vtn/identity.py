"""Who calls: what a connection proves, before a byte of the body is looked at."""

from typing import TYPE_CHECKING

from aiohttp import web

from certs.peers import PeerCertificate, Peers
from oadr.enums import ProfileName
from vtn import upkeep
from vtn.desk import Caller, Desk
from vtn.refusal import unidentified

if TYPE_CHECKING:
    from datetime import datetime


class Identity:
    """Tells callers by what proves them; nothing in a message can make one another.

    Args:
        desk: the parts of the VTN.
        secure: whether only a certificate proves who calls.
    """

    def __init__(self, desk: Desk, *, secure: bool) -> None:
        self._desk = desk
        self._secure = secure
        self._peers = Peers()

    def of_request(self, request: web.BaseRequest, profile: ProfileName) -> Caller:
        """Returns who has sent a request, as far as the connection proves it.

        Args:
            request: as it came.
            profile: by its address.
        """
        now = self._desk.clock.now()
        certificate = self._peers.of(request.transport) if self._secure else None
        proven = certificate is not None and not certificate.expired
        fingerprint = certificate.fingerprint if certificate is not None else ""
        return self._caller(fingerprint, profile, now, proven=proven, certificate=certificate)

    def of_fingerprint(self, fingerprint: str, profile: ProfileName) -> Caller:
        """Returns who has sent a document that came by another way than HTTP.

        Args:
            fingerprint: of the certificate that proves who it is; empty proves nobody.
            profile: that the document is written in.
        """
        now = self._desk.clock.now()
        return self._caller(fingerprint, profile, now, proven=bool(fingerprint))

    def check(self, caller: Caller) -> None:
        """Checks that there is a proof where one is needed.

        Raises:
            HTTPError: 403, there is none (R516, R517).
        """
        if self._secure and not caller.secure:
            raise unidentified(caller)

    async def look_again(self, caller: Caller) -> Caller:
        """Returns a caller whom nobody knew as the VEN that it may have become meanwhile.

        A VEN that uses its new certificate as soon as it has it must not be told that it
        is not enrolled: it would start over.
        """
        if not caller.secure or caller.member is not None:
            return caller
        await upkeep.watch(self._desk)
        roster = self._desk.roster
        return caller.as_member(roster.of_certificate(caller.fingerprint, caller.received_at))

    def _caller(
        self,
        fingerprint: str,
        profile: ProfileName,
        now: "datetime",
        *,
        proven: bool,
        certificate: PeerCertificate | None = None,
    ) -> Caller:
        return Caller(
            member=self._desk.roster.of_certificate(fingerprint, now) if proven else None,
            fingerprint=fingerprint,
            secure=proven,
            received_at=now,
            later=[],
            profile=profile,
            certificate=certificate,
        )
