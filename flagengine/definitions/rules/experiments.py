"""The parts that only experiment rules have: variants and a holdout (SPEC R20.2)."""

import re
from typing import Any, Final

from flagengine.definitions.issues import IssueCode
from flagengine.definitions.reading import shown
from flagengine.definitions.rules.model import RuleHoldout, RuleVariant
from flagengine.definitions.rules.notes import Members, closed
from flagengine.definitions.rules.numbers import hundredths, is_whole, percentage, written
from flagengine.definitions.rules.served import served

__all__ = ["MAX_SEED", "holdout", "seed", "variants"]

MAX_SEED: Final = 400
"""The maximum number of characters of a seed."""

_KEY: Final = re.compile(r"[a-zA-Z0-9_-]+")
_LEAST: Final = 2
_MOST: Final = 20
_WHOLE: Final = 10_000
"""All subjects, in hundredths of a percent."""


def seed(members: Members) -> str | None:
    """Return a seed."""
    value = members.text("seed")
    if value is not None and not 1 <= len(value) <= MAX_SEED:
        message = f"must have 1 to {MAX_SEED} characters, got {len(value)}"
        members.refuse(IssueCode.OUT_OF_RANGE, "seed", message)
    return value


def variants(members: Members, return_type: str | None) -> tuple[RuleVariant, ...]:
    """Return the variants of an experiment; their weights sum to exactly 100."""
    found = []
    keys: set[str] = set()
    total: int | None = 0
    for index, source in enumerate(members.items("variants", _LEAST, _MOST)):
        pointer = members.at("variants", index)
        required = {"key": "", "weight": "", "value": ""}
        variant = closed(source, pointer, members.notes, "a variant", required)
        weight = None if variant is None else percentage(variant, "weight")
        if variant is None or weight is None:
            total = None
            continue
        total = None if total is None else total + (hundredths(written(variant, "weight")) or 0)
        value = served(variant, "value", return_type)
        found.append(RuleVariant(_key(variant, keys), weight, value))
    if found and total is not None and total != _WHOLE:
        message = f"must have weights that sum to exactly 100, got {total / 100:g}"
        members.refuse(IssueCode.OUT_OF_RANGE, "variants", message)
    return tuple(found)


def _key(variant: Members, keys: set[str]) -> str:
    key = variant.text("key")
    if key is None:
        return ""
    if not _KEY.fullmatch(key):
        message = f"must be letters, digits, _ and -, got {shown(key)!r}"
        variant.refuse(IssueCode.INVALID_VALUE, "key", message)
    elif key in keys:
        message = f"must be unique in its rule, got {shown(key)!r} again"
        variant.refuse(IssueCode.NOT_UNIQUE, "key", message)
    keys.add(key)
    return key


def holdout(members: Members) -> RuleHoldout | None:
    """Return the holdout of an experiment: of the rule itself, or shared by linked experiments."""
    if "holdout" not in members.source:
        return None
    source, pointer = members.source["holdout"], members.at("holdout")
    required = {
        "id": "; write null for a holdout of this rule alone",
        "seed": "",
        "exclusion_percentage": "",
    }
    own = closed(source, pointer, members.notes, "a holdout", required)
    if own is None:
        return None
    identity = own.read("id", lambda value: value is None or is_whole(value), "an integer or null")
    _check_link(own, identity, members.source.get("experiment_id"))
    share = percentage(own, "exclusion_percentage")
    return RuleHoldout(seed(own) or "", share or 0.0)


def _check_link(own: Members, identity: Any, experiment: Any) -> None:
    """Check that exactly the holdouts of linked experiments have an id."""
    is_readable = "id" in own.source and (own.source["id"] is None or identity is not None)
    if not is_readable or not (experiment is None or is_whole(experiment)):
        return
    if experiment is None and identity is not None:
        message = f"must be null because experiment_id is null, got {shown(identity)}"
        own.refuse(IssueCode.INVALID_VALUE, "id", message)
    if experiment is not None and identity is None:
        message = "must be an integer because experiment_id is an integer, got null"
        own.refuse(IssueCode.INVALID_VALUE, "id", message)
