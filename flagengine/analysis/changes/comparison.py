"""What changed from one definitions document to another, flag by flag."""

from collections.abc import Iterator
from typing import Any, Literal

from flagengine.analysis.changes.change import Change, ChangeKind
from flagengine.analysis.changes.flags import flag_changes
from flagengine.definitions.definitions import Definitions
from flagengine.definitions.document import Document
from flagengine.definitions.model import Flag
from flagengine.plan.changes import Compared, touched_cohorts
from flagengine.plan.content import written
from flagengine.snapshot import Snapshot, as_snapshot, evaluators_of
from flagengine.values.excerpts import name_excerpt
from flagengine.values.printable import printable
from flagengine.values.record import Record

__all__ = ["Comparison", "FlagComparison", "compare"]

Status = Literal["added", "removed", "changed", "affected"]


class FlagComparison(Record):
    """What changed in one flag.

    ``status`` is added, removed or changed; ``affected`` says that the flag is defined as before, but may
    answer differently, because a flag, a cohort or a project setting that it depends on changed.
    """

    key: str
    status: Status
    changes: tuple[Change, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return every field as a JSON value."""
        return {
            "key": self.key,
            "status": self.status,
            "changes": [change.to_dict() for change in self.changes],
        }


class Comparison(Record):
    """What changed from one document to another; falsy if nothing did.

    ``flags`` holds the flags that changed, in the new document's order, removed flags last.
    ``project`` holds the changes of cohorts, group types and settings that all flags share.
    """

    flags: tuple[FlagComparison, ...] = ()
    project: tuple[Change, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.flags or self.project)

    def __str__(self) -> str:
        """Return one line for each flag and each change; what is not printable is escaped."""
        lines = [str(change) for change in self.project]
        for flag in self.flags:
            lines.append(f"{printable(name_excerpt(flag.key))}: {flag.status}")
            for change in flag.changes:
                lines.append(f"  {change}")
                lines += [f"    {detail}" for detail in change.details()]
        return "\n".join(lines) or "no changes"

    def _repr_html_(self) -> str:
        """Return the changes as a table, for a notebook."""
        from flagengine.display.comparisons import comparison_html  # noqa: PLC0415 notebooks only

        return comparison_html(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Return every field as a JSON value."""
        return {
            "flags": [flag.to_dict() for flag in self.flags],
            "project": [change.to_dict() for change in self.project],
        }


def compare(before: Snapshot | Document, after: Snapshot | Document) -> Comparison:
    """Return what changed from one definitions document to another, without evaluating anybody.

    Both are snapshots or documents. Raise SnapshotError for input that is no definitions document.

    >>> beta = {"key": "beta", "active": True, "filters": {"groups": [{"rollout_percentage": 10}]}}
    >>> off = {**beta, "active": False}
    >>> str(compare({"flags": [beta]}, {"flags": [off, {**beta, "key": "new"}]})).splitlines()
    ['beta: changed', '  switched off', 'new: added']
    """
    old, new = as_snapshot(before), as_snapshot(after)
    old_definitions, new_definitions = _definitions(old), _definitions(new)
    may_differ = new.changed_keys(old, versions=False)
    found = []
    for key in dict.fromkeys([*new.keys, *old.keys, *sorted(may_differ)]):
        flag = _compared(key, old_definitions, new_definitions, key in may_differ)
        if flag is not None:
            found.append(flag)
    return Comparison(tuple(found), tuple(_project(old_definitions, new_definitions, old, new)))


def _definitions(snapshot: Snapshot) -> Definitions:
    return evaluators_of(snapshot).plans.definitions


def _compared(
    key: str, old: Definitions, new: Definitions, may_differ: bool
) -> FlagComparison | None:
    before, after = old.flag(key), new.flag(key)
    if before is None or after is None:
        if before is after:
            return FlagComparison(key, "affected")  # only overrides name the flag
        return FlagComparison(key, "added" if before is None else "removed")
    changes = tuple(flag_changes(before, after))
    if not changes and _is_unreadable(before, after) and may_differ:
        changes = (_unreadable(key, old, new),) if _source(key, old) != _source(key, new) else ()
    if changes:
        return FlagComparison(key, "changed", changes)
    return FlagComparison(key, "affected") if may_differ else None


def _is_unreadable(before: Flag, after: Flag) -> bool:
    return before.defect is not None or after.defect is not None


def _unreadable(key: str, old: Definitions, new: Definitions) -> Change:
    defects = [flag.defect for flag in (old.flag(key), new.flag(key)) if flag is not None]
    why = next(defect.message for defect in reversed(defects) if defect is not None)
    text = f"the definition changed, which cannot be read here: {why}"
    return Change(ChangeKind.UNREADABLE, text)


def _source(key: str, definitions: Definitions) -> str:
    return written(definitions.index.flags[key])


def _project(
    old: Definitions, new: Definitions, before: Snapshot, after: Snapshot
) -> Iterator[Change]:
    for name in ("property_matching_version", "hash_algorithm"):
        yield from _setting(name, getattr(old, name), getattr(new, name))
    for index in sorted({*before.group_type_mapping, *after.group_type_mapping}):
        names = before.group_type_mapping.get(index), after.group_type_mapping.get(index)
        yield from _setting(f"group type {index}", *names)
    compared = Compared(old, before.overrides), Compared(new, after.overrides)
    touched = {cohort_id for _, cohort_id in touched_cohorts(*compared)}
    for cohort_id in dict.fromkeys([*new.index.cohorts, *old.index.cohorts]):
        if cohort_id in touched:
            yield _cohort(cohort_id, old, new)


def _setting(name: str, before: Any, after: Any) -> Iterator[Change]:
    if before != after:
        shown = ["none" if value is None else name_excerpt(str(value)) for value in (before, after)]
        text = f"{name}: {shown[0]} → {shown[1]}"
        yield Change(ChangeKind.SETTING, text, "project", None, name, before, after)


def _cohort(cohort_id: str, old: Definitions, new: Definitions) -> Change:
    name = f"cohort {name_excerpt(cohort_id)}"
    if cohort_id not in old.index.cohorts:
        return Change(ChangeKind.ADDED, f"{name} is new", "project", None, name)
    if cohort_id not in new.index.cohorts:
        return Change(ChangeKind.REMOVED, f"{name} is removed", "project", None, name)
    return Change(ChangeKind.TARGETING, f"{name}: definition changed", "project", None, name)
