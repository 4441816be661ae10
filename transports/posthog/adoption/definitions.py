"""The flag definitions of a posthog client in the engine's form, compiled once for each publication."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from flagengine import (
    Decidability,
    Resolution,
    Snapshot,
    SnapshotError,
    evaluate,
    evaluate_flag,
    requirements,
)

__all__ = ["AdoptedDefinitions", "Published"]

Published = Mapping[str, Any]
"""What a posthog client evaluates by: ``flags``, ``flags_by_key``, ``cohorts`` and so on."""

_SHARED_PAYLOADS: Final = (str, int, float, bool, type(None))
"""The types of payloads that no reader can change."""


class AdoptedDefinitions:
    """One publication of definitions: the engine's snapshot, and what is made of it at most once.

    Threads may share the object.

    Attributes:
        records: the client's records by flag key and value, where all readers may share a record.
    """

    __slots__ = ("_error", "_snapshot", "records")

    _snapshot: Snapshot | None
    _error: SnapshotError | None

    def __init__(self, published: Published, previous: AdoptedDefinitions | None = None) -> None:
        document = {
            "flags": list(published["flags"]),
            "cohorts": published.get("cohorts") or {},
            "group_type_mapping": published.get("group_type_mapping") or {},
            "property_matching_version": published.get("property_matching_version", 1),
        }
        self.records: dict[tuple[str, Any], Any] = {}
        self._snapshot = self._error = None
        before = None if previous is None else previous._snapshot
        try:
            self._snapshot = Snapshot.parse(document, previous=before)
        except SnapshotError as error:  # of definitions that somebody has put there by hand
            self._error = error

    @property
    def snapshot(self) -> Snapshot:
        """The definitions as the engine reads them; SnapshotError if they are no JSON."""
        if self._snapshot is None:
            assert self._error is not None
            raise self._error
        return self._snapshot

    def one(self, key: str, distinct_id: object, properties: Any, options: Any) -> Resolution:
        """Evaluate a flag; ``options`` are those of ``evaluate_flag``."""
        return evaluate_flag(self.snapshot, key, distinct_id, properties, **options)

    def many(
        self, keys: Iterable[str] | None, distinct_id: object, properties: Any, options: Any
    ) -> Iterable[Resolution]:
        """Evaluate the flags with these keys, by default all flags, in the order of the definitions."""
        if keys:
            wanted = set(keys)
            options = {**options, "flag_keys": [key for key in self.snapshot.keys if key in wanted]}
        return evaluate(self.snapshot, distinct_id, properties, **options).values()

    def keep(self, key: str, value: object, record: Any) -> None:
        """Keep a record for the next reader, unless a reader could change its payload."""
        if isinstance(record.payload, _SHARED_PAYLOADS):
            self.records[key, value] = record

    def is_always_decided(self, key: str) -> bool:
        """Return whether a flag has an answer whenever its inputs are given, or is deleted."""
        if self._snapshot is None:
            return False
        flag = self._snapshot.flags.get(key)
        if flag is None:
            return True
        decided = requirements(self._snapshot, key).decided_locally
        return flag.config_version == 1 and decided is Decidability.ALWAYS
