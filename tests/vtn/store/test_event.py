import pytest

from oadr.times import FOREVER
from tests.vtn.store.worlds import HOUR, LATER, MINUTE, NOW, an_event
from vtn.store import Store, change, delivery, event
from vtn.store.errors import DuplicateId, UnknownId
from vtn.store.party import Party


async def test_an_event_comes_back_as_it_was_added(store: Store) -> None:
    async with store.begin() as tx:
        added = await event.add(tx, event=an_event(), now=NOW, retire_at=FOREVER)
    async with store.read() as tx:
        assert await event.get(tx, event_id="peak") == added
        assert await event.get(tx, event_id="Peak") is None
    assert added.event == an_event()
    assert (added.event_id, added.modification, added.cancelled) == ("peak", 0, False)
    assert (added.retire_at, added.created_at) == (FOREVER, NOW)
    assert added.dtstart == an_event().active_period.dtstart


async def test_r70_an_event_id_is_given_once(store: Store) -> None:
    async with store.begin() as tx:
        await event.add(tx, event=an_event(), now=NOW, retire_at=LATER)
        with pytest.raises(DuplicateId, match="eventID 'peak'"):
            await event.add(tx, event=an_event(), now=NOW, retire_at=LATER)


async def test_each_modification_is_kept(store: Store) -> None:
    async with store.begin() as tx:
        await event.add(tx, event=an_event(), now=NOW, retire_at=LATER)
        await event.replace(
            tx, event=an_event(modification=1, level=2), now=NOW + MINUTE, retire_at=LATER
        )
        last = await event.replace(
            tx,
            event=an_event(modification=2, level=2),
            now=NOW + HOUR,
            retire_at=LATER + HOUR,
            cancelled=True,
        )
        versions = await event.versions(tx, event_id="peak")
        assert await event.get(tx, event_id="peak") == last
    assert [(kept.modification, kept.cancelled, kept.at) for kept in versions] == [
        (0, False, NOW),
        (1, False, NOW + MINUTE),
        (2, True, NOW + HOUR),
    ]
    assert versions[1].event == an_event(modification=1, level=2)
    assert (last.cancelled, last.modification, last.retire_at) == (True, 2, LATER + HOUR)
    assert (last.created_at, last.modified_at) == (NOW, NOW + HOUR)


async def test_an_unknown_event_cannot_be_modified(store: Store) -> None:
    async with store.begin() as tx:
        with pytest.raises(UnknownId, match="no event 'peak'"):
            await event.replace(tx, event=an_event(), now=NOW, retire_at=LATER)


async def test_a_modification_is_news_for_the_vens_that_have_the_event(
    store: Store, ven: Party
) -> None:
    async with store.begin() as tx:
        peak = await event.add(tx, event=an_event(), now=NOW, retire_at=LATER)
        await delivery.assign(tx, event_pk=peak.pk, party_pks=[ven.pk], now=NOW)
        _, known = await change.changes_since(tx, version=0)
        await event.replace(tx, event=an_event(modification=1), now=NOW, retire_at=LATER)
        assert (await change.changes_since(tx, version=known))[0] == {ven.pk}
        await delivery.close(tx, event_pk=peak.pk, now=NOW)
        _, known = await change.changes_since(tx, version=0)
        await event.replace(tx, event=an_event(modification=2), now=NOW, retire_at=LATER)
        assert await change.changes_since(tx, version=known) == (frozenset(), known)


async def test_an_undone_event_leaves_nothing_behind(store: Store) -> None:
    async def add(level: int, *, fail: bool) -> None:
        async with store.begin() as tx:
            await event.add(tx, event=an_event(level=level), now=NOW, retire_at=LATER)
            await event.get(tx, event_id="peak")
            if fail:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await add(3, fail=True)
    await add(1, fail=False)
    async with store.read() as tx:
        found = await event.get(tx, event_id="peak")
    assert found is not None
    assert found.event == an_event(level=1)


async def test_events_are_listed_by_start_in_pages(store: Store) -> None:
    async with store.begin() as tx:
        for number in range(5):
            retire_at = NOW + number * HOUR
            await event.add(tx, event=an_event(f"e{number}"), now=NOW, retire_at=retire_at)
        whole = await event.list_events(tx)
        page = await event.list_events(tx, limit=2, offset=1)
        current = await event.list_events(tx, active_at=NOW + 2 * HOUR)
    assert [one.event_id for one in whole] == ["e0", "e1", "e2", "e3", "e4"]
    assert [one.event_id for one in page] == ["e1", "e2"]
    assert [one.event_id for one in current] == ["e3", "e4"]


async def test_only_retired_events_are_pruned(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        old = await event.add(tx, event=an_event("old"), now=NOW, retire_at=NOW)
        await event.add(tx, event=an_event("new"), now=NOW, retire_at=LATER)
        await delivery.assign(tx, event_pk=old.pk, party_pks=[ven.pk], now=NOW)
        assert await event.prune(tx, before=LATER + HOUR) == 0
        await delivery.retire(tx, now=NOW)
        assert await event.prune(tx, before=NOW) == 0
        assert await event.prune(tx, before=NOW + MINUTE) == 1
        assert await event.versions(tx, event_id="old") == []
        assert [one.event_id for one in await event.list_events(tx)] == ["new"]
