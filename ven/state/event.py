"""Events that the VEN holds, and answers that the VTN has not confirmed."""

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from oadr.enums import OptType
from oadr.messages import DistributeEvent, Event, EventResponse
from ven.state.database import Database, from_us, pack_xml, readable, to_us, unpack_xml

_MICROSECOND = timedelta(microseconds=1)


class EventState(StrEnum):
    """What the VEN does with an event."""

    #: It is in force.
    HELD = "held"
    #: It is cancelled and ends at ``until``, a random moment (R65).
    ENDING = "ending"
    #: It is cancelled and cannot be stopped, so it runs to its own end (R36, R61).
    RUNNING_OUT = "running out"
    #: It was carried out and has ended; kept while the VTN may list it.
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldEvent:
    """An event that the VEN holds.

    Attributes:
        event: as it is in force.
        request_id: of the message that brought it; goes into every answer (R42), and tells
            nothing from another message with the same one (R43).
        opt: whether the VEN takes part.
        offset: by how much the start is put off (R30).
        state: what the VEN does with it.
        until: when an ending event ends.
        received_at: when this modification came.
    """

    event: Event
    request_id: str
    opt: OptType
    offset: timedelta
    state: EventState = EventState.HELD
    until: datetime | None = None
    received_at: datetime

    @property
    def event_id(self) -> str:
        """The event's ID."""
        return self.event.event_id


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingAnswer:
    """An answer to an event that the VTN has not confirmed.

    Attributes:
        response: what is sent.
        version: grows when a later answer takes its place.
    """

    response: EventResponse
    version: int = 0


class EventStore:
    """Events and unconfirmed answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> tuple[HeldEvent, ...]:
        """Returns the events, by ID."""

        def work(connection: sqlite3.Connection) -> tuple[HeldEvent, ...]:
            rows = connection.execute(
                "SELECT xml, request_id, opt, offset_us, state, until_us, received_us"
                " FROM event ORDER BY event_id"
            )
            return readable(rows, _held, "an event")

        return await self._database.run(work)

    async def change(
        self,
        *,
        hold: Sequence[HeldEvent] = (),
        drop: Sequence[str] = (),
        answers: Sequence[EventResponse] = (),
        listed: Collection[str] | None = None,
    ) -> None:
        """Stores the outcome of one message, all of it or nothing.

        Args:
            hold: events that are new or have changed.
            drop: IDs of events that are gone.
            answers: to be sent until they are confirmed; each replaces an earlier one.
            listed: events that the VTN has; earlier answers for others are forgotten, for
                nobody waits for them. None for all.
        """

        def work(connection: sqlite3.Connection) -> None:
            rows = [_row(held) for held in hold]
            known = connection.execute("SELECT event_id FROM answer").fetchall()
            gone = [key for key in known if listed is not None and key[0] not in listed]
            connection.executemany("DELETE FROM answer WHERE event_id = ?", gone)
            connection.executemany("DELETE FROM event WHERE event_id = ?", [(i,) for i in drop])
            connection.executemany("INSERT OR REPLACE INTO event VALUES (?,?,?,?,?,?,?,?)", rows)
            connection.executemany(
                "INSERT INTO answer VALUES (?,?,?,?,?,?,0) ON CONFLICT (event_id) DO UPDATE SET"
                " modification = excluded.modification, request_id = excluded.request_id,"
                " code = excluded.code, description = excluded.description, opt = excluded.opt,"
                " version = version + 1",
                [_answer_row(answer) for answer in answers],
            )

        if hold or drop or answers or listed is not None:
            await self._database.run(work)

    async def answers(self) -> tuple[PendingAnswer, ...]:
        """Returns the answers that the VTN has not confirmed."""

        def work(connection: sqlite3.Connection) -> tuple[PendingAnswer, ...]:
            rows = connection.execute("SELECT * FROM answer ORDER BY event_id")
            return tuple(_answer(row) for row in rows)

        return await self._database.run(work)

    async def settled(self, answers: Sequence[PendingAnswer]) -> None:
        """Forgets answers that need not be sent again, unless later ones took their place."""
        keys = [(answer.response.event_id, answer.version) for answer in answers]

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany("DELETE FROM answer WHERE event_id = ? AND version = ?", keys)

        await self._database.run(work)


def _row(held: HeldEvent) -> tuple[object, ...]:
    document = DistributeEvent(request_id=held.request_id, vtn_id="", events=(held.event,))
    return (
        held.event_id,
        pack_xml(document),
        held.request_id,
        held.opt.value,
        held.offset // _MICROSECOND,
        held.state.value,
        None if held.until is None else to_us(held.until),
        to_us(held.received_at),
    )


def _held(row: tuple[bytes, str, str, int, str, int | None, int]) -> HeldEvent:
    xml, request_id, opt, offset, state, until, received = row
    return HeldEvent(
        event=unpack_xml(xml, DistributeEvent).events[0],
        request_id=request_id,
        opt=OptType(opt),
        offset=offset * _MICROSECOND,
        state=EventState(state),
        until=None if until is None else from_us(until),
        received_at=from_us(received),
    )


def _answer_row(answer: EventResponse) -> tuple[object, ...]:
    return (
        answer.event_id,
        answer.modification_number,
        answer.request_id,
        answer.code,
        answer.description,
        answer.opt_type.value,
    )


def _answer(row: tuple[str, int, str, int, str | None, str, int]) -> PendingAnswer:
    event_id, modification, request_id, code, description, opt, version = row
    response = EventResponse(
        code=code,
        description=description,
        request_id=request_id,
        event_id=event_id,
        modification_number=modification,
        opt_type=OptType(opt),
    )
    return PendingAnswer(response=response, version=version)
