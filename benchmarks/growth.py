"""The growth of cost with the number of flags, conditions and properties, and with nested cohorts.

Each curve varies one number. A straight line of slope 1 in the plots is linear growth, and less is
better; the curve over the number of flags has to be flat.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from benchmarks.growth_workloads import SIZES
from benchmarks.people import HOT
from benchmarks.rivals.base import imported
from benchmarks.rivals.catalogue import find
from benchmarks.tables import number, table
from benchmarks.w6_load import load_repeatedly

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from benchmarks.results import Results
    from benchmarks.session import Session

__all__ = ["CURVES", "plot", "run", "slope", "summary"]

CURVES: dict[str, str] = {
    "flags": "flags in the snapshot, one asked for",
    "mix": "flags of the mix of W3, all asked for",
    "load": "flags in the document, loaded in a fresh process",
    "conditions": "conditions of the flag, the last one holds",
    "properties": "properties of the person, two read",
    "cohorts": "cohorts nested in one another",
}
_CANDIDATES = ("flagengine", "flagengine-pure", "posthog-pure", "eppo")
_OF_MANY_FLAGS = ("flagengine-many", "flagengine-many-pure", "posthog-pure", "eppo")
_LOADING = ("flagengine", "posthog-pure", "eppo")
_FEW = 5


def run(session: Session) -> None:
    """Measure `flags/1000` and so on, in nanoseconds per call or load."""
    for family, sizes in SIZES.items():
        for size in sizes:
            _measure(session, family, f"{family}/{size}", size)


def _measure(session: Session, family: str, name: str, size: int) -> None:
    if family == "load":
        loads = load_repeatedly(session, name, f"flags/{size}", f"flags/{size}", _LOADING)
        samples = {who: [load["ready"] * 1e6 for load in found] for who, found in loads.items()}
        session.record(name, "ns", samples)
    elif family == "mix":
        session.time(name, name, _FEW, only=_OF_MANY_FLAGS)
    else:
        session.time(name, name, HOT, only=_CANDIDATES)


def curve(results: Results, family: str, candidate: str) -> list[tuple[int, float]]:
    """Return the sizes with their medians."""
    points = []
    for size in SIZES[family]:
        found = results.find(f"{family}/{size}", candidate)
        if found is not None:
            points.append((size, found.summary.median))
    return points


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope between the last two points on logarithmic scales: 0 is flat, 1 is linear.

    At smaller sizes the constant part of a call hides the growth.
    """
    (size_a, cost_a), (size_b, cost_b) = points[-2:]
    return math.log(cost_b / cost_a) / math.log(size_b / size_a)


def summary(results: Results) -> str:
    """Return the first and last point of each curve and the slope at its end."""
    rows = []
    for family in CURVES:
        for candidate in results.candidates():
            points = curve(results, family, candidate)
            if len(points) < 2:
                continue
            (least, cheap), (most, dear) = points[0], points[-1]
            ends = [f"{least:,}: {number(cheap)}", f"{most:,}: {number(dear)}"]
            rows.append([f"{family}, {candidate}", *ends, f"{slope(points):.2f}"])
    return table(["nanoseconds", "smallest", "largest", "slope at the end"], rows)


def plot(results: Results, folder: Path) -> list[Path]:
    """Draw a picture per curve; raise ImportError without matplotlib."""
    matplotlib = imported("matplotlib")
    # Agg draws into files and needs no screen.
    matplotlib.use("Agg")
    pyplot = imported("matplotlib.pyplot")
    folder.mkdir(parents=True, exist_ok=True)
    return [_plot_one(pyplot, results, family, folder / f"{family}.png") for family in CURVES]


def _plot_one(pyplot: Any, results: Results, family: str, path: Path) -> Path:
    figure, axes = pyplot.subplots(figsize=(6, 4), layout="constrained")
    for candidate in results.candidates():
        if points := curve(results, family, candidate):
            sizes, costs = zip(*points, strict=True)
            axes.plot(sizes, costs, marker="o", label=find(candidate).title.replace("`", ""))
    axes.set(xscale="log", yscale="log", xlabel=CURVES[family], ylabel="nanoseconds")
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
    figure.savefig(path, dpi=120, bbox_inches="tight")
    pyplot.close(figure)
    return path
