from datetime import timedelta

import pytest

from tests.vtn.store.worlds import MINUTE, NOW, many_parties
from vtn.store import Store, certificate, party, refusal
from vtn.store.party import Party
from vtn.store.refusal import KEPT, Refusal, Side


def a_refusal(
    party_pk: int | None = None, after: timedelta = timedelta(0), **values: object
) -> Refusal:
    given = {
        "side": Side.IN,
        "message": "oadrCreatedEvent",
        "rule": "R42",
        "code": 406,
        "words": "requestID is missing",
        "first_at": NOW + after,
        "last_at": NOW + after,
    }
    return Refusal(party_pk=party_pk, **given | values)  # type: ignore[arg-type]


async def noted(store: Store, *rows: Refusal) -> None:
    async with store.begin() as tx:
        await refusal.note(tx, rows=rows)


async def of(store: Store, party_pk: int) -> list[Refusal]:
    async with store.read() as tx:
        return await refusal.for_party(tx, party_pk=party_pk)


async def test_the_same_refusal_is_kept_once_with_a_count(store: Store, ven: Party) -> None:
    await noted(store, a_refusal(ven.pk, count=3), a_refusal(ven.pk, MINUTE))
    await noted(store, a_refusal(ven.pk, 2 * MINUTE, repairs=("fill-request-id",)))
    (found,) = await of(store, ven.pk)
    assert (found.count, found.first_at, found.last_at) == (5, NOW, NOW + 2 * MINUTE)
    assert found.repairs == ("fill-request-id",)
    assert (found.side, found.rule, found.code) == (Side.IN, "R42", 406)


@pytest.mark.parametrize(
    "other",
    [
        {"side": Side.ANSWER},
        {"message": "oadrPoll"},
        {"rule": "R21"},
        {"code": 452},
        {"words": "another"},
    ],
)
async def test_what_differs_is_kept_beside_it_latest_first(
    store: Store, ven: Party, other: dict[str, object]
) -> None:
    await noted(store, a_refusal(ven.pk, MINUTE, **other), a_refusal(ven.pk))
    assert [one.last_at for one in await of(store, ven.pk)] == [NOW + MINUTE, NOW]


async def test_the_newest_of_each_ven_are_kept(store: Store) -> None:
    async with store.begin() as tx:
        first, second = await many_parties(tx, 2)
    await noted(store, a_refusal(second))
    for batch in range(3):
        numbers = range(batch * KEPT, (batch + 1) * KEPT)
        await noted(store, *(a_refusal(first, n * MINUTE, words=f"wrong {n}") for n in numbers))
    assert [one.words for one in await of(store, first)] == [
        f"wrong {n}" for n in reversed(range(2 * KEPT, 3 * KEPT))
    ]
    assert len(await of(store, second)) == 1


async def test_strangers_share_what_one_ven_has(store: Store) -> None:
    await noted(store, *(a_refusal(words=f"who {n}") for n in range(3 * KEPT)))
    async with store.read() as tx:
        found = await refusal.since(tx, moment=NOW)
    assert len(found) == KEPT
    assert {one.party_pk for one in found} == {None}


async def test_a_certificate_that_does_not_count_any_more_names_its_ven(
    store: Store, ven: Party
) -> None:
    async with store.begin() as tx:
        await certificate.add(tx, party_pk=ven.pk, fingerprint="AA", now=NOW)
        await certificate.revoke(tx, fingerprint="AA", now=NOW)
    await noted(
        store, a_refusal(fingerprint="AA", rule="R517"), a_refusal(fingerprint="BB", rule="R517")
    )
    assert [one.rule for one in await of(store, ven.pk)] == ["R517"]


async def test_what_is_about_a_ven_goes_with_it(store: Store, ven: Party) -> None:
    await noted(store, a_refusal(ven.pk))
    async with store.begin() as tx:
        await party.remove(tx, pk=ven.pk)
    # What is written later, by a VTN that has not heard of it yet, is left out.
    await noted(store, a_refusal(ven.pk), a_refusal(ven.pk + 1))
    async with store.read() as tx:
        assert await refusal.since(tx, moment=NOW) == []


async def test_old_ones_are_forgotten(
    store: Store, ven: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    await noted(store, *(a_refusal(ven.pk, n * MINUTE, words=str(n)) for n in range(10)))
    async with store.begin() as tx:
        await refusal.prune(tx, before=NOW + 4 * MINUTE)
    assert len(await of(store, ven.pk)) == 6
    monkeypatch.setattr("vtn.store.refusal.MOST", 2)
    async with store.begin() as tx:
        await refusal.prune(tx, before=NOW)
    assert [one.words for one in await of(store, ven.pk)] == ["9", "8"]


async def test_nothing_to_note_asks_nothing(store: Store) -> None:
    await noted(store)
