from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from oadr.messages import LoadControl, ResourceStatus
from oadr.report import Reading
from vtn.store import reading

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
