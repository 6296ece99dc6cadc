"""ven_lookup: an application keeps the books about VENs, the transport stays the proof."""

import asyncio
import logging
from typing import Any

import pytest

from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from tests.vtn.kit import INTERVAL, Open, a_ven, dispatch, joined
from vtn.hooks import Accept, Context, IdentityHandler, Known, Refuse, Registration
from vtn.store import certificate, party
from vtn.testing import Peer, World, running

READMIT = {"registration": {"readmit": True}}


class Books(IdentityHandler):
    """The books of an application: what it says of each venID."""

    def __init__(self, **known: Any) -> None:
        self.known = known
        self.asked: list[str] = []
        self.default: Any = None

    async def ven_lookup(self, ven_id: str, ctx: Context) -> Known | None:
        self.asked.append(ven_id)
        answer = self.known.get(ven_id, self.default)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]


def request_event(ven_id: str) -> m.RequestEvent:
    return m.RequestEvent(request_id="r", ven_id=ven_id)


def reread(ven_id: str) -> m.Response:
    """What a VEN says when it has read that it is to register again."""
    return m.Response(response=m.EiResponse(), ven_id=ven_id)


async def stored(world: World, ven_id: str) -> party.Party | None:
    async with world.desk.store.read() as tx:
        return await party.get(tx, ven_id=ven_id)


# ---------------------------------------------------------------- who is known


async def test_it_is_asked_with_the_ven_id_of_each_message_but_those_that_register() -> None:
    books = Books()
    books.default = Known()
    async with a_ven(handlers=(books,)) as (_, peer):
        await peer.post(m.QueryRegistration(request_id="q"))
        books.asked.clear()
        await peer.poll()
        await peer.poll()
        await peer.post(request_event(peer.ven_id))
        assert books.asked == [peer.ven_id] * 3
        await peer.register("ven")
        assert len(books.asked) == 3


async def test_without_anything_to_say_the_store_decides() -> None:
    books = Books()
    books.default = Known()
    async with a_ven(handlers=(books,)) as (_, peer):
        assert (await peer.poll()).response.code == 200
        assert (await peer.post(m.Poll(ven_id="stranger"))).response.code == 463


@pytest.mark.parametrize("answer", [None, Known(registered=False)])
async def test_r517_who_is_not_known_is_refused_and_its_poll_leads_it_back(
    answer: Known | None,
) -> None:
    books = Books()
    books.default = Known()
    async with a_ven(handlers=(books,)) as (world, peer):
        await dispatch(world)
        books.default = answer
        reply = await peer.post(request_event(peer.ven_id))
        assert isinstance(reply, m.DistributeEvent)
        assert reply.response is not None
        assert (reply.response.code, reply.events) == (463, ())
        assert await peer.poll() == m.RequestReregistration(ven_id=peer.ven_id)
        empty = await peer.raw(ServiceName.EI_REGISTER_PARTY, codec.encode(reread(peer.ven_id)))
        assert (empty.status, empty.body) == (200, b"")


async def test_who_was_led_back_registers_again_by_the_handlers_word_and_keeps_all() -> None:
    books = Books()
    books.default = Known()
    async with a_ven(handlers=(books,)) as (world, peer):
        await dispatch(world)
        books.default = None
        assert isinstance(await peer.poll(), m.RequestReregistration)
        books.default = Known(registered=True)
        old = peer.registration_id
        reply = await peer.register("ven", registration_id=old, ven_id=peer.ven_id)
        assert (reply.response.code, reply.registration_id) == (200, old)
        assert isinstance(await peer.poll(), m.DistributeEvent)


async def test_the_answer_counts_anew_for_each_message_also_for_polls_seen_before() -> None:
    books = Books()
    books.default = Known()
    async with a_ven(handlers=(books,)) as (_, peer):
        for _ in range(2):
            assert (await peer.poll()).response.code == 200
        books.default = None
        assert isinstance(await peer.poll(), m.RequestReregistration)
        books.default = Known()
        assert (await peer.poll()).response.code == 200


# ---------------------------------------------------------------- taking over


async def test_who_is_registered_elsewhere_is_taken_over_and_the_exchange_goes_on() -> None:
    books = Books(v7=Known(ven_name="school", registration_id="reg-7", registered=True))
    async with running(handlers=[Open(), books]) as world:
        peer = world.peer()
        peer.ven_id = "v7"
        reply = await peer.post(request_event("v7"))
        assert reply.response.code == 200
        row = await stored(world, "v7")
        assert row is not None
        assert (row.ven_name, row.registration_id, row.state) == ("school", "reg-7", "registered")
        version = row.version
        assert (await peer.poll()).response.code == 200
        again = await stored(world, "v7")
        assert again is not None
        assert again.version == version


async def test_who_is_enrolled_but_not_registered_here_is_taken_over_with_its_events() -> None:
    books = Books(v7=Known(registration_id="reg-7", registered=True))
    async with running(handlers=[Open(), books]) as world:
        await world.operator.enrol("school", now=world.clock.now(), ven_id="v7")
        await dispatch(world)
        peer = world.peer()
        peer.ven_id = "v7"
        shot = await peer.poll()
        assert [event.event_id for event in shot.events] == ["e1"]
        row = await stored(world, "v7")
        assert row is not None
        assert (row.ven_name, row.registration_id) == ("school", "reg-7")


async def test_a_registration_that_is_there_keeps_its_id() -> None:
    books = Books()
    books.default = Known(registration_id="another", registered=True)
    async with a_ven(handlers=(books,)) as (world, peer):
        assert (await peer.poll()).response.code == 200
        row = await stored(world, peer.ven_id)
        assert row is not None
        assert row.registration_id == peer.registration_id


async def test_r70_a_name_that_another_ven_has_is_left_to_it() -> None:
    books = Books(v7=Known(ven_name="ven", registered=True))
    books.default = Known()
    async with a_ven(handlers=(books,)) as (world, _):
        stranger = world.peer()
        assert (await stranger.post(m.Poll(ven_id="v7"))).response.code == 200
        row = await stored(world, "v7")
        assert row is not None
        assert row.ven_name == "v7"


async def test_r70_who_cannot_be_told_from_another_ven_is_463() -> None:
    books = Books(v7=Known(ven_name="ven", registered=True))
    books.default = Known()
    async with a_ven(handlers=(books,)) as (world, _):
        await world.operator.enrol("v7", now=world.clock.now(), ven_id="other")
        assert (await world.peer().post(m.Poll(ven_id="v7"))).response.code == 463
        assert await stored(world, "v7") is None


async def test_two_messages_at_once_take_over_one_ven() -> None:
    books = Books(v7=Known(registered=True))
    async with running(handlers=[Open(), books]) as world:
        peer = world.peer()
        replies = await asyncio.gather(*(peer.post(request_event("v7")) for _ in range(5)))
        assert [reply.response.code for reply in replies] == [200] * 5
        assert len(world.desk.roster) == 1


async def test_a_ven_id_that_is_too_long_is_nobodys() -> None:
    books = Books()
    books.default = Known(registered=True)
    async with running(handlers=[Open(), books]) as world:
        reply = await world.peer().post(m.Poll(ven_id="v" * 256))
        assert reply.response.code == 463
        assert len(world.desk.roster) == 0
        assert books.asked == []


# ---------------------------------------------------------------- certificates


async def test_r517_another_certificate_than_the_one_named_is_463_also_for_a_poll() -> None:
    books = Books()
    async with running(handlers=[Open(), books], tls=True) as world:
        peer = world.client("school")
        await peer.register("school")
        books.default = Known(fingerprint="00:11:22:33:44:55:66:77:88:99", registered=True)
        assert (await peer.poll()).response.code == 463


@pytest.mark.parametrize("registered", [True, None])
async def test_a_certificate_that_is_named_is_added_to_its_ven(registered: bool | None) -> None:
    books = Books()
    books.default = Known()
    async with running(handlers=[Open(), books], tls=True) as world:
        old, new = world.client("school"), world.client("school-2")
        await old.register("school")
        books.default = Known(fingerprint=new.fingerprint, registered=registered)
        reply = await new.post(request_event(old.ven_id))
        assert reply.response.code == 200
        row = await stored(world, old.ven_id)
        assert row is not None
        assert set(row.fingerprints) == {old.fingerprint, new.fingerprint}


async def test_a_ven_is_taken_over_with_the_certificate_that_is_named() -> None:
    books = Books()
    async with running(handlers=[Open(), books], tls=True) as world:
        peer = world.client("school")
        books.known["v7"] = Known(
            fingerprint=peer.fingerprint.lower(), registration_id="reg-7", registered=True
        )
        assert (await peer.post(request_event("v7"))).response.code == 200
        row = await stored(world, "v7")
        assert row is not None
        assert (row.registration_id, row.fingerprints) == ("reg-7", (peer.fingerprint,))


async def test_a_ven_that_has_its_certificate_here_needs_no_fingerprint_elsewhere() -> None:
    books = Books()
    books.default = Known(registered=True, registration_id="reg-7")
    async with running(handlers=[Open(), books], tls=True) as world:
        peer = world.client("school")
        await world.operator.enrol(
            "school", now=world.clock.now(), ven_id="v7", fingerprint=peer.fingerprint
        )
        assert (await peer.post(request_event("v7"))).response.code == 200


async def test_r517_a_certificate_that_nobody_names_takes_over_nothing() -> None:
    books = Books()
    books.default = Known(registered=True)
    async with running(handlers=[Open(), books], tls=True) as world:
        await world.operator.enrol("school", now=world.clock.now(), ven_id="v7")
        thief = world.client("thief")
        for ven_id in ("v7", "v8"):
            assert (await thief.post(request_event(ven_id))).response.code == 463
        row = await stored(world, "v7")
        assert row is not None
        assert (row.state, row.fingerprints) == ("enrolled", ())
        assert await stored(world, "v8") is None


@pytest.mark.parametrize(
    "said",
    [
        Known(registered=True),
        Known(registered=False),
        Known(),
        Known(fingerprint="00:11:22:33:44:55:66:77:88:99", registered=True),
        None,
    ],
)
async def test_r517_a_ven_never_becomes_another_by_naming_it(said: Known | None) -> None:
    books = Books()
    books.default = Known()
    async with running(handlers=[Open(), books], tls=True) as world:
        mallory, victim = world.client("mallory"), world.client("victim")
        await mallory.register("mallory")
        await victim.register("victim")
        await dispatch(world)
        books.known = {victim.ven_id: said, "v9": said}
        for name in (victim.ven_id, "v9"):
            polled = await mallory.post(m.Poll(ven_id=name))
            assert isinstance(polled, m.Response)
            assert polled.response.code == 452
            shot = await mallory.post(request_event(name))
            assert (shot.response.code, shot.events) == (452, ())
        row = await stored(world, victim.ven_id)
        assert row is not None
        assert row.fingerprints == (victim.fingerprint,)
        assert await stored(world, "v9") is None


async def test_r517_nobody_enrols_as_a_ven_that_is_known_by_another_certificate() -> None:
    books = Books()
    async with running(handlers=[Open(), books], tls=True) as world:
        thief, victim = world.client("thief"), world.client("victim")
        books.known["v7"] = Known(fingerprint=victim.fingerprint, registered=True)
        claim = m.CreatePartyRegistration(
            request_id="r", http_pull_model=True, ven_name="school", ven_id="v7"
        )
        reply = await thief.post(claim)
        assert (reply.response.code, reply.ven_id) == (463, None)
        assert await stored(world, "v7") is None
        assert (await victim.post(claim)).ven_id == "v7"


async def test_vens_may_share_a_certificate_if_the_application_says_so_of_each() -> None:
    books = Books()
    books.default = Known()
    async with running(handlers=[Open(), books], tls=True) as world:
        bench = world.client("bench")
        await bench.register("one")
        await world.operator.enrol("two", now=world.clock.now(), ven_id="v2")
        books.known["v2"] = Known(fingerprint=bench.fingerprint, registered=True)
        for name in ("v2", bench.ven_id, "v2"):
            assert (await bench.post(request_event(name))).response.code == 200
        row = await stored(world, "v2")
        assert row is not None
        assert row.fingerprints == ()


async def test_vens_that_share_a_certificate_may_come_at_once() -> None:
    books = Books()
    async with running(handlers=[Open(), books], tls=True) as world:
        bench = world.client("bench")
        books.default = Known(fingerprint=bench.fingerprint, registered=True)
        names = ("v1", "v2", "v3")
        replies = await asyncio.gather(*(bench.post(request_event(name)) for name in names))
        assert [reply.response.code for reply in replies] == [200] * 3
        rows = [await stored(world, name) for name in names]
        assert sorted(row.fingerprints for row in rows if row) == [(), (), (bench.fingerprint,)]


async def test_r517_a_certificate_that_an_operator_has_revoked_stays_revoked() -> None:
    books = Books()
    async with running(handlers=[Open(), books], tls=True) as world:
        peer = world.client("school")
        await peer.register("school")
        books.default = Known(fingerprint=peer.fingerprint, registered=True)
        assert (await peer.post(request_event(peer.ven_id))).response.code == 200
        await world.operator.revoke("school", now=world.clock.now())
        assert (await peer.post(request_event(peer.ven_id))).response.code == 463
        async with world.desk.store.read() as tx:
            assert await certificate.all_valid(tx, now=world.clock.now()) == []


# ---------------------------------------------------------------- failing


@pytest.mark.parametrize("answer", [RuntimeError("oops"), {"ven_id": "x"}, True, "known"])
async def test_a_handler_that_fails_costs_its_exchange_469_and_is_named_in_the_log(
    answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    books = Books()
    books.default = Known()
    async with a_ven(handlers=(books,)) as (_, peer):
        books.default = answer
        with caplog.at_level(logging.ERROR):
            reply = await peer.poll()
        assert isinstance(reply, m.Response)
        assert reply.response.code == 469
        assert "Books" not in (reply.response.description or "")
        assert "Books.ven_lookup" in caplog.text


async def test_what_is_no_fingerprint_is_469_and_named_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    books = Books()
    books.default = Known(fingerprint="not a fingerprint", registered=True)
    async with running(handlers=[Open(), books], tls=True) as world:
        peer = world.client("school")
        await peer.register("school")
        assert (await peer.poll()).response.code == 469
        assert "Books.ven_lookup" in caplog.text
        assert "not a fingerprint" in caplog.text


@pytest.mark.parametrize("name", ["ven_name", "registration_id"])
@pytest.mark.parametrize("value", ["\ud800", "a\x00b", " ", "x" * 256])
async def test_what_no_ven_can_be_called_is_469_and_takes_nobody_over(
    name: str, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    books = Books(v7=Known(**{name: value}, registered=True))
    async with running(handlers=[Open(), books]) as world:
        peer = world.peer()
        assert (await peer.post(m.Poll(ven_id="v7"))).response.code == 469
        assert len(world.desk.roster) == 0
    assert f"VEN 'v7': {name} is " in caplog.text


@pytest.mark.parametrize("wrong", [{"fingerprint": None}, {"ven_name": 7}, {"registered": "yes"}])
def test_what_makes_no_sense_cannot_be_said(wrong: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=f"{next(iter(wrong))} is"):
        Known(**wrong)


# ---------------------------------------------------------------- coming back


def comeback(peer: Peer) -> m.CreatePartyRegistration:
    return m.CreatePartyRegistration(
        request_id="again",
        http_pull_model=True,
        ven_name="ven",
        registration_id=peer.registration_id or "reg-1",
        ven_id=peer.ven_id or "v1",
    )


async def test_without_readmit_who_is_not_remembered_is_refused() -> None:
    async with running(handlers=[Open()]) as world:
        peer = world.peer()
        peer.ven_id = "v1"
        assert (await peer.poll()).response.code == 463
        assert (await peer.post(comeback(peer))).response.code == 463
        refused = await peer.post(reread("v1"))
        assert refused.response.code == 463


async def test_with_readmit_who_is_not_remembered_is_led_back_and_registers_anew() -> None:
    async with running(READMIT, handlers=[Open()]) as world:
        peer = world.peer()
        peer.ven_id, peer.registration_id = "v1", "old"
        assert await peer.poll() == m.RequestReregistration(ven_id="v1")
        empty = await peer.raw(ServiceName.EI_REGISTER_PARTY, codec.encode(reread("v1")))
        assert (empty.status, empty.body) == (200, b"")
        reply = await peer.post(comeback(peer))
        assert (reply.response.code, reply.ven_id) == (200, "v1")
        assert reply.registration_id
        assert isinstance(await peer.poll(), m.RegisterReport)


async def test_with_readmit_all_but_polls_of_strangers_are_refused_as_ever() -> None:
    async with running(READMIT, handlers=[Open()]) as world:
        reply = await world.peer().post(request_event("v1"))
        assert reply.response.code == 463


async def test_with_readmit_the_handler_decides_on_who_comes_back() -> None:
    async with running(READMIT) as world:
        peer = world.peer()
        assert (await peer.post(comeback(peer))).response.code == 463
        assert len(world.desk.roster) == 0


async def test_with_readmit_a_certificate_comes_back_under_an_id_that_is_forgotten() -> None:
    async with running(READMIT, handlers=[Open()], tls=True) as world:
        one, other = world.client("one"), world.client("other")
        await one.register("one")
        await other.register("other")
        forgotten = await one.post(
            m.CreatePartyRegistration(
                request_id="a", http_pull_model=True, ven_id="gone", registration_id="gone"
            )
        )
        assert (forgotten.response.code, forgotten.ven_id) == (200, one.ven_id)
        stolen = await one.post(
            m.CreatePartyRegistration(
                request_id="b", http_pull_model=True, ven_id=other.ven_id, registration_id="gone"
            )
        )
        assert stolen.response.code == 452


async def test_with_readmit_a_registration_that_is_remembered_is_kept() -> None:
    async with a_ven(READMIT) as (world, peer):
        await dispatch(world)
        reply = await peer.post(comeback(peer))
        assert reply.registration_id == peer.registration_id
        await world.clock.advance(INTERVAL)
        assert isinstance(await peer.poll(), m.DistributeEvent)


async def test_a_signature_that_is_missing_leads_nobody_back() -> None:
    required = READMIT | {"signatures": {"policy": "required"}}
    async with running(required, handlers=[Open()]) as world:
        reply = await world.peer().post(m.Poll(ven_id="v1"))
    assert reply.response.code == 463


async def test_a_signature_that_is_missing_takes_nobody_over() -> None:
    required = {"signatures": {"policy": "required"}}
    books = Books(v7=Known(registered=True))
    async with running(required, handlers=[Open(), books]) as world:
        assert (await world.peer().post(request_event("v7"))).response.code == 463
        assert await stored(world, "v7") is None


async def test_who_signs_with_the_certificate_that_is_named_is_taken_over() -> None:
    required = {"signatures": {"policy": "required"}}
    books = Books()
    async with running(required, handlers=[Open(), books], tls=True) as world:
        peer = world.client("school")
        books.known["v7"] = Known(fingerprint=peer.fingerprint, registered=True)
        assert (await peer.post(request_event("v7"))).response.code == 463
        assert await stored(world, "v7") is None
        assert (await peer.post(request_event("v7"), signed=True)).response.code == 200


async def test_with_a_lookup_the_application_may_give_another_registration_id() -> None:
    class Numbering(Books):
        async def on_create_party_registration(
            self, request: Registration, ctx: Context
        ) -> Accept | Refuse:
            return Accept(registration_id=f"{request.ven_name}-2")

    books = Numbering()
    books.default = Known()
    async with running(handlers=[books]) as world:
        peer = await joined(world, "ven")
        await dispatch(world)
        reply = await peer.post(comeback(peer))
        assert reply.registration_id == "ven-2"
        assert isinstance(await peer.poll(), m.DistributeEvent)
