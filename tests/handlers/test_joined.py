"""The bundled handlers where they work: in a VTN and a VEN, with real messages."""

import csv
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import ven.testing
import vtn.testing
from handlers.event import AlwaysOptOut, OptByLimits
from handlers.poll import OutboxPoll
from handlers.registration import AllowList, OpenEnrolment
from handlers.report import AppendCsv, StoreReports
from oadr import messages as m
from oadr.enums import OptType
from vtn.testing import fingerprint_of

MINUTE = timedelta(minutes=1)
ONE, OTHER = fingerprint_of("one"), fingerprint_of("other")


def written(folder: Path) -> list[dict[str, str]]:
    (file,) = folder.rglob("*.csv")
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


async def test_the_allow_list_enrols_a_listed_certificate_and_no_other() -> None:
    handler = AllowList.from_config({"fingerprints": [ONE]})
    async with vtn.testing.joined(handlers=[handler]) as world:
        assert (await world.peer("one", fingerprint=OTHER).register()).code == 463
        assert (await world.peer("one", fingerprint=ONE).register()).code == 200
        assert (await world.peer("other", fingerprint=OTHER).register()).code == 463
        assert (await world.peer("two", fingerprint=ONE).register()).ven_id is not None
        assert [member.ven_name for member in world.desk.roster] == ["one"]


async def test_open_enrolment_is_full_at_its_limit_and_knows_its_own() -> None:
    handler = OpenEnrolment.from_config({"at_most": 1})
    async with vtn.testing.joined(handlers=[handler]) as world:
        one = world.peer("one", fingerprint=ONE)
        assert (await one.register()).code == 200
        refused = await world.peer("other", fingerprint=OTHER).register()
        assert (refused.code, "no more VENs" in refused.reason) == (463, True)
        assert (await one.register()).code == 200


async def test_store_asks_for_what_it_is_told_and_csv_writes_it_down(tmp_path: Path) -> None:
    asks = StoreReports.from_config({"every": "2m", "deliver": "10m"})
    writes = AppendCsv.from_config({"folder": str(tmp_path)})
    async with vtn.testing.joined(handlers=[asks, writes]) as world:
        await world.ven.join("school-7")
        (wanted,) = await world.ven.offer("main")
        assert (wanted.granularity, wanted.report_back_duration) == (2 * MINUTE, 10 * MINUTE)
        assert await world.ven.report(["0.10", "3"], every=2 * MINUTE) == 200
    rows = written(tmp_path)
    assert [Decimal(row["value"]) for row in rows] == [Decimal("0.10"), Decimal(3)]
    assert {(row["ven"], row["r_id"], row["duration_s"]) for row in rows} == {
        ("school-7", "main", "120")
    }


async def test_the_outbox_speaks_when_the_vtn_itself_has_nothing_to_say() -> None:
    outbox = OutboxPoll()
    async with vtn.testing.joined(handlers=[outbox]) as world:
        await world.ven.join()
        outbox.put(world.ven.ven_id, m.RequestReregistration(ven_id=world.ven.ven_id))
        assert isinstance(await world.ven.poll(), m.RequestReregistration)
        assert isinstance(await world.ven.poll(), m.Response)


async def test_limits_decide_on_events_and_on_what_becomes_of_them() -> None:
    handler = OptByLimits.from_config({"max_duration": "1h"})
    async with ven.testing.joined(handlers=[handler]) as world:
        short = await world.vtn.send_event("1:1h")
        long = await world.vtn.send_event("1:2h", starts_in=timedelta(hours=5))
        opts = {name: answer.opt_type for name, answer in world.vtn.answers.items()}
        assert opts == {short.event_id: OptType.OPT_IN, long.event_id: OptType.OPT_OUT}


async def test_always_out_means_that_nothing_is_carried_out() -> None:
    acted: list[object] = []
    async with ven.testing.joined(handlers=[AlwaysOptOut()]) as world:
        world.ven.add_handler("on_interval", lambda event, interval, ctx: acted.append(interval))
        sent = await world.vtn.send_event("1:1h")
        await world.pass_time(hours=3)
        assert world.vtn.answers[sent.event_id].opt_type is OptType.OPT_OUT
    assert acted == []
