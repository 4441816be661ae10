"""Format 2 flags that the engine decides: which are answers, what they report, and who is asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flagengine import Reason, Resolution, RuleReference, Snapshot, UnresolvedReason
from flagengine.transports.flags import local
from flagengine.transports.flags.answer import FlagAnswer, Origin
from flagengine.transports.flags.attribution import Attribution, attribution_of
from flagengine.transports.flags.called import FlagRead, flag_called_properties
from flagengine.transports.flags.evaluate import FlagEvaluator
from flagengine.transports.flags.local import EvaluatedFlags, LocalFlags
from flagengine.transports.flags.query import FlagQuery
from flagengine.transports.flags.reading import FlagError, reading_of
from flagengine.transports.flags.remote import RemoteFlags
from flagengine.transports.http.base import Response
from flagengine.transports.http.memory import MemoryTransport
from flagengine.transports.polling.store import Published
from flagengine.transports.steps import run_steps

pytestmark = pytest.mark.contract("typed-flag-values")

RULE = "10000000-0000-4000-8000-000000000001"
DEFINED = Published(Snapshot.parse({"flags": [{"key": "layout"}]}), loaded_at=12.0)


def resolved(reason: Reason, value: Any = None, rule: RuleReference | None = None) -> Resolution:
    return Resolution("layout", value, reason, config_version=2, rule=rule, flag_id=7)


def unresolved(why: UnresolvedReason, reason: Reason = Reason.UNRESOLVED) -> Resolution:
    return Resolution("layout", None, reason, unresolved_reason=why, config_version=2)


@pytest.fixture
def evaluate(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that evaluates a flag which the engine resolves as it is told."""

    def run(resolution: Resolution, server: Any = "remote") -> tuple[EvaluatedFlags, int]:
        monkeypatch.setattr(local, "evaluate_flag", lambda *_args, **_options: resolution)
        body = json.dumps({"flags": {"layout": {"value": server}}}).encode()
        transport = MemoryTransport(default=Response(200, body=body))
        remote = RemoteFlags(transport, host="https://host", project_key="k")
        steps = FlagEvaluator(LocalFlags(), remote).evaluate(FlagQuery("u", ("layout",)), DEFINED)
        found = run_steps(steps, lambda call: call.function(*call.arguments))
        return found, len(transport.requests)

    return run


@pytest.mark.parametrize(
    "reason",
    [
        Reason.NO_RULE_MATCH,
        Reason.ROLLOUT_MISS,
        Reason.EXPERIMENT_PAUSED,
        Reason.HOLDOUT,
        Reason.FLAG_DISABLED,
    ],
)
def test_a_value_left_to_the_caller_is_an_answer(evaluate: Any, reason: Reason) -> None:
    found, requests = evaluate(resolved(reason))
    answer = found.answers["layout"]
    assert (answer.value, answer.enabled, answer.legacy_value, requests) == (None, False, False, 0)
    reading = reading_of("layout", found)
    assert (reading.error, reading.result) == (None, answer.result())


@pytest.mark.parametrize("value", [25, 0, {"steps": 3}, "compact", False])
def test_a_typed_value_is_an_answer(evaluate: Any, value: Any) -> None:
    found, requests = evaluate(resolved(Reason.TARGETING_MATCH, value))
    assert (found.answers["layout"].value, requests) == (value, 0)
    is_payload = not isinstance(value, bool | str)
    assert found.answers["layout"].payload == (value if is_payload else None)


@pytest.mark.parametrize("why", [UnresolvedReason.INVALID_REGEX, UnresolvedReason.INVALID_PROPERTY])
def test_an_error_is_final_because_the_server_fails_in_the_same_way(
    evaluate: Any, why: UnresolvedReason
) -> None:
    found, requests = evaluate(unresolved(why, Reason.ERROR))
    assert (dict(found.answers), requests) == ({}, 0)
    failure = found.failures["layout"]
    assert reading_of("layout", found).error is FlagError.GENERAL
    read = FlagRead("layout", None, "u", request_errors=("timeout",), failure=failure)
    properties = flag_called_properties(read)
    assert properties["$feature_flag_error"] == "evaluation_failed"
    assert properties["$feature_flag_reason_code"] == "error"
    assert properties["locally_evaluated"] is True


def test_an_unresolved_flag_is_asked_of_the_server(evaluate: Any) -> None:
    found, requests = evaluate(unresolved(UnresolvedReason.MISSING_CONTEXT))
    assert (found.answers["layout"].value, requests) == ("remote", 1)


@pytest.mark.parametrize(
    ("why", "error"),
    [
        (UnresolvedReason.UNSUPPORTED_DEFINITION, FlagError.PARSE_ERROR),
        (UnresolvedReason.MISSING_CONTEXT, FlagError.INVALID_CONTEXT),
        (UnresolvedReason.EXPERIENCE_CONTINUITY, FlagError.GENERAL),
        (UnresolvedReason.UNRESOLVED_DEPENDENCY, FlagError.GENERAL),
    ],
)
def test_what_stays_unresolved_says_why(why: UnresolvedReason, error: FlagError) -> None:
    reading = reading_of("layout", EvaluatedFlags(unresolved={"layout": unresolved(why)}))
    assert reading.error is error
    assert reading.result is not None
    assert reading.result.value is None
    assert str(why) in reading.message


RULES = [
    (Reason.TARGETING_MATCH, "targeted_release", None),
    (Reason.TARGETING_MATCH, "percentage_rollout", None),
    (Reason.TARGETING_MATCH, "experiment", "arm_a"),
    (Reason.ROLLOUT_MISS, "percentage_rollout", None),
    (Reason.EXPERIMENT_PAUSED, "experiment", None),
    (Reason.HOLDOUT, "experiment", None),
]


@pytest.mark.parametrize(("reason", "kind", "variant"), RULES)
def test_a_local_answer_names_its_rule_and_is_no_exposure(
    reason: Reason, kind: str, variant: str | None
) -> None:
    rule = RuleReference(RULE, kind, 3, variant)
    answer = FlagAnswer(resolved(reason, "copy", rule), Origin(is_local=True))
    assert attribution_of(answer) == Attribution(reason.value, RULE, kind)
    properties = flag_called_properties(FlagRead("layout", answer, "u"))
    assert properties["$feature_flag_config_version"] == 2
    assert properties["$feature_flag_rule_id"] == RULE
    assert "$feature_flag_reason" not in properties
    assert "$feature_flag_variant_key" not in properties
    result = answer.result()
    assert (result.config_version, result.rule_type, result.rule_id) == (2, kind, RULE)
    assert (result.variant_key, result.experiment_id) == (variant, None)


def test_a_local_answer_without_a_rule_reports_its_reason_alone() -> None:
    answer = FlagAnswer(resolved(Reason.NO_RULE_MATCH, False), Origin(is_local=True))
    assert attribution_of(answer) == Attribution("no_rule_match")


def test_a_local_answer_of_format_1_and_an_override_report_no_rule() -> None:
    older = Resolution("layout", True, Reason.CONDITION_MATCH)
    overridden = resolved(Reason.OVERRIDDEN, True, RuleReference(RULE, "experiment", 0, "a"))
    for resolution in (older, overridden):
        assert attribution_of(FlagAnswer(resolution, Origin(is_local=True))) is None
