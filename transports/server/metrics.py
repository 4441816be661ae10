"""Counts of requests by route and status, with how long they took. No metrics library on the way of a request."""

from __future__ import annotations

from bisect import bisect_left
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
        self._counts: dict[tuple[str, int], int] = {}
        self._times: dict[str, tuple[list[int], list[float]]] = {}

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
        key = route, status
        self._counts[key] = self._counts.get(key, 0) + 1
        found = self._times.get(route)
        if found is None:
            found = self._times[route] = [0] * (len(BOUNDS) + 1), [0.0]
        classes, total = found
        classes[bisect_left(BOUNDS, seconds)] += 1
        total[0] += seconds
