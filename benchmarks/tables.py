"""Results as Markdown: the overview, each workload with its spread, the targets, the absences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.measure import ratio
from benchmarks.rivals.catalogue import find
from benchmarks.targets import TARGETS, Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.results import Measurement, Results

__all__ = ["BASELINE", "YARDSTICK", "compare", "report", "table"]

#: The candidate to which ratios are relative.
BASELINE = "flagengine"
#: The candidate that makes two runs comparable, because no change of flagengine makes it faster.
YARDSTICK = "posthog-pure"

#: The workload, the heading with the shown unit, and the number of measured units per shown unit.
_OVERVIEW = (
    ("w1", "W1 ns", 1.0),
    ("w1-hot", "W1 hot ns", 1.0),
    ("w2", "W2 ns", 1.0),
    ("w3", "W3 µs", 1_000.0),
    ("w4", "W4 ns", 1.0),
    ("w5-two", "W5 kops/s", 1.0),
    ("w6-ready", "load ms", 1.0),
    ("w6-first", "first answer ms", 1.0),
    ("w6-memory", "RSS MiB", 1.0),
    ("w8-ready", "import ms", 1.0),
    ("w9", "W9 ns", 1.0),
)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; all columns but the first are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def number(value: float) -> str:
    """Return the number with three digits, the precision of such a machine."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def report(results: Results) -> str:
    """Return the tables of the whole run."""
    parts = [_machine(results), _overview(results), _targets(results)]
    parts += [_workload(results, workload) for workload in results.workloads()]
    return "\n".join([*parts, _absences(results)])


def _machine(results: Results) -> str:
    meta = results.meta
    versions = meta.get("versions")
    listed = versions if isinstance(versions, dict) else {}
    accelerator = {True: "in use", False: "not built"}.get(meta.get("accelerator") is True)
    machine = (
        f"{meta.get('processor')}, {meta.get('cores')} cores, {meta.get('python')},"
        f" {meta.get('system')}; commit {meta.get('commit')}, {meta.get('taken')};"
        f" load at the start {meta.get('load')}; accelerator {accelerator}."
    )
    lines = [
        machine,
        "Versions: " + ", ".join(f"{name} {version}" for name, version in listed.items()) + ".",
    ]
    if meta.get("quick"):
        lines.append("**A quick run: few slots, good for a look, not for quoting.**")
    return "\n\n".join(lines) + "\n"


def _overview(results: Results) -> str:
    columns = [column for column in _OVERVIEW if column[0] in results.workloads()]
    rows = []
    for name in results.candidates():
        if find(name).aside:
            continue
        cells = [_cell(results.find(workload, name), unit) for workload, _, unit in columns]
        if any(cells):
            rows.append([_title(name), find(name).engine, *cells])
    head = ["medians", "made of", *[heading for _, heading, _ in columns]]
    return "### Overview\n\n" + table(head, rows)


def _cell(found: Measurement | None, unit: float) -> str:
    return "" if found is None else number(found.summary.median / unit)


def _title(name: str) -> str:
    candidate = find(name)
    return f"{candidate.title} ({name})"


def _workload(results: Results, workload: str) -> str:
    rows = []
    base = results.find(workload, BASELINE)
    unit = ""
    for name in results.candidates():
        if (found := results.find(workload, name)) is None:
            continue
        unit, summary = found.unit, found.summary
        spread = f"{number(summary.low)} to {number(summary.high)}"
        times = f"{ratio(found.samples, base.samples):.2f}" if base else ""
        rows.append([_title(name), number(summary.median), spread, times])
    head = [f"{workload}, {unit}", "median", "middle half", f"times {BASELINE}"]
    return table(head, rows)


def _targets(results: Results) -> str:
    rows = [_target(results, target) for target in TARGETS if target.applies(results.meta)]
    head = ["ratio of medians", "wanted", "aim", "found", "spread", "reached", "ours", "that is"]
    return "### Targets\n\n" + table(head, rows)


def _target(results: Results, target: Target) -> list[str]:
    """Return a row: the bound, the ratio with its middle half, and the figure behind it."""
    value, spread, ours = target.value(results), target.spread(results), target.ours(results)
    aim = "" if target.aim is None else f"{target.relation} {number(target.aim)}"
    if value is None:
        verdict = "not measured"
    elif not target.reached(value):
        verdict = "**no**"
    else:
        verdict = "aim" if target.aimed(value) else "yes"
    return [
        target.text,
        f"{target.relation} {number(target.must)}",
        aim,
        "" if value is None else number(value),
        "" if spread is None else f"{number(spread.low)} to {number(spread.high)}",
        verdict,
        "" if value is None or ours is None else f"{number(ours.summary.median)} {ours.unit}",
        target.absolute,
    ]


def _absences(results: Results) -> str:
    """Return a table with a row per reason and the workloads of each reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for absence in results.absences:
        found.setdefault((absence.candidate, absence.reason), []).append(absence.workload)
    rows = [[_title(name), why, ", ".join(where)] for (name, why), where in found.items()]
    return "### Absent\n\n" + (table(["", "reason", "workloads"], rows) if rows else "Nobody.\n")


def compare(old: Results, new: Results) -> str:
    """Compare two runs; the yardstick removes the speed of the machine in the last column."""
    rows = []
    for workload in new.workloads():
        drift = _change(old, new, workload, YARDSTICK)
        for name in new.candidates():
            before, after = old.find(workload, name), new.find(workload, name)
            if before is None or after is None:
                continue
            times = ratio(after.samples, before.samples)
            cells = [number(before.summary.median), number(after.summary.median), f"{times:.2f}"]
            corrected = f"{times / drift:.2f}" if drift else ""
            rows.append([f"{workload} {name}", *cells, corrected, _verdict(before, after)])
    head = ["", "old", "new", "new / old", f"against {YARDSTICK}", "middle halves"]
    return table(head, rows)


def _change(old: Results, new: Results, workload: str, name: str) -> float | None:
    before, after = old.find(workload, name), new.find(workload, name)
    return ratio(after.samples, before.samples) if before and after else None


def _verdict(before: Measurement, after: Measurement) -> str:
    """Return whether the middle halves are apart; if they overlap, the difference may be noise."""
    old, new = before.summary, after.summary
    apart = new.low > old.high or new.high < old.low
    return "apart" if apart else "overlap"
