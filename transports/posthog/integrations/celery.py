"""posthog-python's Celery integration under its name: contexts, failures, and events of each task.

::

    integration = PosthogCeleryIntegration(client)
    integration.instrument()      # in the publishers and in the workers
    ...
    integration.shutdown()

It follows the tasks of all Celery applications of the process; ``wrap_celery`` those of one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final, TypeAlias

from ...context.celery import TaskSignals, safely
from .reporting import IntegratedClient, IntegrationClient

__all__ = ["PosthogCeleryIntegration"]

TaskFilter: TypeAlias = Callable[[str | None, dict[str, Any]], bool]

_BEGUN: Final = "_flagengine_begun"


class PosthogCeleryIntegration:
    """The integration; nothing happens before ``instrument``.

    Args:
        client: the client; None: the default client.
        capture_exceptions: whether failures of tasks are reported.
        capture_task_lifecycle_events: whether ``celery task published``, ``started``, ``success``,
            ``failure`` and ``retry`` are captured.
        propagate_context: whether published messages carry the active context to the worker.
        task_filter: called with the task's name and properties; with False, no event and no failure of
            the task is captured.
    """

    def __init__(
        self,
        client: IntegratedClient | None = None,
        capture_exceptions: bool = True,  # noqa: FBT002 - as in posthog-python
        capture_task_lifecycle_events: bool = True,  # noqa: FBT002
        propagate_context: bool = True,  # noqa: FBT002
        task_filter: TaskFilter | None = None,
    ) -> None:
        self._client = IntegrationClient(client, capture_exceptions)
        self._signals = _Signals(
            self._client,
            capture_exceptions=capture_exceptions,
            propagate_context=propagate_context,
            captures_lifecycle=capture_task_lifecycle_events,
            task_filter=task_filter,
        )
        self._is_connected = False

    def instrument(self) -> None:
        """Follow tasks from now on."""
        if not self._is_connected:
            self._is_connected = True
            self._signals.connect()

    def uninstrument(self) -> None:
        """Follow no task any more."""
        if self._is_connected:
            self._is_connected = False
            self._signals.disconnect()

    def shutdown(self) -> None:
        """Follow no task any more, and deliver what is queued; the client stays usable."""
        if self._is_connected:
            self.uninstrument()
            self._signals.process_ended()


class _Signals(TaskSignals):
    def __init__(
        self,
        client: IntegrationClient,
        *,
        capture_exceptions: bool,
        propagate_context: bool,
        captures_lifecycle: bool,
        task_filter: TaskFilter | None,
    ) -> None:
        super().__init__(None, client, capture_exceptions, propagate_context, None)
        self._events = client
        self._captures_lifecycle = captures_lifecycle
        self._filter = task_filter

    def receivers(self) -> tuple[tuple[Any, Callable[..., None]], ...]:
        signals = _celery("celery.signals")
        return (
            *super().receivers(),
            (signals.after_task_publish, self.was_published),
            (signals.task_success, self.succeeded),
            (signals.task_retry, self.retried),
        )

    @safely
    def begun(self, task: Any = None, **given: Any) -> None:
        super().begun(task=task, **given)
        vars(task.request)[_BEGUN] = time.monotonic()
        self._capture("started", task)

    @safely
    def was_published(self, sender: Any = None, headers: Any = None, **given: Any) -> None:
        """Capture that a message was published; ``sender`` is the name of its task."""
        known = _mapping(headers)
        properties = {
            "celery_task_id": known.get("id"),
            "celery_task_name": sender,
            "celery_state": "published",
            "celery_exchange": given.get("exchange"),
            "celery_routing_key": given.get("routing_key"),
            "celery_retry_count": known.get("retries"),
            "celery_version": _version(),
        }
        self._capture_event("published", sender, properties)

    @safely
    def succeeded(self, sender: Any = None, **_: Any) -> None:
        """Capture the end of a task."""
        self._capture("success", sender)

    @safely
    def retried(self, sender: Any = None, reason: object = None, **_: Any) -> None:
        """Capture that a task will be tried again."""
        self._capture("retry", sender, celery_reason=str(reason))

    @safely
    def failed(
        self, sender: Any = None, exception: BaseException | None = None, **given: Any
    ) -> None:
        properties = _properties("failure", sender)
        if self._filter is not None and not self._filter(getattr(sender, "name", None), properties):
            return
        super().failed(sender=sender, exception=exception, **given)
        kind = None if exception is None else type(exception).__name__
        self._capture("failure", sender, error_type=kind, error_message=str(exception))

    def _capture(self, state: str, task: Any, **further: Any) -> None:
        properties = {**_properties(state, task), **further}
        self._capture_event(state, getattr(task, "name", None), properties)

    def _capture_event(self, state: str, name: str | None, properties: dict[str, Any]) -> None:
        if not self._captures_lifecycle:
            return
        if self._filter is None or self._filter(name, properties):
            self._events.capture(f"celery task {state}", properties)


def _properties(state: str, task: Any) -> dict[str, Any]:
    request = getattr(task, "request", None)
    sent = _mapping(getattr(request, "delivery_info", None))
    begun: float | None = getattr(request, _BEGUN, None)
    took = {} if begun is None or state == "started" else {"celery_task_duration_ms": _since(begun)}
    return {
        "celery_task_id": getattr(request, "id", None),
        "celery_task_name": getattr(task, "name", None),
        "celery_state": state,
        "celery_hostname": getattr(request, "hostname", None),
        "celery_exchange": sent.get("exchange"),
        "celery_routing_key": sent.get("routing_key"),
        "celery_queue": sent.get("queue"),
        "celery_retry_count": getattr(request, "retries", None),
        "celery_version": _version(),
        **took,
    }


def _since(begun: float) -> float:
    return round((time.monotonic() - begun) * 1000.0, 3)


def _mapping(given: Any) -> Mapping[str, Any]:
    return given if isinstance(given, Mapping) else {}  # pyright: ignore[reportUnknownVariableType]


def _version() -> str:
    return str(_celery("celery").__version__)


def _celery(name: str) -> Any:
    """Import a module of Celery, which is optional and has no types."""
    return import_module(name)
