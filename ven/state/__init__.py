"""What the VEN must not forget: one SQLite file, one module per noun.

Every change is on the disk before it is acknowledged to the VTN or acted upon, so that
a VEN that is killed anywhere carries on where it was.
"""

from ven.state.database import Database
from ven.state.event import EventState, EventStore, HeldEvent, PendingAnswer
from ven.state.opt import HeldOpt, OptStore
from ven.state.outbox import Outbox, OutboxRow
from ven.state.reading import ReadingStore
from ven.state.registration import Registration, RegistrationStore
from ven.state.report import HeldRequest, RequestState, RequestStore
from ven.state.store import State

__all__ = [
    "Database",
    "EventState",
    "EventStore",
    "HeldEvent",
    "HeldOpt",
    "HeldRequest",
    "OptStore",
    "Outbox",
    "OutboxRow",
    "PendingAnswer",
    "ReadingStore",
    "Registration",
    "RegistrationStore",
    "RequestState",
    "RequestStore",
    "State",
]
