"""The event ``$feature_flag_called`` of a flag read: its properties, and which were already sent.

Pure except for the tracker's memory. The client decides whether an event is sent.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from cachetools import LRUCache

from flagengine import CLICK_IDS

from .answer import FlagAnswer

__all__ = [
    "EVENT",
    "CalledTracker",
    "FlagRead",
    "flag_called_properties",
    "is_minimal",
    "minimal_properties",
]

EVENT: Final = "$feature_flag_called"
LOCAL_REASON: Final = "Evaluated locally"
FLAG_MISSING: Final = "flag_missing"

# The codes in the order of PostHog's contract, in which they are joined.
_ERRORS: Final = (
    "errors_while_computing_flags",
    FLAG_MISSING,
    "quota_limited",
    "timeout",
    "connection_error",
)
_MINIMAL: Final = frozenset(
    {
        "$feature_flag",
        "$feature_flag_response",
        "$feature_flag_has_experiment",
        "$feature_flag_id",
        "$feature_flag_version",
        "$feature_flag_reason",
        "$feature_flag_request_id",
        "$feature_flag_evaluated_at",
        "$feature_flag_error",
        "locally_evaluated",
        "$groups",
        "$process_person_profile",
        "$session_id",
        "$lib",
        "$lib_version",
        "$is_server",
        "$geoip_disable",
        "$os",
        "$os_version",
        "$os_distro",
        "$python_runtime",
        "$python_version",
        "$referring_domain",
        *CLICK_IDS,
    }
)


class FlagRead(NamedTuple):
    """A read of a flag's value.

    ``answer`` is None if the key has no answer; ``request_errors`` has the error codes of the
    request to the server, if a request was made.
    """

    key: str
    answer: FlagAnswer | None
    distinct_id: str
    groups: Mapping[str, Any] = MappingProxyType({})
    device_id: str | None = None
    request_errors: tuple[str, ...] = ()

    @property
    def value(self) -> Any:
        """The value that was read; None if there is no answer."""
        return None if self.answer is None else self.answer.value

    @property
    def errors(self) -> tuple[str, ...]:
        """The error codes of this read. A local answer does not depend on the request's errors."""
        if self.answer is None:
            return (*self.request_errors, FLAG_MISSING)
        return () if self.answer.locally_evaluated else self.request_errors


def flag_called_properties(read: FlagRead) -> dict[str, Any]:
    """Return the event's own properties, without those that are unknown."""
    answer = read.answer
    properties: dict[str, Any] = {
        "$feature_flag": read.key,
        "$feature_flag_response": read.value,
        f"$feature/{read.key}": read.value,
        "locally_evaluated": answer is not None and answer.locally_evaluated,
    }
    optional: dict[str, Any] = {"$feature_flag_error": _error_text(read.errors)}
    if answer is not None:
        optional |= _details(answer)
    properties |= {name: value for name, value in optional.items() if value is not None}
    if read.groups:
        properties["$groups"] = dict(read.groups)
    return properties


def _details(answer: FlagAnswer) -> dict[str, Any]:
    return {
        "$feature_flag_payload": answer.payload,
        "$feature_flag_id": answer.flag_id,
        "$feature_flag_version": answer.flag_version,
        "$feature_flag_reason": LOCAL_REASON if answer.locally_evaluated else answer.reason,
        "$feature_flag_request_id": answer.request_id,
        "$feature_flag_evaluated_at": answer.evaluated_at,
        "$feature_flag_has_experiment": answer.has_experiment,
        "$feature_flag_definitions_loaded_at": answer.definitions_loaded_at,
    }


def _error_text(errors: Iterable[str]) -> str | None:
    """Join the distinct error codes; return None without any.

    >>> _error_text(["flag_missing", "errors_while_computing_flags", "flag_missing"])
    'errors_while_computing_flags,flag_missing'
    """
    distinct = dict.fromkeys(errors)
    known = [code for code in _ERRORS if code in distinct]
    return ",".join([*known, *(code for code in distinct if code not in _ERRORS)]) or None


def is_minimal(answer: FlagAnswer | None) -> bool:
    """Return whether to send the short event.

    The server must ask for it, and the flag must be known to have no experiment.
    """
    return answer is not None and answer.minimal_events and answer.has_experiment is False


def minimal_properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the fully enriched ``properties`` that a short event may have.

    >>> minimal_properties({"$feature_flag": "a", "plan": "pro", "utm_source": "x"})
    {'$feature_flag': 'a', 'utm_source': 'x'}
    """
    return {
        name: value
        for name, value in properties.items()
        if name in _MINIMAL or name.startswith("utm_")
    }


class CalledTracker:
    """A bounded, thread-safe record of the events that were already sent, by distinct id.

    A full tracker forgets the least recently used distinct id. It stores only hashes, so no group
    key and no value stays in memory.

    >>> tracker = CalledTracker()
    >>> tracker.is_first("u1", "beta", True), tracker.is_first("u1", "beta", True)
    (True, False)
    """

    DEFAULT_CAPACITY: Final = 50_000
    # For applications that use a single distinct id for everybody, with ever new groups.
    MOST_REPORTS_OF_ONE_ID: Final = 10_000

    def __init__(self, capacity: int = DEFAULT_CAPACITY) -> None:
        # The values are dicts used as ordered sets.
        self._by_id: LRUCache[str, dict[int, None]] = LRUCache(max(1, capacity))
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._by_id)

    def is_first(
        self,
        distinct_id: str,
        key: str,
        value: object,
        groups: Mapping[str, object] | None = None,
        device_id: str | None = None,
    ) -> bool:
        """Record this read; return whether it was not recorded before. Atomic."""
        report = hash((key, _hashable(value), _sorted_pairs(groups), device_id))
        with self._lock:
            reports = self._by_id.get(distinct_id)
            if reports is None:
                reports = self._by_id[distinct_id] = {}
            if report in reports:
                return False
            if len(reports) >= self.MOST_REPORTS_OF_ONE_ID:
                del reports[next(iter(reports))]
            reports[report] = None
            return True

    def clear(self) -> None:
        """Forget all reads."""
        with self._lock:
            self._by_id.clear()

    def after_fork(self) -> None:
        """Renew the lock in a forked child; keep the recorded reads."""
        self._lock = threading.Lock()


def _hashable(value: object) -> tuple[str, str]:
    """Return a hashable form in which True, 1 and "true" differ."""
    if value is None or isinstance(value, bool | str):
        return type(value).__name__, str(value)
    return type(value).__name__, json.dumps(value, sort_keys=True, default=repr)


def _sorted_pairs(groups: Mapping[str, object] | None) -> tuple[tuple[str, str], ...]:
    if not groups:
        return ()
    return tuple(sorted((str(kind), str(key)) for kind, key in groups.items()))
