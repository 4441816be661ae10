"""The list of exceptions is an ordered, limited tree for any references between them."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flagengine.transports.exceptions import ExceptionSettings

from .raising import entries, properties, raised

pytestmark = pytest.mark.contract("exception-event-metadata")
LINKS = st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29), st.booleans()), max_size=60)


@st.composite
def graphs(draw):
    """Build exceptions and groups that refer to each other at random."""
    errors = [ValueError(str(number)) for number in range(20)]
    for number in range(10):
        members = draw(st.lists(st.sampled_from(errors), min_size=1, max_size=12))
        errors.append(ExceptionGroup(f"g{number}", members))
    for index, other, is_cause in draw(LINKS):
        with suppress(TypeError):
            if is_cause:
                errors[index].__cause__ = errors[other]
            else:
                errors[index].__context__ = errors[other]
    return draw(st.sampled_from(errors))


@given(graphs())
@settings(max_examples=50, deadline=None)
def test_any_graph_becomes_a_bounded_tree_with_parents_first(error):
    found = entries(error, settings=ExceptionSettings(source_context_lines=0))
    links = [entry["mechanism"] for entry in found]
    assert 1 <= len(found) <= 50
    assert [link["exception_id"] for link in links] == list(range(len(found)))
    assert all(0 <= link["parent_id"] < link["exception_id"] for link in links[1:])
    assert len({entry["value"] for entry in found}) == len(found)
    assert is_depth_first([link.get("parent_id") for link in links])
    json.dumps(found)


def is_depth_first(parents):
    """Return whether each parent is the previous entry or an ancestor of the previous entry."""
    for number in range(1, len(parents)):
        ancestor = number - 1
        while ancestor is not None and ancestor != parents[number]:
            ancestor = parents[ancestor]
        if ancestor is None:
            return False
    return True


def test_notes_are_part_of_the_message():
    error = raised(ValueError("boom"))
    error.add_note("while paying")
    assert entries(error)[0]["value"] == "boom\nwhile paying"
    error.__notes__ = "no list"
    assert entries(error)[0]["value"] == "boom"


def test_a_message_is_bounded_and_has_no_keys_in_it():
    assert len(entries(ValueError("x" * 100_000))[0]["value"]) == 4096
    assert entries(ValueError("bad key phx_abcdef123"))[0]["value"] == "bad key ***"


def test_python_frames_have_no_addresses_and_so_no_debug_images():
    found = properties(raised(ValueError()))
    assert "$debug_images" not in found
    for frame in found["$exception_list"][0]["stacktrace"]["frames"]:
        assert not {"instruction_addr", "image_addr"} & frame.keys()
