"""The answers equal those of posthog-python 7.91.1, or differ for a listed reason."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip(
    "posthog", reason="posthog-python is not installed: pip install --group differential"
)

from flagengine import Reason, Snapshot, evaluate
from tests.differential.case import Case
from tests.differential.known_divergences import explained
from tests.differential.plain import plain_cases
from tests.differential.posthog_python import DEFERRED, Sdk
from tests.properties.strategies import Call, Doc, calls, documents, small_documents

SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, *HealthCheck])


class TestPlainDefinitions:
    """R18.1: if the SDK answers as the server does, the engine gives the same answer."""

    @pytest.mark.rule("R18.1")
    @SHARED
    @given(case=plain_cases())
    def test_every_answer_is_equal(self, compared: Counter[str], case: tuple[Doc, dict[str, Any]]):
        document, call = case
        sdk, options = Sdk(document), dict(call)
        distinct_id, props = options.pop("distinct_id"), options.pop("person_properties")
        for key, resolution in evaluate(
            Snapshot.parse(document), distinct_id, props, **options
        ).items():
            assert (key, sdk.answer(key, **call)) == (key, resolution.value)
            compared["plain definitions: equal"] += 1


class TestOtherDefinitions:
    """R18.1: every other answer has a rule that explains it."""

    @pytest.mark.rule("R18.1")
    @SHARED
    @given(data=st.data(), document=documents())
    def test_every_difference_on_wild_definitions_is_explained(
        self, compared: Counter[str], data: st.DataObject, document: Doc
    ):
        _compare(compared, "wild definitions", data, document)

    @pytest.mark.rule("R18.1")
    @SHARED
    @given(data=st.data(), document=small_documents())
    def test_every_difference_on_single_filters_is_explained(
        self, compared: Counter[str], data: st.DataObject, document: Doc
    ):
        _compare(compared, "single filters", data, document)


def _compare(compared: Counter[str], what: str, data: st.DataObject, document: Doc) -> None:
    """Compare the answers for every flag that both have."""
    for definition in (document, *document["flags"]):
        definition.pop("flagengine", None)
    whole = data.draw(calls(document, overrides=False))
    shared = {name: whole.options.get(name) for name in ("groups", "group_properties", "device_id")}
    call = Call(whole.distinct_id, whole.props, shared)
    sdk = Sdk(document)
    for key, resolution in call.all(Snapshot.parse(document)).items():
        theirs = sdk.answer(key, call.distinct_id, call.props, **shared)
        ours = DEFERRED if resolution.reason is Reason.UNRESOLVED else resolution.value
        if ours == theirs and type(ours) is type(theirs):
            compared[f"{what}: equal"] += 1
            continue
        reason = explained(Case(document, key, call, ours, theirs))
        assert reason, f"{key}: ours is {ours!r}, posthog-python's is {theirs!r}"
        compared[f"{what}: differs, {reason}"] += 1
