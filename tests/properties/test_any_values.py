"""A value, alone or inside others, is its JSON to every evaluator (SPEC R7.7-R7.9)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine import NOT_GIVEN, Snapshot, evaluate, evaluate_flag, explain, to_json_value
from tests.any_values import VALUES

_NAMES = sorted(set(VALUES) - {"far too deep", "deep", "too deep", "holding itself"})
_FLAGS = [
    {
        "key": f"{operator} {number}",
        "active": True,
        "filters": {
            "groups": [
                {
                    "properties": [
                        {"key": "p", "type": "person", "operator": operator, "value": operand}
                    ]
                }
            ]
        },
    }
    for number, operand in enumerate(["pro", ["true", 1], "[1]", 7])
    for operator in ("exact", "is_not", "icontains", "gt")
]


def _made(shape: Any) -> Any:
    """Return a new value of the shape: a name, or a list or dict of shapes."""
    if isinstance(shape, list):
        return [_made(inner) for inner in shape]
    if isinstance(shape, dict):
        return {key: _made(inner) for key, inner in shape.items()}
    return VALUES[shape][0]()


def _json(shape: Any) -> Any:
    if isinstance(shape, list):
        members = [_json(inner) for inner in shape]
        return NOT_GIVEN if NOT_GIVEN in members else members
    if isinstance(shape, dict):
        found = {key: _json(inner) for key, inner in shape.items()}
        return NOT_GIVEN if NOT_GIVEN in found.values() else found
    return VALUES[shape][1]


_SHAPES = st.recursive(
    st.sampled_from(_NAMES),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=5,
)


class TestAnyValues:
    """R7.7-R7.9: whatever comes in."""

    @pytest.mark.rule("R7.7", "R7.8", "R7.9")
    @given(_SHAPES, st.booleans())
    def test_what_is_made_of_any_values_is_made_of_their_json(self, shape: Any, complete: bool):
        json = _json(shape)
        assert to_json_value(_made(shape)) == json
        snapshot = Snapshot.parse({"flags": _FLAGS})
        for key in snapshot.keys:
            expected = explain(snapshot, key, "u", {"p": json}, complete=complete).resolution
            for _ in range(3):
                props = {"p": _made(shape)}
                assert evaluate_flag(snapshot, key, "u", props, complete=complete) == expected
            assert evaluate(snapshot, "u", {"p": _made(shape)}, complete=complete)[key] == expected
