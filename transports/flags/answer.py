"""A flag's answer from any origin: the engine, a cache or the server.

``FlagAnswer`` is the only type of answers inside the client; values, payloads and event properties
are read from it. Users get a ``FeatureFlagResult``.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from flagengine import Reason, Resolution, decode_payload

__all__ = ["FeatureFlagResult", "FlagAnswer", "Origin"]


class Origin(NamedTuple):
    """The origin of answers, shared by all answers of a publication or a response.

    Attributes:
        is_local: True if the engine gave the answers, False if the server did. A cached answer
            keeps the origin from its response.
        definitions_loaded_at: milliseconds since 1970; None for the server's answers.
        request_id: the id of the request for the answers; None for local answers.
        evaluated_at: milliseconds since 1970, as sent by the server.
        minimal_events: whether the server asks for short ``$feature_flag_called`` events.
    """

    is_local: bool = False
    definitions_loaded_at: int | None = None
    request_id: str | None = None
    evaluated_at: int | None = None
    minimal_events: bool = False


def _field(path: str, doc: str) -> property:
    """Return a property that reads ``path`` without a Python call, because flags are read often."""
    return property(attrgetter(path), doc=doc)


class _Found(NamedTuple):
    """The fields of ``FlagAnswer``. A NamedTuple's body cannot contain properties made by a call."""

    resolution: Resolution
    origin: Origin
    server_reason: str | None = None


class FlagAnswer(_Found):
    """The answer for a flag and a person. A tuple, because every read makes an answer.

    Attributes:
        resolution: value, payload and description. In a server's answer ``missing`` is empty, and
            ``reason`` is ``UNRESOLVED`` if the engine has no such reason.
        origin: the origin of the answer.
        server_reason: the code of the server's reason, unchanged; None in a local answer.
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
        """The payload's value, decoded at each access, because a caller may change the value."""
        raw = self.resolution.raw_payload
        return None if raw is None else decode_payload(raw)

    @property
    def reason(self) -> str | None:
        """The reason for the value, as text for people."""
        return self.resolution.description or None

    @property
    def reason_code(self) -> str | None:
        """The code of the reason for the value."""
        return self.resolution.reason.value if self.origin.is_local else self.server_reason

    @property
    def is_override(self) -> bool:
        """Whether the value is an override, which sends no event when it is read."""
        return self.origin.is_local and self.resolution.reason is Reason.OVERRIDDEN

    def with_payload(self, raw_payload: str) -> FlagAnswer:
        """Return a copy with another payload."""
        return self._replace(resolution=self.resolution.__replace__(raw_payload=raw_payload))

    def result(self) -> FeatureFlagResult:
        """Return the answer in the form of ``get_feature_flag_result``."""
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
    """A flag's answer.

    ``variant`` is None for boolean flags. ``reason`` is text for people, ``reason_code`` a code.
    """

    key: str
    enabled: bool
    variant: str | None = None
    payload: Any = None
    reason: str | None = None
    reason_code: str | None = None
    value: Any = None
    locally_evaluated: bool = False
