"""What is asked of VENs, and what becomes of readings: ``store`` and ``csv``.

Both are named in ``[reports] handlers`` and configured in ``[reports.settings.store]``
and ``[reports.settings.csv]``. The VTN stores readings before any handler sees them;
no handler is needed for that.
"""

import asyncio
import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field, model_validator

from oadr.enums import ReportName
from oadr.report import Offer, Reading
from runtime.settings import ConfigError, Duration, Section, check
from vtn import export
from vtn.hooks import Context, ReportHandler, Update, Wanted
from vtn.services.wanted import within


class Rate(Section):
    """How a report is asked for.

    Attributes:
        every: sampling; brought into the offered range.
        deliver: how often it is reported; 0 means once.
        duration: for how long; 0 means for ever.
    """

    every: Duration = timedelta(minutes=1)
    deliver: Duration = timedelta(minutes=5)
    duration: Duration = timedelta(0)


class StoreSettings(Rate):
    """What ``store`` can be told: a rate for everything, and rates by report name.

    Attributes:
        reports: rate by report name; then no other reports are asked for.
    """

    reports: dict[ReportName, Rate] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _periodic(self) -> "StoreSettings":
        if history := [name for name in self.reports if name.startswith("HISTORY")]:
            raise ValueError(f"{history[0]} is asked for by: vtn report request --history")
        return self


class StoreReports(ReportHandler):
    """Asks every VEN for all telemetry that it offers.

    Without settings it leaves that to ``[reports] request`` of the configuration, which
    has the same effect report by report.

    Args:
        settings: at which rate; None leaves the decision to the configuration.
    """

    def __init__(self, settings: StoreSettings | None = None) -> None:
        self._settings = settings

    @classmethod
    def from_config(cls, section: Mapping[str, Any]) -> "StoreReports":
        """Returns the handler that a section describes, see ``StoreSettings``.

        Raises:
            ConfigError: a key is wrong.
        """
        return cls(check(dict(section), StoreSettings) if section else None)

    async def on_register_report(
        self, offers: Sequence[Offer], ctx: Context
    ) -> Sequence[Wanted] | None:
        """Asks for each telemetry report that is on offer."""
        if self._settings is None:
            return None
        found = (self._wanted(offer, self._settings) for offer in offers)
        return [entry for entry in found if entry is not None]

    def _wanted(self, offer: Offer, settings: StoreSettings) -> Wanted | None:
        rates: Mapping[str, Rate] = {str(name): rate for name, rate in settings.reports.items()}
        rate = rates.get(offer.report_name) if rates else settings
        if rate is None or offer.is_history or not offer.points:
            return None
        every = within(rate.every, offer)
        return Wanted(
            specifier_id=offer.specifier_id,
            every=every,
            deliver=max(rate.deliver, every) if rate.deliver else timedelta(0),
            duration=rate.duration,
        )


class CsvSettings(Section):
    """What ``csv`` can be told.

    Attributes:
        folder: where the files are; made if it is not there.
        per: a file for each ``day`` (of arrival, UTC) or for each ``ven``.
        fsync: whether readings are on disk before the VEN is told that they arrived.
    """

    folder: Path
    per: Literal["day", "ven"] = "day"
    fsync: bool = False


class AppendCsv(ReportHandler):
    """Appends every reading to a CSV file, for programs that watch files.

    The columns are those of ``vtn report export``. A VEN that hears no answer sends its
    report again, and its readings are then here twice; in the database they are once.

    Args:
        folder: made if it is not there.
        per: ``"day"`` or ``"ven"``, what a file is for.
        fsync: whether to wait until the disk has it.
    """

    def __init__(
        self, folder: Path, *, per: Literal["day", "ven"] = "day", fsync: bool = False
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._per = per
        self._fsync = fsync
        self._lock = asyncio.Lock()

    @classmethod
    def from_config(cls, section: Mapping[str, Any]) -> "AppendCsv":
        """Returns the handler that a section describes, see ``CsvSettings``.

        Raises:
            ConfigError: a key is wrong, or the folder cannot be made.
        """
        settings = check(dict(section), CsvSettings)
        try:
            return cls(settings.folder, per=settings.per, fsync=settings.fsync)
        except OSError as error:
            raise ConfigError(str(error), key="folder") from None

    async def on_update_report(self, update: Update, ctx: Context) -> None:
        """Appends the readings of one report."""
        lines = [export.line(export.safe(_row(one, update, ctx))) for one in update.readings]
        async with self._lock:
            await asyncio.to_thread(self._append, self._file(ctx), lines)

    def _file(self, ctx: Context) -> Path:
        if self._per == "day":
            return self._folder / f"readings-{export.day(ctx.received_at)}.csv"
        # Percent-encoding leaves no separator; the text around it makes dots harmless.
        return self._folder / f"readings-{quote(ctx.ven_id, safe='')}.csv"

    def _append(self, path: Path, lines: Iterable[Sequence[str]]) -> None:
        with path.open("ab+") as file:
            text = io.StringIO(newline="")
            writer = csv.writer(text)
            if file.seek(0, os.SEEK_END) == 0:
                writer.writerow(export.COLUMNS)
            elif _cut_off(file):
                # A crash cut off the last line; the next must not become part of it.
                text.write("\r\n")
            writer.writerows(lines)
            file.write(text.getvalue().encode())
            file.flush()
            if self._fsync:
                os.fsync(file.fileno())


def _cut_off(file: io.BufferedRandom) -> bool:
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"


def _row(one: Reading, update: Update, ctx: Context) -> dict[str, str]:
    point = update.points.get(one.r_id)
    return export.value_cells(one.value) | {
        "ven": ctx.ven_name,
        "ven_id": ctx.ven_id,
        "report": update.report_name,
        "specifier_id": update.specifier_id,
        "r_id": one.r_id,
        "start": export.moment(one.start),
        "duration_s": export.seconds(one.duration),
        "unit": "" if point is None else export.unit_of(point.unit),
        "quality": one.quality or "",
        "accuracy": "" if one.accuracy is None else export.number(one.accuracy),
        "confidence": "" if one.confidence is None else str(one.confidence),
        "request_id": update.report_request_id,
        "received_at": export.moment(ctx.received_at),
    }
