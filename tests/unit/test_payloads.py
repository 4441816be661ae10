"""Payload texts: what is JSON, and what is remembered (SPEC R12.3)."""

import pytest

from flagengine import decode_payload
from flagengine.values.payloads import shared_payload


@pytest.mark.parametrize(
    "raw",
    ["NaN", "Infinity", "-Infinity", "[NaN]", '{"a": {"b": [-Infinity]}}', "1e999", "[-1e999]"],
)
def test_numbers_that_json_lacks_leave_the_text(raw: str) -> None:
    assert decode_payload(raw) == raw
    assert shared_payload(raw) == raw


def test_the_later_of_two_members_counts() -> None:
    assert decode_payload('{"a": 1, "a": [2.5]}') == {"a": [2.5]}


def test_text_that_is_nested_too_deep_is_handed_back() -> None:
    raw = "[" * 100_000 + "]" * 100_000
    assert decode_payload(raw) == raw
    assert shared_payload(raw) == raw


def _at_the_end_of_the_stack(raw: str) -> object:
    try:
        return _at_the_end_of_the_stack(raw)
    except RecursionError:
        return shared_payload(raw)


def test_a_payload_for_which_the_stack_had_no_room_is_decoded_by_the_next_call() -> None:
    raw = "[" * 60 + "]" * 60
    assert _at_the_end_of_the_stack(raw) == raw
    assert shared_payload(raw) != raw
