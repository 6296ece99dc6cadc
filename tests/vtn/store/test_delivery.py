from collections.abc import Callable
from typing import Any

import pytest

from oadr.enums import OptType
from tests.vtn.store.worlds import HOUR, LATER, MINUTE, NOW, an_event, many_parties
from vtn.store import Store, answer, change, delivery, event
from vtn.store.delivery import Delivery
from vtn.store.errors import BrokenConstraint
from vtn.store.event import StoredEvent
from vtn.store.party import Party
from vtn.store.transaction import Transaction


@pytest.fixture
async def peak(store: Store, ven: Party) -> StoredEvent:
    async with store.begin() as tx:
        made = await event.add(tx, event=an_event(), now=NOW, retire_at=LATER)
        await delivery.assign(tx, event_pk=made.pk, party_pks=[ven.pk], now=NOW)
        return made


async def the(tx: Transaction, party_pk: int) -> Delivery:
    found = await delivery.get(tx, event_id="peak", party_pk=party_pk)
    assert found is not None
    return found


async def test_an_assigned_event_is_open_and_unsent(
    store: Store, ven: Party, peak: StoredEvent
) -> None:
    async with store.read() as tx:
        [(found, state)] = await delivery.for_party(tx, party_pk=ven.pk)
        [(recipient, same)] = await delivery.for_event(tx, event_id="peak")
    assert found == peak
    assert state == same
    assert (recipient.pk, recipient.ven_id, recipient.ven_name) == (ven.pk, "ven-1", "Office")
    assert (state.event_id, state.modification, state.sent_count) == ("peak", 0, 0)
    assert (state.sent_modification, state.acked_modification, state.opt_type) == (None,) * 3
    assert state.closed_at is None


async def test_assigning_to_ten_thousand_vens_is_one_statement(
    store: Store, statements: Callable[[], list[str]]
) -> None:
    async with store.begin() as tx:
        pks = await many_parties(tx, 10_000)
        peak = await event.add(tx, event=an_event(), now=NOW, retire_at=LATER)
        known = await change.current(tx)
        statements()
        await delivery.assign(tx, event_pk=peak.pk, party_pks=pks, now=NOW)
        ran = statements()
        assert len([sql for sql in ran if "INTO delivery" in sql]) == 1
        assert len(ran) == 3
        assert len(await delivery.for_event(tx, event_id="peak")) == 10_000
        assert (await change.changes_since(tx, version=known))[0] == set(pks)


async def test_assigning_again_changes_nothing_for_those_that_have_it(
    store: Store, ven: Party, peak: StoredEvent
) -> None:
    async with store.begin() as tx:
        await delivery.sent(tx, party_pk=ven.pk, event_pks_with_modification=[(1, 0)], now=NOW)
        before = await the(tx, ven.pk)
        await delivery.assign(tx, event_pk=peak.pk, party_pks=[ven.pk], now=LATER)
        assert await the(tx, ven.pk) == before
    assert before.sent_count == 1


async def test_a_closed_delivery_opens_again_as_if_nothing_had_been_sent(
    store: Store, ven: Party, peak: StoredEvent
) -> None:
    async with store.begin() as tx:
        await delivery.sent(tx, party_pk=ven.pk, event_pks_with_modification={peak.pk: 0}, now=NOW)
        assert await delivery.close(tx, event_pk=peak.pk, party_pks=[ven.pk], now=NOW) == {ven.pk}
        assert await delivery.close(tx, event_pk=peak.pk, now=NOW) == frozenset()
        assert await delivery.for_party(tx, party_pk=ven.pk) == []
        assert (await the(tx, ven.pk)).closed_at == NOW
        await delivery.assign(tx, event_pk=peak.pk, party_pks=[ven.pk], now=LATER)
        [(_, state)] = await delivery.for_party(tx, party_pk=ven.pk)
    assert (state.sent_modification, state.sent_count, state.closed_at) == (None, 0, None)


async def test_an_event_for_a_party_that_is_not_there_is_refused(
    store: Store, peak: StoredEvent
) -> None:
    with pytest.raises(BrokenConstraint):
        async with store.begin() as tx:
            await delivery.assign(tx, event_pk=peak.pk, party_pks=[77], now=NOW)


async def test_every_sending_of_a_modification_is_counted(
    store: Store, ven: Party, peak: StoredEvent
) -> None:
    async with store.begin() as tx:
        for minutes, modification in enumerate((0, 0, 0, 0, 1, 2, 2)):
            await delivery.sent(
                tx,
                party_pk=ven.pk,
                event_pks_with_modification=[(peak.pk, modification)],
                now=NOW + minutes * MINUTE,
            )
        await delivery.sent(tx, party_pk=ven.pk, event_pks_with_modification=[], now=LATER)
        state = await the(tx, ven.pk)
    assert (state.sent_modification, state.sent_count) == (2, 2)
    assert state.sent_at == NOW + 6 * MINUTE


def an_answer(ven: Party, peak: StoredEvent, **changes: Any) -> dict[str, Any]:
    return {
        "party_pk": ven.pk,
        "event_pk": peak.pk,
        "modification": 0,
        "opt_type": OptType.OPT_IN,
        "code": 200,
        "description": "OK",
        "source": "createdEvent",
        "request_id": "r1",
        "now": NOW,
    } | changes


async def test_an_answer_is_stored_and_stays_in_the_history(
    store: Store, ven: Party, peak: StoredEvent
) -> None:
    async with store.begin() as tx:
        assert await delivery.answered(tx, **an_answer(ven, peak))
        assert await delivery.answered(
            tx, **an_answer(ven, peak, opt_type=OptType.OPT_OUT, code=462, now=LATER)
        )
        state = await the(tx, ven.pk)
        first, second = await delivery.history(tx, event_id="peak", party_pk=ven.pk)
        assert await delivery.history(tx, event_id="peak") == [first, second]
        assert await delivery.history(tx, event_id="peak", party_pk=99) == []
    assert (state.opt_type, state.opt_code, state.opt_source) == (
        OptType.OPT_OUT,
        462,
        "createdEvent",
    )
    assert (state.acked_modification, state.acked_at) == (0, LATER)
    assert (first.ven_id, first.opt_type, first.at, first.request_id) == (
        "ven-1",
        OptType.OPT_IN,
        NOW,
        "r1",
    )
    assert second.opt_type is OptType.OPT_OUT


async def test_the_same_answer_sent_again_is_one_answer(
    store: Store, ven: Party, peak: StoredEvent
) -> None:
    async with store.begin() as tx:
        assert await delivery.answered(tx, **an_answer(ven, peak))
        assert not await delivery.answered(tx, **an_answer(ven, peak, now=LATER))
        assert len(await delivery.history(tx, event_id="peak")) == 1


async def test_r42_a_change_of_mind_with_the_same_request_id_is_a_new_answer(
    store: Store, ven: Party, peak: StoredEvent
) -> None:
    minds = [OptType.OPT_IN, OptType.OPT_OUT, OptType.OPT_IN]
    async with store.begin() as tx:
        for mind in minds:
            assert await delivery.answered(tx, **an_answer(ven, peak, opt_type=mind))
        told = await delivery.history(tx, event_id="peak")
    assert [answer.opt_type for answer in told] == minds


@pytest.mark.parametrize(
    "changes",
    [{"modification": 1}, {"source": "createOpt"}, {"request_id": "r2"}, {"resources": ["a"]}],
)
async def test_another_answer_is_a_new_one(
    store: Store, ven: Party, peak: StoredEvent, changes: dict[str, Any]
) -> None:
    async with store.begin() as tx:
        assert await delivery.answered(tx, **an_answer(ven, peak))
        assert await delivery.answered(tx, **an_answer(ven, peak, **changes))


async def test_r206_an_opt_by_create_opt_acknowledges_nothing(
    store: Store, ven: Party, peak: StoredEvent
) -> None:
    async with store.begin() as tx:
        await delivery.answered(tx, **an_answer(ven, peak, source="createOpt"))
        state = await the(tx, ven.pk)
    assert (state.opt_type, state.opt_source) == (OptType.OPT_IN, "createOpt")
    assert (state.acked_modification, state.acked_at) == (None, None)


async def test_an_opt_of_some_resources_leaves_that_of_the_ven_alone(
    store: Store, ven: Party, peak: StoredEvent
) -> None:
    partly = an_answer(
        ven, peak, source="createOpt", opt_type=OptType.OPT_OUT, resources=["b", "a"]
    )
    async with store.begin() as tx:
        await delivery.answered(tx, **an_answer(ven, peak))
        await delivery.answered(tx, **partly)
        assert not await delivery.answered(tx, **partly | {"resources": ["a", "b"]})
        state = await the(tx, ven.pk)
        _, kept = await delivery.history(tx, event_id="peak")
    assert (state.opt_type, state.opt_source) == (OptType.OPT_IN, "createdEvent")
    assert kept.resources == ("a", "b")


async def test_retiring_closes_what_is_past_and_tells_whom_it_concerns(
    store: Store, ven: Party, peak: StoredEvent
) -> None:
    async with store.begin() as tx:
        assert await delivery.retire(tx, now=LATER - MINUTE) == frozenset()
        known = await change.current(tx)
        assert await delivery.retire(tx, now=LATER) == {ven.pk}
        assert await delivery.retire(tx, now=LATER) == frozenset()
        assert (await change.changes_since(tx, version=known))[0] == {ven.pk}
        assert (await the(tx, ven.pk)).closed_at == LATER


async def test_a_prolonged_event_retires_a_second_time(
    store: Store, ven: Party, peak: StoredEvent
) -> None:
    end = LATER + HOUR
    async with store.begin() as tx:
        await delivery.retire(tx, now=LATER)
        await event.replace(tx, event=an_event(modification=1), now=LATER, retire_at=end)
        await delivery.assign(tx, event_pk=peak.pk, party_pks=[ven.pk], now=LATER)
        assert await delivery.retire(tx, now=LATER) == frozenset()
        assert await delivery.retire(tx, now=end) == {ven.pk}


async def test_a_ven_that_changes_its_mind_for_ever_fills_no_disk_and_what_counts_stays(
    store: Store, ven: Party, peak: StoredEvent
) -> None:
    said: dict[str, Any] = {"party_pk": ven.pk, "event_pk": peak.pk, "modification": 0, "now": NOW}
    async with store.begin() as tx:
        first = said | {"opt_type": OptType.OPT_OUT, "source": "createOpt", "request_id": "first"}
        await delivery.answered(tx, **first, resources=["hall"])
        for number in range(2 * answer.MOST):
            opt = OptType.OPT_IN if number % 2 else OptType.OPT_OUT
            await delivery.answered(tx, **said, opt_type=opt, source="createdEvent")
        answers = await delivery.history(tx, event_id="peak", party_pk=ven.pk)
    assert len(answers) <= answer.MOST + 1
    assert answers[0].request_id == "first"
    assert [one.opt_type for one in answers[-2:]] == [OptType.OPT_OUT, OptType.OPT_IN]
