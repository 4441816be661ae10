"""The answer of an evaluation: the value, the reason and the missing inputs. Data only."""

from enum import StrEnum
from typing import Any, Final

from flagengine.values.payloads import FrozenDict, decoded_payload, frozen, shared_payload
from flagengine.values.record import Record, concise, derived

__all__ = [
    "NOTHING_MISSING",
    "Missing",
    "Reason",
    "Resolution",
    "RuleReference",
    "UnresolvedReason",
    "Value",
]

Value = bool | str | int | float | FrozenDict | None
"""A flag's value. Only flags of configuration format 2 have numbers and objects (SPEC R20)."""


class Reason(StrEnum):
    """The reasons for a flag's value: the server's codes, then the engine's own (SPEC R13, R20)."""

    SUPER_CONDITION_VALUE = "super_condition_value"
    HOLDOUT_CONDITION_VALUE = "holdout_condition_value"
    CONDITION_MATCH = "condition_match"
    OUT_OF_ROLLOUT_BOUND = "out_of_rollout_bound"
    NO_CONDITION_MATCH = "no_condition_match"
    NO_GROUP_TYPE = "no_group_type"
    FLAG_DISABLED = "flag_disabled"
    MISSING_DEPENDENCY = "missing_dependency"
    TARGETING_MATCH = "targeting_match"
    ROLLOUT_MISS = "rollout_miss"
    EXPERIMENT_PAUSED = "experiment_paused"
    HOLDOUT = "holdout"
    NO_RULE_MATCH = "no_rule_match"
    ERROR = "error"
    OVERRIDDEN = "overridden"
    UNRESOLVED = "unresolved"
    UNKNOWN_FLAG = "unknown_flag"
    FILTERED_OUT = "filtered_out"


class UnresolvedReason(StrEnum):
    """The reasons for having no local value; the first member that applies wins (SPEC R13).

    The last two are errors of a format 2 flag, which the server has too (SPEC R20).
    """

    EXPERIENCE_CONTINUITY = "experience_continuity"
    UNSUPPORTED_DEFINITION = "unsupported_definition"
    UNRESOLVED_DEPENDENCY = "unresolved_dependency"
    MISSING_CONTEXT = "missing_context"
    INVALID_REGEX = "invalid_regex"
    INVALID_PROPERTY = "invalid_property"

    @property
    def is_error(self) -> bool:
        """Whether the server has no value either: an error of a format 2 flag (SPEC R20.81)."""
        return self in (UnresolvedReason.INVALID_REGEX, UnresolvedReason.INVALID_PROPERTY)


class Missing(Record):
    """The inputs that a definite answer would need; falsy when there are none.

    ``group_properties`` holds ``(group type, property)`` pairs; all tuples are sorted.
    """

    person_properties: tuple[str, ...] = ()
    group_properties: tuple[tuple[str, str], ...] = ()
    groups: tuple[str, ...] = ()
    device_id: bool = False
    distinct_id: bool = False

    __repr__ = concise

    def __bool__(self) -> bool:
        return self != NOTHING_MISSING

    def __or__(self, other: "Missing") -> "Missing":
        """Return the inputs that are missing in either of the two."""
        if other is self or other == NOTHING_MISSING:
            return self
        return Missing(
            tuple(sorted({*self.person_properties, *other.person_properties})),
            tuple(sorted({*self.group_properties, *other.group_properties})),
            tuple(sorted({*self.groups, *other.groups})),
            self.device_id or other.device_id,
            self.distinct_id or other.distinct_id,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the non-empty parts as JSON values, group properties keyed by group type."""
        by_group: dict[str, list[str]] = {}
        for group, name in self.group_properties:
            by_group.setdefault(group, []).append(name)
        parts: dict[str, Any] = {
            "person_properties": list(self.person_properties),
            "group_properties": by_group,
            "groups": list(self.groups),
            "device_id": self.device_id,
            "distinct_id": self.distinct_id,
        }
        return {name: part for name, part in parts.items() if part}


NOTHING_MISSING = Missing()

_UNDECODED: Final = object()
"""The payload of a resolution that was made where the stack had no room to decode it."""

_DELEGATING: Final = (
    Reason.FLAG_DISABLED,
    Reason.TARGETING_MATCH,
    Reason.ROLLOUT_MISS,
    Reason.EXPERIMENT_PAUSED,
    Reason.HOLDOUT,
    Reason.NO_RULE_MATCH,
)


class RuleReference(Record):
    """The rule of a format 2 flag that ended its evaluation (SPEC R20).

    ``type`` is ``targeted_release``, ``percentage_rollout`` or ``experiment``; ``index`` is the
    zero-based position in the stored list; ``variant_key`` names the variant that an experiment
    assigned.
    """

    id: str
    type: str
    index: int
    variant_key: str | None = None

    __repr__ = concise

    def to_dict(self) -> dict[str, Any]:
        """Return every field as a JSON value."""
        return {
            "id": self.id,
            "type": self.type,
            "index": self.index,
            "variant_key": self.variant_key,
        }


class Resolution(Record):
    """The answer for one flag and one subject.

    ``value`` is True, False, a variant key, or None for no value; a flag of configuration format 2
    may also have other text, a number, or a read-only dict. If the flag is unresolved,
    ``unresolved_reason`` says why and ``missing`` names the inputs that a definite answer needs.
    ``condition_index`` is the zero-based position of the deciding condition or rule, if one decided,
    and ``rule`` is the deciding rule of a format 2 flag.
    ``raw_payload`` is the stored JSON text. ``payload`` is the decoded text, or the text itself if
    it is not JSON; it is read-only because results are shared. ``enabled`` is False for False and
    None, else True; ``variant`` is the value if that is text, or None.

    ``config_version`` is the flag's configuration format, 1 or 2; None for an unknown one.
    ``caller_default`` is True if the flag is decided and leaves its value to the caller's default:
    ``value`` is None although nothing is unresolved.
    """

    key: str
    value: Value
    reason: Reason
    condition_index: int | None = None
    description: str = ""
    unresolved_reason: UnresolvedReason | None = None
    missing: Missing = NOTHING_MISSING
    raw_payload: str | None = None
    flag_id: int | None = None
    flag_version: int | None = None
    has_experiment: bool | None = None
    config_version: int | None = 1
    rule: RuleReference | None = None

    caller_default: bool = derived(init=False)
    enabled: bool = derived(init=False)
    variant: str | None = derived(init=False)
    payload: Any = derived(init=False)

    def __post_init__(self) -> None:
        """Derive the remaining fields, once."""
        if type(self.value) is dict:  # unpickling makes a plain dict of a read-only one
            object.__setattr__(self, "value", frozen(self.value))
        raw = self.raw_payload
        derived = {
            "caller_default": self.value is None and self.reason in _DELEGATING,
            "enabled": self.value is not None and self.value is not False,
            "variant": self.value if isinstance(self.value, str) else None,
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)
        _set_payload(self, _UNDECODED)
        try:
            _set_payload(self, None if raw is None else decoded_payload(raw))
        except RecursionError:  # the resolution may be kept: decode at the next access
            setattr(Resolution, "payload", _LATER)  # noqa: B010 mypy knows the attribute's type

    __repr__ = concise

    def _repr_html_(self) -> str:
        """Return the answer as a table, for a notebook."""
        from flagengine.display.answers import answer_html  # noqa: PLC0415 notebooks only

        return answer_html(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Return every field as a JSON value, as the command line prints them."""
        return {
            "key": self.key,
            "value": self.value,
            "enabled": self.enabled,
            "variant": self.variant,
            "payload": self.payload,
            "reason": self.reason.value,
            "condition_index": self.condition_index,
            "description": self.description,
            "unresolved_reason": self.unresolved_reason and self.unresolved_reason.value,
            "missing": self.missing.to_dict(),
            "flag_id": self.flag_id,
            "flag_version": self.flag_version,
            "has_experiment": self.has_experiment,
            "config_version": self.config_version,
            "rule": self.rule and self.rule.to_dict(),
            "caller_default": self.caller_default,
        }


class _DecodedLater:
    """The attribute ``payload`` once some resolution was made where the stack had no room to decode.

    Until then the attribute is a plain slot, which is read several times as fast.
    """

    def __init__(self, slot: Any) -> None:
        self._slot = slot

    def __get__(self, resolution: Resolution | None, owner: type | None = None) -> Any:
        if resolution is None:
            return self
        decoded = self._slot.__get__(resolution, owner)
        return shared_payload(resolution.raw_payload or "") if decoded is _UNDECODED else decoded

    def __set__(self, resolution: Resolution, payload: object) -> None:
        self._slot.__set__(resolution, payload)


_SLOT: Final = vars(Resolution)["payload"]
_LATER: Final = _DecodedLater(_SLOT)
_set_payload: Final = _SLOT.__set__
