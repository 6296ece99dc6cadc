"""The load curves of the day, the event shaded."""

from collections.abc import Sequence
from pathlib import Path

from vtn.demo.summary import Curve, Summary


def draw(curves: Sequence[Curve], summary: Summary, path: Path) -> None:
    """Writes the chart.

    Args:
        curves: one for each building.
        summary: when the event was, and who took part.
        path: where to; its ending says whether it is a PNG or an SVG.

    Raises:
        ImportError: matplotlib is not installed (extra ``chart``).
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import dates
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(
        len(curves), 1, figsize=(9, 2.3 * len(curves)), sharex=True, layout="constrained"
    )
    results = {row.name: row for row in summary.buildings}
    for axis, curve in zip(axes, curves, strict=True):
        result = results[curve.name]
        axis.axvspan(
            summary.event_start, summary.event_end, color="#f2c14e", alpha=0.35, label="event"
        )
        axis.step(*_columns(curve.expected), where="post", ls="--", c="#777777", label="without")
        axis.step(*_columns(curve.metered), where="post", c="#1f5f8b", label="metered")
        axis.set_ylabel("kW")
        axis.set_ylim(bottom=0)
        axis.set_title(
            f"{curve.name}: {result.opt}, {result.shed_kwh:.2f} kWh shed", loc="left", fontsize=10
        )
    axes[0].legend(loc="upper left", ncols=3, fontsize=8)
    axes[-1].xaxis.set_major_formatter(dates.DateFormatter("%H:%M"))  # type: ignore[no-untyped-call]
    axes[-1].set_xlabel(f"{summary.day:%Y-%m-%d}, UTC")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _columns(points: Sequence[tuple[object, float]]) -> tuple[list[object], list[float]]:
    return [moment for moment, _ in points], [value for _, value in points]
