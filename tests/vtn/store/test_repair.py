from datetime import timedelta

from oadr.repair import Tolerance
from tests.vtn.store.worlds import LATER, NOW
from vtn.store import Store, party, repair
from vtn.store.repair import Mended

_MINUTE = timedelta(minutes=1)


def mended(pk: int, name: str, count: int = 1, *, minutes: int = 0) -> Mended:
    at = NOW + minutes * _MINUTE
    return Mended(party_pk=pk, name=name, count=count, first_at=at, last_at=at)


async def test_repairs_are_added_up_by_name(store: Store) -> None:
    async with store.begin() as tx:
        ven = await party.create(tx, ven_id="1", ven_name="one", now=NOW)
        await repair.note(tx, rows=[mended(ven.pk, "order", 2), mended(ven.pk, "namespace")])
    async with store.begin() as tx:
        await repair.note(tx, rows=[mended(ven.pk, "order", 3, minutes=5)])
    async with store.read() as tx:
        found = await repair.for_party(tx, party_pk=ven.pk)
    assert [(one.name, one.count) for one in found] == [("namespace", 1), ("order", 5)]
    assert (found[1].first_at, found[1].last_at) == (NOW, NOW + 5 * _MINUTE)


async def test_repairs_of_a_ven_that_is_gone_are_left_out(store: Store) -> None:
    async with store.begin() as tx:
        ven = await party.create(tx, ven_id="1", ven_name="one", now=NOW)
        await repair.note(tx, rows=[mended(ven.pk, "order"), mended(ven.pk + 1, "order")])
        await party.remove(tx, pk=ven.pk)
        await repair.note(tx, rows=[mended(ven.pk, "order")])
        assert await repair.for_party(tx, party_pk=ven.pk) == []


async def test_what_is_put_up_with_is_stored_with_the_ven(store: Store) -> None:
    async with store.begin() as tx:
        ven = await party.create(tx, ven_id="1", ven_name="one", now=NOW)
        assert ven.peer is None
        for tolerance in (Tolerance.STRICT, Tolerance.LENIENT, None):
            await party.set_peer(tx, pk=ven.pk, peer=tolerance)
            found = await party.get(tx, pk=ven.pk, now=LATER)
            assert found is not None
            assert found.peer is tolerance
