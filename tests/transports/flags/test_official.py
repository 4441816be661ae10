"""PostHog's own examples: each version of the response leads to the same answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flagengine.transports.flags.response import FlagsResponse, parse_flags_response

DOCUMENT: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "fixtures/official/legacy_projection.json").read_bytes()
)
CASES: list[dict[str, Any]] = DOCUMENT["cases"]
PAIRS = [
    pytest.param(case, name, id=f"{case['id']}-{name}")
    for case in CASES
    for name in DOCUMENT["response_protocols"]
]
LISTS_ONLY_ENABLED = ("decide_v2", "decide_v1")


def read(case: dict[str, Any], name: str) -> FlagsResponse:
    response = parse_flags_response(json.dumps(case["projections"][name]))
    assert response is not None
    return response


@pytest.mark.contract("get-feature-flag")
@pytest.mark.parametrize(("case", "name"), PAIRS)
def test_the_outcome_is_read_from_every_shape(case: dict[str, Any], name: str) -> None:
    outcome = case["outcome"]
    response = read(case, name)
    assert response.has_flags
    flag = response.flags.get(outcome["key"])
    if _is_left_out(outcome, name):
        assert flag is None
        return
    assert flag is not None
    variant = None if name == "decide_v1" else outcome["variant"]
    value = variant if variant is not None else outcome["enabled"]
    assert (flag.value, flag.enabled, flag.variant) == (value, outcome["enabled"], variant)
    has_payloads = name not in LISTS_ONLY_ENABLED
    assert flag.raw_payload == (outcome["payload"] if has_payloads else None)


def _is_left_out(outcome: dict[str, Any], name: str) -> bool:
    """Return whether a response has no record of the flag, or no reliable record."""
    if outcome["omitted"] or (name in LISTS_ONLY_ENABLED and not outcome["enabled"]):
        return True
    return bool(outcome["failed"] and name == "flags_v2")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_only_the_present_shape_describes(case: dict[str, Any]) -> None:
    outcome = case["outcome"]
    flag = read(case, "flags_v2").flags.get(outcome["key"])
    if flag is not None:
        reason = {"code": flag.reason_code, "condition_index": flag.condition_index}
        assert reason == outcome["reason"]
        assert (flag.flag_id, flag.flag_version) == (outcome["flag_id"], outcome["flag_version"])
    for name in ("flags_v1", *LISTS_ONLY_ENABLED):
        for bare in read(case, name).flags.values():
            assert (bare.reason_code, bare.flag_id, bare.flag_version) == (None, None, None)


@pytest.mark.parametrize("name", ["flags_v2", "flags_v1"])
def test_a_failed_evaluation_leaves_the_answer_unclean(name: str) -> None:
    failed = [case for case in CASES if case["outcome"]["failed"]]
    assert failed
    for case in CASES:
        response = read(case, name)
        assert response.errors_while_computing is case["outcome"]["failed"]
        assert response.is_clean is not case["outcome"]["failed"]
    for case in failed:
        key = case["outcome"]["key"]
        assert read(case, "flags_v2").failed == {key}
