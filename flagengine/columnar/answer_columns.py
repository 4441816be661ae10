"""Answers to Arrow columns: the text of each distinct answer, and a look-up per row."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flagengine.plan.flag_plan import FlagPlan
from flagengine.results.resolution import Resolution, Value
from flagengine.values.json_values import text

__all__ = ["TEXT", "dictionary_column", "plain_column", "possible_values", "value_text"]

TEXT = pa.dictionary(pa.int32(), pa.string())


def possible_values(plan: FlagPlan | None, override: bool | str | None) -> tuple[bool | str, ...]:
    """Return every value that a flag can have, false and true first."""
    found: dict[bool | str, None] = {False: None, True: None}
    if plan is not None:
        found |= dict.fromkeys(variant.key for variant in plan.variants)
        found |= dict.fromkeys(
            condition.pinned for condition in plan.conditions if condition.pinned
        )
        if plan.holdout is not None:
            found[plan.holdout.value] = None
    if override is not None:
        found[override] = None
    return tuple(found)


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
    return pa.array([read(answer) for answer in answers], kind).take(pa.array(codes))


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
