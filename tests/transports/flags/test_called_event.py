"""What a flag-called event says, in full and in short."""

from __future__ import annotations

from typing import Any

import pytest

from flagengine.transports.flags import (
    EvaluatedFlag,
    FlagRead,
    flag_called_properties,
    is_minimal,
    minimal_properties,
)

pytestmark = pytest.mark.contract("feature-flag-called-tracker")

REMOTE = EvaluatedFlag(
    "beta",
    "blue",
    enabled=True,
    variant="blue",
    raw_payload='{"a": 1}',
    reason="Matched condition set 1",
    flag_id=7,
    flag_version=3,
    has_experiment=True,
    request_id="r1",
    evaluated_at=1_700_000_000_000,
)
LOCAL = EvaluatedFlag(
    "beta",
    False,
    enabled=False,
    flag_id=7,
    has_experiment=False,
    locally_evaluated=True,
    definitions_loaded_at=1_700_000_000_000,
    reason="No condition matched",
)


def read(flag: EvaluatedFlag | None, **options: Any) -> FlagRead:
    return FlagRead("beta", flag, "u1", **options)


def test_a_remote_answer_brings_everything_the_server_said() -> None:
    assert flag_called_properties(read(REMOTE, groups={"company": "acme"})) == {
        "$feature_flag": "beta",
        "$feature_flag_response": "blue",
        "$feature/beta": "blue",
        "locally_evaluated": False,
        "$feature_flag_payload": {"a": 1},
        "$feature_flag_id": 7,
        "$feature_flag_version": 3,
        "$feature_flag_reason": "Matched condition set 1",
        "$feature_flag_request_id": "r1",
        "$feature_flag_evaluated_at": 1_700_000_000_000,
        "$feature_flag_has_experiment": True,
        "$groups": {"company": "acme"},
    }


def test_a_local_answer_says_so_and_when_its_definitions_were_loaded() -> None:
    assert flag_called_properties(read(LOCAL)) == {
        "$feature_flag": "beta",
        "$feature_flag_response": False,
        "$feature/beta": False,
        "locally_evaluated": True,
        "$feature_flag_id": 7,
        "$feature_flag_reason": "Evaluated locally",
        "$feature_flag_has_experiment": False,
        "$feature_flag_definitions_loaded_at": 1_700_000_000_000,
    }


def test_no_answer_says_what_went_wrong() -> None:
    assert flag_called_properties(read(None, words=("timeout", "flag_missing"))) == {
        "$feature_flag": "beta",
        "$feature_flag_response": None,
        "$feature/beta": None,
        "locally_evaluated": False,
        "$feature_flag_error": "flag_missing,timeout",
    }


@pytest.mark.parametrize(
    ("gate", "experiment", "short"),
    [
        (True, False, True),
        (True, True, False),
        (True, None, False),
        (False, False, False),
    ],
)
def test_the_short_event_needs_the_gate_and_surely_no_experiment(
    gate: bool, experiment: bool | None, short: bool
) -> None:
    flag = EvaluatedFlag("beta", True, enabled=True, minimal_events=gate, has_experiment=experiment)
    assert is_minimal(read(flag)) is short
    assert not is_minimal(read(None))


def test_the_short_event_keeps_what_it_may_and_nothing_else() -> None:
    kept = {
        **flag_called_properties(read(REMOTE, words=("timeout",), groups={"company": "acme"})),
        "$process_person_profile": False,
        "$session_id": "s",
        "$lib": "l",
        "$lib_version": "1",
        "$is_server": True,
        "$geoip_disable": True,
        "$os": "Linux",
        "$os_version": "6",
        "$os_distro": "debian",
        "$python_runtime": "CPython",
        "$python_version": "3.11",
        "$referring_domain": "d",
        "utm_source": "u",
        "gclid": "g",
    }
    dropped = {
        "$referrer": "r",
        "$current_url": "c",
        "plan": "pro",
        "$context_tags": [],
        "$feature/beta": 1,
    }
    expected = kept.keys() - {"$feature/beta", "$feature_flag_payload"}
    assert minimal_properties({**kept, **dropped}).keys() == expected
