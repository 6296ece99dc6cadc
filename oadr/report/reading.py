"""A reading: one value of one data point, placed in time.

Reports carry readings in intervals; ``oadr.report.pack`` and ``oadr.report.unpack``
go from one to the other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from oadr.enums import DataQuality
from oadr.messages import ResourceStatus
from oadr.times import ZERO

Value = Decimal | ResourceStatus

#: From worst to best, by how the text of a quality begins; anything else is good.
_WORST_FIRST = ("Quality Bad", "No Quality", "Quality Uncertain", "No New Value")
_UNUSABLE = ("Quality Bad", "No Quality")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One value of a data point.

    Attributes:
        r_id: the data point of the metadata.
        start: aware, UTC; reports carry whole seconds.
        duration: 0 for point data, the value at ``start``; more for interval data, what
            accumulated from ``start`` on (R315).
        value: in the unit of the data point.
        quality: one of ``oadr.enums.DataQuality`` or an ``x-`` value; None says nothing.
        accuracy: in the unit of the value (R319).
        confidence: 0 to 100.
    """

    r_id: str
    start: datetime
    duration: timedelta = ZERO
    value: Value
    quality: str | None = None
    accuracy: Decimal | None = None
    confidence: int | None = None

    @property
    def usable(self) -> bool:
        """Whether the value means anything; R318 marks the others as bad."""
        return self.quality is None or not self.quality.startswith(_UNUSABLE)


def finite(reading: Reading) -> Reading:
    """Returns the reading without NaN and infinity.

    The schema allows them, and a sum that met one would be lost. A value that is none
    becomes 0 with a bad quality, the profile's way to say that there is no valid data
    (R318); an accuracy that is none becomes None.
    """
    value, accuracy = reading.value, reading.accuracy
    if accuracy is not None and not accuracy.is_finite():
        reading = replace(reading, accuracy=None)
    if isinstance(value, Decimal) and not value.is_finite():
        quality = reading.quality if not reading.usable else DataQuality.BAD.value
        reading = replace(reading, value=Decimal(0), quality=quality)
    return reading


def missing(
    r_id: str, start: datetime, duration: timedelta = ZERO, *, status: bool = False
) -> Reading:
    """Returns the placeholder for a value that nobody has (R318).

    Args:
        r_id: the data point.
        start: aware, UTC.
        duration: 0 for point data.
        status: the data point reports the status of a resource.
    """
    nothing: Value = ResourceStatus(online=False, manual_override=False) if status else Decimal(0)
    return Reading(
        r_id=r_id,
        start=start,
        duration=duration,
        value=nothing,
        quality=DataQuality.BAD_NOT_CONNECTED.value,
    )


def worst_quality(qualities: Iterable[str | None]) -> str | None:
    """Returns the quality of a value that was made from several.

    Bad is worse than uncertain, uncertain worse than an old value; among equals the
    first counts. None if nobody said anything bad and not all said the same.
    """
    seen = list(dict.fromkeys(qualities))
    for prefix in _WORST_FIRST:
        for quality in seen:
            if quality is not None and quality.startswith(prefix):
                return quality
    return seen[0] if len(seen) == 1 else None
