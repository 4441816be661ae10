"""An oracle for format 2: its evaluation written down once more, on raw JSON, without the engine.

The functions follow PostHog's published rules step by step. They read only what the draws in
``rules_v2_draws`` need: no dates, no pre-releases, and patterns that Python reads as RE2 does. Everything
else is ``UncoveredError``.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha1
from typing import Any

__all__ = ["FailedError", "UncoveredError", "evaluated", "hashed"]

Hash = Callable[[str], float]
Json = Any

_VERSION = re.compile(r"[0-9]+(\.[0-9]+){0,2}", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_TEXT = ("icontains", "starts_with", "ends_with", "icontains_multi")
_NUMBERS = {
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
}


class UncoveredError(Exception):
    """An input that the oracle does not read."""


class FailedError(Exception):
    """An error that ends the evaluation; ``key`` is the property that was read."""

    def __init__(self, error: str, key: str) -> None:
        super().__init__(error)
        self.error = error
        self.key = key


def hashed(text: str) -> float:
    """Return the number of a text in [0, 1]."""
    return float(int(sha1(text.encode()).hexdigest()[:15], 16)) / float(0xFFFFFFFFFFFFFFF)


def evaluated(config: Json, context: Json, draw: Hash = hashed) -> dict[str, Json]:
    """Return the published form of the result; raise ``FailedError`` for an error."""
    subject = context["identifier"][:200]
    for index, rule in enumerate(config["rules"]):
        if not _targets(rule["targeting"]["properties"], context):
            continue
        found = _decided(rule, subject, config["default_value"], draw)
        if found is not None:
            place = {"id": rule["id"], "rule_type": rule["rule_type"], "index": index}
            return {"status": "success", **found, "rule": place}
    return {"status": "success", "value": config["default_value"], "reason": "no_rule_match"}


def _decided(rule: Json, subject: str, default: Json, draw: Hash) -> dict[str, Json] | None:
    """Return what a rule does with a subject that it targets; None for the next rule."""
    if rule["rule_type"] == "targeted_release":
        return {"value": rule["value"], "reason": "targeting_match"}
    excluded = _excluded(rule, subject, draw)
    if excluded is not None:
        return {"value": default, "reason": excluded}
    text = rule["seed"] + "." + subject
    if not _is_in(text, subject, rule["rollout_percentage"], draw):
        stops = rule["on_rollout_miss"] == "return_default"
        return {"value": default, "reason": "rollout_miss"} if stops else None
    if rule["rule_type"] == "percentage_rollout":
        return {"value": rule["value"], "reason": "targeting_match"}
    variant = _variant(rule["variants"], draw(text + "variant"))
    return {"value": variant["value"], "reason": "targeting_match", "variant": variant["key"]}


def _excluded(rule: Json, subject: str, draw: Hash) -> str | None:
    """Return why an experiment gives the default value before its rollout."""
    if rule.get("paused"):
        return "experiment_paused"
    holdout = rule.get("holdout")
    if holdout is None:
        return None
    text = holdout["seed"] + subject
    return "holdout" if _is_in(text, subject, holdout["exclusion_percentage"], draw) else None


def _is_in(text: str, subject: str, percentage: float, draw: Hash) -> bool:
    if subject == "":
        return False
    return percentage == 100 or draw(text) <= percentage / 100


def _variant(variants: list[Json], h: float) -> Json:
    total = 0.0
    for variant in variants:
        total += variant["weight"] / 100
        if h < total:
            return variant
    return variants[-1]


def _targets(predicates: list[Json], context: Json) -> bool:
    return all(_matches(predicate, context) for predicate in predicates)


def _matches(predicate: Json, context: Json) -> bool:
    key, properties = predicate["key"], context["properties"]
    if properties is None or (key not in properties and not context["properties_complete"]):
        raise FailedError("missing_context", key)
    explicit = context["explicit_exact_matching"]
    matched = _operated(predicate, properties, key, explicit)
    return matched is not (predicate.get("negation") is True)


def _operated(predicate: Json, properties: Mapping[str, Json], key: str, explicit: bool) -> bool:
    operator = predicate.get("operator") or "exact"
    operand = predicate.get("value")
    is_negative = operator.startswith(("not_", "is_not"))
    if operator in ("regex", "not_regex"):
        pattern = _pattern(operand, key)  # a bad one is an error for an absent property too
        return bool(key in properties and pattern.search(_text(properties[key]))) is not is_negative
    if operator in ("is_set", "is_not_set"):
        return (key in properties) is not is_negative
    if operand is None:
        return False
    if key not in properties:
        return is_negative
    return _compared(operator, operand, properties[key], key, explicit) is not is_negative


def _compared(operator: str, operand: Json, value: Json, key: str, explicit: bool) -> bool:
    """Return the result of an operator without its ``not``."""
    positive = operator.removeprefix("not_")
    if operator in _NUMBERS:
        return _NUMBERS[operator](_number(value, key), _number(operand, key))
    if operator.startswith("semver_"):
        return _compares(operator, _version(_text(value)), operand)
    if positive in _TEXT:
        return any(_texts(positive, operand, value))
    if operator in ("exact", "is_not"):
        return _equals(operand, value, explicit)
    raise UncoveredError(operator)


def _pattern(operand: str, key: str) -> re.Pattern[str]:
    try:
        return re.compile(operand, re.ASCII)
    except re.error:
        raise FailedError("invalid_regex", key) from None


def _texts(operator: str, operand: Json, value: Json) -> Iterator[bool]:
    text = _folded(value)
    for member in operand if operator == "icontains_multi" else [operand]:
        part = _folded(member)
        if operator == "starts_with":
            yield text.startswith(part)
        elif operator == "ends_with":
            yield text.endswith(part)
        else:
            yield part in text


def _equals(operand: Json, value: Json, explicit: bool) -> bool:
    members = operand if isinstance(operand, list) else [operand]
    if not explicit and all(_text(member).lower() in ("true", "false") for member in members):
        return all(_is_true(member) for member in members) is _is_true(value)
    if explicit and operand == []:
        return _is_true(value)
    return any(_text(member).lower() == _text(value).lower() for member in members)


def _is_true(value: Json) -> bool:
    if isinstance(value, list):
        return all(map(_is_true, value))
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _number(value: Json, key: str) -> float:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FailedError("invalid_property", key)
    return float(value)


def _version(text: str) -> tuple[int, ...] | None:
    text = text.removeprefix("v").strip(" ")
    if "-" in text or "+" in text:
        raise UncoveredError(text)
    if not _VERSION.fullmatch(text):
        return None
    parts = [int(part) for part in text.split(".")]
    return tuple(parts + [0] * (3 - len(parts)))


def _compares(operator: str, value: tuple[int, ...] | None, operand: str) -> bool:
    if value is None:
        return False
    if operator == "semver_wildcard":
        prefix = [int(part) for part in operand.split(".") if part != "*"]
        return list(value[: len(prefix)]) == prefix
    bound = _version(operand)
    if bound is None:
        raise UncoveredError(operand)
    if operator == "semver_tilde":
        return bound <= value < (bound[0], bound[1] + 1, 0)
    if operator == "semver_caret":
        fixed = next((index for index, part in enumerate(bound) if part), 2)
        return value[: fixed + 1] == bound[: fixed + 1] and value >= bound
    return {
        "semver_eq": value == bound,
        "semver_neq": value != bound,
        "semver_gt": value > bound,
        "semver_gte": value >= bound,
        "semver_lt": value < bound,
        "semver_lte": value <= bound,
    }[operator]


def _text(value: Json) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _folded(value: Json) -> str:
    return "".join(c.lower() if c.isascii() else c for c in _text(value))
