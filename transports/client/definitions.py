"""The methods for flag definitions: check, await, reload them, and react to changes."""

from __future__ import annotations

from collections.abc import Callable

from ..polling.health import Health, StalenessBudget, assess
from ..polling.store import DefinitionsChanged
from ..steps import Call, Steps
from .components import NO_DEFINITIONS, Components, HasComponents
from .listeners import FLAGS_LOADED
from .verbs import guarded, guarded_steps, nothing

__all__ = [
    "definitions_health",
    "is_local_evaluation_ready",
    "on_change",
    "reload_feature_flags",
    "wait_for_local_evaluation_ready",
]

WAIT_TIMEOUT = 30.0
RELOAD_TIMEOUT = 10.0


def _no() -> bool:
    return False


def _no_health() -> Health:
    return assess(NO_DEFINITIONS, StalenessBudget(), now=0.0)


@guarded(_no)
def is_local_evaluation_ready(client: HasComponents) -> bool:
    """Return whether at least one flag definition is loaded; False without a source of definitions.

    The first call starts loading.
    """
    return client.components.published.is_ready


@guarded_steps(_no)
def wait_for_local_evaluation_ready(
    client: HasComponents, timeout: float | None = WAIT_TIMEOUT
) -> Steps[bool]:
    """Wait for definitions, for at most ``timeout`` seconds; return whether flags are loaded.

    Without a source of definitions, return False at once.
    """
    loader = client.components.loader
    if loader is None:
        return False
    ready: bool = yield Call(loader.wait_until_ready, (timeout,))
    return ready


@guarded_steps(nothing)
def reload_feature_flags(client: HasComponents, timeout: float = RELOAD_TIMEOUT) -> Steps[None]:
    """Load the definitions now, or join a load in progress. ``definitions_health`` has the outcome.

    Do nothing without a source, and while the server has asked for a pause.
    """
    loader = client.components.loader
    if loader is not None and not client.components.status.is_closed:
        yield Call(loader.reload, (timeout,))


@guarded(_no_health)
def definitions_health(client: HasComponents) -> Health:
    """Return the age of the definitions and the last error, for a dashboard or a probe."""
    loader = client.components.loader
    return _no_health() if loader is None else loader.health()


def on_change(components: Components) -> Callable[[DefinitionsChanged], None]:
    """Return the listener that clears the caches of answers from older definitions."""

    def changed(change: DefinitionsChanged) -> None:
        components.evaluator.forget()
        components.tracker.clear()
        if not change.is_cleared:
            components.listeners.notify(FLAGS_LOADED, change.current.flag_count)

    return changed
