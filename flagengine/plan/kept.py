"""What two documents of a project have in common: the definitions that mean the same in both.

A poll mostly changes few flags. What is kept is decided strictly: a definition that is written in
another way is read again, even if no answer changes (SPEC R1.10).
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from flagengine.definitions.definitions import Definitions
from flagengine.definitions.parsing import ROW_MEMBERS
from flagengine.plan.references import Name, References, references, spread
from flagengine.values.known_json import json_same
from flagengine.values.record import Record

__all__ = ["Kept", "kept"]


class Kept(Record):
    """The names of definitions that were read before and are the same.

    ``own`` may have names that no definition has in either document, and ``whole`` has those in ``own``
    that reach no definition that differs. ``graph`` has what they refer to.
    """

    own: AbstractSet[Name]
    whole: AbstractSet[Name]
    graph: References


def kept(old: Definitions, new: Definitions, planned: list[Name], known: References) -> Kept:
    """Compare the definitions that ``old`` has read, and those that ``planned`` leads to.

    ``known`` has references of ``old`` that were found before.
    """
    before, after = old.index, new.index
    settings = [
        (index.matching_version, index.hash_algorithm, index.group_names)
        for index in (before, after)
    ]
    if settings[0] != settings[1]:
        return Kept(frozenset(), frozenset(), {})
    comparison = _Comparison(old, new)
    graph: dict[Name, tuple[Name, ...]] = {}
    waiting = list(planned)
    while waiting:
        name = waiting.pop()
        if name not in graph:
            graph[name] = targets = known[name] if name in known else references(name, old)
            waiting += targets
    same = {name for name in graph if comparison.is_same(name)}
    touched = graph.keys() - same
    spread(touched, graph)
    same.update(name for name in old.names_read() if name not in graph and comparison.is_same(name))
    return Kept(same, graph.keys() - touched, graph)


class _Comparison:
    """The comparison of definitions by name."""

    def __init__(self, old: Definitions, new: Definitions) -> None:
        self._old = old
        self._new = new

    def is_same(self, name: Name) -> bool:
        is_flag = name[0] == "flag"
        return self._is_same_flag(name[1]) if is_flag else self._is_same_cohort(name[1])

    def _is_same_cohort(self, cohort_id: str) -> bool:
        before, after = self._old.index.cohorts, self._new.index.cohorts
        if cohort_id not in before or cohort_id not in after:
            return cohort_id not in before and cohort_id not in after
        return json_same(after[cohort_id], before[cohort_id])

    def _is_same_flag(self, key: str) -> bool:
        before, after = self._old.index, self._new.index
        if key in before.duplicates or key in after.duplicates:
            return False
        first, second = before.flags.get(key), after.flags.get(key)
        if first is None or second is None:
            return first is second and (key in before.deleted) == (key in after.deleted)
        if (before.lost or after.lost) and before.lost.get(key) != after.lost.get(key):
            return False
        if before.pointers[key] != after.pointers[key]:
            flag = self._old.flag_read(key)
            if flag is not None and flag.issues:  # the issues say where the flag is
                return False
        return json_same(second, first) or json_same(_row(second), _row(first))


def _row(flag: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that are read: the server notes in others when a flag was called."""
    return {name: flag[name] for name in ROW_MEMBERS if name in flag}
