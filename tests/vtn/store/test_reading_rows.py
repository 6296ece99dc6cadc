from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from oadr.messages import LoadControl, ResourceStatus
from oadr.report import Reading
from tests.vtn.store.test_reading import a_ven
from vtn.store import Store, reading

NOW = datetime(2026, 7, 1, 12, 30, 15, 123456, tzinfo=UTC)
STATUS = ResourceStatus(
    online=True, manual_override=False, capacity=LoadControl(current=Decimal("1.50"))
)


@pytest.mark.parametrize(
    "one",
    [
        Reading(r_id="main", start=NOW, value=Decimal("1.50")),
        Reading(r_id="main", start=datetime(1969, 12, 31, 23, 59, tzinfo=UTC), value=Decimal(0)),
        Reading(r_id="main", start=NOW, duration=timedelta(days=2, seconds=1), value=STATUS),
        Reading(
            r_id="main",
            start=NOW,
            duration=timedelta(minutes=15),
            value=Decimal("-1E+5"),
            quality="Quality Good - Non Specific",
            accuracy=Decimal("0.25"),
            confidence=95,
        ),
    ],
)
def test_the_rows_of_a_report_are_those_of_its_readings(one: Reading) -> None:
    alone = reading.row(
        data_point_pk=7,
        start=one.start,
        duration=one.duration,
        value=one.value,
        quality=one.quality,
        accuracy=one.accuracy,
        confidence=one.confidence,
        request_pk=3,
        received_at=NOW,
    )

    made = reading.rows(
        [one, one],
        keys={("usage", "main"): 7, ("other", "main"): 8},
        specifier_id="usage",
        request_pk=3,
        received_at=NOW,
    )

    assert made == [alone, alone]


@pytest.mark.parametrize("count", [1, 49, 50, 51, 120])
async def test_every_reading_is_stored_and_the_last_for_a_moment_wins(
    store: Store, count: int
) -> None:
    made = [
        Reading(r_id="energy", start=NOW + timedelta(minutes=n), value=Decimal(n))
        for n in range(count)
    ]
    wrong = Reading(r_id="energy", start=NOW, value=Decimal(-1))

    async with store.begin() as tx:
        _, keys = await a_ven(tx, "ven-1")
        rows = reading.rows(
            [wrong, *made],
            keys={("load", r_id): pk for r_id, pk in keys.items()},
            specifier_id="load",
            request_pk=None,
            received_at=NOW,
        )
        await reading.ingest(tx, rows=rows)

    async with store.read() as tx:
        found = [row.value async for row in reading.export(tx)]
    assert found == [Decimal(n) for n in range(count)]
