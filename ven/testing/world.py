"""A VEN, a VTN for it, and the time of both."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from oadr.messages import Response
from runtime.clock import FakeClock
from runtime.fake_time import TimedWorld
from ven.client import Client
from ven.options import Options
from ven.testing.vtn import ScriptedVTN

if TYPE_CHECKING:
    from ven.config import Settings

#: What the VEN is called where the test does not say.
NAME = "ven-1"
#: Where a VEN registers to be pushed to; nobody looks it up.
PUSH_ADDRESS = "https://ven.example"


class World(TimedWorld):
    """A VEN with a VTN of its own, without sockets; made by ``joined``.

    The VEN starts by itself with the first thing that a test lets happen, so that meters
    and handlers can be added before.

    Attributes:
        ven: the VEN, as in production.
        vtn: says what a test makes it say, and keeps what it hears.
    """

    def __init__(self, ven: Client, vtn: ScriptedVTN, clock: FakeClock) -> None:
        super().__init__(clock)
        self.ven = ven
        self.vtn = vtn
        self._started = False
        vtn.clock = clock
        vtn.fetch = self._fetch
        self.watch(
            progress=self._steps,
            under_way=lambda: ven.busy,
        )

    async def start(self) -> None:
        """Starts the VEN: it registers, offers its reports and asks for events."""
        if not self._started:
            self._started = True
            await self.ven.start()
            await super().rest()

    async def rest(self) -> None:
        """Lets everything happen that happens without time passing; starts the VEN first."""
        await self.start()
        await super().rest()

    async def _fetch(self) -> None:
        """Lets the VEN come for all that waits for it, or pushes that to it."""
        await self.rest()
        if self.vtn.receive is not None:
            await self.vtn.push_all()
        while self.vtn.queue:
            # OpenLEADR's form of the method, which ``VEN`` has, does not act on what it brings.
            if isinstance(await Client.poll(self.ven), Response):
                break
        await self.rest()

    async def _steps(self) -> int:
        return len(self.vtn.received) + await self.ven.progress()


@asynccontextmanager
async def joined(
    make: Callable[..., Client] = Client,
    *,
    config: "Path | str | Settings | None" = None,
    push: bool = False,
    handlers: Iterable[object] = (),
    clock: FakeClock | None = None,
    **arguments: Any,
) -> AsyncIterator[World]:
    """Gives a VEN that is joined to a scripted VTN without sockets, and ends it afterwards.

    Args:
        make: makes the VEN: its class, or a function that takes the same arguments.
        config: a ``ven.toml``, or what was read from one, to make the VEN from; it says
            then what the VEN is called.
        push: whether the VEN registers for push; what the VTN has to say is pushed to it.
        handlers: objects with hook methods; with ``config``, in place of those in there.
        clock: its time, which stands still until the test lets it pass; one that shows
            2026-01-01 if None.
        arguments: further ones for the VEN, such as ``ven_name``, ``options``, ``state``.
    """
    clock, vtn = clock or FakeClock(), ScriptedVTN()
    given: dict[str, Any] = {
        "exchange": vtn,
        "clock": clock,
        "random": Random(1),  # noqa: S311 - nothing to protect
        "state": ":memory:",
    }
    if config is None:
        name = arguments.get("ven_name", NAME)
        given |= {"ven_name": name, "vtn_url": "http://vtn.example"}
        options = arguments.pop("options", None) or Options(ven_name=name, poll_jitter=0.0)
        given["options"] = replace(options, push_address=PUSH_ADDRESS) if push else options
    elif make is Client:
        make = partial(Client.from_config, config)
    else:
        make = partial(make, config)
    if config is not None and push:
        given["push_address"] = PUSH_ADDRESS
    added = tuple(handlers)
    if added:
        given["handlers"] = added
    ven = make(**(given | arguments))
    if push:
        vtn.receive = ven.receive
    try:
        yield World(ven, vtn, clock)
    finally:
        await ven.stop()
