"""The check before the timing must find wrong answers and accept random deviations."""

from __future__ import annotations

import pytest

from benchmarks.expected import WrongAnswerError, check_exactly, check_shares, distribution, exact
from benchmarks.people import people
from benchmarks.specs import AllOf, Answer, AnyOf, Filter, Operator, Person, alternatives
from benchmarks.workloads import BOOLEAN, VARIANTS

_HALF: dict[Answer, float] = {True: 0.5, False: 0.5}
_PERSON = Person("id", {"country": "us", "email": "a@corp.example", "plan": "pro"})


def test_an_answer_of_another_type_is_wrong() -> None:
    with pytest.raises(WrongAnswerError, match="expected True, found 1"):
        check_exactly([1], [True], "here")  # type: ignore[list-item]


def test_a_missing_answer_is_noticed() -> None:
    with pytest.raises(ValueError, match="longer"):
        check_exactly([True], [True, False], "here")


def test_an_impossible_answer_is_wrong_whatever_the_hash() -> None:
    with pytest.raises(WrongAnswerError, match="found 'a'"):
        check_shares(["a"], [_HALF], "here")


def test_totals_far_from_the_shares_are_wrong() -> None:
    with pytest.raises(WrongAnswerError, match="100 times, expected 50"):
        check_shares([True] * 100, [_HALF] * 100, "here")


def test_totals_near_the_shares_pass() -> None:
    check_shares([True] * 58 + [False] * 42, [_HALF] * 100, "here")


def test_a_flag_that_cannot_hold_is_certain() -> None:
    person = Person("id", {**_PERSON.properties, "country": "br"})
    assert distribution(BOOLEAN, person) == {False: 1.0}


def test_the_shares_of_variants_are_their_weights() -> None:
    found = distribution(VARIANTS, _PERSON)
    assert found == pytest.approx({"control": 0.34, "a": 0.33, "b": 0.33})


def test_every_exact_answer_is_one_of_the_possible_ones() -> None:
    for person in people(100):
        for flag in (BOOLEAN, VARIANTS):
            assert exact(flag, person) in distribution(flag, person)


def test_a_nested_criterion_becomes_an_or_of_ands() -> None:
    a, b, c, d = (Filter(name, Operator.CONTAINS, "x") for name in "abcd")
    nested = AllOf((AnyOf((a, b)), AnyOf((c, d))))
    assert alternatives(nested) == ((a, c), (a, d), (b, c), (b, d))
