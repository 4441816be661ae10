"""The distinct texts of a column over all batches of a call, each with a fixed position.

Equal columns of different batches thereby have the same labels, so that what was found out about a
label once, such as the verdicts of the tests, is looked up by its position.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flagengine.columnar.cases import Cases, looked_up, smallest_type
from flagengine.columnar.readable import readable

__all__ = ["Vocabularies"]

_MOST: Final = 1 << 14
"""The number of texts that a column's vocabulary may have: above, little is found again."""

_LONGEST: Final = 1 << 20
"""The number of characters that a column's vocabulary may have."""

_DICTIONARIES: Final = 4
"""The number of dictionaries per column whose positions are kept: threads read different batches."""

Labels = tuple[Any, ...]


class Vocabularies:
    """The vocabularies of a table's columns; safe to use from several threads."""

    def __init__(self) -> None:
        """Start without texts."""
        self._known: dict[tuple[int, Any], _Vocabulary] = {}

    def cases(self, position: int, array: pa.Array, null: Any) -> Cases | None:
        """Return a column of texts as cases; ``null`` is the label of Arrow's nulls.

        Return None for a column that has another type or too many texts. Texts without rows may be
        among the labels.
        """
        array = readable(array)
        if not _is_text(array.type) or array.null_count == len(array):
            return None
        encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
        if len(encoded.dictionary) > _MOST or encoded.dictionary.null_count:
            return None
        vocabulary = self._known.setdefault((position, null), _Vocabulary(null))
        found = vocabulary.positions(encoded.dictionary)
        if found is None:
            return None
        labels, texts, places = found
        indices = encoded.indices
        if (
            not indices.null_count
        ):  # a label of nulls would make every test one that may be in doubt
            labels = texts
        else:
            indices = indices.fill_null(len(places) - 1)
        return Cases(labels, looked_up(places, indices.to_numpy(zero_copy_only=False)))


class _Learned(NamedTuple):
    """What is known of a column; nothing in it changes."""

    positions: dict[str, int] = {}  # noqa: RUF012 nobody changes it
    characters: int = 0
    dictionaries: tuple[tuple[pa.Array, Labels, Labels, NDArray[Any]], ...] = ()


class _Vocabulary:
    """One column's texts; the last label is that of nulls.

    What is learned is replaced whole, so there is no lock: of what two threads learn at the same time
    one part may be lost, and is learned again.
    """

    def __init__(self, null: Any) -> None:
        self._null = null
        self._learned = _Learned()

    def positions(self, dictionary: pa.Array) -> tuple[Labels, Labels, NDArray[Any]] | None:
        """Return the labels, those of texts alone, and the places of a dictionary's texts and of null."""
        before = self._learned
        for known, labels, alone, places in before.dictionaries:
            if known.equals(dictionary):
                return labels, alone, places
        try:
            after = self._after(before, dictionary, dictionary.to_pylist())
        except UnicodeDecodeError:
            return None
        if after is None:
            return None
        self._learned = after
        return after.dictionaries[0][1:]

    def _after(self, before: _Learned, dictionary: pa.Array, texts: list[str]) -> _Learned | None:
        new = [text for text in texts if text not in before.positions]
        characters = before.characters + sum(map(len, new))
        if len(before.positions) + len(new) > _MOST or characters > _LONGEST:
            before, new, characters = _Learned(), texts, sum(map(len, texts))
            if characters > _LONGEST:
                return None
        positions, same = before.positions, before.dictionaries
        if new or not same:
            positions = dict(positions)
            for text in new:
                positions.setdefault(text, len(positions))
        if same and not new:
            labels, alone = same[0][1:3]  # the same objects, by which verdicts are found again
        else:
            labels, alone = (*positions, self._null), tuple(positions)
        table = [*map(positions.__getitem__, texts), len(labels) - 1]
        learned = (dictionary, labels, alone, np.array(table, smallest_type(len(labels))))
        return _Learned(positions, characters, (learned, *same)[:_DICTIONARIES])


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
