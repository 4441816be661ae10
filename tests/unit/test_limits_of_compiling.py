"""What is big or repetitive is left to the interpreter, with the same answers (SPEC R15.7)."""

from collections.abc import Callable
from typing import Any

import pytest

from flagengine import Snapshot, evaluate, evaluate_flag, explain
from flagengine.snapshot import evaluators_of
from tests.bounded import parts, shapes

Document = dict[str, Any]


def _in_one_flag(tests: int) -> Document:
    return shapes.filters(tests)


def _of_variants(count: int) -> Document:
    """Return two conditions that draw from the same variants: all answers of one are repeated."""
    return parts.document_of(
        parts.flag_of(
            "f",
            parts.condition_of(parts.person_test("a")),
            parts.condition_of(parts.person_test("b")),
            multivariate=parts.draw_of(count),
        )
    )


def _of_repeated_cohorts(tests: int) -> Document:
    """Return a flag that names a cohort twice, so that all its tests, and the group, are repeated."""
    cohort = parts.all_of(*parts.person_tests(tests - 1))
    conditions = [parts.condition_of(parts.in_cohort(0)) for _ in range(2)]
    return parts.document_of(parts.flag_of("f", *conditions), cohorts=[cohort])


def _of_dependencies(tests: int) -> Document:
    """Return a flag that depends on a flag of so many tests, counted with the flag itself."""
    below = parts.flag_of("below", parts.condition_of(*parts.person_tests(tests - 1)))
    return parts.document_of(below, parts.flag_of("f", parts.condition_of(parts.flag_is("below"))))


def _of_dependencies_in_two_conditions(tests: int) -> Document:
    below = parts.flag_of("below", parts.condition_of(*parts.person_tests(tests // 2 - 1)))
    conditions = [parts.condition_of(parts.flag_is("below")) for _ in range(2)]
    return parts.document_of(below, parts.flag_of("f", *conditions))


def _of_cohorts_below(tests: int) -> Document:
    cohort = parts.all_of(*parts.person_tests(tests - 1))
    below = parts.flag_of("below", parts.condition_of(parts.in_cohort(0)))
    above = parts.flag_of("f", parts.condition_of(parts.flag_is("below")))
    return parts.document_of(below, above, cohorts=[cohort])


limits = pytest.mark.parametrize(
    ("make", "limit"),
    [
        (_in_one_flag, 2_000),
        (_of_variants, 1_000),
        (_of_repeated_cohorts, 256),
        (_of_dependencies, 512),
        (_of_dependencies_in_two_conditions, 512),
        (_of_cohorts_below, 512),
    ],
)


@pytest.mark.rule("R15.7")
@limits
def test_a_flag_beyond_a_limit_is_not_compiled(make: Callable[[int], Document], limit: int) -> None:
    within, beyond = Snapshot.parse(make(limit)), Snapshot.parse(make(limit + 2))
    assert not evaluators_of(within).is_interpreted("f")
    assert evaluators_of(beyond).is_interpreted("f")


@pytest.mark.rule("R15.7")
@limits
@pytest.mark.parametrize("props", [{}, {"a": "x"}, {"p0": "y", "a": "y"}])
def test_a_flag_answers_alike_on_both_sides_of_a_limit(
    make: Callable[[int], Document], limit: int, props: dict[str, Any]
) -> None:
    for size in (limit, limit + 2):
        snapshot = Snapshot.parse(make(size))
        expected = explain(snapshot, "f", "user-1", props).resolution
        for _ in range(3):
            assert evaluate_flag(snapshot, "f", "user-1", props) == expected
        assert evaluate(snapshot, "user-1", props)["f"] == expected
        assert dict(evaluate(snapshot, "user-1", props).items())["f"] == expected


def test_a_circle_of_dependencies_is_compiled() -> None:
    snapshot = Snapshot.parse(shapes.flag_circle(3))
    assert not evaluators_of(snapshot).is_interpreted("f0")
    assert evaluate_flag(snapshot, "f0", "user-1").value is None


@pytest.mark.parametrize("join", [parts.all_of, parts.any_of])
@pytest.mark.parametrize("size", [8, 9, 30])
@pytest.mark.parametrize("match", ["x", "y"])
def test_a_cohort_of_many_tests_joins_its_doubts(
    join: Callable[..., Document], size: int, match: str
) -> None:
    cohort = join(*parts.person_tests(size))
    flag = parts.flag_of("f", parts.condition_of(parts.in_cohort(0)))
    snapshot = Snapshot.parse(parts.document_of(flag, cohorts=[cohort]))
    for given in (0, size - 2, size):
        props = {f"p{number}": match for number in range(given)}
        expected = explain(snapshot, "f", "user-1", props).resolution
        found = [evaluate_flag(snapshot, "f", "user-1", props) for _ in range(3)]
        assert found == [expected] * 3
        missing = expected.missing.person_properties
        assert missing == () or len(missing) == size - given


def test_the_answers_of_walks_in_doubt_are_remembered_within_bounds() -> None:
    """A flag of 400 conditions in doubt has 800 notes: it remembers some twenty walks."""
    snapshot = Snapshot.parse(shapes.conditions(400))
    for number in range(60):
        props = {f"p{number}": "y"}
        expected = explain(snapshot, "f", "user-1", props).resolution
        assert evaluate_flag(snapshot, "f", "user-1", props) == expected
