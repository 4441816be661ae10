"""What a call sees of a snapshot, and every answer, is what the interpreter says for its audience."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine import Reason, Resolution, Snapshot
from flagengine.evaluation.interpreter import Interpreter
from flagengine.inputs.request import Request
from flagengine.inputs.subject import Subject
from flagengine.snapshot import evaluators_of
from tests.properties.strategies import Call, Doc, calls, documents

NOW = datetime(2024, 6, 8, 12, tzinfo=UTC)
RUNTIMES = st.sampled_from([None, None, "all", "client", "server", "browser", 5])
CONTEXTS = st.none() | st.lists(st.sampled_from(["web", "docs", "app"]), max_size=2)
AUDIENCES = st.fixed_dictionaries(
    {},
    optional={
        "evaluation_runtime": st.sampled_from([None, "client", "server"]),
        "evaluation_contexts": st.none()
        | st.lists(st.sampled_from(["web", "docs", "nowhere"]), max_size=3),
    },
)
OVERRIDES: list[Any] = [None, None, None, {"a": True, "new": "x"}, {"payloads": {"a": 1}}]


@pytest.fixture(autouse=True, scope="module")
def _stopped_clock() -> Iterator[None]:
    """Use the same time for all calls, because they compare dates relative to now."""
    with patch("flagengine.snapshot.current_time", lambda: NOW):
        yield


def restricted(data: st.DataObject, document: Doc) -> Doc:
    """Return a document whose flags are for some audiences, and depend on each other."""
    keys = [flag["key"] for flag in document["flags"]]
    for flag in document["flags"]:
        flag["evaluation_runtime"] = data.draw(RUNTIMES)
        flag["evaluation_contexts"] = data.draw(CONTEXTS)
    for number, key in enumerate(keys):
        operator = {"operator": "flag_evaluates_to", "dependency_chain": [key]}
        value = data.draw(st.booleans())
        needs = {"key": key, "type": "flag", "value": value, **operator}
        filters = {"groups": [{"properties": [needs]}]}
        document["flags"].append({"key": f"after-{number}", "active": True, "filters": filters})
        needs = {**needs, "key": f"after-{number}", "dependency_chain": [key, f"after-{number}"]}
        filters = {"groups": [{"properties": [needs], "rollout_percentage": 70}]}
        document["flags"].insert(0, {"key": f"far-{number}", "active": True, "filters": filters})
    return document


def interpreted(snapshot: Snapshot, call: Call) -> dict[str, Resolution]:
    """Return the interpreter's answers, by the keys that the call sees, in their order (R14, R17)."""
    request = Request.parse(call.options)  # type: ignore[arg-type]
    subject = Subject(call.distinct_id, call.props, request, lambda: NOW)
    overrides = snapshot.overrides | request.overrides
    plans = evaluators_of(snapshot).plans
    oracle = Interpreter(plans, subject, overrides, request.runtime, request.contexts)
    answers = {key: oracle.flag(key).resolution for key in [*snapshot.keys, *overrides.flags]}
    return {key: one for key, one in answers.items() if one.reason is not Reason.FILTERED_OUT}


@pytest.mark.rule("R17.1", "R17.2", "R17.3", "R11.10")
@given(st.data(), documents(), st.sampled_from(OVERRIDES))
def test_an_audience_sees_what_the_interpreter_says(
    data: st.DataObject, document: Doc, overrides: Any
):
    snapshot = Snapshot.parse(restricted(data, document)).with_overrides(overrides)
    first = data.draw(calls(document))
    plain = Call(first.distinct_id, first.props)
    for audience in [data.draw(AUDIENCES) for _ in range(2)]:
        for call in (first.having(**audience), plain.having(**audience)):
            wanted = interpreted(snapshot, call)
            for _ in range(3):  # interpreted, compiled, all at once
                assert list(call.all(snapshot).items()) == list(wanted.items())
            answers = call.all(snapshot)
            assert [answers[key] for key in wanted] == list(wanted.values())
            assert [call.one(snapshot, key) for key in wanted] == list(wanted.values())
