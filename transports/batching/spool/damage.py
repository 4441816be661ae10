"""What a damaged spool costs, and the place for its damaged parts.

Damaged parts are put into files ``*.damaged`` beside the spool's folders, for whoever wants to look
at them. They are never read again, and together they take a bounded number of bytes.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..append_file import Fsync
from ..limits import MIB
from .disk import Disk, Found

__all__ = ["SUFFIX_OF_DAMAGED", "Damage", "put_aside"]

# Bounds of all damaged parts in a directory: enough to see what happened.
MAX_BYTES = 16 * MIB
MAX_FILES = 100
SUFFIX_OF_DAMAGED = ".damaged"
# What ``_place`` makes.
_OUR_NAME = re.compile(rf"[0-9a-f]{{32}}-.*{re.escape(SUFFIX_OF_DAMAGED)}", re.DOTALL)


@dataclass(slots=True)
class Damage:
    """What was found damaged in the folders of dead processes.

    Attributes:
        events: the least number of events that are lost.
        size: the number of damaged bytes.
        places: the damaged files.
        problems: the folders that could not be read, each with the reason.
        pieces: the damaged bytes by file, as many as may be kept.
        strangers: what is in place of a file that could be read.
    """

    events: int = 0
    size: int = 0
    places: list[Path] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    pieces: dict[Path, list[bytes]] = field(default_factory=dict)
    strangers: list[Path] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Return whether there is any damage."""
        return bool(self.places)

    def add(self, path: Path, piece: bytes) -> None:
        """Note damaged bytes of a file."""
        if path not in self.places:
            self.places.append(path)
        if self.size < MAX_BYTES:
            self.pieces.setdefault(path, []).append(piece[: MAX_BYTES - self.size])
        self.size += len(piece)

    def add_unread(self, path: Path, size: int) -> None:
        """Note bytes at the end of a file that is too large to be read whole."""
        if path not in self.places:
            self.places.append(path)
        self.size += size

    def add_file(self, path: Path, size: int) -> None:
        """Note a file that cannot be read at all."""
        self.places.append(path)
        self.strangers.append(path)
        self.size += max(size, 0)

    def join(self, other: Damage) -> None:
        """Add what was found in another folder."""
        self.events += other.events
        self.size += other.size
        self.places += other.places
        self.problems += other.problems

    def __str__(self) -> str:
        """Say what happened in a sentence."""
        count = f"lost events: at least {self.events}" if self.events else "no event is lost"
        first = self.places[0].name if self.places else ""
        more = f" and {len(self.places) - 1} more" if len(self.places) > 1 else ""
        kept = "" if self.size <= MAX_BYTES else f" (the first {MAX_BYTES} of them at most)"
        return f"{self.size} damaged bytes in {first}{more} were put aside{kept}; {count}"


def put_aside(disk: Disk, directory: Path, damage: Damage) -> None:
    """Put the damaged parts of one folder into ``directory``, and the oldest parts away if needed.

    A disk that does not take them costs only them.
    """
    for path, pieces in damage.pieces.items():
        with contextlib.suppress(OSError):
            _write(disk, _place(directory, path), pieces)
    for path in damage.strangers:
        with contextlib.suppress(OSError):
            disk.move(path, _place(directory, path))
    if damage:
        with contextlib.suppress(OSError):
            _bound(disk, directory)


def _place(directory: Path, path: Path) -> Path:
    return directory / f"{path.parent.name}-{path.stem}{SUFFIX_OF_DAMAGED}"


def _write(disk: Disk, path: Path, pieces: Iterable[bytes]) -> None:
    file = disk.open(path, Fsync.NEVER)
    try:
        file.append(b"".join(pieces))
    finally:
        file.abandon()


def _bound(disk: Disk, directory: Path) -> None:
    """Delete the oldest damaged parts until the rest keeps to the bounds.

    Only our own: never a file of another name, and never a folder with whatever is in it.
    """
    paths = [directory / name for name in disk.names(directory) if _OUR_NAME.fullmatch(name)]
    room = MAX_BYTES
    ours = [path for path in paths if disk.look(path) is not Found.FOLDER]
    for count, path in enumerate(reversed(ours)):
        room -= disk.size(path) if disk.look(path) is Found.FILE else 0
        if room < 0 or count >= MAX_FILES:
            disk.remove(path)
