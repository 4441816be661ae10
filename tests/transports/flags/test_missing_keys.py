"""Missing keys are learnt only from clean responses, and remembered for one refresh only."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flagengine.transports.flags.missing_keys import MissingKeys
from flagengine.transports.flags.response import FlagsResponse, parse_flags_response

pytestmark = pytest.mark.contract("evaluate-flags")


def response(**document: Any) -> FlagsResponse:
    parsed = parse_flags_response(json.dumps({"flags": {"there": {"enabled": True}}, **document}))
    assert parsed is not None
    return parsed


def test_a_key_in_neither_place_is_known_to_be_missing_until_the_next_refresh() -> None:
    missing = MissingKeys()
    missing.learn(["gone", "there"], response(), refresh=3)
    assert missing.at(3) == {"gone"}
    assert missing.at(4) == frozenset()


def test_knowledge_adds_up_within_one_refresh() -> None:
    missing = MissingKeys()
    missing.learn(["a"], response(), refresh=1)
    missing.learn(["b"], response(), refresh=1)
    assert missing.at(1) == {"a", "b"}
    missing.learn(["c"], response(), refresh=2)
    assert missing.at(2) == {"c"}


@pytest.mark.parametrize(
    "document",
    [
        {"errorsWhileComputingFlags": True},
        {"quotaLimited": ["feature_flags"]},
        {"flags": {"x": {"failed": True}}},
        {"flags": None},
    ],
)
def test_nothing_is_learnt_from_an_answer_that_is_not_clean(document: dict[str, Any]) -> None:
    missing = MissingKeys()
    missing.learn(["gone"], response(**document), refresh=1)
    assert missing.at(1) == frozenset()


def test_it_is_bounded() -> None:
    missing = MissingKeys()
    missing.learn([f"k{n}" for n in range(10_001)], response(), refresh=1)
    assert missing.at(1) == frozenset()
