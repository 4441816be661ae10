"""Errors that end a command: one line that names the place and the likely mistake."""

from collections.abc import Iterable
from difflib import get_close_matches

import click

from flagengine.cli.escapes import plain

__all__ = ["EXIT_CODES", "Trouble", "check_keys", "did_you_mean", "wrong_argument"]

EXIT_CODES = "Exit codes: 0 success; 1 findings; 2 wrong usage or unreadable input."


class Trouble(click.ClickException):
    """Wrong usage or unreadable input; the message is one line."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        """Escape what is not printable: a message quotes files and arguments."""
        super().__init__(plain(message))


def wrong_argument(error: TypeError | ValueError) -> Trouble:
    """Return the engine's error about an argument, with the option's name in place of the argument's."""
    return Trouble(str(error).replace("project_timezone", "--timezone"))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint that suggests the nearest known word; '' if none is near."""
    near = get_close_matches(word, list(known), 1, 0.5)
    return f"; did you mean {near[0]}?" if near else ""


def check_keys(source: str, keys: Iterable[str], known: Iterable[str]) -> None:
    """Raise `Trouble` if a requested flag does not exist."""
    known = dict.fromkeys(known)
    for key in keys:
        if key not in known:
            hint = did_you_mean(key, known) or f"; the document has {len(known)} flags"
            raise Trouble(f"{source}: unknown flag {key!r}{hint}")
