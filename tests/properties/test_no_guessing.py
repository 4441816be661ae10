"""A definite answer never changes with more inputs, and an unresolved answer names the missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine import Missing, Reason, Resolution, Snapshot, UnresolvedReason
from tests.properties.strategies import (
    Call,
    Doc,
    calls,
    completed,
    documents,
    partial_calls,
    supplied,
)


def _falls_back_to_the_person(document: Doc) -> bool:
    """Return whether a holdout uses the distinct id because there is no device id (R4.9)."""
    return any(
        flag.get("bucketing_identifier") == "device_id" and flag["filters"].get("holdout")
        for flag in document["flags"]
    )


def _is_conclusive(resolution: Resolution) -> bool:
    return resolution.reason is not Reason.UNRESOLVED


class TestDefiniteAnswers:
    """R5.2: an answer is definite if and only if no other answer is possible."""

    @pytest.mark.rule("R5.1", "R5.2", "R5.5", "R5.6", "R5.7", "R5.8", "R5.10", "R3.14")
    @given(st.data(), documents())
    def test_a_definite_answer_stays_whatever_the_missing_inputs_are(
        self, data: st.DataObject, document: Doc
    ):
        snapshot = Snapshot.parse(document)
        whole = data.draw(calls(document), label="whole")
        devices = not _falls_back_to_the_person(document)
        partial = data.draw(partial_calls(whole, devices=devices), label="partial")
        complete = partial.having(complete=True)
        whole_and_complete = whole.having(complete=True)
        for key, early in partial.all(snapshot).items():
            if not _is_conclusive(early):
                continue
            if early.config_version == 2 and partial.distinct_id != whole.distinct_id:
                continue  # format 2 takes a missing distinct id as none (R20.64)
            for later in (whole, complete, whole_and_complete):
                late = later.one(snapshot, key)
                assert (late.key, late.value) == (key, early.value)
                assert late.raw_payload == early.raw_payload


class TestUnresolvedAnswers:
    """R13.8: ``missing`` names the inputs that would settle the answer."""

    @pytest.mark.rule("R13.7", "R13.8", "R8.0", "R6.10")
    @given(st.data(), documents())
    def test_missing_context_ends_when_everything_missing_is_given(
        self, data: st.DataObject, document: Doc
    ):
        snapshot = Snapshot.parse(document)
        call = data.draw(calls(document), label="call")
        for key, resolution in call.all(snapshot).items():
            if resolution.unresolved_reason is not UnresolvedReason.MISSING_CONTEXT:
                continue
            last = _completed_step_by_step(data, document, snapshot, call, key)
            if _is_enrolled(document, key) or last.config_version == 2:
                # What comes after the missing input may be left to the server (R20.76).
                assert last.unresolved_reason is not UnresolvedReason.MISSING_CONTEXT
            else:
                assert _is_conclusive(last)

    @pytest.mark.rule("R13.8")
    @given(st.data(), documents())
    def test_giving_the_smallest_missing_settles_the_answer(
        self, data: st.DataObject, document: Doc
    ):
        snapshot = Snapshot.parse(document)
        call = data.draw(calls(document), label="call")
        for key in call.all(snapshot):
            explanation = call.explain(snapshot, key)
            smallest = explanation.smallest_missing
            if smallest is None:
                assert not _is_conclusive(explanation.resolution)
                continue
            assert bool(smallest) is not _is_conclusive(explanation.resolution)
            richer = supplied(data.draw, document, call, smallest)
            settled, missing = richer.one(snapshot, key), explanation.resolution.missing
            assert _is_conclusive(settled)
            if settled.config_version == 2:  # only the first missing input is named (R20.72)
                assert smallest | missing == smallest
            else:
                assert smallest | missing == missing


def _completed_step_by_step(
    data: st.DataObject, document: Doc, snapshot: Snapshot, call: Call, key: str
) -> Resolution:
    """Add the missing inputs repeatedly, until no input is missing."""
    seen: list[Missing] = []
    resolution = call.one(snapshot, key)
    while resolution.unresolved_reason is UnresolvedReason.MISSING_CONTEXT:
        assert resolution.missing
        assert resolution.missing not in seen
        seen.append(resolution.missing)
        call = completed(data.draw, document, call, resolution.missing)
        resolution = call.one(snapshot, key)
    return resolution


def _is_enrolled(document: Doc, key: str) -> bool:
    """Return whether a flag has an enrollment, which is decided before the conditions."""
    flags = [flag for flag in document["flags"] if flag["key"] == key]
    return any(flag["filters"].get("feature_enrollment") for flag in flags)
