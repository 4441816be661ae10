"""The place of a result: written beside it, and moved there when it is complete.

A folder is replaced only if it holds nothing but parts that this package wrote; everything else that
a result would take the place of is an error before any row is read. EDGE: moves and removes files.
"""

import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pyarrow as pa

from flagengine.batch.files.formats import FileError

__all__ = ["OF_SPARK", "guarded_writing", "placed"]

OF_SPARK: Final = "_flagengine"
"""The file that marks a folder as a result: the names of Spark's own parts do not say who wrote them."""

_PARTS: Final = re.compile(r"part-[0-9]{5}\.parquet")
_PARTS_OF_SPARK: Final = re.compile(
    rf"{OF_SPARK}|\.?part-[0-9]{{5}}-[^/]*|\.?part-[0-9]{{5}}\.parquet|\.?_SUCCESS(\.crc)?"
)


@contextmanager
def placed(path: Path, inputs: Iterable[Path] = ()) -> Iterator[Path]:
    """Yield a temporary path, which is moved into place at the end.

    Raise :class:`FileError` if the result would take the place of anything but an earlier result.
    ``inputs`` are the files and folders that it is made from.
    """
    place: Path = guarded_writing(path, _checked, path, tuple(inputs))
    draft = place.with_name(f".{place.name}.{uuid4().hex[:8]}.part")
    try:
        yield draft
        guarded_writing(path, _move, draft, place, path)
    finally:
        _remove(draft)


def guarded_writing(path: Path, work: Callable[..., Any], *arguments: Any) -> Any:
    """Call ``work``; name the output in the error if it cannot be written."""
    try:
        return work(*arguments)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise FileError(f"{path}: cannot be written: {reason}") from None


def _checked(path: Path, inputs: tuple[Path, ...]) -> Path:
    """Return the place that a path names, links followed, if a result may be put there."""
    place, here = path.resolve(), Path.cwd()
    if place == here or place in here.parents:
        raise FileError(
            f"{path}: the output must not be the current folder or a folder above it; name a file or "
            "a new folder in it"
        )
    for given in inputs:
        source = given.resolve()
        if place == source or (place.exists() and source.exists() and place.samefile(source)):
            raise FileError(f"{path}: the output must not be the input; choose another name")
        if place in source.parents:
            raise FileError(f"{path}: the output must not be a folder that holds the input {given}")
        if source in place.parents:
            raise FileError(
                f"{path}: the output must not be in the input folder {given}, where the next run "
                "would read it"
            )
    _check_replaceable(path, place)
    if not place.parent.is_dir():
        why = "is no folder" if place.parent.exists() else "does not exist"
        raise FileError(f"{path}: cannot be written: {path.parent} {why}")
    return place


def _check_replaceable(path: Path, place: Path) -> None:
    if place.is_dir():
        foreign = _foreign(place)
        if foreign is not None:
            raise FileError(
                f"{path}: the folder must be new, empty or an earlier result, but it holds "
                f"{foreign!r}; nothing was changed"
            )
    elif place.exists() and not place.is_file():
        raise FileError(f"{path}: the output must be a file or a folder, not a device or a pipe")


def _foreign(folder: Path) -> str | None:
    """Return a name in a folder that no result has there; None if there is none."""
    found = sorted(folder.iterdir())
    own = _PARTS_OF_SPARK if any(part.name == OF_SPARK for part in found) else _PARTS
    for part in found:
        if part.is_symlink() or not part.is_file() or not own.fullmatch(part.name):
            return part.name
    return None


def _move(draft: Path, place: Path, path: Path) -> None:
    if not place.is_dir():
        draft.replace(place)
        return
    _check_replaceable(path, place)  # much may have happened since the first look
    aside = draft.with_suffix(".old")
    place.rename(aside)
    try:
        draft.rename(place)
    except BaseException:
        aside.rename(place)
        raise
    _remove_result(aside)


def _remove_result(folder: Path) -> None:
    """Remove an earlier result; keep what was put into its folder in the meantime."""
    with suppress(OSError):
        if _foreign(folder) is None:
            shutil.rmtree(folder)


def _remove(draft: Path) -> None:
    if draft.is_dir():
        shutil.rmtree(draft, ignore_errors=True)
    else:
        with suppress(NotADirectoryError):  # the parent is a file, so nothing was written
            draft.unlink(missing_ok=True)
