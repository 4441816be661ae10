"""The flags that may answer differently under one snapshot than under another.

A flag has changed if the content of its own definition differs, if a cohort, flag or group type that
it refers to, directly or through others, has changed, or if a setting that all flags share differs
(SPEC R1.8). In doubt a flag counts as changed: a caller that forgets too much loses a cache entry, a
caller that forgets too little keeps a wrong answer.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from enum import IntEnum
from typing import Final

from flagengine.definitions.index import Index
from flagengine.definitions.model import Cohort, Filter, Flag
from flagengine.definitions.parsing import configuration_of, parse_row
from flagengine.inputs.overrides import Overrides
from flagengine.plan.cohort_facts import leaves
from flagengine.plan.cohort_ids import named_cohort
from flagengine.plan.content import FlagContent, cohort_content, flag_content, written
from flagengine.values.record import Record

__all__ = ["Compared", "changed_keys"]

_Name = tuple[str, str]
"""A flag by its key or a cohort by its id: ``("flag", "beta")``, ``("cohort", "7")``."""

_NONE: Final = object()
_INDEX: Final = "group_type_index"


class Compared(Record):
    """The parts of a snapshot that are compared; ``flag`` and ``cohort`` look a definition up."""

    index: Index
    overrides: Overrides
    flag: Callable[[str], Flag | None]
    cohort: Callable[[str], Cohort | None]

    def content_of_flag(self, key: str, versions: bool) -> FlagContent:
        """Return the content of a flag."""
        flag = self.flag(key)
        assert flag is not None  # its source is in the index
        configuration = configuration_of(self.index.flags[key])
        return flag_content(flag, configuration, self.index.hash_algorithm, versions=versions)

    def content_of_row(self, key: str, versions: bool) -> FlagContent:
        """Return the content of a flag besides its configuration, which takes longer to read."""
        row = parse_row(key, self.index.flags[key])
        return flag_content(row, None, self.index.hash_algorithm, versions=versions)

    def content_of_cohort(self, cohort_id: str) -> str | None:
        """Return the content of a cohort; None if there is no such cohort."""
        cohort = self.cohort(cohort_id)
        if cohort is None:
            return None
        return cohort_content(cohort, self.index.cohorts[cohort_id])


class _Change(IntEnum):
    """What of a flag has changed: with its value, the flags that depend on it have changed too."""

    NONE = 0
    REST = 1
    VALUE = 2


def changed_keys(old: Compared, new: Compared, *, versions: bool = True) -> frozenset[str]:
    """Return the keys of flags that may answer differently, new and removed flags included.

    Without ``versions``, leave out flags of which only the version differs.
    """
    keys = {*_flag_keys(old), *_flag_keys(new)}
    if _shared(old.index) != _shared(new.index):
        return frozenset(keys)
    changes = {key: _change(key, old, new, versions) for key in keys | _deleted(old, new)}
    touched = {("flag", key) for key, change in changes.items() if change is _Change.VALUE}
    touched.update(_touched_cohorts(old, new), _touched_by_groups(old.index, new.index))
    if touched:
        _spread(touched, new)
    return frozenset(key for key in keys if changes[key] or ("flag", key) in touched)


def _flag_keys(snapshot: Compared) -> Iterable[str]:
    return [*snapshot.index.flags, *snapshot.overrides.flags]


def _shared(index: Index) -> tuple[object, ...]:
    """Return the settings that the meaning of every flag may depend on."""
    return index.matching_version, index.hash_algorithm


def _deleted(old: Compared, new: Compared) -> set[str]:
    return old.index.deleted | new.index.deleted


def _change(key: str, old: Compared, new: Compared, versions: bool) -> _Change:
    if _facts(key, old) != _facts(key, new):
        return _Change.VALUE
    before, after = old.index.flags.get(key), new.index.flags.get(key)
    lost_alike = old.index.lost.get(key) == new.index.lost.get(key)
    if lost_alike and _is_same(before, after):
        return _Change.NONE
    if before is None or after is None or key in new.index.duplicates:
        return _Change.VALUE
    read = Compared.content_of_flag
    if lost_alike and _is_same(configuration_of(before), configuration_of(after)):
        # The server notes in the rest when a flag was called, maybe in every flag at every load.
        read = Compared.content_of_row
    first, second = read(old, key, versions), read(new, key, versions)
    if first.value != second.value:
        return _Change.VALUE
    return _Change.NONE if first.rest == second.rest else _Change.REST


def _facts(key: str, snapshot: Compared) -> tuple[object, ...]:
    """Return everything besides its definition that decides a flag's answers."""
    index, overrides = snapshot.index, snapshot.overrides
    is_replaced, value = key in overrides.flags, overrides.flags.get(key)
    return (
        key in index.duplicates,
        key in index.deleted,
        (is_replaced, type(value), value),
        overrides.payloads.get(key),
    )


def _touched_cohorts(old: Compared, new: Compared) -> Iterator[_Name]:
    before, after = old.index.cohorts, new.index.cohorts
    for cohort_id in {*before, *after}:
        if _is_same(before.get(cohort_id, _NONE), after.get(cohort_id, _NONE)):
            continue
        if old.content_of_cohort(cohort_id) != new.content_of_cohort(cohort_id):
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


def _is_same(old: object, new: object) -> bool:
    """Tell whether two parts of documents are written alike; most are, so this is fast."""
    return old is new or (old == new and written(old) == written(new))


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
        # A flag that is off answers alike whatever it refers to.
        conditions = flag.conditions if flag and flag.active else ()
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
