"""File formats by suffix, and the error for files."""

from pathlib import Path
from typing import Final

__all__ = ["NOT_UTF8", "SUFFIXES", "FileError", "format_of", "written_format_of"]

SUFFIXES: Final = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".arrow": "ipc",
    ".feather": "ipc",
    ".arrows": "ipc stream",
}

NOT_UTF8: Final = (
    "must be UTF-8, got bytes of another encoding; convert the file, for example with "
    "iconv -f latin1 -t utf-8"
)


class FileError(ValueError):
    """A file that cannot be read or written; the message names the file."""


def format_of(path: Path) -> str:
    """Return a file's format; a folder, or a path without suffix, is a Parquet data set."""
    if path.is_dir() or not path.suffix:
        return "dataset"
    found = SUFFIXES.get(path.suffix.lower())
    if found is None:
        known = ", ".join(sorted(SUFFIXES))
        raise FileError(f"{path}: unknown file suffix; expected one of {known}, or a folder")
    return found


def written_format_of(path: Path) -> str:
    """Return the format of an output; a folder of Parquet takes no file's place, nor the reverse."""
    found = format_of(path)
    own = SUFFIXES.get(path.suffix.lower(), "parquet")
    if path.is_dir() and own != "parquet":
        raise FileError(f"{path}: the output must be a file, but there is a folder of that name")
    if found == "dataset" and path.exists() and not path.is_dir():
        raise FileError(
            f"{path}: an output without a suffix is a folder, but there is a file of that name; "
            f"add one of {', '.join(sorted(SUFFIXES))}"
        )
    return found
