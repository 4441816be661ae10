"""Errors in a table, with the column's name and the row's number."""

from flagengine.values.printable import printable
from flagengine.values.spelling import nearest

__all__ = ["TableError", "no_column"]


class TableError(ValueError):
    """An error in a table; ``column`` and ``row`` (from 0) say where, if known."""

    def __init__(self, message: str, *, column: str | None = None, row: int | None = None) -> None:
        place = "" if column is None else f"column {column!r}"
        if row is not None:
            place += f", row {row}"
        super().__init__(printable(f"{place}: {message}" if place else message))
        self.column = column
        self.row = row


def no_column(name: str, wanted: str, known: list[str]) -> TableError:
    """Return the error for a missing column, with the name that may be meant."""
    near = nearest(name, known, 0.5)
    hint = f"did you mean {near!r}?" if near else f"it has {', '.join(known[:20]) or 'none'}"
    return TableError(f"the table has no such column, wanted for {wanted}; {hint}", column=name)
