"""What our VTN offers to VENs as reports, when it is under test (R301)."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from oadr.report import Offer, Reading, usage_offer
from oadr.units import unit
from vtn.hooks import Collect, Context

_MINUTE = timedelta(minutes=1)
_R_ID = "feeder"


class FeederSource:
    """Offers the power of a feeder that carries the same at all times."""

    async def on_offer_reports(self, ctx: Context) -> Sequence[Offer] | None:
        """Offers TELEMETRY_USAGE, sampled each minute or more slowly."""
        hour = timedelta(hours=1)
        units = {_R_ID: unit("powerReal")}
        return [usage_offer("feeder", units, min_period=_MINUTE, max_period=hour, duration=hour)]

    async def on_collect_readings(self, wanted: Collect, ctx: Context) -> Sequence[Reading]:
        """Gives a reading at the start of what is wanted."""
        return [Reading(r_id=_R_ID, start=wanted.start, value=Decimal(1000))]
