"""The metrics of a server in Prometheus' form: those of each project, and requests by route."""

from __future__ import annotations

from collections.abc import Iterator

from flagengine import extra_for

from ..observability.prometheus import FlagengineCollector
from .metrics import BOUNDS, RequestMetrics
from .project import Projects

with extra_for("/metrics of a server"):
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
    from prometheus_client.exposition import choose_encoder
    from prometheus_client.registry import Collector

__all__ = ["Exposition"]


class Exposition:
    """The metrics of one server. They are asked for when Prometheus asks, and cost nothing in between."""

    def __init__(self, projects: Projects, requests: RequestMetrics) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(FlagengineCollector({each.name: each for each in projects}))
        self._registry.register(_Requests(requests))

    def text(self, accept: str) -> tuple[bytes, str]:
        """Return the metrics and their content type, as the header ``Accept`` wants them.

        A header that cannot be read counts as none.
        """
        try:
            encode, kind = choose_encoder(accept)
        except (TypeError, ValueError):  # as for a version that is no number
            encode, kind = choose_encoder("")
        return encode(self._registry), kind


class _Requests(Collector):
    """The counts of requests and their times."""

    def __init__(self, metrics: RequestMetrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        requests = CounterMetricFamily(
            "flagengine_server_requests",
            "Requests by route and status.",
            labels=("route", "status"),
        )
        for (route, status), count in list(self._metrics.counts.items()):
            requests.add_metric((route, str(status)), count)
        yield requests
        refused = CounterMetricFamily(
            "flagengine_server_refused_connections",
            "Connections that were refused or dropped, by reason.",
            labels=("reason",),
        )
        for reason, count in list(self._metrics.refused.items()):
            refused.add_metric((reason,), count)
        yield refused
        times = HistogramMetricFamily(
            "flagengine_server_request_seconds",
            "Seconds from a request's head to the end of its answer.",
            labels=("route",),
        )
        for route, (classes, total) in list(self._metrics.times.items()):
            times.add_metric((route,), _cumulated(classes), total[0])
        yield times


def _cumulated(classes: list[int]) -> list[tuple[str, float]]:
    """Return how many fell below each bound, as Prometheus wants it."""
    found, count = [], 0
    for bound, each in zip((*map(str, BOUNDS), "+Inf"), classes, strict=True):
        count += each
        found.append((bound, float(count)))
    return found
