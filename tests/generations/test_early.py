"""Each code block of the server page of the first OpenLEADR runs on our VTN."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from oadr import messages as m
from runtime.clock import FakeClock
from tests.generations.database import SqlDatabase
from tests.generations.pages import runs
from tests.generations.stage import (
    Printed,
    a_peer,
    let_in,
    load,
    serving,
    stock_ven,
    until,
)
from vtn import VTN, upkeep

MINUTE = timedelta(minutes=1)
CONFIG = """
vtn_id = "myvtn"

[http]
host = "127.0.0.1"
port = 0
plain = true

[store]
url = "sqlite+aiosqlite:///:memory:"

[registration]
poll_interval = "1m"
offline_after = {missed}
"""


# ------------------------------------------------------------ registration


@runs("early/registration")
async def test_a_registration_is_looked_up_in_a_database_and_stored_there() -> None:
    database = SqlDatabase({"ven_name": "ven123"})
    program = load("early/registration", database=database)
    server = VTN(vtn_id="myvtn", http_port=0)
    server.add_handler("on_create_party_registration", program.on_create_party_registration)
    async with serving(server), a_peer(server) as peer, a_peer(server, "ven999") as stranger:
        registered = await peer.register()
        assert (await stranger.register()).code == 463
        assert database.rows() == [("ven123", registered.ven_id, registered.registration_id)]
    database.close()


@runs("early/registration", "early/on_register_report", "early/on_update_report")
async def test_openleadrs_own_ven_registers_reports_and_is_read(tmp_path: Path) -> None:
    database = SqlDatabase({"ven_name": "ven123"})
    offered: list[Any] = []
    received: list[Any] = []
    registering = load("early/registration", database=database)
    requesting = load("early/on_register_report", offered=offered, wanted=_Everything())
    reading = load("early/on_update_report", received=received)
    server = VTN(vtn_id="myvtn", http_port=0)
    server.add_handler("on_create_party_registration", registering.on_create_party_registration)
    server.add_handler("on_register_report", requesting.on_register_report)
    server.add_handler("on_update_report", reading.on_update_report)
    async with serving(server):
        with stock_ven(tmp_path, server, meters={"kitchen": 42.5}) as ven:
            (registered,) = await until(lambda: ven.said("registered"))
            (ven_id, reports), *_ = await until(lambda: offered)
            assert ven_id == registered["ven_id"]
            assert reports[0]["report_name"] == "METADATA_TELEMETRY_USAGE"
            (ven_id, report), *_ = await until(lambda: received)
            assert ven_id == registered["ven_id"]
            assert report["report_specifier_id"] == reports[0]["report_specifier_id"]
            assert report["intervals"][0]["report_payload"]["value"] == 42.5
    database.close()


@runs("early/on_create_party_registration")
async def test_a_registration_is_accepted_with_a_tuple_and_refused_with_none() -> None:
    vens = {"ven123": (True, "ven_id_1", "reg_id_1")}
    program = load("early/on_create_party_registration", vens=vens)
    server = VTN(vtn_id="myvtn", http_port=0)
    server.add_handler("on_create_party_registration", program.on_create_party_registration)
    async with serving(server), a_peer(server) as peer, a_peer(server, "ven999") as stranger:
        registered = await peer.register()
        assert (registered.ven_id, registered.registration_id) == ("ven_id_1", "reg_id_1")
        assert (await stranger.register()).code == 463


# ------------------------------------------------------------ online and offline


@runs("early/online_offline")
async def test_a_ven_that_misses_three_polls_is_offline_until_it_polls_again(
    printed: Printed,
) -> None:
    server = load("early/online_offline").server
    let_in(server)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        await peer.poll()
        assert await until(lambda: printed.lines("VEN ven123 has gone AWOL"))
        before = len(printed.lines("VEN ven123 is now online again!"))
        await peer.poll()
        again = before + 1
        assert await until(lambda: len(printed.lines("VEN ven123 is now online again!")) == again)
        assert len(printed.lines("VEN ven123 has gone AWOL")) == 1


@pytest.mark.parametrize("missed", [3, 5])
async def test_how_many_polls_may_be_missed_is_configured(missed: int, tmp_path: Path) -> None:
    told: list[str] = []
    (tmp_path / "vtn.toml").write_text(CONFIG.format(missed=missed))
    server = VTN(config=tmp_path / "vtn.toml")
    server.clock = clock = FakeClock(moment=datetime(2030, 1, 1, tzinfo=UTC))
    let_in(server)
    server.add_handler("on_ven_offline", told.append)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        await peer.poll()
        await clock.advance(missed * timedelta(minutes=1))
        assert server.desk is not None
        await upkeep.silent(server.desk)
        assert told == []
        await clock.advance(timedelta(minutes=1))
        await upkeep.silent(server.desk)
        assert await until(lambda: told) == ["ven123"]


# ------------------------------------------------------------ reports


@runs("early/on_register_report", "early/on_update_report")
async def test_reports_are_requested_by_r_id_and_handed_over_whole() -> None:
    offered: list[Any] = []
    received: list[Any] = []
    requesting = load("early/on_register_report", offered=offered, wanted=["main", "solar"])
    reading = load("early/on_update_report", received=received)
    server = VTN(vtn_id="myvtn", http_port=0)
    let_in(server)
    server.add_handler("on_register_report", requesting.on_register_report)
    server.add_handler("on_update_report", reading.on_update_report)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        (request,) = await peer.offer("main", "garage", "solar")
        assert request.report_specifier_id == "usage"
        assert [point.r_id for point in request.data_points] == ["main", "solar"]
        ((ven_id, reports),) = offered
        assert ven_id == "ven123"
        (report,) = reports
        assert report["report_specifier_id"] == "usage"
        assert [one["r_id"] for one in report["report_descriptions"]] == ["main", "garage", "solar"]
        start = datetime(2030, 1, 1, 12, tzinfo=UTC)
        assert await peer.report([1.5], start=start) == 200
        ((ven_id, report),) = received
        assert ven_id == "ven123"
        assert report["report_request_id"] == request.report_request_id
        (interval,) = report["intervals"]
        assert interval["dtstart"] == start
        assert interval["report_payload"]["r_id"] == "main"
        assert interval["report_payload"]["value"] == 1.5


@runs("early/on_register_report")
async def test_no_r_ids_request_nothing() -> None:
    program = load("early/on_register_report", offered=[], wanted=[])
    server = VTN(vtn_id="myvtn", http_port=0)
    let_in(server)
    server.add_handler("on_register_report", program.on_register_report)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        assert await peer.offer("main") == ()


async def test_a_created_report_is_told() -> None:
    told: list[dict[str, Any]] = []

    async def on_created_report(payload: dict[str, Any]) -> None:
        told.append(payload)

    program = load("early/on_register_report", offered=[], wanted=["main"])
    server = VTN(vtn_id="myvtn", http_port=0)
    let_in(server)
    server.add_handler("on_register_report", program.on_register_report)
    server.add_handler("on_created_report", on_created_report)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        (request,) = await peer.offer("main")
        (payload,) = await until(lambda: told)
        assert payload["ven_id"] == "ven123"
        pending = [one["report_request_id"] for one in payload["pending_reports"]]
        assert pending == [request.report_request_id]


@pytest.mark.sends_wrong("R304", reason="it is not in the metadata")
async def test_a_ven_that_requests_a_report_gets_what_the_application_returns() -> None:
    asked: list[dict[str, Any]] = []
    start = datetime.now(UTC).replace(microsecond=0)

    async def on_request_report(payload: dict[str, Any]) -> dict[str, Any]:
        asked.append(payload)
        (wanted,) = payload["report_requests"]
        return {
            "report_request_id": wanted["report_request_id"],
            "report_specifier_id": "prices",
            "report_name": "TELEMETRY_USAGE",
            "created_date_time": start,
            "dtstart": start,
            "intervals": [
                {"dtstart": start, "duration": MINUTE, "report_payload": {"r_id": "p", "value": 7}}
            ],
        }

    server = VTN(vtn_id="myvtn", http_port=0)
    let_in(server)
    server.add_handler("on_request_report", on_request_report)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        await peer.settle()
        request = m.ReportRequest(
            report_request_id="rr1",
            report_specifier_id="prices",
            granularity=MINUTE,
            report_back_duration=MINUTE,
            data_points=(m.SpecifierPayload(r_id="p"),),
        )
        reply = await peer.post(
            m.CreateReport(request_id="c", requests=(request,), ven_id=peer.ven_id)
        )
        assert isinstance(reply, m.CreatedReport)
        assert reply.response.code == 200
        assert asked[0]["report_requests"][0]["report_request_id"] == "rr1"
        brought = await peer.poll()
        assert isinstance(brought, m.UpdateReport)
        (report,) = brought.reports
        assert (report.report_request_id, report.report_specifier_id) == ("rr1", "prices")
        assert report.intervals[0].payloads[0].value == 7  # type: ignore[union-attr]


class _Everything:
    """A list of r_ids that has them all."""

    def __contains__(self, r_id: object) -> bool:
        return True
