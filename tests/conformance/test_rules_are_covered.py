"""Every rule of SPEC.md has a fixture or a test that names it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RULE = re.compile(r"^\*\*(R\d+\.\d+)\*\*", re.MULTILINE)


def _marked_rules(path: Path) -> Iterator[str]:
    """Return the texts in `@pytest.mark.rule(...)`, read from the source without importing it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "rule"
        ):
            yield from (
                argument.value for argument in node.args if isinstance(argument, ast.Constant)
            )


def _marked() -> set[str]:
    return {rule for path in (ROOT / "tests").rglob("test_*.py") for rule in _marked_rules(path)}


def _rules() -> list[str]:
    return RULE.findall((ROOT / "SPEC.md").read_text(encoding="utf-8"))


def test_every_rule_has_a_fixture_or_a_test(every_entry: list[dict[str, Any]]) -> None:
    covered = {rule for entry in every_entry for rule in entry["rules"]} | _marked()
    assert [rule for rule in _rules() if rule not in covered] == []


def test_every_rule_that_a_test_names_exists() -> None:
    assert _marked() - set(_rules()) == set()
