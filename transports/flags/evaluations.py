"""The result of ``evaluate_flags``: a person's flags at one time, for any number of reads.

Later definitions do not change the answers, and reading does no I/O. Reading a value counts as
access (``only_accessed``), and the first read of each flag is passed to ``on_read``, which sends the
event. Reading a payload neither counts nor sends an event.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from flagengine import Resolution

from .answer import FlagAnswer, FlagFailure
from .called import FlagRead
from .local import EvaluatedFlags
from .reading import FlagReading, reading_of
from .typed_reads import TypedReads

__all__ = ["FlagEvaluations"]

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
        request_errors: the error codes of the request to the server, if a request was made.
        on_read: called with each flag's first read.
    """

    def __init__(
        self,
        distinct_id: str = "",
        flags: Mapping[str, FlagAnswer] | None = None,
        *,
        groups: Mapping[str, Any] | None = None,
        device_id: str | None = None,
        unresolved: Mapping[str, Resolution] | None = None,
        failures: Mapping[str, FlagFailure] | None = None,
        request_errors: tuple[str, ...] = (),
        on_read: Callable[[FlagRead], object] | None = None,
    ) -> None:
        self.distinct_id = distinct_id
        self.device_id = device_id
        self.groups = MappingProxyType(dict(groups or {}))
        self.unresolved = MappingProxyType(dict(unresolved or {}))
        self._flags = dict(flags or {})
        self._failures = dict(failures or {})
        self._request_errors = request_errors
        self._on_read = on_read
        self._is_filtered = False
        self._accessed: dict[str, None] = {}
        self._reported: dict[str, object] = {}

    def __repr__(self) -> str:
        return f"<FlagEvaluations of {len(self._flags)} flags>"

    def __len__(self) -> int:
        return len(self._flags)

    def __contains__(self, key: object) -> bool:
        return key in self._flags

    @property
    def keys(self) -> list[str]:
        """The keys of the flags that have an answer."""
        return list(self._flags)

    @property
    def unresolved_flags(self) -> Mapping[str, str]:
        """Why the engine left flags without a value, by key, if the server did not decide them."""
        reasons = {key: str(each.unresolved_reason) for key, each in self.unresolved.items()}
        return MappingProxyType(reasons)

    @property
    def flags(self) -> Mapping[str, FlagAnswer]:
        """The answers by key; access to them sends no event."""
        return MappingProxyType(self._flags)

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

    def get_flag_payload(self, key: str) -> Any:
        """Return the payload, None if there is none; send no event."""
        answer = self._flags.get(key)
        return None if answer is None else answer.payload

    def only(self, keys: Iterable[str]) -> FlagEvaluations:
        """Return a copy with only these flags; log a warning for keys that were not evaluated."""
        wanted = list(dict.fromkeys(keys))
        unknown = [key for key in wanted if key not in self._flags]
        if unknown:
            _log.warning("only() was given flag keys that were not evaluated: %s", unknown)
        return self._filtered(wanted)

    def only_accessed(self) -> FlagEvaluations:
        """Return a copy with only the flags whose values have been read so far."""
        return self._filtered(list(self._accessed))

    def event_properties(self) -> dict[str, Any]:
        """Return the properties that ``capture(flags=…)`` adds to an event."""
        properties: dict[str, Any] = {
            f"$feature/{key}": answer.legacy_value for key, answer in self._flags.items()
        }
        active = sorted(key for key, answer in self._flags.items() if answer.enabled)
        if active:
            properties["$active_feature_flags"] = active
        return properties

    def _filtered(self, keys: list[str]) -> FlagEvaluations:
        copy = FlagEvaluations(
            self.distinct_id,
            {key: self._flags[key] for key in keys if key in self._flags},
            groups=self.groups,
            device_id=self.device_id,
            unresolved={key: self.unresolved[key] for key in keys if key in self.unresolved},
            failures={key: self._failures[key] for key in keys if key in self._failures},
            request_errors=self._request_errors,
            on_read=self._on_read,
        )
        copy._is_filtered = True
        return copy

    def _reading(self, key: str, *, reports: bool) -> FlagReading:
        self._read(key, reports=reports)
        found = EvaluatedFlags(
            self._flags,
            self.unresolved,
            request_errors=self._request_errors,
            failures=self._failures,
        )
        return reading_of(key, found)

    def _read(self, key: str, *, reports: bool) -> FlagAnswer | None:
        answer = self._flags.get(key)
        is_known = answer is not None or key in self._failures
        if is_known:
            self._accessed[key] = None
        # A key that is absent from a filtered copy may exist in the original.
        is_reported = reports and (is_known or not self._is_filtered)
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
        errors, failure = self._request_errors, self._failures.get(key)
        read = FlagRead(key, answer, self.distinct_id, self.groups, self.device_id, errors, failure)
        try:
            on_read(read)
        except Exception:  # noqa: BLE001 - a callback may raise anything
            _log.exception("Reporting a flag read raised")
