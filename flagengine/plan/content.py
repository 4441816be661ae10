"""The content of a definition: what may change an answer, its payload, its reason or its metadata.

Two definitions with the same content differ at most in what people read, in what nothing reads, and in
defaults that one of them writes out (SPEC R1.8). What cannot be read here is content as it is written,
because the server may know what it means.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from flagengine.definitions.model import (
    INHERIT,
    Aggregation,
    Cohort,
    Condition,
    Filter,
    Flag,
    PropertyGroup,
)
from flagengine.operators import ALIASES, VALUELESS
from flagengine.plan.cohort_facts import is_decidable, leaves
from flagengine.plan.lower import kind_of
from flagengine.values.record import Record

__all__ = ["FlagContent", "cohort_content", "flag_content", "written"]

# A flag that is off answers alike whatever these are (R4.3); an override still has its payloads (R14.6).
_WHEN_OFF: Final[Mapping[str, Any]] = {
    "conditions": (),
    "variants": (),
    "holdout": None,
    "aggregation": None,
    "early_exit": False,
    "feature_enrollment": False,
    "ensure_experience_continuity": False,
    "bucketing_identifier": "distinct_id",
}
_FOR_PEOPLE: Final = dict.fromkeys(("name", "pointer", "issues", "defect"))
# No value depends on these; the answers of other flags do not have them.
_HANDED_BACK: Final = dict.fromkeys(("id", "version", "has_experiment", "payloads"))


def _parts(value: Any) -> list[Any]:
    if isinstance(value, Record):
        return [getattr(value, name) for name in value.__match_args__]
    return sorted(value)  # a set of texts


_encode: Final = json.JSONEncoder(sort_keys=True, default=_parts).encode


def written(value: object) -> str:
    """Return JSON text that only equal values share; Python equates 1, 1.0 and True."""
    return _encode(value)


def _fields(record: Record, changes: Mapping[str, Any]) -> list[Any]:
    """Return what a copy of a record with changes holds: the copy itself would take much longer."""
    return [
        changes[name] if name in changes else getattr(record, name)
        for name in record.__match_args__
    ]


class FlagContent(Record):
    """The content of a flag: what its value, reason and index depend on, and the rest."""

    value: str
    rest: str


def flag_content(
    flag: Flag, configuration: object, algorithm: str, *, versions: bool
) -> FlagContent:
    """Return the content of a flag; without ``versions``, whatever its version is.

    ``configuration`` is the flag's as the document has it, and ``algorithm`` the document's hash.
    """
    changes = {
        **_FOR_PEOPLE,
        **_HANDED_BACK,
        "hash_algorithm": flag.hash_algorithm or algorithm,
        **(_conditions(flag) if flag.active else _WHEN_OFF),
    }
    version = flag.version if versions else None
    return FlagContent(
        written(
            [_fields(flag, changes), flag.defect is None, configuration if flag.issues else None]
        ),
        written([flag.id, version, flag.has_experiment, flag.payloads]),
    )


def _conditions(flag: Flag) -> dict[str, Any]:
    variants = {variant.key for variant in flag.variants}
    return {"conditions": [_condition(part, flag, variants) for part in flag.conditions]}


def _condition(condition: Condition, flag: Flag, variants: set[str]) -> list[Any]:
    own = condition.aggregation
    aggregation = flag.aggregation if own is INHERIT else own
    changes = {
        "aggregation": aggregation,
        "variant": condition.variant if condition.variant in variants else None,
        "filters": [_filter(leaf, aggregation, negation=False) for leaf in condition.filters],
    }
    return _fields(condition, changes)


def _filter(leaf: Filter, aggregation: Aggregation, *, negation: bool) -> list[Any]:
    """Return a filter with its defaults written out; only leaves of cohorts are negated."""
    kind = kind_of(leaf, aggregation)
    operator = leaf.operator or ("in" if kind == "cohort" else "exact")
    is_of_property = kind in ("person", "group")
    index = aggregation if leaf.group_type_index is None else leaf.group_type_index
    changes = {
        "type": kind,
        "operator": ALIASES.get(operator, operator),
        "value": None if is_of_property and operator in VALUELESS else leaf.value,
        "group_type_index": index if kind == "group" else None,
        "negation": negation,
    }
    return _fields(leaf, changes)


def cohort_content(cohort: Cohort, definition: object) -> str:
    """Return the content of a cohort, whose ``definition`` is as the document has it."""
    group = cohort.definition
    if group is None or cohort.issues or not all(map(is_decidable, leaves(group))):
        return written(["as written", definition])
    return written(_group(group))


def _group(group: PropertyGroup) -> list[Any]:
    parts = (
        _group(part)
        if isinstance(part, PropertyGroup)
        else _filter(part, None, negation=part.negation)
        for part in group.values
    )
    return [group.type, *parts]
