"""The facts from PostHog's test suites, with all evaluators."""

from functools import cache

import pytest

from tests.conformance.backends import BACKENDS, HAS_ACCELERATOR, Backend
from tests.conformance.published import Case, as_published, differences, entries

LEAST_CASES = {
    "INTERPRETED": 299,
    "SINGLE": 299,
    "ALL": 299,
    "BOUND": 226,
    "GENERATED": 299,
    "NATIVE": 83 if HAS_ACCELERATOR else 0,
    "TABLE_ONE": 299,
    "TABLE_AMONG": 299,
}
"""The minimal number of cases of each evaluator."""


@cache
def _taken(name: str) -> list[Case]:
    """Return the cases that an evaluator takes."""
    why_not = BACKENDS[name].why_not
    cases = map(Case, entries("suites", "cases"))
    return [case for case in cases if why_not(case.probed, case.key, case.call) is None]


def _pairs() -> list[object]:
    """Return each evaluator with each case that it takes."""
    return [
        pytest.param(backend, case, id=f"{name}-{case.id}")
        for name, backend in BACKENDS.items()
        for case in _taken(name)
    ]


@pytest.mark.rule("R18.1")
@pytest.mark.parametrize(("backend", "suite_case"), _pairs())
def test_an_evaluator_gives_the_answer_of_the_suite(backend: Backend, suite_case: Case) -> None:
    """Evaluate repeatedly: a flag is interpreted or compiled at its first use, and compiled at its second."""
    snapshot = suite_case.parsed()
    interpreted = suite_case.call.explain(suite_case.parsed(), suite_case.key).resolution
    for _ in range(backend.uses):
        resolution = backend.answer(snapshot, suite_case.key, suite_case.call)
        assert resolution == interpreted
        found = [differences(answer, as_published(resolution)) for answer in suite_case.acceptable]
        assert {} in found, f"{suite_case.source['description']}: (found, expected) {found[0]}"


@pytest.mark.parametrize("name", BACKENDS)
def test_an_evaluator_takes_no_fewer_cases_of_the_suites_than_it_must(name: str) -> None:
    assert len(_taken(name)) >= LEAST_CASES[name]


def test_the_ids_of_the_suites_are_unique() -> None:
    ids = [entry["id"] for entry in entries("suites", "cases")]
    assert len(set(ids)) == len(ids) == 299
