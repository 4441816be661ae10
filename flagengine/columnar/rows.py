"""One batch of people: property columns and ids by name, and any single row as a call's inputs.

A column is read at its first use and kept for the batch. Only this module decides the inputs of a
row, both for the columns and for the scalar engine.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

import pyarrow as pa

from flagengine.columnar.arrow_tests import Native, varied_column
from flagengine.columnar.cases import Cases, filled, mixed
from flagengine.columnar.id_types import check_id_types
from flagengine.columnar.json_columns import properties_of
from flagengine.columnar.json_values import GONE, json_cases
from flagengine.columnar.layout import Layout
from flagengine.columnar.subject_ids import SubjectIds, ids_of_cases, ids_of_column
from flagengine.columnar.vocabulary import Vocabularies
from flagengine.compiled.call import EvaluationCall
from flagengine.inputs.subject import INITIAL_SOURCES, MIRRORED
from flagengine.values.json_values import NOT_GIVEN

__all__ = ["NO_GROUP", "NO_GROUP_NOR_VALUE", "Rows"]

NO_GROUP: Final = object()
"""The label of a group property in rows without such a group."""

NO_GROUP_NOR_VALUE: Final = object()
"""The label of a group property in rows without such a group, if the property is unknown too."""

_UNSENDABLE: Final = object()
"""The scalar engine's input for a value that no client can send."""


class Rows:
    """The rows of a record batch; ``first_row`` is their position in the table, for messages."""

    def __init__(
        self,
        batch: pa.RecordBatch,
        layout: Layout,
        first_row: int,
        vocabularies: Vocabularies | None = None,
    ) -> None:
        """Bind a batch; nothing is read yet. All batches of a call share ``vocabularies``."""
        self.batch = batch
        self.count: int = batch.num_rows
        self.calls: dict[tuple[Hashable, int], EvaluationCall] = {}
        """The scalar engine's calls for single rows, by engine and row."""
        self._layout = layout
        self._first_row = first_row
        self._vocabularies = vocabularies or Vocabularies()
        self._native: dict[str, Native | None] = {}
        self._person: dict[str, Cases] = {}
        self._enriched: dict[str, Cases] = {}
        self._groups: dict[str, Cases] = {}
        self._group_ids: dict[str, SubjectIds] = {}
        self._group_properties: dict[tuple[str, str], Cases] = {}

    # Columns as they were given.

    def person(self, key: str) -> Cases:
        """Return a person property as given; GONE in rows without a value."""
        if key not in self._person:
            columns, whole = self._layout.person, self._person_json
            self._person[key] = self._laid_over(columns.get(key), whole, key)
        return self._person[key]

    def varied(self, key: str, *, complete: bool) -> Native | None:
        """Return a person property as a column for vectorized tests, if most of its rows differ.

        Return None if the engine adds values to the column, or if the property is in two columns.
        """
        if key not in self._native:
            position = self._layout.person.get(key)
            enriched = complete and (key in MIRRORED or key in INITIAL_SOURCES)
            alone = self._layout.person_json is None and key != "distinct_id" and not enriched
            found = position is not None and alone
            self._native[key] = varied_column(self.batch.column(position)) if found else None
        return self._native[key]

    def null_of(self, key: str) -> Any:
        """Return the label of a null in a person property's column."""
        return self._null(self._layout.person[key])

    def group_property(self, group: str, key: str) -> Cases:
        """Return a group property as given, even in rows without that group."""
        if (group, key) not in self._group_properties:
            columns, whole = self._layout.group_properties.get(group, {}), self._group_json
            found = self._laid_over(columns.get(key), whole.get(group), key)
            self._group_properties[group, key] = found
        return self._group_properties[group, key]

    def group(self, name: str) -> Cases:
        """Return the groups of one type as given."""
        if name not in self._groups:
            self._groups[name] = self._column(self._layout.groups.get(name), null=GONE)
        return self._groups[name]

    @cached_property
    def device(self) -> Cases:
        """The device ids as given."""
        return self._column(self._layout.device_id, null=GONE)

    def _column(self, position: int | None, *, null: Any = None) -> Cases:
        if position is None:
            return Cases.constant(GONE)
        if null is None:
            null = self._null(position)
        array = self.batch.column(position)
        found = self._vocabularies.cases(position, array, null)
        return json_cases(array, null=null) if found is None else found

    def _null(self, position: int | None) -> Any:
        return None if position in self._layout.json_nulls else GONE

    def _laid_over(
        self, position: int | None, whole: Callable[[str], Cases] | None, key: str
    ) -> Cases:
        """Return a property; its own column takes precedence over the column of all properties."""
        if position is None:
            return Cases.constant(GONE) if whole is None else whole(key)
        own = self._column(position)
        return own if whole is None else filled(own, whole(key), GONE)

    @cached_property
    def _person_json(self) -> Callable[[str], Cases] | None:
        position = self._layout.person_json
        return None if position is None else self._properties(position)

    @cached_property
    def _group_json(self) -> dict[str, Callable[[str], Cases]]:
        return {name: self._properties(at) for name, at in self._layout.group_json.items()}

    def _properties(self, position: int) -> Callable[[str], Cases]:
        name, null = self._layout.names[position], self._null(position)
        return properties_of(self.batch.column(position), name, self._first_row, null)

    # Ids that are hashed.

    @cached_property
    def person_ids(self) -> SubjectIds:
        """The distinct ids."""
        return ids_of_column(self.batch.column(self._layout.distinct_id), may_be_empty=True)

    @cached_property
    def device_ids(self) -> SubjectIds:
        """The device ids: the column of device ids, else the person property ``$device_id``.

        A property's column of floats is refused where it is hashed.
        """
        check_id_types(self.batch.schema, [self._layout.person.get("$device_id")])
        column, properties = self._layout.device_id, self.person("$device_id")
        if column is not None and properties.is_always(GONE):
            return ids_of_column(self.batch.column(column))
        given, known = (
            _texts(ids_of_cases(cases, self.count)) for cases in (self.device, properties)
        )
        return ids_of_cases(filled(given, known, GONE), self.count)

    def group_ids(self, name: str) -> SubjectIds:
        """Return the keys of the groups of one type."""
        if name not in self._group_ids:
            self._group_ids[name] = ids_of_cases(self.group(name), self.count)
        return self._group_ids[name]

    # Columns as the operators read them (SPEC R6).

    def person_value(self, key: str, *, complete: bool) -> Cases:
        """Return a person property with the values that the engine adds; GONE without a value."""
        if key not in self._enriched:
            self._enriched[key] = self._with_implicit(key, self.person(key), complete=complete)
        return self._enriched[key]

    def _with_implicit(self, key: str, given: Cases, *, complete: bool) -> Cases:
        if key == "distinct_id":
            ids = self.person_ids
            whole = json_cases(ids.texts) if ids.codes is None else _texts(ids)
            given = filled(given, whole, GONE)
            given = filled(given, Cases.constant(NOT_GIVEN), GONE)
        if not complete:
            return given
        if key in MIRRORED:
            return filled(given, self.person(MIRRORED[key]), GONE)
        if key in INITIAL_SOURCES:
            source = self.person_value(INITIAL_SOURCES[key], complete=True)
            return filled(given, source, GONE)
        return given

    def group_value(self, group: str, key: str, *, complete: bool, strict: bool) -> Cases:
        """Return a group property, the implicit ``$group_key`` included.

        Rows without the group have the label :data:`NO_GROUP` or :data:`NO_GROUP_NOR_VALUE`, or
        the value given unless ``strict`` (SPEC R6.6).
        """
        own = self.group_property(group, key)
        is_known = complete or key == "$group_key"
        given = filled(own, self.group(group), GONE) if key == "$group_key" else own
        present = self.group_ids(group).presence
        if present.codes is None and present.labels[0]:
            return given

        def without_group(label: Any) -> Any:
            if not strict:
                return NO_GROUP if label is NOT_GIVEN or label is GONE else label
            lacks = label is NOT_GIVEN or (label is GONE and not is_known)
            return NO_GROUP_NOR_VALUE if lacks else NO_GROUP

        without = Cases([without_group(label) for label in own.labels], own.codes)
        if present.codes is None:
            return without
        return mixed(present.codes.view(bool), given, without)

    # One row.

    def distinct_id(self, row: int) -> Any:
        """Return a row's distinct id as the caller of the scalar engine would pass it."""
        return json_cases(self.batch.column(self._layout.distinct_id).slice(row, 1)).label_of(0)

    def inputs(self, row: int) -> tuple[Any, Mapping[str, Any], dict[str, Any]]:
        """Return a row as the scalar engine's distinct id, properties and options.

        Raise :class:`TableError` for text that is not JSON here: the scalar engine takes a look-up
        that raises for a property that was not given.
        """
        _ = self._person_json, self._group_json
        identity = self.distinct_id(row)
        names = self._layout.groups
        groups = {name: self.group(name).label_of(row) for name in names}
        properties = {*self._layout.group_properties, *self._layout.group_json}
        options = {
            "groups": {name: _sent(key) for name, key in groups.items() if key is not GONE},
            "group_properties": {name: self._group_row(name, row) for name in properties},
            "device_id": None if (device := self.device.label_of(row)) is GONE else _sent(device),
        }
        return None if identity is GONE else _sent(identity), _Row(self.person, row), options

    def _group_row(self, name: str, row: int) -> Mapping[str, Any]:
        return _Row(lambda key: self.group_property(name, key), row)


def _texts(ids: SubjectIds) -> Cases:
    return Cases([GONE if text is None else text for text in ids.texts.to_pylist()], ids.codes)


def _sent(label: Any) -> Any:
    return _UNSENDABLE if label is NOT_GIVEN else label


class _Row(Mapping[str, Any]):
    """The properties of one row, each read at its first use; the mapping cannot be listed."""

    __slots__ = ("_column", "_row")

    def __init__(self, column: Callable[[str], Cases], row: int) -> None:
        self._column = column
        self._row = row

    def __getitem__(self, key: str) -> Any:
        label = self._column(key).label_of(self._row)
        if label is GONE:
            raise KeyError(key)
        return _sent(label)

    def __iter__(self) -> Iterator[str]:
        message = "a row's properties are read by name"
        raise TypeError(message)

    def __len__(self) -> int:
        return 1  # the number is unknown, and an empty mapping would be false
