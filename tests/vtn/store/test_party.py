from collections.abc import Callable
from datetime import timedelta

import pytest

from oadr.enums import OptType, ProfileName, TransportName
from tests.vtn.store.worlds import HOUR, LATER, MINUTE, NOW, an_event, many_parties
from vtn.store import Store, certificate, change, delivery, event, outbox, party
from vtn.store.errors import DuplicateId, UnknownId
from vtn.store.party import Party


async def test_an_enrolled_party_is_found_by_each_of_its_identifiers(store: Store) -> None:
    async with store.begin() as tx:
        made = await party.create(
            tx,
            ven_id="0042",
            ven_name='Tom & Co "</ei:venID>"',
            now=NOW,
            groups=["north", "south", "north"],
            resources=["battery"],
            market_contexts=["http://programme.example/peak"],
            signature_policy="required",
        )
        await certificate.add(tx, party_pk=made.pk, fingerprint="AA:BB", now=NOW)
    async with store.read() as tx:
        by_id = await party.get(tx, ven_id="0042")
        assert by_id is not None
        assert by_id == await party.get(tx, ven_name='Tom & Co "</ei:venID>"')
        assert by_id == await party.get(tx, pk=made.pk)
        assert by_id == await party.get(tx, fingerprint="AA:BB")
        assert await party.all_parties(tx) == [by_id]
    assert by_id.ven_id == "0042"
    assert by_id.groups == {"north", "south"}
    assert by_id.resources == {"battery"}
    assert by_id.market_contexts == {"http://programme.example/peak"}
    assert by_id.fingerprints == ("AA:BB",)
    assert (by_id.state, by_id.signature_policy) == ("enrolled", "required")
    assert by_id.enrolled_at == NOW
    assert by_id.enrolled_at.utcoffset() == timedelta(0)


async def test_r405_a_ven_of_20a_counts_as_registered_as_soon_as_it_is_enrolled(
    store: Store,
) -> None:
    async with store.begin() as tx:
        made = await party.create(
            tx,
            ven_id="mill",
            ven_name="mill",
            now=NOW,
            profile=ProfileName.A,
            push_address="https://mill.example",
            poll_interval=MINUTE,
        )
        assert (made.profile, made.state, made.registered_at) == ("2.0a", "registered", NOW)
        assert (made.registration_id, made.pull) == (None, False)
        assert (made.transport_address, made.poll_interval) == ("https://mill.example", MINUTE)
        out = await party.unregister(tx, pk=made.pk, now=NOW)
        assert out.state == "cancelled"
        again = await party.admit(tx, pk=made.pk, profile=ProfileName.A, now=LATER)
        assert (again.state, again.registered_at) == ("registered", LATER)
        assert again.transport_address == "https://mill.example"
        newer = await party.admit(tx, pk=made.pk, profile=ProfileName.B, now=LATER)
        assert (newer.profile, newer.state, newer.registered_at) == ("2.0b", "enrolled", None)
        assert (newer.transport_address, newer.pull) == (None, True)


async def test_nobody_is_found_by_an_unknown_identifier(store: Store, ven: Party) -> None:
    async with store.read() as tx:
        assert await party.get(tx, ven_id="ven-2") is None
        assert await party.get(tx, fingerprint="AA") is None


async def test_get_wants_exactly_one_identifier(store: Store) -> None:
    async with store.read() as tx:
        with pytest.raises(ValueError, match="exactly one"):
            await party.get(tx)
        with pytest.raises(ValueError, match="exactly one"):
            await party.get(tx, pk=1, ven_id="ven-1")


async def test_r70_a_ven_id_is_given_once(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        with pytest.raises(DuplicateId, match=r"venID 'ven-1' is in use already \(by 'Office'\)"):
            await party.create(tx, ven_id="ven-1", ven_name="Depot", now=NOW)
        with pytest.raises(DuplicateId, match="venName 'Office'"):
            await party.create(tx, ven_id="ven-2", ven_name="Office", now=NOW)


async def test_a_refused_enrolment_does_not_spoil_the_transaction(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        with pytest.raises(DuplicateId):
            await party.create(tx, ven_id="ven-1", ven_name="Depot", now=NOW)
        await party.create(tx, ven_id="ven-2", ven_name="Depot", now=NOW)
    async with store.read() as tx:
        assert [found.ven_id for found in await party.all_parties(tx)] == ["ven-1", "ven-2"]


async def test_registering_stores_what_the_ven_said(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        registered = await party.register(
            tx,
            pk=ven.pk,
            registration_id="reg-1",
            transport=TransportName.XMPP,
            transport_address="https://ven.example/base",
            pull=False,
            report_only=True,
            xml_signature=True,
            poll_interval=MINUTE,
            now=LATER,
        )
    assert (registered.state, registered.registration_id) == ("registered", "reg-1")
    assert registered.transport is TransportName.XMPP
    assert registered.transport_address == "https://ven.example/base"
    assert (registered.pull, registered.report_only, registered.xml_signature) == (
        False,
        True,
        True,
    )
    assert registered.poll_interval == MINUTE
    assert registered.registered_at == LATER


async def test_registering_an_unknown_party_is_refused(store: Store) -> None:
    async with store.begin() as tx:
        with pytest.raises(UnknownId, match="no party 7"):
            await party.register(tx, pk=7, registration_id="reg", now=NOW)


async def test_r407_unregistering_erases_what_waits_and_keeps_the_enrolment(
    store: Store, ven: Party
) -> None:
    async with store.begin() as tx:
        await party.register(tx, pk=ven.pk, registration_id="reg-1", now=NOW)
        await certificate.add(tx, party_pk=ven.pk, fingerprint="AA", now=NOW)
        await party.set_groups(tx, pk=ven.pk, groups=["north"])
        peak = await event.add(tx, event=an_event(), now=NOW, retire_at=LATER)
        await delivery.assign(tx, event_pk=peak.pk, party_pks=[ven.pk], now=NOW)
        await delivery.sent(tx, party_pk=ven.pk, event_pks_with_modification={peak.pk: 0}, now=NOW)
        await delivery.answered(
            tx,
            party_pk=ven.pk,
            event_pk=peak.pk,
            modification=0,
            opt_type=OptType.OPT_IN,
            source="createdEvent",
            now=NOW,
        )
        old = await outbox.put(
            tx, party_pk=ven.pk, kind="oadrCreateReport", ref="1", message=b"<a/>", now=NOW
        )
        await outbox.done(tx, pk=old.pk, now=NOW)
        await outbox.put(
            tx, party_pk=ven.pk, kind="oadrCreateReport", ref="2", message=b"<b/>", now=NOW
        )
    async with store.begin() as tx:
        gone = await party.unregister(tx, pk=ven.pk, now=LATER)
    async with store.read() as tx:
        assert await outbox.waiting(tx, party_pk=ven.pk) == []
        [(_, state)] = await delivery.for_party(tx, party_pk=ven.pk)
        assert len(await delivery.history(tx, event_id="peak")) == 1
    assert (gone.state, gone.registration_id, gone.registered_at) == ("cancelled", None, None)
    assert (gone.fingerprints, gone.groups) == (("AA",), frozenset({"north"}))
    assert (state.sent_modification, state.acked_modification, state.opt_type) == (None,) * 3
    assert state.sent_count == 0


async def test_labels_and_policy_are_replaced_as_a_whole(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        await party.set_groups(tx, pk=ven.pk, groups=["a", "b"])
        await party.set_groups(tx, pk=ven.pk, groups=["b", "c"])
        await party.set_resources(tx, pk=ven.pk, resources=["battery"])
        await party.set_market_contexts(tx, pk=ven.pk, market_contexts=["http://m"])
        await party.set_signature_policy(tx, pk=ven.pk, signature_policy="ignored")
        await party.rename(tx, pk=ven.pk, ven_name="Head office")
    async with store.read() as tx:
        found = await party.get(tx, pk=ven.pk)
    assert found is not None
    assert found.groups == {"b", "c"}
    assert found.resources == {"battery"}
    assert found.market_contexts == {"http://m"}
    assert (found.signature_policy, found.ven_name) == ("ignored", "Head office")


async def test_changed_since_gives_only_what_changed(store: Store) -> None:
    async with store.begin() as tx:
        first = await party.create(tx, ven_id="ven-1", ven_name="A", now=NOW)
        second = await party.create(tx, ven_id="ven-2", ven_name="B", now=NOW)
        known = second.version
        assert await party.changed_since(tx, version=known) == []
        await party.set_groups(tx, pk=first.pk, groups=["north"])
        [changed] = await party.changed_since(tx, version=known)
    assert (changed.ven_id, changed.groups) == ("ven-1", frozenset({"north"}))
    assert changed.version > known


async def test_a_certificate_changes_its_party(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        await certificate.add(tx, party_pk=ven.pk, fingerprint="AA", now=NOW)
        [changed] = await party.changed_since(tx, version=ven.version)
    assert changed.fingerprints == ("AA",)


async def test_a_removed_party_takes_everything_with_it_and_others_hear_of_it(
    store: Store, ven: Party
) -> None:
    async with store.begin() as tx:
        await certificate.add(tx, party_pk=ven.pk, fingerprint="AA", now=NOW)
        await outbox.put(tx, party_pk=ven.pk, kind="k", ref=None, message=b"", now=NOW)
        peak = await event.add(tx, event=an_event(), now=NOW, retire_at=LATER)
        await delivery.assign(tx, event_pk=peak.pk, party_pks=[ven.pk], now=NOW)
        known = await change.current(tx)
        await party.remove(tx, pk=ven.pk)
        assert await party.all_parties(tx) == []
        assert await certificate.all_valid(tx, now=NOW) == []
        assert await outbox.parties_with_waiting(tx) == set()
        assert await delivery.for_event(tx, event_id="peak") == []
        assert (await change.changes_since(tx, version=known))[0] == {ven.pk}
        again = await party.create(tx, ven_id="ven-1", ven_name="Office", now=NOW)
        with pytest.raises(UnknownId):
            await party.remove(tx, pk=ven.pk)
    assert again.pk != ven.pk


async def test_last_seen_is_written_in_one_statement_and_never_goes_back(
    store: Store, statements: Callable[[], list[str]]
) -> None:
    async with store.begin() as tx:
        await many_parties(tx, 3)
        await party.touch(tx, last_seen={1: LATER, 2: NOW})
        statements()
        await party.touch(tx, last_seen={1: NOW, 2: LATER, 3: NOW})
        assert len(statements()) == 1
        await party.touch(tx, last_seen={})
        assert statements() == []
        seen = {found.pk: found.last_seen for found in await party.all_parties(tx)}
    assert seen == {1: LATER, 2: LATER, 3: NOW}


async def test_being_seen_is_no_change(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        await party.touch(tx, last_seen={ven.pk: LATER})
        assert await party.changed_since(tx, version=ven.version) == []


async def test_ten_thousand_parties_take_three_queries(
    store: Store, statements: Callable[[], list[str]]
) -> None:
    async with store.begin() as tx:
        await many_parties(tx, 10_000)
    statements()
    async with store.read() as tx:
        found = await party.all_parties(tx)
    assert len(statements()) == 3
    assert len(found) == 10_000
    assert all(one.groups == {"all"} and one.fingerprints == (f"F{one.pk}",) for one in found)


async def test_an_overlap_that_ended_identifies_nobody(store: Store, ven: Party) -> None:
    end = NOW + HOUR
    async with store.begin() as tx:
        await certificate.add(tx, party_pk=ven.pk, fingerprint="OLD", now=NOW)
        await certificate.set_valid_until(tx, fingerprint="OLD", valid_until=end, now=NOW)
        await certificate.add(tx, party_pk=ven.pk, fingerprint="NEW", now=NOW)
        within = await party.get(tx, fingerprint="OLD", now=end - MINUTE)
        after = await party.get(tx, fingerprint="OLD", now=end)
        whole = await party.get(tx, ven_id="ven-1", now=end)
    assert after is None
    assert within is not None
    assert within.fingerprints == ("OLD", "NEW")
    assert within.accepts("OLD", end - MINUTE)
    assert not within.accepts("OLD", end)
    assert within.accepts("NEW", end)
    assert not within.accepts("OTHER", NOW)
    assert whole is not None
    assert whole.fingerprints == ("NEW",)
