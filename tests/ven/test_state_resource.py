"""What was said about resources: looked at every few seconds, read when somebody has written."""

from pathlib import Path

from oadr.messages import ResourceStatus
from ven.state import State

OVERRIDDEN = ResourceStatus(online=True, manual_override=True)
OFFLINE = ResourceStatus(online=False, manual_override=False)


async def test_to_look_at_what_nobody_has_changed_takes_no_transaction(tmp_path: Path) -> None:
    state = State(tmp_path / "ven.db")
    await state.open()
    await state.resources.change("hall", lambda _: OVERRIDDEN)
    before = state.database.transactions
    for _ in range(10):
        assert await state.resources.all() == {"hall": OVERRIDDEN}
    assert state.database.transactions <= before + 1
    await state.close()


async def test_what_this_or_another_process_says_is_seen_at_the_next_look(tmp_path: Path) -> None:
    ours, theirs = State(tmp_path / "ven.db"), State(tmp_path / "ven.db")
    for state in (ours, theirs):
        await state.open()
        assert await state.resources.all() == {}
    await theirs.resources.change("hall", lambda _: OVERRIDDEN)
    assert await ours.resources.all() == {"hall": OVERRIDDEN}
    await ours.resources.change("hall", lambda _: OFFLINE)
    assert await ours.resources.all() == await theirs.resources.all() == {"hall": OFFLINE}
    await ours.close()
    await theirs.resources.change("hall", lambda _: OVERRIDDEN)
    await ours.open()
    assert await ours.resources.all() == {"hall": OVERRIDDEN}
    for state in (ours, theirs):
        await state.close()
