"""The public call: each person's answers as a stream of exposures."""

from collections.abc import Generator, Iterable, Iterator
from typing import Any, Unpack

import pyarrow as pa

from flagengine.batch.flag_keys import check_keys, requested
from flagengine.batch.people import People, PeopleOptions
from flagengine.batch.statistics.exposures import SCHEMA, Exposures
from flagengine.batch.streams import Stream
from flagengine.columnar.engine import Engine
from flagengine.definitions.document import Document
from flagengine.snapshot import Snapshot, as_snapshot

__all__ = ["ExposureStream", "exposures"]


class ExposureStream(Stream):
    """A stream of exposures that can be read once: as a table, or as events.

    The table has a row per person and flag with a definite answer, and the columns uuid, distinct_id,
    flag, value, variant, reason, condition_index, flag_id, flag_version, snapshot (its fingerprint) and
    evaluated_at. ``rows`` counts the exposures read so far.
    """

    def __init__(self, engine: Engine, people: People, *, enabled_only: bool) -> None:
        """Bind a stream without reading it."""
        self.fingerprint: str = engine.snapshot.fingerprint
        self.keys: tuple[str, ...] = engine.keys
        self.rows: int = 0
        self._engine = engine
        self._people = people
        self._exposures = Exposures(engine, engine.now, enabled_only=enabled_only)
        super().__init__(SCHEMA, self._tables())

    def events(self) -> Iterator[str]:
        """Yield each exposure as a line of JSON: the event ``$feature_flag_called`` that a client sends.

        Raises:
            RuntimeError: the stream was read or closed before.
        """
        for lines in self.event_batches():
            yield from lines

    def event_batches(self) -> Iterator[list[str]]:
        """Yield the events of each batch of people, as :meth:`events` has them one by one."""
        self._check_unread()
        self._is_over = True
        for lines in self._people.each(lambda item: self._exposures.events(self._read(*item))):
            self.rows += len(lines)
            yield lines

    def _tables(self) -> Generator[pa.RecordBatch, None, None]:
        for found in self._people.each(lambda item: self._exposures.table(self._read(*item))):
            self.rows += found.num_rows
            yield found

    def _read(self, first_row: int, batch: pa.RecordBatch) -> Any:
        return self._engine.rows(batch, first_row)

    def __repr__(self) -> str:
        """Return what was asked for and how far it was read, without reading on."""
        done = f"{self.rows:,} exposures read{'' if self._is_over else ' so far'}"
        return f"<ExposureStream of {len(self.keys)} flags, {done}>"

    def _repr_html_(self) -> str:
        """Return how far the stream was read and its columns, for a notebook."""
        from flagengine.batch.shown.streams import exposures_html  # noqa: PLC0415 notebooks only

        return exposures_html(self.keys, self.rows, self.schema.names, is_over=self._is_over)


def exposures(
    flag_defs: Snapshot | Document,
    people: Any,
    *,
    flag_keys: Iterable[str] | None = None,
    enabled_only: bool = False,
    **options: Unpack[PeopleOptions],
) -> ExposureStream:
    """Give each person's answers as a table for a warehouse, or as events for a client's sink.

    Each exposure has an id that is derived from the snapshot, the flag and the person. So the ids are
    the same in every run, and loading exposures twice is harmless. Unresolved answers, and people
    without a distinct id, are left out.

    Args:
        flag_defs: A snapshot, or a document, which is parsed.
        people: A table, as for ``evaluate_table``; it is read as far as the stream is read.
        flag_keys: The flags; by default all.
        enabled_only: Leave out people for whom the flag is off.
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
    return ExposureStream(engine, table, enabled_only=enabled_only)
