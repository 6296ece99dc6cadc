"""What is known of an application's events, one by one."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from oadr import messages as m
from oadr.event import is_cancelled
from vtn.compat import wanted
from vtn.compat.calling import ANSWER, DELIVERY, Callback, Told
from vtn.compat.members import retarget
from vtn.hooks import EventAnswer
from vtn.targets import retargeted


class Entry:
    """One event for one VEN.

    Attributes:
        ven_id: for whom it is.
        event: as it was last published.
        given: what the application holds of it; None until it looks.
        raw: what ``add_event`` was given; None for other events.
        callback: for answers; set by ``tell``.
        delivery_callback: for deliveries; the same.
        answered: how to call ``callback``.
        delivered: how to call ``delivery_callback``.
        cancelled: whether the application has cancelled it.
        restored: it is from before the last start.
    """

    __slots__ = (
        "_answer",
        "answered",
        "callback",
        "cancelled",
        "delivered",
        "delivery_callback",
        "essence",
        "event",
        "given",
        "raw",
        "restored",
        "ven_id",
    )

    def __init__(self, ven_id: str, event: m.Event, given: Any = None) -> None:
        self.ven_id = ven_id
        self.event = event
        self.essence = wanted.essence(event)
        self.given = given
        self.raw: Mapping[str, Any] | None = None
        self.callback: Callback | None = None
        self.delivery_callback: Callback | None = None
        self.cancelled = is_cancelled(event)
        self.restored = False
        self.answered: Told | None = None
        self.delivered: Told | None = None
        self._answer: tuple[int, str] | None = None

    @property
    def event_id(self) -> str:
        """The event's ID."""
        return self.event.event_id

    def tell(self, callback: Callback | None, delivery_callback: Callback | None) -> None:
        """Sets who is told of answers and deliveries.

        Raises:
            ValueError: a callback cannot be called as it would be.
        """
        self.callback, self.delivery_callback = callback, delivery_callback
        self.answered = None if callback is None else Told(callback, *ANSWER)
        self.delivered = None if delivery_callback is None else Told(delivery_callback, *DELIVERY)

    def move(self, ven_id: str) -> None:
        """Makes it one for the same VEN under another venID."""
        former, self.ven_id = self.ven_id, ven_id
        self.event = retargeted(self.event, former, ven_id)
        self.essence = retargeted(self.essence, former, ven_id)
        for own in (self.given, self.raw):
            if own is not None:
                retarget(own, former, ven_id)

    def is_new(self, answer: EventAnswer) -> bool:
        """Returns whether a VEN says something else than before."""
        return self._answer != (answer.modification_number, str(answer.opt_type))

    def keep(self, answer: EventAnswer) -> None:
        """Notes what a VEN has said."""
        self._answer = (answer.modification_number, str(answer.opt_type))


class Publisher(Protocol):
    """What brings events to VENs."""

    async def publish(self, entry: Entry) -> m.Event:
        """Adds an event for a VEN, and returns it as it is then."""

    async def change(self, entry: Entry, event: m.Event) -> m.Event:
        """Replaces an event, and returns it as it is then."""

    async def cancel(self, entry: Entry) -> m.Event:
        """Cancels an event, and returns it as it is then."""

    async def follow(self, former: str, ven_id: str) -> Mapping[str, m.Event]:
        """Returns the events of a VEN by eventID, with those given for a former venID."""


class Updated(dict[str, bool]):
    """``events_updated``: setting an entry publishes what has been changed by hand."""

    def __init__(self, publish: Callable[[str], None]) -> None:
        super().__init__()
        self._publish = publish

    def __setitem__(self, ven_id: str, value: bool) -> None:
        super().__setitem__(ven_id, value)
        if value:
            self._publish(ven_id)

    def note(self, ven_id: str, value: bool) -> None:
        """Sets an entry and does nothing else."""
        super().__setitem__(ven_id, value)
