"""Who asks in vain is written down: by a certificate that is proven, in batches, bounded."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from handlers.registration import AllowList
from oadr import messages as m
from oadr.enums import ProfileName, TransportName
from oadr.errors import NotRegistered
from tests.vtn.kit import Open, a_ven, joined
from vtn import knocks, upkeep
from vtn.desk import Caller
from vtn.hooks import Accept, Context, Refuse, Registration, RegistrationHandler
from vtn.knocks import Knocks
from vtn.store import Store, party, pending
from vtn.store.errors import DatabaseBusy
from vtn.store.pending import Pending
from vtn.testing import FakeClock, Peer, World, running


class Moody(RegistrationHandler):
    """Refuses even those that are enrolled."""

    async def on_create_party_registration(
        self, request: Registration, ctx: Context
    ) -> Accept | Refuse:
        return Refuse(463, "no room on this feeder")


async def kept(world: World) -> list[Pending]:
    """What is in the store once all is written down."""
    await upkeep.flush(world.desk)
    async with world.desk.store.read() as tx:
        return await pending.everybody(tx)


@asynccontextmanager
async def closed(**overrides: Any) -> AsyncIterator[tuple[World, Peer]]:
    """A VTN that takes only the enrolled, and a VEN with a certificate that is not."""
    async with running(overrides or None, handlers=[AllowList()], tls=True) as world:
        yield world, world.client("bakery")


async def test_r517_a_refused_registration_is_kept_with_all_that_is_known() -> None:
    async with closed() as (world, peer):
        peer.push_address = "https://bakery.example:8443"
        reply = await peer.register("bakery", ven_id="b-1", report_only=True, xml_signature=True)
        assert reply.code == 463
        (row,) = await kept(world)
    assert (row.fingerprint, row.ven_name, row.ven_id) == (peer.fingerprint, "bakery", "b-1")
    assert (row.profile, row.transport) == ("2.0b", "simpleHttp")
    assert row.push_address == "https://bakery.example:8443"
    assert (row.report_only, row.xml_signature) == (True, True)
    assert row.subject is not None
    assert row.subject.startswith("CN=bakery")
    assert row.issuer is not None
    assert "Test" in row.issuer
    assert row.serial
    assert row.not_before is not None
    assert row.not_after is not None
    assert row.not_before < world.clock.now() < row.not_after
    assert (len(row.sha1 or ""), len(row.sha256 or "")) == (59, 95)
    assert (row.sha256 or "").endswith(row.fingerprint)
    assert row.address == "127.0.0.1"
    assert (row.code, row.rule, row.reason) == (463, "R517", "this certificate is not enrolled")
    assert row.message == "oadrCreatePartyRegistration"
    assert (row.asked, row.first_asked) == (1, world.clock.now())


async def test_r517_who_asks_all_the_time_is_counted_and_written_once() -> None:
    async with closed() as (world, peer):
        for _ in range(3):
            await peer.register("bakery")
        await peer.poll()
        assert len(world.desk.knocks) == 2
        (row,) = await kept(world)
        assert len(world.desk.knocks) == 0
        assert row.asked == 4
        await peer.register("bakery")
        (row,) = await kept(world)
    assert row.asked == 5


async def test_r517_a_poll_of_a_stranger_is_kept_with_the_ven_id_that_it_gives() -> None:
    async with closed() as (world, peer):
        peer.ven_id = "lost-7"
        assert (await peer.poll()).response.code == 463
        (row,) = await kept(world)
    assert (row.ven_name, row.ven_id, row.message) == ("", "lost-7", "oadrPoll")
    assert row.fingerprint == peer.fingerprint
    assert row.reason == f"certificate {peer.fingerprint} is not enrolled with this VTN"


@pytest.mark.parametrize(
    ("values", "code", "rule"),
    [
        ({"profile_name": ProfileName.A}, 469, "R402"),
        ({"transport_name": TransportName.XMPP}, 469, "R402"),
        ({"ven_id": "another"}, 452, "R517"),
        ({"registration_id": "wrong"}, 463, "R405"),
    ],
)
@pytest.mark.sends_wrong
async def test_r402_a_failed_registration_of_an_enrolled_ven_says_why(
    values: dict[str, Any], code: int, rule: str
) -> None:
    async with closed() as (world, peer):
        enrolled = await world.operator.enrol(
            "bakery", now=world.clock.now(), ven_id="b-1", fingerprint=peer.fingerprint
        )
        assert (await peer.register("bakery", **values)).code == code
        (row,) = await kept(world)
        assert (row.code, row.rule, row.party_pk) == (code, rule, enrolled.pk)
        assert (await peer.register("bakery")).code == 200
        assert await kept(world) == []


async def test_r517_a_name_that_is_taken_is_the_reason() -> None:
    async with running(handlers=[Open()], tls=True) as world:
        await world.client("school").register("school")
        other = world.client("other")
        assert (await other.register("school")).code == 463
        (row,) = await kept(world)
    assert (row.ven_name, row.fingerprint) == ("school", other.fingerprint)
    assert (row.subject or "").startswith("CN=other")


async def test_r517_what_a_handler_refuses_is_kept_with_its_words() -> None:
    async with running(handlers=[Moody()], tls=True) as world:
        await world.client("school").register("school")
        (row,) = await kept(world)
    assert row.reason == "no room on this feeder"


async def test_what_an_enrolled_ven_is_refused_beyond_registering_is_no_registration() -> None:
    async with closed() as (world, peer):
        await world.operator.enrol(
            "bakery", now=world.clock.now(), fingerprint=peer.fingerprint, ven_id="b-1"
        )
        peer.ven_id = "b-1"
        assert (await peer.poll()).response.code == 463
        await peer.register("bakery")
        reply = await peer.post(
            m.CancelReport(request_id="x", ven_id="b-1", report_request_ids=("n",))
        )
        assert reply.response.code != 200
        assert await kept(world) == []


async def test_without_tls_the_name_or_else_the_ven_id_is_all_there_is() -> None:
    async with running(handlers=[AllowList()]) as world:
        peer = world.peer()
        await peer.register("bakery", ven_id="b-1")
        peer.ven_id = "lost-7"
        await peer.poll()
        rows = await kept(world)
    assert {(row.ven_name, row.ven_id, row.fingerprint) for row in rows} == {
        ("bakery", "b-1", ""),
        ("lost-7", "lost-7", ""),
    }


async def test_a_stranger_that_is_let_in_leaves_nothing_behind() -> None:
    async with a_ven() as (world, _):
        await joined(world, "second")
        assert await kept(world) == []


async def test_r517_who_is_enrolled_between_its_refusal_and_the_batch_is_not_kept() -> None:
    async with closed() as (world, peer):
        await peer.register("bakery")
        await world.operator.enrol("bakery", now=world.clock.now(), fingerprint=peer.fingerprint)
        assert await kept(world) == []


async def test_what_could_not_be_written_is_written_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with closed() as (world, peer):
        await peer.register("bakery")

        async def busy(*_: object, **__: object) -> None:
            raise DatabaseBusy("no")

        with monkeypatch.context() as patch:
            patch.setattr(party, "touch", busy)
            with pytest.raises(DatabaseBusy):
                await upkeep.flush(world.desk)
        await peer.register("bakery")
        (row,) = await kept(world)
    assert row.asked == 2


async def test_what_is_held_is_written_when_the_vtn_stops() -> None:
    async with closed() as (world, peer):
        await peer.register("bakery")
        await world.server.stop()
        store = await Store.open(world.folder / "vtn.db")
        async with store.read() as tx:
            (row,) = await pending.everybody(tx)
        await store.close()
    assert row.ven_name == "bakery"


# ---------------------------------------------------------------- floods


async def test_r517_a_flood_of_names_comes_to_a_few_rows() -> None:
    async with closed() as (world, peer):
        for n in range(40):
            assert (await peer.register(f"n{n}", ven_id=f"v{n}")).code == 463
        assert len(world.desk.knocks) == pending.MOST_NAMES
        rows = await kept(world)
        await peer.register("late")
        assert len(await kept(world)) == pending.MOST_NAMES
    assert [row.ven_name for row in rows] == ["n39", "n38", "n37", "n36", "n35"]


def stranger(clock: FakeClock, fingerprint: str, peer: str = "192.0.2.1") -> Caller:
    return Caller(
        member=None,
        fingerprint=fingerprint,
        secure=bool(fingerprint),
        received_at=clock.now(),
        peer=peer,
    )


def knock(held: Knocks, caller: Caller, name: str) -> Pending | None:
    asks = m.CreatePartyRegistration(request_id="r", ven_name=name)
    return held.refused(caller, asks, NotRegistered("no", rule="R517"))


def test_a_certificate_with_a_thousand_names_pushes_out_nobody_but_itself() -> None:
    held, clock = Knocks(), FakeClock()
    knock(held, stranger(clock, "AA"), "honest")
    for n in range(1000):
        knock(held, stranger(clock, "BB"), f"n{n}")
    assert len(held) == 1 + pending.MOST_NAMES
    names = [one.ven_name for one in held.take()]
    assert names == ["honest", "n995", "n996", "n997", "n998", "n999"]


def test_an_address_without_tls_has_a_share_as_well() -> None:
    held, clock = Knocks(), FakeClock()
    for n in range(1000):
        knock(held, stranger(clock, "", "192.0.2.66"), f"n{n}")
    knock(held, stranger(clock, ""), "honest")
    assert len(held) == 1 + knocks.MOST_OF_ADDRESS
    assert "honest" in {one.ven_name for one in held.take()}


def test_what_is_held_is_bounded_whoever_asks() -> None:
    held, clock = Knocks(), FakeClock()
    for n in range(1000):
        knock(held, stranger(clock, f"{n:020X}"), "x")
    assert len(held) == len(held.take()) == knocks.MOST


def test_what_a_peer_says_is_cut_and_made_printable() -> None:
    held, clock = Knocks(), FakeClock()
    one = knock(held, stranger(clock, "AA"), " \x1b[2Jx\u202e\n" + "y" * 5000)
    assert one is not None
    assert one.ven_name.isprintable()
    assert one.ven_name.startswith("\\x1b[2Jx\\u202e\\n")
    assert len(one.ven_name) == 255


async def test_r517_the_log_shows_name_certificate_and_where_to_look(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with closed() as (_, peer):
        await peer.register("bakery")
        await peer.poll()
    first, second = [one for one in caplog.records if "refused 463" in one.getMessage()]
    assert vars(first)["ven"] == "bakery"
    assert f"is not enrolled (R517); {peer.fingerprint}, CN=bakery" in first.getMessage()
    assert first.getMessage().endswith("      vtn ven pending")
    assert second.getMessage().count(peer.fingerprint) == 1
