"""Devices under test that run somewhere, and that the kit can only talk to."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from conformance.actions import CONTEXT, Action, Start
from conformance.checks import Side
from conformance.device import Cannot
from conformance.operator import Nobody, Place, Who
from conformance.peers import Identity, ScriptedVen, ScriptedVtn
from conformance.peers.http import Heard, Listener, Reply
from runtime.clock import Clock

MINUTE = timedelta(minutes=1)
#: How long a VEN without an operator is waited for, real seconds.
COMES_WITHIN = 300.0


class ReachedVtn:
    """A VTN at an address; a ``conformance.device.VtnDevice``.

    Args:
        url: with or without ``OpenADR2/Simple/2.0b``.
        identity: what the VEN of the kit shows of itself.
        clock: that the VTN goes by.
        unit: how long "a short while" is, on that clock.
        who: does something there.
    """

    side = Side.VTN
    fresh = False

    def __init__(
        self, url: str, identity: Identity, clock: Clock, unit: timedelta, who: Who
    ) -> None:
        self.title = f"VTN at {url}"
        self.url = url
        self.identity = identity
        self.clock = clock
        self.unit = unit
        self.who = who

    async def renew(self) -> None:
        """Leaves it as it is."""

    async def do(self, action: Action) -> Any:
        """Has somebody do it there."""
        facts = {"vtn_url": self.url, "ven_name": self.identity.name}
        if self.identity.ven_id:
            facts["ven_id"] = self.identity.ven_id
        place = Place(now=self.clock.now(), peer=self.identity.name, facts=facts)
        return await self.who.do(action, place)


class AwaitedVen:
    """A VEN that comes to the kit; a ``conformance.device.VenDevice``.

    Args:
        identity: what the VTN of the kit shows of itself.
        clock: that the VEN goes by.
        unit: how long "a short while" is, on that clock.
        who: does something there.
        poll_freq: how often it is asked to poll.
        say: prints a line.
        url: where the VEN reaches the VTN of the kit; as the kit sees it itself if empty.
        comes_within: how long it is waited for if nobody can start it, real seconds.
    """

    side = Side.VEN
    fresh = False

    def __init__(
        self,
        identity: Identity,
        clock: Clock,
        unit: timedelta,
        who: Who,
        *,
        poll_freq: timedelta,
        say: Callable[[str], None],
        url: str = "",
        comes_within: float = COMES_WITHIN,
    ) -> None:
        self.title = "VEN"
        self.identity = identity
        self.clock = clock
        self.unit = unit
        self.who = who
        self.poll_freq = poll_freq
        self._say = say
        self._url = url
        self._within = comes_within
        self._heard = asyncio.Event()
        self._began = self._missed = False

    def hears(self) -> None:
        """Takes note that the VEN has said something."""
        self._heard.set()
        self._missed = False

    async def meet(self, url: str, *, push: bool) -> None:
        """Tells whoever starts the VEN where to send it."""
        self._url = self._url or url
        how = "HTTP push, with an address where it can be reached" if push else "HTTP pull"
        self._say(f"The VTN of the kit is {self.identity.name} at {self._url}; {how}.")
        self._say(f"Its events are of the market context {CONTEXT}.")

    async def renew(self) -> None:
        """Leaves it as it is."""

    async def do(self, action: Action) -> Any:
        """Has somebody do it there; a VEN that nobody can start is waited for."""
        if isinstance(action, Start) and isinstance(self.who, Nobody) and not self._missed:
            return await self._wait()
        facts = {"vtn_url": self._url, "vtn_id": self.identity.name}
        place = Place(now=self.clock.now(), peer=self.identity.name, facts=facts)
        return await self.who.do(action, place)

    async def _wait(self) -> None:
        if not self._began:
            if not self._heard.is_set():
                self._say("Start your VEN now; it must not be registered yet.")
        else:
            # It has said enough, but is not registered any more.
            self._heard.clear()
            self._say("Waiting for the VEN to register again, by itself or as you tell it to.")
        self._began = True
        try:
            async with asyncio.timeout(self._within):
                await self._heard.wait()
        except TimeoutError:
            self._missed = True
            raise Cannot(f"no VEN came within {self._within:g} s") from None


def attentive(device: AwaitedVen) -> type[ScriptedVtn]:
    """Returns the class of a VTN of the kit that tells a device when its VEN is heard."""

    class Attentive(ScriptedVtn):
        """The VTN that tests a VEN."""

        async def _hear(self, heard: Heard) -> Reply:
            reply = await super()._hear(heard)
            device.hears()
            return reply

    return Attentive


def listening(host: str, port: int) -> type[ScriptedVen]:
    """Returns the class of a VEN of the kit that is pushed to at an address.

    Args:
        host: by which the VTN reaches this machine.
        port: 0 for any free one.
    """

    class ListeningVen(ScriptedVen):
        """The VEN that tests a VTN."""

        @property
        def push_address(self) -> str:
            address = super().push_address
            shown = f"[{host}]" if ":" in host else host
            return address.replace("//127.0.0.1:", f"//{shown}:", 1)

        async def listen(self) -> None:
            if self.push and self._listener is None:
                self._listener = Listener(self.answered, self.identity.server_tls)
                await self._listener.start(host, port)

    return ListeningVen
