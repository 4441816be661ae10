"""Work and memory are linear in the document (SPEC R15.5 to R15.10), by counting, not by timing.

`python -m tests.bounded` measures every operation on every shape at any size.
"""

import pytest

from tests.bounded.growing import growth
from tests.bounded.long_names import LONG_NAMES
from tests.bounded.operations import OPERATIONS
from tests.bounded.shapes import SHAPES
from tests.bounded.steps import peak, steps

LINEAR = 1.1
"""Twice the document may take 2.2 times the work: some of it is joining and sorting."""

ALWAYS = (
    "parse",
    "issues",
    "first_use",
    "second_use",
    "third_use",
    "use_without_id",
    "explained_as_text",
    "required_by_all",
    "rendered",
    "changed",
)
SOMETIMES = tuple(operation for operation in OPERATIONS if operation not in ALWAYS)

SHARING = (
    "cohorts_that_double",
    "cohorts_that_double_in_or",
    "flags_in_layers",
    "flags_that_double",
    "conditions_and_variants",
    "wrong_pins",
    "unused_payloads",
)
"""The shapes that took more than linear time somewhere once."""


@pytest.mark.rule("R15.5", "R15.6", "R15.7", "R15.9")
@pytest.mark.parametrize("shape", SHAPES)
def test_twice_the_document_takes_twice_the_work(shape: str) -> None:
    found = {operation: growth(shape, operation, steps).factor for operation in ALWAYS}
    assert {operation: factor for operation, factor in found.items() if factor > LINEAR} == {}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHARING)
def test_rarer_operations_are_linear_too(shape: str) -> None:
    found = {operation: growth(shape, operation, steps).factor for operation in SOMETIMES}
    assert {operation: factor for operation, factor in found.items() if factor > LINEAR} == {}


@pytest.mark.parametrize("shape", SHARING)
def test_twice_the_document_takes_twice_the_memory(shape: str) -> None:
    found = {
        operation: growth(shape, operation, peak).factor
        for operation in ("first_use", "second_use", "explained_as_data", "rendered")
    }
    assert {operation: factor for operation, factor in found.items() if factor > 1.2} == {}


@pytest.mark.rule("R15.5", "R15.10")
@pytest.mark.parametrize("shape", LONG_NAMES)
@pytest.mark.parametrize(
    "operations",
    [
        ("issues", "first_use", "compiling_alone", "rendered"),
        pytest.param(
            ("explained_as_text", "validated", "changed", "use_without_id"), marks=pytest.mark.slow
        ),
    ],
    ids=["often", "rarely"],
)
def test_a_long_name_of_many_parts_takes_its_memory_once(
    shape: str, operations: tuple[str, ...]
) -> None:
    found = {operation: growth(shape, operation, peak, scale=4).factor for operation in operations}
    assert {operation: factor for operation, factor in found.items() if factor > 1.25} == {}
