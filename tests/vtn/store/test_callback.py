"""Callbacks by name, and what a start reads of events and reports."""

from typing import Any

from oadr.report import build_metadata
from tests.vtn.kit import usage
from tests.vtn.store.worlds import LATER, NOW, an_event
from vtn.store import Store, callback, delivery, event, party, report, restart
from vtn.store.callback import Kept
from vtn.store.document import read_reports
from vtn.store.party import Party


def _kept(subject: str = "peak", **values: Any) -> Kept:
    fields = {"kind": "answer", "ven_id": "ven-1", "subject": subject, "name": "app:answered"}
    return Kept(**(fields | values))


async def _all(store: Store) -> list[Kept]:
    async with store.read() as tx:
        return await callback.all_kept(tx)


async def test_a_callback_takes_the_place_of_the_one_before(store: Store) -> None:
    rows = [_kept(), _kept(kind="delivery"), _kept(kind="reading", item="main")]
    async with store.begin() as tx:
        await callback.put(tx, rows=rows)
        await callback.put(tx, rows=[_kept(name="app:other", arguments="[]", problem="gone")])
        await callback.put(tx, rows=[])
    assert await _all(store) == [
        _kept(name="app:other", arguments="[]", problem="gone"),
        *rows[1:],
    ]


async def test_the_callbacks_of_one_event_or_of_a_whole_ven_are_forgotten(store: Store) -> None:
    others = [_kept("b", ven_id="ven-2"), _kept("b", kind="reading")]
    async with store.begin() as tx:
        await callback.put(tx, rows=[_kept("a"), _kept("b"), *others])
        await callback.take_away(tx, kind="answer", ven_id="ven-1", subject="a")
    assert await _all(store) == [_kept("b"), *others]
    async with store.begin() as tx:
        await callback.take_away(tx, kind="answer", ven_id="ven-1")
    assert await _all(store) == others


async def test_callbacks_of_what_is_over_or_not_there_are_pruned(store: Store, ven: Party) -> None:
    reading = _kept("usage", kind="reading", item="main")
    rows = [
        _kept("peak"),
        _kept("over"),
        _kept("never stored"),
        _kept("peak", ven_id="ven-2"),
        reading,
        _kept("usage", kind="reading", ven_id="ven-2"),
    ]
    async with store.begin() as tx:
        await callback.put(tx, rows=rows)
        for event_id, end in (("peak", LATER), ("over", NOW)):
            stored = await event.add(tx, event=an_event(event_id), now=NOW, retire_at=end)
            await delivery.assign(tx, event_pk=stored.pk, party_pks=[ven.pk], now=NOW)
        await report.replace_offers(
            tx, party_pk=ven.pk, reports=build_metadata((usage(),), NOW), now=NOW
        )
        assert await callback.prune(tx, now=NOW) == 4
    assert await _all(store) == [_kept("peak"), reading]


async def test_a_start_reads_the_open_events_and_the_offers_of_all(
    store: Store, ven: Party
) -> None:
    offered = build_metadata((usage(),), NOW.replace(microsecond=0))
    async with store.begin() as tx:
        other = await party.create(tx, ven_id="ven-2", ven_name="School", now=NOW)
        first = await event.add(tx, event=an_event("a"), now=NOW, retire_at=LATER)
        second = await event.add(tx, event=an_event("b"), now=NOW, retire_at=LATER)
        await delivery.assign(tx, event_pk=first.pk, party_pks=[ven.pk, other.pk], now=NOW)
        await delivery.assign(tx, event_pk=second.pk, party_pks=[other.pk], now=NOW)
        await delivery.close(tx, event_pk=second.pk, now=NOW)
        await report.replace_offers(tx, party_pk=ven.pk, reports=offered, now=NOW)
    async with store.read() as tx:
        assert await restart.open_events(tx) == [("ven-1", an_event("a")), ("ven-2", an_event("a"))]
        ((ven_id, document),) = await restart.offers(tx)
    assert ven_id == "ven-1"
    assert read_reports(document) == offered
