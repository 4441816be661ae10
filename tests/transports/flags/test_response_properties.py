"""Parsing never raises, and an odd record never affects another flag."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flagengine.transports.flags.answer import FlagAnswer
from flagengine.transports.flags.response import parse_flags_response

pytestmark = pytest.mark.contract("http-client")

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**300, max_value=10**400)
    | st.floats()
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
RECORD = ["key", "enabled", "variant", "value", "failed", "reason", "metadata"]
WITHIN = ["code", "description", "condition_index", "id", "version", "payload", "has_experiment"]
records = anything | st.dictionaries(
    st.sampled_from(RECORD), anything | st.dictionaries(st.sampled_from(WITHIN), anything)
)
TOP = [
    "flags",
    "featureFlags",
    "featureFlagPayloads",
    "errorsWhileComputingFlags",
    "quotaLimited",
    "requestId",
    "evaluatedAt",
    "minimalFlagCalledEvents",
]
documents = anything | st.dictionaries(
    st.sampled_from(TOP), anything | st.dictionaries(st.text(max_size=4), records)
)


@settings(deadline=None)
@given(documents)
def test_any_json_is_parsed_without_an_exception(document: Any) -> None:
    response = parse_flags_response(json.dumps(document))
    assert (response is None) == (not isinstance(document, dict))
    if response is not None:
        assert not response.flags.keys() & response.failed
        for flag in response.flags.values():
            assert isinstance(flag, FlagAnswer)
            assert flag.enabled == (flag.value is not None and flag.value is not False)
            repr(flag.payload)


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_any_bytes_are_parsed_without_an_exception(body: bytes) -> None:
    parse_flags_response(body)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), records), records)
def test_a_record_never_changes_what_its_neighbours_say(
    others: dict[str, Any], odd: dict[str, Any]
) -> None:
    alone = parse_flags_response(json.dumps({"flags": others}))
    beside = parse_flags_response(json.dumps({"flags": {**others, "odd": odd}}))
    assert alone is not None
    assert beside is not None
    kept = {key: repr(flag) for key, flag in beside.flags.items() if key != "odd"}
    assert kept == {key: repr(flag) for key, flag in alone.flags.items()}
    assert beside.failed - {"odd"} == alone.failed
