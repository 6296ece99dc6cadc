"""A handler gives another venID to a VEN that is enrolled: with each registration, or once."""

import asyncio
from typing import Any

import pytest

from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from tests.vtn.kit import INTERVAL, MINUTE, dispatch, metadata, readings, update
from vtn.hooks import Accept, Context, IdentityHandler, Known, Refuse, Registration
from vtn.operator import Audience
from vtn.store import audit, certificate, delivery, party, reading
from vtn.testing import Peer, World, running


class Decides:
    """Gives the venIDs of a list, one after another, and then leaves each VEN its own."""

    def __init__(self, *ven_ids: str | None) -> None:
        self.ven_ids = list(ven_ids)

    async def on_create_party_registration(
        self, request: Registration, ctx: Context
    ) -> Accept | Refuse:
        return Accept(ven_id=self.ven_ids.pop(0) if self.ven_ids else None)


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def tls(request: pytest.FixtureRequest) -> bool:
    """Without certificates and with them."""
    return bool(request.param)


def a_peer(world: World, name: str, *, tls: bool) -> Peer:
    return world.client(name) if tls else world.peer(name)


async def anew(peer: Peer, **values: Any) -> m.CreatedPartyRegistration:
    """Registers from the beginning, as a VEN that knows no IDs (R406)."""
    return (await peer.register(peer.name, **values)).message


async def vens(world: World) -> dict[str, party.Party]:
    async with world.store.read() as tx:
        return {row.ven_id: row for row in await party.all_parties(tx)}


async def trail(world: World) -> list[tuple[str, str]]:
    async with world.store.read() as tx:
        return [(row.action, row.subject) for row in await audit.entries(tx)]


async def events_of(peer: Peer) -> list[str]:
    shot = await peer.post(m.RequestEvent(request_id="r", ven_id=peer.ven_id))
    assert isinstance(shot, m.DistributeEvent)
    assert shot.response is not None
    assert shot.response.code == 200
    return sorted(one.event_id for one in shot.events)


async def provided(world: World, ven_id: str, event_id: str) -> None:
    """Does what an application does that gives an event for a venID."""
    await world.operator.provide(ven_id, now=world.clock.now())
    await dispatch(world, event_id, audience=Audience(vens=frozenset({ven_id})))


# ---------------------------------------------------------------- an unknown one


async def test_r406_an_unknown_ven_id_is_that_of_the_ven_from_then_on(tls: bool) -> None:
    async with running(handlers=[Decides("one", "two")], tls=tls) as world:
        peer = a_peer(world, "school", tls=tls)
        assert (await anew(peer)).ven_id == "one"
        assert (await anew(peer)).ven_id == "two"
        assert [(row.ven_id, row.ven_name) for row in (await vens(world)).values()] == [
            ("two", "school")
        ]
        assert isinstance(await peer.settle(), m.Response)
        old = await peer.post(m.Poll(ven_id="one"))
        assert old.response.code == (452 if tls else 463)
        assert ("change venID", "school") in await trail(world)


async def test_events_groups_and_certificates_stay_with_the_ven(tls: bool) -> None:
    async with running(handlers=[Decides("one", "two")], tls=tls) as world:
        peer = a_peer(world, "school", tls=tls)
        await anew(peer)
        pk = (await vens(world))["one"].pk
        async with world.store.begin() as tx:
            await party.set_groups(tx, pk=pk, groups=["north"])
        await dispatch(world, "e1")
        assert await events_of(peer) == ["e1"]
        await anew(peer)
        row = (await vens(world))["two"]
        assert (row.pk, row.groups) == (pk, frozenset({"north"}))
        assert row.fingerprints == ((peer.fingerprint,) if tls else ())
        assert await events_of(peer) == ["e1"]


async def test_readings_stay_with_the_ven(tls: bool) -> None:
    every = {"request": [{"report": "TELEMETRY_USAGE", "every": "1m", "deliver": "5m"}]}
    async with running({"reports": every}, handlers=[Decides("one", "two")], tls=tls) as world:
        peer = a_peer(world, "school", tls=tls)
        await anew(peer)
        reply = await peer.post(metadata(peer, world))
        start = world.clock.now() - MINUTE
        report = readings(reply.requests[0].report_request_id, start, {"main": ["1.5"]})
        await peer.post(update(peer, report))
        await anew(peer)
        async with world.store.read() as tx:
            wanted = reading.ReadingFilter(ven_id="two")
            assert await reading.count(tx, filter=wanted) == 1


async def test_r22_a_target_that_names_the_ven_names_it_still() -> None:
    async with running(handlers=[Decides("one", "two")]) as world:
        peer = world.peer("school")
        await anew(peer)
        await dispatch(world, "e1", target=m.Target(ven_ids=("one",)))
        await dispatch(world, "e2", target=m.Target(ven_ids=("other",)))
        await anew(peer)
        shot = await peer.post(m.RequestEvent(request_id="r", ven_id="two"))
        found = {one.event_id: one for one in shot.events}
        assert found["e1"].target.ven_ids == ("two",)
        assert found["e1"].descriptor.modification_number == 1
        assert found["e2"].target.ven_ids == ("other",)
        assert found["e2"].descriptor.modification_number == 0


async def test_a_ven_without_a_name_leaves_its_former_ven_id_free() -> None:
    async with running(handlers=[Decides("one", "two")], tls=True) as world:
        peer = world.client("school")
        for expected in ("one", "two"):
            message = m.CreatePartyRegistration(request_id="r", http_pull_model=True)
            assert (await peer.post(message)).ven_id == expected
        assert (await vens(world))["two"].ven_name == "two"
        await provided(world, "one", "e1")
        assert set(await vens(world)) == {"one", "two"}


@pytest.mark.parametrize("again", [None, "one"])
async def test_the_same_ven_id_or_none_changes_nothing(again: str | None, tls: bool) -> None:
    async with running(handlers=[Decides("one", again)], tls=tls) as world:
        peer = a_peer(world, "school", tls=tls)
        await anew(peer)
        assert (await anew(peer)).ven_id == "one"
        assert ("change venID", "school") not in await trail(world)


# ---------------------------------------------------------------- that of a placeholder


async def test_what_waits_for_a_placeholder_goes_over_to_the_ven(tls: bool) -> None:
    async with running(handlers=[Decides("one", "two")], tls=tls) as world:
        peer = a_peer(world, "school", tls=tls)
        await anew(peer)
        await dispatch(world, "own")
        await provided(world, "two", "waiting")
        assert (await anew(peer)).ven_id == "two"
        assert set(await vens(world)) == {"two"}
        assert world.desk.roster.of_ven_id("two") is world.desk.roster.of_name("school")
        assert await events_of(peer) == ["own", "waiting"]


async def test_an_event_of_both_is_delivered_once_and_keeps_its_answers() -> None:
    async with running(handlers=[Decides("one", "two")]) as world:
        peer = world.peer("school")
        await anew(peer)
        await world.operator.provide("two", now=world.clock.now())
        await dispatch(world, "e1")
        await peer.answer(await peer.post(m.RequestEvent(request_id="r", ven_id="one")))
        await anew(peer)
        assert await events_of(peer) == ["e1"]
        async with world.store.read() as tx:
            ((recipient, _),) = await delivery.for_event(tx, event_id="e1")
            (answer,) = await delivery.history(tx, event_id="e1")
        assert recipient.ven_id == answer.ven_id == "two"


async def test_an_event_that_was_taken_from_the_ven_opens_if_the_placeholder_has_it() -> None:
    async with running(handlers=[Decides("one", "two")]) as world:
        peer = world.peer("school")
        await anew(peer)
        await world.operator.provide("two", now=world.clock.now())
        await dispatch(world, "e1")
        async with world.store.begin() as tx:
            row = await delivery.for_event(tx, event_id="e1")
            pks = {recipient.ven_id: found for recipient, found in row}
            await delivery.close(
                tx,
                event_pk=pks["one"].event_pk,
                party_pks=[pks["one"].party_pk],
                now=world.clock.now(),
            )
        await anew(peer)
        assert await events_of(peer) == ["e1"]


async def test_what_was_given_for_the_former_ven_id_meanwhile_can_be_gathered() -> None:
    async with running(handlers=[Decides("one", "two", "three")]) as world:
        peer, other = world.peer("school"), world.peer("castle")
        await anew(peer)
        await anew(peer)
        await provided(world, "one", "late")
        now = world.clock.now()
        (row,) = await world.operator.gather("one", "two", now=now)
        assert row.event_id == "late"
        assert set(await vens(world)) == {"two"}
        assert await events_of(peer) == ["late"]
        await anew(other)
        await dispatch(world, "theirs", audience=Audience(vens=frozenset({"castle"})))
        assert len(await world.operator.gather("three", "two", now=now)) == 1
        assert await world.operator.gather("one", "nobody", now=now) == []
        assert await events_of(other) == ["theirs"]


# ---------------------------------------------------------------- that of another VEN


async def _nothing_has_changed(world: World, peer: Peer, before: dict[str, party.Party]) -> None:
    reply = (await peer.register(peer.name)).message
    assert reply.response.code == 452
    assert (reply.ven_id, reply.registration_id) == (None, None)
    after = await vens(world)
    assert {key: (row.pk, row.state, row.registration_id) for key, row in after.items()} == {
        key: (row.pk, row.state, row.registration_id) for key, row in before.items()
    }
    assert await events_of(peer) == ["e1"]


async def test_r70_that_of_a_registered_ven_is_refused_and_nothing_changes(tls: bool) -> None:
    async with running(handlers=[Decides("one", "two", "two")], tls=tls) as world:
        peer, other = (a_peer(world, name, tls=tls) for name in ("school", "castle"))
        await anew(peer)
        await anew(other)
        await dispatch(world, "e1")
        await _nothing_has_changed(world, peer, await vens(world))
        assert await events_of(other) == ["e1"]


@pytest.mark.parametrize(
    "settled",
    [
        {"fingerprint": "00:11:22:33:44:55:66:77:88:99"},
        {"groups": ["north"]},
        {"resources": ["battery"]},
        {"market_contexts": ["http://programme.example"]},
        {"signature_policy": "required"},
        {"name": "castle"},
    ],
    ids=lambda settled: next(iter(settled)),
)
async def test_r517_that_of_a_ven_that_an_operator_enrolled_is_refused(
    settled: dict[str, Any],
) -> None:
    async with running(handlers=[Decides("one", "two")]) as world:
        peer = world.peer("school")
        await anew(peer)
        values = {"name": "two"} | settled
        await world.operator.enrol(now=world.clock.now(), ven_id="two", **values)
        await dispatch(world, "e1")
        await _nothing_has_changed(world, peer, await vens(world))


async def test_r517_that_of_a_ven_whose_certificate_was_revoked_is_refused() -> None:
    async with running(handlers=[Decides("one", "two")]) as world:
        peer = world.peer("school")
        await anew(peer)
        await world.operator.enrol("two", now=world.clock.now(), ven_id="two", fingerprint="AA")
        async with world.store.begin() as tx:
            await certificate.revoke(tx, fingerprint="AA", now=world.clock.now())
        await dispatch(world, "e1")
        await _nothing_has_changed(world, peer, await vens(world))


async def test_r402_a_ven_cannot_take_another_ven_id_by_itself() -> None:
    async with running(handlers=[Decides("one")], tls=True) as world:
        peer = world.client("school")
        await anew(peer)
        assert (await anew(peer, ven_id="two")).response.code == 452
        assert set(await vens(world)) == {"one"}


@pytest.mark.parametrize("enrolled", [True, False], ids=["of another VEN", "of nobody"])
async def test_r517_a_name_that_is_not_its_own_brings_a_ven_no_other_ven_id(
    enrolled: bool, caplog: pytest.LogCaptureFixture
) -> None:
    class ByName:
        async def on_create_party_registration(
            self, request: Registration, ctx: Context
        ) -> Accept | Refuse:
            given.append(f"{request.ven_name}-{len(given)}")
            return Accept(ven_id=given[-1])

    given: list[str] = []
    async with running(handlers=[ByName()], tls=True) as world:
        peer, other = world.client("school"), world.client("castle")
        await anew(peer)
        if enrolled:
            await anew(other)
        own = peer.ven_id
        assert (await peer.register("castle")).ven_id == own
        await provided(world, given[-1], "for-castle")
        assert await events_of(peer) == []
        assert f"the handler gave the venID {given[-1]} to a VEN that calls itself castle" in (
            caplog.text
        )


async def test_a_ven_that_brought_its_ven_id_and_no_name_may_have_one_later() -> None:
    async with running(handlers=[Decides("one", "two")]) as world:
        peer = world.peer("school")
        message = m.CreatePartyRegistration(request_id="r", http_pull_model=True)
        assert (await peer.post(message)).ven_id == "one"
        assert (await anew(peer, ven_id="one")).ven_id == "two"


# ---------------------------------------------------------------- renewals


def _renewal(peer: Peer) -> m.CreatePartyRegistration:
    return m.CreatePartyRegistration(
        request_id="again",
        registration_id=peer.registration_id,
        ven_id=peer.ven_id,
        ven_name=peer.name,
        http_pull_model=True,
    )


async def test_a_renewal_keeps_its_ids(tls: bool) -> None:
    async with running(handlers=[Decides("one", "two")], tls=tls) as world:
        peer = a_peer(world, "school", tls=tls)
        await anew(peer)
        reply = await peer.post(_renewal(peer))
        assert (reply.ven_id, reply.registration_id) == ("one", peer.registration_id)


class Books(IdentityHandler):
    """Knows every VEN."""

    async def ven_lookup(self, ven_id: str, ctx: Context) -> Known | None:
        return Known()


@pytest.mark.sends_wrong("R406", reason="the application gives another venID")
async def test_where_the_application_keeps_the_books_its_word_counts_for_a_renewal() -> None:
    async with running(handlers=[Decides("one", "two"), Books()]) as world:
        peer = world.peer("school")
        await anew(peer)
        await dispatch(world, "e1", target=m.Target(ven_ids=("one",)))
        reply = await peer.post(_renewal(peer))
        assert (reply.ven_id, reply.registration_id) == ("two", peer.registration_id)
        peer.ven_id = "two"
        waiting = await peer.poll()
        assert isinstance(waiting, m.RegisterReport)
        assert waiting.ven_id == "two"
        assert await events_of(peer) == ["e1"]


async def test_a_ven_that_comes_back_as_a_new_one_gets_the_handlers_ven_id(tls: bool) -> None:
    readmit = {"registration": {"readmit": True}}
    async with running(readmit, handlers=[Decides("one", "two")], tls=tls) as world:
        peer = a_peer(world, "school", tls=tls)
        await anew(peer)
        peer.registration_id = "of another time"
        assert (await peer.post(_renewal(peer))).ven_id == "two"


# ---------------------------------------------------------------- at once, and after a fall


async def test_two_registrations_at_once_leave_one_ven_with_one_of_the_two_ids(tls: bool) -> None:
    async with running(handlers=[Decides("one", "two", "three")], tls=tls) as world:
        peer = a_peer(world, "school", tls=tls)
        await anew(peer)
        await provided(world, "three", "e1")
        message = m.CreatePartyRegistration(request_id="r", ven_name="school", http_pull_model=True)
        replies = await asyncio.gather(*(peer.post(message) for _ in range(2)))
        assert {reply.ven_id for reply in replies} == {"two", "three"}
        (row,) = [one for one in (await vens(world)).values() if one.state == "registered"]
        (reply,) = [one for one in replies if one.registration_id == row.registration_id]
        assert reply.ven_id == row.ven_id
        peer.ven_id = row.ven_id
        assert await events_of(peer) == ["e1"]


async def test_two_vens_at_once_do_not_get_one_id(tls: bool) -> None:
    async with running(handlers=[Decides("one", "two", "new", "new")], tls=tls) as world:
        peers = [a_peer(world, name, tls=tls) for name in ("school", "castle")]
        for peer in peers:
            await anew(peer)
        replies = await asyncio.gather(*(peer.register(peer.name) for peer in peers))
        assert sorted(reply.code for reply in replies) == [200, 452]
        assert len(await vens(world)) == 2


async def test_a_restart_in_between_changes_nothing(tls: bool) -> None:
    async with running(handlers=[Decides("one", "two")], tls=tls) as world:
        peer = a_peer(world, "school", tls=tls)
        await anew(peer)
        await provided(world, "two", "e1")
        await world.restart()
        assert (await anew(peer)).ven_id == "two"
        await world.restart()
        assert await events_of(peer) == ["e1"]
        await world.clock.advance(10 * INTERVAL)
        assert isinstance(await peer.poll(), m.RegisterReport)


async def test_what_fails_on_the_way_leaves_all_as_it_was(tls: bool) -> None:
    async with running(handlers=[Decides("one", "two", "two")], tls=tls) as world:
        peer = a_peer(world, "school", tls=tls)
        await anew(peer)
        await provided(world, "two", "waiting")
        before, made = await vens(world), world.desk.new_id
        # The second, of the VTN's metadata, is needed once all but that has been written.
        ids = iter(["reg"])
        world.desk.new_id = lambda: next(ids)
        body = codec.encode(
            m.CreatePartyRegistration(request_id="r", ven_name="school", http_pull_model=True)
        )
        reply = await peer.raw(ServiceName.EI_REGISTER_PARTY, body)
        assert reply.status == 500
        world.desk.new_id = made
        assert await vens(world) == before
        assert (await anew(peer)).ven_id == "two"
        assert await events_of(peer) == ["waiting"]
