"""Each operator with its operand against a value, or its absence."""

from collections.abc import Callable
from typing import Any

import pytest

from flagengine.inputs.subject import ABSENT
from flagengine.operators import DIALECTS, FORMS, Matcher, is_operator
from flagengine.values.instants import Moment

ANSWERS = [
    ("icontains", ["a"], "a", False),
    ("icontains", ["a"], 'x["A"]', True),
    ("not_icontains", ["a"], "a", True),
    ("icontains_multi", ["x", "b"], "aBc", True),
    ("icontains_multi", ["x", "y"], "abc", False),
    ("icontains_multi", [], "abc", False),
    ("icontains_multi", "ab", "b", False),
    ("not_icontains_multi", ["x", "b"], "abc", False),
    ("not_icontains_multi", [], "abc", True),
    ("starts_with", "a", "Abc", True),
    ("not_starts_with", "a", "abc", False),
    ("ends_with", "c", "abC", True),
    ("not_ends_with", "c", "abc", False),
    ("exact", "a", "A", True),
    ("exact", 5, "5", True),
    ("exact", ["a", "b"], "B", True),
    ("exact", [], True, True),
    ("exact", [], "no", False),
    ("exact", True, ["true", True], True),
    ("exact", "False", "other", True),
    ("exact", ["true", 1], "true", True),
    ("is_not", "a", "a", False),
    ("is_not", "a", ABSENT, True),
    ("is_not", True, "true", False),
    ("exact", "other", "no", False),
    ("is_not", True, "no", True),
    ("is_not", "true", 5, True),
    ("gt", 1, 2, True),
    ("gt", 1, 1, False),
    ("gt", 1, "x", False),
    ("is_set", None, None, True),
    ("is_set", None, ABSENT, False),
    ("is_not_set", None, None, False),
    ("is_not_set", None, ABSENT, True),
    ("between", [1, 3], 1, True),
    ("between", [1, 3], 3, True),
    ("between", [1, 1], 1, True),
    ("between", [1, 3], 4, False),
    ("between", [1, 3], None, False),
    ("not_between", [1, 3], 4, True),
    ("not_between", [1, 3], 2, False),
    ("not_between", [1, 3], None, True),
    ("not_between", [1, 3], "nan", False),
    ("not_between", [3, 1], 2, False),
    ("not_between", [1, 3, 5], 9, False),
    ("not_between", ["x", 3], 9, False),
    ("not_between", [1, "x"], 9, False),
    ("not_between", "13", 9, False),
    ("regex", "b", "abc", True),
    ("regex", "b", "\ud800", None),
    ("not_regex", "b", "abc", False),
    ("not_regex", "b", "\ud800", None),
    ("not_regex", "(", "abc", False),
    ("not_regex", "(", ABSENT, True),
    ("not_regex", "b", ABSENT, True),
    ("semver_neq", "1.2", "1.3", True),
    ("semver_neq", "1.2", "x", False),
    ("semver_neq", "x", "1.2", False),
    ("semver_caret", "1.2", "1.3", True),
    ("semver_caret", "1.2", None, False),
    ("semver_caret", "x", "1.2", False),
    ("is_date_before", "2024-06-01", "2024-05-01", True),
    ("is_date_before", "2024-06-01", "none", False),
    ("is_date_before", "2024-02-31", "2024-01-01", False),
    ("is_date_before", 5, "2024-05-01", False),
    ("is_date_before", "January 5, 2024", "2024-05-01", None),
    ("is_date_before", "2024-06-01", "January 5, 2024", None),
]


def matcher(operator: str, operand: Any, dialect: int = 1) -> Matcher:
    found = DIALECTS[dialect][operator](operand)
    assert isinstance(found, Matcher)
    return found


class AtTheBeginning:
    moment = Moment(0)

    def in_form(self, value: Any, convert: Callable[[Any], Any]) -> Any:
        return convert(value)


@pytest.mark.parametrize(("operator", "operand", "value", "expected"), ANSWERS)
def test_an_operator_answers(operator: str, operand: Any, value: Any, expected: Any) -> None:
    found = matcher(operator, operand)
    assert found.matches(value, AtTheBeginning()) is expected
    if found.text is not None and value is not ABSENT:
        assert found.text.test()(FORMS[found.form](value)) is expected


@pytest.mark.parametrize(
    ("operator", "operand"),
    [
        ("exact", "a"),
        ("exact", True),
        ("gt", 1),
        ("between", [1, 2]),
        ("regex", "a"),
        ("semver_eq", "1.0"),
        ("semver_tilde", "1.0"),
        ("is_date_after", "2024-06-01"),
    ],
)
def test_what_is_absent_matches_no_positive_operator(operator: str, operand: Any) -> None:
    assert matcher(operator, operand).matches(ABSENT, None) is False


@pytest.mark.parametrize(
    ("operator", "operand"),
    [
        ("gt", "x"),
        ("between", 1),
        ("not_between", 1),
        ("not_between", [2, 1]),
        ("regex", "("),
        ("semver_eq", "x"),
        ("semver_neq", "x"),
        ("semver_tilde", "x"),
        ("is_date_after", "banana"),
    ],
)
def test_an_operator_that_cannot_read_its_operand_is_hopeless(operator: str, operand: Any) -> None:
    found = matcher(operator, operand)
    assert found.is_hopeless
    assert found.matches(ABSENT, None) is False


def test_what_some_value_or_absence_satisfies_is_not_hopeless() -> None:
    assert not matcher("gt", 1).is_hopeless
    assert not matcher("not_between", [1, 2]).is_hopeless


def test_an_invalid_pattern_matches_a_property_that_is_absent_when_negated() -> None:
    assert matcher("not_regex", "(").matches(ABSENT, None) is True
    assert not matcher("not_regex", "(").is_hopeless


def test_equality_is_that_of_text_from_the_second_version_on() -> None:
    assert matcher("exact", False, 1).matches("other", None) is True
    assert matcher("exact", False, 2).matches("other", None) is False
    assert matcher("is_not", False, 2).matches("other", None) is True
    assert matcher("is_not", False, 1).matches("other", None) is False
    assert matcher("exact", [], 2).matches("TRUE", None) is True


def test_operators_are_known_by_every_name_of_theirs() -> None:
    assert all(map(is_operator, ("exact", "min", "in")))
    assert not is_operator("like")


def test_a_date_that_only_the_server_may_read_says_so() -> None:
    assert matcher("is_date_after", "2024-06-01").server_only is None
    why = matcher("is_date_after", "January 5, 2024").server_only
    assert why is not None
    assert "'January 5, 2024'" in why
