"""Tables for commands, with a progress bar on a terminal and one-line errors."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from flagengine.batch import TableError
from flagengine.batch.files import FileError, FileTable, open_file
from flagengine.batch.inputs import Batches
from flagengine.cli.population import Population
from flagengine.cli.trouble import Trouble, wrong_argument

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["opened", "shown_people", "shown_rows", "troubles"]


@contextmanager
def troubles(source: str) -> Iterator[None]:
    """Turn the error of a table or file into a one-line `Trouble` that names the file."""
    try:
        yield
    except FileError as error:
        raise Trouble(str(error)) from None
    except TableError as error:
        raise Trouble(f"{source}: {error}") from None
    except (TypeError, ValueError) as error:
        raise wrong_argument(error) from None


def opened(source: str, people: Population, *, encoded: bool = False) -> FileTable:
    """Open a table by the name of its file; see ``open_file``."""
    with troubles(source):
        return open_file(Path(source), people.batch_rows, ids=people.ids, encoded=encoded)


class _Rate(ProgressColumn):
    """Rows per second."""

    def render(self, task: Task) -> Text:
        """Return the rate as text."""
        return Text(f"{task.speed:,.0f} rows/s" if task.speed else "")


def shown_rows(
    batches: "Iterable[pa.RecordBatch]", rows: int | None, *, quiet: bool = False
) -> "Iterator[pa.RecordBatch]":
    """Yield batches; on a terminal, show the rows done, the speed and the time left."""
    if quiet or not sys.stderr.isatty():
        yield from batches
        return
    with _bar() as progress:
        task = progress.add_task("", total=rows)
        for batch in batches:
            yield batch
            progress.advance(task, batch.num_rows)


def shown_people(file: FileTable, *, quiet: bool = False) -> Batches:
    """Return a file's rows, which show a progress bar on a terminal while they are read."""
    batches = file.batches
    return Batches(batches.schema, shown_rows(batches, file.rows, quiet=quiet))


def _bar() -> Progress:
    columns: tuple[Any, ...] = (
        BarColumn(),
        TextColumn("{task.completed:,} rows"),
        _Rate(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(stderr=True), transient=True)
