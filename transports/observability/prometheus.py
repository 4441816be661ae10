"""A collector for Prometheus: the definitions, the events and, if asked for, the reads of a client.

The collector asks the client when Prometheus asks it, so it costs nothing in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from flagengine import extra_for

from ..flags.evaluated import FlagEvaluated
from .facts import MEASURES, Measure, MeasuredClient, check_client, labels_of

with extra_for("flagengine.transports.observability.prometheus"):
    from prometheus_client import Counter
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
    from prometheus_client.registry import Collector

__all__ = ["FlagengineCollector"]


class FlagengineCollector(Collector):
    """The metrics of clients: ``REGISTRY.register(FlagengineCollector(client))``.

    Args:
        clients: a ``Client`` or an ``AsyncClient``, which the label ``client`` calls "default"; or
            several, by name. A registry takes one collector of this kind.
        evaluations: count reads by flag, reason and origin, too. Then every read takes the full way.

    Raises:
        TypeError: a client is none, or its name is no text.

    >>> from prometheus_client import CollectorRegistry
    >>> from flagengine.transports.testing import ForcedFlags
    >>> registry = CollectorRegistry()
    >>> with ForcedFlags({"flags": []}) as flags:
    ...     registry.register(FlagengineCollector(flags.client))
    ...     registry.get_sample_value("flagengine_definitions_flags", {"client": "default"})
    0.0
    """

    def __init__(
        self,
        clients: MeasuredClient | Mapping[str, MeasuredClient],
        *,
        evaluations: bool = False,
    ) -> None:
        self._clients = dict(clients) if isinstance(clients, Mapping) else {"default": clients}
        for name, client in self._clients.items():
            if not isinstance(name, str):
                msg = f"the names of clients must be text, got {type(name).__name__}"
                raise TypeError(msg)
            check_client(type(self).__name__, client)
        self._stops: list[Callable[[], object]] = []
        self._reads: Counter | None = None
        if evaluations:
            self._reads = Counter(
                "flagengine_flag_evaluations",
                "Reads of flags. With origin=server, the server was asked.",
                ("client", "flag", "reason", "origin"),
                registry=None,
            )
            self._stops = [
                client.on("flag_evaluated", partial(_count, self._reads, name))
                for name, client in self._clients.items()
            ]

    def describe(self) -> Iterator[Metric]:
        """Yield the metrics without values, so that a registry refuses a second collector of this kind."""
        for measure in MEASURES:
            yield _empty(measure)
        if self._reads is not None:
            yield from self._reads.describe()

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        for measure in MEASURES:
            yield self._family(measure)
        if self._reads is not None:
            yield from self._reads.collect()

    def stop(self) -> None:
        """Count no more reads, so that reads are quick again."""
        for stop in self._stops:
            stop()

    def _family(self, measure: Measure) -> Metric:
        family = _empty(measure)
        for name, client in self._clients.items():
            for attributes, value in measure.samples(client):
                family.add_metric([name, *attributes.values()], float(value))
        return family


def _empty(measure: Measure) -> CounterMetricFamily | GaugeMetricFamily:
    name = measure.name.replace(".", "_") + ("_seconds" if measure.unit == "s" else "")
    labels = ("client", *measure.labels)
    kind = CounterMetricFamily if measure.kind == "counter" else GaugeMetricFamily
    return kind(name, measure.text, labels=labels)


def _count(reads: Counter, name: str, evaluated: FlagEvaluated) -> None:
    reads.labels(client=name, **labels_of(evaluated)).inc()
