"""Devices that do something wrong: ours, with what they say bent on its way to the kit.

A mutant names a case and the demand that it must find violated. ``bend`` gets the name and
the bytes of each document of the device, and returns what the kit hears in its place: the
same, something else, or None for silence (a reply becomes an empty body, a request of a VEN
is answered and was never there). ``reply`` does the same with HTTP replies of a VTN, status
and headers included, and ``request`` with HTTP requests of a VEN; one that is ``dead`` says
nothing any more. ``lies`` replace what comes of actions at the device.
"""

import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from conformance.actions import Action
from conformance.adapters.our_ven import our_ven
from conformance.adapters.our_vtn import our_vtn
from conformance.cases import CASES
from conformance.checks import Document, Side
from conformance.peers import ScriptedVen, ScriptedVtn
from conformance.peers.http import Heard, Line, Reply
from conformance.peers.tls import Handshake
from conformance.results import Result
from conformance.run import run_ven_cases, run_vtn_cases
from oadr import codec
from oadr import messages as m

Bend = Callable[[str, bytes], "bytes | None"]
Lie = Callable[[Action, Any], Any]
BendReply = Callable[[Reply], Reply]
BendHandshake = Callable[[Handshake], Handshake]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A device with a fault.

    Attributes:
        side: what is under test.
        code: of the case.
        demand: the identifier of what must be found.
        bend: what becomes of the documents of the device.
        reply: what becomes of HTTP replies of the device, before that.
        request: what becomes of HTTP requests of a VEN, before that.
        dead: whether a VEN says nothing any more after such a reply to it.
        options: of our VEN, that make it do wrong.
        lies: by the name of an action, what comes of it instead.
        also: identifiers of what else may be found.
        push: whether in the push model.
        tls: whether over mutual TLS; only with a VTN.
    """

    side: Side
    code: str
    demand: str
    bend: Bend = field(default=lambda name, data: data)
    reply: BendReply = field(default=lambda reply: reply)
    shake: BendHandshake = field(default=lambda handshake: handshake)
    request: Callable[[Heard], Heard] = field(default=lambda heard: heard)
    dead: Callable[[Reply], bool] = field(default=lambda reply: False)
    options: Mapping[str, object] = field(default_factory=dict)
    lies: Mapping[str, Lie] = field(default_factory=dict)
    also: frozenset[str] = frozenset()
    push: bool = False
    tls: bool = False

    @property
    def name(self) -> str:
        """What a test calls it."""
        return f"{self.side}-{self.code}-{self.demand}"


async def run(mutant: Mutant) -> Result:
    """Returns what the case makes of the mutant."""
    case = CASES[mutant.side, mutant.code]
    if mutant.side is Side.VTN:

        class Ven(BentVen):
            bend = staticmethod(mutant.bend)
            reply = staticmethod(mutant.reply)
            bend_handshake = staticmethod(mutant.shake)

        async with our_vtn(tls=mutant.tls) as vtn:
            _lie(vtn, mutant.lies)
            found = await run_vtn_cases([case], vtn, push=mutant.push, peer=Ven)
    else:

        class Vtn(BentVtn):
            bend = staticmethod(mutant.bend)
            reply = staticmethod(mutant.reply)
            request = staticmethod(mutant.request)
            dead = staticmethod(mutant.dead)

        async with our_ven() as ven:
            ven.options.update(mutant.options)
            _lie(ven, mutant.lies)
            found = await run_ven_cases([case], ven, push=mutant.push, peer=Vtn)
    return found.results[0]


def _lie(device: Any, lies: Mapping[str, Lie]) -> None:
    true = device.do

    async def do(action: Action) -> Any:
        result = await true(action)
        return lies[action.name](action, result) if action.name in lies else result

    if lies:
        device.do = do


class _BentLine(Line):
    """Bends what comes back."""

    def __init__(self, line: Line, bend: Bend, side: Side, reply: BendReply) -> None:
        self._inner, self._bend, self._side, self._reply = line, bend, side, reply

    async def send(self, url: str, body: bytes, **options: Any) -> Reply:
        reply = self._reply(await self._inner.send(url, body, **options))
        if reply.status != 200:
            return reply
        bent = self._bend(Document(reply.body, self._side).name, reply.body)
        return replace(reply, body=bent or b"")

    async def close(self) -> None:
        await self._inner.close()


class BentVen(ScriptedVen):
    """The VEN of the kit, to whom a VTN says something else than it did."""

    bend: Bend
    reply: BendReply
    bend_handshake: BendHandshake

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._line = self._bent(self._line)

    def _bent(self, line: Line) -> Line:
        return _BentLine(line, self.bend, Side.VTN, self.reply)

    def _line_over(self, tls: ssl.SSLContext) -> Line:
        return self._bent(super()._line_over(tls))

    async def shake(self, tls: ssl.SSLContext) -> Handshake:
        return self.bend_handshake(await super().shake(tls))

    async def _hear(self, heard: Heard) -> Reply:
        bent = self.bend(Document(heard.body, Side.VTN).name, heard.body)
        if bent is not None:
            return await super()._hear(replace(heard, body=bent))
        message = Document(heard.body, Side.VTN).message
        reaction = None if message is None else self.react(message)
        return Reply(status=200, body=b"" if reaction is None else self.written(reaction))


class BentVtn(ScriptedVtn):
    """The VTN of the kit, to whom a VEN says something else than it did."""

    bend: Bend
    reply: BendReply
    bend_handshake: BendHandshake
    request: Callable[[Heard], Heard]
    dead: Callable[[Reply], bool]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._line = _BentLine(self._line, self.bend, Side.VEN, self.reply)
        self._died = False

    async def _hear(self, heard: Heard) -> Reply:
        document = Document(heard.body, Side.VEN)
        bent = None if self._died else self.bend(document.name, heard.body)
        if bent is None:
            return self._reply(document.name, document.message)
        reply = await super()._hear(self.request(replace(heard, body=bent)))
        self._died = self.dead(reply)
        return reply


def instead(name: str, other: "m.Message | bytes | None") -> Bend:
    """Returns a bend that puts something else in the place of all messages of a name."""
    data = other if isinstance(other, bytes) or other is None else codec.encode(other)
    return lambda given, old: data if given == name else old


def changed(name: str, *changes: tuple[str, str]) -> Bend:
    """Returns a bend that replaces what regular expressions match in messages of a name."""

    def bend(given: str, data: bytes) -> bytes:
        if given != name:
            return data
        text = data.decode()
        for old, new in changes:
            text = re.sub(old, new, text, flags=re.DOTALL)
        return text.encode()

    return bend


def later(bend: Bend, name: str, count: int = 1) -> Bend:
    """Returns a bend that leaves the first messages of a name as they are.

    Args:
        bend: of those that come after them.
        name: of the messages that are counted.
        count: how many.
    """
    seen = 0

    def wait(given: str, data: bytes) -> bytes | None:
        nonlocal seen
        seen += given == name
        return bend(given, data) if seen > count else data

    return wait
