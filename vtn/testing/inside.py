"""A VTN without sockets, and VENs that are joined to it within the process."""

import hashlib
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from typing import Any, Protocol, TypeVar

from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from oadr.errors import OpenADRError
from runtime.clock import FakeClock
from runtime.hooks import Registry
from vtn.endpoint import Endpoint
from vtn.hooks import HOOKS, Accept, Context, Refuse, Registration, RegistrationHandler
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


class JoinedWorld(Stage):
    """A VTN without sockets, and the VENs that are joined to it; made by ``joined``.

    Attributes:
        server: the VTN, as in production but for what listens.
        ven: a peer without a certificate, for the most common test.
    """

    server: Unplugged

    def __init__(self, server: Unplugged, clock: FakeClock) -> None:
        super().__init__(clock)
        self.server = server
        self.ven = self.peer()
        self._members = AsyncExitStack()

    def peer(self, name: str = "", *, fingerprint: str = "") -> Peer:
        """Returns a VEN that says what the test makes it say.

        Args:
            name: what it calls itself when it registers.
            fingerprint: of the certificate that counts as proven, as ``fingerprint_of``
                makes one up; without one it comes as on plain HTTP.
        """
        door = InnerDoor(lambda: self.server.endpoint, fingerprint)
        return self._added(
            Peer(_Watched(self, door), self.clock.now, name=name, fingerprint=fingerprint)
        )

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
        **arguments: Any,
    ) -> V:
        """Returns a VEN that is joined to this VTN; it ends with the world.

        Start it with ``await world.start(ven)`` when it has its meters and handlers.

        Args:
            make: ``ven.client.Client``, or what takes the same arguments.
            ven_name: what it calls itself.
            fingerprint: of the certificate that counts as proven; empty for none.
            arguments: further ones for ``make``, such as ``handlers`` and ``options``.
        """
        given: dict[str, Any] = {
            "exchange": self.exchange(fingerprint),
            "clock": self.clock,
            "random": Random(1),  # noqa: S311 - nothing to protect
        }
        ven = make(ven_name, self.server.url, **(given | arguments))
        self._members.push_async_callback(ven.stop)
        self.watch(progress=ven.progress, under_way=lambda: ven.busy)
        return ven

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
        server = Unplugged(settings, handlers=given, clock=clock, store=store)
        await server.start()
        world = JoinedWorld(server, clock)
        try:
            yield world
        finally:
            await world.close()
    finally:
        await store.close()
