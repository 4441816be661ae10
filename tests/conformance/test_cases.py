"""All published cases with all evaluators."""

from typing import Any

import pytest

from flagengine import SnapshotError
from tests.conformance.applicable import NOBODY_KNOWN, not_applicable
from tests.conformance.backends import BACKENDS, HAS_ACCELERATOR, Backend
from tests.conformance.published import Case, all_cases, as_published, differences, parsed

LEAST_CASES = {
    "INTERPRETED": 1_498,
    "SINGLE": 1_498,
    "ALL": 1_498,
    "BOUND": 1_271,
    "GENERATED": 1_460,
    "NATIVE": 356 if HAS_ACCELERATOR else 0,
    "TABLE_ONE": 1_479,
    "TABLE_AMONG": 1_479,
}
"""The minimal number of cases of each evaluator, so that the cases left out cannot grow unnoticed."""


def test_the_evaluator_gives_the_expected_answer(backend: Backend, case: Case) -> None:
    """Evaluate repeatedly: a flag is interpreted or compiled at its first use, and compiled at its second."""
    snapshot = case.parsed()
    interpreted = case.call.explain(case.parsed(), case.key).resolution
    for _ in range(backend.uses):
        resolution = backend.answer(snapshot, case.key, case.call)
        assert resolution == interpreted
        found = [differences(answer, as_published(resolution)) for answer in case.acceptable]
        assert {} in found, (
            f"{case.id} ({', '.join(case.source['rules'])}): {case.source['description']}: "
            f"(found, expected) differ in {found[0]}"
        )


@pytest.mark.parametrize("name", BACKENDS)
def test_an_evaluator_takes_no_fewer_cases_than_it_must(name: str) -> None:
    assert len(all_cases()) - len(not_applicable(name)) >= LEAST_CASES[name]


def test_the_refused_document_gives_its_error(refused_document: dict[str, Any]) -> None:
    with pytest.raises(SnapshotError) as caught:
        parsed(refused_document)
    found = {"code": str(caught.value.code), "pointer": caught.value.pointer}
    assert found == refused_document["error"], refused_document["description"]


def test_the_accepted_document_gives_its_issues(accepted_document: dict[str, Any]) -> None:
    issues = parsed(accepted_document).issues
    found = [{"code": str(issue.code), "pointer": issue.pointer} for issue in issues]
    expected = sorted(accepted_document["issues"], key=str)
    assert sorted(found, key=str) == expected, accepted_document["description"]


def test_a_good_flag_of_the_document_has_a_value(
    evaluator: Backend, document: dict[str, Any], fine_flag: str
) -> None:
    resolution = evaluator.answer(parsed(document), fine_flag, NOBODY_KNOWN)
    assert resolution.value is not None
    assert resolution.unresolved_reason is None


def test_a_bad_flag_of_the_document_is_unsupported(
    evaluator: Backend, document: dict[str, Any], unsupported_flag: str
) -> None:
    resolution = evaluator.answer(parsed(document), unsupported_flag, NOBODY_KNOWN)
    assert resolution.value is None
    assert resolution.unresolved_reason == "unsupported_definition"
