"""Every compiled path gives the answers of the interpreter, which is the specification."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from flagengine import Resolution, Snapshot, SnapshotError, evaluate, evaluate_flag
from flagengine.evaluation.interpreter import Interpreter
from flagengine.inputs.request import Request
from flagengine.inputs.subject import Subject
from flagengine.snapshot import evaluators_of
from tests.properties.strategies import Call, Doc, absurd_documents, calls, documents, keyless_calls
from tests.properties.strategies.plain import (
    distinct_ids,
    mappings,
    plain_documents,
    plain_properties,
)

NOW = datetime(2024, 6, 8, 12, tzinfo=UTC)
SNAPSHOT_OVERRIDES: list[Any] = [None] * 8 + [
    {"a": True},
    {"b": "control", "undefined": False},
    {"a": None},
    {"flags": {}, "payloads": {"a": {"p": 1}, "b": None}},
]
ABOUT_REQUESTS = ("overrides", "evaluation_runtime", "evaluation_contexts", "missing_group")


@pytest.fixture(autouse=True, scope="module")
def _stopped_clock() -> Iterator[None]:
    """Use the same time for all calls, because they compare dates relative to now."""
    with patch("flagengine.snapshot.current_time", lambda: NOW):
        yield


def keys_of(snapshot: Snapshot) -> list[str]:
    return [*snapshot.keys, "undefined"]


def interpreted(snapshot: Snapshot, call: Call) -> dict[str, Resolution]:
    """Return the answers of the interpreter, which decides itself which flags the audience sees."""
    request = Request.parse(call.options)
    subject = Subject(call.distinct_id, call.props or {}, request, lambda: NOW)
    overrides = snapshot.overrides | request.overrides
    plans = evaluators_of(snapshot).plans
    oracle = Interpreter(plans, subject, overrides, request.runtime, request.contexts)
    return {key: oracle.flag(key).resolution for key in keys_of(snapshot)}


def fields(resolution: Resolution) -> dict[str, Any]:
    """Return all attributes of a resolution in a form in which True and 1 differ."""
    names = (*Resolution.__match_args__, "enabled", "variant", "payload")
    return {name: repr(getattr(resolution, name)) for name in names}


def assert_alike(found: Resolution, expected: Resolution) -> None:
    if found != expected or type(found.value) is not type(expected.value):
        assert fields(found) == fields(expected)


def evaluators_alone(snapshot: Snapshot, key: str) -> list[Any]:
    """Return the evaluator, and the generated function to which it hands other calls."""
    evaluator = snapshot.evaluator(key)
    on_demand = getattr(evaluator, "otherwise", None)
    return [evaluator] if on_demand is None else [evaluator, on_demand.function]


def assert_bound_calls_are_alike(snapshot: Snapshot, call: Call) -> None:
    """Return the arguments of a flag's evaluator: a person, or a person with all inputs."""
    bare = Call(call.distinct_id, call.props)
    about = {name: value for name, value in call.options.items() if name not in ABOUT_REQUESTS}
    whole = Call(call.distinct_id, call.props, about)
    expected, expected_whole = interpreted(snapshot, bare), interpreted(snapshot, whole)
    subject = Subject(call.distinct_id, call.props or {}, Request.parse(about), lambda: NOW)
    for key in keys_of(snapshot):
        for evaluator in evaluators_alone(snapshot, key) * 2:
            assert_alike(evaluator(call.distinct_id, call.props), expected[key])
            assert_alike(evaluator(call.distinct_id, call.props, subject), expected_whole[key])


def assert_public_calls_are_alike(snapshot: Snapshot, call: Call) -> None:
    expected = interpreted(snapshot, call)
    for _ in range(3):  # interpreted, compiled, remembered
        for key in keys_of(snapshot):
            assert_alike(call.one(snapshot, key), expected[key])
    for keys in (None, keys_of(snapshot)):
        found = call.all(snapshot, flag_keys=keys)
        for key in found:
            assert_alike(call.all(snapshot, flag_keys=keys)[key], expected.get(key, found[key]))
        for (key, resolution), value in zip(found.items(), found.values(), strict=True):
            assert_alike(resolution, expected.get(key, resolution))
            assert value is resolution


def assert_all_alike(document: Doc, overrides: Any, *about: Call) -> None:
    snapshot = Snapshot.parse(document).with_overrides(overrides)
    for call in about:
        assert_public_calls_are_alike(snapshot, call)
        assert_public_calls_are_alike(snapshot, Call(call.distinct_id, call.props))
        assert_bound_calls_are_alike(snapshot, call)


class TestCompiledEqualsInterpreter:
    """R5, R6, R13: all paths to an answer give the same answer."""

    @pytest.mark.rule("R5.2", "R5.12", "R6.2", "R6.15", "R13.7", "R14.1")
    @given(st.data(), documents(), st.sampled_from(SNAPSHOT_OVERRIDES))
    def test_on_whole_documents(self, data: st.DataObject, document: Doc, overrides: Any):
        about = [
            Call(
                data.draw(st.just(call.distinct_id) | distinct_ids()),
                data.draw(mappings())(dict(call.props)),
                call.options,
            )
            for call in (data.draw(calls(document)) for _ in range(2))
        ]
        assert_all_alike(document, overrides, *about)

    @pytest.mark.rule("R5.2", "R5.12", "R6.2", "R6.3", "R3.13", "R13.7")
    @given(st.data(), plain_documents(), plain_properties())
    def test_on_flags_that_are_walked_in_c(
        self, data: st.DataObject, document: Doc, props: dict[str, Any]
    ):
        about = [
            Call(
                data.draw(distinct_ids()),
                data.draw(mappings())(props),
                {"complete": data.draw(st.booleans()), "now": NOW},
            )
            for _ in range(3)
        ]
        assert_all_alike(document, None, *about)

    @pytest.mark.rule("R2.18", "R7.9", "R15.3")
    @given(absurd_documents(), keyless_calls(), distinct_ids())
    def test_on_documents_with_anything_anywhere(self, document: Doc, call: Call, distinct_id: Any):
        try:
            Snapshot.parse(document)
        except SnapshotError:
            reject()
        assert_all_alike(document, None, call, Call(distinct_id, call.props, call.options))


def test_evaluation_in_any_order_of_asking_is_alike():
    """The flags of a snapshot are compiled one by one, while the others are interpreted."""
    flags = [
        {"key": f"f{i}", "active": True, "filters": {"groups": [{"rollout_percentage": 10 * i}]}}
        for i in range(10)
    ]
    snapshot = Snapshot.parse({"flags": flags})
    expected = interpreted(snapshot, Call("user-1"))
    for i in range(10):
        partly = evaluate(snapshot, "user-1")
        assert_alike(partly[f"f{i}"], expected[f"f{i}"])
        assert_alike(evaluate_flag(snapshot, f"f{i}", "user-1"), expected[f"f{i}"])
        for key, resolution in partly.items():
            assert_alike(resolution, expected[key])
