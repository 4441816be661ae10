"""The result of ``evaluate_flags``: a person's flags at one time, for any number of reads.

Later definitions do not change the answers, and reading does no I/O. Reading a value counts as
access (``only_accessed``), and the first read of each flag is passed to ``on_read``, which sends the
event. Reading a payload neither counts nor sends an event.

The result can be copied and pickled. A copy counts its reads for itself, and does not report again
what was reported before. A pickled copy sends no events, because the client stays in its process.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Self, TypeVar

from flagengine import Reason, Resolution

from ..application_errors import application_errors, log_error
from .answer import FlagAnswer, FlagFailure
from .called import FlagRead
from .local import EvaluatedFlags, Obstacle
from .reading import FlagReading, reading_of
from .typed_reads import TypedReads

__all__ = ["FlagEvaluations"]

T = TypeVar("T")

_log = logging.getLogger("flagengine.flags")


class FlagEvaluations(TypedReads):
    """The flags of a person, evaluated together.

    Args:
        distinct_id: the person's distinct id; empty if there was none.
        flags: the answers by key.
        groups: the person's groups in the evaluation.
        device_id: the device of the evaluation.
        unresolved: resolutions of flags that neither the engine nor the server decided.
        failures: why existing flags have no answer, by key.
        withheld: why the client gives no answer for flags that it hides, by key.
        obstacle: why there is no answer at all.
        request_errors: the error codes of the request to the server, if a request was made.
        on_read: called with each flag's first read.
        is_sent: asked at each flag's first read whether its events were sent before, so that
            ``on_read`` need not be called.
    """

    __slots__ = (
        "__weakref__",
        "_accessed",
        "_found",
        "_groups",
        "_is_filtered",
        "_is_sent",
        "_on_read",
        "_reported",
        "device_id",
        "distinct_id",
    )

    def __init__(
        self,
        distinct_id: str = "",
        flags: Mapping[str, FlagAnswer] | None = None,
        *,
        groups: Mapping[str, Any] | None = None,
        device_id: str | None = None,
        unresolved: Mapping[str, Resolution] | None = None,
        failures: Mapping[str, FlagFailure] | None = None,
        withheld: Mapping[str, Reason] | None = None,
        obstacle: Obstacle | None = None,
        request_errors: tuple[str, ...] = (),
        on_read: Callable[[FlagRead], object] | None = None,
        is_sent: Callable[[str, FlagAnswer], bool] | None = None,
    ) -> None:
        found = EvaluatedFlags(
            dict(flags or {}),
            dict(unresolved or {}),
            withheld=dict(withheld or {}),
            request_errors=request_errors,
            failures=dict(failures or {}),
            obstacle=obstacle,
        )
        self._begin(distinct_id, found, dict(groups or {}), device_id, on_read, is_sent)

    @classmethod
    def of(
        cls,
        distinct_id: str,
        found: EvaluatedFlags,
        groups: Mapping[str, Any],
        device_id: str | None,
        on_read: Callable[[FlagRead], object],
        is_sent: Callable[[str, FlagAnswer], bool],
    ) -> Self:
        """Return the evaluation of a query; neither ``found`` nor ``groups`` may change."""
        new = cls.__new__(cls)
        new._begin(distinct_id, found, groups, device_id, on_read, is_sent)  # noqa: SLF001 - its own
        return new

    def _begin(
        self,
        distinct_id: str,
        found: EvaluatedFlags,
        groups: Mapping[str, Any],
        device_id: str | None,
        on_read: Callable[[FlagRead], object] | None,
        is_sent: Callable[[str, FlagAnswer], bool] | None,
    ) -> None:
        self.distinct_id: str = distinct_id
        self.device_id: str | None = device_id
        self._groups = groups
        self._found = found
        self._on_read = on_read
        self._is_sent = is_sent
        self._is_filtered = False
        self._accessed: dict[str, None] = {}
        self._reported: dict[str, object] = {}

    def __copy__(self) -> FlagEvaluations:
        copy = type(self).__new__(type(self))
        reads = {"_accessed": dict(self._accessed), "_reported": dict(self._reported)}
        copy.__setstate__({**self._state(), **reads})
        return copy

    def __deepcopy__(self, _memo: dict[int, Any]) -> FlagEvaluations:
        # The answers are immutable.
        return self.__copy__()

    def __getstate__(self) -> dict[str, Any]:
        found = self._found
        # Read-only views cannot be pickled.
        plain = found._replace(
            answers=dict(found.answers),
            unresolved=dict(found.unresolved),
            withheld=dict(found.withheld),
            failures=dict(found.failures),
        )
        kept = {"_found": plain, "_groups": dict(self._groups), "_on_read": None, "_is_sent": None}
        return {**self._state(), **kept, "_reported": dict.fromkeys(self._reported)}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    def _state(self) -> dict[str, Any]:
        names = FlagEvaluations.__slots__
        return {name: getattr(self, name) for name in names if name != "__weakref__"}

    def __repr__(self) -> str:
        return f"<FlagEvaluations of {len(self._found.answers)} flags>"

    def __len__(self) -> int:
        return len(self._found.answers)

    def __contains__(self, key: object) -> bool:
        return key in self._found.answers

    @property
    def groups(self) -> Mapping[str, Any]:
        """The person's groups in the evaluation."""
        return MappingProxyType(self._groups)

    @property
    def unresolved(self) -> Mapping[str, Resolution]:
        """The resolutions of flags that neither the engine nor the server decided, by key."""
        return MappingProxyType(self._found.unresolved)

    @property
    def keys(self) -> list[str]:
        """The keys of the flags that have an answer."""
        return list(self._found.answers)

    @property
    def unresolved_flags(self) -> Mapping[str, str]:
        """Why the engine left flags without a value, by key, if the server did not decide them."""
        reasons = {
            key: str(each.unresolved_reason or each.reason) for key, each in self.unresolved.items()
        }
        return MappingProxyType(reasons)

    @property
    def flags(self) -> Mapping[str, FlagAnswer]:
        """The answers by key; access to them sends no event."""
        return MappingProxyType(dict(self._found.answers))

    def is_enabled(
        self,
        key: str,
        default_value: bool = False,  # noqa: FBT002 - positional in the API that users know
        *,
        send_feature_flag_events: bool = True,
    ) -> bool:
        """Return whether the flag is on; ``default_value`` only if the flag has no value."""
        answer = self._read(key, reports=send_feature_flag_events)
        return default_value if answer is None or answer.value is None else answer.enabled

    def get_flag(self, key: str, *, send_feature_flag_events: bool = True) -> Any:
        """Return True, False, text, a number or an object; None if there is no value."""
        answer = self._read(key, reports=send_feature_flag_events)
        return None if answer is None else answer.own_value

    def get_flag_reading(self, key: str, *, send_feature_flag_events: bool = True) -> FlagReading:
        """Return the flag's result, or why it has none and which inputs are missing."""
        return self._reading(key, reports=send_feature_flag_events)

    def get_flag_payload(self, key: str) -> Any:
        """Return the payload, None if there is none; send no event."""
        answer = self._found.answers.get(key)
        return None if answer is None else answer.payload

    def only(self, keys: Iterable[str]) -> FlagEvaluations:
        """Return a copy with only these flags; log a warning for keys that were not evaluated."""
        wanted = list(dict.fromkeys(keys))
        unknown = [key for key in wanted if key not in self._found.answers]
        if unknown:
            _log.warning("only() was given flag keys that were not evaluated: %s", unknown)
        return self._filtered(wanted)

    def only_accessed(self) -> FlagEvaluations:
        """Return a copy with only the flags whose values have been read so far."""
        return self._filtered(list(self._accessed))

    def event_properties(self) -> dict[str, Any]:
        """Return the properties that ``capture(flags=…)`` adds to an event."""
        answers = self._found.answers
        properties: dict[str, Any] = {
            f"$feature/{key}": answer.legacy_value for key, answer in answers.items()
        }
        active = sorted(key for key, answer in answers.items() if answer.enabled)
        if active:
            properties["$active_feature_flags"] = active
        return properties

    def _filtered(self, keys: list[str]) -> FlagEvaluations:
        found = self._found
        chosen = found._replace(
            answers=_chosen(found.answers, keys),
            unresolved=_chosen(found.unresolved, keys),
            withheld=_chosen(found.withheld, keys),
            failures=_chosen(found.failures, keys),
        )
        copy = type(self).__new__(type(self))
        reads: dict[str, Any] = {"_accessed": {}, "_reported": {}}
        copy.__setstate__({**self._state(), **reads, "_found": chosen, "_is_filtered": True})
        return copy

    def _reading(self, key: str, *, reports: bool) -> FlagReading:
        self._read(key, reports=reports)
        return reading_of(key, self._found)

    def _read(self, key: str, *, reports: bool) -> FlagAnswer | None:
        answer = self._found.answers.get(key)
        is_known = answer is not None or key in self._found.failures
        if is_known:
            self._accessed[key] = None
        # A key that is absent from a filtered copy may exist in the original.
        is_reported = reports and (is_known or not self._is_filtered)
        if answer is None and is_reported:
            is_reported = not self._found.is_hidden(key)
        if is_reported and self._on_read is not None and self._is_first(key):
            self._report(key, answer, self._on_read)
        return answer

    def _is_first(self, key: str) -> bool:
        """Return whether this is the flag's first read. Atomic without a lock, which a fork may break."""
        mine = object()
        return self._reported.setdefault(key, mine) is mine

    def _report(
        self, key: str, answer: FlagAnswer | None, on_read: Callable[[FlagRead], object]
    ) -> None:
        found = self._found
        try:
            if answer is not None and self._is_sent is not None and self._is_sent(key, answer):
                return
            read = FlagRead(
                key,
                answer,
                self.distinct_id,
                self.groups,
                self.device_id,
                found.request_errors,
                found.failures.get(key),
                is_inconclusive=answer is None and found.is_inconclusive(key),
            )
            if on_read(read) is False:
                # The read was inside a hook: a later one sends the event.
                self._reported.pop(key, None)
        except application_errors():
            log_error(_log, "Reporting a flag read raised")


def _chosen(parts: Mapping[str, T], keys: Iterable[str]) -> dict[str, T]:
    return {key: parts[key] for key in keys if key in parts}
