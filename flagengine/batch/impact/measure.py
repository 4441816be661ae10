"""Two snapshots over one population: transitions counted per flag, in one pass."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flagengine.batch.impact.causes import cause_of
from flagengine.batch.impact.results import FlagImpact, Impact, Transition
from flagengine.batch.impact.sampling import Sample
from flagengine.batch.inputs import numbered
from flagengine.batch.stream import in_order
from flagengine.columnar.answer_columns import value_text
from flagengine.columnar.engine import Engine
from flagengine.columnar.rows import Rows
from flagengine.results.resolution import Reason, Resolution

__all__ = ["Pair", "add_pairs", "measure_impact", "named", "pairs_of"]

_EXAMPLES = 3


Pair = tuple[int, int, int, int | None]
"""Positions of the old and the new answer, the number of rows, and one example row."""


def measure_impact(
    old: Engine,
    new: Engine,
    batches: Iterable[pa.RecordBatch],
    threads: int,
    sample: Sample | None = None,
) -> Iterator[Impact]:
    """Yield the impact so far after every batch, always as the same object.

    Both engines must have the same keys: the union of both snapshots' keys.
    """
    fingerprints = old.snapshot.fingerprint, new.snapshot.fingerprint
    impact = Impact(
        {key: FlagImpact(key) for key in new.keys}, sample=sample, fingerprints=fingerprints
    )
    for seen, rows, pairs, examples in in_order(
        lambda item: _compared(old, new, item, sample), numbered(batches), threads
    ):
        impact.seen += seen
        impact.rows += rows
        for key, found in zip(new.keys, pairs, strict=True):
            add_pairs(impact.flags[key], old, new, found, examples)
        yield impact
    if not impact.seen:
        yield impact


def _compared(
    old: Engine, new: Engine, item: tuple[int, pa.RecordBatch], sample: Sample | None
) -> tuple[int, int, list[list[Pair]], dict[int, str]]:
    first_row, batch = item
    taken = batch if sample is None else sample.rows(batch, first_row)
    rows = new.rows(taken, first_row)
    before, after = old.run(rows), new.run(rows)
    pairs = [pairs_of(*codes) for codes in zip(before, after, strict=True)]
    return batch.num_rows, taken.num_rows, pairs, named(rows, pairs)


def pairs_of(before: NDArray[Any], after: NDArray[Any]) -> list[Pair]:
    """Count the rows of a batch by the positions of both answers, with one row for each pair."""
    if not len(before):
        return []
    width = int(after.max()) + 1
    joint = before.astype(np.int64) * width + after
    counts = np.bincount(joint)
    found = np.flatnonzero(counts)
    firsts = np.zeros(len(counts), np.int64)
    firsts[joint[::-1]] = np.arange(len(joint) - 1, -1, -1)
    return [
        (*divmod(int(position), width), int(counts[position]), int(firsts[position]))
        for position in found
    ]


def named(rows: Rows, pairs: Iterable[Iterable[Pair]]) -> dict[int, str]:
    """Return the distinct ids of the rows that pairs name."""
    wanted = {row for found in pairs for *_, row in found if row is not None}
    return {row: str(rows.distinct_id(row)) for row in sorted(wanted)}


def add_pairs(
    impact: FlagImpact, old: Engine, new: Engine, pairs: Sequence[Pair], examples: dict[int, str]
) -> None:
    """Add the pairs of a batch to a flag's changes."""
    olds, news = old.answers(impact.key).resolutions, new.answers(impact.key).resolutions
    definitions = old.snapshot.flags.get(impact.key), new.snapshot.flags.get(impact.key)
    for before, after, count, row in pairs:
        was, will_be = olds[before], news[after]
        words = _words(was), _words(will_be)
        impact.before[words[0]] += count
        impact.after[words[1]] += count
        _count_on(impact, was, will_be, count)
        if words[0] == words[1] and was.raw_payload == will_be.raw_payload:
            continue
        impact.changed += count
        transition = impact.transitions.setdefault(words, Transition(*words))
        transition.rows += count
        transition.causes[cause_of(*definitions, was, will_be)] += count
        if len(transition.examples) < _EXAMPLES and row is not None:
            transition.examples.append(examples[row])


def _count_on(impact: FlagImpact, was: Resolution, will_be: Resolution, count: int) -> None:
    impact.on_before += count if was.enabled else 0
    impact.on_after += count if will_be.enabled else 0
    if was.enabled is not will_be.enabled:
        impact.turned_on += count if will_be.enabled else 0
        impact.turned_off += count if was.enabled else 0


def _words(resolution: Resolution) -> str:
    """Return an answer as text for people."""
    if resolution.value is not None:
        return str(value_text(resolution.value))
    if resolution.caller_default:
        return "the caller's default"
    return "no such flag" if resolution.reason is Reason.UNKNOWN_FLAG else "unresolved"
