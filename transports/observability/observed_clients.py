"""The clients whose measures a provider of OpenTelemetry offers.

A meter ignores the callbacks of an instrument that it has already. So all clients of a provider share one
set of instruments, which is made once and stays when the last client is gone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from flagengine import extra_for

from .. import fork_and_exit
from .facts import MEASURES, Measure, MeasuredClient

with extra_for("flagengine.transports.observability.opentelemetry"):
    from opentelemetry import metrics
    from opentelemetry.metrics import CallbackOptions, Observation

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter, MeterProvider

__all__ = ["SCOPE", "ObservedClients", "Providers", "observed_by"]

SCOPE: Final = "flagengine"


class ObservedClients:
    """The clients that the instruments of one meter ask, each with its name. Thread-safe."""

    def __init__(self, meter: Meter) -> None:
        self._clients: dict[object, tuple[str, MeasuredClient]] = {}
        for measure in MEASURES:
            is_counter = measure.kind == "counter"
            create = (
                meter.create_observable_counter if is_counter else meter.create_observable_gauge
            )
            create(measure.name, self._callbacks(measure), measure.unit, measure.text)

    def add(self, name: str, client: MeasuredClient) -> Callable[[], None]:
        """Observe a client from now on; return a function that ends it."""
        token = object()
        self._clients[token] = name, client

        def end() -> None:
            self._clients.pop(token, None)

        return end

    def _callbacks(
        self, measure: Measure
    ) -> Sequence[Callable[[CallbackOptions], Iterable[Observation]]]:
        def observations(_options: CallbackOptions) -> Iterator[Observation]:
            for name, client in list(self._clients.values()):
                for attributes, value in measure.samples(client):
                    named = {f"flagengine.{label}": word for label, word in attributes.items()}
                    yield Observation(value, {"flagengine.client": name, **named})

        return (observations,)


class Providers:
    """The observed clients by provider; thread-safe."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._of_providers: WeakKeyDictionary[Any, ObservedClients] = WeakKeyDictionary()
        # The global provider may be chosen later: then instruments that exist move to it.
        self._of_global: ObservedClients | None = None

    def observed_by(self, provider: MeterProvider | None) -> ObservedClients:
        """Return the clients of a provider; None: the global one."""
        fork_and_exit.watch(self)
        with self.lock:
            if self._of_global is not None and provider is metrics.get_meter_provider():
                return self._of_global
            if provider is None:
                self._of_global = self._of_global or _new(None)
                return self._of_global
            if provider not in self._of_providers:
                self._of_providers[provider] = _new(provider)
            return self._of_providers[provider]

    def after_fork(self) -> None:
        """Renew the lock, which another thread of the parent may have held."""
        self.lock = threading.Lock()

    def at_exit(self, timeout: float) -> None:
        """Do nothing."""


def _new(provider: MeterProvider | None) -> ObservedClients:
    return ObservedClients(metrics.get_meter(SCOPE, meter_provider=provider))


observed_by: Final = Providers().observed_by
