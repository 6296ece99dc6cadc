from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.vtn.store.worlds import MINUTE, NOW
from vtn.store import Store, certificate, party, pending
from vtn.store.party import Party
from vtn.store.pending import Pending

PRINT = "1D:44:F0:21:93:A8:5B:0C:77:07"
OTHER = "2D:44:F0:21:93:A8:5B:0C:77:07"


def asked(ven_name: str = "bakery", after: timedelta = timedelta(), **values: Any) -> Pending:
    """Somebody who asks once, so long after all began."""
    given = Pending(
        fingerprint=PRINT,
        ven_name=ven_name,
        message="oadrCreatePartyRegistration",
        code=463,
        rule="R517",
        reason="this certificate is not enrolled",
        first_asked=NOW + after,
        last_asked=NOW + after,
    )
    return replace(given, **values)


async def noted(store: Store, *rows: Pending) -> list[Pending]:
    """Writes rows down, each in a batch of its own, and returns what is there then."""
    for row in rows:
        async with store.begin() as tx:
            await pending.note(tx, rows=[row])
    async with store.read() as tx:
        return await pending.everybody(tx)


async def test_all_that_was_told_comes_back(store: Store, ven: Party) -> None:
    told = asked(
        ven_id="b-1",
        profile="2.0b",
        transport="simpleHttp",
        push_address="https://bakery.example",
        report_only=True,
        xml_signature=False,
        subject="CN=bakery",
        issuer="CN=North Grid",
        serial="0A",
        not_before=NOW - MINUTE,
        not_after=NOW + MINUTE,
        sha1="11",
        sha256="22",
        address="192.0.2.7",
    )
    (row,) = await noted(store, told)
    assert row == replace(told, pk=row.pk)
    assert row.pk > 0


async def test_who_asks_again_is_counted_and_keeps_what_it_does_not_say_again(
    store: Store,
) -> None:
    first = asked(ven_id="b-1", subject="CN=bakery", report_only=False)
    (row,) = await noted(store, first, asked(after=MINUTE, code=459, rule="R402", reason="no"))
    assert (row.asked, row.first_asked, row.last_asked) == (2, NOW, NOW + MINUTE)
    assert (row.ven_id, row.subject, row.report_only) == ("b-1", "CN=bakery", False)
    assert (row.code, row.rule, row.reason) == (459, "R402", "no")


async def test_a_batch_and_many_batches_come_to_the_same(store: Store) -> None:
    rows = [asked(after=n * MINUTE, asked=n + 1) for n in range(4)]
    async with store.begin() as tx:
        await pending.note(tx, rows=rows)
        together = await pending.everybody(tx)
        await pending.forget(tx, pks=[row.pk for row in together])
    apart = await noted(store, *rows)
    assert [replace(row, pk=0) for row in together] == [replace(row, pk=0) for row in apart]
    assert apart[0].asked == 10


async def test_each_name_of_a_certificate_has_its_row(store: Store) -> None:
    rows = await noted(store, asked("bakery"), asked("school", after=MINUTE))
    assert [row.ven_name for row in rows] == ["school", "bakery"]


async def test_a_poll_counts_for_the_registration_before_it(store: Store) -> None:
    poll = asked("", after=2 * MINUTE, ven_id="b-1", message="oadrPoll")
    rows = await noted(store, asked("mill"), asked("bakery", after=MINUTE), poll)
    assert [(row.ven_name, row.asked, row.ven_id) for row in rows] == [
        ("bakery", 2, "b-1"),
        ("mill", 1, None),
    ]


async def test_a_registration_gives_a_name_to_the_polls_before_it(store: Store) -> None:
    poll = asked("", ven_id="b-1", message="oadrPoll")
    (row,) = await noted(store, poll, asked("bakery", after=MINUTE))
    assert (row.ven_name, row.ven_id, row.asked) == ("bakery", "b-1", 2)
    assert row.message == "oadrCreatePartyRegistration"


async def test_without_tls_each_name_is_somebody(store: Store) -> None:
    rows = await noted(
        store, asked("bakery", fingerprint=""), asked("mill", fingerprint="", after=MINUTE)
    )
    assert [row.ven_name for row in rows] == ["mill", "bakery"]


async def test_a_certificate_that_changes_its_name_all_the_time_gets_few_rows(
    store: Store,
) -> None:
    honest = asked("mill", fingerprint=OTHER)
    rows = [asked(f"n{n}", after=n * MINUTE) for n in range(1, 100)]
    async with store.begin() as tx:
        await pending.note(tx, rows=[honest, *rows])
        found = await pending.everybody(tx)
    assert [row.ven_name for row in found] == ["n99", "n98", "n97", "n96", "n95", "mill"]


async def test_who_came_once_makes_room_before_who_comes_again(store: Store) -> None:
    faithful = asked("faithful", asked=2)
    strangers = [
        asked(f"n{n}", fingerprint="", after=(n + 1) * MINUTE) for n in range(pending.MOST + 50)
    ]
    async with store.begin() as tx:
        await pending.note(tx, rows=[faithful, *strangers])
        found = await pending.everybody(tx)
    assert len(found) == pending.MOST
    assert found[-1].ven_name == "faithful"
    assert found[-2].ven_name == "n51"


async def test_whoever_is_enrolled_is_forgotten(store: Store) -> None:
    await noted(store, asked("bakery"), asked("mill"), asked("mill", fingerprint=OTHER))
    async with store.begin() as tx:
        row = await party.create(tx, ven_id="v", ven_name="x", now=NOW)
        await certificate.add(tx, party_pk=row.pk, fingerprint=PRINT, now=NOW)
        assert [one.fingerprint for one in await pending.everybody(tx)] == [OTHER]


async def test_a_name_that_is_enrolled_says_nothing_about_a_certificate(store: Store) -> None:
    bare = [asked(name, fingerprint="") for name in ("bakery", "b-1", "mill")]
    await noted(store, asked("bakery"), *bare)
    async with store.begin() as tx:
        await party.create(tx, ven_id="b-1", ven_name="bakery", now=NOW)
        left = {(one.fingerprint, one.ven_name) for one in await pending.everybody(tx)}
    assert left == {(PRINT, "bakery"), ("", "mill")}


async def test_what_was_refused_before_somebody_was_enrolled_comes_too_late(
    store: Store, ven: Party
) -> None:
    async with store.begin() as tx:
        await certificate.add(tx, party_pk=ven.pk, fingerprint=PRINT, now=NOW)
    late = asked("bakery"), asked(ven.ven_name, fingerprint="")
    assert await noted(store, *late) == []


async def test_a_failed_registration_of_an_enrolled_ven_stays_until_one_succeeds(
    store: Store, ven: Party
) -> None:
    async with store.begin() as tx:
        await certificate.add(tx, party_pk=ven.pk, fingerprint=PRINT, now=NOW)
    own = asked("Office", party_pk=ven.pk, code=469, rule="R402")
    (row,) = await noted(store, own)
    assert row.party_pk == ven.pk
    async with store.begin() as tx:
        await party.register(tx, pk=ven.pk, registration_id="r", now=NOW + MINUTE)
    # Its last refusal is written down after that.
    assert await noted(store, replace(own, asked=3)) == []
    assert len(await noted(store, asked("Office", party_pk=ven.pk, after=2 * MINUTE))) == 1


async def test_a_ven_that_was_removed_spoils_no_batch(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        await certificate.add(tx, party_pk=ven.pk, fingerprint=PRINT, now=NOW)
        await pending.note(tx, rows=[asked("Office", party_pk=ven.pk)])
        await party.remove(tx, pk=ven.pk)
        await pending.note(
            tx, rows=[asked("Office", party_pk=ven.pk), asked("mill", fingerprint=OTHER)]
        )
        assert [row.ven_name for row in await pending.everybody(tx)] == ["mill"]


async def test_a_revoked_certificate_asks_in_vain(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        await certificate.add(tx, party_pk=ven.pk, fingerprint=PRINT, now=NOW)
        await certificate.revoke(tx, fingerprint=PRINT, now=NOW)
    assert len(await noted(store, asked(after=MINUTE))) == 1


async def test_one_is_forgotten_and_the_others_stay(store: Store) -> None:
    rows = await noted(store, asked("bakery"), asked("mill", after=MINUTE))
    async with store.begin() as tx:
        assert await pending.forget(tx, pks=[rows[0].pk]) == 1
        assert [row.ven_name for row in await pending.everybody(tx)] == ["bakery"]
