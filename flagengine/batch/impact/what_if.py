"""The public call: a rollout tried at several percentages over one population."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, SupportsIndex, Unpack

import pyarrow as pa

from flagengine.batch.impact.diff import as_sample
from flagengine.batch.impact.measure import Pair, add_pairs, named, pairs_of
from flagengine.batch.impact.ramp import Ramp, Step
from flagengine.batch.impact.results import FlagImpact, Impact
from flagengine.batch.impact.sampling import Sample
from flagengine.batch.people import People, PeopleOptions
from flagengine.columnar.engine import Engine
from flagengine.definitions.document import Document
from flagengine.snapshot import Snapshot, as_snapshot

__all__ = ["what_if"]

_Compared = tuple[list[list[Pair]], list[Pair], dict[int, str]]
"""For a step: the pairs of every flag from now, those of the flag from the step before, and examples."""


def what_if(
    flag_defs: Snapshot | Document,
    people: Any,
    key: str,
    percentages: Iterable[float],
    *,
    condition: SupportsIndex | None = None,
    sample: Sample | float | None = None,
    **options: Unpack[PeopleOptions],
) -> Ramp:
    """Try a flag's rollout at several percentages over a table of people, which is read once.

    Args:
        flag_defs: A snapshot, or a document, which is parsed.
        people: A table, as for ``evaluate_table``.
        key: The flag.
        percentages: The percentages to try, in this order: each step is compared with the one before.
        condition: The condition whose rollout changes, as for ``Snapshot.with_rollout``.
        sample: A share of the people to evaluate, as for ``diff``.
        options: The columns, ``progress`` and the options of the call: see :class:`PeopleOptions`.

    Raises:
        TableError: a column is missing, or a row cannot be read: see ``evaluate_table``.
        TypeError: an argument is of another type.
        ValueError: there are no percentages, or ``with_rollout`` refuses one.
    """
    if isinstance(percentages, str | bytes) or not isinstance(percentages, Iterable):
        message = f"percentages must be a collection of numbers, got {percentages!r}"
        raise TypeError(message)
    snapshot, taken = as_snapshot(flag_defs), as_sample(sample)
    tried = [(share, snapshot.with_rollout(key, share, condition)) for share in percentages]
    if not tried:
        message = "percentages must name at least one percentage, got none"
        raise ValueError(message)
    # The flag first, then those whose answers depend on it.
    keys = list(dict.fromkeys([key, *(k for _, new in tried for k in new.changed_keys(snapshot))]))
    table = People(people, options)
    engines = [table.engine(each, keys) for each in (snapshot, *(new for _, new in tried))]
    return _measured(key, [share for share, _ in tried], engines, table, taken)


def _measured(
    key: str,
    percentages: Sequence[float],
    engines: Sequence[Engine],
    table: People,
    sample: Sample | None,
) -> Ramp:
    now = engines[0]
    steps = [
        Step(
            share,
            Impact({name: FlagImpact(name) for name in now.keys}, sample=sample),
            FlagImpact(key),
        )
        for share in percentages
    ]

    def compared(item: tuple[int, pa.RecordBatch]) -> tuple[int, int, list[_Compared]]:
        first_row, batch = item
        part = batch if sample is None else sample.rows(batch, first_row)
        rows = now.rows(part, first_row)
        runs = [engine.run(rows) for engine in engines]
        found = []
        for before, after in pairwise(runs):
            pairs = [pairs_of(*codes) for codes in zip(runs[0], after, strict=True)]
            of_flag = pairs_of(before[0], after[0])
            found.append((pairs, of_flag, named(rows, [*pairs, of_flag])))
        return batch.num_rows, part.num_rows, found

    for seen, rows, found in table.each(compared):
        for place, (step, (pairs, of_flag, examples)) in enumerate(
            zip(steps, found, strict=True), start=1
        ):
            step.from_now.seen += seen
            step.from_now.rows += rows
            for name, of_name in zip(now.keys, pairs, strict=True):
                add_pairs(step.from_now.flags[name], now, engines[place], of_name, examples)
            add_pairs(step.from_previous, engines[place - 1], engines[place], of_flag, examples)
    first = steps[0].from_now
    return Ramp(key, tuple(steps), first.rows, first.flags[key].on_before)
