"""Telling of reads of flags, to the listeners of ``flag_evaluated`` and to the scopes of tests.

Without them nothing here runs: the quick way of reading stays, and the full way asks once.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from ..flags.evaluated import FlagEvaluated, WatchedEvaluations, origin_of
from ..flags.evaluations import FlagEvaluations
from ..flags.local import EvaluatedFlags
from ..flags.query import FlagQuery
from ..flags.reading import reading_of
from ..flags.scopes import watchers_here
from .components import Components

__all__ = ["tell_of_read", "tell_of_reads", "watched"]


def tell_of_read(
    components: Components, query: FlagQuery | None, key: str, found: EvaluatedFlags
) -> None:
    """Tell all who want to know of a read; ``query`` is None if there was nobody to evaluate for."""
    who = query or FlagQuery("")
    evaluated = FlagEvaluated(
        reading_of(key, found), who.distinct_id, who.groups, who.device_id, origin_of(key, found)
    )
    components.listeners.notify_evaluated(evaluated)
    watchers = watchers_here()
    if watchers:
        snapshot = components.published.snapshot
        known = () if snapshot is None else snapshot.keys
        for watch in watchers:
            watch(evaluated, known)


def tell_of_reads(
    components: Components, query: FlagQuery | None, keys: Iterable[str], found: EvaluatedFlags
) -> None:
    """Tell of a read of each key."""
    if components.are_reads_watched:
        for key in keys:
            tell_of_read(components, query, key, found)


def watched(
    components: Components, query: FlagQuery, evaluations: FlagEvaluations
) -> FlagEvaluations:
    """Return the result of ``evaluate_flags`` in a form that tells of its reads, if anybody wants to know."""
    if not components.are_reads_watched:
        return evaluations
    tell = partial(tell_of_read, components, query)
    return WatchedEvaluations.watched_by(tell, evaluations)
