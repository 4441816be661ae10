"""The flags that may answer differently under one snapshot than under another.

A flag has changed if the content of its own definition differs, if a cohort, flag or group type that
it refers to, directly or through others, has changed, or if a setting that all flags share differs
(SPEC R1.8). In doubt a flag counts as changed: a caller that forgets too much loses a cache entry, a
caller that forgets too little keeps a wrong answer.
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from enum import IntEnum
from typing import Final

from flagengine.definitions.definitions import Definitions
from flagengine.definitions.index import Index
from flagengine.definitions.parsing import configuration_of, parse_row
from flagengine.inputs.overrides import Overrides
from flagengine.plan.content import FlagContent, cohort_content, flag_content, written
from flagengine.plan.references import Name, References, references, spread
from flagengine.values.known_json import json_same
from flagengine.values.record import Record

__all__ = ["Compared", "changed_keys", "touched_cohorts"]

_NONE: Final = object()
_INDEX: Final = "group_type_index"


class Compared(Record):
    """The parts of a snapshot that are compared."""

    definitions: Definitions
    overrides: Overrides

    @property
    def index(self) -> Index:
        """The unread definitions."""
        return self.definitions.index

    def content_of_flag(self, key: str, versions: bool) -> FlagContent:
        """Return the content of a flag."""
        flag = self.definitions.flag(key)
        assert flag is not None  # its source is in the index
        configuration = configuration_of(self.index.flags[key])
        return flag_content(flag, configuration, self.index.hash_algorithm, versions=versions)

    def content_of_row(self, key: str, versions: bool) -> FlagContent:
        """Return the content of a flag besides its configuration, which takes longer to read."""
        row = parse_row(key, self.index.flags[key])
        return flag_content(row, None, self.index.hash_algorithm, versions=versions)

    def content_of_cohort(self, cohort_id: str) -> str | None:
        """Return the content of a cohort; None if there is no such cohort."""
        cohort = self.definitions.cohort(cohort_id)
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
    touched: set[Name] = {
        ("flag", key) for key, change in changes.items() if change is _Change.VALUE
    }
    touched.update(touched_cohorts(old, new), _touched_by_groups(old.index, new.index))
    if touched:
        spread(touched, _graph(new))
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


def touched_cohorts(old: Compared, new: Compared) -> Iterator[Name]:
    """Yield the names of the cohorts whose content differs, new and removed cohorts included."""
    before, after = old.index.cohorts, new.index.cohorts
    for cohort_id in {*before, *after}:
        if _is_same(before.get(cohort_id, _NONE), after.get(cohort_id, _NONE)):
            continue
        if old.content_of_cohort(cohort_id) != new.content_of_cohort(cohort_id):
            yield "cohort", cohort_id


def _touched_by_groups(old: Index, new: Index) -> Iterator[Name]:
    """Yield the flags and cohorts that name a group type which differs."""
    before, after = old.group_names, new.group_names
    differing = {index for index in {*before, *after} if before.get(index) != after.get(index)}
    if differing:
        for key, flag in new.flags.items():
            if _names_group(flag, differing):
                yield "flag", key
        for cohort_id, cohort in new.cohorts.items():
            if _names_group(cohort, differing):
                yield "cohort", cohort_id


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
    return json_same(old, new) or (old == new and written(old) == written(new))


def _graph(snapshot: Compared) -> References:
    """Return the references of one snapshot.

    They are enough: a flag or cohort whose references differ between the snapshots has a different
    definition, so it has changed itself.
    """
    definitions = snapshot.definitions
    # A flag that is off answers alike whatever it refers to.
    flags = (key for key, flag in definitions.flags.items() if flag.active)
    names: list[Name] = [("flag", key) for key in flags]
    names += [("cohort", cohort_id) for cohort_id in snapshot.index.cohorts]
    return {name: references(name, definitions) for name in names}
