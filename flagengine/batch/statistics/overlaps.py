"""Which flags are on for the same people."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Unpack

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flagengine.batch.flag_keys import check_keys, requested
from flagengine.batch.people import People, PeopleOptions
from flagengine.batch.tabular import Tabular
from flagengine.columnar.engine import Engine
from flagengine.definitions.document import Document
from flagengine.snapshot import Snapshot, as_snapshot

__all__ = ["Overlaps", "overlaps"]

_SCHEMA: Final = pa.schema(
    [
        ("flag", pa.string()),
        ("other", pa.string()),
        ("people", pa.int64()),
        ("share", pa.float64()),
        ("share_of_flag", pa.float64()),
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class Overlaps(Tabular):
    """The number of people for whom two flags are on, for each two of some flags.

    ``counts[i, j]`` belongs to ``keys[i]`` and ``keys[j]``, and the diagonal counts the people for whom
    one flag is on. ``rows`` is the number of people. The table form has a row per two flags, in both
    orders.
    """

    keys: tuple[str, ...]
    counts: NDArray[np.int64]
    rows: int

    def people(self, key: str, other: str) -> int:
        """Return for how many people both flags are on; raise KeyError for another flag."""
        return int(self.counts[self._place(key), self._place(other)])

    def share(self, key: str, other: str) -> float:
        """Return the share of the people with the flag ``key`` on for whom ``other`` is on too."""
        return self.people(key, other) / max(self.people(key, key), 1)

    def _place(self, key: str) -> int:
        if key not in self.keys:
            raise KeyError(key)
        return self.keys.index(key)

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        return {"people": self.rows, "flags": list(self.keys), "counts": self.counts.tolist()}

    def to_arrow(self) -> pa.Table:
        """Return a row per two flags: flag, other, people, their share, and their share of flag's people."""
        rows = [
            {
                "flag": key,
                "other": other,
                "people": self.people(key, other),
                "share": self.people(key, other) / max(self.rows, 1),
                "share_of_flag": self.share(key, other),
            }
            for key in self.keys
            for other in self.keys
            if key != other
        ]
        return pa.Table.from_pylist(rows, schema=_SCHEMA)

    def __repr__(self) -> str:
        return f"<Overlaps of {len(self.keys)} flags over {self.rows:,} people>"

    def _repr_html_(self) -> str:
        """Return the counts as a table, for a notebook."""
        from flagengine.batch.shown.overlaps import overlaps_html  # noqa: PLC0415 notebooks only

        return overlaps_html(self.to_dict())


def overlaps(
    flag_defs: Snapshot | Document,
    people: Any,
    *,
    flag_keys: Iterable[str] | None = None,
    **options: Unpack[PeopleOptions],
) -> Overlaps:
    """Count for how many people each two flags are on; an unresolved answer is not on.

    Args:
        flag_defs: A snapshot, or a document, which is parsed.
        people: A table, as for ``evaluate_table``; it is read once.
        flag_keys: The flags; by default all. The counts take 8 bytes per two flags.
        options: The columns, ``progress`` and the options of the call: see :class:`PeopleOptions`.

    Raises:
        TableError: a column is missing, or a row cannot be read: see ``evaluate_table``.
        TypeError: an argument is of another type.
        ValueError: there is no flag with one of the keys.
    """
    snapshot, keys = as_snapshot(flag_defs), requested(flag_keys)
    table = People(people, options)
    engine = table.engine(snapshot, keys)
    check_keys(keys, {**snapshot.keys, **engine.overridden.flags})
    size, rows = len(engine.keys), 0
    counts = np.zeros((size, size), np.float64)  # exact up to 2 ** 53 people
    for found, people_read in table.each(lambda item: _together(engine, *item)):
        counts += found
        rows += people_read
    return Overlaps(engine.keys, counts.astype(np.int64), rows)


def _together(
    engine: Engine, first_row: int, batch: pa.RecordBatch
) -> tuple[NDArray[np.float64], int]:
    codes = engine.run(engine.rows(batch, first_row))
    on = np.zeros((len(codes), batch.num_rows), np.float64)
    for place, (key, found) in enumerate(zip(engine.keys, codes, strict=True)):
        answers = engine.answers(key).resolutions
        enabled = np.array([answer.enabled for answer in tuple(answers)], np.float64)
        on[place] = enabled[found]
    return on @ on.T, batch.num_rows
