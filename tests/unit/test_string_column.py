"""Columns of bucket numbers with and without the accelerator."""

import importlib
import sys
from array import array
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine import hashing, native
from flagengine.hashing import string_column as installed
from flagengine.hashing.buckets import Algorithm, hasher
from flagengine.hashing.string_column import NULL_ROW, StringColumn


def _without_accelerator() -> ModuleType:
    """Return a second copy of the module, without the extension."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "accelerator", None)
        patch.setattr(hashing, "string_column", installed)
        patch.delitem(sys.modules, "flagengine.hashing.string_column")
        return importlib.import_module("flagengine.hashing.string_column")


BACKENDS = {"as installed": installed, "pure Python": _without_accelerator()}

every_backend = pytest.mark.parametrize("columns", BACKENDS.values(), ids=BACKENDS.keys())


def _column(texts: list[str | None], *, large: bool, start: int = 0) -> StringColumn:
    ends, data, bits = [0], b"", bytearray(len(texts) // 8 + 1)
    for i, text in enumerate(texts):
        data += (text or "").encode()
        ends.append(len(data))
        bits[i // 8] |= (text is not None) << i % 8
    offsets = array("q" if large else "i", ends)
    return StringColumn(
        offsets=offsets,
        data=data,
        start=start,
        count=len(texts) - start,
        large_offsets=large,
        validity=bits,
    )


@every_backend
@pytest.mark.parametrize("algorithm", Algorithm)
@given(
    texts=st.lists(st.none() | st.text() | st.text(max_size=9).map(lambda text: text * 40)),
    prefix=st.text(),
    salt=st.text(),
    large=st.booleans(),
    clip=st.booleans(),
    data=st.data(),
)
def test_a_column_has_the_numbers_of_its_rows(
    columns: ModuleType,
    algorithm: Algorithm,
    texts: list[str | None],
    prefix: str,
    salt: str,
    large: bool,
    clip: bool,
    data: st.DataObject,
) -> None:
    start = data.draw(st.integers(0, len(texts)))
    column = _column(texts, large=large, start=start)
    out = array("Q", [7] * (column.count + 1))
    columns.bucket_column(algorithm, prefix, salt, column, out, clip=clip)
    number = hasher(algorithm, prefix, salt, clip=clip)
    expected = [NULL_ROW if text is None else number(text) for text in texts[start:]]
    assert list(out) == [*expected, 7]


REFUSED: dict[str, dict[str, Any]] = {
    "start and count must not be negative": {"count": -1},
    "out is too short": {"count": 4},
    "offsets is too short": {"start": 1},
    "validity is too short": {"validity": b""},
    "row 2 are not within": {"offsets": array("i", [0, 1, 2, 4])},
    "row 1 are not within": {"offsets": array("i", [0, 2, 1, 3])},
    "row 0 are not within": {"offsets": array("i", [-1, 0, 1, 2])},
}


@every_backend
@pytest.mark.parametrize("message", REFUSED)
def test_buffers_that_contradict_each_other_are_refused(columns: ModuleType, message: str) -> None:
    good = StringColumn(offsets=array("i", [0, 1, 2, 3]), data=b"abc", count=3)
    column = replace(good, **REFUSED[message])
    with pytest.raises(ValueError, match=message):
        columns.bucket_column(Algorithm.SHA1, "flag-a.", "", column, array("Q", [0] * 3))


@every_backend
def test_a_column_without_rows_needs_no_buffers(columns: ModuleType) -> None:
    column = StringColumn(offsets=None, data=None, count=0)
    columns.bucket_column(Algorithm.SHA1, "flag-a.", "", column, array("Q"))
