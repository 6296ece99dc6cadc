import pytest

from tests.vtn.store.worlds import LATER, NOW
from vtn.store import Store, change, outbox, party
from vtn.store.outbox import Item
from vtn.store.party import Party
from vtn.store.transaction import Transaction


async def put(tx: Transaction, ven: Party, ref: str, kind: str = "oadrCreateReport") -> Item:
    return await outbox.put(tx, party_pk=ven.pk, kind=kind, ref=ref, message=ref.encode(), now=NOW)


async def test_items_wait_in_the_order_that_they_were_put(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        items = [await put(tx, ven, ref) for ref in ("c", "a", "b")]
        other = await party.create(tx, ven_id="ven-2", ven_name="Depot", now=NOW)
    async with store.read() as tx:
        assert await outbox.waiting(tx, party_pk=ven.pk) == items
        assert await outbox.waiting(tx, party_pk=other.pk) == []
        assert await outbox.parties_with_waiting(tx) == {ven.pk}
    assert [item.message for item in items] == [b"c", b"a", b"b"]


async def test_a_sent_item_waits_until_it_is_done(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        item = await put(tx, ven, "1")
        await outbox.sent(tx, pk=item.pk, now=NOW)
        await outbox.sent(tx, pk=item.pk, now=LATER)
        [sent] = await outbox.waiting(tx, party_pk=ven.pk)
        assert (sent.sent_at, sent.sent_count, sent.done_at) == (LATER, 2, None)
        assert await outbox.done(tx, pk=item.pk, now=LATER) == 1
        assert await outbox.done(tx, pk=item.pk, now=LATER) == 0
        assert await outbox.waiting(tx, party_pk=ven.pk) == []
        assert await outbox.parties_with_waiting(tx) == set()


async def test_items_are_done_by_what_they_are_about(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        await put(tx, ven, "1")
        await put(tx, ven, "2")
        last = await put(tx, ven, "1", kind="oadrCancelReport")
        kind = "oadrCreateReport"
        assert await outbox.done(tx, party_pk=ven.pk, kind=kind, ref="1", now=NOW) == 1
        assert await outbox.done(tx, party_pk=ven.pk, kind=kind, now=NOW) == 1
        assert await outbox.waiting(tx, party_pk=ven.pk) == [last]


async def test_done_wants_to_know_what(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        with pytest.raises(ValueError, match="expected pk, or party_pk"):
            await outbox.done(tx, now=NOW)


async def test_a_failed_item_waits_no_more(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        item = await put(tx, ven, "1")
        assert await outbox.fail(tx, pk=item.pk, reason="453 refused", now=NOW) == 1
        assert await outbox.waiting(tx, party_pk=ven.pk) == []


async def test_a_message_is_news_for_its_ven(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        known = await change.current(tx)
        await put(tx, ven, "1")
        assert (await change.changes_since(tx, version=known))[0] == {ven.pk}


async def test_only_what_ended_is_pruned(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        ended = await put(tx, ven, "1")
        waiting = await put(tx, ven, "2")
        await outbox.done(tx, pk=ended.pk, now=NOW)
        assert await outbox.prune(tx, before=NOW) == 0
        assert await outbox.prune(tx, before=LATER) == 1
        assert await outbox.waiting(tx, party_pk=ven.pk) == [waiting]
