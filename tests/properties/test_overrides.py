"""Overrides win over all definitions, and change no other flag."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine import Reason, Snapshot
from tests.properties.strategies import Doc, absurd_documents, calls, documents, keyless_calls

_VALUES = st.sampled_from([True, False, "control", "", None])
_KEYS = st.sampled_from(["a", "b", "c", "flags", "undefined"])
_OVERRIDES = st.dictionaries(_KEYS, _VALUES, max_size=3)


def _mentions_flags(document: Doc) -> bool:
    return '"flag"' in json.dumps(document)


class TestOverrides:
    """R14: the caller's own answers."""

    @pytest.mark.rule("R14.1", "R14.3", "R13.2")
    @given(st.data(), documents(), _OVERRIDES)
    def test_an_override_wins_and_other_flags_keep_their_answers(
        self, data: st.DataObject, document: Doc, overrides: dict[str, Any]
    ):
        snapshot, call = Snapshot.parse(document), data.draw(calls(document, overrides=False))
        wrapped = {"flags": overrides}
        replaced = call.having(overrides=wrapped).all(snapshot)
        for key, value in overrides.items():
            assert replaced[key].value == value
            assert replaced[key].reason is Reason.OVERRIDDEN
        for key, resolution in call.all(snapshot).items():
            if key not in overrides and not _mentions_flags(document):
                assert replaced[key] == resolution
        assert dict(call.all(snapshot.with_overrides(wrapped))) == dict(replaced)

    @pytest.mark.rule("R14.1")
    @given(absurd_documents(), keyless_calls())
    def test_an_override_stands_for_a_malformed_flag_too(self, document: Doc, call: Any):
        snapshot = Snapshot.parse(document)
        keys = [*snapshot.keys, "undefined"]
        answers = call.having(overrides=keys).all(snapshot)
        assert {key: resolution.value for key, resolution in answers.items()} == dict.fromkeys(
            keys, True
        )

    @pytest.mark.rule("R14.4", "R14.5")
    @given(
        st.data(),
        documents(),
        _OVERRIDES.filter(lambda overrides: overrides.get("flags") is not False),
    )
    def test_the_forms_of_overrides_mean_the_same(
        self, data: st.DataObject, document: Doc, overrides: dict[str, Any]
    ):
        snapshot, call = Snapshot.parse(document), data.draw(calls(document, overrides=False))
        plain = dict(call.having(overrides=overrides).all(snapshot))
        assert dict(call.having(overrides={"flags": overrides}).all(snapshot)) == plain
        on = dict(call.having(overrides=dict.fromkeys(overrides, True)).all(snapshot))
        assert dict(call.having(overrides=list(overrides)).all(snapshot)) == on

    @pytest.mark.rule("R14.2", "R11.1", "R11.4")
    @given(st.data(), documents(), _VALUES)
    def test_a_dependent_flag_sees_the_overridden_value(
        self, data: st.DataObject, document: Doc, value: Any
    ):
        filter_ = {
            "key": "a",
            "type": "flag",
            "operator": "flag_evaluates_to",
            "value": "control",
            "dependency_chain": ["a"],
        }
        document["flagengine"] = {"hash": "sha1"}
        last = {"key": "last", "active": True, "filters": {"groups": [{"properties": [filter_]}]}}
        document["flags"].append(last)
        call = data.draw(calls(document, overrides=False)).having(overrides={"a": value})
        call = call.having(evaluation_runtime=None, evaluation_contexts=None)
        resolution = call.one(Snapshot.parse(document), "last")
        if value is None:
            assert resolution.reason is Reason.UNRESOLVED
        else:
            assert resolution.value is (value == "control")

    @pytest.mark.rule("R14.6", "R14.7", "R12.2")
    @given(st.data(), documents())
    def test_a_payload_override_replaces_the_payload_only(self, data: st.DataObject, document: Doc):
        snapshot, call = Snapshot.parse(document), data.draw(calls(document, overrides=False))
        own = call.having(overrides={"payloads": {"a": {"mine": [1]}}}).all(snapshot)
        for key, resolution in call.all(snapshot).items():
            assert own[key].value == resolution.value
            assert own[key].payload == ({"mine": [1]} if key == "a" else resolution.payload)
