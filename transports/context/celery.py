"""Celery: tasks run in the context of the code that published them, and their failures are reported.

::

    app = Celery("shop", broker=...)
    wrap_celery(app, client)

Call it in the module of the application, which both the publishers and the workers import. The
client may be made there as well: making it starts no thread, and a child of the prefork pool begins
with an empty queue and threads of its own, which start with its first event.

A failure is reported once, when Celery gives up: not a ``Retry``, an ``Ignore`` or a ``Reject``, and no
exception in the task's ``throws``. A task that runs in its caller (``task_always_eager``) and raises there
(``task_eager_propagates``, ``apply(throw=True)``) leaves its failure to the caller to handle or to report.
Events of a task have ``celery_task_id``, ``celery_task_name`` and ``celery_retry_count``.
"""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from ..application_callbacks import refuse_async, without_awaitable
from ..exceptions.control_flow import Place
from .exception_reporter import ExceptionReporter, ReportingClient
from .headers import CONTEXT_TAGS, DISTINCT_ID, SESSION_ID
from .scoped import context
from .tasks import from_task_headers, to_headers

__all__ = ["TaskSignals", "safely", "wrap_celery"]

_log = logging.getLogger("flagengine.context")

_SOURCE: Final = "celery.task_failure"
_SCOPE: Final = "_flagengine_context"
_KEY: Final = "flagengine"
# Seconds for the last events of a worker process, which runs no exit hooks.
_LAST_FLUSH: Final = 2.0

Tags: TypeAlias = Callable[[Any], Mapping[str, Any] | None]


def wrap_celery(
    app: Any,
    client: ReportingClient,
    *,
    capture_exceptions: bool = True,
    propagate_context: bool = True,
    tags: Tags | None = None,
) -> None:
    """Run the tasks of ``app`` in contexts, and report their failures.

    Call it once for each app; a second call replaces the first.

    Args:
        app: the Celery application.
        client: the client that captures events.
        capture_exceptions: whether failures of tasks are reported.
        propagate_context: whether published messages carry the active context to the worker.
        tags: returns further properties for each event of a task; its argument is the task.

    Raises:
        TypeError: ``tags`` cannot be called, or is ``async def``, which nobody awaits here.
    """
    if tags is not None and not callable(tags):
        msg = f"wrap_celery.tags must be a function of the task, got {type(tags).__name__}"
        raise TypeError(msg)
    refuse_async("wrap_celery.tags", tags)
    if hasattr(type(app), "_get_current_object"):  # a proxy, such as celery.current_app
        app = app._get_current_object()  # noqa: SLF001 - Celery's own name for it
    tasks = TaskSignals(app, client, capture_exceptions, propagate_context, tags)
    previous = vars(app).get(_KEY)
    if isinstance(previous, TaskSignals):
        previous.disconnect()
    # The application must keep the receivers alive, because signals reference them weakly.
    vars(app)[_KEY] = tasks
    tasks.connect()


def safely(receiver: Callable[..., None]) -> Callable[..., None]:
    """Log what a receiver raises, so that no task fails because of it."""

    @functools.wraps(receiver)
    def called(*args: Any, **kwargs: Any) -> None:
        try:
            receiver(*args, **kwargs)
        except Exception:  # noqa: BLE001 - an application's object may raise anything
            _log.exception("Could not follow a Celery task")

    return called


class TaskSignals:
    """The receivers of Celery's signals for the tasks of an application; of all, if ``app`` is None."""

    def __init__(
        self,
        app: Any,
        client: ReportingClient,
        capture_exceptions: bool,
        propagate_context: bool,
        tags: Tags | None,
    ) -> None:
        self._app = app
        self._client = client
        self._tags = tags
        self._propagates = propagate_context
        self._report = (
            ExceptionReporter(client, source=_SOURCE, mechanism_type="task", place=Place.TASK)
            if capture_exceptions
            else None
        )

    def connect(self) -> None:
        """Receive the signals from now on."""
        for signal, receiver in self.receivers():
            signal.connect(receiver, dispatch_uid=self._uid(receiver))

    def disconnect(self) -> None:
        """Receive no signal any more."""
        for signal, receiver in self.receivers():
            signal.disconnect(receiver, dispatch_uid=self._uid(receiver))

    def _uid(self, receiver: Callable[..., None]) -> str:
        """Return a name for a receiver: before 5.7, Celery takes methods with reused ids for the same."""
        return f"flagengine.{receiver.__name__}.{id(self)}"

    def receivers(self) -> tuple[tuple[Any, Callable[..., None]], ...]:
        """Return the signals with their receivers."""
        from celery import signals  # noqa: PLC0415 - Celery is optional

        return (
            (signals.before_task_publish, self.published),
            (signals.task_prerun, self.begun),
            (signals.task_failure, self.failed),
            (signals.task_internal_error, self.escaped),
            (signals.task_postrun, self.ended),
            (signals.worker_process_shutdown, self.process_ended),
        )

    @safely
    def published(self, headers: Any = None, **_: Any) -> None:
        """Add the active context to a message, of any app; the application's headers win."""
        if self._propagates and isinstance(headers, dict):
            for name, value in to_headers().items():
                headers.setdefault(name, value)

    @safely
    def begun(self, task: Any = None, **_: Any) -> None:
        """Enter the context of a task."""
        if not self._is_ours(task):
            return
        request = task.request
        is_here = bool(getattr(request, "is_eager", False))
        sent = {} if is_here else from_task_headers(_headers(request))
        scope = self._client.context(
            distinct_id=sent.get("distinct_id"),
            session_id=sent.get("session_id"),
            # A task that publishes another one sends its own facts with its context.
            properties={**sent.get("properties", {}), **_facts(task), **self._tags_of(task)},
            # An eager task runs in the context of its caller.
            fresh=not is_here,
            capture_exceptions=False,
        )
        scope.__enter__()
        vars(request)[_SCOPE] = scope

    @safely
    def failed(self, sender: Any = None, exception: BaseException | None = None, **_: Any) -> None:
        """Report the failure of a task, which has no context if its process was lost."""
        if self._report is None or exception is None or not self._is_ours(sender):
            return
        if _SCOPE in vars(sender.request):
            # For the result, Celery replaces an exception that cannot be pickled.
            self._report_failure(sender, sys.exc_info()[1] or exception)
        else:
            with context(fresh=True, properties=_facts(sender)):
                self._report_failure(sender, exception)

    @safely
    def escaped(self, request: Any = None, **failure: Any) -> None:
        """Report what escapes from Celery; but the caller of an eager task has the exception."""
        if not (isinstance(request, Mapping) and request.get("is_eager")):
            self.failed(**failure)

    def _report_failure(self, task: Any, error: BaseException) -> None:
        expected = tuple(getattr(task, "throws", None) or ())
        if self._report is not None and not isinstance(error, expected):
            self._report(error)

    @safely
    def ended(self, task: Any = None, **_: Any) -> None:
        """Leave the context of a task."""
        scope = vars(task.request).pop(_SCOPE, None)
        if scope is not None:
            scope.__exit__(None, None, None)

    @safely
    def process_ended(self, **_: Any) -> None:
        """Deliver what is queued: a child of the prefork pool ends without exit hooks."""
        flush = getattr(self._client, "flush", None)
        if flush is not None:
            without_awaitable("wrap_celery.client.flush()", flush(timeout=_LAST_FLUSH))

    def _is_ours(self, task: Any) -> bool:
        if task is None or self._app is None:
            return task is not None
        return getattr(task, "app", None) is self._app

    def _tags_of(self, task: Any) -> Mapping[str, Any]:
        if self._tags is None:
            return {}
        try:
            tags = without_awaitable("wrap_celery.tags", self._tags(task))
            return dict(tags or {})
        except Exception:  # noqa: BLE001 - the application's code
            _log.exception("A callback for the task raised (wrap_celery.tags)")
            return {}


def _facts(task: Any) -> dict[str, Any]:
    request = task.request
    facts = {
        "celery_task_id": request.id,
        "celery_task_name": task.name,
        "celery_retry_count": request.retries,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _headers(request: Any) -> dict[str, Any]:
    """Return our headers of a message: among its own, or in the dict of those that were added."""
    added = getattr(request, "headers", None)
    found = {**vars(request), **(added if isinstance(added, dict) else {})}
    return {name: found[name] for name in (DISTINCT_ID, SESSION_ID, CONTEXT_TAGS) if name in found}
