"""No document and no call raises or hangs, and evaluation changes neither."""

import json
import pickle
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flagengine import Missing, Reason, Resolution, Snapshot, SnapshotError, requirements
from flagengine.snapshot import evaluators_of
from flagengine.values.payloads import FrozenDict
from tests.properties.strategies import (
    Call,
    Doc,
    absurd_documents,
    absurd_values,
    calls,
    documents,
    documents_with_an_absurd_flag,
    keyless_calls,
)


def _assert_sound(key: str, resolution: Resolution) -> None:
    """Assert the invariants of all resolutions."""
    value = resolution.value
    assert resolution.key == key
    kinds = (bool, str) if resolution.config_version == 1 else (bool, str, int, float, FrozenDict)
    assert value is None or isinstance(value, kinds) or resolution.reason is Reason.OVERRIDDEN
    assert resolution.enabled == (value is not None and value is not False)
    assert resolution.variant == (value if isinstance(value, str) else None)
    without_answer = resolution.reason in (Reason.UNRESOLVED, Reason.ERROR)
    assert without_answer == (resolution.unresolved_reason is not None)
    assert not (without_answer and resolution.caller_default)
    assert value is None or not resolution.missing
    if value is None and not resolution.caller_default:
        assert resolution.reason in (
            Reason.UNRESOLVED,
            Reason.ERROR,
            Reason.UNKNOWN_FLAG,
            Reason.FILTERED_OUT,
            Reason.OVERRIDDEN,
        )
    if not resolution.enabled and resolution.reason is not Reason.OVERRIDDEN:
        assert resolution.raw_payload is None or resolution.key in ("a", "b")


class TestTotality:
    """R2.18, R7.9: no document and no property raises or hangs."""

    @pytest.mark.rule("R2.18", "R2.2", "R7.9", "R13.2", "R13.10", "R15.3")
    @given(absurd_documents(), keyless_calls())
    def test_absurd_documents_are_parsed_and_evaluated(self, document: Doc, call: Call):
        try:
            snapshot = Snapshot.parse(document)
        except SnapshotError as error:
            assert str(error)
            return
        assert len(snapshot.fingerprint) == 32
        assert all(issue.pointer == "" or issue.pointer[0] == "/" for issue in snapshot.issues)
        for key, resolution in call.all(snapshot).items():
            _assert_sound(key, resolution)
            assert str(call.explain(snapshot, key))
            json.dumps(call.explain(snapshot, key).to_dict())
        assert set(requirements(snapshot)) == set(snapshot.keys)

    @pytest.mark.rule("R2.1", "R2.2", "R2.10", "R2.11")
    @given(documents_with_an_absurd_flag(), keyless_calls())
    def test_an_absurd_flag_keeps_its_slot_and_leaves_the_others_alone(
        self, both: tuple[Doc, Doc], call: Call
    ):
        document, spoilt = (Snapshot.parse(definitions) for definitions in both)
        assert list(spoilt.keys) == list(document.keys)
        first = both[0]["flags"][0]["key"]
        for key in document.keys:
            if first not in evaluators_of(document).plans.evaluation_order(key):
                assert call.one(spoilt, key) == call.one(document, key)

    @pytest.mark.rule("R1.1", "R1.2")
    @given(absurd_values(), absurd_values())
    def test_only_what_is_no_definitions_document_is_refused(self, anything: Any, flags: Any):
        for document in (anything, {"flags": flags}):
            is_definitions = isinstance(document, dict) and isinstance(document.get("flags"), list)
            try:
                Snapshot.parse(document)
            except SnapshotError as error:
                assert not is_definitions
                assert error.pointer in ("", "/flags")
            else:
                assert is_definitions

    @pytest.mark.rule("R1.1")
    @given(st.text(max_size=30) | st.binary(max_size=30))
    def test_text_and_bytes_that_are_no_document_are_refused(self, document: Any):
        with pytest.raises(SnapshotError):
            Snapshot.parse(document)


class TestPurity:
    """R6.15: inputs stay unchanged, and the same inputs give the same answers."""

    @pytest.mark.rule("R6.15", "R7.7", "R7.8")
    @given(st.data(), documents())
    def test_inputs_are_left_alone_and_answers_repeat(self, data: st.DataObject, document: Doc):
        call = data.draw(calls(document))
        before = repr(document), repr(call)
        snapshot = Snapshot.parse(document)
        first, second = dict(call.all(snapshot)), dict(call.all(Snapshot.parse(document)))
        assert first == second
        for key, resolution in first.items():
            _assert_sound(key, resolution)
        assert (repr(document), repr(call)) == before

    @pytest.mark.rule("R4.18")
    @given(st.data(), documents())
    def test_the_order_of_filters_changes_no_answer(self, data: st.DataObject, document: Doc):
        call = data.draw(calls(document))
        answers = dict(call.all(Snapshot.parse(document)))
        for flag in document["flags"]:
            for condition in flag["filters"].get("groups", []):
                condition["properties"] = (condition["properties"] or [])[::-1]
        assert dict(call.all(Snapshot.parse(document))) == answers


class TestForms:
    """R1.1, R1.7: the form of a document makes no difference, and a snapshot is a value."""

    @pytest.mark.rule("R1.1", "R1.7")
    @given(st.data(), documents())
    def test_mappings_text_bytes_and_pickles_answer_alike(self, data: st.DataObject, document: Doc):
        call = data.draw(calls(document))
        snapshot = Snapshot.parse(document)
        answers, text = dict(call.all(snapshot)), json.dumps(document)
        again = [
            Snapshot.parse(text),
            Snapshot.parse(json.dumps(document, ensure_ascii=False).encode()),
            pickle.loads(pickle.dumps(snapshot)),
        ]
        for other in again:
            assert other == snapshot
            assert hash(other) == hash(snapshot)
            assert other.fingerprint == snapshot.fingerprint
            assert dict(call.all(other)) == answers
        assert pickle.loads(pickle.dumps(answers)) == answers

    @pytest.mark.rule("R1.6", "R2.8", "R2.9", "R2.19")
    @given(st.data(), documents(), absurd_values())
    def test_display_fields_and_unknown_members_change_no_answer(
        self, data: st.DataObject, document: Doc, anything: Any
    ):
        call = data.draw(calls(document))
        plain = {
            key: resolution.value for key, resolution in call.all(Snapshot.parse(document)).items()
        }
        for name in ("minimal_flag_called_events", "unknown"):
            document[name] = anything
        for flag in document["flags"]:
            for name in ("id", "name", "version", "team_id", "rollout_percentage"):
                flag[name] = anything
            if "rules" in flag["filters"]:
                continue  # format 2 refuses unknown members of the configuration
            for name in ("holdout_groups", "super_groups", "bucketing_identifier", "sort_key"):
                flag["filters"][name] = anything
        decorated = call.all(Snapshot.parse(document))
        assert {key: resolution.value for key, resolution in decorated.items()} == plain

    @pytest.mark.rule("R13.9")
    @given(st.data(), documents())
    def test_the_lazy_mapping_equals_flag_by_flag(self, data: st.DataObject, document: Doc):
        call = data.draw(calls(document))
        snapshot = Snapshot.parse(document)
        lazy = call.all(snapshot)
        keys = list(lazy)
        for key in data.draw(st.permutations(keys)):
            assert lazy[key] == call.one(snapshot, key)
        some = call.all(snapshot, flag_keys=[*keys[:1], "no such flag"])
        assert list(some) == [*keys[:1], "no such flag"]
        assert some["no such flag"].reason is Reason.UNKNOWN_FLAG
        assert some["no such flag"].missing == Missing()
        assert dict(lazy) == {key: call.one(snapshot, key) for key in keys}

    @pytest.mark.rule("R6.15")
    @given(st.data(), documents())
    def test_a_call_without_options_equals_one_with_their_defaults(
        self, data: st.DataObject, document: Doc
    ):
        assume("_date_" not in repr(document))
        snapshot, call = Snapshot.parse(document), data.draw(calls(document))
        defaults = {"complete": False, "missing_group": "as_server"}
        bare, spelt = (Call(call.distinct_id, call.props, options) for options in ({}, defaults))
        for key in snapshot.keys:
            assert bare.one(snapshot, key) == spelt.one(snapshot, key)
            assert bare.one(snapshot, key) == spelt.having(now=call.options["now"]).one(
                snapshot, key
            )
