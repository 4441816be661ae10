"""A read of a flag, as the listeners of ``flag_evaluated`` get it, and the result that tells of reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeAlias

from .answer import FlagAnswer
from .evaluations import FlagEvaluations
from .local import EvaluatedFlags
from .reading import FlagError, FlagReading

__all__ = ["FlagEvaluated", "WatchedEvaluations", "origin_of"]

FlagOrigin: TypeAlias = Literal["override", "local", "server", "stale", "none"]


@dataclass(frozen=True, slots=True)
class FlagEvaluated:
    """One read of a flag: what was read, for whom, and where the answer is from.

    The listener gets it on the thread of the read, before the read returns.

    Attributes:
        reading: the result, or the reason for a missing value.
        distinct_id: the person; empty if there was no distinct id, or the client can do nothing.
        groups: the person's groups.
        device_id: the device, if there is one.
        origin: ``override``; ``local`` if the engine gave the answer; ``server``; ``stale`` if the answer
            is from the flag cache because the request failed; ``none`` if there is no answer.
    """

    reading: FlagReading
    distinct_id: str
    groups: Mapping[str, Any]
    device_id: str | None
    origin: FlagOrigin

    @property
    def key(self) -> str:
        """The flag's key, as the application wrote it."""
        return self.reading.key

    @property
    def value(self) -> Any:
        """True, False, text, a number or an object; None if there is no value."""
        return None if self.reading.result is None else self.reading.result.value

    @property
    def error(self) -> FlagError | None:
        """Why the caller gets its default; None if the flag is decided."""
        return self.reading.error


def origin_of(key: str, found: EvaluatedFlags) -> FlagOrigin:
    """Return where the answer for a flag is from."""
    answer = found.answers.get(key)
    if answer is None:
        return "override" if found.is_hidden(key) else "none"
    if answer.is_override:
        return "override"
    if answer.is_stale:
        return "stale"
    return "local" if answer.locally_evaluated else "server"


class WatchedEvaluations(FlagEvaluations):
    """The result of ``evaluate_flags`` while somebody wants to know of every read.

    ``watch`` is called with the key and what was found, at each read of a value or payload and not only
    at the first; a pickled copy has none.
    """

    __slots__ = ("watch",)

    watch: Callable[[str, EvaluatedFlags], object] | None

    @classmethod
    def watched_by(
        cls, watch: Callable[[str, EvaluatedFlags], object], evaluations: FlagEvaluations
    ) -> Self:
        """Return a copy of an evaluation that tells ``watch`` of its reads."""
        new = cls.__new__(cls)
        new.__setstate__({**FlagEvaluations._state(evaluations), "watch": watch})  # noqa: SLF001 - its base
        return new

    def get_flag_payload(self, key: str) -> Any:
        """Return the payload, None if there is none; send no event."""
        payload = super().get_flag_payload(key)
        self._tell(key)
        return payload

    def _read(self, key: str, *, reports: bool) -> FlagAnswer | None:
        answer = super()._read(key, reports=reports)
        self._tell(key)
        return answer

    def _tell(self, key: str) -> None:
        if self.watch is not None:
            self.watch(key, self._found)

    def _state(self) -> dict[str, Any]:
        return {**super()._state(), "watch": self.watch}

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "watch": None}
