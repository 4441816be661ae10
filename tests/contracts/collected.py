"""The tests and the contracts that they name, read from the source without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]

Marked = tuple[str, frozenset[str]]
"""A test's id, ``transports/test_x.py::TestY::test_z``, and the contracts it covers."""


@cache
def marked_tests() -> tuple[Marked, ...]:
    return tuple(each for path in sorted(TESTS.rglob("test_*.py")) for each in _of_file(path))


def contracts_covered() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for test, contracts in marked_tests():
        for contract in sorted(contracts):
            found.setdefault(contract, []).append(test)
    return found


def _of_file(path: Path) -> Iterator[Marked]:
    module = ast.parse(path.read_text(encoding="utf-8"))
    yield from _of_body(module.body, path.relative_to(TESTS).as_posix(), _own_marks(module.body))


def _of_body(body: list[ast.stmt], prefix: str, marks: frozenset[str]) -> Iterator[Marked]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            inner = marks | _marks(node.decorator_list) | _own_marks(node.body)
            yield from _of_body(node.body, f"{prefix}::{node.name}", inner)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name.startswith("test"):
                yield f"{prefix}::{node.name}", marks | _marks(node.decorator_list)
        elif isinstance(node, ast.Assign) and _is_test_case(node):
            # Hypothesis makes classes of tests by assignment.
            yield f"{prefix}::{ast.unparse(node.targets[0])}", marks | _marks([node.value])


def _own_marks(body: list[ast.stmt]) -> frozenset[str]:
    """Return the contracts of ``pytestmark = ...``."""
    values = [
        node.value
        for node in body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"
    ]
    return _marks(values)


def _marks(nodes: list[ast.expr]) -> frozenset[str]:
    """Return the names in every ``pytest.mark.contract(...)`` in the nodes."""
    return frozenset(
        argument.value
        for node in nodes
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.contract"
        for argument in call.args
        if isinstance(argument, ast.Constant)
    )


def _is_test_case(node: ast.Assign) -> bool:
    return ast.unparse(node.targets[0]).startswith("Test")
