"""A collector for Prometheus: the definitions, the events and, if asked for, the reads of a client.

The collector asks the client when Prometheus asks it, so it costs nothing in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from flagengine import extra_for

from ..flags.evaluated import FlagEvaluated
from .facts import MEASURES, Measure, MeasuredClient, labels_of

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
        name = measure.name.replace(".", "_") + ("_seconds" if measure.unit == "s" else "")
        labels = ("client", *measure.labels)
        family: CounterMetricFamily | GaugeMetricFamily
        if measure.kind == "counter":
            family = CounterMetricFamily(name, measure.text, labels=labels)
        else:
            family = GaugeMetricFamily(name, measure.text, labels=labels)
        for name_of_client, client in self._clients.items():
            for attributes, value in measure.samples(client):
                family.add_metric([name_of_client, *attributes.values()], float(value))
        return family


def _count(reads: Counter, name: str, evaluated: FlagEvaluated) -> None:
    reads.labels(client=name, **labels_of(evaluated)).inc()
