"""Where messages go in and out of our VTN and VEN, and who listens there.

The classes are wrapped when their modules are imported, and no module is imported for it,
so that a process has no more in it than without. Only the standard library is used: child
processes load this file by its path.
"""

import importlib.abc
import importlib.machinery
import itertools
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import ModuleType
from typing import Any

__all__ = ["PROFILE_A", "Heard", "installed", "written"]


class Heard:
    """An exchange in which one of our sides took part.

    Attributes:
        began: its place among all beginnings and ends in its process.
        ended: the same; -1 while it is not over.
        judged: which side of it is ours: ``"VTN"`` or ``"VEN"``.
        asked_by: who sent the request.
        world: number of the VTN or VEN in its process.
        identity: the VEN, as far as the VTN knows it by the connection.
        service: that the request went to.
        at: the time of our side's clock, ISO 8601.
        request: the document.
        reply: what came back; empty if that is no document.
        status: of HTTP; None if nothing came back.
    """

    __slots__ = (
        "asked_by",
        "at",
        "began",
        "ended",
        "identity",
        "judged",
        "reply",
        "request",
        "service",
        "status",
        "world",
    )

    def __init__(
        self, judged: str, asked_by: str, world: int, service: object, at: Any, request: Any
    ) -> None:
        self.began = next(_places)
        self.ended = -1
        self.judged = judged
        self.asked_by = asked_by
        self.world = world
        self.identity = ""
        self.service = str(service or "")
        self.at = at.isoformat()
        self.request = _bytes(request)
        self.reply = b""
        self.status: int | None = None

    def answered(self, reply: Any, status: int = 200) -> None:
        """Takes what came back."""
        self.status = status
        self.reply = _bytes(reply) if status == 200 else b""


Listen = Callable[[Heard, bool], None]

#: Stands for the service where an exchange is one of profile 2.0a.
PROFILE_A = "2.0a"

_places = itertools.count()
_numbers = itertools.count(1)
#: Parts of a VTN or VEN, by their identity in memory, to its number.
_worlds: dict[int, int] = {}
#: The VEN that is sending in this task, and whether its transport has been heard.
_sending: ContextVar[list[int] | None] = ContextVar("_sending", default=None)


@contextmanager
def _hearing(heard: Heard, listen: Listen) -> Iterator[None]:
    """Lets an exchange be heard from here on, until it is over."""
    listen(heard, False)
    try:
        yield
    except BaseException as error:
        heard.status = getattr(error, "status", None)
        raise
    finally:
        heard.ended = next(_places)
        listen(heard, True)


def _bytes(what: Any) -> bytes:
    """Returns a document, encoded if it is still a message."""
    if what is None:
        return b""
    if isinstance(what, bytes | bytearray):
        return bytes(what)
    from oadr import codec

    return codec.encode(what)


def _world(part: object) -> int:
    found = _worlds.get(id(part))
    return _new_world(part) if found is None else found


def _new_world(part: object) -> int:
    number = _worlds[id(part)] = next(_numbers)
    return number


def _wrap(cls: Any, name: str, make: Callable[[Any], Any]) -> None:
    setattr(cls, name, make(getattr(cls, name)))


# ------------------------------------------------------------ the VTN


def _endpoint(module: ModuleType, listen: Listen) -> None:
    def init(plain: Any) -> Any:
        def made(self: Any, desk: Any, *args: Any, **more: Any) -> None:
            _new_world(desk)
            plain(self, desk, *args, **more)

        return made

    def reply(plain: Any) -> Any:
        async def _reply(self: Any, service: Any, data: bytes, caller: Any) -> Any:
            heard = Heard("VTN", "VEN", _world(self.desk), service, caller.received_at, data)
            if str(getattr(caller, "profile", "2.0b")) != "2.0b":
                heard.service = PROFILE_A
            heard.identity = _identity(caller)
            with _hearing(heard, listen):
                response = await plain(self, service, data, caller)
                heard.answered(response.body, response.status)
            return response

        return _reply

    _wrap(module.Endpoint, "__init__", init)
    _wrap(module.Endpoint, "_reply", reply)


def _identity(caller: Any) -> str:
    if caller.member is not None and caller.secure:
        return str(caller.member.ven_id)
    return str(caller.fingerprint)


def _pusher(module: ModuleType, listen: Listen) -> None:
    def init(plain: Any) -> Any:
        def made(self: Any, desk: Any, deliver: Any, *args: Any, **more: Any) -> None:
            async def delivered(member: Any, service: Any, message: Any) -> Any:
                now = desk.clock.now()
                heard = Heard("VTN", "VTN", _world(desk), service, now, message)
                heard.identity = str(member.ven_id)
                with _hearing(heard, listen):
                    answer = await deliver(member, service, message)
                    heard.answered(answer)
                return answer

            plain(self, desk, delivered, *args, **more)

        return made

    _wrap(module.Pusher, "__init__", init)


# ------------------------------------------------------------ the VEN


def _core(module: ModuleType, listen: Listen) -> None:
    def init(plain: Any) -> Any:
        def made(self: Any, *args: Any, **more: Any) -> None:
            _new_world(self)
            plain(self, *args, **more)

        return made

    def send(plain: Any) -> Any:
        async def send(self: Any, service: Any, message: Any) -> Any:
            # What goes over HTTP is heard there, as it is on the wire, signature and all.
            exchange = _innermost(self.exchange)
            token = _sending.set([_world(self)])
            try:
                if type(exchange).__name__ == "HttpTransport":
                    return await plain(self, service, message)
                return await _spoken(self, plain, service, message, listen)
            finally:
                _sending.reset(token)

        return send

    _wrap(module.Core, "__init__", init)
    _wrap(module.Core, "send", send)


async def _spoken(core: Any, plain: Any, service: Any, message: Any, listen: Listen) -> Any:
    """Sends a message by another way than HTTP."""
    heard = Heard("VEN", "VEN", _world(core), service, core.clock.now(), message)
    before = core.exchange

    async def exchange(service: Any, message: Any) -> Any:
        reply = await before(service, message)
        heard.answered(reply)
        return reply

    with _hearing(heard, listen):
        return await plain(_Held(core, exchange), service, message)


class _Held:
    """A core whose exchange is another; all else is the core's own."""

    def __init__(self, core: Any, exchange: Any) -> None:
        self.__dict__["_core"] = core
        self.__dict__["exchange"] = exchange

    def __getattr__(self, name: str) -> Any:
        return getattr(self._core, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._core, name, value)


def _innermost(exchange: Any) -> Any:
    while hasattr(exchange, "_exchange") and type(exchange).__name__ == "Wire":
        exchange = exchange._exchange
    return exchange


def _transport(module: ModuleType, listen: Listen) -> None:
    def exchange(plain: Any) -> Any:
        async def _exchange(self: Any, url: str, data: bytes) -> Any:
            sending = _sending.get()
            world = sending[0] if sending else _world(self)
            service = url.rpartition("/")[2]
            heard = Heard("VEN", "VEN", world, service, self._signatures.clock.now(), data)
            with _hearing(heard, listen):
                answer = await plain(self, url, data)
                heard.answered(answer.body, answer.status)
            return answer

        return _exchange

    _wrap(module.HttpTransport, "_exchange", exchange)


def _inbox(module: ModuleType, listen: Listen) -> None:
    def reply(plain: Any) -> Any:
        async def _reply(self: Any, one: Any, data: bytes) -> Any:
            now = self._core.clock.now()
            heard = Heard("VEN", "VTN", _world(self._core), one.service, now, data)
            with _hearing(heard, listen):
                found = await plain(self, one, data)
                heard.answered(found.body, found.status)
            return found

        return _reply

    _wrap(module.Inbox, "_reply", reply)


_SEAMS: dict[str, Callable[[ModuleType, Listen], None]] = {
    "vtn.endpoint": _endpoint,
    "vtn.dispatch.push": _pusher,
    "ven.engine.core": _core,
    "ven.transport": _transport,
    "ven.inbox": _inbox,
}


# ------------------------------------------------------------ putting it in


class _Loader(importlib.abc.Loader):
    """Loads a module as it would be, and puts the tap in."""

    def __init__(self, loader: Any, listen: Listen) -> None:
        self._loader = loader
        self._listen = listen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _SEAMS[module.__name__](module, self._listen)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules that are tapped."""

    def __init__(self, listen: Listen) -> None:
        self._listen = listen

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in _SEAMS:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._listen)
        return spec


def installed(listen: Listen) -> None:
    """Puts the tap into this process: into what is imported, and what will be.

    Args:
        listen: called with each exchange, when it begins and again when it is over.
    """
    for name, seam in _SEAMS.items():
        if name in sys.modules:
            seam(sys.modules[name], listen)
    sys.meta_path.insert(0, _Finder(listen))


def written(folder: str) -> Listen:
    """Returns what writes exchanges to a file of this process, one line each, when they end."""
    name = os.path.join(folder, f"{os.getpid()}.jsonl")

    def listen(heard: Heard, over: bool) -> None:
        if not over:
            return
        row = {one: getattr(heard, one) for one in Heard.__slots__}
        row["request"] = heard.request.decode("latin-1")
        row["reply"] = heard.reply.decode("latin-1")
        line = json.dumps(row).encode() + b"\n"
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            # In one piece, so that a process that is killed leaves whole lines.
            os.write(file, line)
        finally:
            os.close(file)

    return listen
