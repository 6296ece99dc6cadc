"""How values that SQL has no exact type for are stored.

A moment is an integer of microseconds since 1970, a duration an integer of seconds, a
decimal number its text. All three sort and compare the same in every database.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import BigInteger, Dialect, String, TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Returns the microseconds since 1970, exactly.

    Raises:
        ValueError: it has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; expected an aware datetime")
    return (moment - EPOCH) // _MICROSECOND


def from_micros(value: int) -> datetime:
    """Returns the moment in UTC, exactly."""
    return EPOCH + timedelta(microseconds=value)


class UTCDateTime(TypeDecorator[datetime]):
    """A moment; comes back aware and in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Returns what is stored."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Returns the moment."""
        return None if value is None else EPOCH + timedelta(microseconds=value)


class DecimalText(TypeDecorator[Decimal]):
    """An exact decimal number; NaN and the infinities are numbers too."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """Returns what is stored."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        """Returns the number."""
        return None if value is None else Decimal(value)


class Duration(TypeDecorator[timedelta]):
    """A length of time in whole seconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        """Returns what is stored."""
        return None if value is None else value.days * 86400 + value.seconds

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:
        """Returns the length of time."""
        return None if value is None else timedelta(seconds=value)
