"""Makes the three excerpts beside this file; ``README.md`` names their sources.

Usage: ``python examples/data/make.py FOLDER``, where FOLDER holds the two homes' files
(``uk-home-N-half-hourly.csv.gz``) and the profile (``commercial-g25-quarter-hour.csv``).
"""

import csv
import gzip
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

#: Two working days (Thursday, Friday) without a gap in either home.
DAYS = (date(2013, 2, 14), date(2013, 2, 15))
#: The profile is for 1,000,000 kWh a year, the shop is taken to use 60,000.
SHOP = Decimal(60_000) / Decimal(1_000_000)

Row = tuple[datetime, Decimal]


def home(file: Path) -> list[Row]:
    """Returns the half-hours of ``DAYS`` as they were measured; each start once."""
    with gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
        rows = {
            datetime.fromisoformat(row["start"]).replace(tzinfo=UTC): Decimal(row["value"])
            for row in csv.DictReader(stream)
        }
    return [(start, value) for start, value in rows.items() if start.date() in DAYS]


def shop(file: Path) -> list[Row]:
    """Returns the quarter-hours of ``DAYS``: the working day of their month, scaled."""
    with file.open(encoding="utf-8", newline="") as stream:
        profile = [
            (time.fromisoformat(row["start"]), Decimal(row["kwh"]) * SHOP)
            for row in csv.DictReader(stream)
            if int(row["month"]) == DAYS[0].month and row["day"] == "weekday"
        ]
    return [(datetime.combine(day, at, UTC), value) for day in DAYS for at, value in profile]


def write(file: Path, rows: Iterable[Row], interval: timedelta) -> None:
    """Writes an excerpt, after a look that it is complete."""
    found = list(rows)
    expected = [
        datetime.combine(DAYS[0], time(), UTC) + n * interval
        for n in range(len(DAYS) * (timedelta(days=1) // interval))
    ]
    if [start for start, _ in found] != expected:
        sys.exit(f"{file.name}: the source has a gap in {DAYS[0]} to {DAYS[-1]}")
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("start", "value"))
        writer.writerows((f"{start:%Y-%m-%dT%H:%M:%SZ}", f"{value:f}") for start, value in found)


def main(source: Path, target: Path) -> None:
    """Writes the three files."""
    half, quarter = timedelta(minutes=30), timedelta(minutes=15)
    for number in (1, 2):
        rows = home(source / f"uk-home-{number}-half-hourly.csv.gz")
        write(target / f"uk-home-{number}.csv", rows, half)
    write(target / "shop.csv", shop(source / "commercial-g25-quarter-hour.csv"), quarter)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(__file__).parent)
