"""The predicates of a rule as filters, each with a value that its operator can read (SPEC R20.4)."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from flagengine.definitions.filters import Filter
from flagengine.definitions.issues import IssueCode
from flagengine.definitions.reading import is_number, json_type, shown
from flagengine.definitions.rules.notes import Members, Notes, closed
from flagengine.definitions.rules.numbers import is_whole
from flagengine.values.conversion import converted
from flagengine.values.instants import Moment, instant_of_filter
from flagengine.values.json_values import NOT_GIVEN
from flagengine.values.versions import version

__all__ = ["OPERATORS", "predicate"]

_Shape = tuple[Callable[[Any], bool], str]
_TYPES: Final = ("person", "group", "cohort", "flag")
_REQUIRED: Final = {"key": "", "type": ""}
_OPTIONAL: Final = (
    "value",
    "operator",
    "negation",
    "group_type_index",
    "cohort_name",
    "group_key_names",
    "label",
)
_ANY_TIME: Final = Moment(0)
_LARGEST: Final = 2**64 - 1
_DIGITS: Final = re.compile(r"\+?0*([0-9]{1,20})")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_version(value: object) -> bool:
    """Tell whether text is a version whose first three parts are numbers, without a leading v."""
    if not isinstance(value, str) or version(value) is None:
        return False
    return all(map(_is_part, value.partition("-")[0].split(".")[:3]))


def _is_part(part: str) -> bool:
    digits = _DIGITS.fullmatch(part.strip())
    return digits is not None and int(digits[1]) <= _LARGEST


def _is_wildcard(value: object) -> bool:
    return isinstance(value, str) and _is_version(value.rstrip(".*"))


def _is_date(value: object) -> bool:
    return isinstance(value, str) and instant_of_filter(value, _ANY_TIME) is not None


_ANYTHING: Final[_Shape] = (lambda _: True, "anything")
_TEXT: Final[_Shape] = (_is_text, "text")
_LIST: Final[_Shape] = (lambda value: isinstance(value, list), "a list")
_NUMBER: Final[_Shape] = (lambda value: _is_text(value) or is_number(value), "a number or text")
_VERSION: Final[_Shape] = (_is_version, "a version such as 1.2.3, without a leading v")
_WILDCARD: Final[_Shape] = (_is_wildcard, "a version such as 1.2.*, without a leading v")
_DATE: Final[_Shape] = (_is_date, "a date: YYYY-MM-DD, RFC 3339, or relative like -30d")

_SHAPES: Final[Mapping[str, _Shape]] = {
    **dict.fromkeys(("exact", "is_not", "is_set", "is_not_set"), _ANYTHING),
    **dict.fromkeys(("icontains", "not_icontains", "regex", "not_regex"), _TEXT),
    **dict.fromkeys(("starts_with", "not_starts_with", "ends_with", "not_ends_with"), _TEXT),
    **dict.fromkeys(("icontains_multi", "not_icontains_multi"), _LIST),
    **dict.fromkeys(("gt", "gte", "lt", "lte"), _NUMBER),
    **dict.fromkeys(("semver_gt", "semver_gte", "semver_lt", "semver_lte"), _VERSION),
    **dict.fromkeys(("semver_eq", "semver_neq", "semver_tilde", "semver_caret"), _VERSION),
    "semver_wildcard": _WILDCARD,
    **dict.fromkeys(("is_date_exact", "is_date_after", "is_date_before"), _DATE),
}
"""What each operator on persons accepts as its value."""

OPERATORS: Final = (*_SHAPES, "in", "not_in", "flag_evaluates_to")
"""The operators of format 2; it has no aliases."""

_OF_FORMAT_1: Final = {
    "min": "; write gte",
    "max": "; write lte",
    "between": "; write one predicate with gte and one with lte",
    "not_between": "; format 2 has no ranges",
}


def predicate(source: Any, pointer: str, notes: Notes) -> Filter | None:
    """Read one predicate; None if it is no object."""
    members = closed(source, pointer, notes, "a predicate", _REQUIRED, _OPTIONAL)
    if members is None:
        return None
    key = members.text("key")
    if key == "":
        members.refuse(
            IssueCode.OUT_OF_RANGE, "key", "must be text of at least 1 character, got ''"
        )
    kind = members.choice("type", _TYPES)
    operator = _operator(members)
    negation = members.read(
        "negation", lambda value: value is None or isinstance(value, bool), "true or false, or null"
    )
    index = members.read(
        "group_type_index", lambda value: value is None or is_whole(value), "an integer or null"
    )
    _check_display(members)
    if kind == "person":
        _check_person(members, operator)
    elif kind is not None:
        message = f"{kind!r} is valid, but such predicates are not evaluated here"
        members.refuse(IssueCode.UNSUPPORTED_RULE, "type", message)
    value = converted(members.source.get("value"))
    return Filter(
        key=key or "",
        type=kind,
        operator=operator,
        value=None if value is NOT_GIVEN else value,
        group_type_index=None if index is None else int(index),
        negation=negation is True,
    )


def _operator(members: Members) -> str | None:
    """Return the operator; ``exact`` when it is absent or null."""
    if members.source.get("operator") is None:
        return "exact"
    return members.choice("operator", OPERATORS, "an operator of format 2", _OF_FORMAT_1)


def _check_display(members: Members) -> None:
    """Check the members that only a user interface reads."""
    for name in ("cohort_name", "label"):
        members.read(name, lambda value: value is None or _is_text(value), "text or null")
    members.read(
        "group_key_names",
        lambda value: (
            value is None or (isinstance(value, dict) and all(map(_is_text, value.values())))
        ),
        "an object of texts or null",
    )


def _check_person(members: Members, operator: str | None) -> None:
    if members.source.get("group_type_index") is not None:
        message = "must be absent or null in a predicate about persons"
        members.refuse(IssueCode.INVALID_VALUE, "group_type_index", message)
    if operator is None:
        return
    if operator not in _SHAPES:
        message = (
            f"must be an operator on properties in a predicate about persons, got {operator!r}"
        )
        members.refuse(IssueCode.INVALID_VALUE, "operator", message)
        return
    accepts, expected = _SHAPES[operator]
    value = members.source.get("value")
    if not accepts(value):
        got = repr(shown(value)) if isinstance(value, str) else json_type(value)
        message = f"must be {expected} because the operator is {operator}, got {got}"
        members.refuse(IssueCode.INVALID_VALUE, "value", message)
