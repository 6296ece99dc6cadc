"""What the VTN offers, and what VENs have requested of it."""

from oadr.report import RequestKind
from tests.vtn.store.test_report import a_request, an_offer
from tests.vtn.store.worlds import LATER, MINUTE, NOW
from vtn.store import Store, party, served
from vtn.store.party import Party


async def test_what_was_offered_last_is_kept(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        assert await served.offered(tx, party_pk=ven.pk) is None
        for name in ("first", "last"):
            await served.offer(tx, party_pk=ven.pk, reports=[an_offer(name)], now=NOW)
        await served.offer(tx, party_pk=ven.pk, reports=[an_offer("last")], now=LATER)
        assert await served.offered(tx, party_pk=ven.pk) == (an_offer("last"),)


async def test_a_request_moves_on_until_it_has_ended(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        await served.put(
            tx,
            party_pk=ven.pk,
            request=a_request(),
            kind=RequestKind.PERIODIC,
            due_at=NOW + MINUTE,
            now=NOW,
        )
        assert await served.due(tx, now=NOW, most=9) == []
        (row,) = await served.due(tx, now=NOW + MINUTE, most=9)
        assert (row.request, row.sent_index, row.closing) == (a_request(), -1, False)
        await served.sent(tx, pk=row.pk, index=0, due_at=NOW + 2 * MINUTE, now=LATER)
        moved = await served.get(tx, pk=row.pk)
        assert moved is not None
        assert (moved.sent_index, moved.last_sent) == (0, LATER)
        await served.close(tx, party_pk=ven.pk, ids=["1"], now=NOW)
        (last,) = await served.due(tx, now=NOW, most=9)
        assert last.closing
        await served.sent(tx, pk=row.pk, index=1, due_at=None, now=LATER)
        assert await served.requests(tx) == []


async def test_the_same_id_takes_the_place_of_the_earlier_one(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        for specifier in ("load", "battery"):
            await served.put(
                tx,
                party_pk=ven.pk,
                request=a_request("1", specifier),
                kind=RequestKind.ONE_SHOT,
                due_at=NOW,
                now=NOW,
            )
        (row,) = await served.requests(tx, party_pk=ven.pk)
    assert row.request.report_specifier_id == "battery"


async def test_r407_a_registration_that_ends_takes_all_of_it_along(
    store: Store, ven: Party
) -> None:
    async with store.begin() as tx:
        await served.offer(tx, party_pk=ven.pk, reports=[an_offer()], now=NOW)
        await served.put(
            tx,
            party_pk=ven.pk,
            request=a_request(),
            kind=RequestKind.PERIODIC,
            due_at=NOW,
            now=NOW,
        )
        await party.unregister(tx, pk=ven.pk, now=LATER)
        assert await served.requests(tx) == []
        assert await served.offered(tx, party_pk=ven.pk) is None
