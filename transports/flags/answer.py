"""One flag's answer, wherever it came from: the engine's resolution and where it was found.

The only type for an answer inside the client. It is never recomputed: whoever needs a value, a
payload or an event's properties reads them here. Users see ``FeatureFlagResult``.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from flagengine import Reason, Resolution, decode_payload

__all__ = ["FeatureFlagResult", "FlagAnswer", "Origin"]


class Origin(NamedTuple):
    """Where answers were found; one object for all answers of a publication or a response.

    Attributes:
        is_local: True for the engine with the loaded definitions, False for the server. A cached
            answer keeps the origin with which the server gave it.
        definitions_loaded_at: milliseconds since 1970; None for the server's answers.
        request_id: of the request that brought the answers; None for local ones.
        evaluated_at: milliseconds since 1970, as the server sent it.
        minimal_events: the server's gate for short ``$feature_flag_called`` events.
    """

    is_local: bool = False
    definitions_loaded_at: int | None = None
    request_id: str | None = None
    evaluated_at: int | None = None
    minimal_events: bool = False


def _field(path: str, doc: str) -> property:
    """Return a property that reads ``path`` without a Python call: flags are read often."""
    return property(attrgetter(path), doc=doc)


class _Found(NamedTuple):
    """The fields of ``FlagAnswer``; its properties cannot be in a NamedTuple's own body."""

    resolution: Resolution
    origin: Origin
    server_reason: str | None = None


class FlagAnswer(_Found):
    """What holds for one flag and one person. A tuple, because every read makes one.

    Attributes:
        resolution: value, payload and description. For a server's answer ``missing`` is empty, and
            ``reason`` is ``UNRESOLVED`` when the server's reason is none that the engine knows.
        origin: where the answer was found.
        server_reason: the reason's code as the server wrote it, in a server's answer.
    """

    __slots__ = ()

    key = _field("resolution.key", "The flag's key.")
    value = _field(
        "resolution.value",
        "True, False or the variant's key; in typed server answers also a number or an object.",
    )
    enabled = _field("resolution.enabled", "Whether the flag is on.")
    variant = _field("resolution.variant", "The variant's key; None for other values.")
    raw_payload = _field("resolution.raw_payload", "The payload's JSON text.")
    condition_index = _field("resolution.condition_index", "The deciding condition's position.")
    flag_id = _field("resolution.flag_id", "The flag's id in the project.")
    flag_version = _field("resolution.flag_version", "The version of the flag's definition.")
    has_experiment = _field("resolution.has_experiment", "Whether an experiment uses the flag.")
    locally_evaluated = _field("origin.is_local", "Whether the engine gave the answer.")
    definitions_loaded_at = _field("origin.definitions_loaded_at", "See `Origin`.")
    request_id = _field("origin.request_id", "See `Origin`.")
    evaluated_at = _field("origin.evaluated_at", "See `Origin`.")
    minimal_events = _field("origin.minimal_events", "See `Origin`.")

    @property
    def payload(self) -> Any:
        """The payload's value, decoded anew at each access: a caller may change what it gets."""
        raw = self.resolution.raw_payload
        return None if raw is None else decode_payload(raw)

    @property
    def reason(self) -> str | None:
        """Why the flag has its value, for people."""
        return self.resolution.description or None

    @property
    def reason_code(self) -> str | None:
        """Why the flag has its value, for machines."""
        return self.resolution.reason.value if self.origin.is_local else self.server_reason

    @property
    def is_override(self) -> bool:
        """Whether the value was set by hand; reading it sends no event."""
        return self.origin.is_local and self.resolution.reason is Reason.OVERRIDDEN

    def with_payload(self, raw_payload: str) -> FlagAnswer:
        """Return a copy with another payload."""
        return self._replace(resolution=self.resolution.__replace__(raw_payload=raw_payload))

    def result(self) -> FeatureFlagResult:
        """Return the answer as ``get_feature_flag_result`` gives it to the application."""
        return FeatureFlagResult(
            self.key,
            self.enabled,
            self.variant,
            self.payload,
            self.reason,
            self.reason_code,
            self.value,
            self.locally_evaluated,
        )


@dataclass(frozen=True, slots=True)
class FeatureFlagResult:
    """One flag's answer.

    ``variant`` is None for boolean flags. ``reason`` is for people, ``reason_code`` for machines.
    """

    key: str
    enabled: bool
    variant: str | None = None
    payload: Any = None
    reason: str | None = None
    reason_code: str | None = None
    value: Any = None
    locally_evaluated: bool = False
