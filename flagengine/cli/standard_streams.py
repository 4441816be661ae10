"""Tables on standard input and output, by way of temporary files: formats such as Parquet need a file."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from flagengine.cli.trouble import Trouble

__all__ = ["FORMATS", "table_in", "table_out"]

FORMATS: Final = ("jsonl", "csv", "parquet", "arrow", "arrows")


@contextmanager
def table_in(given: str, form: str) -> Iterator[str]:
    """Yield the name of a file with the table; ``-`` is standard input, a table of the format."""
    if given != "-":
        yield given
        return
    with TemporaryDirectory(prefix="flagengine-") as folder:
        path = Path(folder) / f"input.{form}"
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        with _named(path, "standard input"):
            yield str(path)


@contextmanager
def table_out(given: str, form: str) -> Iterator[str]:
    """Yield the name of the file to write; what is written to ``-`` is copied to standard output.

    After a failure nothing is copied.
    """
    if given != "-":
        yield given
        return
    with TemporaryDirectory(prefix="flagengine-") as folder:
        path = Path(folder) / f"output.{form}"
        with _named(path, "standard output"):
            yield str(path)
        with path.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
        sys.stdout.buffer.flush()


@contextmanager
def _named(path: Path, name: str) -> Iterator[None]:
    """Name the stream in place of the temporary file in the text of an error."""
    try:
        yield
    except Trouble as error:
        raise Trouble(error.message.replace(str(path), name)) from None
