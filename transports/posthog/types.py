"""The values that posthog-python's getters return, and the names of its types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from operator import attrgetter
from types import TracebackType
from typing import Any, Final, Self, TypeAlias, TypedDict
from uuid import UUID

from flagengine import UnresolvedReason, decode_payload

from ..batching.encodings import Encoding
from ..batching.lanes import CaptureMode
from ..client.definitions import FeatureFlagEvaluationRuntime
from ..client.flags import FlagValue
from ..client.options import BeforeSend
from ..flags import answer
from ..flags.evaluations import FlagEvaluations
from ..json_text import to_json

__all__ = [
    "ID_TYPES",
    "BeforeSendCallback",
    "CaptureCompression",
    "CaptureMode",
    "ExceptionArg",
    "FeatureFlagEvaluationRuntime",
    "FeatureFlagEvaluations",
    "FeatureFlagResult",
    "FlagValue",
    "FlagsAndPayloads",
    "UnresolvedFlagReason",
    "payload_text",
]

ID_TYPES: TypeAlias = str | int | float | UUID
BeforeSendCallback: TypeAlias = BeforeSend
CaptureCompression: TypeAlias = Encoding
FeatureFlagEvaluations: TypeAlias = FlagEvaluations
UnresolvedFlagReason: TypeAlias = UnresolvedReason

_ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None]
ExceptionArg: TypeAlias = BaseException | _ExcInfo | tuple[None, None, None]
"""What ``capture_exception`` takes: an exception, or the result of ``sys.exc_info()``."""


class FlagsAndPayloads(TypedDict):
    """The result of ``get_all_flags_and_payloads``. The payloads are JSON text, as in posthog-python."""

    featureFlags: dict[str, FlagValue | None]
    featureFlagPayloads: dict[str, str]


_own_fields: Final[Callable[[answer.FeatureFlagResult], tuple[Any, ...]]] = attrgetter(
    *(each.name for each in fields(answer.FeatureFlagResult))
)
_compared: Final = attrgetter("key", "enabled", "variant", "payload", "reason")


@dataclass(frozen=True, slots=True, eq=False)
class FeatureFlagResult(answer.FeatureFlagResult):
    """A flag's answer with posthog-python's ``get_value``. Equal if the fields of posthog-python are."""

    @classmethod
    def of(cls, result: answer.FeatureFlagResult) -> Self:
        """Return the same answer."""
        return cls(*_own_fields(result))

    @classmethod
    def from_value_and_payload(
        cls, key: str, value: bool | str | None, payload: object
    ) -> Self | None:
        """Return the answer with this value and this payload, JSON text or a value; None for None."""
        if value is None:
            return None
        variant = value if isinstance(value, str) else None
        decoded = decode_payload(payload) if isinstance(payload, str) else payload
        return cls(key, bool(variant is not None or value), variant, decoded, value=value)

    def get_value(self) -> bool | str:
        """Return the variant, otherwise whether the flag is on."""
        return self.variant or self.enabled

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, answer.FeatureFlagResult):
            return NotImplemented
        return bool(_compared(self) == _compared(other))

    def __hash__(self) -> int:
        return hash((self.key, self.enabled, self.variant, self.reason))


def payload_text(found: Mapping[str, answer.FlagAnswer]) -> dict[str, str]:
    """Return the payloads as JSON text by the keys of the flags that have one."""
    return {
        key: to_json(each.payload).decode() if each.raw_payload is None else each.raw_payload
        for key, each in found.items()
        if each.has_payload
    }
