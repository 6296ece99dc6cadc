"""``vtn ven set --peer`` and what ``vtn ven show`` says of repairs."""

import asyncio
from datetime import UTC, datetime

from oadr.repair import REPAIRS
from tests.vtn.command import Desk
from vtn.config import load
from vtn.store import Store, party, repair
from vtn.store.repair import Mended

AT = datetime(2026, 1, 5, 12, 30, tzinfo=UTC)


def noted(vtn: Desk, name: str, counts: dict[str, int]) -> None:
    """Writes down repairs as a running VTN does."""

    async def work() -> None:
        store = await Store.open(load(vtn.folder / "vtn.toml").store.url)
        async with store.begin() as tx:
            ven = await party.get(tx, ven_name=name)
            assert ven is not None
            rows = [
                Mended(party_pk=ven.pk, name=one, count=count, first_at=AT, last_at=AT)
                for one, count in counts.items()
            ]
            await repair.note(tx, rows=rows)
        await store.close()

    asyncio.run(work())


def test_what_is_put_up_with_is_set_for_one_ven_and_shown(vtn: Desk) -> None:
    vtn("ven enrol mill --fingerprint 1D:44:F0:21:93:A8:5B:0C:77:07")
    assert vtn.json("ven show mill")["peer"] == "strict"
    assert "peer lenient" in vtn("ven set mill --peer lenient").output
    assert vtn.json("ven show mill")["peer"] == "lenient"
    with (vtn.folder / "vtn.toml").open("a", encoding="utf-8") as file:
        file.write('\n[peers]\nprofile = "repair"\n')
    assert vtn.json("ven show mill")["peer"] == "lenient"
    vtn("ven set mill --peer default")
    assert vtn.json("ven show mill")["peer"] == "repair"
    assert "Invalid value for '--peer'" in vtn("ven set mill --peer loose", 2).output


def test_a_profile_that_nobody_knows_is_refused_with_those_there_are(vtn: Desk) -> None:
    with (vtn.folder / "vtn.toml").open("a", encoding="utf-8") as file:
        file.write('\n[peers]\nprofile = "loose"\n')
    words = vtn.error("ven list")
    assert "peers.profile" in words
    assert "'strict', 'repair' or 'lenient'" in words


def test_repairs_are_shown_with_counts_and_what_they_do(vtn: Desk) -> None:
    vtn("ven enrol mill --fingerprint 1D:44:F0:21:93:A8:5B:0C:77:07")
    assert vtn.json("ven show mill")["repairs"] == []
    noted(vtn, "mill", {"qualify-attributes": 412, "order": 1, "of-a-later-version": 2})
    output = vtn("ven show mill").output
    assert "repaired       qualify-attributes  412 messages, last 2026-01-05 12:30:00 UTC" in output
    assert "repaired       order  1 message, last 2026-01-05 12:30:00 UTC" in output
    shown = {one["repair"]: one for one in vtn.json("ven show mill")["repairs"]}
    assert shown["order"]["words"] == REPAIRS["order"].words
    assert (shown["order"]["profile"], shown["order"]["messages"]) == ("repair", 1)
    assert shown["of-a-later-version"]["words"] == ""
