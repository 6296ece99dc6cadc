"""All nouns of one state file together."""

from pathlib import Path

from ven.state.database import MEMORY, Database
from ven.state.event import EventStore
from ven.state.opt import OptStore
from ven.state.outbox import Outbox
from ven.state.reading import ReadingStore
from ven.state.registration import RegistrationStore
from ven.state.report import RequestStore
from ven.state.resource import ResourceStore
from ven.state.wanted import WantedStore


class State:
    """What a VEN must not forget.

    Args:
        path: of the file, or ``":memory:"``.

    Attributes:
        registration: who the VEN is to its VTN.
        events: events and unconfirmed answers.
        opts: opts.
        requests: report requests.
        readings: of the meters.
        outbox: reports that wait.
        wanted: what this VEN asks of the VTN.
        resources: how resources are, as somebody has said.
    """

    def __init__(self, path: str | Path = MEMORY) -> None:
        self.database = Database(path)
        self.registration = RegistrationStore(self.database)
        self.events = EventStore(self.database)
        self.opts = OptStore(self.database)
        self.requests = RequestStore(self.database)
        self.readings = ReadingStore(self.database)
        self.outbox = Outbox(self.database)
        self.wanted = WantedStore(self.database)
        self.resources = ResourceStore(self.database)

    async def open(self) -> None:
        """Opens the file.

        Raises:
            StateError: it cannot be used.
        """
        await self.database.open()

    async def claim(self) -> None:
        """Keeps other VENs off the file.

        Raises:
            StateError: one runs on it already.
        """
        await self.database.claim()

    async def close(self) -> None:
        """Closes the file."""
        await self.database.close()
