"""From the engine and from the server to one kind of answer, and how the two combine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flagengine import Snapshot, evaluate
from flagengine.transports.flags import (
    EvaluatedFlag,
    from_remote,
    from_resolution,
    merged,
    needs_remote,
)
from flagengine.transports.polling.store import Published
from flagengine.transports.remote import FlagsResponse, parse_flags_response

pytestmark = pytest.mark.contract("evaluate-flags")


def definition(key: str, **fields: Any) -> dict[str, Any]:
    groups = [{"properties": [], "rollout_percentage": 100}]
    return {"key": key, "active": True, "filters": {"groups": groups}, **fields}


DOCUMENT = {
    "flags": [definition("local", id=7, version=3, has_experiment=False)],
    "minimal_flag_called_events": True,
}


def response(**flags: Any) -> FlagsResponse:
    parsed = parse_flags_response(json.dumps({"flags": flags, "requestId": "r"}))
    assert parsed is not None
    return parsed


def published() -> Published:
    return Published(Snapshot.parse(DOCUMENT), loaded_at=12.0)


def local() -> dict[str, EvaluatedFlag]:
    state = published()
    assert state.snapshot is not None
    return {
        key: from_resolution(resolution, state)
        for key, resolution in evaluate(state.snapshot, "u1").items()
    }


def test_the_engines_answer_is_taken_over_as_it_is() -> None:
    flag = local()["local"]
    assert (flag.value, flag.enabled, flag.locally_evaluated) == (True, True, True)
    assert (flag.flag_id, flag.flag_version, flag.has_experiment) == (7, 3, False)
    assert (flag.reason_code, flag.condition_index) == ("condition_match", 0)
    assert (flag.definitions_loaded_at, flag.minimal_events) == (12_000, True)
    assert not flag.is_override


def test_an_override_is_known_as_one() -> None:
    snapshot = Snapshot.parse(DOCUMENT).with_overrides({"local": "forced"})
    flag = from_resolution(evaluate(snapshot, "u1")["local"])
    assert (flag.value, flag.is_override) == ("forced", True)


def test_the_servers_answer_carries_its_request() -> None:
    answer = response(f={"enabled": True, "variant": "blue"})
    flag = from_remote(answer.flags["f"], answer)
    assert (flag.value, flag.request_id, flag.locally_evaluated) == ("blue", "r", False)


def test_a_local_value_is_never_replaced_and_nothing_unasked_for_comes_in() -> None:
    answer = response(
        local={"enabled": False}, wanted={"enabled": True}, unwanted={"enabled": True}
    )
    both = merged(local(), answer, ["local", "wanted"])
    assert {key: flag.value for key, flag in both.items()} == {"local": True, "wanted": True}
    assert merged(local(), answer, None).keys() == {"local", "wanted", "unwanted"}


def test_a_failed_remote_flag_replaces_nothing() -> None:
    assert merged(local(), response(local={"failed": True}), None).keys() == {"local"}


@pytest.mark.parametrize(
    ("requested", "solved", "unsolved", "missing", "expected"),
    [
        (None, {"a"}, (), (), False),
        (None, {"a"}, {"b"}, (), True),
        (None, (), (), (), True),
        (["a"], {"a"}, {"b"}, (), False),
        (["a", "b"], {"a"}, {"b"}, (), True),
        (["a", "new"], {"a"}, (), (), True),
        (["a", "gone"], {"a"}, (), {"gone"}, False),
        ([], (), (), (), False),
    ],
)
def test_a_request_goes_out_only_when_it_could_add_something(
    requested: Any, solved: Any, unsolved: Any, missing: Any, expected: bool
) -> None:
    assert needs_remote(requested, solved, unsolved, known_missing=missing) is expected
