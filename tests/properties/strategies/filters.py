"""Strategies for property filters: operators with fitting and unfitting operands."""

from typing import Any, Final

from hypothesis import strategies as st

from tests.properties.strategies.vocabulary import FITTING, GROUP, KINDS, OPERANDS, PERSON

__all__ = ["group_filters", "person_filters"]


def _cases(names: dict[str, str], kind: str) -> list[dict[str, Any]]:
    """Return every filter that makes sense, as a pool to sample from: one draw each."""
    return [
        {"key": name, "type": kind, "operator": operator, "value": operand}
        for name, looks in names.items()
        for operator in FITTING[looks]
        for operand in OPERANDS[operator]
    ]


_PERSON_CASES: Final = _cases(PERSON, "person")
_GROUP_CASES: Final = _cases(GROUP, "group")
_ANYTHING: Final = [value for values in KINDS.values() for value in values]
_TWISTS: Final = ["none"] * 12 + [
    "any operand",
    "any operator",
    "no operator",
    "null operator",
    "no value",
    "no type",
    "negation",
    "unknown operator",
    "cohort operator",
    "unknown type",
    "person_metadata",
    "number key",
]


@st.composite
def person_filters(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a filter on a person property; one in three is odd in some way."""
    return _twisted(draw, dict(draw(st.sampled_from(_PERSON_CASES))))


@st.composite
def group_filters(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a filter on a group property, with or without the index of its group type."""
    one = dict(draw(st.sampled_from(_GROUP_CASES)))
    index = draw(st.sampled_from(["absent", "absent", 0, 0, 1, None, 7]))
    if index != "absent":
        one["group_type_index"] = index
    return _twisted(draw, one)


def _twisted(draw: st.DrawFn, one: dict[str, Any]) -> dict[str, Any]:  # noqa: C901, PLR0912 a table
    twist = draw(st.sampled_from(_TWISTS))
    if twist == "any operand":
        one["value"] = draw(st.sampled_from(_ANYTHING))
    elif twist == "any operator":
        one["operator"] = draw(st.sampled_from(list(OPERANDS)))
    elif twist == "no operator":
        del one["operator"]
    elif twist == "null operator":
        one["operator"] = None
    elif twist == "no value":
        del one["value"]
    elif twist == "no type":
        del one["type"]
    elif twist == "negation":
        one["negation"] = True
    elif twist == "unknown operator":
        one["operator"] = "resembles"
    elif twist == "cohort operator":
        one["operator"] = draw(st.sampled_from(["in", "not_in", "flag_evaluates_to"]))
    elif twist == "unknown type":
        one["type"] = "astrological"
    elif twist == "person_metadata":
        one["type"] = "person_metadata"
    elif twist == "number key":
        one["key"] = 7
    return one
