"""Counts of requests by route and status, with how long they took. No metrics library on the way of a request."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final

__all__ = ["BOUNDS", "RequestMetrics"]

BOUNDS: Final = (
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
)
"""The upper bounds of the histogram's classes, in seconds."""


class RequestMetrics:
    """The counts of one server. Not thread-safe: the event loop alone counts."""

    def __init__(self) -> None:
        self._counts: defaultdict[tuple[str, int], int] = defaultdict(int)
        self._times: defaultdict[str, tuple[list[int], list[float]]] = defaultdict(_no_times)
        self.refused: Counter[str] = Counter()
        """How many connections were refused or dropped before or after a request, by reason."""

    @property
    def counts(self) -> Mapping[tuple[str, int], int]:
        """How many requests there were, by route and status."""
        return self._counts

    @property
    def times(self) -> Mapping[str, tuple[list[int], list[float]]]:
        """By route: how many requests fell into each class, the last of which has no bound; and the sum."""
        return self._times

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        self._counts[route, status] += 1
        classes, total = self._times[route]
        classes[bisect_left(BOUNDS, seconds)] += 1
        total[0] += seconds


def _no_times() -> tuple[list[int], list[float]]:
    return [0] * (len(BOUNDS) + 1), [0.0]
