from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from oadr.enums import ReadingType, ReportType, Scale
from oadr.messages import LoadControl, Report, ReportDescription, ResourceStatus, Unit
from oadr.units import unit
from tests.vtn.store.test_report import a_request
from tests.vtn.store.worlds import HOUR, LATER, MINUTE, NOW
from vtn.store import Store, party, reading, report
from vtn.store.errors import BrokenConstraint
from vtn.store.party import Party
from vtn.store.reading import Raw, ReadingFilter, ReadingRow
from vtn.store.transaction import Transaction

START = NOW.replace(microsecond=0)
STATUS = ResourceStatus(
    online=True,
    manual_override=False,
    capacity=LoadControl(minimum=Decimal("0.0"), current=Decimal("1.50")),
    set_point=LoadControl(current=Decimal(7), normal=Decimal("NaN")),
)


def described(r_id: str, what: Unit | None, report_type: str) -> ReportDescription:
    return ReportDescription(
        r_id=r_id, report_type=report_type, unit=what, reading_type=ReadingType.DIRECT_READ
    )


async def a_ven(tx: Transaction, ven_id: str) -> tuple[Party, dict[str, int]]:
    """Enrols a VEN with data points for power, energy, voltage and status."""
    made = await party.create(tx, ven_id=ven_id, ven_name=f"Site {ven_id}", now=NOW)
    offer = Report(
        descriptions=(
            described("power", unit("powerReal", scale=Scale.KILO), ReportType.DEMAND),
            described("energy", unit("energyReal"), ReportType.USAGE),
            described("register", unit("energyReal"), ReportType.READING),
            described("voltage", unit("voltage"), ReportType.READING),
            described("status", None, ReportType.RESOURCE_STATUS),
        ),
        report_request_id="0",
        report_specifier_id="load",
        report_name="METADATA_TELEMETRY_USAGE",
        created_date_time=START,
    )
    await report.replace_offers(tx, party_pk=made.pk, reports=[offer], now=NOW)
    points = await report.data_points(tx, party_pk=made.pk)
    return made, {point.r_id: point.pk for point in points}


def minutes(pk: int, count: int, *, value: str = "1.0", request_pk: int | None = None) -> list[Raw]:
    return [
        reading.row(
            data_point_pk=pk,
            start=START + minute * MINUTE,
            duration=MINUTE,
            value=Decimal(value),
            request_pk=request_pk,
            received_at=NOW,
        )
        for minute in range(count)
    ]


async def exported(tx: Transaction, **chosen: object) -> list[ReadingRow]:
    wanted = ReadingFilter(**chosen)  # type: ignore[arg-type]
    found = [one async for one in reading.export(tx, filter=wanted)]
    assert await reading.count(tx, filter=wanted) == len(found)
    return found


async def test_a_reading_comes_back_whole(store: Store) -> None:
    async with store.begin() as tx:
        ven, points = await a_ven(tx, "ven-1")
        wanted = await report.add_request(
            tx, party_pk=ven.pk, request=a_request("0042"), kind="TELEMETRY_USAGE", now=NOW
        )
        raw = reading.row(
            data_point_pk=points["power"],
            start=START,
            duration=MINUTE,
            value=Decimal("1.50"),
            quality="Quality Good - Non Specific",
            accuracy=Decimal("0.1"),
            confidence=95,
            request_pk=wanted.pk,
            received_at=LATER,
        )
        await reading.ingest(tx, rows=[raw])
    async with store.read() as tx:
        [found] = await exported(tx)
    assert found == ReadingRow(
        ven_id="ven-1",
        specifier_id="load",
        r_id="power",
        report_name="TELEMETRY_USAGE",
        report_type="demand",
        unit_name="powerReal",
        unit_units="W",
        unit_scale=Scale.KILO,
        start=START,
        duration=MINUTE,
        value=Decimal("1.50"),
        status=None,
        quality="Quality Good - Non Specific",
        accuracy=Decimal("0.1"),
        confidence=95,
        report_request_id="0042",
        received_at=LATER,
    )
    assert str(found.value) == "1.50"


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1E+400", "0.1000"])
async def test_every_decimal_number_is_kept_as_it_is(store: Store, value: str) -> None:
    async with store.begin() as tx:
        _, points = await a_ven(tx, "ven-1")
        await reading.ingest(tx, rows=minutes(points["power"], 1, value=value))
        [found] = await exported(tx)
    assert str(found.value) == value


async def test_the_state_of_a_resource_is_kept(store: Store) -> None:
    async with store.begin() as tx:
        _, points = await a_ven(tx, "ven-1")
        raw = reading.row(
            data_point_pk=points["status"],
            start=START,
            duration=timedelta(0),
            value=STATUS,
            received_at=NOW,
        )
        await reading.ingest(tx, rows=[raw])
        [found] = await exported(tx)
    assert found.value is None
    assert str(found.status) == str(STATUS)
    assert (found.unit_name, found.unit_scale) == (None, None)


async def test_a_report_sent_twice_is_stored_once(store: Store) -> None:
    async with store.begin() as tx:
        _, points = await a_ven(tx, "ven-1")
        await reading.ingest(tx, rows=minutes(points["power"], 10))
    async with store.begin() as tx:
        await reading.ingest(tx, rows=minutes(points["power"], 10))
        assert len(await exported(tx)) == 10


async def test_r346_a_corrected_report_replaces_the_first(store: Store) -> None:
    async with store.begin() as tx:
        _, points = await a_ven(tx, "ven-1")
        first = minutes(points["power"], 3, value="1")
        await reading.ingest(tx, rows=first)
        corrected = minutes(points["power"], 2, value="2")
        await reading.ingest(tx, rows=[first[0], *corrected])
        values = [one.value for one in await exported(tx)]
    assert values == [Decimal(2), Decimal(2), Decimal(1)]


async def test_a_thousand_readings_are_one_statement(
    store: Store, statements: Callable[[], list[str]]
) -> None:
    async with store.begin() as tx:
        _, points = await a_ven(tx, "ven-1")
        statements()
        await reading.ingest(tx, rows=minutes(points["power"], 1000))
        assert len(statements()) == 1
        await reading.ingest(tx, rows=[])
        assert statements() == []


async def test_a_reading_of_nothing_is_refused(store: Store) -> None:
    with pytest.raises(BrokenConstraint):
        async with store.begin() as tx:
            await reading.ingest(tx, rows=minutes(99, 1))


async def test_readings_are_chosen_by_each_part_of_a_filter(store: Store) -> None:
    async with store.begin() as tx:
        ven, points = await a_ven(tx, "ven-1")
        _, others = await a_ven(tx, "ven-2")
        wanted = await report.add_request(
            tx, party_pk=ven.pk, request=a_request("0042"), kind="k", now=NOW
        )
        await reading.ingest(tx, rows=minutes(points["power"], 5))
        await reading.ingest(tx, rows=minutes(points["energy"], 4, request_pk=wanted.pk))
        await reading.ingest(tx, rows=minutes(others["power"], 3))
    async with store.read() as tx:
        assert len(await exported(tx)) == 12
        assert len(await exported(tx, ven_id="ven-1")) == 9
        assert len(await exported(tx, r_id="power")) == 8
        assert len(await exported(tx, specifier_id="load")) == 12
        assert len(await exported(tx, specifier_id="other")) == 0
        assert len(await exported(tx, start=START + MINUTE, end=START + 3 * MINUTE)) == 6
        assert {one.r_id for one in await exported(tx, report_request_id="0042")} == {"energy"}
        assert len(await exported(tx, report_request_id="0042")) == 4
        assert await exported(tx, report_request_id="42") == []


async def test_an_export_is_in_order_and_longer_than_a_chunk(store: Store) -> None:
    async with store.begin() as tx:
        _, points = await a_ven(tx, "ven-1")
        rows = minutes(points["power"], 2500) + minutes(points["energy"], 2500)
        await reading.ingest(tx, rows=list(reversed(rows)))
    async with store.read() as tx:
        found = await exported(tx)
    assert [(one.r_id, one.start) for one in found] == [
        (r_id, START + minute * MINUTE) for r_id in ("energy", "power") for minute in range(2500)
    ]


async def test_an_export_that_is_broken_off_leaves_the_store_usable(store: Store) -> None:
    async with store.begin() as tx:
        _, points = await a_ven(tx, "ven-1")
        await reading.ingest(tx, rows=minutes(points["power"], 5000))
    for _ in range(10):
        async with store.read() as tx:
            async for one in reading.export(tx):
                assert one.start == START
                break
    async with store.begin() as tx:
        await reading.ingest(tx, rows=minutes(points["energy"], 1))


async def test_the_latest_reading_of_each_data_point_is_found(store: Store) -> None:
    async with store.begin() as tx:
        ven, points = await a_ven(tx, "ven-1")
        other, _ = await a_ven(tx, "ven-2")
        await reading.ingest(tx, rows=minutes(points["power"], 5) + minutes(points["energy"], 3))
        found = await reading.latest(tx, party_pk=ven.pk)
        assert await reading.latest(tx, party_pk=other.pk) == []
    assert [(one.r_id, one.start) for one in found] == [
        ("power", START + 4 * MINUTE),
        ("energy", START + 2 * MINUTE),
    ]


async def test_energy_is_summed_exactly_by_window_ven_and_data_point(store: Store) -> None:
    async with store.begin() as tx:
        for ven_id, value in (("ven-2", "0.3"), ("ven-1", "0.1")):
            _, points = await a_ven(tx, ven_id)
            for r_id in ("power", "energy", "register", "voltage"):
                await reading.ingest(tx, rows=minutes(points[r_id], 120, value=value))
    windows = [(START, START + HOUR), (START + HOUR, START + 3 * HOUR)]
    async with store.read() as tx:
        found = await reading.sums(tx, windows=windows)
        some = await reading.sums(
            tx, windows=windows[:1], filter=ReadingFilter(ven_id="ven-2", r_id="power")
        )
    assert [(one.ven_id, one.r_id, one.start, one.watt_hours) for one in found] == [
        ("ven-1", "energy", windows[0][0], Decimal("6.0")),
        ("ven-1", "power", windows[0][0], Decimal(100)),
        ("ven-2", "energy", windows[0][0], Decimal("18.0")),
        ("ven-2", "power", windows[0][0], Decimal(300)),
        ("ven-1", "energy", windows[1][0], Decimal("6.0")),
        ("ven-1", "power", windows[1][0], Decimal(100)),
        ("ven-2", "energy", windows[1][0], Decimal("18.0")),
        ("ven-2", "power", windows[1][0], Decimal(300)),
    ]
    assert {one.covered for one in found} == {HOUR}
    assert {one.readings for one in found} == {60}
    assert some == [found[3]]


async def test_a_reading_that_reaches_into_the_window_counts_in_part(store: Store) -> None:
    async with store.begin() as tx:
        _, points = await a_ven(tx, "ven-1")
        for start in (START - 3 * HOUR, START - HOUR):
            raw = reading.row(
                data_point_pk=points["energy"],
                start=start,
                duration=2 * HOUR,
                value=Decimal(100),
                received_at=NOW,
            )
            await reading.ingest(tx, rows=[raw])
        [found] = await reading.sums(tx, windows=[(START, START + HOUR / 4)])
    assert found.watt_hours == Decimal("12.5")
    assert (found.covered, found.readings) == (HOUR / 4, 1)


async def test_what_is_no_number_is_not_summed(store: Store) -> None:
    async with store.begin() as tx:
        _, points = await a_ven(tx, "ven-1")
        await reading.ingest(tx, rows=minutes(points["power"], 5, value="NaN"))
        assert await reading.sums(tx, windows=[(START, START + HOUR)]) == []


async def test_r407_readings_outlive_the_registration(store: Store) -> None:
    async with store.begin() as tx:
        ven, points = await a_ven(tx, "ven-1")
        await reading.ingest(tx, rows=minutes(points["power"], 5))
        await party.unregister(tx, pk=ven.pk, now=LATER)
        assert len(await exported(tx)) == 5
        await party.remove(tx, pk=ven.pk)
        assert await exported(tx) == []
