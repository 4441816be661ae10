"""Work and memory are linear in the document (SPEC R15.5 to R15.10), by counting, not by timing.

`python -m tests.bounded` measures every operation on every shape at any size.
"""

from collections.abc import Iterable

import pytest

from tests.bounded.growing import Measure, growth
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
    assert _growing(shape, ALWAYS, steps, LINEAR) == {}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHARING)
def test_rarer_operations_are_linear_too(shape: str) -> None:
    assert _growing(shape, SOMETIMES, steps, LINEAR) == {}


@pytest.mark.parametrize("shape", SHARING)
def test_twice_the_document_takes_twice_the_memory(shape: str) -> None:
    operations = ("first_use", "second_use", "explained_as_data", "rendered")
    assert _growing_in_memory(shape, operations, 1.2) == {}


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
    # Documents of this size take less for each part than larger ones, where the factor is 1.1.
    assert _growing_in_memory(shape, operations, 1.3, scale=4) == {}


def _growing(
    shape: str, operations: Iterable[str], measure: Measure, limit: float, scale: int = 1
) -> dict[str, float]:
    """Return the operations that grow by more than a limit, with their factors."""
    found = {operation: growth(shape, operation, measure, scale=scale) for operation in operations}
    return {
        operation: growth.factor for operation, growth in found.items() if growth.factor > limit
    }


def _growing_in_memory(
    shape: str, operations: Iterable[str], limit: float, scale: int = 1
) -> dict[str, float]:
    """Return the operations whose memory grows by more than a limit twice in succession.

    The interpreter's table of interned names grows in one step, by megabytes in a process that knows
    many names, and counts for the operation that happens to fill the table. It then has room for long.
    """
    once = _growing(shape, operations, peak, limit, scale)
    return _growing(shape, once, peak, limit, scale)
