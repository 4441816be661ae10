"""Explanations and requirements agree with the answers."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine import Decidability, Missing, Reason, Snapshot, requirements
from tests.properties.strategies import Call, Doc, calls, documents, supplied

SECRET = "s3cr3t"


class TestExplanations:
    """R13: an explanation has the answer of the evaluation."""

    @pytest.mark.rule("R13.1", "R13.3", "R13.4")
    @given(st.data(), documents())
    def test_an_explanation_has_the_answer_and_is_json(self, data: st.DataObject, document: Doc):
        snapshot, call = Snapshot.parse(document), data.draw(calls(document))
        for key, resolution in call.all(snapshot).items():
            explanation = call.explain(snapshot, key)
            assert explanation.resolution == resolution
            written = json.loads(json.dumps(explanation.to_dict()))
            assert written["resolution"]["value"] == resolution.value
            assert str(explanation).startswith(f"{key} is ")
            index = resolution.condition_index
            if resolution.reason is not Reason.SUPER_CONDITION_VALUE and index is not None:
                assert written["conditions"][index]["index"] == index

    @pytest.mark.rule("R13.2")
    @given(st.data(), documents())
    def test_a_redacted_explanation_shows_no_property_value(
        self, data: st.DataObject, document: Doc
    ):
        snapshot, call = Snapshot.parse(document), data.draw(calls(document))
        secretive = Call(
            f"{SECRET}-id",
            {key: _secret(data, value) for key, value in call.props.items()},
            {**call.options, "device_id": f"{SECRET}-device"},
        )
        options = secretive.options
        if "group_properties" in options:
            secretive = secretive.having(
                groups=dict.fromkeys(options["groups"], f"{SECRET}-group"),
                group_properties={
                    name: {key: _secret(data, value) for key, value in found.items()}
                    for name, found in options["group_properties"].items()
                },
            )
        for key in snapshot.keys:
            explanation = secretive.explain(snapshot, key, redact=True)
            assert SECRET not in str(explanation)
            assert SECRET not in json.dumps(explanation.to_dict())


def _secret(data: st.DataObject, value: Any) -> Any:
    shapes = [SECRET, [SECRET, value], {SECRET: value}, {SECRET, "x"}, SECRET.encode()]
    return data.draw(st.sampled_from(shapes))


class TestRequirements:
    """The requirements of a flag contain all inputs that its evaluations miss."""

    @pytest.mark.rule("R13.8")
    @given(st.data(), documents())
    def test_all_that_is_ever_missing_is_among_the_requirements(
        self, data: st.DataObject, document: Doc
    ):
        snapshot = Snapshot.parse(document)
        call = data.draw(calls(document, overrides=False))
        needed = requirements(snapshot)
        for key, resolution in call.all(snapshot).items():
            inputs = needed[key].inputs
            assert inputs | resolution.missing == inputs
            smallest = call.explain(snapshot, key).smallest_missing or Missing()
            assert inputs | smallest == inputs

    @pytest.mark.rule("R5.2")
    @given(st.data(), documents())
    def test_always_and_never_mean_what_they_say(self, data: st.DataObject, document: Doc):
        snapshot = Snapshot.parse(document)
        call = data.draw(calls(document, overrides=False))
        call = Call("user-1", call.props, _without_requests(call.options))
        for key, needed in requirements(snapshot).items():
            everything = needed.inputs
            whole = supplied(data.draw, document, call, everything)
            for asked in (call, whole):
                resolution = asked.one(snapshot, key)
                if needed.decided_locally is Decidability.NEVER:
                    assert resolution.reason is Reason.UNRESOLVED
            if needed.decided_locally is Decidability.ALWAYS:
                assert whole.one(snapshot, key).reason is not Reason.UNRESOLVED
                assert not needed.why
            else:
                assert needed.why


def _without_requests(options: Any) -> dict[str, Any]:
    return {
        name: value
        for name, value in options.items()
        if name not in ("evaluation_runtime", "evaluation_contexts")
    }
