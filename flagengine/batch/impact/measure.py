"""Two snapshots over one population: transitions counted per flag, in one pass."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flagengine.analysis.changes.change import Change
from flagengine.batch.impact.causes import cause_of
from flagengine.batch.impact.sampling import Sample
from flagengine.batch.inputs import numbered
from flagengine.batch.stream import in_order
from flagengine.columnar.answer_columns import value_text
from flagengine.columnar.engine import Engine
from flagengine.columnar.rows import Rows
from flagengine.results.resolution import Reason, Resolution

__all__ = ["FlagImpact", "Impact", "Transition", "measure_impact"]

_EXAMPLES = 3


@dataclass(slots=True)
class Transition:
    """The people who change from one answer to another; ``causes`` counts them by cause."""

    old: str
    new: str
    rows: int = 0
    causes: Counter[Change] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class FlagImpact:
    """The changes of one flag's answers; ``before`` and ``after`` count all people by value."""

    key: str
    changed: int = 0
    transitions: dict[tuple[str, str], Transition] = field(default_factory=dict)
    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)

    def largest_first(self) -> list[Transition]:
        """Return the transitions, the largest first."""
        return sorted(self.transitions.values(), key=lambda transition: -transition.rows)


@dataclass(slots=True)
class Impact:
    """The changes of all flags over ``rows`` evaluated rows of ``seen`` rows in the population."""

    flags: dict[str, FlagImpact]
    rows: int = 0
    seen: int = 0

    def changed_first(self) -> list[FlagImpact]:
        """Return the flags, the flag that changes for most people first."""
        return sorted(self.flags.values(), key=lambda flag: -flag.changed)


_Pair = tuple[int, int, int, int | None]
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
    impact = Impact({key: FlagImpact(key) for key in new.keys})
    for seen, rows, pairs, examples in in_order(
        lambda item: _compared(old, new, item, sample), numbered(batches), threads
    ):
        impact.seen += seen
        impact.rows += rows
        for key, found in zip(new.keys, pairs, strict=True):
            _add(impact.flags[key], old, new, found, examples)
        yield impact
    if not impact.seen:
        yield impact


def _compared(
    old: Engine, new: Engine, item: tuple[int, pa.RecordBatch], sample: Sample | None
) -> tuple[int, int, list[list[_Pair]], dict[int, str]]:
    first_row, batch = item
    taken = batch if sample is None else sample.rows(batch, first_row)
    rows = new.rows(taken, first_row)
    before, after = old.run(rows), new.run(rows)
    pairs = [_pairs(*codes) for codes in zip(before, after, strict=True)]
    wanted = {row for found in pairs for *_, row in found if row is not None}
    examples = {row: _name(rows, row) for row in sorted(wanted)}
    return batch.num_rows, taken.num_rows, pairs, examples


def _pairs(before: NDArray[Any], after: NDArray[Any]) -> list[_Pair]:
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


def _name(rows: Rows, row: int) -> str:
    return str(rows.distinct_id(row))


def _add(
    impact: FlagImpact, old: Engine, new: Engine, pairs: Sequence[_Pair], examples: dict[int, str]
) -> None:
    olds, news = old.answers(impact.key).resolutions, new.answers(impact.key).resolutions
    definitions = old.snapshot.flags.get(impact.key), new.snapshot.flags.get(impact.key)
    for before, after, count, row in pairs:
        was, will_be = olds[before], news[after]
        words = _words(was), _words(will_be)
        impact.before[words[0]] += count
        impact.after[words[1]] += count
        if words[0] == words[1] and was.raw_payload == will_be.raw_payload:
            continue
        impact.changed += count
        transition = impact.transitions.setdefault(words, Transition(*words))
        transition.rows += count
        transition.causes[cause_of(*definitions, was, will_be)] += count
        if len(transition.examples) < _EXAMPLES and row is not None:
            transition.examples.append(examples[row])


def _words(resolution: Resolution) -> str:
    """Return an answer as text for people."""
    if resolution.value is not None:
        return str(value_text(resolution.value))
    if resolution.caller_default:
        return "the caller's default"
    return "no such flag" if resolution.reason is Reason.UNKNOWN_FLAG else "unresolved"
