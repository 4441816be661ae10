"""Flags and cohorts as the server sent them: frozen values in the document's shape (SPEC R1, R2).

:mod:`flagengine.definitions.parsing` builds the values; :mod:`flagengine.plan` gives them a meaning.
"""

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal

from flagengine.definitions.filters import Filter
from flagengine.definitions.issues import Issue
from flagengine.values.record import Record

if TYPE_CHECKING:  # few flags have rules
    from flagengine.definitions.rules.model import RuleSet

__all__ = [
    "INHERIT",
    "Aggregation",
    "Cohort",
    "Condition",
    "Filter",
    "Flag",
    "Holdout",
    "Inherit",
    "PropertyGroup",
    "Variant",
]


class Inherit(Enum):
    """The type of :data:`INHERIT`."""

    INHERIT = "inherit"


INHERIT: Final = Inherit.INHERIT
"""The aggregation of a condition that has the same aggregation as its flag."""

Aggregation = int | None
"""A group type index, or None for persons."""


class Condition(Record):
    """One of a flag's conditions, which are combined by OR; the default rollout is 100 %."""

    filters: tuple[Filter, ...] = ()
    rollout_percentage: float = 100.0
    variant: str | None = None
    aggregation: Aggregation | Inherit = INHERIT


class Variant(Record):
    """A variant and its weight in percent."""

    key: str
    rollout_percentage: float


class Holdout(Record):
    """The share of all subjects that is kept out of experiments."""

    id: str
    exclusion_percentage: float


class Flag(Record):
    """A flag in the document's shape.

    ``config_version`` is None for an unknown configuration format.
    A flag of configuration format 2 has ``rules``, and no fields of format 1 besides the row's.
    ``defect`` is the issue that makes the whole flag undecidable; only the metadata of such a flag
    is meaningful. ``issues`` holds every issue, the defect included.
    """

    key: str
    id: int | None = None
    name: str | None = None
    version: int | None = None
    has_experiment: bool | None = None
    active: bool = False
    ensure_experience_continuity: bool = False
    bucketing_identifier: Literal["distinct_id", "device_id"] = "distinct_id"
    evaluation_runtime: Literal["all", "client", "server"] = "all"
    evaluation_contexts: frozenset[str] = frozenset()
    conditions: tuple[Condition, ...] = ()
    variants: tuple[Variant, ...] = ()
    aggregation: Aggregation = None
    payloads: Mapping[str, str] | None = None
    early_exit: bool = False
    holdout: Holdout | None = None
    feature_enrollment: bool = False
    hash_algorithm: str | None = None
    config_version: Literal[1, 2] | None = 1
    rules: "RuleSet | None" = None
    pointer: str = ""
    defect: Issue | None = None
    issues: tuple[Issue, ...] = ()


class PropertyGroup(Record):
    """An AND or OR of filters and further groups; ``values`` may be empty."""

    type: Literal["AND", "OR"]
    values: tuple["PropertyGroup | Filter", ...] = ()


class Cohort(Record):
    """A cohort; ``definition`` is None for an empty object and for an unreadable cohort."""

    id: str
    definition: PropertyGroup | None
    issues: tuple[Issue, ...] = ()
