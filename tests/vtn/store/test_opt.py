from oadr.enums import OptReason, OptType
from oadr.messages import CreateOpt, Period, Target
from tests.vtn.store.worlds import HOUR, LATER, NOW
from vtn.store import Store, opt, party
from vtn.store.party import Party

START = NOW.replace(microsecond=0)


def a_schedule(opt_id: str = "opt-1", *, request_id: str = "r1") -> CreateOpt:
    return CreateOpt(
        opt_id=opt_id,
        opt_type=OptType.OPT_OUT,
        opt_reason=OptReason.MUST_RUN,
        ven_id="ven-1",
        availability=(Period(dtstart=START, duration=HOUR),),
        created_date_time=START,
        request_id=request_id,
        target=Target(resource_ids=("battery",)),
    )


async def test_an_opt_comes_back_as_it_was_sent(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        added = await opt.add(tx, party_pk=ven.pk, opt=a_schedule(), now=NOW)
    async with store.read() as tx:
        assert await opt.for_party(tx, party_pk=ven.pk) == [added]
    assert added.opt == a_schedule()
    assert (added.received_at, added.superseded) == (NOW, False)


async def test_the_same_message_twice_is_one_opt(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        first = await opt.add(tx, party_pk=ven.pk, opt=a_schedule(), now=NOW)
        assert await opt.add(tx, party_pk=ven.pk, opt=a_schedule(), now=LATER) == first
        another = await opt.add(tx, party_pk=ven.pk, opt=a_schedule(request_id="r2"), now=LATER)
        assert await opt.for_party(tx, party_pk=ven.pk) == [first, another]


async def test_r204_r211_cancelling_ends_all_that_used_the_id_and_can_be_repeated(
    store: Store, ven: Party
) -> None:
    async with store.begin() as tx:
        other = await party.create(tx, ven_id="ven-2", ven_name="Depot", now=NOW)
        theirs = await opt.add(tx, party_pk=other.pk, opt=a_schedule(), now=NOW)
        await opt.add(tx, party_pk=ven.pk, opt=a_schedule(), now=NOW)
        await opt.add(tx, party_pk=ven.pk, opt=a_schedule(request_id="r2"), now=NOW)
        kept = await opt.add(tx, party_pk=ven.pk, opt=a_schedule("opt-2"), now=NOW)
        assert await opt.cancel(tx, party_pk=ven.pk, opt_id="opt-1", now=LATER) == 2
        assert await opt.cancel(tx, party_pk=ven.pk, opt_id="opt-1", now=LATER) == 2
        assert await opt.cancel(tx, party_pk=ven.pk, opt_id="opt-9", now=LATER) == 0
        assert await opt.for_party(tx, party_pk=ven.pk) == [kept]
        assert await opt.for_party(tx, party_pk=other.pk) == [theirs]


async def test_an_opt_after_its_cancellation_is_a_new_one(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        first = await opt.add(tx, party_pk=ven.pk, opt=a_schedule(), now=NOW)
        await opt.cancel(tx, party_pk=ven.pk, opt_id="opt-1", now=NOW)
        second = await opt.add(tx, party_pk=ven.pk, opt=a_schedule(), now=NOW)
    assert second.pk != first.pk


async def test_superseded_opts_are_marked(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        first = await opt.add(tx, party_pk=ven.pk, opt=a_schedule(), now=NOW)
        await opt.add(tx, party_pk=ven.pk, opt=a_schedule("opt-2"), now=NOW)
        await opt.supersede(tx, pks=[first.pk], now=LATER)
        found = await opt.for_party(tx, party_pk=ven.pk)
    assert [(one.opt.opt_id, one.superseded) for one in found] == [
        ("opt-1", True),
        ("opt-2", False),
    ]


async def test_r407_unregistering_ends_all_opts(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        await opt.add(tx, party_pk=ven.pk, opt=a_schedule(), now=NOW)
        await party.unregister(tx, pk=ven.pk, now=LATER)
        assert await opt.for_party(tx, party_pk=ven.pk) == []
