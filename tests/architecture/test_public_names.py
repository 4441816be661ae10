"""The names that the package exports, and those that the transports may use."""

import ast
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from typing import Final

import pytest

import flagengine
from tests.architecture.layers import ENGINE, ROOT, TRANSPORTS, Import, imports, modules


def _public(module: str) -> set[str]:
    """Return the names that a module defines itself, without those with an underscore."""
    found = import_module(module)
    return {
        name
        for name, value in vars(found).items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith("flagengine")
    }


def test_all_is_every_public_name():
    for name in flagengine.__all__:
        getattr(flagengine, name)  # loaded on demand
    exported = set(flagengine.__all__) - {"NOT_GIVEN"}  # an enumeration's member
    assert exported <= set(vars(flagengine))
    assert _public("flagengine") - exported <= {"NOT_GIVEN"}


def test_the_names_are_sorted_and_documented():
    assert flagengine.__all__ == sorted(
        flagengine.__all__, key=lambda name: (not name.isupper(), name)
    )
    for name in flagengine.__all__:
        assert getattr(flagengine, name).__doc__, name


def test_the_names_of_the_brief_exist():
    names = {"Snapshot", "evaluate", "evaluate_flag", "explain", "requirements", "Resolution"}
    assert names <= set(flagengine.__all__)
    assert set(dir(flagengine)) >= set(flagengine.__all__)


def _exports_nothing(module: str) -> bool:
    """Return whether the __init__ of a package has a docstring and no code."""
    path = modules("flagengine")[module]
    return path.name == "__init__.py" and len(ast.parse(path.read_text("utf-8")).body) == 1


MODULES: Final = [
    name
    for name in modules("flagengine")
    if "cli" not in name and name != "flagengine.__main__" and not _exports_nothing(name)
]


@pytest.mark.parametrize("module", MODULES)
def test_every_module_lists_what_it_exports(module: str):
    if "adapters" in module and "columns_added" not in module:
        engine = module.rpartition(".")[2].removesuffix("_files")
        pytest.importorskip(engine.replace("spark", "pyspark"))
    exported = getattr(import_module(module), "__all__", None)
    assert exported is not None
    for name in exported:
        getattr(import_module(module), name)


COMMANDS: Final = f"{TRANSPORTS}.cli"
"""The commands of the transports, which also use these parts of the engine's command line."""
PARTS_OF_COMMANDS: Final = {
    f"{ENGINE}.cli.{name}" for name in ("output", "reading", "trouble", "writing")
}


def _is_part_of_a_command(entry: Import) -> bool:
    return _is_command(entry.importer) and entry.module in PARTS_OF_COMMANDS


def _is_command(module: str) -> bool:
    return f"{module}.".startswith(f"{COMMANDS}.")


def test_the_transports_use_public_names_only():
    found = list(imports(TRANSPORTS))
    foreign = [
        f"{entry.importer} imports {', '.join(entry.names) or entry.module}"
        for entry in found
        if entry.package == ENGINE
        and (entry.module != ENGINE or not set(entry.names) <= set(flagengine.__all__))
        and not _is_part_of_a_command(entry)
    ]
    assert found
    assert foreign == []


def test_nothing_else_of_the_transports_imports_their_commands():
    users = {
        entry.importer
        for entry in imports(TRANSPORTS)
        if _is_command(entry.module) and not _is_command(entry.importer)
    }
    assert users == set()


def test_a_snapshot_shows_its_users_few_names():
    shown = {name for name in dir(flagengine.Snapshot) if not name.startswith("_")}
    assert shown == {
        "evaluator",
        "fingerprint",
        "flags",
        "group_type_mapping",
        "issues",
        "keys",
        "changed_keys",
        "minimal_flag_called_events",
        "overrides",
        "parse",
        "property_matching_version",
        "to_document",
        "with_flag",
        "with_overrides",
        "with_rollout",
    }


def test_the_version_is_that_of_the_distribution():
    assert flagengine.__version__ == version("flagengine")
    program = "import flagengine, sys; print('importlib.metadata' in sys.modules)"
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "False"
