from datetime import datetime

import pytest

from tests.vtn.store.worlds import HOUR, LATER, NOW
from vtn.store import Store, certificate, party
from vtn.store.certificate import Shown
from vtn.store.errors import DuplicateId, UnknownId
from vtn.store.party import Party


async def test_a_certificate_comes_back_as_it_was_added(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        added = await certificate.add(
            tx, party_pk=ven.pk, fingerprint="AA:BB", subject="ven-1", not_after=LATER, now=NOW
        )
    async with store.read() as tx:
        assert await certificate.for_party(tx, party_pk=ven.pk) == [added]
        assert await certificate.all_valid(tx, now=NOW) == [added]
    assert (added.subject, added.not_after, added.added_at) == ("ven-1", LATER, NOW)


async def test_a_fingerprint_identifies_one_party(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        other = await party.create(tx, ven_id="ven-2", ven_name="Depot", now=NOW)
        await certificate.add(tx, party_pk=ven.pk, fingerprint="AA", now=NOW)
        for pk in (ven.pk, other.pk):
            with pytest.raises(DuplicateId, match=r"fingerprint 'AA'.*by 'ven-1'"):
                await certificate.add(tx, party_pk=pk, fingerprint="AA", now=NOW)


async def test_an_unknown_party_gets_no_certificate(store: Store) -> None:
    async with store.begin() as tx:
        with pytest.raises(UnknownId):
            await certificate.add(tx, party_pk=9, fingerprint="AA", now=NOW)


async def test_a_revoked_certificate_identifies_nobody_and_stays_on_record(
    store: Store, ven: Party
) -> None:
    async with store.begin() as tx:
        await certificate.add(tx, party_pk=ven.pk, fingerprint="AA", now=NOW)
        await certificate.revoke(tx, fingerprint="AA", now=LATER)
        assert await party.get(tx, fingerprint="AA") is None
        assert await certificate.all_valid(tx, now=LATER) == []
        [kept] = await certificate.for_party(tx, party_pk=ven.pk)
        with pytest.raises(UnknownId, match="AA"):
            await certificate.revoke(tx, fingerprint="AA", now=LATER)
    assert kept.revoked_at == LATER


async def test_revoking_changes_the_party(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        await certificate.add(tx, party_pk=ven.pk, fingerprint="AA", now=NOW)
        before = await party.get(tx, pk=ven.pk)
        assert before is not None
        await certificate.revoke(tx, fingerprint="AA", now=NOW)
        [changed] = await party.changed_since(tx, version=before.version)
    assert changed.fingerprints == ()


async def test_a_fingerprint_can_go_to_another_party_when_it_is_free(
    store: Store, ven: Party
) -> None:
    end = NOW + HOUR
    async with store.begin() as tx:
        other = await party.create(tx, ven_id="ven-2", ven_name="Depot", now=NOW)
        await certificate.add(tx, party_pk=ven.pk, fingerprint="AA", now=NOW)
        await certificate.set_valid_until(tx, fingerprint="AA", valid_until=end, now=NOW)
        with pytest.raises(DuplicateId):
            await certificate.add(tx, party_pk=other.pk, fingerprint="AA", now=NOW)
        await certificate.add(tx, party_pk=other.pk, fingerprint="AA", now=end)
        found = await party.get(tx, fingerprint="AA", now=end)
    assert found is not None
    assert found.ven_id == "ven-2"


async def test_what_a_shown_certificate_says_is_noted_once(store: Store, ven: Party) -> None:
    def shown(fingerprint: str, at: datetime, subject: str = "CN=school") -> Shown:
        return Shown(
            fingerprint=fingerprint, subject=subject, issuer="CN=Grid", not_after=LATER, at=at
        )

    async with store.begin() as tx:
        for fingerprint in ("AA", "BB"):
            await certificate.add(tx, party_pk=ven.pk, fingerprint=fingerprint, now=NOW)
        assert await certificate.unseen(tx, among=["AA", "BB", "CC"]) == {"AA", "BB"}
        await certificate.learn(tx, shown=[shown("AA", NOW), shown("CC", NOW)])
        await certificate.learn(tx, shown=[shown("AA", LATER, "another")])
        assert await certificate.unseen(tx, among=["AA", "BB"]) == {"BB"}
        first, second = await certificate.for_party(tx, party_pk=ven.pk)
    assert (first.subject, first.issuer, first.not_after) == ("CN=school", "CN=Grid", LATER)
    assert first.shown_at == NOW
    assert (second.subject, second.issuer, second.shown_at) == (None, None, None)


async def test_what_was_known_before_a_certificate_was_shown_stays(
    store: Store, ven: Party
) -> None:
    nothing = Shown(fingerprint="AA", subject=None, issuer=None, not_after=None, at=NOW)
    async with store.begin() as tx:
        await certificate.add(
            tx, party_pk=ven.pk, fingerprint="AA", subject="ven-1", not_after=LATER, now=NOW
        )
        await certificate.learn(tx, shown=[nothing])
        (kept,) = await certificate.for_party(tx, party_pk=ven.pk)
    assert (kept.subject, kept.not_after, kept.shown_at) == ("ven-1", LATER, NOW)
    assert kept.ends == LATER


async def test_certificates_without_number_can_be_asked_for(store: Store, ven: Party) -> None:
    names = [f"{number:04}" for number in range(1200)]
    async with store.begin() as tx:
        for name in names[::100]:
            await certificate.add(tx, party_pk=ven.pk, fingerprint=name, now=NOW)
        assert await certificate.unseen(tx, among=names) == set(names[::100])
