"""Where RE2 is not installed every published case with a pattern has the same answer."""

import json
import sys
from collections.abc import Iterator

import pytest

from flagengine.operators.patterns.engine import doubtful_characters
from tests.conformance.published import Case, all_cases, as_published, differences

CASES = [case for case in all_cases() if "regex" in json.dumps(case.source["definitions"])]


@pytest.fixture(autouse=True)
def without_re2(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "re2", None)
    doubtful_characters.cache_clear()
    yield
    doubtful_characters.cache_clear()


def test_the_kit_has_cases_with_patterns() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize("pattern_case", CASES, ids=lambda case: case.id)
def test_the_answer_is_the_same(pattern_case: Case) -> None:
    resolution = pattern_case.call.explain(pattern_case.parsed(), pattern_case.key).resolution
    found = [differences(answer, as_published(resolution)) for answer in pattern_case.acceptable]
    assert {} in found
