"""on_register_report in its compact, full and typed forms, and where the readings go."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from oadr import messages as m
from oadr.report import usage_offer
from oadr.units import unit
from tests.generations.stage import a_peer, let_in, serving, stock_ven, until
from vtn import VTN

MINUTE = timedelta(minutes=1)
START = datetime(2030, 1, 1, 12, tzinfo=UTC)


def requesting(on_register_report: Callable[..., Any], **handlers: Any) -> Any:
    """Returns a server with this handler."""
    server = VTN(vtn_id="myvtn", http_port=0)
    let_in(server)
    server.add_handler("on_register_report", on_register_report)
    for name, handler in handlers.items():
        server.add_handler(name, handler)
    return server


async def test_the_compact_form_is_asked_about_each_data_point() -> None:
    asked: list[dict[str, Any]] = []

    def on_register_report(
        ven_id: str,
        resource_id: str,
        measurement: str,
        unit: str,
        scale: str,
        min_sampling_interval: timedelta,
        max_sampling_interval: timedelta,
    ) -> None:
        asked.append(
            {
                "ven_id": ven_id,
                "measurement": measurement,
                "unit": unit,
                "scale": scale,
                "between": (min_sampling_interval, max_sampling_interval),
            }
        )

    server = requesting(on_register_report)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        assert await peer.offer("main", "garage") == ()
        between = (timedelta(seconds=1), timedelta(hours=1))
        wanted = {
            "ven_id": "ven123",
            "measurement": "RealEnergy",
            "unit": "Wh",
            "scale": "none",
            "between": between,
        }
        assert asked == [wanted, wanted]


async def test_the_compact_form_says_how_often_it_wants_the_report() -> None:
    async def on_register_report(
        ven_id: str,
        resource_id: str,
        measurement: str,
        unit: str,
        scale: str,
        min_sampling_interval: timedelta,
        max_sampling_interval: timedelta,
    ) -> Any:
        return print, MINUTE, 15 * MINUTE

    server = requesting(on_register_report)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        (request,) = await peer.offer("main")
        assert (request.granularity, request.report_back_duration) == (MINUTE, 15 * MINUTE)


async def test_the_full_form_gets_a_report_and_names_r_ids() -> None:
    asked: list[dict[str, Any]] = []
    read: list[Any] = []

    async def on_register_report(report: dict[str, Any]) -> Any:
        asked.append(report)
        return [
            (one["r_id"], partial(collect, read, one["r_id"]), MINUTE, 5 * MINUTE)
            for one in report["report_descriptions"]
            if one["r_id"] != "garage"
        ]

    server = requesting(on_register_report)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        (request,) = await peer.offer("main", "garage", "solar")
        (report,) = asked
        assert report["report_name"] == "METADATA_TELEMETRY_USAGE"
        description = report["report_descriptions"][0]
        assert description["sampling_rate"]["min_period"] == timedelta(seconds=1)
        assert description["measurement"]["unit"] == "Wh"
        assert [point.r_id for point in request.data_points] == ["main", "solar"]
        assert (request.granularity, request.report_back_duration) == (MINUTE, 5 * MINUTE)
        await peer.report([1.5, 2.5], r_id="solar", start=START)
        assert read == [("solar", [(START, 1.5), (START + MINUTE, 2.5)])]


async def test_the_full_form_is_asked_once_for_each_report() -> None:
    asked: list[str] = []

    def on_register_report(report: dict[str, Any]) -> None:
        asked.append(report["report_specifier_id"])

    server = requesting(on_register_report)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        offers = [
            usage_offer(
                name,
                {f"{name}-main": unit("energyReal")},
                min_period=MINUTE,
                max_period=MINUTE,
                duration=timedelta(days=1),
            )
            for name in ("one", "two")
        ]
        assert await peer.offer(offers=offers) == ()
        assert asked == ["one", "two"]


@pytest.mark.parametrize("wrong", ["callback", ("no", "tuple", "of", "this"), 7, [7]])
async def test_a_wrong_return_value_requests_nothing_and_the_log_names_the_handler(
    wrong: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def on_register_report(report: dict[str, Any]) -> Any:
        return wrong

    server = requesting(on_register_report)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        offer = usage_offer(
            "usage",
            {"main": unit("energyReal")},
            min_period=MINUTE,
            max_period=MINUTE,
            duration=timedelta(days=1),
        )
        from oadr.report import build_metadata

        reply = await peer.post(
            m.RegisterReport(
                request_id="r", ven_id="ven123", reports=build_metadata([offer], START)
            )
        )
        assert isinstance(reply, m.RegisteredReport)
        assert reply.requests == ()
        assert "on_register_report" in caplog.text


async def test_readings_without_a_callback_of_their_own_go_to_on_update_report() -> None:
    whole: list[dict[str, Any]] = []

    async def on_update_report(report: dict[str, Any]) -> None:
        whole.append(report)

    async def on_register_report(ven_id: str, reports: list[dict[str, Any]]) -> list[str]:
        return ["main"]

    server = requesting(on_register_report, on_update_report=on_update_report)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        await peer.offer("main")
        await peer.report([1.5], start=START)
        (report,) = whole
        assert report["intervals"][0]["report_payload"] == _with(report, r_id="main", value=1.5)


async def test_what_ven_offers_can_be_looked_at() -> None:
    server = requesting(lambda report: None)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        await peer.offer("main")
        (report,) = server.registered_reports["ven123"]
        assert report["report_name"] == "TELEMETRY_USAGE"
        assert report["report_descriptions"][0]["r_id"] == "main"


async def test_a_reader_that_fails_costs_its_own_exchange_and_the_log_names_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def reader(data: Any) -> None:
        raise RuntimeError("broken pipe")

    server = requesting(
        lambda report: [(one["r_id"], reader, MINUTE) for one in report["report_descriptions"]]
    )
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        await peer.offer("main")
        assert await peer.report([1.5], start=START) == 469
        (line,) = [one for one in caplog.messages if "broken pipe" in one]
        assert f"{__name__}." in line
        assert "reader" in line
        # The readings have been stored before, and the next exchange is as any other.
        assert isinstance(await peer.settle(), m.Response)


@pytest.mark.parametrize("form", ["compact", "full"])
async def test_openleadrs_own_ven_reports_to_either_form(form: str, tmp_path: Path) -> None:
    read: asyncio.Queue[Any] = asyncio.Queue()

    async def reader(data: Any) -> None:
        read.put_nowait(data)

    def compact(
        ven_id: str,
        resource_id: str,
        measurement: str,
        unit: str,
        scale: str,
        min_sampling_interval: timedelta,
        max_sampling_interval: timedelta,
    ) -> Any:
        assert (resource_id, measurement, unit) == ("kitchen", "RealPower", "W")
        return reader, min_sampling_interval

    def full(report: dict[str, Any]) -> Any:
        return [
            (one["r_id"], reader, timedelta(seconds=1)) for one in report["report_descriptions"]
        ]

    server = requesting(compact if form == "compact" else full)
    async with serving(server):
        with stock_ven(tmp_path, server, meters={"kitchen": 42.5}):
            await until(lambda: not read.empty())
            ((moment, value), *_) = read.get_nowait()
            assert value == 42.5
            assert moment.tzinfo is not None


async def collect(into: list[Any], r_id: str, data: Any) -> None:
    into.append((r_id, data))


def _with(report: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {**report["intervals"][0]["report_payload"], **values}
