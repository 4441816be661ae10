"""Strategies for documents with odd values anywhere, which must do no harm."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from tests.properties.strategies.documents import Doc, documents

__all__ = ["absurd_documents", "absurd_values", "documents_with_an_absurd_flag"]


def _nested_lists(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def _nested_groups(depth: int) -> Any:
    value: Any = {"key": "plan", "type": "person", "value": "pro"}
    for _ in range(depth):
        value = {"type": "AND", "values": [value]}
    return value


_ABSURD = [
    None,
    True,
    0,
    -0.0,
    float("nan"),
    float("-inf"),
    10**30,
    10**400,
    -(10**5000),
    1e308,
    "",
    "\ud800",
    "\x00",
    "x" * 1000,
    [],
    {},
    [None],
    {"": None},
    {"type": "AND", "values": "x"},
    {"values": [{}]},
    _nested_lists(60),
    _nested_lists(130),
    _nested_lists(3000),
    _nested_groups(51),
    _nested_groups(400),
    _nested_groups(3000),
    {"id": "x", "exclusion_percentage": True},
    {"key": ["x"], "type": {"a": 1}, "operator": [], "value": {"b": [1]}},
    {"hash": ["sha1"]},
    {"variants": [{"key": 5, "rollout_percentage": "5"}]},
]

_ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


def absurd_values() -> st.SearchStrategy[Any]:
    """Return odd values."""
    return st.sampled_from(_ABSURD) | _ANY_JSON


@st.composite
def absurd_documents(draw: st.DrawFn) -> Doc:
    """Draw a document with odd values in one to three places."""
    document = _copied(draw(documents()))
    _spoil(draw, document, list(_places(document)))
    return document


@st.composite
def documents_with_an_absurd_flag(draw: st.DrawFn) -> tuple[Doc, Doc]:
    """Draw a document, and a copy with an odd value in its first flag's filters."""
    document = draw(documents())
    spoilt = _copied(document)
    _spoil(draw, spoilt, list(_places(spoilt["flags"][0]["filters"])))
    return document, spoilt


def _copied(document: Doc) -> Doc:
    """Return a copy without shared objects."""
    copied: Doc = json.loads(json.dumps(document))
    return copied


def _spoil(draw: st.DrawFn, document: Doc, places: list[tuple[Any, Any]]) -> None:
    for _ in range(draw(st.integers(1, 3))):
        container, name = places[draw(st.integers(0, len(places) - 1))]
        if container is document and name == "flags":
            document["flags"].append(draw(absurd_values()))
        else:
            container[name] = draw(absurd_values())


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place of a document."""
    waiting: list[Any] = [document]
    while waiting:
        container = waiting.pop()
        for name in list(container) if isinstance(container, dict) else range(len(container)):
            yield container, name
            if isinstance(container[name], dict | list):
                waiting.append(container[name])
