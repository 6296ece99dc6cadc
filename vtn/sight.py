"""What the traces of a VTN are shown of one exchange."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from runtime.clock import Clock
from runtime.trace import Traces, Traffic

if TYPE_CHECKING:
    from vtn.desk import Caller


@dataclass(slots=True, kw_only=True)
class Sight:
    """One exchange, shown in two parts.

    Attributes:
        traces: who looks.
        clock: the time.
        service: by the address; empty for one where there is none.
        caller: who sent the request, as far as that is known.
        body: the document of the request, as far as it has been read.
        reply: name of the message in the response, if it is one.
        shown: whether the request has been shown.
    """

    traces: Traces
    clock: Clock
    service: str
    caller: "Caller"
    body: bytes = field(default=b"", repr=False)
    reply: str = ""
    shown: bool = False

    async def show_request(self, message: str = "") -> None:
        """Shows the request.

        Args:
            message: name of the message in it; empty if it could not be read.
        """
        self.shown = True
        at = self.caller.received_at
        await self._show(direction="in", at=at, body=self.body, message=message)

    async def show_response(self, response: web.Response) -> None:
        """Shows the response; before it the request, if nobody has understood that."""
        if not self.shown:
            await self.show_request()
        body = response.body if isinstance(response.body, bytes) else b""
        await self._show(
            direction="out",
            at=self.clock.now(),
            status=response.status,
            body=body,
            message=self.reply,
        )

    async def _show(self, **what: Any) -> None:
        who = self.caller
        await self.traces.show(
            Traffic(service=self.service, peer=who.name, fingerprint=who.fingerprint, **what)
        )
