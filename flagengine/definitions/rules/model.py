"""The rules of a format 2 flag as the server sent them: frozen values (SPEC R20)."""

from typing import Any, Literal

from flagengine.definitions.filters import Filter
from flagengine.values.record import Record

__all__ = ["ReturnType", "Rule", "RuleHoldout", "RuleSet", "RuleType", "RuleVariant"]

ReturnType = Literal["boolean", "string", "number", "object"]
RuleType = Literal["targeted_release", "percentage_rollout", "experiment"]


class RuleVariant(Record):
    """A variant of an experiment rule: its weight in percent, and the value that it serves."""

    key: str
    weight: float
    value: Any


class RuleHoldout(Record):
    """The share of subjects that an experiment rule keeps out; the rule itself holds it."""

    seed: str
    exclusion_percentage: float


class Rule(Record):
    """One rule; ``filters`` are its predicates in stored order, combined by AND.

    ``rollout_percentage`` and ``seed`` are None for a targeted release. With ``stops`` a subject
    outside the rollout gets the default value, else the next rule is tried. An experiment has
    ``variants`` instead of a ``value``. Values are read-only JSON.
    """

    id: str
    type: RuleType
    filters: tuple[Filter, ...] = ()
    value: Any = None
    rollout_percentage: float | None = None
    seed: str | None = None
    stops: bool = False
    paused: bool = False
    variants: tuple[RuleVariant, ...] = ()
    holdout: RuleHoldout | None = None


class RuleSet(Record):
    """The rules of a flag, tried in order; ``default`` None means the caller's default."""

    return_type: ReturnType
    default: Any = None
    rules: tuple[Rule, ...] = ()
