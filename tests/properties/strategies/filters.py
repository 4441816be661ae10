"""Strategies for property filters: operators with fitting and unfitting operands."""

from typing import Any, Final

from hypothesis import strategies as st

from tests.properties.strategies.choice import pick
from tests.properties.strategies.vocabulary import FITTING, GROUP, KINDS, OPERANDS, PERSON

__all__ = ["group_filter", "person_filter"]


def _cases(names: dict[str, str], kind: str) -> list[dict[str, Any]]:
    """Return all sensible filters, as a pool to sample from with a single draw."""
    return [
        {"key": name, "type": kind, "operator": operator, "value": operand}
        for name, looks in names.items()
        for operator in FITTING[looks]
        for operand in OPERANDS[operator]
    ]


_PERSON_CASES: Final = _cases(PERSON, "person")
_GROUP_CASES: Final = _cases(GROUP, "group")
_ANYTHING: Final = [value for values in KINDS.values() for value in values]
_INDEXES: Final = [0, 0, 0, 0, 0, 0, 1, "absent", None, 7]
_TWISTS: Final = ["none"] * 50 + [
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


def person_filter(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a filter on a person property; one in three is odd in some way."""
    return _twisted(draw, dict(pick(draw, _PERSON_CASES)))


def group_filter(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a filter on a group property, with or without the index of its group type."""
    filter_ = dict(pick(draw, _GROUP_CASES))
    index = pick(draw, _INDEXES)
    if index != "absent":
        filter_["group_type_index"] = index
    return _twisted(draw, filter_)


def _twisted(draw: st.DrawFn, filter_: dict[str, Any]) -> dict[str, Any]:  # noqa: C901 a table
    twist = pick(draw, _TWISTS)
    if twist == "any operand":
        filter_["value"] = pick(draw, _ANYTHING)
    elif twist == "any operator":
        filter_["operator"] = pick(draw, list(OPERANDS))
    elif twist == "no operator":
        del filter_["operator"]
    elif twist == "null operator":
        filter_["operator"] = None
    elif twist == "no value":
        del filter_["value"]
    elif twist == "no type":
        del filter_["type"]
    elif twist == "negation":
        filter_["negation"] = True
    elif twist == "unknown operator":
        filter_["operator"] = "resembles"
    elif twist == "cohort operator":
        filter_["operator"] = pick(draw, ["in", "not_in", "flag_evaluates_to"])
    elif twist == "unknown type":
        filter_["type"] = "astrological"
    elif twist == "person_metadata":
        filter_["type"] = "person_metadata"
    elif twist == "number key":
        filter_["key"] = 7
    return filter_
