"""A VTN without sockets, and VENs that are joined to it within the process."""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from typing import Any, Protocol, TypeVar

from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from oadr.errors import OpenADRError
from runtime.clock import FakeClock
from runtime.hooks import Registry
from vtn.dispatch.posting import Posting, Reply
from vtn.dispatch.undelivered import Undelivered
from vtn.endpoint import Endpoint
from vtn.hooks import HOOKS, Accept, Context, Refuse, Registration, RegistrationHandler
from vtn.roster import Member
from vtn.server import Server
from vtn.testing.configured import Overrides, configured
from vtn.testing.door import Answer, InnerDoor
from vtn.testing.empty import open_empty
from vtn.testing.peer import Peer
from vtn.testing.stage import Stage

#: Asks every VEN for its telemetry.
REQUESTS = [
    {"report": "TELEMETRY_USAGE", "every": "1m", "deliver": "5m"},
    {"report": "TELEMETRY_STATUS", "every": "1m", "deliver": "5m"},
]


class NotAnswered(OpenADRError):
    """The VTN answered a message of a joined VEN with an HTTP status that is none of success."""


class Exchange(Protocol):
    """Reaches the VTN, as ``ven.client.Client`` wants it."""

    async def __call__(self, service: ServiceName, message: m.Message) -> m.Message | None:
        """Sends a message to a service and returns the answer; None if it is empty.

        Raises:
            NotAnswered: the VTN does not answer with HTTP 200.
        """


class Joinable(Protocol):
    """What can be joined to a VTN: ``ven.client.Client`` and its subclasses."""

    @property
    def busy(self) -> bool:
        """Whether an exchange is under way."""

    async def progress(self) -> int:
        """Returns a number that grows with each step."""

    async def start(self) -> None:
        """Lives on its own from now on."""

    async def stop(self) -> None:
        """Ends."""


class Response(Protocol):
    """An HTTP response, as ``ven.inbox.Reply`` is one."""

    @property
    def status(self) -> int:
        """Of HTTP."""

    @property
    def body(self) -> bytes:
        """The document; empty if there is none."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Of HTTP."""


class Receive(Protocol):
    """Takes what is pushed, as ``ven.client.Client.receive`` does."""

    async def __call__(self, service: ServiceName, data: bytes, /) -> Response:
        """Returns the answer to a document."""


V = TypeVar("V", bound=Joinable)


class Welcome(RegistrationHandler):
    """Lets everybody register whose name is free, where a test has no handler for that."""

    async def on_create_party_registration(
        self, request: Registration, ctx: Context
    ) -> Accept | Refuse:
        """Accepts all but a second VEN of one name."""
        return Refuse(463, "the name is taken") if request.name_taken else Accept()


class Unplugged(Server):
    """A VTN that listens nowhere."""

    async def _open(self) -> None:
        await super()._open()
        # The world does it when time passes; in between, time stands still.
        await self._upkeep.close()

    async def _listen(self) -> None:
        """Does nothing."""

    @property
    def endpoint(self) -> Endpoint:
        """What answers messages."""
        if self._endpoint is None:
            raise RuntimeError("the VTN does not run")
        return self._endpoint


class Line:
    """What reaches the VENs that are pushed to, within the process; a ``Deliver``.

    Messages are written and signed, answers held against the schema and read, as in production.
    """

    server: Unplugged

    def __init__(self) -> None:
        self.world: JoinedWorld | None = None
        self._listening: dict[str, Receive] = {}

    def listen(self, address: str, receive: Receive) -> None:
        """Has what is pushed to an address received so."""
        self._listening[address] = receive

    async def __call__(
        self, member: Member, service: ServiceName, message: m.Message
    ) -> m.Message | None:
        """Returns what a VEN answers.

        Raises:
            Undelivered: nobody listens there, or the answer cannot be used.
        """
        server = self.server
        if server.desk is None:
            raise Undelivered("the VTN does not run")
        return await Posting(server.desk, server.endpoint, self._post)(member, service, message)

    async def _post(self, member: Member, service: ServiceName, body: bytes) -> Reply:
        receive = self._listening.get(member.push_address or "")
        if receive is None or self.world is None:
            raise Undelivered(f"nobody listens at {member.push_address}")
        with self.world.under_way():
            said = await receive(service, body)
        return Reply(status=said.status, body=said.body, headers=said.headers)


class JoinedWorld(Stage):
    """A VTN without sockets, and the VENs that are joined to it; made by ``joined``.

    Attributes:
        server: the VTN, as in production but for what listens.
        ven: a peer without a certificate, for the most common test.
    """

    server: Unplugged

    def __init__(self, server: Unplugged, clock: FakeClock, line: Line) -> None:
        super().__init__(clock)
        self.server = server
        self._line = line
        line.server, line.world = server, self
        self.watch(under_way=lambda: self.server.pushing)
        self.ven = self.peer()
        self._members = AsyncExitStack()

    def peer(self, name: str = "", *, fingerprint: str = "", push: bool = False) -> Peer:
        """Returns a VEN that says what the test makes it say.

        Args:
            name: what it calls itself when it registers.
            fingerprint: of the certificate that counts as proven, as ``fingerprint_of``
                makes one up; without one it comes as on plain HTTP.
            push: whether it wants to be pushed to; ``peer.pushed`` has what was, and
                ``peer.ear`` says what it answers.
        """
        door = InnerDoor(lambda: self.server.endpoint, fingerprint)
        peer = self._added(
            Peer(_Watched(self, door), self.clock.now, name=name, fingerprint=fingerprint)
        )
        if push:
            peer.push_address = _address(peer.name)
            self._line.listen(peer.push_address, peer.ear.hear)
        return peer

    def exchange(self, fingerprint: str = "") -> Exchange:
        """Returns what reaches the VTN, for a VEN as in production.

        Args:
            fingerprint: of the certificate that counts as proven; empty for none.
        """
        door = _Watched(self, InnerDoor(lambda: self.server.endpoint, fingerprint))

        async def exchange(service: ServiceName, message: m.Message) -> m.Message | None:
            body = codec.encode(message)
            answer = await door.send(service, body, method="POST", headers=None)
            if answer.status != 200:
                raise NotAnswered(f"HTTP {answer.status}: {answer.body[:200].decode()}")
            return answer.message

        return exchange

    def join(
        self,
        make: Callable[..., V],
        ven_name: str,
        *,
        fingerprint: str = "",
        push: bool = False,
        **arguments: Any,
    ) -> V:
        """Returns a VEN that is joined to this VTN; it ends with the world.

        Start it with ``await world.start(ven)`` when it has its meters and handlers.

        Args:
            make: ``ven.client.Client``, or what takes the same arguments.
            ven_name: what it calls itself.
            fingerprint: of the certificate that counts as proven; empty for none.
            push: whether it listens, so that messages are pushed to it, instead of polling.
            arguments: further ones for ``make``, such as ``handlers`` and ``options``.
        """
        given: dict[str, Any] = {
            "exchange": self.exchange(fingerprint),
            "clock": self.clock,
            "random": Random(1),  # noqa: S311 - nothing to protect
        }
        if push:
            given["push_address"] = _address(ven_name)
        ven = make(ven_name, self.server.url, **(given | arguments))
        if push:
            listening: Any = ven
            self._line.listen(_address(ven_name), listening.receive)
        self._members.push_async_callback(ven.stop)
        self.watch(progress=ven.progress, under_way=lambda: ven.busy)
        return ven

    def hear(self, address: str, receive: Receive) -> None:
        """Has what is pushed to an address received so."""
        self._line.listen(address, receive)

    async def start(self, *vens: Joinable) -> None:
        """Starts VENs: they register, offer their reports and get their events."""
        for ven in vens:
            await ven.start()
        await self.rest()

    async def close(self) -> None:
        """Ends the VENs and the VTN."""
        await self._members.aclose()
        await super().close()


class _Watched:
    """A door that tells the world of each exchange."""

    def __init__(self, world: JoinedWorld, door: InnerDoor) -> None:
        self._world = world
        self._door = door

    async def send(self, service: str, body: Any, *, method: str, headers: Any) -> Answer:
        with self._world.under_way():
            return await self._door.send(service, body, method=method, headers=headers)

    async def close(self) -> None:
        await self._door.close()


def _address(name: str) -> str:
    """Returns where a VEN of this process is pushed to."""
    return f"https://{name}.test"


def fingerprint_of(name: str) -> str:
    """Returns a made-up fingerprint of 20 digits, always the same for a name."""
    return hashlib.sha256(name.encode()).digest()[:10].hex(":").upper()


@asynccontextmanager
async def joined(
    overrides: Overrides | None = None,
    *,
    handlers: Iterable[object] = (),
    clock: FakeClock | None = None,
) -> AsyncIterator[JoinedWorld]:
    """Gives a whole VTN without sockets, and ends it afterwards.

    Handlers, services, database and codec are those of production; messages are written,
    held against the schema and read in both directions.

    Args:
        overrides: keys and sections of ``vtn.toml``. Without them every VEN is asked for
            its telemetry, each minute, every five minutes.
        handlers: handler objects. If none of them decides on registrations, whoever comes
            under a free name may register.
        clock: its time, which stands still until the test lets it pass; one that shows
            2026-01-01 if None.
    """
    sections = {
        "vtn_id": "vtn",
        "http": {"host": "127.0.0.1", "port": 0, "plain": True},
        "reports": {"request": REQUESTS},
    }
    settings = configured(sections, overrides)
    given = tuple(handlers)
    found = Registry(HOOKS)
    for handler in given:
        found.add(handler)
    if not found.has("on_create_party_registration"):
        given = (*given, Welcome())
    clock = clock or FakeClock()
    store = await open_empty()
    try:
        line = Line()
        server = Unplugged(settings, handlers=given, clock=clock, store=store, deliver=line)
        await server.start()
        world = JoinedWorld(server, clock, line)
        try:
            yield world
        finally:
            await world.close()
    finally:
        await store.close()
