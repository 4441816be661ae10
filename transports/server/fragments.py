"""JSON of answers, joined from pieces that are made once: the engine gives the same object for the same answer.

A piece belongs to a resolution's identity, so the pieces hold on to their resolutions. An undecided answer
is rendered anew each time, because it names what the request lacks; there is no end of such answers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final, TypeAlias

from flagengine import Reason, Resolution

from .outcomes import is_undecided

__all__ = ["Fragments", "Render", "enclosed"]

Render: TypeAlias = Callable[[Resolution], bytes]
"""Returns the JSON of an answer, without a comma; ``b""`` leaves the answer out."""

_LEAST: Final = 4_096


def enclosed(before: bytes, pieces: list[bytes], after: bytes) -> list[bytes]:
    """Return the pieces with text around them, to be joined with commas, once: an answer may be large.

    >>> b",".join(enclosed(b"[", [b"1", b"2"], b"]")), b",".join(enclosed(b"[", [], b"]"))
    (b'[1,2]', b'[]')
    """
    if not pieces:
        return [before + after]
    pieces[0] = before + pieces[0]
    pieces[-1] += after
    return pieces


class Fragments:
    """The pieces of one shape of answers, for one set of definitions. Not thread-safe.

    ``hidden`` has the keys of flags that no answer shows. At most ``most`` pieces are kept, because not every
    answer is given again: with forced values or runtimes, some are new objects at each call.
    """

    def __init__(
        self, render: Render, hidden: frozenset[str] = frozenset(), *, most: int = _LEAST
    ) -> None:
        self._render = render
        self._hidden = hidden
        self._most = max(most, _LEAST)
        self._pieces: dict[int, bytes] = {}
        self._kept: list[Resolution] = []

    def joined(self, resolutions: Collection[Resolution]) -> tuple[bytes, bool]:
        """Return the pieces of the answers with commas between them, and whether an answer is undecided."""
        pieces, has_undecided = self.pieces(resolutions)
        return b",".join(pieces), has_undecided

    def pieces(self, resolutions: Collection[Resolution]) -> tuple[list[bytes], bool]:
        """Return the pieces of the answers in a new list, and whether an answer is undecided."""
        try:
            pieces = map(self._pieces.__getitem__, map(id, resolutions))
            return list(filter(None, pieces)), False
        except KeyError:
            return self._made(resolutions)

    def _made(self, resolutions: Collection[Resolution]) -> tuple[list[bytes], bool]:
        pieces: list[bytes] = []
        has_undecided = False
        for resolution in resolutions:
            piece = self._pieces.get(id(resolution))
            if piece is None:
                is_hidden = resolution.key in self._hidden
                piece = b"" if is_hidden else self._render(resolution)
                if is_undecided(resolution) and not is_hidden:
                    has_undecided = True
                else:
                    self._keep(resolution, piece)
            if piece:
                pieces.append(piece)
        return pieces, has_undecided

    def _keep(self, resolution: Resolution, piece: bytes) -> None:
        if resolution.reason is Reason.UNKNOWN_FLAG:
            return  # of which there is no end
        if len(self._kept) >= self._most:
            self._pieces.clear()
            self._kept.clear()
        self._kept.append(resolution)
        self._pieces[id(resolution)] = piece
