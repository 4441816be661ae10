"""The flags that may answer differently under one snapshot than under another.

A flag has changed if its own definition differs, if a cohort, flag or group type that it refers to,
directly or through others, has changed, or if a setting that all flags share differs. What only
describes a flag to people is no change, nor is the order of flags. In doubt a flag counts as changed:
a caller that forgets too much loses a cache entry, a caller that forgets too little keeps a wrong
answer.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from flagengine.definitions.index import Index
from flagengine.definitions.model import Cohort, Filter, Flag
from flagengine.inputs.overrides import Overrides
from flagengine.plan.cohort_facts import leaves
from flagengine.plan.cohort_ids import named_cohort
from flagengine.values.record import Record

__all__ = ["Compared", "changed_keys"]

_Name = tuple[str, str]
"""A flag by its key or a cohort by its id: ``("flag", "beta")``, ``("cohort", "7")``."""


# No answer depends on these members of a flag.
_DESCRIPTIONS: Final = frozenset({"name", "team_id"})
# An answer has the version as its metadata only.
_METADATA: Final = frozenset({"version"})
_INDEX: Final = "group_type_index"


class Compared(Record):
    """The parts of a snapshot that are compared; ``flag`` and ``cohort`` look a definition up."""

    index: Index
    overrides: Overrides
    flag: Callable[[str], Flag | None]
    cohort: Callable[[str], Cohort | None]


def changed_keys(old: Compared, new: Compared, *, versions: bool = True) -> frozenset[str]:
    """Return the keys of flags that may answer differently, new and removed flags included.

    Without ``versions``, leave out flags of which only the version differs.
    """
    keys = {*_flag_keys(old), *_flag_keys(new)}
    if _shared(old.index) != _shared(new.index):
        return frozenset(keys)
    ignored = _DESCRIPTIONS if versions else _DESCRIPTIONS | _METADATA
    touched = {*_touched_flags(old, new, ignored), *_touched_cohorts(old.index, new.index)}
    touched.update(_touched_by_groups(old.index, new.index))
    if touched:
        _spread(touched, new)
    return frozenset(key for key in keys if ("flag", key) in touched)


def _flag_keys(snapshot: Compared) -> Iterable[str]:
    return [*snapshot.index.flags, *snapshot.overrides.flags]


def _shared(index: Index) -> tuple[object, ...]:
    """Return the settings that the meaning of every flag may depend on."""
    return index.matching_version, index.hash_algorithm


def _touched_flags(old: Compared, new: Compared, ignored: AbstractSet[str]) -> Iterator[_Name]:
    for key in {*_flag_keys(old), *_flag_keys(new), *old.index.deleted, *new.index.deleted}:
        if _facts(key, old) != _facts(key, new) or _differ(
            _without(old.index.flags.get(key), ignored), _without(new.index.flags.get(key), ignored)
        ):
            yield "flag", key


def _without(definition: object, ignored: AbstractSet[str]) -> object:
    if not isinstance(definition, Mapping):
        return definition
    return {name: member for name, member in definition.items() if name not in ignored}


def _facts(key: str, snapshot: Compared) -> tuple[object, ...]:
    """Return everything besides its definition that decides a flag's answers."""
    index, overrides = snapshot.index, snapshot.overrides
    is_replaced, value = key in overrides.flags, overrides.flags.get(key)
    return (
        key in index.duplicates,
        key in index.deleted,
        index.lost.get(key),
        (is_replaced, type(value), value),
        overrides.payloads.get(key),
    )


def _touched_cohorts(old: Index, new: Index) -> Iterator[_Name]:
    for cohort_id in {*old.cohorts, *new.cohorts}:
        is_in_both = cohort_id in old.cohorts and cohort_id in new.cohorts
        if not is_in_both or _differ(old.cohorts[cohort_id], new.cohorts[cohort_id]):
            yield "cohort", cohort_id


def _touched_by_groups(old: Index, new: Index) -> Iterator[_Name]:
    """Yield the flags and cohorts that name a group type which differs."""
    before, after = old.group_names, new.group_names
    differing = {index for index in {*before, *after} if before.get(index) != after.get(index)}
    if differing:
        for kind, definitions in (("flag", new.flags), ("cohort", new.cohorts)):
            for name, definition in definitions.items():
                if _names_group(definition, differing):
                    yield kind, name


def _names_group(definition: object, indexes: AbstractSet[int]) -> bool:
    waiting = [definition]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, Mapping):
            for name, member in value.items():
                # What is no integer may still be read as one.
                is_given = name.endswith(_INDEX) and member is not None
                if is_given and (not isinstance(member, int) or member in indexes):
                    return True
            waiting += value.values()
    return False


def _differ(old: object, new: object) -> bool:
    """Tell whether two JSON values differ. Python equates 1, 1.0 and True; a flag does not."""
    return old != new or _written(old) != _written(new)


def _written(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _spread(touched: set[_Name], snapshot: Compared) -> None:
    """Add everything that refers to a member of ``touched``, directly or through others.

    The references of one snapshot are enough: a flag or cohort whose references differ between the
    snapshots has a different definition, so it is in ``touched`` already.
    """
    referrers = _referrers(snapshot)
    waiting = list(touched)
    while waiting:
        for name in referrers.get(waiting.pop(), ()):
            if name not in touched:
                touched.add(name)
                waiting.append(name)


def _referrers(snapshot: Compared) -> Mapping[_Name, list[_Name]]:
    found: dict[_Name, list[_Name]] = {}
    for name, filters in _definitions(snapshot):
        for target in {target for leaf in filters for target in _targets(leaf)}:
            found.setdefault(target, []).append(name)
    return found


def _definitions(snapshot: Compared) -> Iterator[tuple[_Name, Iterable[Filter]]]:
    for key in snapshot.index.flags:
        flag = snapshot.flag(key)
        conditions = flag.conditions if flag else ()
        yield ("flag", key), (leaf for condition in conditions for leaf in condition.filters)
    for cohort_id in snapshot.index.cohorts:
        cohort = snapshot.cohort(cohort_id)
        below = leaves(cohort.definition if cohort else None)
        yield ("cohort", cohort_id), (leaf for leaf in below if leaf.type == "cohort")


def _targets(leaf: Filter) -> Iterator[_Name]:
    named = named_cohort(leaf) if leaf.type == "cohort" else None
    if named is not None:
        yield "cohort", named
    elif leaf.type == "flag":
        # The test also depends on whether every flag of the chain exists.
        yield from (("flag", key) for key in (*(leaf.dependency_chain or ()), leaf.key))
