"""Every published case that OFREP can ask: the answer of one flag and of all flags is that of ``evaluate``."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from flagengine import Reason, Resolution, flag_manifest
from tests.conformance.published import Case, all_cases

from .schemas import assert_fits
from .support import ALL, ask, one, serving

LEAST_ASKED = 1_400
ATTRIBUTES = {"targetingKey", "groups", "group_properties", "device_id"}
IN_THE_CONTEXT = {"groups", "group_properties", "device_id"}
OF_THE_SERVER = {"project_timezone", "complete"}
NOT_SAID = {
    "now": "the time is the server's",
    "missing_group": "the rule is the server's",
    "evaluation_contexts": "OFREP has no such list",
}
AGENTS = {"client": "Mozilla/5.0", "server": "python-requests/2.32"}


def why_not(case: Case) -> str | None:
    """Return why a provider cannot ask this."""
    options, distinct_id = case.call.options, case.call.distinct_id
    reasons = {
        "a targeting key is text": isinstance(distinct_id, bool),
        "an empty targeting key is none": distinct_id == "",
        "the property has a name with a meaning": bool(ATTRIBUTES & {*case.call.props}),
        "the server says it of all properties or of none": options.get("complete")
        not in (None, True, False),
        "no caller has such a runtime": options.get("evaluation_runtime") not in (None, *AGENTS),
        "the path has no key": not case.key,
    } | {why: name in options for name, why in NOT_SAID.items()}
    return next((why for why, holds in reasons.items() if holds), None)


ASKED = [case for case in all_cases() if why_not(case) is None]


def test_nearly_all_cases_can_be_asked():
    assert len(ASKED) >= LEAST_ASKED


@pytest.mark.parametrize("part", range(8))
def test_the_answer_is_that_of_evaluate(part: int):
    wrong = [f"{case.id}: {found}" for case in ASKED[part::8] if (found := _difference(case))]
    assert wrong == []


def _difference(case: Case) -> str | None:
    options = case.call.options
    of_server = {name: options[name] for name in OF_THE_SERVER if name in options}
    document = case.source["definitions"]
    server = serving(document, settings={"is_development": True}, **of_server)
    headers = (
        {"user_agent": AGENTS[options["evaluation_runtime"]]}
        if ("evaluation_runtime" in options)
        else {}
    )
    if "overrides" in options:
        headers["x_flagengine_overrides"] = json.dumps(case.source["context"]["overrides"])
    given = {name: options[name] for name in IN_THE_CONTEXT if name in options}
    context: dict[str, Any] = {**case.call.props, **given}
    if case.call.distinct_id is not None:
        context["targetingKey"] = case.call.distinct_id
    answer = ask(server, one(quote(case.key, safe="")), {"context": context}, **headers)
    snapshot = case.parsed()
    expected = case.call.one(snapshot, case.key)
    kind = flag_manifest(snapshot)["flags"].get(case.key, {}).get("flagType")
    wrong = _compared(answer.status, answer.json, expected, kind)
    if wrong is None and case.key in snapshot.keys:
        every = ask(server, ALL, {"context": context}, **headers).json
        assert_fits(every, "bulkEvaluationSuccess")
        among = [item for item in every["flags"] if item["key"] == case.key]
        alone = [] if answer.status == 404 else [answer.json]
        wrong = None if among == alone else f"{among} among all, {alone} alone"
    return wrong


def _compared(status: int, item: Any, expected: Resolution, kind: str | None) -> str | None:
    value = expected.value
    if value is None and expected.reason in (
        Reason.UNKNOWN_FLAG,
        Reason.FILTERED_OUT,
        Reason.OVERRIDDEN,
    ):
        assert_fits(item, "flagNotFound")
        return None if status == 404 else f"{status}, must be 404"
    if value is None and not expected.caller_default:
        assert_fits(item, "evaluationFailure")
        return None if status == 400 else f"{status}, must be 400"
    assert_fits(item, "serverEvaluationSuccess")
    if status != 200:
        return f"{status}, must be 200"
    if value is None or (value is False and kind == "string"):
        return None if "value" not in item else f"{item}, must have no value"
    if kind == "boolean" and expected.reason is Reason.HOLDOUT_CONDITION_VALUE:
        assert item["variant"] == value
        value = True
    if kind == "float" and type(value) is int:
        value = float(value)
    found = item.get("value")
    is_equal = found == value and (type(found) is type(value) or isinstance(found, dict))
    payload = item["metadata"].get("payload")
    if is_equal and payload == expected.raw_payload:
        return None
    return f"{found!r} with {payload!r}, must be {value!r} with {expected.raw_payload!r}"
