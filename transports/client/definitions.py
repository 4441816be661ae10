"""The methods for flag definitions: check, await, reload and read them, and react to changes."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from flagengine import Snapshot

from ..option_values.quantities import read_timeout
from ..polling.health import Health, StalenessBudget, assess
from ..polling.store import DefinitionsChanged, Published
from ..steps import Call, Steps
from .components import NO_DEFINITIONS, Components, HasComponents
from .listeners import FLAGS_LOADED
from .verbs import guarded, guarded_steps, nothing

__all__ = [
    "FeatureFlagEvaluationRuntime",
    "FlagsLoaded",
    "definitions_health",
    "feature_flag_definitions",
    "get_feature_flag_evaluation_runtime",
    "get_feature_flag_keys_by_evaluation_runtime",
    "is_local_evaluation_ready",
    "on_change",
    "reload_feature_flags",
    "wait_for_local_evaluation_ready",
]

WAIT_TIMEOUT = 30.0
RELOAD_TIMEOUT = 10.0


class FeatureFlagEvaluationRuntime(StrEnum):
    """Where a flag is meant to be evaluated; ``ALL`` suits both runtimes."""

    ALL = "all"
    CLIENT = "client"
    SERVER = "server"

    def matches(self, other: FeatureFlagEvaluationRuntime) -> bool:
        """Return whether a flag of one of these runtimes suits the other."""
        return self is other or FeatureFlagEvaluationRuntime.ALL in (self, other)


class FlagsLoaded(int):
    """The payload of ``local_evaluation_flags_loaded``: the number of flags, which other SDKs pass.

    Attributes:
        changed_keys: the keys of the flags that may answer differently than before, also of new and
            removed flags, and of flags that depend on them; all keys after the first load.
    """

    changed_keys: frozenset[str]

    @classmethod
    def of(cls, change: DefinitionsChanged) -> FlagsLoaded:
        """Return the payload for a change."""
        loaded = cls(change.current.flag_count)
        loaded.changed_keys = change.changed_keys
        return loaded

    def __repr__(self) -> str:
        return f"<FlagsLoaded: {int(self)} flags, {len(self.changed_keys)} changed>"


def _no() -> bool:
    return False


def _no_health() -> Health:
    return assess(NO_DEFINITIONS, StalenessBudget(), now=0.0, has_source=False)


@guarded(_no)
def is_local_evaluation_ready(client: HasComponents) -> bool:
    """Return whether at least one flag definition is loaded; False without a source of definitions.

    The first call starts loading.
    """
    return _published(client.components).is_ready


@guarded_steps(_no)
def wait_for_local_evaluation_ready(
    client: HasComponents, timeout: float | None = WAIT_TIMEOUT
) -> Steps[bool]:
    """Wait for definitions, for at most ``timeout`` seconds; return whether flags are loaded.

    Without a source of definitions, return False at once; also when definitions without flags arrive.
    ``timeout`` is read as in ``flush``.
    """
    limit = read_timeout(timeout)
    loader = client.components.loader
    if loader is None or not client.components.status.is_usable:
        return False
    ready: bool = yield Call(loader.wait_until_ready, (limit,))
    return ready


@guarded_steps(nothing)
def reload_feature_flags(
    client: HasComponents, timeout: float | None = RELOAD_TIMEOUT
) -> Steps[None]:
    """Load the definitions now, or join a load in progress. ``definitions_health`` has the outcome.

    Do nothing without a source, and while the server has asked for a pause. ``timeout`` is read as in
    ``flush``.
    """
    limit = read_timeout(timeout)
    loader, status = client.components.loader, client.components.status
    if loader is not None and status.is_usable and not status.is_closed:
        yield Call(loader.reload, (limit,))


@guarded(_no_health)
def definitions_health(client: HasComponents) -> Health:
    """Return the age of the definitions and the last error, for a dashboard or a probe."""
    loader = client.components.loader
    return _no_health() if loader is None else loader.health()


@guarded(nothing)
def feature_flag_definitions(client: HasComponents) -> list[dict[str, Any]] | None:
    """Return the loaded definitions of the flags, as the server sent them; None before any are loaded.

    The first call starts loading. The list is a copy, made at each call.
    """
    snapshot = _published(client.components).snapshot
    return None if snapshot is None else list(snapshot.to_document()["flags"])


@guarded(nothing)
def get_feature_flag_evaluation_runtime(
    client: HasComponents, key: str
) -> FeatureFlagEvaluationRuntime | None:
    """Return where a loaded flag is meant to be evaluated; None if no such flag is loaded.

    A flag that does not say has ``FeatureFlagEvaluationRuntime.ALL``.
    """
    snapshot = _published(client.components).snapshot
    flag = None if snapshot is None else snapshot.flags.get(key)
    return None if flag is None else FeatureFlagEvaluationRuntime(flag.evaluation_runtime)


@guarded(list)
def get_feature_flag_keys_by_evaluation_runtime(
    client: HasComponents, evaluation_runtime: FeatureFlagEvaluationRuntime | str
) -> list[str]:
    """Return the keys of the loaded flags that suit a runtime, in the order of the definitions.

    ``all`` returns every loaded flag. Log an unknown runtime, and return an empty list.
    """
    wanted = FeatureFlagEvaluationRuntime(evaluation_runtime)
    snapshot = _published(client.components).snapshot
    if snapshot is None:
        return []
    return [
        key
        for key, flag in snapshot.flags.items()
        if FeatureFlagEvaluationRuntime(flag.evaluation_runtime).matches(wanted)
    ]


def _published(components: Components) -> Published:
    """Return the definitions in use; none, without loading any, while the client is disabled."""
    return components.published if components.status.is_usable else NO_DEFINITIONS


def on_change(components: Components) -> Callable[[DefinitionsChanged], None]:
    """Return the listener that forgets what is known of changed flags, and notifies listeners.

    The first definitions change no flag, nor does taking definitions out of use: the next ones are
    compared with those that were last in use.
    """
    last: list[Snapshot] = []

    def changed(change: DefinitionsChanged) -> None:
        snapshot = change.current.snapshot
        if snapshot is None:
            return
        if last:
            # A version that was counted up is not worth another event.
            keys = snapshot.changed_keys(last.pop(), versions=False)
            components.evaluator.flags_changed(keys)
            components.tracker.flags_changed(keys)
        last.append(snapshot)
        components.listeners.notify(FLAGS_LOADED, FlagsLoaded.of(change))

    return changed
