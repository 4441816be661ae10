"""The rule of a format 2 flag in events: what a read reports of it, and whether it is an exposure.

These are the presence rules of PostHog's contract ``feature_flag_rules_v2``, with the names that
posthog-python sends. Only a complete ``experiment_split`` is an exposure: a standalone experiment
rule has the reason ``targeting_match``, and reports its rule but no variant. An incomplete record
reports its reason and no rule; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from .answer import FlagAnswer
from .records import RuleMetadata

__all__ = ["ATTRIBUTION_PROPERTIES", "Attribution", "attribution_of"]

SPLIT: Final = "experiment_split"
_TARGETED: Final = "targeted_release"
_PERCENTAGE: Final = "percentage_rollout"
_EXPERIMENT: Final = "experiment"

# The types of rules that may give each reason. Other reasons name no rule.
_RULE_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "targeting_match": (_TARGETED, _PERCENTAGE, _EXPERIMENT),
    SPLIT: (_EXPERIMENT,),
    "rollout_miss": (_PERCENTAGE, _EXPERIMENT),
    "experiment_paused": (_EXPERIMENT,),
    "holdout": (_EXPERIMENT,),
}
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# The last version of the response in which a split names its experiment; later, only the server
# knows the experiment.
_NAMES_THE_EXPERIMENT: Final = 3

_CONFIG_VERSION: Final = "$feature_flag_config_version"
_NAMES: Final = {
    "reason_code": "$feature_flag_reason_code",
    "rule_id": "$feature_flag_rule_id",
    "rule_type": "$feature_flag_rule_type",
    "variant_key": "$feature_flag_variant_key",
}
ATTRIBUTION_PROPERTIES: Final = frozenset({_CONFIG_VERSION, *_NAMES.values()})


class Attribution(NamedTuple):
    """What a read of a format 2 flag reports of the deciding rule.

    ``variant_key`` is set only for a complete experiment split.
    """

    reason_code: str | None
    rule_id: str | None = None
    rule_type: str | None = None
    variant_key: str | None = None

    @property
    def is_exposure(self) -> bool:
        """Whether the read exposes a person to an experiment."""
        return self.variant_key is not None

    def properties(self) -> dict[str, Any]:
        """Return the properties of ``$feature_flag_called``, without those that are unknown."""
        known = {_NAMES[name]: part for name, part in self._asdict().items() if part is not None}
        return {_CONFIG_VERSION: 2, **known}


def attribution_of(answer: FlagAnswer | None, *, is_failed: bool = False) -> Attribution | None:
    """Return what a read of the answer reports; None for a flag of format 1 and a stale answer."""
    if answer is None or answer.resolution.config_version != 2:
        return None
    if answer.is_stale or answer.is_override:
        return None
    rule, code = answer.rule_metadata, answer.reason_code
    if is_failed or not _names_rule(code, rule):
        return Attribution(code)
    if code != SPLIT:
        return Attribution(code, rule.rule_id, rule.rule_type)
    if not rule.variant_key or _lacks_experiment(answer, rule):
        return Attribution(code)
    return Attribution(code, rule.rule_id, rule.rule_type, rule.variant_key)


def _names_rule(code: str | None, rule: RuleMetadata) -> bool:
    is_uuid = rule.rule_id is not None and _UUID.fullmatch(rule.rule_id) is not None
    return is_uuid and rule.rule_type in _RULE_TYPES.get(code or "", ())


def _lacks_experiment(answer: FlagAnswer, rule: RuleMetadata) -> bool:
    return answer.origin.api_version == _NAMES_THE_EXPERIMENT and rule.experiment_id is None
