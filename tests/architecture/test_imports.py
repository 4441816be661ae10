"""Imports run downwards only, and heavy modules are imported only when they are needed."""

import subprocess
import sys
from typing import Final

import pytest

from tests.architecture.layers import ENGINE, ROOT, TRANSPORTS, Layers, circles, imports

LAYERS: Final = [
    {"native", "extras"},
    {"values", "hashing"},
    {"display"},
    {"results"},
    {"inputs"},
    {"operators"},
    {"definitions"},
    {"plan"},
    {"evaluation"},
    {"compiled"},
    {"snapshot"},
    {"evaluator"},
    {"analysis"},
    {"columnar"},
    {"batch"},
    {"cli"},
    {"__main__"},
]
"""The parts of flagengine, the lowest layer first. Inside a part, imports are free.

``flagengine`` itself, which only exports names, is above all parts except the command line.
"""

TRANSPORT_LAYERS: Final = [
    {"application_errors", "log_fields", "missing_files", "spelling"},
    {"abandonment", "application_callbacks", "clock", "derived", "errors"}
    | {"fork_and_exit", "incidents", "json_text", "option_values", "process_lock"}
    | {"retry", "runtime_properties"},
    {"breaker", "steps"},
    {"callers", "http", "request_guard"},
    {"batching", "daemon_threads", "exceptions", "polling"},
    {"context"},
    {"flags"},
    {"client", "openfeature"},
    {"accessors", "observability", "posthog"},
    {"server"},
    {"cli", "testing"},
    {"_alias"},
]
"""The parts of transports, the lowest layer first."""

HEAVY: Final = ["jsonschema", "requests", "click", "rich", "numpy", "pyarrow", "re2", "posthog"]
HEAVY += [TRANSPORTS]

both = pytest.mark.parametrize(
    "layers",
    [Layers(ENGINE, LAYERS), Layers(TRANSPORTS, TRANSPORT_LAYERS)],
    ids=[ENGINE, TRANSPORTS],
)


@both
def test_every_module_has_a_layer(layers: Layers):
    assert layers.unlisted() == set()


@both
def test_imports_run_downwards_only(layers: Layers):
    assert layers.upward() == []


def test_no_modules_import_each_other_in_a_circle():
    assert circles([ENGINE, TRANSPORTS]) == []


MAY_IMPORT_THE_PACKAGE: Final = ("flagengine.cli", "flagengine.__main__")


def test_nobody_below_the_command_line_imports_the_package_for_its_public_names():
    found = [
        f"{found.importer}: {', '.join(found.names)}"
        for package in (ENGINE, TRANSPORTS)
        for found in imports(package)
        if found.module == package and not found.importer.startswith(MAY_IMPORT_THE_PACKAGE)
    ]
    assert found == []


@pytest.mark.parametrize("statement", ["import flagengine", "from flagengine import evaluate"])
def test_importing_the_engine_imports_nothing_heavy(statement: str):
    program = f"{statement}\nimport sys\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    command = [sys.executable, "-c", program]
    found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"


NEEDLESS: Final = [
    "_datetime",
    "_strptime",
    "ast",
    "asyncio",
    "bz2",
    "calendar",
    "copy",
    "dataclasses",
]
NEEDLESS += [
    "datetime",
    "decimal",
    "dis",
    "email",
    "fractions",
    "hashlib",
    "http",
    "importlib.metadata",
]
NEEDLESS += [
    "inspect",
    "linecache",
    "locale",
    "logging",
    "mmh3",
    "numbers",
    "pathlib",
    "pickle",
    "random",
]
NEEDLESS += [
    "selectors",
    "socket",
    "ssl",
    "string",
    "subprocess",
    "tempfile",
    "textwrap",
    "threading",
]
NEEDLESS += ["tokenize", "traceback", "unicodedata", "urllib", "uuid", "zoneinfo"]
"""Modules of the standard library, and mmh3, that not every process needs."""

NEEDLESS_OF_THE_ENGINE: Final = ["analysis", "batch", "cli", "columnar", "compiled.flag", "extras"]
NEEDLESS_OF_THE_ENGINE += ["definitions.owned", "definitions.rules", "evaluation.interpreter"]
NEEDLESS_OF_THE_ENGINE += [
    "evaluation.rules",
    "hashing.murmur3",
    "operators.patterns",
    "operators.strict",
]
NEEDLESS_OF_THE_ENGINE += ["plan.changes", "plan.cohorts", "plan.reference_issues", "plan.render"]
NEEDLESS_OF_THE_ENGINE += ["definitions.edits", "display"]
NEEDLESS_OF_THE_ENGINE += ["transports", "values.instants", "values.version_ranges"]

MOST_MODULES: Final = 65
"""The most of the engine's modules that its first evaluation loads: each takes a third of a millisecond."""


def _imported(statement: str) -> set[str]:
    """Return the modules that a statement adds to those of a new interpreter."""
    program = (
        f"import sys; before = {{*sys.modules}}; {statement}; print(*{{*sys.modules}} - before)"
    )
    command = [sys.executable, "-S", "-c", program]
    found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return set(found.stdout.split())


def test_the_import_loads_nothing_else():
    assert _imported("import flagengine") == {ENGINE}


def test_the_names_for_evaluating_load_only_what_first_evaluations_need():
    found = _imported("from flagengine import Snapshot, evaluate, evaluate_flag")
    needless = {*NEEDLESS, *(f"{ENGINE}.{name}" for name in NEEDLESS_OF_THE_ENGINE)}
    if not any(name.startswith(f"{ENGINE}.native._") for name in found):
        needless -= {"hashlib"}  # the fallback of the accelerator
    assert found & needless == set()
    assert len([name for name in found if f"{name}.".startswith(f"{ENGINE}.")]) <= MOST_MODULES
