"""What both parties of the kit have in common: identifiers, signing, the tape."""

import logging
import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping

from conformance.peers.http import Heard, Line, Reply
from conformance.peers.identity import Identity
from conformance.peers.tape import Tape
from oadr import codec
from oadr import messages as m
from oadr.replies import SERVICE_OF
from oadr.signature import sign
from runtime.clock import Clock

log = logging.getLogger("openadr.conformance.peer")
#: Where services are, below the base address (R511).
PREFIX = "/OpenADR2/Simple/2.0b"
_VTN_SERVICES: Mapping[type, str] = {
    m.DistributeEvent: "EiEvent",
    m.RequestReregistration: "EiRegisterParty",
    m.CancelPartyRegistration: "EiRegisterParty",
    m.RegisterReport: "EiReport",
    m.CreateReport: "EiReport",
    m.CancelReport: "EiReport",
    m.UpdateReport: "EiReport",
}


class ScriptedPeer(ABC):
    """A party that says what a case makes it say.

    Args:
        identity: what it shows of itself.
        clock: of the device under test.

    Attributes:
        tape: what is said in the present case.
    """

    def __init__(self, identity: Identity, clock: Clock, tape: Tape) -> None:
        self.identity = identity
        self.clock = clock
        self.tape = tape
        self._line = Line(identity.client_tls)
        self._stem = secrets.token_hex(3)
        self._count = 0

    def new_id(self, kind: str = "q") -> str:
        """Returns an identifier that this party has never used."""
        self._count += 1
        return f"{kind}-{self._stem}-{self._count}"

    def written(self, message: m.Message, *, signed: bool | None = None) -> bytes:
        """Returns a message as a document.

        Args:
            message: what to say.
            signed: whether to sign it; None does as the identity says.
        """
        key = self.identity.key
        if key is None or not (self.identity.signs if signed is None else signed):
            return codec.encode(message)
        return sign(message, key, now=self.clock.now(), nonce=secrets.token_hex(16))

    async def answered(self, heard: Heard) -> Reply:
        """Returns the reply to whatever comes in; it may come from anybody, at any time."""
        if not self.tape.takes(len(heard.body)):
            return Reply(status=503)
        try:
            return await self._hear(heard)
        except Exception as error:
            # It is not on the tape: a case that goes on without it has not seen all.
            log.exception("what came to %r could not be answered", heard.path)
            self.tape.spoil(f"the kit failed at what it heard: {type(error).__name__}: {error}")
            return Reply(status=500)

    @abstractmethod
    async def _hear(self, heard: Heard) -> Reply:
        """Answers a request, and takes it down."""

    async def close(self) -> None:
        """Closes its connections."""
        await self._line.close()


def service_to_vtn(message: m.Message) -> str:
    """Returns the service of the VTN that a message goes to."""
    found = SERVICE_OF.get(type(message))
    return str(found) if found is not None else "EiReport"


def service_to_ven(message: m.Message) -> str:
    """Returns the service of the VEN that a message is pushed to."""
    return _VTN_SERVICES.get(type(message), "EiReport")


def join(base: str, service: str) -> str:
    """Returns the address of a service.

    Args:
        base: with or without ``OpenADR2/Simple/2.0b`` (R511).
        service: its name.
    """
    base = base.rstrip("/")
    return f"{base}/{service}" if base.endswith(PREFIX) else f"{base}{PREFIX}/{service}"


def path_of(url: str) -> str:
    """Returns the path of an address."""
    return "/" + url.partition("://")[2].partition("/")[2]
