"""Rows of results: medians, ratios, the table and the JSON."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the rounds of one subject gave, in the unit of the row.

    Attributes:
        rounds: one value each, at least one.
        cpu: what one message or call took of the processor, in milliseconds, the median;
            unlike the time it does not grow when something else is busy on the machine.
        extra: further facts for the JSON, by name.
    """

    rounds: tuple[float, ...]
    cpu: float | None = None
    extra: dict[str, float] = field(default_factory=dict)

    @property
    def median(self) -> float:
        """The value that counts."""
        return statistics.median(self.rounds)

    def as_json(self) -> dict[str, Any]:
        """Returns it for the JSON."""
        return {
            "median": self.median,
            "min": min(self.rounds),
            "max": max(self.rounds),
            "rounds": list(self.rounds),
            "cpu_ms": self.cpu,
            **self.extra,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table.

    Attributes:
        name: what ``--only`` calls it.
        title: what is measured.
        unit: of the samples.
        better: whether more or less is better.
        openleadr: None where openleadr has no such thing.
        kit: this project.
        factor: how many times better it has to be; None where nothing is demanded.
        most: the largest median allowed, for a limit that stands alone.
        note: what a reader must know.
    """

    name: str
    title: str
    unit: str
    better: Literal["more", "less"]
    openleadr: Sample | None
    kit: Sample
    factor: float | None = None
    most: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times better this project is; None without the other."""
        if self.openleadr is None:
            return None
        return _ratio(self.better, self.openleadr.median, self.kit.median)

    @property
    def cpu_ratio(self) -> float | None:
        """How many times less of the processor this project takes; None if not counted."""
        if self.openleadr is None or not self.openleadr.cpu or not self.kit.cpu:
            return None
        return self.openleadr.cpu / self.kit.cpu

    @property
    def spread(self) -> tuple[float, float] | None:
        """The smallest and the largest ratio of a single round."""
        if self.openleadr is None:
            return None
        pairs = zip(self.openleadr.rounds, self.kit.rounds, strict=False)
        ratios = [_ratio(self.better, theirs, ours) for theirs, ours in pairs]
        return min(ratios), max(ratios)

    @property
    def demand(self) -> str:
        """What has to hold, in words; empty for information."""
        if self.factor is not None:
            return f">= {self.factor:g} x"
        return f"< {self.most:g} {self.unit}" if self.most is not None else ""

    @property
    def holds(self) -> bool | None:
        """Whether the demand is met; None if there is none."""
        if self.factor is not None:
            return self.ratio is not None and self.ratio >= self.factor
        return self.kit.median < self.most if self.most is not None else None

    def as_json(self) -> dict[str, Any]:
        """Returns it for the JSON."""
        return {
            "name": self.name,
            "title": self.title,
            "unit": self.unit,
            "better": self.better,
            "openleadr": self.openleadr.as_json() if self.openleadr else None,
            "kit": self.kit.as_json(),
            "ratio": self.ratio,
            "ratio_of_rounds": self.spread,
            "ratio_of_cpu": self.cpu_ratio,
            "demand": self.demand,
            "holds": self.holds,
            "note": self.note,
        }


def _ratio(better: str, theirs: float, ours: float) -> float:
    return ours / theirs if better == "more" else theirs / ours


def show(rows: Sequence[Row], console: Console) -> None:
    """Prints the table and the notes."""
    table = Table(title="openleadr and openadr-kit, medians", title_justify="left")
    table.add_column("what")
    table.add_column("openleadr", justify="right")
    table.add_column("openadr-kit", justify="right")
    table.add_column("ratio", justify="right")
    table.add_column("rounds", justify="right")
    table.add_column("by CPU", justify="right")
    table.add_column("demand", justify="right")
    table.add_column("")
    for row in rows:
        table.add_row(
            row.title,
            _number(row.openleadr.median, row.unit) if row.openleadr else "-",
            _number(row.kit.median, row.unit),
            f"{row.ratio:.1f} x" if row.ratio is not None else "",
            "{:.1f}-{:.1f}".format(*row.spread) if row.spread else "",
            f"{row.cpu_ratio:.1f} x" if row.cpu_ratio is not None else "",
            row.demand,
            {True: "[green]holds[/]", False: "[red]FAILS[/]", None: ""}[row.holds],
        )
    console.print(table)
    for row in rows:
        if row.note:
            console.print(f"{row.name}: {row.note}", highlight=False)


def _number(value: float, unit: str) -> str:
    digits = 0 if value >= 1000 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:,.{digits}f} {unit}"
