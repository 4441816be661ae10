"""The measurements as Markdown: the targets, the servers side by side, and what others have published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.server.measuring import Speed

__all__ = ["PUBLISHED", "Target", "published", "side_by_side", "targets"]

PUBLISHED = (
    ("Unleash Edge (Rust)", "5 features, 2 kB", "39,000", "p95 1.6 ms", "docs/benchmarking.md"),
    ("Unleash Edge (Rust)", "350 features, 100 kB", "6,900", "p95 7.4 ms", "docs/benchmarking.md"),
    ("flagd (Go)", "one boolean flag, no targeting", "20,000", "", "test/loadtest/README.MD"),
    (
        "Flagsmith's edge proxy",
        "simple flags, M1",
        "2,000",
        "mean 7 ms",
        "performance/edge-proxy.md",
    ),
)
"""What others have published for one processor, with the place in their repositories; nothing of it was run here."""


@dataclass(frozen=True, slots=True)
class Target:
    """A target: what is wanted at least (or at most), the aim, and what was found."""

    title: str
    must: float
    found: float | None
    aim: float | None = None
    unit: str = "/s"
    most: bool = False

    @property
    def verdict(self) -> str:
        """Whether the target is reached."""
        if self.found is None:
            return "not measured"
        if (self.found <= self.must) if self.most else (self.found >= self.must):
            return "aim" if self.aim is not None and self.found >= self.aim else "yes"
        return "**no**"


def targets(found: Sequence[Target]) -> str:
    """Return the table of the targets."""
    head = ["", "must", "aim", "measured", "reached"]
    rows = [
        [
            each.title,
            f"{'≤' if each.most else '≥'} {each.must:,.0f} {each.unit}",
            "" if each.aim is None else f"{each.aim:,.0f} {each.unit}",
            "" if each.found is None else f"{each.found:,.0f} {each.unit}",
            each.verdict,
        ]
        for each in found
    ]
    return table(head, rows)


def side_by_side(count: int, found: Mapping[str, Speed | str]) -> str:
    """Return the table of the servers for a number of flags; of an absent one, the reason."""
    head = [
        f"{count} flags",
        "requests/s",
        "per s of the processor",
        "p50 ms",
        "p99 ms",
        "at requests/s",
        "answer, bytes",
    ]
    rows = []
    for title, speed in found.items():
        if isinstance(speed, str):
            rows.append([title, speed, "", "", "", "", ""])
            continue
        half = speed.at_half
        rates = [f"{speed.per_second:,.0f}", f"{speed.per_cpu_second:,.0f}"]
        times = [f"{half.p50:.1f}", f"{half.p99:.1f}", f"{half.per_second:,.0f}"]
        rows.append([title, *rates, *times, f"{speed.size:,}"])
    return table(head, rows)


def published() -> str:
    """Return the table of what others have published."""
    head = ["published, one processor", "load", "requests/s", "times", "where"]
    return table(head, [list(row) for row in PUBLISHED])
