"""What a server of the comparison is: how it is started, and how it is asked."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.specs import Person

__all__ = ["JSON", "AbsentError", "Asked", "Contender", "Place", "Started", "under_uvicorn"]

JSON: Final = {"Content-Type": "application/json"}
_ROOT: Final = Path(__file__).parent.parent.parent


class AbsentError(Exception):
    """A rival is not installed; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request."""

    method: str
    path: str
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is started.

    Attributes:
        port: The port that it opens.
        folder: A folder for its files.
        rivals: The folder in which the rivals are installed.
        source: The address of a server that has the definitions of the other products' servers.
    """

    port: int
    folder: Path
    rivals: Path
    source: str

    def installed(self, name: str) -> str:
        """Return the path of a rival's file; raise AbsentError if it is not there."""
        path = self.rivals / name
        if not path.exists():
            message = f"there is no {name} in the folder of the rivals"
            raise AbsentError(message)
        return str(path)

    def written(self, name: str, text: str) -> str:
        """Write a file into the folder; return its path."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)


@dataclass(frozen=True, slots=True)
class Started:
    """The command of a server, and the variables of its environment."""

    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contender:
    """A server.

    Attributes:
        name: The name in the command line and the results.
        title: The title in the tables.
        start: Returns the command for a number of flags.
        ask: Returns the request for all flags of a person.
    """

    name: str
    title: str
    start: Callable[[Place, int], Started]
    ask: Callable[[Person], Asked]


def under_uvicorn(
    place: Place,
    application: str,
    python: str = sys.executable,
    folder: Path | str = _ROOT,
    **env: str,
) -> Started:
    """Return an ASGI application of a folder as a server; by default it is one of the benchmarks'."""
    options = ("--port", str(place.port), "--log-level", "error", "--no-access-log")
    command = (python, "-m", "uvicorn", application, *options)
    return Started(command, {"PYTHONPATH": str(folder), **env})
