"""The engine's answers for many flags, each of which becomes an answer of the client when it is read.

The flags are evaluated before, all together; only the form of their answers is made late. So a call
that evaluates many flags costs little more than the engine does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flagengine import Resolution

from .answer import FlagAnswer, Origin

__all__ = ["LocalAnswers"]


class LocalAnswers(Mapping[str, FlagAnswer]):
    """The answers by key, read-only; ``resolutions`` are the engine's, and must not change."""

    __slots__ = ("_made", "_origin", "resolutions")

    def __init__(self, resolutions: Mapping[str, Resolution], origin: Origin) -> None:
        self.resolutions: Mapping[str, Resolution] = resolutions
        self._origin = origin
        self._made: dict[str, FlagAnswer] = {}

    def __getitem__(self, key: str) -> FlagAnswer:
        made = self._made.get(key)
        if made is None:
            made = self._made.setdefault(key, FlagAnswer(self.resolutions[key], self._origin))
        return made

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the answer, else the default."""
        made = self._made.get(key)
        if made is not None:
            return made
        return self[key] if key in self.resolutions else default

    def __contains__(self, key: object) -> bool:
        return key in self.resolutions

    def __iter__(self) -> Iterator[str]:
        return iter(self.resolutions)

    def __len__(self) -> int:
        return len(self.resolutions)
