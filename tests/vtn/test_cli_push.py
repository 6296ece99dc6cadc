"""What the command line shows of VENs that listen."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

from tests.vtn.command import Desk
from vtn.store import Store, outbox, party, push
from vtn.store.push import Push

EARLY = datetime(2026, 1, 5, 12, tzinfo=UTC)
LATE = datetime(2026, 1, 5, 13, tzinfo=UTC)


async def _listen(folder: Path, *, failing: bool) -> None:
    store = await Store.open(folder / "vtn.db")
    async with store.begin() as tx:
        row = await party.get(tx, ven_name="school")
        assert row is not None
        await party.register(
            tx,
            pk=row.pk,
            registration_id="r",
            pull=False,
            transport_address="https://school.example",
            now=EARLY,
        )
        await party.touch(tx, last_seen={row.pk: EARLY})
        failed = LATE if failing else None
        words = "oadrCreateReport: HTTP 503: it is busy" if failing else None
        went = Push(party_pk=row.pk, reached_at=EARLY, failed_at=failed, failure=words)
        await push.note(tx, rows=[went])
        item = await outbox.put(
            tx, party_pk=row.pk, kind="oadrRegisterReport", ref="x", message=b"", now=EARLY
        )
        await outbox.fail(tx, pk=item.pk, reason="HTTP 404: no such operation", now=LATE)
    await store.close()


def test_where_a_ven_is_pushed_to_and_how_it_goes_is_shown(vtn: Desk) -> None:
    vtn("ven enrol school")
    assert vtn.json("ven show school")["push"] is None
    assert json.loads(vtn("status --json", 1).stdout)["push"]["vens"] == 0
    asyncio.run(_listen(vtn.folder, failing=False))
    shown = vtn("ven show school").output
    assert "https://school.example" in shown
    assert "last push      2026-01-05 12:00" in shown
    assert "push fails" not in shown
    assert "given up       oadrRegisterReport  2026-01-05 13:00:00 UTC  HTTP 404" in shown
    assert "online, push" in vtn("ven list").output
    assert "1 listening" in vtn("status", 1).output


def test_a_ven_that_is_out_of_reach_is_named_with_the_reason(vtn: Desk) -> None:
    vtn("ven enrol school")
    asyncio.run(_listen(vtn.folder, failing=True))
    shown = vtn("ven show school").output
    assert "push fails" in shown
    assert "HTTP 503: it is busy" in shown
    assert "registered, push fails" in vtn("ven list").output
    status = json.loads(vtn("status --json", 1).stdout)
    assert status["push"] == {
        "vens": 1,
        "failing": ["school"],
        "latest_failure": "school: oadrCreateReport: HTTP 503: it is busy",
    }
    assert status["vens"]["online"] == 0
    assert "1 out of reach; school: oadrCreateReport" in vtn("status", 1).output
