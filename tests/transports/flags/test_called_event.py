"""The properties of the ``$feature_flag_called`` event, in its full and its short form."""

from __future__ import annotations

from typing import Any

import pytest

from flagengine import Reason, Resolution
from flagengine.transports.flags.answer import FlagAnswer, Origin
from flagengine.transports.flags.called import (
    FlagRead,
    flag_called_properties,
    is_minimal,
    minimal_properties,
)

pytestmark = pytest.mark.contract("feature-flag-called-tracker")

REMOTE = FlagAnswer(
    Resolution(
        "beta",
        "blue",
        Reason.CONDITION_MATCH,
        raw_payload='{"a": 1}',
        description="Matched condition set 1",
        flag_id=7,
        flag_version=3,
        has_experiment=True,
    ),
    Origin(request_id="r1", evaluated_at=1_700_000_000_000),
)
LOCAL = FlagAnswer(
    Resolution(
        "beta",
        False,
        Reason.NO_CONDITION_MATCH,
        description="No condition matched",
        flag_id=7,
        has_experiment=False,
    ),
    Origin(is_local=True, definitions_loaded_at=1_700_000_000_000),
)


def read(flag: FlagAnswer | None, **options: Any) -> FlagRead:
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


def test_the_requests_trouble_is_no_trouble_of_a_local_answer() -> None:
    properties = flag_called_properties(read(LOCAL, request_errors=("timeout",)))
    assert "$feature_flag_error" not in properties


def test_error_codes_come_in_the_contracts_order_each_once() -> None:
    codes = ("api_error_500", "timeout", "errors_while_computing_flags", "timeout")
    properties = flag_called_properties(read(None, request_errors=codes))
    assert properties["$feature_flag_error"] == (
        "errors_while_computing_flags,flag_missing,timeout,api_error_500"
    )


def test_no_answer_says_what_went_wrong() -> None:
    assert flag_called_properties(read(None, request_errors=("timeout",))) == {
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
    resolution = Resolution("beta", True, Reason.CONDITION_MATCH, has_experiment=experiment)
    assert is_minimal(FlagAnswer(resolution, Origin(minimal_events=gate))) is short
    assert not is_minimal(None)


def test_the_short_event_keeps_what_it_may_and_nothing_else() -> None:
    kept = {
        **flag_called_properties(
            read(REMOTE, request_errors=("timeout",), groups={"company": "acme"})
        ),
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
