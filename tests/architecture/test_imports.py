"""Imports run downwards only, and nothing heavy is imported before it is needed."""

import subprocess
import sys
from typing import Final

import pytest

from tests.architecture.layers import ROOT, imports, modules

LAYERS: Final = [
    {"native"},
    {"values", "hashing"},
    {"results"},
    {"inputs", "operators"},
    {"definitions"},
    {"plan"},
    {"evaluation"},
    {"compiled"},
    {"snapshot"},
    {"evaluator"},
    {"analysis"},
    {"lint"},
    {"columnar"},
    {"batch"},
    {"cli"},
    {"__main__"},
]
"""The modules and packages of flagengine, the lowest layer first. Inside one, imports are free.

``flagengine`` itself, which only exports names, stands above all but the command line.
"""

HEAVY: Final = ["jsonschema", "requests", "click", "rich", "numpy", "pyarrow", "re2", "posthog"]


def _part(module: str) -> str:
    return [*module.split("."), ""][1]


def _level(part: str) -> int:
    return next(level for level, parts in enumerate(LAYERS) if part in parts)


def test_every_module_has_a_layer():
    parts = {_part(name) for name in modules("flagengine")} - {""}
    assert parts == {part for layer in LAYERS for part in layer}


def test_imports_run_downwards_only():
    upward = [
        f"{one.importer} imports {one.module}"
        for one in imports("flagengine")
        if one.top == "flagengine"
        and not one.is_for_types
        and _part(one.importer)
        and _part(one.module)
        and _part(one.importer) != _part(one.module)
        and _level(_part(one.importer)) < _level(_part(one.module))
    ]
    assert upward == []


def test_nobody_below_the_command_line_imports_the_package_for_its_public_names():
    found = [
        f"{one.importer}: {', '.join(one.names)}"
        for one in imports("flagengine")
        if one.module == "flagengine" and _part(one.importer) not in ("cli", "__main__")
    ]
    assert found == []


@pytest.mark.parametrize("statement", ["import flagengine", "from flagengine import evaluate"])
def test_importing_the_engine_imports_nothing_heavy(statement: str):
    program = f"{statement}\nimport sys\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"
