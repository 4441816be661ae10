"""Every published case, through every evaluator."""

from typing import Any

import pytest

from flagengine import Snapshot, SnapshotError
from tests.conformance.applicable import not_applicable
from tests.conformance.backends import BACKENDS, HAS_ACCELERATOR, Backend
from tests.conformance.published import Case, all_cases, as_published, differences
from tests.properties.strategies import Call

NOBODY_KNOWN = Call("user-1")
SHARE_OF_CASES = {
    "INTERPRETED": 1.0,
    "SINGLE": 1.0,
    "ALL": 1.0,
    "BOUND": 0.84,
    "GENERATED": 0.97,
    "NATIVE": 0.25 if HAS_ACCELERATOR else 0,
    "TABLE_ONE": 0.99,
    "TABLE_AMONG": 0.99,
}
"""The least share of the cases that an evaluator must take: what it cannot say may not grow."""


def test_the_evaluator_gives_the_expected_answer(backend: Backend, case: Case) -> None:
    """A flag is interpreted at its first use, compiled at the second, remembered from then on."""
    snapshot = case.parsed()
    interpreted = case.call.explain(case.parsed(), case.key).resolution
    for _ in range(backend.uses):
        resolution = backend.answer(snapshot, case.key, case.call)
        assert resolution == interpreted
        found = [differences(one, as_published(resolution)) for one in case.acceptable]
        assert {} in found, (
            f"{case.id} ({', '.join(case.source['rules'])}): {case.source['description']}: "
            f"(found, expected) differ in {found[0]}"
        )


@pytest.mark.parametrize("name", BACKENDS)
def test_an_evaluator_takes_no_fewer_cases_than_it_must(name: str) -> None:
    taken = len(all_cases()) - len(not_applicable(name))
    assert taken >= SHARE_OF_CASES[name] * len(all_cases())


def test_the_refused_document_gives_its_error(refused_document: dict[str, Any]) -> None:
    with pytest.raises(SnapshotError) as caught:
        _parsed(refused_document)
    found = {"code": str(caught.value.code), "pointer": caught.value.pointer}
    assert found == refused_document["error"], refused_document["description"]


def test_the_accepted_document_gives_its_issues(accepted_document: dict[str, Any]) -> None:
    issues = _parsed(accepted_document).issues
    found = [{"code": str(one.code), "pointer": one.pointer} for one in issues]
    expected = sorted(accepted_document["issues"], key=str)
    assert sorted(found, key=str) == expected, accepted_document["description"]


@pytest.mark.parametrize("backend", BACKENDS.values(), ids=BACKENDS)
def test_the_documents_flags_have_a_value_or_are_unsupported(
    backend: Backend, document_with_flags: dict[str, Any]
) -> None:
    snapshot = _parsed(document_with_flags)
    for key in document_with_flags["fine"]:
        if _takes(backend, snapshot, key):
            assert backend.answer(snapshot, key, NOBODY_KNOWN).value is not None, key
    for key in document_with_flags["unsupported"]:
        if _takes(backend, snapshot, key):
            reason = backend.answer(snapshot, key, NOBODY_KNOWN).unresolved_reason
            assert reason == "unsupported_definition", key


def _parsed(document: dict[str, Any]) -> Snapshot:
    return Snapshot.parse(document["text"] if "text" in document else document["document"])


def _takes(backend: Backend, snapshot: Snapshot, key: str) -> bool:
    return backend.why_not(snapshot, key, NOBODY_KNOWN) is None
