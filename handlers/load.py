"""What a VTN can tell VENs: the load of its programme, from the readings that it has.

``programme-load`` in ``handlers`` offers it as TELEMETRY_USAGE and HISTORY_USAGE;
``[handler_settings.programme-load]`` configures it. No VEN sees what another one uses: a
sum of fewer VENs than ``at_least`` is not given.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import Field, model_validator

from oadr.report import Offer, Reading, RequestKind, history_offer, usage_offer
from oadr.units import unit
from runtime.settings import Duration, Section, check
from vtn.hooks import Collect, Context, ReportHandler
from vtn.store import Transaction, party, reading
from vtn.store.reading import EnergySum, ReadingFilter

_R_ID = "load"


class LoadSettings(Section):
    """What ``programme-load`` can be told.

    Attributes:
        period: finest sampling of what is on offer.
        kept: how far back history goes.
        group: only VENs of this group; all if left out.
        specifier: only readings of reports with this reportSpecifierID.
        r_id: only readings of this data point. If left out, that of each VEN which covers
            the time best, and of several the largest: the main meter.
        at_least: VENs that a sum must be made of.
        market_context: programme that is named in the offer.
    """

    period: Duration = timedelta(minutes=15)
    kept: Duration = timedelta(days=7)
    group: str | None = None
    specifier: str | None = None
    r_id: str | None = None
    at_least: int = Field(default=3, ge=1)
    market_context: str | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "LoadSettings":
        if not timedelta(seconds=1) <= self.period <= self.kept:
            raise ValueError("period must be a second or more, and no longer than kept")
        return self


class ProgrammeLoad(ReportHandler):
    """Offers the energy that all VENs of the programme use together, in Wh.

    Readings that have not arrived when a report is due are not in it; ``confidence`` says
    how much of the time of all VENs is covered.

    Args:
        settings: see ``LoadSettings``.
    """

    def __init__(self, settings: LoadSettings | None = None) -> None:
        self._settings = settings or LoadSettings()

    @classmethod
    def from_config(cls, section: Mapping[str, Any]) -> "ProgrammeLoad":
        """Returns the handler that a section describes, see ``LoadSettings``.

        Raises:
            ConfigError: a key is wrong.
        """
        return cls(check(dict(section), LoadSettings))

    async def on_offer_reports(self, ctx: Context) -> Sequence[Offer] | None:
        """Offers the load as it is, and as it was."""
        given, units = self._settings, {_R_ID: unit("energyReal")}
        return [
            usage_offer(
                "programme-load",
                units,
                min_period=given.period,
                max_period=given.kept,
                duration=given.kept,
                market_context=given.market_context,
            ),
            history_offer(
                "programme-load-history",
                units,
                period=given.period,
                duration=given.kept,
                market_context=given.market_context,
            ),
        ]

    async def on_collect_readings(self, wanted: Collect, ctx: Context) -> Sequence[Reading]:
        """Adds up the readings of the programme, slot by slot."""
        slots = self._slots(wanted, ctx.clock.now())
        chosen = ReadingFilter(r_id=self._settings.r_id, specifier_id=self._settings.specifier)
        async with ctx.store.read() as tx:
            members = await self._members(tx)
            sums = await reading.sums(tx, windows=slots, filter=chosen)
        by_slot: dict[datetime, list[EnergySum]] = {start: [] for start, _ in slots}
        for one in sums:
            if members is None or one.ven_id in members:
                by_slot[one.start].append(one)
        found = (self._reading(by_slot[start], start, end) for start, end in slots)
        return [one for one in found if one is not None]

    def _slots(self, wanted: Collect, now: datetime) -> list[tuple[datetime, datetime]]:
        """Returns the times to add up: those of the request, none in the future."""
        period = self._settings.period
        if wanted.kind is RequestKind.PERIODIC:
            return _cut(wanted.start, wanted.end, wanted.request.granularity or period)
        if wanted.kind is RequestKind.HISTORY:
            start = _floor(max(wanted.start, now - self._settings.kept), period)
            start += period if start < wanted.start else timedelta(0)
            return _cut(start, _floor(min(wanted.end, now), period), period)
        # The last whole slot; also for what is left of a report that is cancelled.
        end = _floor(wanted.end, period)
        return [(end - period, end)]

    async def _members(self, tx: Transaction) -> frozenset[str] | None:
        """Returns the venIDs of the group; None if all count."""
        group = self._settings.group
        if group is None:
            return None
        rows = await party.all_parties(tx)
        return frozenset(row.ven_id for row in rows if group in row.groups)

    def _reading(self, sums: Iterable[EnergySum], start: datetime, end: datetime) -> Reading | None:
        best: dict[str, EnergySum] = {}
        for one in sums:
            other = best.get(one.ven_id)
            if other is None or _rank(one) > _rank(other):
                best[one.ven_id] = one
        if len(best) < self._settings.at_least:
            return None
        covered = sum((one.covered for one in best.values()), timedelta(0))
        return Reading(
            r_id=_R_ID,
            start=start,
            duration=end - start,
            value=sum((one.watt_hours for one in best.values()), Decimal(0)),
            confidence=min(100, int(100 * covered / (len(best) * (end - start)))),
        )


def _rank(one: EnergySum) -> tuple[timedelta, Decimal]:
    return one.covered, one.watt_hours


def _floor(moment: datetime, period: timedelta) -> datetime:
    """Returns the last whole multiple of a period, counted from midnight UTC."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (moment - midnight) // period * period


def _cut(start: datetime, end: datetime, step: timedelta) -> list[tuple[datetime, datetime]]:
    count = max(0, -((start - end) // step))
    return [(start + n * step, min(start + (n + 1) * step, end)) for n in range(count)]
