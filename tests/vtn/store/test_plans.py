"""Every query finds its rows by an index; a new table scan fails here."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from oadr.enums import OptType
from tests.vtn.store.test_opt import a_schedule
from tests.vtn.store.test_report import a_request, an_offer
from tests.vtn.store.worlds import LATER, NOW, an_event
from vtn.store import (
    Store,
    Transaction,
    audit,
    certificate,
    change,
    delivery,
    event,
    opt,
    outbox,
    party,
    pending,
    reading,
    report,
    served,
)
from vtn.store.party import Party
from vtn.store.reading import ReadingFilter

Call = Callable[[Transaction], Awaitable[object]]


async def drained(tx: Transaction, **chosen: Any) -> None:
    async for _ in reading.export(tx, filter=ReadingFilter(**chosen)):
        pass


ANSWER: dict[str, Any] = {
    "party_pk": 1,
    "event_pk": 1,
    "modification": 0,
    "opt_type": OptType.OPT_IN,
    "source": "createdEvent",
    "now": NOW,
}
CALLS: dict[str, Call] = {
    "party.get ven_id": lambda tx: party.get(tx, ven_id="ven-1"),
    "party.get ven_name": lambda tx: party.get(tx, ven_name="Office"),
    "party.get fingerprint": lambda tx: party.get(tx, fingerprint="AA", now=NOW),
    "party.changed_since": lambda tx: party.changed_since(tx, version=0),
    "party.set_groups": lambda tx: party.set_groups(tx, pk=1, groups=["a"]),
    "party.touch": lambda tx: party.touch(tx, last_seen={1: NOW}),
    "party.unregister": lambda tx: party.unregister(tx, pk=1, now=NOW),
    "party.remove": lambda tx: party.remove(tx, pk=1),
    "certificate.add": lambda tx: certificate.add(tx, party_pk=1, fingerprint="BB", now=NOW),
    "certificate.revoke": lambda tx: certificate.revoke(tx, fingerprint="AA", now=NOW),
    "certificate.for_party": lambda tx: certificate.for_party(tx, party_pk=1),
    "pending.certified": lambda tx: pending.certified(tx, fingerprint="AA"),
    "pending.named": lambda tx: pending.named(tx, names=["Office", "ven-1"]),
    "pending.registered": lambda tx: pending.registered(tx, party_pk=1),
    "change.changes_since": lambda tx: change.changes_since(tx, version=0),
    "event.get": lambda tx: event.get(tx, event_id="peak"),
    "event.list_events": lambda tx: event.list_events(tx, limit=3),
    "event.list_events active": lambda tx: event.list_events(tx, active_at=NOW),
    "event.replace": lambda tx: event.replace(tx, event=an_event(), now=NOW, retire_at=LATER),
    "event.versions": lambda tx: event.versions(tx, event_id="peak"),
    "event.prune": lambda tx: event.prune(tx, before=NOW),
    "delivery.for_party": lambda tx: delivery.for_party(tx, party_pk=1),
    "delivery.for_event": lambda tx: delivery.for_event(tx, event_id="peak"),
    "delivery.get": lambda tx: delivery.get(tx, event_id="peak", party_pk=1),
    "delivery.sent": lambda tx: delivery.sent(
        tx, party_pk=1, event_pks_with_modification={1: 0}, now=NOW
    ),
    "delivery.answered": lambda tx: delivery.answered(tx, **ANSWER),
    "delivery.history": lambda tx: delivery.history(tx, event_id="peak", party_pk=1),
    "delivery.close": lambda tx: delivery.close(tx, event_pk=1, party_pks=[1], now=NOW),
    "delivery.retire": lambda tx: delivery.retire(tx, now=LATER),
    "opt.add": lambda tx: opt.add(tx, party_pk=1, opt=a_schedule(), now=NOW),
    "opt.for_party": lambda tx: opt.for_party(tx, party_pk=1),
    "opt.timeline": lambda tx: opt.timeline(tx),
    "opt.timeline since": lambda tx: opt.timeline(tx, since=NOW),
    "opt.timeline of one": lambda tx: opt.timeline(tx, party_pk=1, since=NOW),
    "opt.prune": lambda tx: opt.prune(tx, party_pk=1, keep=1),
    "opt.spent_count": lambda tx: opt.spent_count(tx, party_pk=1),
    "opt.qualifies": lambda tx: opt.qualifies(tx, party_pk=1, opt_id="o"),
    "opt.cancel_all": lambda tx: opt.cancel_all(tx, party_pk=1, now=NOW),
    "opt.cancel": lambda tx: opt.cancel(tx, party_pk=1, opt_id="o", now=NOW),
    "opt.supersede": lambda tx: opt.supersede(tx, pks=[1], now=NOW),
    "outbox.waiting": lambda tx: outbox.waiting(tx, party_pk=1),
    "outbox.done": lambda tx: outbox.done(tx, party_pk=1, kind="k", ref="r", now=NOW),
    "outbox.parties_with_waiting": lambda tx: outbox.parties_with_waiting(tx),
    "outbox.prune": lambda tx: outbox.prune(tx, before=NOW),
    "report.replace_offers": lambda tx: report.replace_offers(
        tx, party_pk=1, reports=[an_offer()], now=NOW
    ),
    "report.offers": lambda tx: report.offers(tx, party_pk=1),
    "report.data_points": lambda tx: report.data_points(tx, party_pk=1),
    "report.requests": lambda tx: report.requests(tx, party_pk=1, states=["active"]),
    "report.requests states": lambda tx: report.requests(tx, states=["active", "sent"]),
    "report.request": lambda tx: report.request(tx, party_pk=1, report_request_id="1"),
    "report.received": lambda tx: report.received(tx, pks=[1], now=NOW),
    "report.note_missing": lambda tx: report.note_missing(tx, pks=[1], at=NOW),
    "report.missing": lambda tx: report.missing(tx, most=9),
    "report.missing after": lambda tx: report.missing(tx, most=9, after=(NOW, 1)),
    "served.offered": lambda tx: served.offered(tx, party_pk=1),
    "served.requests": lambda tx: served.requests(tx, party_pk=1),
    "served.due": lambda tx: served.due(tx, now=NOW, most=9),
    "served.close": lambda tx: served.close(tx, party_pk=1, ids=["1"], now=NOW),
    "served.remove": lambda tx: served.remove(tx, party_pk=1, ids=["1"]),
    "served.forget": lambda tx: served.forget(tx, party_pk=1),
    "reading.latest": lambda tx: reading.latest(tx, party_pk=1),
    "reading.export ven": lambda tx: drained(tx, ven_id="ven-1", start=NOW, end=LATER),
    "reading.export request": lambda tx: drained(tx, report_request_id="1"),
    "reading.sums": lambda tx: reading.sums(
        tx, windows=[(NOW, LATER)], filter=ReadingFilter(ven_id="ven-1")
    ),
    "audit.entries": lambda tx: audit.entries(tx, subject="peak"),
}


async def _world(tx: Transaction, ven: Party) -> None:
    await certificate.add(tx, party_pk=ven.pk, fingerprint="AA", now=NOW)
    peak = await event.add(tx, event=an_event(), now=NOW, retire_at=NOW)
    await delivery.assign(tx, event_pk=peak.pk, party_pks=[ven.pk], now=NOW)
    await report.replace_offers(tx, party_pk=ven.pk, reports=[an_offer()], now=NOW)
    await report.add_request(tx, party_pk=ven.pk, request=a_request(), kind="k", now=NOW)
    [point] = await report.data_points(tx, party_pk=ven.pk)
    one = reading.row(
        data_point_pk=point.pk, start=NOW, duration=timedelta(0), value=None, received_at=NOW
    )
    await reading.ingest(tx, rows=[one])


async def _plan(tx: Transaction, sql: str) -> list[str]:
    nothing = (None,) * sql.count("?")
    result = await tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", nothing)
    return [row.detail for row in result]


@pytest.mark.parametrize("name", CALLS)
async def test_no_query_reads_a_whole_table(
    store: Store, ven: Party, statements: Callable[[], list[str]], name: str
) -> None:
    async with store.begin() as tx:
        await _world(tx, ven)
        statements()
        await CALLS[name](tx)
        ran = statements()
        assert ran
        for sql in ran:
            for step in await _plan(tx, sql):
                scans = step.startswith("SCAN") and " INDEX " not in step
                assert not scans or "json_each" in step or "subquery" in step, (step, sql)


async def test_an_export_streams_without_sorting_everything_first(
    store: Store, statements: Callable[[], list[str]]
) -> None:
    async with store.read() as tx:
        await drained(tx)
        await drained(tx, ven_id="ven-1", start=NOW)
        await drained(tx, r_id="p1", end=NOW)
        await drained(tx, report_request_id="1")
        for sql in statements():
            # Sorting within one VEN is fine, sorting everything before the first row is not.
            assert "USE TEMP B-TREE FOR ORDER BY" not in await _plan(tx, sql), sql
