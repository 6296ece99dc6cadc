from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select
from sqlalchemy import create_engine as engine_for

from oadr.times import FOREVER
from tests.vtn.store.worlds import NOW
from vtn.store.types import DecimalText, Duration, UTCDateTime, from_micros, to_micros

VALUES = Table(
    "value",
    MetaData(),
    Column("pk", Integer, primary_key=True),
    Column("moment", UTCDateTime),
    Column("number", DecimalText),
    Column("length", Duration),
)


@pytest.mark.parametrize("moment", [NOW, FOREVER, datetime.min.replace(tzinfo=UTC)])
def test_a_moment_survives_to_the_microsecond(moment: datetime) -> None:
    assert from_micros(to_micros(moment)) == moment


def test_a_moment_of_another_zone_is_the_same_moment() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert to_micros(there) == to_micros(NOW)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        to_micros(NOW.replace(tzinfo=None))


@pytest.mark.parametrize(
    "number", ["1.10", "-0", "1E+3", "NaN", "Infinity", "12345678901234567890.123456789"]
)
def test_values_come_back_from_a_database_as_they_were(number: str) -> None:
    engine = engine_for("sqlite://")
    values = {"moment": NOW, "number": Decimal(number), "length": timedelta(days=400, seconds=1)}
    with engine.begin() as connection:
        VALUES.create(connection)
        connection.execute(insert(VALUES), [values, dict.fromkeys(values)])
        first, second = connection.execute(select(VALUES).order_by(VALUES.c.pk)).all()
    engine.dispose()
    assert first.moment == NOW
    assert first.moment.tzinfo is UTC
    assert str(first.number) == number
    assert first.length == values["length"]
    assert (second.moment, second.number, second.length) == (None, None, None)
