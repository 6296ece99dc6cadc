"""What OpenLEADR's applications look at beside events and reports."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from oadr.messages import CreateOpt
from ven.connection import Connection
from ven.engine.machine import Machine
from ven.options import POLL_INTERVAL
from ven.state import HeldOpt


class PendingReports:
    """The reports that wait until the VTN has confirmed them, in place of a queue.

    Args:
        count: returns how many there are.
    """

    maxsize = 0

    def __init__(self, count: Callable[[], int]) -> None:
        self._count = count

    def qsize(self) -> int:
        """Returns how many wait."""
        return self._count()

    def empty(self) -> bool:
        """Returns whether none waits."""
        return not self._count()

    def full(self) -> bool:
        """Returns whether no other has room, which never is."""
        return False


class Attributes:
    """The part of the client that shows who and how it is."""

    _machine: Machine
    _connection: Connection
    _transport: Any
    #: Event loop in which the VEN lives; None before it has started.
    loop: asyncio.AbstractEventLoop | None

    @property
    def ven_name(self) -> str:
        """What people call this VEN; a change counts from the next registration on."""
        return self._machine.core.options.ven_name

    @ven_name.setter
    def ven_name(self, name: str) -> None:
        core = self._machine.core
        core.options = replace(core.options, ven_name=name)

    @property
    def vtn_url(self) -> str:
        """Address of the VTN."""
        return self._connection.url.rstrip("/")

    @property
    def ven_id(self) -> str | None:
        """What the VTN calls this VEN, or was told to before it is registered."""
        core = self._machine.core
        return core.registration.ven_id if core.registration else core.options.ven_id

    @ven_id.setter
    def ven_id(self, ven_id: str | None) -> None:
        core = self._machine.core
        core.options = replace(core.options, ven_id=ven_id)

    @property
    def registration_id(self) -> str | None:
        """The registration; None while there is none."""
        registration = self._machine.core.registration
        return (registration.registration_id or None) if registration else None

    @property
    def poll_frequency(self) -> timedelta | None:
        """How often the VTN is polled; None before that is known. One that is set counts."""
        core = self._machine.core
        if core.options.poll_interval is not None or core.registration is None:
            return core.options.poll_interval
        return core.registration.poll_interval or POLL_INTERVAL

    @poll_frequency.setter
    def poll_frequency(self, interval: timedelta | None) -> None:
        core = self._machine.core
        core.options = replace(core.options, poll_interval=interval)
        core.woken.set()

    @property
    def pending_reports(self) -> PendingReports:
        """The reports that wait for the VTN."""
        state = self._machine.core.state
        return PendingReports(lambda: state.database.look(state.outbox.waiting, 0))

    @property
    def opts(self) -> list[Any]:
        """The opts that stand, as ``openleadr.objects.Opt``."""
        state = self._machine.core.state
        nothing: tuple[HeldOpt, ...] = ()
        held = state.database.look(state.opts.read, nothing)
        messages = [one.message for one in held if isinstance(one.message, CreateOpt)]
        if not messages:
            return []
        from ven.compat.shown import shown_opt

        return [shown_opt(message) for message in messages]

    @property
    def client_session(self) -> Any:
        """The HTTP session; None while there is no connection."""
        return getattr(self._transport, "_session", None)
