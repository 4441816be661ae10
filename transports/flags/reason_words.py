"""OpenFeature's words for the reasons of answers, which OpenTelemetry has in small letters. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["REASON_WORDS", "reason_word"]

REASON_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "condition_match": "TARGETING_MATCH",
        "super_condition_value": "TARGETING_MATCH",
        "holdout_condition_value": "SPLIT",
        "out_of_rollout_bound": "SPLIT",
        "no_condition_match": "DEFAULT",
        "no_group_type": "DEFAULT",
        "missing_dependency": "DEFAULT",
        "flag_disabled": "DISABLED",
        "overridden": "STATIC",
        "targeting_match": "TARGETING_MATCH",
        "experiment_split": "SPLIT",
        "rollout_miss": "DEFAULT",
        "experiment_paused": "DEFAULT",
        "holdout": "DEFAULT",
        "no_rule_match": "DEFAULT",
    }
)
"""By code of a reason; a code that is not here is UNKNOWN."""


def reason_word(code: str | None, variant: str | None, config_version: int | None) -> str:
    """Return the word for the reason of an answer; a variant of a flag of format 1 was drawn."""
    word = REASON_WORDS.get(str(code), "UNKNOWN")
    is_drawn = word == "TARGETING_MATCH" and variant is not None
    return "SPLIT" if is_drawn and config_version != 2 else word
