"""Answers to Arrow columns: the text of each distinct answer, and a look-up per row."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flagengine.columnar.cases import looked_up
from flagengine.plan.flag_plan import FlagPlan
from flagengine.plan.shares import Served
from flagengine.results.resolution import Resolution, Value
from flagengine.values.json_values import text

__all__ = [
    "TEXT",
    "column_type",
    "dictionary_column",
    "plain_column",
    "possible_values",
    "value_text",
]

TEXT = pa.dictionary(pa.int32(), pa.string())


def possible_values(plan: FlagPlan | None, override: Value) -> list[Value]:
    """Return every value that a flag can have, false and true first for a flag of booleans."""
    found: list[Value] = [] if plan is not None and plan.return_type != "boolean" else [False, True]
    if plan is not None:
        found += _served(plan)
        found += [variant.key for variant in plan.variants]
        found += [condition.pinned for condition in plan.conditions if condition.pinned]
        found += [] if plan.holdout is None else [plan.holdout.value]
    return found if override is None else [*found, override]


def _served(plan: FlagPlan) -> Iterator[Value]:
    """Yield the values of a format 2 flag's rules, and its default unless that is the caller's."""
    for condition in plan.conditions:
        for answer in () if condition.rule is None else condition.rule.values:
            yield answer.value
    if isinstance(plan.otherwise, Served) and plan.otherwise.value is not None:
        yield plan.otherwise.value


def column_type(plan: FlagPlan | None, override: Value) -> pa.DataType:
    """Return the type of a flag's column: booleans, numbers, or text, objects as their JSON."""
    values = possible_values(plan, override)
    if all(isinstance(value, bool) for value in values) and values:
        return pa.bool_()
    are_numbers = all(isinstance(value, int | float) for value in values)
    is_number_flag = plan is not None and plan.return_type == "number"
    return pa.float64() if is_number_flag and are_numbers else TEXT


def value_text(value: Value) -> str | None:
    """Return a value as the text of a column; a number or an object as its JSON."""
    return value if value is None or isinstance(value, str) else text(value)


def plain_column(
    answers: Sequence[Resolution],
    codes: NDArray[Any],
    read: Callable[[Resolution], Any],
    kind: pa.DataType,
) -> pa.Array:
    """Return ``read`` of each row's answer as a column, in which None is null."""
    table = [read(answer) for answer in answers]
    if kind == pa.bool_() and None not in table:
        bits = np.packbits(looked_up(np.array(table, bool), codes), bitorder="little")
        return pa.Array.from_buffers(kind, len(codes), [None, pa.py_buffer(bits)])
    return pa.array(table, kind).take(pa.array(codes))


def dictionary_column(
    answers: Sequence[Resolution],
    codes: NDArray[Any],
    read: Callable[[Resolution], str | None],
    values: Iterable[str],
) -> pa.Array:
    """Return ``read`` of each row's answer as a dictionary column with these values."""
    dictionary = list(values)
    positions = {text: place for place, text in enumerate(dictionary)}
    table = [None if (text := read(answer)) is None else positions[text] for answer in answers]
    indices = pa.array(table, pa.int32()).take(pa.array(codes))
    return pa.DictionaryArray.from_arrays(indices, pa.array(dictionary, pa.string()))


def missing_text(resolution: Resolution) -> str | None:
    """Return the missing inputs of an unresolved answer as JSON text; None when there are none."""
    if not resolution.missing:
        return None
    return json.dumps(resolution.missing.to_dict(), sort_keys=True)


def repeated(count: int, times: int) -> pa.Array:
    """Return the positions of ``count`` rows, each repeated ``times`` times."""
    return pa.array(np.repeat(np.arange(count), times))
