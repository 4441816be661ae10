"""Flush, shutdown, and what the client says about itself.

At exit what is queued gets one second, all clients together. A SIGTERM that nobody handles ends
Python without that: handle it, and call ``shutdown()``.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from ..batching.counters import Counters
from ..steps import Call, Steps
from .components import Components, HasComponents
from .verbs import guarded, guarded_steps, nothing

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

logger = logging.getLogger("flagengine.client")

SHUTDOWN_TIMEOUT = 30.0
# Ours: of what is left of the shutdown's time; the cache's turn ends by itself.
_LOADER_TIMEOUT = 1.0


def _no() -> bool:
    return False


@guarded_steps(_no)
def flush(client: HasComponents, timeout: float | None = None) -> Steps[bool]:
    """Try to send everything that is queued now, once; whether nothing of it is left.

    What failed for a reason that may pass stays queued and is sent again in the background.
    """
    pipeline = client.components.pipeline
    done: bool = yield Call(lambda: pipeline.flush(timeout))
    return done


@guarded_steps(_no)
def shutdown(
    client: HasComponents, timeout: float = SHUTDOWN_TIMEOUT, *, discard: bool = False
) -> Steps[bool]:
    """Take no more events, deliver the rest within ``timeout``, stop; whether all went out.

    Flags are then answered from what is loaded. A second call waits for the first one; from inside a
    callback of ours it only starts the work. ``discard`` drops what is queued.
    """
    done: bool = yield Call(lambda: shut_down(client.components, timeout, discard=discard))
    return done


def shut_down(components: Components, timeout: float, *, discard: bool) -> bool:
    """Do what ``shutdown`` says, in the calling thread."""
    components.status.close()
    if components.pipeline.is_worker():
        # Waiting here would be waiting for ourselves.
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
        components.loader.shutdown(max(_LOADER_TIMEOUT, until - time.monotonic()))
    components.tracker.clear()
    components.close_transport()
    return is_drained


@guarded(lambda: 0)
def tick(client: HasComponents) -> int:
    """Send and load what is due, in the calling thread; how many batches were sent.

    For clients with a ``ManualDriver``, which have no workers.
    """
    loader = client.components.loader
    if loader is not None and loader.is_manual and not client.components.status.is_closed:
        loader.tick()
    return client.components.pipeline.tick()


@guarded(lambda: 0)
def pending_count(client: HasComponents) -> int:
    """How many events are neither delivered nor given up."""
    return client.components.pipeline.pending_count()


@guarded(nothing)
def counters(client: HasComponents) -> Counters | None:
    """What became of the events so far, all counted at one moment."""
    return client.components.pipeline.counters()


def _unsubscribed() -> Callable[[], None]:
    return nothing


@guarded(_unsubscribed)
def on(client: HasComponents, event: str, callback: Callable[..., Any]) -> Callable[[], None]:
    """Call ``callback(payload)`` whenever ``event`` happens; what is returned ends that.

    ``error``: an exception. ``flush``: the events that arrived. ``local_evaluation_flags_loaded``:
    how many flags. ``capture``, ``identify``, ``alias``, ``group_identify``: the event that was
    queued. ``*``: all of them, as ``callback(event, payload)``. Callbacks run where it happens.
    """
    return client.components.listeners.on(event, callback)


_handler: list[logging.Handler] = []


@guarded(nothing)
def debug(client: HasComponents, enabled: bool = True) -> None:  # noqa: ARG001, FBT002 - as in the reference
    """Log what happens, or no longer. For all clients of the process: logging is the process's."""
    package = logging.getLogger("flagengine")
    package.setLevel(logging.DEBUG if enabled else logging.NOTSET)
    if enabled and not _handler and not logging.getLogger().handlers:
        _handler.append(logging.StreamHandler())
        package.addHandler(_handler[0])
    elif not enabled and _handler:
        package.removeHandler(_handler.pop())


@guarded(str)
def get_library_id(client: HasComponents) -> str:
    """Return what events say as ``$lib``."""
    return client.components.options.lib_name


@guarded(str)
def get_library_version(client: HasComponents) -> str:
    """Return this package's version, which events say as ``$lib_version``."""
    return client.components.version


@guarded(str)
def get_custom_user_agent(client: HasComponents) -> str:
    """Return the User-Agent of our requests."""
    return client.components.user_agent
