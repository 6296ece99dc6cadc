"""The roster: always as the store is, however changes come."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from vtn.roster import Roster
from vtn.store import Store, certificate, party

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    made = await Store.open(":memory:")
    yield made
    await made.close()


async def enrol(store: Store, name: str, fingerprint: str = "") -> int:
    async with store.begin() as tx:
        row = await party.create(tx, ven_id=f"id-{name}", ven_name=name, now=NOW)
        if fingerprint:
            await certificate.add(tx, party_pk=row.pk, fingerprint=fingerprint, now=NOW)
    return row.pk


async def test_members_are_found_by_each_of_their_names(store: Store) -> None:
    pk = await enrol(store, "school", "AA")
    roster = Roster()
    assert await roster.refresh(store) == {pk}
    member = roster.of_pk(pk)
    assert member is not None
    assert roster.of_ven_id("id-school") is member
    assert roster.of_name("school") is member
    assert roster.of_certificate("AA", NOW) is member
    assert roster.of_certificate("BB", NOW) is None
    assert roster.of_ven_id("ID-SCHOOL") is None
    assert len(roster) == 1


async def test_nothing_new_changes_nothing(store: Store) -> None:
    await enrol(store, "school")
    roster = Roster()
    await roster.refresh(store)
    member = roster.of_name("school")
    assert member is not None
    member.stale = False
    assert await roster.refresh(store) == frozenset()
    assert not member.stale
    assert roster.of_name("school") is member


async def test_a_certificate_can_move_from_one_to_another_at_once(store: Store) -> None:
    one, other = await enrol(store, "one", "AA"), await enrol(store, "other")
    roster = Roster()
    await roster.refresh(store)
    for giver, taker in ((one, other), (other, one)):
        async with store.begin() as tx:
            await certificate.revoke(tx, fingerprint="AA", now=NOW)
            await certificate.add(tx, party_pk=taker, fingerprint="AA", now=NOW)
        await roster.refresh(store)
        assert roster.of_certificate("AA", NOW) is roster.of_pk(taker)
        assert roster.of_certificate("AA", NOW) is not roster.of_pk(giver)


async def test_names_can_be_swapped(store: Store) -> None:
    one, other = await enrol(store, "one"), await enrol(store, "other")
    roster = Roster()
    await roster.refresh(store)
    async with store.begin() as tx:
        await party.rename(tx, pk=one, ven_name="spare")
        await party.rename(tx, pk=other, ven_name="one")
        await party.rename(tx, pk=one, ven_name="other")
    await roster.refresh(store)
    assert roster.of_name("one") is roster.of_pk(other)
    assert roster.of_name("other") is roster.of_pk(one)
    assert roster.of_name("spare") is None


async def test_a_ven_that_is_removed_and_enrolled_again_is_found(store: Store) -> None:
    old = await enrol(store, "school", "AA")
    roster = Roster()
    await roster.refresh(store)
    async with store.begin() as tx:
        await party.remove(tx, pk=old)
    new = await enrol(store, "school", "AA")
    assert await roster.refresh(store) == {old, new}
    assert roster.of_pk(old) is None
    for found in (
        roster.of_ven_id("id-school"),
        roster.of_name("school"),
        roster.of_certificate("AA", NOW),
    ):
        assert found is roster.of_pk(new)
    async with store.begin() as tx:
        await party.remove(tx, pk=new)
    await roster.refresh(store)
    assert len(roster) == 0
    assert roster.of_certificate("AA", NOW) is None


async def test_a_certificate_whose_overlap_has_ended_can_be_anothers(store: Store) -> None:
    one, other = await enrol(store, "one", "AA"), await enrol(store, "other")
    async with store.begin() as tx:
        await certificate.set_valid_until(tx, fingerprint="AA", valid_until=NOW + DAY, now=NOW)
    later = NOW + 2 * DAY
    async with store.begin() as tx:
        await certificate.add(tx, party_pk=other, fingerprint="AA", now=later)
        await party.changed(tx, pk=one)
    roster = Roster()
    for _ in range(2):
        await roster.refresh(store)
        assert roster.of_certificate("AA", later) is roster.of_pk(other)
        async with store.begin() as tx:
            await party.changed(tx, pk=one)


async def test_refreshes_at_once_end_with_the_latest_state(store: Store) -> None:
    roster = Roster()

    async def enrol_and_refresh(n: int) -> None:
        await enrol(store, f"ven-{n}")
        await roster.refresh(store)
        assert roster.of_name(f"ven-{n}") is not None

    await asyncio.gather(*(enrol_and_refresh(n) for n in range(30)))
    assert len(roster) == 30
