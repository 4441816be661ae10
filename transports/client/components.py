"""The components of a client, which its methods use."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..batching.event import Event
from ..batching.pipeline import EventPipeline
from ..clock import Clock
from ..context.properties_for_flags import NO_PROPERTIES, PropertiesForFlags
from ..derived import Derived
from ..errors import TransportError
from ..flags.called_tracker import CalledTracker
from ..flags.evaluate import FlagEvaluator
from ..flags.quick import Reader
from ..flags.scopes import scopes
from ..http.base import Transport
from ..http.live import LiveTransport
from ..polling.loader import DefinitionLoader
from ..polling.store import Published
from ..request_guard import RequestGuard
from .exception_reporting import ExceptionReporting
from .listeners import Listeners
from .options import Options
from .preparation import Outbox, Preparation
from .status import ClientStatus
from .storage import Memory

__all__ = ["Components", "HasComponents"]

NO_DEFINITIONS = Published()


class ReportError(Protocol):
    """A function that reports an error."""

    def __call__(self, error: TransportError, events: tuple[Event, ...] = ()) -> None:
        """Call ``on_error`` and the listeners."""
        ...


@dataclass(eq=False)  # without slots, for which CPython 3.13 without the GIL takes locks
class Components:
    """The components of a client; only ``flag_properties`` is ever replaced.

    Attributes:
        loader: the loader of definitions; None without a source of definitions.
        flag_properties: the properties set for flags outside of any context.
        reads: the reader of quick reads, while nothing is unusual.
        tracker: which ``$feature_flag_called`` events were sent.
        exposures: which ``$experiment_exposure`` events were sent; new definitions change nothing.
        report: reports an error and the events that it lost.
        guards: what says whether to ask the server, by the kind of request; flags have their own.
        blocks: whether methods that are synchronous on both clients may wait for the network.
    """

    options: Options
    version: str
    clock: Clock
    listeners: Listeners
    memory: Memory
    status: ClientStatus
    preparation: Preparation
    pipeline: EventPipeline
    outbox: Outbox
    evaluator: FlagEvaluator
    tracker: CalledTracker
    exposures: CalledTracker
    transport: Transport
    loader: DefinitionLoader | None
    exceptions: ExceptionReporting
    flag_properties: PropertiesForFlags
    reads: Derived[Reader]
    report: ReportError
    guards: Mapping[str, RequestGuard]
    blocks: bool = True
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def published(self) -> Published:
        """Return the definitions in use; the first call starts loading them."""
        return NO_DEFINITIONS if self.loader is None else self.loader.current

    @property
    def awaits_definitions(self) -> bool:
        """Return whether a read should wait for the first definitions."""
        if self.loader is None or self.status.is_closed or not self.options.wait_on_first_read > 0:
            return False
        return self.loader.is_awaited

    @property
    def are_reads_watched(self) -> bool:
        """Whether anybody may want to know of each read: a listener, or an open scope."""
        return self.listeners.hear_of_reads or bool(scopes)

    def reader(self) -> Reader | None:
        """Return a reader for quick reads; None while definitions are lacking or anything is unusual."""
        loader, layers = self.loader, self.evaluator.layers
        if loader is None or not loader.is_started or not self.status.is_usable:
            return None
        published = loader.store.current
        if published.snapshot is None or layers.of_client or self.are_reads_watched:
            return None
        if self.flag_properties is not NO_PROPERTIES:
            return None
        local = self.evaluator.local
        return Reader(
            published.snapshot,
            local.options,
            local.never,
            local.origin(published),
            self.tracker,
            sends=self.options.send_feature_flag_event,
            is_active=self.status.is_active,
            layers=layers if layers.has_blocks else None,
        )

    def await_definitions(self) -> None:
        """Wait for the first definitions, as the option ``wait_on_first_read`` describes."""
        if self.loader is not None:
            self.loader.await_first_load(self.options.wait_on_first_read)

    @property
    def user_agent(self) -> str:
        """Return the User-Agent: name and version."""
        return f"{self.options.lib_name}/{self.version}"

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of requests that carry no events."""
        return {**self.options.extra_headers, "User-Agent": self.user_agent}

    def change_flag_properties(
        self, changed: Callable[[PropertiesForFlags], PropertiesForFlags]
    ) -> None:
        """Replace the properties set for flags outside of any context."""
        with self._lock:
            new = changed(self.flag_properties)
            with self.reads.changing():
                self.flag_properties = new

    def close_transport(self) -> None:
        """Close idle connections, if the client made the transport."""
        if isinstance(self.transport, LiveTransport) and self.options.transport is None:
            self.transport.close()

    def after_fork(self) -> None:
        """Renew the locks in a forked child; keep the record of sent flag events."""
        self._lock = threading.Lock()
        self.reads.after_fork()
        trackers = (self.tracker, self.exposures)
        for guard in self.guards.values():
            guard.after_fork()
        for part in (self.listeners, self.memory, *trackers, self.evaluator):
            part.after_fork()

    def forget_reads(self) -> None:
        """Forget which events of flag reads were sent."""
        self.tracker.clear()
        self.exposures.clear()

    def at_exit(self, timeout: float) -> None:
        """No-op: the pipeline and the loader register their own exit hooks."""


class HasComponents(Protocol):
    """A client of either kind, as its methods see it."""

    @property
    def components(self) -> Components:
        """Return the client's components."""
        ...
