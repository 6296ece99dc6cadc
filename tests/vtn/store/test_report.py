from datetime import timedelta

import pytest

from oadr.enums import ReadingType, ReportType, Scale
from oadr.messages import Report, ReportDescription, ReportRequest, SpecifierPayload, Target
from oadr.units import unit
from tests.vtn.store.worlds import LATER, MINUTE, NOW
from vtn.store import Store, change, party, report
from vtn.store.errors import DuplicateId, UnknownId
from vtn.store.party import Party
from vtn.store.report import RequestState

CREATED = NOW.replace(microsecond=0)


def an_offer(specifier_id: str = "load", *r_ids: str, scale: Scale = Scale.KILO) -> Report:
    descriptions = tuple(
        ReportDescription(
            r_id=r_id,
            data_source=Target(resource_ids=("meter", "0042")),
            report_type=ReportType.USAGE,
            unit=unit("powerReal", scale=scale),
            reading_type=ReadingType.DIRECT_READ,
        )
        for r_id in r_ids or ("p1",)
    )
    return Report(
        duration=timedelta(hours=1),
        descriptions=descriptions,
        report_request_id="0",
        report_specifier_id=specifier_id,
        report_name="METADATA_TELEMETRY_USAGE",
        created_date_time=CREATED,
    )


def a_request(request_id: str = "1", specifier_id: str = "load") -> ReportRequest:
    return ReportRequest(
        report_request_id=request_id,
        report_specifier_id=specifier_id,
        granularity=MINUTE,
        report_back_duration=MINUTE,
        data_points=(SpecifierPayload(r_id="p1"),),
    )


async def test_offers_come_back_as_they_were_registered(store: Store, ven: Party) -> None:
    reports = (an_offer("load", "p1", "p2"), an_offer("battery"))
    async with store.begin() as tx:
        assert await report.offers(tx, party_pk=ven.pk) == ()
        await report.replace_offers(tx, party_pk=ven.pk, reports=reports, now=NOW)
    async with store.read() as tx:
        assert await report.offers(tx, party_pk=ven.pk) == reports
        first, *_ = points = await report.data_points(tx, party_pk=ven.pk)
    assert [(point.specifier_id, point.r_id) for point in points] == [
        ("load", "p1"),
        ("load", "p2"),
        ("battery", "p1"),
    ]
    assert (first.report_name, first.report_type) == ("TELEMETRY_USAGE", "usage")
    assert (first.unit_name, first.unit_units, first.unit_scale) == ("powerReal", "W", Scale.KILO)
    assert (first.resource_ids, first.offered) == (("meter", "0042"), True)


async def test_a_data_point_without_unit_is_kept(store: Store, ven: Party) -> None:
    description = ReportDescription(
        r_id="s1", report_type=ReportType.RESOURCE_STATUS, reading_type=ReadingType.NOT_APPLICABLE
    )
    offer = Report(
        descriptions=(description,),
        report_request_id="0",
        report_specifier_id="status",
        created_date_time=CREATED,
    )
    async with store.begin() as tx:
        await report.replace_offers(tx, party_pk=ven.pk, reports=[offer], now=NOW)
        [point] = await report.data_points(tx, party_pk=ven.pk)
    assert (point.unit_name, point.unit_scale, point.report_name) == (None, None, None)
    assert point.resource_ids == ()


async def test_r306_new_metadata_replaces_the_old_and_data_points_keep_their_keys(
    store: Store, ven: Party
) -> None:
    async with store.begin() as tx:
        await report.replace_offers(
            tx, party_pk=ven.pk, reports=[an_offer("load", "p1", "p2")], now=NOW
        )
        before = {point.r_id: point for point in await report.data_points(tx, party_pk=ven.pk)}
        second = an_offer("load", "p2", "p3", scale=Scale.MEGA)
        await report.replace_offers(tx, party_pk=ven.pk, reports=[second], now=LATER)
        assert await report.offers(tx, party_pk=ven.pk) == (second,)
        after = {point.r_id: point for point in await report.data_points(tx, party_pk=ven.pk)}
        await report.replace_offers(tx, party_pk=ven.pk, reports=[], now=LATER)
        assert await report.offers(tx, party_pk=ven.pk) == ()
    assert {r_id: point.offered for r_id, point in after.items()} == {
        "p1": False,
        "p2": True,
        "p3": True,
    }
    assert after["p2"].pk == before["p2"].pk
    assert after["p2"].unit_scale is Scale.MEGA


async def test_r306_new_metadata_cancels_what_was_running_except_metadata_requests(
    store: Store, ven: Party
) -> None:
    states: list[RequestState] = ["queued", "sent", "active", "cancelling", "done", "refused"]
    async with store.begin() as tx:
        for state in states:
            await report.add_request(
                tx, party_pk=ven.pk, request=a_request(state), kind="k", state=state, now=NOW
            )
        await report.add_request(
            tx,
            party_pk=ven.pk,
            request=a_request("meta", "METADATA"),
            kind="METADATA",
            state="active",
            now=NOW,
        )
        cancelled = await report.replace_offers(
            tx, party_pk=ven.pk, reports=[an_offer()], now=LATER
        )
        found = await report.requests(tx, party_pk=ven.pk)
    assert [one.report_request_id for one in cancelled] == ["sent", "active", "cancelling"]
    assert {one.report_request_id: one.state for one in found} == {
        "queued": "queued",
        "sent": "cancelled",
        "active": "cancelled",
        "cancelling": "cancelled",
        "done": "done",
        "refused": "refused",
        "meta": "active",
    }


async def test_a_request_comes_back_as_it_was_made(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        known = await change.current(tx)
        added = await report.add_request(
            tx,
            party_pk=ven.pk,
            request=a_request("0042"),
            kind="TELEMETRY_USAGE",
            standing=True,
            now=NOW,
        )
        assert (await change.changes_since(tx, version=known))[0] == {ven.pk}
    async with store.read() as tx:
        assert await report.request(tx, party_pk=ven.pk, report_request_id="0042") == added
        assert await report.request(tx, party_pk=ven.pk, report_request_id="42") is None
        assert await report.request(tx, party_pk=99, report_request_id="0042") is None
    assert added.request == a_request("0042")
    assert (added.state, added.standing) == ("queued", True)
    assert (added.created_at, added.accepted_at, added.last_update) == (NOW, None, None)


async def test_r322_a_request_id_is_used_once(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        other = await party.create(tx, ven_id="ven-2", ven_name="Depot", now=NOW)
        ids = [await report.next_request_id(tx) for _ in range(3)]
        assert len(set(ids)) == 3
        await report.add_request(tx, party_pk=ven.pk, request=a_request(ids[0]), kind="k", now=NOW)
        with pytest.raises(DuplicateId, match=f"reportRequestID '{ids[0]}'"):
            await report.add_request(
                tx, party_pk=other.pk, request=a_request(ids[0]), kind="k", now=NOW
            )


async def test_a_request_goes_through_its_states(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        pk = (
            await report.add_request(tx, party_pk=ven.pk, request=a_request(), kind="k", now=NOW)
        ).pk
        await report.set_request_state(tx, pk=pk, state="active", now=NOW)
        await report.set_request_state(tx, pk=pk, state="active", now=LATER)
        await report.received(tx, pks=[pk], now=LATER)
        [active] = await report.requests(tx, states=["active", "done"])
        await report.set_request_state(
            tx, pk=pk, state="refused", code=461, description="no such report", now=LATER
        )
        [refused] = await report.requests(tx, party_pk=ven.pk)
        assert await report.requests(tx, states=["active"]) == []
        with pytest.raises(UnknownId):
            await report.set_request_state(tx, pk=pk + 1, state="done", now=NOW)
    assert (active.accepted_at, active.last_update) == (NOW, LATER)
    assert (refused.state, refused.code, refused.description) == (
        "refused",
        461,
        "no such report",
    )


async def test_r407_unregistering_ends_offers_and_requests(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        await report.replace_offers(tx, party_pk=ven.pk, reports=[an_offer()], now=NOW)
        await report.add_request(
            tx, party_pk=ven.pk, request=a_request("1"), kind="k", standing=True, now=NOW
        )
        await report.add_request(
            tx, party_pk=ven.pk, request=a_request("2"), kind="k", state="done", now=NOW
        )
        await party.unregister(tx, pk=ven.pk, now=LATER)
        assert await report.offers(tx, party_pk=ven.pk) == ()
        [point] = await report.data_points(tx, party_pk=ven.pk)
        found = await report.requests(tx, party_pk=ven.pk)
    assert not point.offered
    assert [(one.state, one.standing) for one in found] == [("forgotten", True), ("done", False)]


async def test_of_the_words_of_a_refusal_the_beginning_is_kept(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        made = await report.add_request(
            tx, party_pk=ven.pk, request=a_request("r1"), kind="periodic", now=NOW
        )
        await report.set_request_state(
            tx, pk=made.pk, state="refused", now=NOW, code=469, description="no" * 500_000
        )
        (row,) = await report.requests(tx, party_pk=ven.pk)
    assert row.description == "no" * 200


async def test_a_ven_that_registers_its_reports_for_ever_leaves_no_requests_without_end(
    store: Store, ven: Party
) -> None:
    async with store.begin() as tx:
        for number in range(report.KEPT + 20):
            made = await report.add_request(
                tx,
                party_pk=ven.pk,
                request=a_request(f"r{number}"),
                kind="periodic",
                state="cancelled" if number < report.KEPT + 10 else "sent",
                now=NOW,
            )
            if not number:
                await report.received(tx, pks=[made.pk], now=NOW)
        await report.replace_offers(tx, party_pk=ven.pk, reports=[an_offer()], now=NOW)
        left = await report.requests(tx, party_pk=ven.pk)
    assert len(left) == report.KEPT + 1
    # One that readings came for stays.
    assert left[0].report_request_id == "r0"
    assert left[-1].report_request_id == f"r{report.KEPT + 19}"
