"""Errors that end a command: one line that names the place and the likely mistake."""

from collections.abc import Iterable
from typing import Final

import click

from flagengine.values.printable import printable
from flagengine.values.spelling import nearest

__all__ = ["EXIT_CODES", "Trouble", "check_keys", "did_you_mean", "wrong_argument"]

_MOST: Final = 10_000
"""The number of names that a misspelt one is compared with."""

EXIT_CODES = "Exit codes: 0 success; 1 findings; 2 wrong usage or unreadable input."


class Trouble(click.ClickException):
    """Wrong usage or unreadable input; the message is one line."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        """Escape what is not printable: a message quotes files and arguments."""
        super().__init__(printable(message))


def wrong_argument(error: TypeError | ValueError) -> Trouble:
    """Return the engine's error about an argument, with the option's name in place of the argument's."""
    return Trouble(str(error).replace("project_timezone", "--timezone"))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint that suggests the nearest known word; '' if none is near."""
    near = nearest(word, known, 0.5, _MOST)
    return f"; did you mean {near}?" if near else ""


def check_keys(source: str, keys: Iterable[str], known: Iterable[str]) -> None:
    """Raise `Trouble` if a requested flag does not exist."""
    known = dict.fromkeys(known)
    for key in keys:
        if key not in known:
            hint = did_you_mean(key, known) or f"; the document has {len(known)} flags"
            raise Trouble(f"{source}: unknown flag {key!r}{hint}")
