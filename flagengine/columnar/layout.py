"""The columns of each input (SPEC R19.1): the caller's names, checked against the table's."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from flagengine.columnar.errors import TableError, no_column
from flagengine.columnar.id_types import check_id_types
from flagengine.inputs.arguments import checked_mapping

__all__ = ["Columns", "Layout"]

Columns = Mapping[str, str] | Sequence[str] | None
"""Column names by property; a sequence lists columns that are named like their properties."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of each input, as positions in the table."""

    distinct_id: int
    person: Mapping[str, int] = field(default_factory=dict)
    person_json: int | None = None
    groups: Mapping[str, int] = field(default_factory=dict)
    group_properties: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    group_json: Mapping[str, int] = field(default_factory=dict)
    device_id: int | None = None
    json_nulls: frozenset[int] = frozenset()
    """The columns in which a null is JSON's null instead of an absent property."""
    names: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        schema: pa.Schema,
        *,
        distinct_id: str,
        person_properties: Columns = None,
        person_json: str | None = None,
        groups: Mapping[str, str] | None = None,
        group_properties: Mapping[str, Columns] | None = None,
        group_json: Mapping[str, str] | None = None,
        device_id: str | None = None,
        json_nulls: bool | Collection[str] = False,
    ) -> "Layout":
        """Find the columns; raise :class:`TableError` for a missing or ambiguous column.

        Raise it also for a column of ids that are not exact: see :mod:`flagengine.columnar.id_types`.
        Without ``person_properties`` every column that no other argument names is a person property.
        """
        find = _ColumnFinder(schema)
        id_column = find(distinct_id, "distinct_id")
        other: dict[str, Any] = {
            "person_json": find.optional(person_json, "person_json"),
            "groups": find.each(checked_mapping("groups", groups), "groups"),
            "group_properties": {
                group: find.each(_by_property(columns), f"the properties of {group}")
                for group, columns in checked_mapping("group_properties", group_properties).items()
            },
            "group_json": find.each(checked_mapping("group_json", group_json), "group_json"),
            "device_id": find.optional(device_id, "device_id"),
        }
        check_id_types(schema, [id_column, *other["groups"].values(), other["device_id"]])
        if person_properties is None:
            person = find.rest()
        else:
            person = find.each(_by_property(person_properties), "person_properties")
        nulls = find.all_or_some(json_nulls, "json_nulls")
        return cls(id_column, person, json_nulls=nulls, names=tuple(schema.names), **other)


class _ColumnFinder:
    """A look-up of columns by name, which remembers the columns that were taken."""

    def __init__(self, schema: pa.Schema) -> None:
        self._names: list[str] = schema.names
        self._taken: set[str] = set()

    def __call__(self, name: str, wanted: str) -> int:
        found = self._names.count(name) if isinstance(name, str) else 0
        if not found:
            raise no_column(str(name), wanted, self._names)
        if found > 1:
            raise TableError("the table has several columns of that name", column=name)
        self._taken.add(name)
        return self._names.index(name)

    def optional(self, name: str | None, wanted: str) -> int | None:
        return None if name is None else self(name, wanted)

    def each(self, columns: Mapping[str, str], wanted: str) -> dict[str, int]:
        return {key: self(name, wanted) for key, name in columns.items()}

    def all_or_some(self, names: bool | Collection[str], wanted: str) -> frozenset[int]:
        if isinstance(names, bool):
            return frozenset(range(len(self._names)) if names else ())
        if isinstance(names, str | bytes) or not isinstance(names, Iterable):
            message = f"{wanted} must be a bool or a collection of columns, got {names!r}"
            raise TypeError(message)
        return frozenset(self(name, wanted) for name in names)

    def rest(self) -> dict[str, int]:
        """Return the columns that are not taken."""
        names = (name for name in dict.fromkeys(self._names) if name not in self._taken)
        return {name: self(name, "person_properties") for name in names}


def _by_property(columns: Columns) -> Mapping[str, str]:
    if columns is None or isinstance(columns, Mapping):
        return columns or {}
    if isinstance(columns, str | bytes) or not isinstance(columns, Iterable):
        message = f"properties must be a mapping or a list of columns, got {columns!r}"
        raise TypeError(message)
    return {name: name for name in columns}
