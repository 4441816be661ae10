"""The stream that tells the page what has changed: definitions, their health, forced values."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from flagengine import Snapshot

from ...json_text import to_json
from ..changes import Changes
from ..project import Project

__all__ = ["news", "state_of"]

_SIGN_OF_LIFE: Final = 15
_MOST_NAMED: Final = 200
_NOTHING: Final = Snapshot.parse({"flags": []})


def state_of(project: Project) -> dict[str, Any]:
    """Return what a page must know to say whether it shows what is in use."""
    health = project.health()
    error = health.last_error
    return {
        "version": health.fingerprint,
        "flags": health.flag_count,
        "freshness": str(health.freshness),
        "loaded_at": health.loaded_at,
        "failures": health.consecutive_failures,
        "error": None if error is None else error.message,
        "forced": project.forced.current.to_dict()["flags"],
    }


async def news(
    project: Project, changes: Changes, *, look_every: float = 1.0
) -> AsyncIterator[bytes]:
    """Yield the state at once and whenever it changes, as server-sent events, until the server stops.

    Failed loads wake nobody, so this looks every ``look_every`` seconds.
    """
    seen, snapshot, quiet = None, _snapshot(project), 0
    with changes.watched() as changed:
        while not changes.is_closed:
            state, current = state_of(project), _snapshot(project)
            if _without_count(state) != seen:
                named = _changed(snapshot, current)
                seen, snapshot, quiet = _without_count(state), current, 0
                yield b"data: %b\n\n" % to_json({**state, "changed": named})
            elif quiet >= _SIGN_OF_LIFE:
                quiet = 0
                yield b": still here\n\n"
            changed.clear()
            try:
                await asyncio.wait_for(changed.wait(), look_every)
            except TimeoutError:
                quiet += 1


def _snapshot(project: Project) -> Snapshot:
    return project.loader.store.current.snapshot or _NOTHING


def _without_count(state: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in state.items() if name != "failures"}


def _changed(before: Snapshot, after: Snapshot) -> list[str]:
    if before is after:
        return []
    return sorted(after.changed_keys(before, versions=False))[:_MOST_NAMED]
