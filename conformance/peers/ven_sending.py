"""How the VEN that tests a VTN sends something."""

import ssl
from collections.abc import Callable, Mapping

from conformance.checks import Side
from conformance.peers.http import Line, Reply, Unreached, pause
from conformance.peers.identity import Identity
from conformance.peers.peer import ScriptedPeer, join, path_of, service_to_vtn
from conformance.peers.tape import Recorded, Tape
from conformance.peers.tls import Handshake, shake
from oadr import messages as m
from runtime.clock import Clock

#: Real seconds to wait after HTTP 503 before each further attempt (section 2.12).
BACK_OFF = (1.0, 2.0, 4.0, 8.0)
_OVERLOAD = 503
#: A VTN that asks for more patience is not waited for, real seconds.
_MOST_PATIENCE = 30.0


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
        """Sends whatever bytes to a service of the VTN; again, if that has too much to do.

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
            for wait in (*BACK_OFF, None):
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
                if wait is None or reply.status != _OVERLOAD:
                    return recorded
                await pause(max(wait, _asked_patience(reply)))
            raise AssertionError
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


def _asked_patience(reply: Reply) -> float:
    """Returns how many seconds a VTN asks to wait, 0 if it does not say."""
    asked = reply.headers.get("retry-after", "")
    return min(float(asked), _MOST_PATIENCE) if asked.isdecimal() else 0.0
