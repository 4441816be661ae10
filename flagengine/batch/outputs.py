"""The two shapes of a result (SPEC R19.5): a column per flag, or a row per person and flag.

The schema depends only on the definitions, so it is known before the first row.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flagengine.columnar.answer_columns import (
    TEXT,
    column_type,
    dictionary_column,
    missing_text,
    plain_column,
    possible_values,
    repeated,
    value_text,
)
from flagengine.columnar.engine import Engine
from flagengine.columnar.errors import TableError
from flagengine.columnar.readable import taken
from flagengine.evaluation.outcomes import typed_payload
from flagengine.plan.flag_plan import RulePlan
from flagengine.results.resolution import Reason, Resolution, UnresolvedReason

__all__ = ["LONG_COLUMNS", "Long", "Output", "Wide", "texts_of"]

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
    "rule_id": TEXT,
    "rule_type": TEXT,
    "variant_key": TEXT,
}


class Output(Protocol):
    """A function from a batch and its answers to a batch of results."""

    schema: pa.Schema

    def __call__(self, batch: pa.RecordBatch, codes: Sequence[NDArray[Any]]) -> pa.RecordBatch:
        """Return the results of a batch; ``codes`` are the positions of answers by flag."""


class Wide:
    """A column per flag: booleans, numbers, or text for other values; null for no value."""

    def __init__(
        self, engine: Engine, schema: pa.Schema, carried: Sequence[str], prefix: str
    ) -> None:
        """Fix the schema."""
        self._engine = engine
        self._carried = carried
        self._texts = {key: texts_of(engine, key) for key in engine.keys}
        self._types = {
            key: column_type(engine.plans.plan(key), engine.overridden.flags.get(key))
            for key in engine.keys
        }
        added = [pa.field(f"{prefix}{key}", self._types[key]) for key in engine.keys]
        self.schema: Any = _schema(schema, carried, added)

    def __call__(self, batch: pa.RecordBatch, codes: Sequence[NDArray[Any]]) -> pa.RecordBatch:
        """Return the batch with a column per flag."""
        columns = [self._as_given(batch.column(name), name) for name in self._carried]
        columns += [
            self._column(key, found) for key, found in zip(self._engine.keys, codes, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _as_given(self, column: pa.Array, name: str) -> pa.Array:
        """Return a carried column in the type of the schema, though its reader may encode it."""
        kind = self.schema.field(name).type
        return column if column.type == kind else column.cast(kind)

    def _column(self, key: str, codes: NDArray[Any]) -> pa.Array:
        answers = self._engine.answers(key).resolutions
        if self._types[key] == TEXT:
            return dictionary_column(answers, codes, _value, self._texts[key])
        return plain_column(answers, codes, lambda resolution: resolution.value, self._types[key])


class Long:
    """A row per person and flag, with all parts of the resolution."""

    def __init__(self, engine: Engine, schema: pa.Schema, carried: Sequence[str]) -> None:
        """Fix the schema."""
        self._engine = engine
        self._carried = carried
        texts = dict.fromkeys(text for key in engine.keys for text in texts_of(engine, key))
        self._dictionaries = {
            "flag": list(engine.keys),
            "value": list(texts),
            "variant": list(texts),
            "payload": _payloads(engine),
            "reason": [reason.value for reason in Reason],
            "unresolved_reason": [reason.value for reason in UnresolvedReason],
            "rule_id": _of_rules(engine, lambda rule: [rule.id]),
            "rule_type": _of_rules(engine, lambda rule: [rule.type]),
            "variant_key": _of_rules(engine, _variant_keys),
        }
        added = [pa.field(name, kind) for name, kind in LONG_COLUMNS.items()]
        self.schema: Any = _schema(_decoded(schema), carried, added)

    def __call__(self, batch: pa.RecordBatch, codes: Sequence[NDArray[Any]]) -> pa.RecordBatch:
        """Return the rows of the first person, flag by flag, then the rows of the next person."""
        keys = self._engine.keys
        by_flag = [tuple(self._engine.answers(key).resolutions) for key in keys]
        starts = accumulate((len(answers) for answers in by_flag), initial=0)
        answers = [answer for part in by_flag for answer in part]
        shifted = [
            found.astype(np.int32) + start for found, start in zip(codes, starts, strict=False)
        ]
        flat = np.stack(shifted, axis=1).ravel() if keys else np.empty(0, np.int32)
        rows = repeated(batch.num_rows, len(keys))
        columns = [self._repeated(batch.column(name), name, rows) for name in self._carried]
        columns += [self._column(name, answers, flat) for name in LONG_COLUMNS]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def _repeated(self, column: pa.Array, name: str, rows: pa.Array) -> pa.Array:
        kind = self.schema.field(name).type
        try:
            found = taken(column, rows)
            return found if found.type == kind else found.cast(kind)
        except pa.ArrowNotImplementedError:
            message = f"cannot be repeated in a long result: it has the type {column.type}; do not carry it"
            raise TableError(message, column=name) from None

    def _column(self, name: str, answers: Sequence[Resolution], codes: NDArray[Any]) -> pa.Array:
        if name in self._dictionaries:
            return dictionary_column(answers, codes, _READERS[name], self._dictionaries[name])
        return plain_column(answers, codes, _READERS[name], LONG_COLUMNS[name])


def _value(resolution: Resolution) -> str | None:
    return value_text(resolution.value)


def _enabled(resolution: Resolution) -> bool | None:
    """Return whether the flag is on; None if it is not decided. The caller's default counts as off."""
    is_decided = resolution.value is not None or resolution.caller_default
    return resolution.enabled if is_decided else None


_READERS: Final[dict[str, Any]] = {
    "flag": lambda resolution: resolution.key,
    "value": _value,
    "enabled": _enabled,
    "variant": lambda resolution: resolution.variant,
    "payload": lambda resolution: resolution.raw_payload,
    "reason": lambda resolution: resolution.reason.value,
    "condition_index": lambda resolution: resolution.condition_index,
    "unresolved_reason": lambda resolution: (
        resolution.unresolved_reason and resolution.unresolved_reason.value
    ),
    "missing": missing_text,
    "rule_id": lambda resolution: resolution.rule and resolution.rule.id,
    "rule_type": lambda resolution: resolution.rule and resolution.rule.type,
    "variant_key": lambda resolution: resolution.rule and resolution.rule.variant_key,
}


def texts_of(engine: Engine, key: str) -> list[str]:
    """Return the texts of all values of a flag; raise :class:`TableError` for one without UTF-8."""
    values = possible_values(engine.plans.plan(key), engine.overridden.flags.get(key))
    return list(dict.fromkeys(str(value_text(value)) for value in values))


def _payloads(engine: Engine) -> list[str]:
    found = dict.fromkeys(engine.overridden.payloads.values())
    for key in engine.keys:
        plan = engine.plans.plan(key)
        found |= dict.fromkeys(plan.payloads.values() if plan else ())
        values = possible_values(plan, engine.overridden.flags.get(key))
        found |= dict.fromkeys(filter(None, map(typed_payload, values)))
    return list(found)


def _of_rules(engine: Engine, read: Callable[[RulePlan], Iterable[str]]) -> list[str]:
    """Return the distinct texts that ``read`` gives for the rules of all flags."""
    plans = filter(None, map(engine.plans.plan, engine.keys))
    rules = (condition.rule for plan in plans for condition in plan.conditions)
    return list(dict.fromkeys(text for rule in rules if rule for text in read(rule)))


def _variant_keys(rule: RulePlan) -> Iterator[str]:
    return filter(None, (answer.variant_key for answer in rule.values))


def _decoded(schema: pa.Schema) -> pa.Schema:
    """Return a schema without runs, because each row of a long result would be a run of its own."""
    kinds = [field.type for field in schema]
    while any(map(pa.types.is_run_end_encoded, kinds)):
        kinds = [kind.value_type if pa.types.is_run_end_encoded(kind) else kind for kind in kinds]
    return pa.schema([field.with_type(kind) for field, kind in zip(schema, kinds, strict=True)])


def _schema(schema: pa.Schema, carried: Sequence[str], added: list[pa.Field]) -> pa.Schema:
    fields = [schema.field(name) for name in carried] + added
    names = [field.name for field in fields]
    for name in names:
        if names.count(name) > 1:
            message = "the result would have two columns of this name; carry fewer columns, or pass a prefix"
            raise TableError(message, column=name)
    return pa.schema(fields)
