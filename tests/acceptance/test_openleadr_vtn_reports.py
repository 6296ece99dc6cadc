"""What our VEN reports to openleadr's VTN."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.acceptance.our_vtn import MINUTE
from tests.acceptance.patience import until
from tests.acceptance.stock import SECOND, Bench, StockVtn
from ven.client import Client
from ven.meter import MeterSpec, Sample


def _metered(ven: Client) -> None:
    """Gives a VEN one data point."""

    @ven.meter("main", measurement="powerReal", unit="W", every="1s", history="0s")
    def main() -> float:
        return 42.5


async def test_it_reports_what_it_is_asked_for_in_the_answer_to_its_metadata(
    bench: Bench,
) -> None:
    vtn = await bench.stock_vtn()
    await vtn.call("want", "main", SECOND, 2 * SECOND)
    ven = bench.ven(vtn, "school")
    _metered(ven)
    await ven.start()
    offer = await vtn.fact("offer")
    assert (offer["measurement"], offer["unit"], offer["scale"]) == ("RealPower", "W", "none")
    readings = await vtn.fact("readings", resource="main")
    assert [value for _, value in readings["data"]] == [42.5, 42.5]
    (first, _), (second, _) = readings["data"]
    assert second - first == SECOND


async def test_several_data_points_come_one_by_one_for_a_vtn_that_cannot_read_them_together(
    bench: Bench,
) -> None:
    vtn = await bench.stock_vtn()
    ven = bench.ven(vtn, "school")
    _metered(ven)

    @ven.meter("heat", measurement="energyReal", unit="Wh", every="1s", history="0s")
    def heat() -> int:
        return 7

    await ven.start()
    assert (await vtn.fact("readings", resource="main"))["data"][0][1] == 42.5
    assert (await vtn.fact("readings", resource="heat"))["data"][0][1] == 7


async def test_a_status_that_it_asks_for_and_cannot_read_does_not_hold_up_the_rest(
    bench: Bench,
) -> None:
    vtn = await bench.stock_vtn()
    ven = bench.ven(vtn, "school", status=True)
    _metered(ven)
    await ven.start()
    assert (await vtn.fact("offer", measurement="Status"))["resource"] == "main"
    await until(lambda: len(vtn.facts("readings", resource="main")) >= 3)


async def test_it_reports_until_a_new_offer_voids_the_request(bench: Bench) -> None:
    vtn = await bench.stock_vtn()
    ven = bench.ven(vtn, "school")
    _metered(ven)
    await ven.start()
    await vtn.fact("readings")
    before = (await ven.status()).reports
    await vtn.call("want", "main", nothing=True)
    await ven.register_reports()
    assert len(before) == 1
    assert (await ven.status()).reports == ()


async def _asking(bench: Bench, **history: Any) -> tuple[StockVtn, Client]:
    """Returns a VTN whose application asks for reports itself, and our VEN."""
    vtn = await bench.stock_vtn(external=True)
    await vtn.call("want", "main", nothing=True)
    ven = bench.ven(vtn, "school")
    if history:
        ven.add_meter(_Kept())
    else:
        _metered(ven)
    await ven.start()
    await until(lambda: ven.registration and ven.registration.introduced)
    return vtn, ven


async def test_it_reports_what_it_is_asked_for_at_a_poll_until_that_is_cancelled(
    bench: Bench,
) -> None:
    vtn, ven = await _asking(bench)
    await vtn.ask("ven-school", "r-1", "TELEMETRY_USAGE", "main", every=SECOND)
    created = await vtn.fact("created")
    assert created["payload"]["pending_reports"] == [{"report_request_id": "r-1"}]
    report = (await vtn.fact("report"))["report"]
    assert report["report_request_id"] == "r-1"
    assert report["intervals"][0]["report_payload"]["value"] == 42.5
    cancelled = {"request_id": "c-1", "report_request_id": "r-1", "report_to_follow": False}
    await vtn.call("queue", "oadrCancelReport", cancelled | {"ven_id": "ven-school"})
    await until(lambda: _reports(ven, ()))


async def _reports(ven: Client, wanted: tuple[str, ...]) -> bool:
    return (await ven.status()).reports == wanted


async def test_it_reports_once(bench: Bench) -> None:
    vtn, ven = await _asking(bench)
    await vtn.ask("ven-school", "r-1", "TELEMETRY_USAGE", "main")
    report = (await vtn.fact("report"))["report"]
    assert report["report_request_id"] == "r-1"
    assert report["intervals"][0]["report_payload"]["value"] == 42.5
    await until(lambda: _reports(ven, ()))


async def test_it_tells_once_more_what_it_can_report(bench: Bench) -> None:
    vtn, _ = await _asking(bench)
    before = len(vtn.facts("offer"))
    await vtn.ask("ven-school", "r-1", "METADATA", "0")
    await until(lambda: len(vtn.facts("offer")) > before)
    assert vtn.facts("created")[0]["payload"]["response"]["response_code"] == 200


async def test_it_reports_what_was(bench: Bench) -> None:
    vtn, _ = await _asking(bench, history=True)
    start = datetime.now(UTC).replace(second=0, microsecond=0) - 10 * MINUTE
    await vtn.ask("ven-school", "r-1", "HISTORY_USAGE", "main", interval=(start, 5 * MINUTE))
    report = (await vtn.fact("report"))["report"]
    assert report["report_name"] == "HISTORY_USAGE"
    values = [interval["report_payload"]["value"] for interval in report["intervals"]]
    assert len(values) == 5
    assert all(interval["duration"] == MINUTE for interval in report["intervals"])


class _Kept:
    """A meter that has samples of the last quarter of an hour, one a minute."""

    spec = MeterSpec(
        name="main",
        report_name="HISTORY_USAGE",
        measurement="energyReal",
        unit="Wh",
        every=MINUTE,
        history=timedelta(hours=1),
    )

    async def samples(self, since: datetime | None, until: datetime) -> list[Sample]:
        """Returns those that became known since."""
        whole = until.replace(second=0, microsecond=0)
        starts = [whole - minutes * MINUTE for minutes in range(15, 0, -1)]
        return [
            Sample(start=start, duration=MINUTE, value=Decimal(start.minute))
            for start in starts
            if since is None or start >= since
        ]
