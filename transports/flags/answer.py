"""A flag's answer from any origin: the engine, a cache or the server.

``FlagAnswer`` is the only type of answers inside the client; values, payloads and event properties
are read from it. Users get a ``FeatureFlagResult``.

A flag of configuration format 2 may have a number or an object as its value, or None: then the flag
leaves its value to the caller's default. The older parts of the API see this rendering of a value:

================  =======  ========  =============  =========
value             enabled  variant   event's value  payload
================  =======  ========  =============  =========
None, False       no       None      False          None
True              yes      None      True           None
text              yes      the text  the text       None
number, object    yes      None      True           the value
================  =======  ========  =============  =========
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, NamedTuple

from flagengine import Missing, Reason, Resolution, UnresolvedReason, decode_payload

from .records import RuleMetadata

__all__ = ["LOCAL", "FeatureFlagResult", "FlagAnswer", "FlagFailure", "Origin"]


class Origin(NamedTuple):
    """The origin of answers, shared by all answers of a publication or a response.

    Attributes:
        is_local: True if the engine gave the answers, False if the server did. A cached answer
            keeps the origin from its response.
        definitions_loaded_at: milliseconds since 1970; None for the server's answers.
        request_id: the id of the request for the answers; None for local answers.
        evaluated_at: milliseconds since 1970, as sent by the server.
        minimal_events: whether the server asks for short ``$feature_flag_called`` events.
        api_version: the version of the response that was asked for; None for local answers.
    """

    is_local: bool = False
    definitions_loaded_at: int | None = None
    request_id: str | None = None
    evaluated_at: int | None = None
    minimal_events: bool = False
    api_version: int | None = None


LOCAL: Final = Origin(is_local=True)
"""The origin of an answer of the engine, if it does not matter with which definitions."""

_NOTHING: Final = Missing()


def _field(path: str, doc: str) -> Any:
    """Return a property that reads ``path`` without a Python call, because flags are read often."""
    return property(attrgetter(path), doc=doc)


class _Found(NamedTuple):
    """The fields of ``FlagAnswer``. A NamedTuple's body cannot contain properties made by a call."""

    resolution: Resolution
    origin: Origin
    server_reason: str | None = None
    server_metadata: RuleMetadata | None = None
    is_stale: bool = False


class FlagAnswer(_Found):
    """The answer for a flag and a person. A tuple, because every read makes an answer.

    Attributes:
        resolution: value, payload and description. In a server's answer ``missing`` is empty, and
            ``reason`` is ``UNRESOLVED`` if the engine has no such reason.
        origin: the origin of the answer.
        server_reason: the code of the server's reason, unchanged; None in a local answer.
        server_metadata: what a typed record says of the deciding rule; None in other answers.
        is_stale: whether the answer is from a cache that was read because the request failed.
    """

    __slots__ = ()

    key: str = _field("resolution.key", "The flag's key.")
    value: Any = _field(
        "resolution.value",
        "True, False, text, a number, an object, or None for the caller's default. Do not change it.",
    )
    enabled: bool = _field("resolution.enabled", "Whether the flag is on.")
    variant: str | None = _field("resolution.variant", "The variant's key; None for other values.")
    raw_payload: str | None = _field("resolution.raw_payload", "The payload's JSON text.")
    condition_index: int | None = _field(
        "resolution.condition_index", "The deciding condition's position."
    )
    flag_id: int | None = _field("resolution.flag_id", "The flag's id in the project.")
    flag_version: int | None = _field(
        "resolution.flag_version", "The version of the flag's definition."
    )
    has_experiment: bool | None = _field(
        "resolution.has_experiment", "Whether an experiment uses the flag."
    )
    locally_evaluated: bool = _field("origin.is_local", "Whether the engine gave the answer.")
    definitions_loaded_at: int | None = _field("origin.definitions_loaded_at", "See `Origin`.")
    request_id: str | None = _field("origin.request_id", "See `Origin`.")
    evaluated_at: int | None = _field("origin.evaluated_at", "See `Origin`.")
    minimal_events: bool = _field("origin.minimal_events", "See `Origin`.")

    @property
    def own_value(self) -> Any:
        """The value, copied if the caller could change it."""
        value = self.resolution.value
        return deepcopy(value) if isinstance(value, dict) else value

    @property
    def legacy_value(self) -> bool | str:
        """The value for events and older interfaces: True, False, or text that is not empty."""
        value = self.resolution.value
        if isinstance(value, bool):
            return value
        return value if isinstance(value, str) and value else self.resolution.enabled

    @property
    def is_its_own_payload(self) -> bool:
        """Whether the value is a number or an object, which is also the payload."""
        return not isinstance(self.resolution.value, bool | str | None)

    @property
    def has_payload(self) -> bool:
        """Whether there is a payload."""
        return self.resolution.raw_payload is not None or self.is_its_own_payload

    @property
    def payload(self) -> Any:
        """The payload's value, new at each access, because a caller may change the value."""
        raw = self.resolution.raw_payload
        if raw is not None:
            return decode_payload(raw)
        return self.own_value if self.is_its_own_payload else None

    @property
    def rule_metadata(self) -> RuleMetadata:
        """What is known of the rule that decided the flag."""
        if self.server_metadata is not None:
            return self.server_metadata
        resolution = self.resolution
        rule = resolution.rule
        if rule is None:
            return RuleMetadata(resolution.config_version)
        return RuleMetadata(
            resolution.config_version, rule.type, rule.id, variant_key=rule.variant_key
        )

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

    def as_stale(self) -> FlagAnswer:
        """Return a copy that is marked as stale."""
        return self._replace(is_stale=True)

    def result(self) -> FeatureFlagResult:
        """Return the answer in the form of ``get_feature_flag_result``."""
        return FeatureFlagResult(
            self.key,
            self.enabled,
            self.variant,
            self.payload,
            self.reason,
            self.reason_code,
            self.own_value,
            self.locally_evaluated,
            self.condition_index,
            self.flag_id,
            self.flag_version,
            self.has_experiment,
            *self.rule_metadata,
            self.resolution.missing,
            self.resolution.unresolved_reason,
        )


class FlagFailure(NamedTuple):
    """Why a flag has no answer, although it exists.

    Attributes:
        error: the code for ``$feature_flag_error``: ``evaluation_failed`` if the evaluation failed,
            ``unknown_error`` if the server's record cannot be read.
        answer: the reason, the metadata and the origin of a failed evaluation; its value is None.
        wrong_field: the path of the field that makes a record unreadable.
    """

    error: str
    answer: FlagAnswer | None = None
    wrong_field: str | None = None


@dataclass(frozen=True, slots=True)
class FeatureFlagResult:
    """A flag's answer.

    The fields after ``locally_evaluated`` are None if they are unknown. Those from ``rule_type`` on
    are of flags of configuration format 2, and of servers that are asked for their ``/flags?v=3``
    or later; ``config_version`` is 1 for all other flags.

    Attributes:
        key: the flag's key.
        enabled: whether the flag is on; False also for a flag without a value.
        variant: the value if it is text, such as a variant's key; None for other values.
        payload: the payload; for a number or an object, the value itself.
        reason: the reason for the value, as text for people.
        reason_code: the reason as a code, such as ``condition_match`` or ``experiment_split``.
        value: True, False, text, a number or an object; None for the caller's default.
        locally_evaluated: whether the engine gave the answer.
        condition_index: the position of the deciding condition, or of the deciding rule.
        flag_id: the flag's id in the project.
        flag_version: the version of the flag's definition.
        has_experiment: whether an experiment uses the flag.
        config_version: the format of the flag's configuration, 1 or 2.
        rule_type: ``targeted_release``, ``percentage_rollout`` or ``experiment``.
        rule_id: the id of the deciding rule.
        experiment_id: the experiment that is linked to the deciding rule.
        variant_key: the key of the variant that the experiment assigned; its value may differ.
        holdout_id: the holdout that kept the person out of the experiment.
        missing: the inputs that would decide the flag here; falsy if it is decided.
        unresolved_reason: why the engine does not decide the flag; None if it is decided.
    """

    key: str
    enabled: bool
    variant: str | None = None
    payload: Any = None
    reason: str | None = None
    reason_code: str | None = None
    value: Any = None
    locally_evaluated: bool = False
    condition_index: int | None = None
    flag_id: int | None = None
    flag_version: int | None = None
    has_experiment: bool | None = None
    config_version: int | None = None
    rule_type: str | None = None
    rule_id: str | None = None
    experiment_id: int | None = None
    variant_key: str | None = None
    holdout_id: int | None = None
    missing: Missing = _NOTHING
    unresolved_reason: UnresolvedReason | None = None
