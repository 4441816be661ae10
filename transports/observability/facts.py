"""The facts about a client as measures, in the form of neither OpenTelemetry nor Prometheus.

There is nothing here about single reads: see the event ``flag_evaluated``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeAlias

from ..batching.counters import Counters
from ..flags.evaluated import FlagEvaluated
from ..flags.reason_words import reason_word
from ..polling.health import Freshness, Health

__all__ = [
    "MEASURES",
    "Measure",
    "MeasuredClient",
    "check_client",
    "key_for_metrics",
    "labels_of",
    "reason_of",
]

Sample: TypeAlias = tuple[Mapping[str, str], float]

UNKNOWN_KEYS: Final = "(unknown)"
"""In metrics, the key of all flags that do not exist: their names could be anything, and without end."""


_METHODS: Final = ("counters", "definitions_health", "on")


class MeasuredClient(Protocol):
    """A client of either kind, as its observers see it."""

    def counters(self) -> Counters | None:
        """Return the counts of events."""
        ...

    def definitions_health(self) -> Health:
        """Return the health of the definitions."""
        ...

    def on(self, event: str, callback: Callable[..., Any]) -> Callable[[], None]:
        """Call the callback at each event; return a function that ends it."""
        ...


def check_client(name: str, given: object) -> None:
    """Raise TypeError, in which ``name`` is what was called, unless this package's clients are like ``given``."""
    if isinstance(given, type) or not all(hasattr(given, each) for each in _METHODS):
        kind = f"the class {given.__name__}" if isinstance(given, type) else type(given).__name__
        raise TypeError(f"{name}() must get a flagengine client, got {kind}")


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of a client.

    Attributes:
        name: the name in OpenTelemetry; Prometheus has underscores, and the unit at the end.
        kind: a gauge can fall, a counter cannot.
        unit: the unit in UCUM, with what is counted in braces.
        text: what it is.
        samples: returns the values with their attributes; none if nothing is known.
        labels: the names of the attributes.
    """

    name: str
    kind: Literal["counter", "gauge"]
    unit: str
    text: str
    samples: Callable[[MeasuredClient], Iterable[Sample]]
    labels: tuple[str, ...] = ()


def _of_definitions(attribute: str) -> Callable[[MeasuredClient], Iterable[Sample]]:
    def samples(client: MeasuredClient) -> Iterable[Sample]:
        health = client.definitions_health()
        value = getattr(health, attribute)
        return [] if value is None or not health.has_source else [({}, value)]

    return samples


def _freshness(client: MeasuredClient) -> Iterable[Sample]:
    health = client.definitions_health()
    if not health.has_source:
        return []
    return [({"freshness": str(each)}, float(each is health.freshness)) for each in Freshness]


def _of_events(*names: str) -> Callable[[MeasuredClient], Iterable[Sample]]:
    """Return the samples of fields of the counters; of several, each has its name as its outcome."""

    def samples(client: MeasuredClient) -> Iterator[Sample]:
        counters = client.counters()
        if counters is not None:
            for name in names:
                yield ({"outcome": name} if len(names) > 1 else {}), getattr(counters, name)

    return samples


def _by_reason(name: str) -> Callable[[MeasuredClient], Iterable[Sample]]:
    def samples(client: MeasuredClient) -> Iterator[Sample]:
        counters = client.counters()
        if counters is not None:
            for reason, count in getattr(counters, name).items():
                yield {"reason": reason}, count

    return samples


MEASURES: Final = (
    Measure("flagengine.definitions.age", "gauge", "s", "Seconds since the last successful load of definitions.",
            _of_definitions("age")),
    Measure("flagengine.definitions.generation", "gauge", "{generation}", "How often definitions were put into use.",
            _of_definitions("generation")),
    Measure("flagengine.definitions.flags", "gauge", "{flag}", "Flags in the definitions.",
            _of_definitions("flag_count")),
    Measure("flagengine.definitions.failures", "gauge", "{load}", "Failed loads of definitions since the last success.",
            _of_definitions("consecutive_failures")),
    Measure("flagengine.definitions.state", "gauge", "{state}", "1 for the freshness that the definitions have, else 0.",
            _freshness, ("freshness",)),
    Measure("flagengine.events", "counter", "{event}", "Events by outcome; accepted and recovered ones end as one of the others.",
            _of_events("accepted", "recovered", "delivered", "kept", "damaged"), ("outcome",)),
    Measure("flagengine.events.dropped", "counter", "{event}", "Accepted events that were lost, by reason.",
            _by_reason("dropped"), ("reason",)),
    Measure("flagengine.events.refused", "counter", "{event}", "Events that were never accepted, by reason.",
            _by_reason("refused"), ("reason",)),
    Measure("flagengine.events.pending", "gauge", "{event}", "Events that wait for delivery.",
            _of_events("pending")),
    Measure("flagengine.event.requests", "counter", "{request}", "Requests with events.",
            _of_events("requests")),
    Measure("flagengine.event.retries", "counter", "{request}", "Retries of requests with events.",
            _of_events("retries")),
)  # fmt: skip
"""Everything that is known of a client without listening to its reads."""


# Reads.


def reason_of(evaluated: FlagEvaluated) -> str:
    """Return the reason of a read in OpenTelemetry's words, such as ``targeting_match``."""
    result = evaluated.reading.result
    if evaluated.error is not None or result is None:
        return "error"
    if evaluated.origin == "stale":
        return "stale"
    return reason_word(result.reason_code, result.variant, result.config_version).lower()


def key_for_metrics(evaluated: FlagEvaluated) -> str:
    """Return the key if anything is known of the flag, else one key for all others, so that labels have an end."""
    is_known = evaluated.origin == "override" or evaluated.reading.result is not None
    return evaluated.key if is_known else UNKNOWN_KEYS


def labels_of(evaluated: FlagEvaluated) -> dict[str, str]:
    """Return what metrics of reads tell apart."""
    return {
        "flag": key_for_metrics(evaluated),
        "reason": reason_of(evaluated),
        "origin": evaluated.origin,
    }
