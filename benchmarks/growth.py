"""The growth of time and memory with flags, conditions, operands, properties, nesting and ids.

Each curve varies one number. A straight line of slope 1 in the plots is linear growth, and less is
better; the curves over the numbers of flags and of ids have to be flat. The memory is that of Python
objects after the first answer, so that of engines in other languages is missing; of ids and of
loading, it is the growth of the resident set.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from benchmarks.growth_workloads import SIZES
from benchmarks.people import HOT
from benchmarks.processes import AbsentError, Process
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
    "operands": "values of the list that a property must be in",
    "properties": "properties of the person, two read",
    "cohorts": "cohorts nested in one another",
    "chain": "dependencies in a chain",
    "ids": "distinct ids, the flag read once for each by the client",
}
_CANDIDATES = ("flagengine", "flagengine-pure", "posthog-pure", "eppo")
_OF_MANY_FLAGS = ("flagengine-many", "flagengine-many-pure", "posthog-pure", "eppo")
_LOADING = ("flagengine", "posthog-pure", "eppo")
_WEIGHED = ("flagengine", "posthog-pure")
_REMEMBERING = ("flagengine-client-told", "posthog-client-told")
_FEW = 5
_MEMORY = "-memory"
#: The most ids of a quick run.
_QUICK_IDS = 10_000


def run(session: Session) -> None:
    """Measure `flags/1000` and so on: nanoseconds per call or load; `flags-memory/1000`: bytes."""
    for family, sizes in SIZES.items():
        for size in sizes:
            _measure(session, family, f"{family}/{size}", size)


def _measure(session: Session, family: str, name: str, size: int) -> None:
    if family == "load":
        loads = load_repeatedly(session, name, f"flags/{size}", f"flags/{size}", _LOADING)
        samples = {who: [load["ready"] * 1e6 for load in found] for who, found in loads.items()}
        session.record(name, "ns", samples)
        grown = {who: [load["memory"] * 2**20 for load in found] for who, found in loads.items()}
        session.record(f"{family}{_MEMORY}/{size}", "bytes", grown)
        return
    if family == "ids":
        if not session.settings.quick or size <= _QUICK_IDS:
            _remember(session, size)
        return
    if family == "mix":
        session.time(name, name, _FEW, only=_OF_MANY_FLAGS)
    else:
        session.time(name, name, HOT, only=_CANDIDATES)
    _weigh(session, name, f"{family}{_MEMORY}/{size}")


def _weigh(session: Session, name: str, label: str) -> None:
    """Record the memory of a workload, in new processes, which have made nothing before."""
    found = _in_new_processes(session, label, _WEIGHED, "weigh", workload=name)
    session.record(label, "bytes", {who: [reply["value"]] for who, reply in found.items()})


def _remember(session: Session, size: int) -> None:
    """Record the time and the memory of reads for distinct ids."""
    found = _in_new_processes(session, f"ids/{size}", _REMEMBERING, "remember", ids=size)
    for label, unit, figure in (("ids", "ns", "ns"), ("ids-memory", "bytes", "bytes")):
        samples = {who: [reply[figure]] for who, reply in found.items()}
        session.record(f"{label}/{size}", unit, samples)


def _in_new_processes(
    session: Session, label: str, names: Sequence[str], request: str, **arguments: object
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name in (name for name in names if name in session.settings.candidates):
        try:
            with Process(name) as fresh:
                found[name] = fresh.ask(request, **arguments)
        except AbsentError as error:
            session.absent(label, name, error)
    return found


def curve(
    results: Results, family: str, candidate: str, figure: str = ""
) -> list[tuple[int, float]]:
    """Return the sizes with their medians: of the time, or of the `figure`: `-memory`."""
    points = []
    for size in SIZES[family]:
        found = results.find(f"{family}{figure}/{size}", candidate)
        if found is not None:
            points.append((size, found.summary.median))
    return points


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope between the last two points on logarithmic scales: 0 is flat, 1 is linear.

    At smaller sizes the constant part of a call hides the growth.
    """
    (size_a, cost_a), (size_b, cost_b) = points[-2:]
    if cost_a <= 0 or cost_b <= 0:
        return math.nan  # memory that did not grow
    return math.log(cost_b / cost_a) / math.log(size_b / size_a)


def summary(results: Results) -> str:
    """Return tables of the first and last point of each curve and the slope at its end."""
    heads = {"": "nanoseconds", _MEMORY: "bytes"}
    return "\n".join(_summary(results, figure, head) for figure, head in heads.items())


def _summary(results: Results, figure: str, head: str) -> str:
    rows = []
    for family in CURVES:
        for candidate in results.candidates():
            points = curve(results, family, candidate, figure)
            if len(points) < 2:
                continue
            (least, cheap), (most, dear) = points[0], points[-1]
            ends = [f"{least:,}: {number(cheap)}", f"{most:,}: {number(dear)}"]
            rows.append([f"{family}, {candidate}", *ends, f"{slope(points):.2f}"])
    return table([head, "smallest", "largest", "slope at the end"], rows)


def plot(results: Results, folder: Path) -> list[Path]:
    """Draw a picture per curve; raise ImportError without matplotlib."""
    matplotlib = imported("matplotlib")
    # Agg draws into files and needs no screen.
    matplotlib.use("Agg")
    pyplot = imported("matplotlib.pyplot")
    folder.mkdir(parents=True, exist_ok=True)
    return [_plot_one(pyplot, results, family, folder / f"{family}.png") for family in CURVES]


def _plot_one(pyplot: Any, results: Results, family: str, path: Path) -> Path:
    figure, both = pyplot.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for axes, of, label in zip(both, ("", _MEMORY), ("nanoseconds", "bytes"), strict=True):
        for candidate in results.candidates():
            if points := curve(results, family, candidate, of):
                sizes, costs = zip(*points, strict=True)
                axes.plot(sizes, costs, marker="o", label=find(candidate).title.replace("`", ""))
        axes.set(xscale="log", yscale="log", xlabel=CURVES[family], ylabel=label)
        axes.grid(visible=True, which="major", alpha=0.3)
        if axes.lines:
            axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
    figure.savefig(path, dpi=100, bbox_inches="tight")
    pyplot.close(figure)
    return path
