"""What a VEN keeps on its disk."""

import asyncio
import os
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.enums import OptType
from oadr.messages import (
    CancelOpt,
    CreateOpt,
    EventResponse,
    LoadControl,
    ResourceStatus,
    UpdateReport,
)
from oadr.report import Reading, RequestKind
from oadr.times import FOREVER
from tests.ven.scripted import NOW, event, request
from ven.errors import StateError
from ven.state import (
    EventState,
    HeldEvent,
    HeldRequest,
    Registration,
    RequestState,
    State,
)
from ven.state.database import from_us
from ven.state.schema import MIGRATIONS

SECOND = timedelta(seconds=1)


@pytest.fixture
async def state(tmp_path: Path) -> AsyncIterator[State]:
    state = State(tmp_path / "ven.db")
    await state.open()
    yield state
    await state.close()


@asynccontextmanager
async def reopened(state: State) -> AsyncIterator[State]:
    """Gives the same file as another process would see it."""
    other = State(state.database.path)
    await other.open()
    yield other
    await other.close()


def reading(start: int, value: str = "1.50", r_id: str = "main", seconds: int = 10) -> Reading:
    return Reading(
        r_id=r_id,
        start=NOW + start * SECOND,
        duration=seconds * SECOND,
        value=Decimal(value),
    )


async def test_a_registration_comes_back_as_it_was(state: State) -> None:
    kept = Registration(
        ven_id="0042",
        registration_id="r & d",
        vtn_id="TH_VTN",
        poll_interval=timedelta(milliseconds=1500),
        introduced="digest",
    )
    await state.registration.save(kept)
    async with reopened(state) as other:
        assert await other.registration.load() == kept


async def test_an_event_comes_back_as_it_was(state: State) -> None:
    held = HeldEvent(
        event=event(start_after=timedelta(minutes=5), ramp_up=timedelta(minutes=1)),
        request_id="",
        opt=OptType.OPT_OUT,
        offset=timedelta(seconds=77),
        state=EventState.ENDING,
        until=FOREVER,
        received_at=NOW,
    )
    await state.events.change(hold=[held])
    async with reopened(state) as other:
        assert await other.events.all() == (held,)


async def test_an_answer_that_was_overtaken_by_a_later_one_is_not_settled(state: State) -> None:
    def answer(opt: OptType) -> EventResponse:
        return EventResponse(request_id="q", event_id="e1", modification_number=0, opt_type=opt)

    await state.events.change(answers=[answer(OptType.OPT_IN)])
    sent = await state.events.answers()
    await state.events.change(answers=[answer(OptType.OPT_OUT)])
    await state.events.settled(sent)
    (left,) = await state.events.answers()
    assert left.response.opt_type is OptType.OPT_OUT
    await state.events.settled([left])
    assert await state.events.answers() == ()


@pytest.mark.parametrize(
    "value",
    [
        Decimal("0.1"),
        Decimal("123456789012345678901234567890.123"),
        Decimal("-0"),
        ResourceStatus(online=True, manual_override=False),
        ResourceStatus(
            online=False,
            manual_override=True,
            capacity=LoadControl(current=Decimal("1.10"), maximum=Decimal(3)),
        ),
    ],
)
async def test_a_value_comes_back_to_the_last_digit(
    state: State, value: Decimal | ResourceStatus
) -> None:
    kept = Reading(r_id="main", start=NOW, value=value, quality="Quality Good - Non Specific")
    await state.readings.add([kept])
    async with reopened(state) as other:
        (found,) = await other.readings.between(["main"], NOW, NOW + SECOND)
    assert found == kept
    assert str(found.value) == str(value)


async def test_the_first_value_for_a_time_counts_so_nothing_is_sent_twice_as_two_values(
    state: State,
) -> None:
    await state.readings.add([reading(0, "1")])
    await state.readings.add([reading(0, "2"), reading(10, "3")])
    found = await state.readings.between(["main"], NOW, NOW + timedelta(minutes=1))
    assert [one.value for one in found] == [1, 3]


async def test_readings_that_reach_into_the_time_are_found_oldest_first(state: State) -> None:
    await state.readings.add(
        [reading(start) for start in (20, 10, 0, -5, -10)] + [reading(3, r_id="other")]
    )
    found = await state.readings.between(["main"], NOW, NOW + 20 * SECOND)
    assert [(one.start - NOW) // SECOND for one in found] == [-5, 0, 10]


async def test_r510_a_hundred_readings_stay_however_old_they_are(state: State) -> None:
    await state.readings.add([reading(10 * n) for n in range(250)])
    await state.readings.add([reading(0, r_id="young")])
    assert await state.readings.prune("main", NOW + timedelta(days=9)) == 150
    assert await state.readings.prune("young", NOW + timedelta(days=9)) == 0
    newest = await state.readings.newest("main")
    assert newest is not None
    assert newest.start == NOW + 2490 * SECOND
    assert await state.readings.count() == 101


def held(name: str, state: RequestState = RequestState.ACTIVE) -> HeldRequest:
    return HeldRequest(
        request=request(name),
        kind=RequestKind.PERIODIC,
        accepted_at=NOW,
        state=state,
        created_for="q1",
    )


async def test_requests_come_back_in_the_order_in_which_they_came(state: State) -> None:
    await state.requests.accept([held("b"), held("a")])
    await state.requests.accept([held("c")])
    async with reopened(state) as other:
        found = await other.requests.all()
    assert found == (held("b"), held("a"), held("c"))


async def test_a_window_and_its_report_are_written_together(state: State) -> None:
    await state.requests.accept([held("a")])
    report = UpdateReport(request_id="u1", ven_id="ven-1")
    with pytest.raises(StateError):
        await _break_off(state)
    (found,) = await state.requests.all()
    assert found.last_index == -1
    await state.requests.made("a", index=4, reports=[report], final=False, now=NOW)
    (found,) = await state.requests.all()
    row = await state.outbox.first()
    assert found.last_index == 4
    assert row is not None
    assert (row.message, row.report_request_id) == (report, "a")


async def _break_off(state: State) -> None:
    """Breaks off a transaction after its first statement."""

    def work(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE report_request SET last_index = 4")
        connection.execute("INSERT INTO outbox (nonsense) VALUES (1)")

    await state.database.run(work)


async def test_the_outbox_keeps_its_order_and_parks_what_cannot_be_delivered(
    state: State,
) -> None:
    await state.requests.accept([held("a")])
    messages = [UpdateReport(request_id=str(n)) for n in range(3)]
    await state.requests.made("a", index=0, reports=messages, final=True, now=NOW)
    first = await state.outbox.first()
    assert first is not None
    await state.outbox.failed(first.number)
    again = await state.outbox.first()
    assert again is not None
    assert (again.number, again.attempts) == (first.number, 1)
    await state.outbox.park(first.number, "452")
    second = await state.outbox.first()
    assert second is not None
    assert second.message == messages[1]
    assert await state.outbox.counts() == (2, 1)
    await state.outbox.delivered(second.number)
    await state.outbox.prune_parked(0)
    assert await state.outbox.counts() == (1, 0)


async def test_a_cancelled_request_takes_its_reports_along_and_no_others(state: State) -> None:
    await state.requests.accept([held("a"), held("b")])
    for name in ("a", "b"):
        await state.requests.made(
            name, index=0, reports=[UpdateReport(request_id=name)], final=False, now=NOW
        )
    await state.requests.cancel(["a"])
    assert [one.request_id for one in await state.requests.all()] == ["b"]
    row = await state.outbox.first()
    assert row is not None
    assert row.report_request_id == "b"


async def test_opts_are_kept_until_the_vtn_has_them_and_a_cancellation_takes_its_opt_along(
    state: State,
) -> None:
    create = CreateOpt(
        opt_id="o1",
        opt_type=OptType.OPT_OUT,
        opt_reason="mustRun",
        ven_id="ven-1",
        created_date_time=NOW,
        request_id="q1",
        event_id="e1",
        modification_number=0,
    )
    await state.opts.add(create)
    (waiting,) = await state.opts.all(waiting=True)
    assert waiting.message == create
    await state.opts.sent(waiting)
    assert await state.opts.all(waiting=True) == ()
    await state.opts.add(CancelOpt(request_id="q2", opt_id="o1", ven_id="ven-1"))
    (cancel,) = await state.opts.all(waiting=True)
    await state.opts.sent(cancel)
    assert await state.opts.all() == ()


async def test_r407_the_end_of_the_registration_erases_the_vtn_and_keeps_the_readings(
    state: State,
) -> None:
    await state.readings.add([reading(0)])
    await state.requests.accept([held("a")])
    await state.registration.save(
        Registration(ven_id="v", registration_id="r", vtn_id="t", introduced="x")
    )
    await state.registration.erase()
    assert await state.registration.load() is None
    assert await state.requests.all() == ()
    assert await state.readings.count() == 1


async def test_a_file_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ven.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(StateError, match="newer version"):
        await State(path).open()


async def test_a_file_that_is_no_state_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "ven.db"
    path.write_text("this is no database, whatever its name says" * 100)
    with pytest.raises(StateError, match=r"ven\.db"):
        await State(path).open()


async def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"is .*nowhere there"):
        await State(tmp_path / "nowhere" / "ven.db").open()


async def test_a_closed_state_says_so(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="closed"):
        await State(tmp_path / "ven.db").readings.count()


async def test_the_file_is_written_through_to_the_disk(state: State) -> None:
    def pragmas(connection: sqlite3.Connection) -> tuple[str, int]:
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
        return mode, synchronous

    assert await state.database.run(pragmas) == ("wal", 2)


async def test_a_state_in_memory_needs_no_file() -> None:
    state = State()
    await state.open()
    await state.readings.add([reading(0)])
    assert await state.readings.count() == 1
    await state.close()


async def test_a_state_whose_opening_is_cancelled_at_any_step_lets_go_of_its_file(
    tmp_path: Path,
) -> None:
    async def use(state: State) -> None:
        await state.open()
        try:
            await state.claim()
            await state.readings.add([reading(0)])
        finally:
            await state.close()

    before = set(threading.enumerate())
    for steps in (*range(40), *range(40, 400, 7)):
        task = asyncio.create_task(use(State(tmp_path / "ven.db")))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    for thread in set(threading.enumerate()) - before:
        await asyncio.to_thread(thread.join, 5)
        assert not thread.is_alive()
    await use(State(tmp_path / "ven.db"))
    assert sorted(os.listdir(tmp_path)) == ["ven.db", "ven.db.lock"]


async def test_a_file_of_the_first_version_keeps_its_readings(tmp_path: Path) -> None:
    path = tmp_path / "ven.db"
    with closing(sqlite3.connect(path)) as connection:
        for statement in MIGRATIONS[0]:
            connection.execute(statement)
        connection.execute("PRAGMA user_version = 1")
        connection.execute("INSERT INTO reading VALUES ('main', 0, 1000000, '5', NULL)")
        connection.commit()
    state = State(path)
    await state.open()
    (found,) = await state.readings.between(["main"], from_us(0), from_us(10))
    assert found.value == 5
    assert (found.accuracy, found.confidence) == (None, None)
    await state.close()


async def test_two_tasks_that_open_a_state_at_once_share_one_connection(tmp_path: Path) -> None:
    state = State(tmp_path / "ven.db")
    # Those of earlier tests may be about to end.
    before = set(threading.enumerate())
    await asyncio.gather(*(state.open() for _ in range(5)))
    assert len(set(threading.enumerate()) - before) == 1
    await state.close()


async def test_a_corrected_reading_takes_the_place_of_the_first(state: State) -> None:
    await state.readings.add([reading(0)])
    better = replace(reading(0), value=Decimal(99), accuracy=Decimal("0.5"), confidence=90)
    await state.readings.add([better])
    assert (await state.readings.newest(better.r_id)) == reading(0)
    await state.readings.correct([better])
    assert (await state.readings.newest(better.r_id)) == better
