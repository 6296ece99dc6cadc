"""EiRegisterParty, over HTTP, rule by rule."""

import asyncio
from typing import Any

import pytest

from handlers.registration import AllowList, OpenEnrolment
from oadr import messages as m
from oadr.enums import OptType, ProfileName, TransportName
from tests.vtn.kit import INTERVAL, STANDING, Open, a_ven, dispatch, joined, metadata
from vtn.hooks import Accept, Context, Refuse, Registration, RegistrationHandler
from vtn.store import delivery
from vtn.store import outbox as rows
from vtn.store import report as reports
from vtn.testing import Peer, World, running


def query() -> m.QueryRegistration:
    return m.QueryRegistration(request_id="q1")


def reregistration(peer: Peer, **values: str) -> m.CreatePartyRegistration:
    ids = {"registration_id": peer.registration_id, "ven_id": peer.ven_id}
    fields: dict[str, Any] = ids | values
    return m.CreatePartyRegistration(request_id="again", http_pull_model=True, **fields)


def cancellation(peer: Peer, registration_id: str = "") -> m.CancelPartyRegistration:
    return m.CancelPartyRegistration(
        request_id="c1",
        registration_id=registration_id or peer.registration_id,
        ven_id=peer.ven_id,
    )


async def test_r404_a_query_of_a_stranger_tells_profiles_and_no_ids() -> None:
    async with running(handlers=[Open()]) as world:
        reply = await world.peer().post(query())
    assert reply.response == m.EiResponse(description="OK", request_id="q1")
    assert (reply.registration_id, reply.ven_id, reply.vtn_id) == (None, None, "vtn")
    assert [one.name for one in reply.profiles] == [ProfileName.B, ProfileName.A]
    assert {one.transports for one in reply.profiles} == {(TransportName.SIMPLE_HTTP,)}


async def test_r404_a_query_tells_a_registered_ven_its_own_ids_and_nobody_elses() -> None:
    async with running(handlers=[Open()], tls=True) as world:
        one, other = world.client("one"), world.client("other")
        await one.register("one")
        mine, theirs = await one.post(query()), await other.post(query())
        assert (mine.registration_id, mine.ven_id) == (one.registration_id, one.ven_id)
        assert (theirs.registration_id, theirs.ven_id) == (None, None)


async def test_r404_a_query_over_plain_http_tells_no_ids_to_anybody() -> None:
    async with a_ven() as (_, peer):
        reply = await peer.post(query())
    assert (reply.registration_id, reply.ven_id) == (None, None)


async def test_r403_a_registration_is_told_ids_profiles_and_the_poll_interval() -> None:
    async with running(handlers=[Open()]) as world:
        reply = await world.peer().register("school", request_id="0042")
    assert reply.response.code == 200
    assert reply.response.request_id == "0042"
    assert reply.registration_id
    assert reply.ven_id
    assert reply.poll_freq == INTERVAL
    assert reply.profiles


async def test_r405_nothing_but_registration_is_open_to_the_unregistered() -> None:
    async with running(handlers=[Open()]) as world:
        row = await world.operator.enrol("school", now=world.clock.now(), ven_id="v1")
        peer = world.peer()
        peer.ven_id = row.ven_id
        reply = await peer.poll()
        assert reply.response.code == 463
        reply = await peer.post(m.RequestEvent(request_id="r", ven_id="v1"))
    assert isinstance(reply, m.DistributeEvent)
    assert reply.response is not None
    assert reply.response.code == 463
    assert reply.response.request_id == reply.request_id == "r"


async def test_r301_r309_the_first_poll_brings_the_vtns_metadata_until_it_is_answered() -> None:
    async with running(handlers=[Open()]) as world:
        peer = world.peer()
        await peer.register("school")
        first = await peer.poll()
        assert isinstance(first, m.RegisterReport)
        assert first.reports == ()
        assert first.report_request_id is None
        assert isinstance(await peer.poll(), m.Response)
        await world.clock.advance(INTERVAL)
        assert await peer.poll() == first
        response = m.EiResponse(request_id=first.request_id)
        reply = await peer.post(m.RegisteredReport(response=response, ven_id=peer.ven_id))
        assert reply.response.code == 200
        await world.clock.advance(10 * INTERVAL)
        assert isinstance(await peer.poll(), m.Response)


@pytest.mark.parametrize(
    "wish",
    [
        {"profile_name": ProfileName.A},
        {"transport_name": TransportName.XMPP},
    ],
)
async def test_r402_r507_a_way_that_is_not_offered_is_refused_with_those_that_are(
    wish: dict[str, object],
) -> None:
    async with running(handlers=[Open()]) as world:
        reply = await world.peer().register("school", **wish)
        assert len(world.desk.roster) == 0
    assert reply.response.code == 469
    assert reply.profiles
    assert (reply.ven_id, reply.registration_id) == (None, None)


async def test_r402_a_preconfigured_ven_id_is_kept_and_a_wrong_one_is_452() -> None:
    async with running(handlers=[AllowList()], tls=True) as world:
        peer = world.client("school")
        await world.operator.enrol(
            "school", now=world.clock.now(), ven_id="0042", fingerprint=peer.fingerprint
        )
        wrong = await peer.register("school", ven_id="42")
        assert wrong.response.code == 452
        right = await peer.register("school", ven_id="0042")
        assert right.ven_id == "0042"


async def test_r402_without_tls_a_known_name_does_not_make_up_for_a_wrong_ven_id() -> None:
    async with running(handlers=[Open()]) as world:
        await world.operator.enrol("school", now=world.clock.now(), ven_id="0042")
        refused = await world.peer().register("school", ven_id="42")
        kept = await world.peer().register("school", ven_id="0042")
    assert (refused.response.code, refused.registration_id) == (452, None)
    assert (kept.response.code, kept.ven_id) == (200, "0042")


async def test_a_ven_is_known_by_its_certificate_whatever_it_calls_itself() -> None:
    async with running(handlers=[AllowList()], tls=True) as world:
        peer = world.client("school")
        await world.operator.enrol(
            "school", now=world.clock.now(), ven_id="v1", fingerprint=peer.fingerprint
        )
        reply = await peer.register("castle")
        assert reply.ven_id == "v1"
        assert world.desk.roster.of_name("castle") is None


async def test_a_listed_fingerprint_enrols_at_its_first_registration() -> None:
    async with running(tls=True, handlers=[allowed := AllowListOf()]) as world:
        friend, stranger = world.client("friend"), world.client("stranger")
        allowed.listed = {friend.fingerprint}
        assert (await friend.register("friend")).response.code == 200
        assert (await stranger.register("stranger")).response.code == 463
        # The name of a VEN is no way in, either.
        assert (await stranger.register("friend")).response.code == 463


class AllowListOf(RegistrationHandler):
    """An allow-list whose certificates are only known once the test runs."""

    listed: set[str] = set()  # noqa: RUF012

    async def on_create_party_registration(
        self, request: Registration, ctx: Context
    ) -> Accept | Refuse:
        return await AllowList(self.listed).on_create_party_registration(request, ctx)


async def test_r517_a_certificate_that_is_not_enrolled_gets_463_in_the_fitting_reply() -> None:
    async with running(handlers=[AllowList()], tls=True) as world:
        stranger = world.client("stranger")
        replies = [
            await stranger.post(message)
            for message in (
                m.CreatePartyRegistration(request_id="1", http_pull_model=True),
                m.CreatePartyRegistration(request_id="1", registration_id="r", ven_id="v"),
                m.CancelPartyRegistration(request_id="1", registration_id="r"),
                m.RequestEvent(request_id="1", ven_id="v"),
                m.CreateOpt(
                    opt_id="o",
                    opt_type=OptType.OPT_IN,
                    opt_reason="economic",
                    ven_id="v",
                    created_date_time=world.clock.now(),
                    request_id="1",
                ),
                m.CancelOpt(request_id="1", opt_id="o", ven_id="v"),
                m.RegisterReport(request_id="1"),
                m.UpdateReport(request_id="1"),
                m.CancelReport(request_id="1", report_request_ids=("x",)),
                m.Poll(ven_id="v"),
            )
        ]
    assert [reply.response.code for reply in replies] == [463] * 10
    assert [reply.response.request_id for reply in replies] == ["1"] * 9 + [""]
    assert [type(reply) for reply in replies] == [
        m.CreatedPartyRegistration,
        m.CreatedPartyRegistration,
        m.CanceledPartyRegistration,
        m.DistributeEvent,
        m.CreatedOpt,
        m.CanceledOpt,
        m.RegisteredReport,
        m.UpdatedReport,
        m.CanceledReport,
        m.Response,
    ]


async def test_open_enrolment_takes_as_many_as_it_is_told() -> None:
    async with running(handlers=[OpenEnrolment(at_most=1)]) as world:
        assert (await world.peer().register("one")).response.code == 200
        assert (await world.peer().register("two")).response.code == 463


async def test_r70_a_ven_id_that_another_ven_has_is_452() -> None:
    async with running(handlers=[Open()], tls=True) as world:
        await world.operator.enrol("school", now=world.clock.now(), ven_id="v1")
        reply = await world.client("thief").register("thief", ven_id="v1")
    assert reply.response.code == 452


async def test_names_beyond_all_measure_are_not_kept() -> None:
    async with running(handlers=[Open()]) as world:
        reply = await world.peer().register("x" * 300)
        assert reply.response.code == 454
        assert len(world.desk.roster) == 0


async def test_a_reregistration_keeps_the_registration_and_what_came_with_it() -> None:
    async with a_ven({"reports": STANDING}) as (world, peer):
        await peer.post(metadata(peer, world))
        reply = await peer.post(reregistration(peer))
        assert reply.registration_id == peer.registration_id
        assert reply.ven_id == peer.ven_id
        member = world.desk.roster.of_ven_id(peer.ven_id)
        assert member is not None
        async with world.desk.store.read() as tx:
            assert await reports.offers(tx, party_pk=member.pk)
        assert isinstance(await peer.poll(), m.Response)


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"registration_id": "other"}, 452), ({"ven_id": "other"}, 463)],
)
async def test_r400_a_reregistration_with_a_wrong_id_is_refused(
    changed: dict[str, str], code: int
) -> None:
    async with a_ven() as (_, peer):
        reply = await peer.post(reregistration(peer, **changed))
        assert reply.response.code == code
        assert reply.registration_id is None
        assert (await peer.poll()).response.code == 200


async def test_r406_a_new_registration_of_a_registered_ven_wipes_the_old_one() -> None:
    async with a_ven({"reports": STANDING}) as (world, peer):
        asked = await peer.post(metadata(peer, world))
        await dispatch(world)
        await peer.poll()
        before = peer.registration_id
        reply = await peer.register("ven")
        assert reply.registration_id != before
        member = world.desk.roster.of_ven_id(peer.ven_id)
        assert member is not None
        async with world.desk.store.read() as tx:
            assert await reports.offers(tx, party_pk=member.pk) == ()
            (request,) = await reports.requests(tx, party_pk=member.pk)
            found = await delivery.get(tx, party_pk=member.pk, event_id="e1")
        assert request.report_request_id == asked.requests[0].report_request_id
        assert request.state == "forgotten"
        assert found is not None
        assert found.sent_modification is None
        assert isinstance(await peer.poll(), m.RegisterReport)
        assert isinstance(await peer.poll(), m.DistributeEvent)


async def test_r406_a_report_to_a_request_of_an_earlier_registration_is_452() -> None:
    async with a_ven({"reports": STANDING}) as (world, peer):
        asked = await peer.post(metadata(peer, world))
        (request,) = asked.requests
        await peer.register("ven")
        report = m.Report(
            report_request_id=request.report_request_id,
            report_specifier_id=request.report_specifier_id,
            created_date_time=world.clock.now(),
        )
        late = m.UpdateReport(request_id="u1", reports=(report,), ven_id=peer.ven_id)
        reply = await peer.post(late)
    assert (reply.response.code, reply.cancel_report) == (452, None)


async def test_r407_a_cancellation_by_the_ven_erases_its_registration() -> None:
    class Watcher(RegistrationHandler):
        left: list[str] = []  # noqa: RUF012

        async def on_cancel_party_registration(self, ctx: Context) -> None:
            self.left.append(ctx.ven_id)

    async with a_ven(handlers=(watcher := Watcher(),)) as (world, peer):
        await peer.post(metadata(peer, world))
        reply = await peer.post(cancellation(peer))
        assert isinstance(reply, m.CanceledPartyRegistration)
        assert reply.response.code == 200
        assert reply.registration_id == peer.registration_id
        assert (await peer.poll()).response.code == 463
        assert watcher.left == [peer.ven_id]
        async with world.desk.store.read() as tx:
            assert await reports.offers(tx, party_pk=1) == ()
        await peer.register("ven")
        assert isinstance(await peer.poll(), m.RegisterReport)


async def test_r400_a_cancellation_with_a_wrong_registration_id_erases_nothing() -> None:
    async with a_ven() as (_, peer):
        reply = await peer.post(cancellation(peer, "other"))
        assert isinstance(reply, m.CanceledPartyRegistration)
        assert reply.response.code == 452
        assert (await peer.poll()).response.code == 200


async def test_a_request_for_reregistration_is_repeated_until_it_is_followed() -> None:
    async with a_ven() as (world, peer):
        await world.operator.request_reregistration("ven", now=world.clock.now())
        asked = m.RequestReregistration(ven_id=peer.ven_id)
        assert await peer.poll() == asked
        response = m.Response(response=m.EiResponse(), ven_id=peer.ven_id)
        assert await peer.post(response) is None
        await world.clock.advance(INTERVAL)
        assert await peer.poll() == asked
        await peer.post(reregistration(peer))
        await world.clock.advance(10 * INTERVAL)
        assert isinstance(await peer.poll(), m.Response)


@pytest.mark.parametrize("code", [200, 452])
async def test_r407_a_cancellation_by_the_operator_takes_effect_when_it_is_answered(
    code: int,
) -> None:
    async with a_ven() as (world, peer):
        await world.operator.cancel_registration("ven", now=world.clock.now())
        asked = await peer.poll()
        assert isinstance(asked, m.CancelPartyRegistration)
        assert asked.registration_id == peer.registration_id
        reply = await peer.post(
            m.CanceledPartyRegistration(
                response=m.EiResponse(code=code, request_id=asked.request_id),
                registration_id=asked.registration_id,
                ven_id=peer.ven_id,
            )
        )
        assert isinstance(reply, m.Response)
        assert reply.response.code == 200
        assert (await peer.poll()).response.code == 463
        async with world.desk.store.read() as tx:
            assert await rows.waiting(tx, party_pk=1) == []


async def test_r33_a_confirmation_of_a_cancellation_that_nobody_asked_for_changes_nothing() -> None:
    async with a_ven() as (_, peer):
        reply = await peer.post(
            m.CanceledPartyRegistration(response=m.EiResponse(), ven_id=peer.ven_id)
        )
        assert reply.response.code == 459
        assert (await peer.poll()).response.code == 200


async def test_the_same_registration_twice_at_once_enrols_one_ven() -> None:
    async with running(handlers=[Open()], tls=True) as world:
        peer = world.client("school")
        message = m.CreatePartyRegistration(request_id="1", ven_name="school", http_pull_model=True)
        replies = await asyncio.gather(*(peer.post(message) for _ in range(5)))
        assert [reply.response.code for reply in replies] == [200] * 5
        assert len({reply.ven_id for reply in replies}) == 1
        assert len(world.desk.roster) == 1


async def test_many_that_register_at_once_are_all_known() -> None:
    async with running(handlers=[Open()]) as world:
        peers = [world.peer() for _ in range(20)]
        await asyncio.gather(*(peer.register(f"ven-{n}") for n, peer in enumerate(peers)))
        for peer in peers:
            assert isinstance(await peer.poll(), m.RegisterReport)


@pytest.mark.parametrize(
    "nonsense",
    [
        "yes",
        Accept(ven_id=7),  # type: ignore[arg-type]
        Accept(registration_id=" "),
        # A VEN would send another one back, and be refused for ever.
        Accept(ven_id="a\x00b"),
        Accept(registration_id="\ud800"),
        # One that is so long is never looked up.
        Accept(ven_id="v" * 256),
        object(),
        Refuse(code=7),
    ],
)
async def test_a_handler_that_decides_nonsense_costs_its_own_exchange(nonsense: object) -> None:
    class Silly(RegistrationHandler):
        async def on_create_party_registration(
            self, request: Registration, ctx: Context
        ) -> Accept | Refuse:
            return nonsense if request.ven_name == "odd" else Accept()  # type: ignore[return-value]

    async with running(handlers=[Silly()]) as world:
        odd = await world.peer().register("odd")
        assert odd.response.code in (459, 469)
        assert (odd.ven_id, odd.registration_id) == (None, None)
        assert (await world.peer().register("even")).response.code == 200


async def _registrations(world: World) -> int:
    return sum(member.registered for member in world.desk.roster)


async def test_a_registration_survives_a_restart() -> None:
    async with running(handlers=[Open()]) as world:
        peer = await joined(world, "school")
        await world.restart()
        assert await _registrations(world) == 1
        assert (await peer.poll()).response.code == 200
