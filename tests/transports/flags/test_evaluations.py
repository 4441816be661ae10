"""The result of ``evaluate_flags``: reading, filtering, and reporting reads."""

from __future__ import annotations

from typing import Any

import pytest

from flagengine import Reason, Resolution
from flagengine.transports.flags.answer import FlagAnswer, Origin
from flagengine.transports.flags.called import FlagRead
from flagengine.transports.flags.evaluations import FlagEvaluations
from tests.threads import at_once

pytestmark = pytest.mark.contract("evaluate-flags")


def flag(key: str, value: Any, *, is_local: bool = False, **fields: Any) -> FlagAnswer:
    reason = fields.pop("reason", Reason.CONDITION_MATCH)
    return FlagAnswer(Resolution(key, value, reason, **fields), Origin(is_local=is_local))


FLAGS = {
    "on": flag("on", True, raw_payload='{"a": 1}', is_local=True),
    "off": flag("off", False),
    "many": flag("many", "blue"),
}


def evaluated(**options: Any) -> tuple[FlagEvaluations, list[FlagRead]]:
    reads: list[FlagRead] = []
    return FlagEvaluations("u1", FLAGS, on_read=reads.append, **options), reads


def test_values_read_as_the_contract_has_them() -> None:
    flags, _ = evaluated()
    assert [flags.get_flag(key) for key in ("on", "off", "many", "gone")] == [
        True,
        False,
        "blue",
        None,
    ]
    assert flags.keys == ["on", "off", "many"]
    assert len(flags) == 3
    assert "on" in flags


@pytest.mark.contract("is-feature-enabled")
def test_the_default_counts_only_when_the_key_is_absent() -> None:
    flags, _ = evaluated()
    assert flags.is_enabled("on")
    assert flags.is_enabled("many")
    assert not flags.is_enabled("off", default_value=True)
    assert flags.is_enabled("gone", default_value=True)
    assert not flags.is_enabled("gone")


@pytest.mark.contract("get-feature-flag-payload")
def test_payloads_are_silent_and_the_callers_to_change() -> None:
    flags, reads = evaluated()
    flags.get_flag_payload("on")["a"] = 2
    assert flags.get_flag_payload("on") == {"a": 1}
    assert flags.get_flag_payload("gone") is None
    assert not reads
    assert flags.only_accessed().keys == []


def test_evaluating_reports_nothing_and_the_first_read_is_reported_once() -> None:
    flags, reads = evaluated(groups={"company": "acme"}, device_id="d1")
    assert reads == []
    flags.is_enabled("many")
    flags.get_flag("many")
    (read,) = reads
    assert (read.key, read.value, read.distinct_id) == ("many", "blue", "u1")
    assert (read.groups, read.device_id, read.errors) == ({"company": "acme"}, "d1", ())


def test_an_absent_key_is_reported_missing_with_what_else_went_wrong() -> None:
    flags, reads = evaluated(request_errors=("timeout",))
    flags.get_flag("gone")
    flags.get_flag("gone")
    assert [(read.key, read.answer, read.errors) for read in reads] == [
        ("gone", None, ("timeout", "flag_missing"))
    ]


def test_request_errors_are_reported_with_remote_answers_and_not_with_local_answers() -> None:
    flags, reads = evaluated(request_errors=("errors_while_computing_flags",))
    flags.get_flag("on")
    flags.get_flag("off")
    assert [read.errors for read in reads] == [(), ("errors_while_computing_flags",)]


def test_a_read_can_be_kept_quiet_and_counts_as_access() -> None:
    flags, reads = evaluated()
    flags.get_flag("on", send_feature_flag_events=False)
    assert reads == []
    assert flags.only_accessed().keys == ["on"]
    flags.get_flag("on")
    assert len(reads) == 1


def test_only_keeps_the_named_flags_and_warns_of_unknown_keys(
    caplog: pytest.LogCaptureFixture,
) -> None:
    flags, _ = evaluated()
    some = flags.only(["many", "gone", "on"])
    assert some.keys == ["many", "on"]
    assert "gone" in caplog.text
    assert flags.keys == ["on", "off", "many"]


def test_only_accessed_is_empty_when_nothing_was_read() -> None:
    flags, _ = evaluated()
    assert flags.only_accessed().keys == []
    flags.is_enabled("off")
    flags.get_flag("gone")
    assert flags.only_accessed().keys == ["off"]


def test_a_filtered_copy_reports_its_reads_but_neither_its_parents_nor_absent_keys() -> None:
    flags, reads = evaluated()
    some = flags.only(["on"])
    some.get_flag("on")
    some.get_flag("off")
    assert [read.key for read in reads] == ["on"]
    assert flags.only_accessed().keys == []
    assert some.only_accessed().keys == ["on"]


def test_a_capture_gets_every_flag_and_the_sorted_active_ones() -> None:
    flags, reads = evaluated()
    assert flags.event_properties() == {
        "$feature/on": True,
        "$feature/off": False,
        "$feature/many": "blue",
        "$active_feature_flags": ["many", "on"],
    }
    assert flags.only(["off"]).event_properties() == {"$feature/off": False}
    assert reads == []


def test_an_empty_result_answers_nothing_and_reports_nothing() -> None:
    flags = FlagEvaluations()
    assert flags.get_flag("any") is None
    assert flags.is_enabled("any", default_value=True)
    assert flags.only_accessed().event_properties() == {}


def test_a_snapshot_does_not_change_with_what_it_was_made_of() -> None:
    given, groups = dict(FLAGS), {"company": "acme"}
    flags = FlagEvaluations("u1", given, groups=groups)
    given.clear()
    groups["company"] = "changed"
    assert flags.is_enabled("on")
    assert flags.groups == {"company": "acme"}
    with pytest.raises(TypeError):
        flags.flags["x"] = FLAGS["on"]  # type: ignore[index]


def test_an_object_value_is_the_callers_to_change() -> None:
    flags = FlagEvaluations("u1", {"f": flag("f", {"a": [1]})})
    flags.get_flag("f")["a"].append(2)
    assert flags.get_flag("f") == {"a": [1]}


def test_a_reporter_that_raises_does_not_reach_the_application(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_read: FlagRead) -> None:
        raise RuntimeError

    flags = FlagEvaluations("u1", FLAGS, on_read=broken)
    assert flags.is_enabled("on")
    assert "flag read" in caplog.text


def test_many_threads_that_read_a_flag_report_it_once() -> None:
    flags, reads = evaluated()
    at_once(8, lambda _: flags.get_flag("on"))
    assert len(reads) == 1
