"""The two shapes of a result (SPEC R19.5): a column per flag, or a row per person and flag.

The schema depends only on the definitions, so it is known before the first row.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flagengine.columnar.answer_columns import (
    TEXT,
    dictionary_column,
    missing_text,
    plain_column,
    possible_values,
    repeated,
    value_text,
)
from flagengine.columnar.engine import Engine
from flagengine.columnar.errors import TableError
from flagengine.results.resolution import Reason, Resolution, UnresolvedReason

__all__ = ["LONG_COLUMNS", "Long", "Output", "Wide"]

LONG_COLUMNS: Final = {
    "flag": TEXT,
    "value": TEXT,
    "enabled": pa.bool_(),
    "variant": TEXT,
    "payload": TEXT,
    "reason": TEXT,
    "condition_index": pa.int32(),
    "unresolved_reason": TEXT,
    "missing": pa.string(),
}


class Output(Protocol):
    """A function from a batch and its answers to a batch of results."""

    schema: pa.Schema

    def __call__(self, batch: pa.RecordBatch, codes: Sequence[NDArray[Any]]) -> pa.RecordBatch:
        """Return the results of a batch; ``codes`` are the positions of answers by flag."""


class Wide:
    """A column per flag: booleans, or text for a flag with variants; null if unresolved."""

    def __init__(
        self, engine: Engine, schema: pa.Schema, carried: Sequence[str], prefix: str
    ) -> None:
        """Fix the schema."""
        self._engine = engine
        self._carried = carried
        self._texts = {key: _texts(engine, key) for key in engine.keys}
        added = [
            pa.field(f"{prefix}{key}", TEXT if self._is_text(key) else pa.bool_())
            for key in engine.keys
        ]
        self.schema = _schema(schema, carried, added)

    def _is_text(self, key: str) -> bool:
        return len(self._texts[key]) > 2

    def __call__(self, batch: pa.RecordBatch, codes: Sequence[NDArray[Any]]) -> pa.RecordBatch:
        """Return the batch with a column per flag."""
        columns = [batch.column(name) for name in self._carried]
        columns += [
            self._column(key, found) for key, found in zip(self._engine.keys, codes, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _column(self, key: str, codes: NDArray[Any]) -> pa.Array:
        answers = self._engine.answers(key).resolutions
        if self._is_text(key):
            return dictionary_column(answers, codes, _value, self._texts[key])
        return plain_column(answers, codes, lambda resolution: resolution.value, pa.bool_())


class Long:
    """A row per person and flag, with all parts of the resolution."""

    def __init__(self, engine: Engine, schema: pa.Schema, carried: Sequence[str]) -> None:
        """Fix the schema."""
        self._engine = engine
        self._carried = carried
        texts = dict.fromkeys(text for key in engine.keys for text in _texts(engine, key))
        self._dictionaries = {
            "flag": list(engine.keys),
            "value": list(texts),
            "variant": list(texts),
            "payload": _payloads(engine),
            "reason": [reason.value for reason in Reason],
            "unresolved_reason": [reason.value for reason in UnresolvedReason],
        }
        added = [pa.field(name, kind) for name, kind in LONG_COLUMNS.items()]
        self.schema = _schema(schema, carried, added)

    def __call__(self, batch: pa.RecordBatch, codes: Sequence[NDArray[Any]]) -> pa.RecordBatch:
        """Return the rows of the first person, flag by flag, then the rows of the next person."""
        keys = self._engine.keys
        by_flag = [tuple(self._engine.answers(key).resolutions) for key in keys]
        starts = accumulate((len(answers) for answers in by_flag), initial=0)
        answers = [answer for part in by_flag for answer in part]
        shifted = [found + start for found, start in zip(codes, starts, strict=False)]
        flat = np.stack(shifted, axis=1).ravel() if keys else np.empty(0, np.int32)
        rows = repeated(batch.num_rows, len(keys))
        columns = [batch.column(name).take(rows) for name in self._carried]
        columns += [self._column(name, answers, flat) for name in LONG_COLUMNS]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _column(self, name: str, answers: Sequence[Resolution], codes: NDArray[Any]) -> pa.Array:
        if name in self._dictionaries:
            return dictionary_column(answers, codes, _READERS[name], self._dictionaries[name])
        return plain_column(answers, codes, _READERS[name], LONG_COLUMNS[name])


def _value(resolution: Resolution) -> str | None:
    return value_text(resolution.value)


_READERS: Final[dict[str, Any]] = {
    "flag": lambda resolution: resolution.key,
    "value": _value,
    "enabled": lambda resolution: None if resolution.value is None else resolution.enabled,
    "variant": lambda resolution: resolution.variant,
    "payload": lambda resolution: resolution.raw_payload,
    "reason": lambda resolution: resolution.reason.value,
    "condition_index": lambda resolution: resolution.condition_index,
    "unresolved_reason": lambda resolution: (
        resolution.unresolved_reason and resolution.unresolved_reason.value
    ),
    "missing": missing_text,
}


def _texts(engine: Engine, key: str) -> list[str]:
    values = possible_values(engine.plans.plan(key), engine.overridden.flags.get(key))
    return list(dict.fromkeys(str(value_text(value)) for value in values))


def _payloads(engine: Engine) -> list[str]:
    found = dict.fromkeys(engine.overridden.payloads.values())
    for plan in map(engine.plans.plan, engine.keys):
        found |= dict.fromkeys(plan.payloads.values() if plan else ())
    return list(found)


def _schema(schema: pa.Schema, carried: Sequence[str], added: list[pa.Field]) -> pa.Schema:
    fields = [schema.field(name) for name in carried] + added
    names = [field.name for field in fields]
    for name in names:
        if names.count(name) > 1:
            message = "the result would have two columns of this name; carry fewer columns, or pass a prefix"
            raise TableError(message, column=name)
    return pa.schema(fields)
