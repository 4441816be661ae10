"""The typed records of ``/flags?v=3`` and later: what they hold, and whether they can be read.

A typed record has a ``value``: a boolean, text, a number, an object, or null for no value. A known
field of the wrong JSON type makes its record unreadable, and no other record; unknown fields are
ignored. This is the reader's half of PostHog's contract ``feature_flag_rules_v2``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from .seeds import without_seeds

__all__ = ["RuleMetadata", "integer", "rule_metadata", "typed_value", "wrong_field"]


class RuleMetadata(NamedTuple):
    """The fields of a record's ``metadata`` that say how the server decided the flag.

    Attributes:
        config_version: the format of the flag's configuration; None if the record does not say.
        rule_type: ``targeted_release``, ``percentage_rollout`` or ``experiment``.
        rule_id: the id of the rule that decided the flag.
        experiment_id: the experiment that is linked to the rule.
        variant_key: the key of the variant that the experiment assigned.
        holdout_id: the holdout that kept the person out of the experiment.
    """

    config_version: int | None = None
    rule_type: str | None = None
    rule_id: str | None = None
    experiment_id: int | None = None
    variant_key: str | None = None
    holdout_id: int | None = None


_EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})


def integer(value: object) -> int | None:
    """Return a whole number as an integer, else None; JSON has one type of number.

    >>> integer(2.0), integer(2.5), integer(True)
    (2, None, None)
    """
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_boolean(value: object) -> bool:
    return isinstance(value, bool)


def _is_integer(value: object) -> bool:
    return integer(value) is not None


def _is_value(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, bool | str | int | Mapping)


# The known fields by the object that holds them; an absent field and null are always right.
# ``holdout_id`` is not among them: the newest contract has no such field, so it cannot be wrong.
_KNOWN: Final[Mapping[str, Mapping[str, Callable[[object], bool]]]] = {
    "": {"key": _is_text, "value": _is_value, "failed": _is_boolean},
    "reason": {"code": _is_text, "condition_index": _is_integer, "description": _is_text},
    "metadata": {
        "id": _is_integer,
        "version": _is_integer,
        "description": _is_text,
        "has_experiment": _is_boolean,
        "config_version": _is_integer,
        "rule_type": _is_text,
        "rule_id": _is_text,
        "experiment_id": _is_integer,
        "variant_key": _is_text,
        "forced_variant": _is_boolean,
    },
}


def wrong_field(record: Mapping[Any, Any]) -> str | None:
    """Return the path of the first known field with the wrong JSON type; None if there is none.

    >>> wrong_field({"value": True, "metadata": {"rule_id": 3}})
    'metadata.rule_id'
    """
    for section, fields in _KNOWN.items():
        holder = record.get(section) if section else record
        if holder is None:
            continue
        if not isinstance(holder, Mapping):
            return section
        for name, is_right in fields.items():
            if holder.get(name) is not None and not is_right(holder[name]):
                return f"{section}.{name}" if section else name
    return None


def typed_value(record: Mapping[Any, Any]) -> Any:
    """Return the value of a readable record, without assignment seeds.

    Raises:
        ValueError: the value is nested deeper than any value that the server accepts.
    """
    value = record["value"]
    return without_seeds(value) if isinstance(value, Mapping) else value


def rule_metadata(record: Mapping[Any, Any]) -> RuleMetadata:
    """Return the rule's metadata in a readable record."""
    metadata = record.get("metadata") or _EMPTY
    return RuleMetadata(
        integer(metadata.get("config_version")),
        metadata.get("rule_type"),
        metadata.get("rule_id"),
        integer(metadata.get("experiment_id")),
        metadata.get("variant_key"),
        integer(metadata.get("holdout_id")),
    )
