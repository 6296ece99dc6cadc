"""How the VTN reaches a VEN that it pushes to; one that polls loads none of it."""

import asyncio
from typing import TYPE_CHECKING

from oadr.enums import ServiceName
from ven.connection import Connection
from ven.engine.machine import Machine
from ven.health import Health
from ven.reading import Reader
from ven.signing import Signatures
from ven.transport import HttpTransport
from ven.watching import Watched

if TYPE_CHECKING:
    from ven.inbox import Inbox, Reply
    from ven.listener import Listener

#: Real seconds between two looks at whether the VTN has another certificate.
_LOOK_EVERY = 60.0


class Reachable(Watched):
    """The part of the client that takes what the VTN pushes.

    Attributes:
        health: what is noticed of the VTN, and of the meters.
    """

    _machine: Machine
    _connection: Connection
    _stopped: asyncio.Event

    def __init__(self) -> None:
        Watched.__init__(self)
        self._transport: HttpTransport | None = None
        self._signatures: Signatures | None = None
        self._reader: Reader | None = None
        self.health = Health()
        self._inbox: Inbox | None = None
        self._listener: Listener | None = None
        self._looked = -_LOOK_EVERY

    async def receive(self, service: ServiceName, data: bytes, *, fingerprint: str = "") -> "Reply":
        """Returns the reply to a document that the VTN has pushed, whatever it is.

        Args:
            service: whose address it came to.
            data: the document.
            fingerprint: of the certificate that proves who sends it; empty where somebody
                else vouches for that.
        """
        async with self._take().exchange(service, data, fingerprint=fingerprint) as reply:
            return reply

    @property
    def push_port(self) -> int | None:
        """Where this VEN listens for what the VTN pushes; None while it does not."""
        return self._listener.port if self._listener is not None else None

    def _take(self) -> "Inbox":
        """Returns what takes pushed documents; a VEN that polls never loads it."""
        if self._inbox is None:
            from ven.inbox import Inbox
            from ven.peer import Peer

            core, connection = self._machine.core, self._connection
            listen = connection.listen
            configured = listen.vtn_fingerprint if listen is not None else None
            self._inbox = Inbox(
                self._machine,
                self._signatures or connection.signatures_at(core.clock),
                Peer(configured or connection.vtn_fingerprint, self._known),
                reader=self._reader or connection.reader_at(core.clock, self.health),
                open_=lambda: not self._stopped.is_set(),
                max_bytes=connection.max_bytes,
                trace=self._trace,
                traces=self._traces,
            )
        return self._inbox

    async def _listen(self) -> None:
        where = self._connection.listen
        if where is None or self._listener is not None:
            return
        from ven.listener import Listener

        context = self._connection.server_context()
        listener = Listener(
            where,
            self._take(),
            context=context,
            stranger=self._look_again,
            peers=self._connection.peers(),
        )
        await listener.open()
        self._listener = listener

    async def _hang_up(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            await listener.close()

    def _shown(self) -> str:
        return self._transport.shown if self._transport is not None else ""

    def _known(self) -> str:
        """Returns the fingerprint of what the VTN showed last, in this run or before."""
        party = self._machine.core.registration
        return self._shown() or (party.vtn_fingerprint if party is not None else None) or ""

    def _look_again(self) -> None:
        """Calls the VTN to see whether it has another certificate now."""
        now = asyncio.get_running_loop().time()
        if self._transport is not None and now - self._looked >= _LOOK_EVERY:
            self._looked = now
            self._transport.reconnect()
            self._machine.session.resync()
