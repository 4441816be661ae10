"""Typed records of ``/flags?v=3`` and later, as a server sends them."""

from __future__ import annotations

import json
from typing import Any

from ..mock_server import Answer

RULE = "10000000-0000-4000-8000-000000000001"
OTHER_RULE = "10000000-0000-4000-8000-000000000002"
REQUEST = "20000000-0000-4000-8000-000000000002"
AT = 1_800_000_000_000

# PostHog's rules for who decided a flag: the reason, the type of the deciding rule, and the fields
# that identify it. A standalone experiment has no ``experiment_id``.
OUTCOMES = {
    "released": ("targeting_match", "targeted_release", {}),
    "rolled out": ("targeting_match", "percentage_rollout", {}),
    "standalone arm": ("targeting_match", "experiment", {}),
    "split": ("experiment_split", "experiment", {"experiment_id": 301, "variant_key": "arm_a"}),
    "missed rollout": ("rollout_miss", "percentage_rollout", {}),
    "missed experiment": ("rollout_miss", "experiment", {"experiment_id": 301}),
    "missed standalone": ("rollout_miss", "experiment", {}),
    "paused": ("experiment_paused", "experiment", {"experiment_id": 301}),
    "paused standalone": ("experiment_paused", "experiment", {}),
    "held out": ("holdout", "experiment", {"experiment_id": 301, "holdout_id": 401}),
    "held out standalone": ("holdout", "experiment", {}),
    "no rule": ("no_rule_match", None, {}),
    "no group": ("missing_group_key", None, {}),
}


def record(
    outcome: str = "split",
    value: Any = False,  # noqa: FBT002 - a value like others
    **changes: Any,
) -> dict[str, Any]:
    """Return a record; ``changes`` are of the metadata, and None removes a field."""
    code, rule_type, identity = OUTCOMES[outcome]
    rule = {"rule_type": rule_type, "rule_id": RULE} if rule_type else {}
    metadata = {
        "id": 201,
        "version": 7,
        "config_version": 2,
        "has_experiment": outcome == "split",
        "payload": None,
        **rule,
        **identity,
        **changes,
    }
    return {
        "key": "layout",
        "value": value,
        "reason": {"code": code, "condition_index": 0 if rule_type else None},
        "metadata": {name: each for name, each in metadata.items() if each is not None},
    }


def failed(code: str = "error", **fields: Any) -> dict[str, Any]:
    """Return the record of a flag that the server could not evaluate."""
    base = record("no rule", None)
    return {**base, "reason": {"code": code, "description": "Broken."}, "failed": True, **fields}


def answer(*, extra: dict[str, Any] | None = None, **records: Any) -> Answer:
    """Return the response with these records by key."""
    document = {"flags": records, "requestId": REQUEST, "evaluatedAt": AT, **(extra or {})}
    return Answer(body=json.dumps(document).encode())
