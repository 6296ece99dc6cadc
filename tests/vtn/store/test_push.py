from dataclasses import replace
from typing import Any

from tests.vtn.store.worlds import LATER, NOW
from vtn.store import Store, party, push
from vtn.store.party import Party
from vtn.store.push import Push

NOTHING = Push(party_pk=0, reached_at=None, failed_at=None, failure=None)


def row(pk: int, **values: Any) -> Push:
    return replace(NOTHING, party_pk=pk, **values)


async def test_what_is_not_said_stays_as_it_was(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        await push.note(tx, rows=[row(ven.pk, failed_at=NOW, failure="HTTP 503")])
        await push.note(tx, rows=[row(ven.pk, reached_at=LATER)])
        [found] = (await push.all_pushes(tx)).values()
    assert found == row(ven.pk, failed_at=NOW, failure="HTTP 503", reached_at=LATER)
    assert not found.failing


async def test_a_ven_that_is_gone_spoils_no_batch(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        other = await party.create(tx, ven_id="ven-2", ven_name="Depot", now=NOW)
        await party.remove(tx, pk=other.pk)
        await push.note(tx, rows=[row(other.pk, reached_at=NOW), row(ven.pk, failed_at=NOW)])
        found = await push.all_pushes(tx)
    assert list(found) == [ven.pk]
    assert found[ven.pk].failing
