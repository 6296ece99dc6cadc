"""The device under test: where it is, and what can be had done there."""

from datetime import timedelta
from typing import Any, Protocol

from conformance.actions import Action
from conformance.checks import Side
from conformance.peers import Identity
from runtime.clock import Clock


class Cannot(Exception):
    """Nobody here can do that; the text says why, and what would help."""


class Device(Protocol):
    """The device under test, as cases see it.

    Attributes:
        title: what it is, for people.
        side: VTN or VEN.
        clock: that it goes by.
        unit: how long "a short while" is in cases, on that clock: events start some units
            from now and last some units. Long enough for some messages to go back and forth.
        fresh: whether ``renew`` gives one that nobody has talked to yet.
    """

    title: str
    side: Side
    clock: Clock
    unit: timedelta
    fresh: bool

    async def renew(self) -> None:
        """Makes it as new before a case, if that can be done."""

    async def do(self, action: Action) -> Any:
        """Has something done there; what comes of it is said at the action.

        Raises:
            Cannot: nobody can do it.
        """


class VtnDevice(Device, Protocol):
    """A VTN under test.

    Attributes:
        url: with or without ``OpenADR2/Simple/2.0b``.
        identity: what the VEN of the kit shows of itself there.
    """

    url: str
    identity: Identity


class VenDevice(Device, Protocol):
    """A VEN under test.

    Attributes:
        identity: what the VTN of the kit shows of itself.
        poll_freq: how often the VTN of the kit asks it to poll.
    """

    identity: Identity
    poll_freq: timedelta

    async def meet(self, url: str, *, push: bool) -> None:
        """Learns where the VTN of the kit is, before the first case.

        Args:
            url: ``OpenADR2/Simple/2.0b`` included.
            push: whether it is to listen, and to register so.
        """
