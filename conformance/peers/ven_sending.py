"""How the VEN that tests a VTN sends something."""

import ssl
from collections.abc import Callable, Mapping

from conformance.checks import Side
from conformance.peers.http import Line, Unreached
from conformance.peers.identity import Identity
from conformance.peers.peer import ScriptedPeer, join, path_of, service_to_vtn
from conformance.peers.tape import Recorded, Tape
from conformance.peers.tls import Handshake, shake
from oadr import messages as m
from runtime.clock import Clock


class SendingVen(ScriptedPeer):
    """A VEN that can send to its VTN.

    Args:
        url: of the VTN, with or without ``OpenADR2/Simple/2.0b``.
        identity: what it shows of itself.
        clock: of the VTN.
        tape: where to take down what is said.
    """

    def __init__(self, url: str, identity: Identity, clock: Clock, tape: Tape) -> None:
        super().__init__(identity, clock, tape)
        self.url = url
        self._asking = 0
        self._heard: list[Callable[[], None]] = []

    async def send(
        self,
        message: m.Message,
        *,
        service: str = "",
        signed: bool | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Recorded:
        """Sends a message to the VTN.

        Args:
            message: what to say.
            service: where to; that of the message if empty.
            signed: whether to sign it; None does as the identity says.
            headers: in place of the usual ones.
        """
        data = self.written(message, signed=signed)
        return await self.send_raw(data, service or service_to_vtn(message), headers=headers)

    async def send_raw(
        self,
        data: bytes,
        service: str,
        *,
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
        tls: ssl.SSLContext | None = None,
    ) -> Recorded:
        """Sends whatever bytes to a service of the VTN.

        Args:
            data: the body.
            service: the last part of the path.
            headers: in place of the usual ones.
            method: of HTTP.
            tls: for a connection of its own, in place of the usual one.

        Raises:
            Unreached: the VTN is gone, and the case with it.
        """
        url = join(self.url, service)
        line = self._line if tls is None else self._line_over(tls)
        self._asking += 1
        try:
            reply = await line.send(url, data, headers=headers, method=method)
            recorded = self.tape.note(
                Side.VEN,
                data,
                reply.body,
                status=reply.status,
                service=service,
                path=path_of(url),
                reply_headers=reply.headers,
                problem=reply.problem,
            )
            if reply.unreached:
                raise Unreached(reply.problem)
            return recorded
        finally:
            if tls is not None:
                await line.close()
            self._asking -= 1
            self._catch_up()

    def _line_over(self, tls: ssl.SSLContext) -> Line:
        return Line(tls)

    async def shake(self, tls: ssl.SSLContext) -> Handshake:
        """Returns what comes of a handshake with the VTN, after which nothing is said."""
        return await shake(self.url, tls)

    def _catch_up(self) -> None:
        """Takes down what was pushed while a request was on its way.

        The request was sent before, and the tape has it first, as what is pushed may follow
        from it.
        """
        while self._heard and not self._asking:
            self._heard.pop(0)()
