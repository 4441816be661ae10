"""The columns of a table that can matter; an engine need not move the others."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import pyarrow as pa

from flagengine.analysis.requirements import requirements
from flagengine.columnar.layout import Layout
from flagengine.inputs.subject import INITIAL_SOURCES, MIRRORED
from flagengine.snapshot import Snapshot

__all__ = ["narrowed"]

_PLACES: Final = (
    "distinct_id",
    "person_properties",
    "person_json",
    "groups",
    "group_properties",
    "group_json",
    "device_id",
    "json_nulls",
)


def narrowed(
    snapshot: Snapshot, schema: pa.Schema, arguments: Mapping[str, Any]
) -> tuple[list[str], dict[str, Any]]:
    """Return the columns to keep, in order, and the arguments for the narrowed table.

    ``arguments`` are the arguments of ``evaluate_table``. The narrowed table lacks the columns of
    person properties that no flag reads and that are not carried through.
    """
    places = {name: arguments[name] for name in _PLACES if name in arguments}
    layout = Layout.of(schema, **{"distinct_id": "distinct_id", **places})
    read = _properties_read(snapshot, arguments.get("flag_keys"))
    person = {key: column for key, column in layout.person.items() if key in read}
    carried = arguments.get("carry")
    kept = {*_other_columns(layout), *person.values(), *_positions(layout, carried)}
    names = [layout.names[position] for position in sorted(kept)]
    changed: dict[str, Any] = {
        "person_properties": {key: layout.names[column] for key, column in person.items()}
    }
    nulls = arguments.get("json_nulls", False)
    if not isinstance(nulls, bool):
        changed["json_nulls"] = [name for name in nulls if name in names]
    return names, {**arguments, **changed}


def _properties_read(snapshot: Snapshot, flag_keys: Iterable[str] | None) -> set[str]:
    """Return the person properties that flags may read, the sources of absent values included."""
    keys = snapshot.keys if flag_keys is None else snapshot.keys.keys() & set(flag_keys)
    read = {"$device_id"}
    for key in keys:
        read.update(requirements(snapshot, key).person_properties)
    read.update([INITIAL_SOURCES[key] for key in read if key in INITIAL_SOURCES])
    read.update([MIRRORED[key] for key in read if key in MIRRORED])
    return read


def _other_columns(layout: Layout) -> Iterator[int]:
    yield layout.distinct_id
    yield from (column for column in (layout.person_json, layout.device_id) if column is not None)
    yield from layout.groups.values()
    yield from layout.group_json.values()
    for columns in layout.group_properties.values():
        yield from columns.values()


def _positions(layout: Layout, carried: Any) -> Iterable[int]:
    if carried == "all":
        return range(len(layout.names))
    return [layout.names.index(name) for name in carried or () if name in layout.names]
