"""The flags and persons that every server gets, and each server's own form of them.

Of seven flags four ask for a country and a share, three for a share alone, and every fifth has two
variants: 350 of them are 130 kB of definitions.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.people import COUNTRIES, people
from benchmarks.posthog_format import definitions
from benchmarks.rivals.unleash import features_of
from benchmarks.specs import Condition, Filter, Flag, Operator, Variant

if TYPE_CHECKING:
    from benchmarks.specs import Person

__all__ = ["fast_feature_flags", "flags", "flagsmith_environment", "persons", "posthog", "unleash"]

_PERSONS = 50
_TWO = (Variant("a", 50, "null"), Variant("b", 50, "null"))


def flags(count: int) -> tuple[Flag, ...]:
    """Return so many flags."""
    return tuple(_flag(number) for number in range(count))


def _flag(number: int) -> Flag:
    tests = (Filter("country", Operator.IN, COUNTRIES[:3]),) if number % 7 < 4 else ()
    return Flag(f"flag-{number}", (Condition(tests, 30 + number % 60),), () if number % 5 else _TWO)


def persons() -> tuple[Person, ...]:
    """Return the persons of the requests, in turn."""
    return people(_PERSONS)


def posthog(count: int) -> str:
    """Return the definitions as PostHog's server gives them."""
    return json.dumps(definitions(flags(count)), separators=(",", ":"))


def unleash(count: int) -> str:
    """Return the features as Unleash's server gives them."""
    return json.dumps({"version": 2, "features": features_of(flags(count)), "segments": []})


def fast_feature_flags(count: int) -> str:
    """Return the arguments of fast-feature's flags, whose rules are JsonLogic."""
    return json.dumps([_json_logic(flag) for flag in flags(count)])


def _json_logic(flag: Flag) -> dict[str, object]:
    (condition,) = flag.conditions
    values: dict[str, object] = {v.key: v.key for v in flag.variants} or {"on": True}
    on = [[name, condition.rollout / len(values)] for name in values]
    rule: object = {"fractional": [*on, ["off", 100 - condition.rollout]]}
    for test in condition.filters:
        within = {"in": [{"var": test.property}, list(test.operand)]}  # type: ignore[arg-type]
        rule = {"if": [within, rule, "off"]}
    return {
        "key": flag.key,
        "variants": {**values, "off": False},
        "default_variant": "off",
        "targeting": rule,
    }


def flagsmith_environment(count: int, key: str) -> str:
    """Return the environment document of Flagsmith's server: a segment for each condition."""
    features = [{"id": n, "name": f.key, "type": "STANDARD"} for n, f in enumerate(flags(count), 1)]
    segments = [
        _segment(flag, feature) for flag, feature in zip(flags(count), features, strict=True)
    ]
    project = {
        "id": 1,
        "name": "benchmark",
        "hide_disabled_flags": False,
        "segments": segments,
        "server_key_only_feature_ids": [],
        "organisation": {
            "id": 1,
            "name": "benchmark",
            "feature_analytics": False,
            "persist_trait_data": True,
            "stop_serving_flags": False,
        },
    }
    environment = {
        "id": 1,
        "name": "benchmark",
        "api_key": key,
        "updated_at": "2026-11-01T00:00:00Z",
        "identity_overrides": [],
        "project": project,
        "feature_states": [_state(feature, (), is_on=False) for feature in features],
    }
    return json.dumps(environment)


def _segment(flag: Flag, feature: dict[str, object]) -> dict[str, object]:
    (condition,) = flag.conditions
    share = {"property_": "", "operator": "PERCENTAGE_SPLIT", "value": str(condition.rollout)}
    tests = [
        {"property_": test.property, "operator": "IN", "value": ",".join(test.operand)}  # type: ignore[arg-type]
        for test in condition.filters
    ]
    return {
        "id": feature["id"],
        "name": flag.key,
        "rules": [{"type": "ALL", "conditions": [*tests, share], "rules": []}],
        "feature_states": [_state(feature, flag.variants, is_on=True)],
    }


def _state(
    feature: dict[str, object], variants: tuple[Variant, ...], *, is_on: bool
) -> dict[str, object]:
    return {
        "id": feature["id"],
        "django_id": feature["id"],
        "featurestate_uuid": f"00000000-0000-4000-8000-{feature['id']:012}",
        "feature": feature,
        "feature_segment": {"priority": 1} if is_on else None,
        "feature_state_value": None,
        "enabled": is_on,
        "multivariate_feature_state_values": [
            {
                "id": place,
                "mv_fs_value_uuid": f"00000000-0000-4000-8000-{place:012}",
                "multivariate_feature_option": {"id": place, "value": variant.key},
                "percentage_allocation": float(variant.weight),
            }
            for place, variant in enumerate(variants, 1)
        ],
    }
