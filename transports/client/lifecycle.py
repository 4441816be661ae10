"""The methods for flush, shutdown, and information about the client.

At exit all clients together have one second to deliver queued events. An unhandled SIGTERM ends
Python without that second, so handle SIGTERM and call ``shutdown()``. README.md has the rest of the
life of a process.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Literal, overload

from ..batching.counters import Counters
from ..errors import TransportError
from ..option_values.quantities import read_timeout
from ..steps import Call, Steps
from .components import Components, HasComponents
from .definitions import FlagsLoaded
from .options import EventMessage
from .verbs import guarded, guarded_steps, nothing, unguarded

__all__ = [
    "counters",
    "debug",
    "flush",
    "get_custom_user_agent",
    "get_library_id",
    "get_library_version",
    "on",
    "pending_count",
    "shutdown",
    "tick",
]

logger: logging.Logger = logging.getLogger("flagengine.client")

SHUTDOWN_TIMEOUT = 30.0
# Seconds that the loader always gets, even if the pipeline has used up the timeout.
_LOADER_TIMEOUT = 1.0


def _no() -> bool:
    return False


@guarded_steps(_no)
def flush(client: HasComponents, timeout: float | None = None) -> Steps[bool]:
    """Try once to send all queued events; return whether all went well.

    That is: none of these events is left, and no event was lost since the last flush, for whatever
    reason. Before that, ``on_error`` has been told of each loss, unless it takes more than five seconds.
    Flushes at the same time all answer for the same losses. After a temporary failure the events stay
    queued and are retried in the background.

    ``timeout`` is read as by each method here: a number of seconds, also as text, or a ``timedelta``;
    None: no limit. A negative time counts as 0. With anything else, the method logs an error and does
    nothing.
    """
    limit = read_timeout(timeout)
    pipeline = client.components.pipeline
    done: bool = yield Call(lambda: pipeline.flush(limit))
    return done


@guarded_steps(_no)
def shutdown(
    client: HasComponents, timeout: float | None = SHUTDOWN_TIMEOUT, *, discard: bool = False
) -> Steps[bool]:
    """Refuse new events, deliver queued events within ``timeout``; return whether all were delivered.

    It is also False if an event was lost since the last flush. ``on_error`` has been told of the losses,
    unless it takes more than a second. After that, flags are evaluated with the definitions that are
    already loaded. A second call waits for the first. A call inside a callback of the client only starts
    the shutdown. With ``discard``, drop the queued events. ``timeout`` is read as in ``flush``.
    """
    limit = read_timeout(timeout)
    done: bool = yield Call(lambda: shut_down(client.components, limit, discard=discard))
    return done


def shut_down(components: Components, timeout: float, *, discard: bool) -> bool:
    """Shut down as ``shutdown`` describes, in the calling thread."""
    components.status.close()
    if components.pipeline.is_worker():
        # A worker must not wait for itself.
        threading.Thread(
            target=shut_down,
            args=(components, timeout),
            kwargs={"discard": discard},
            name="flagengine-shutdown",
            daemon=True,
        ).start()
        return False
    until = time.monotonic() + timeout
    components.exceptions.uninstall()
    is_drained = components.pipeline.shutdown(timeout, discard=discard)
    if components.loader is not None:
        left = min(until - time.monotonic(), SHUTDOWN_TIMEOUT)
        components.loader.shutdown(max(_LOADER_TIMEOUT, left))
    components.forget_reads()
    components.close_transport()
    return is_drained


@guarded(lambda: 0)
def tick(client: HasComponents) -> int:
    """Send due batches and load definitions if a load is due; return the number of batches sent.

    Clients with a ``ManualDriver`` need this, because they have no workers.
    """
    loader, status = client.components.loader, client.components.status
    if loader is not None and loader.is_manual and status.is_usable and not status.is_closed:
        loader.tick()
    return client.components.pipeline.tick()


@guarded(lambda: 0)
def pending_count(client: HasComponents) -> int:
    """Return the number of accepted events that are neither delivered nor dropped."""
    return client.components.pipeline.pending_count()


@guarded(nothing)
def counters(client: HasComponents) -> Counters | None:
    """Return consistent counts of the events so far, by outcome."""
    return client.components.pipeline.counters()


@overload
def on(
    client: HasComponents, event: Literal["error"], callback: Callable[[TransportError], object]
) -> Callable[[], None]: ...
@overload
def on(
    client: HasComponents,
    event: Literal["flush"],
    callback: Callable[[list[EventMessage]], object],
) -> Callable[[], None]: ...
@overload
def on(
    client: HasComponents,
    event: Literal["local_evaluation_flags_loaded", "localEvaluationFlagsLoaded"],
    callback: Callable[[FlagsLoaded], object],
) -> Callable[[], None]: ...
@overload
def on(
    client: HasComponents,
    event: Literal["definitions_recovered"],
    callback: Callable[[None], object],
) -> Callable[[], None]: ...
@overload
def on(
    client: HasComponents,
    event: Literal["capture", "identify", "alias", "group_identify", "groupIdentify"],
    callback: Callable[[EventMessage], object],
) -> Callable[[], None]: ...
@overload
def on(
    client: HasComponents, event: Literal["*"], callback: Callable[[str, Any], object]
) -> Callable[[], None]: ...
@unguarded
def on(client: HasComponents, event: str, callback: Callable[..., Any]) -> Callable[[], None]:
    """Call ``callback(payload)`` whenever ``event`` happens; return a function that unsubscribes.

    The payload of ``error`` is an exception, that of ``flush`` the delivered events, that of
    ``local_evaluation_flags_loaded`` the number of flags, with the keys of the changed flags as its
    attribute ``changed_keys``, and that of ``capture``, ``identify``, ``alias`` and
    ``group_identify`` the queued event. Definitions that equal those in use are not announced.
    ``definitions_recovered``, with None, is the first successful load after failed loads, of which
    ``error`` reports each. ``flag_evaluated``, with a `FlagEvaluated`, is every read of a flag by its key:
    by a getter, from the result of ``evaluate_flags`` (made since), or in ``flag_keys`` of
    ``get_all_flags``. While it has callbacks, reads take the full way, some ten times as long. For
    ``*``, call ``callback(event, payload)`` for all but ``flag_evaluated``. Callbacks run
    on the thread on which the event happens. On an AsyncClient they may be ``async def``, if they are
    given on a running event loop, on which they then run.

    Raises:
        TypeError: the callback cannot be called, or is ``async def`` and nobody would await it.
    """
    if not callable(callback):
        msg = f"on() must get a function as callback, got {type(callback).__name__}"
        raise TypeError(msg)
    return client.components.listeners.on(event, callback)


_handler: list[logging.Handler] = []
# The level that the application had chosen, while debug logging is on.
_levels: list[int] = []


@guarded(nothing)
def debug(client: HasComponents, enabled: bool = True) -> None:  # noqa: ARG001, FBT002 - as in posthog-python
    """Turn debug logging on or off for all clients of the process."""
    package = logging.getLogger("flagengine")
    if enabled:
        _levels.append(package.level)
        package.setLevel(logging.DEBUG)
    elif _levels:
        if package.level == logging.DEBUG:  # the application has not chosen another one since
            package.setLevel(_levels[0])
        _levels.clear()
    if enabled and not _handler and not logging.getLogger().handlers:
        _handler.append(logging.StreamHandler())
        package.addHandler(_handler[0])
    elif not enabled and _handler:
        package.removeHandler(_handler.pop())


@guarded(str)
def get_library_id(client: HasComponents) -> str:
    """Return the events' ``$lib``."""
    return client.components.options.lib_name


@guarded(str)
def get_library_version(client: HasComponents) -> str:
    """Return this package's version, the events' ``$lib_version``."""
    return client.components.version


@guarded(str)
def get_custom_user_agent(client: HasComponents) -> str:
    """Return the User-Agent of the client's requests."""
    return client.components.user_agent
