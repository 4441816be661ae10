"""The engine has no effects, according to its source and to an audit of its evaluation."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.architecture.layers import ENGINE, ROOT, TRANSPORTS, Import, imports, modules

EFFECTS: Final = {
    "asyncio",
    "io",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "secrets",
    "shutil",
    "socket",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib",
    "warnings",
}
ONLY_IN: Final[dict[str, str | tuple[str, ...]]] = {
    "click": "flagengine.cli",
    "rich": "flagengine.cli",
    "jsonschema": "flagengine.analysis.lint.validation",
    "numpy": ("flagengine.columnar", "flagengine.batch"),
    "pyarrow": ("flagengine.columnar", "flagengine.batch", "flagengine.cli.tables"),
    "pyspark": "flagengine.batch",
    "re2": "flagengine.operators.patterns.engine",
    "mmh3": ("flagengine.hashing.murmur3", "flagengine.batch.statistics.exposures"),
    "tqdm": "flagengine.batch.progress",
    "matplotlib": "flagengine.batch.plots",
    "scipy": "flagengine.batch.statistics.chi_square",
    "zoneinfo": "flagengine.inputs.environment",
    "flagengine.inputs.environment": "flagengine.",
}
"""Modules that only these parts may import."""
LAZY: Final = {"jsonschema", "re2", "zoneinfo", "tqdm", "scipy"}
"""Modules that may be imported only inside a function."""
NEVER: Final = {"transports", "requests", "httpx", "aiohttp", "posthog", "tests"}
EDGES: Final = (
    "flagengine.cli",
    "flagengine.__main__",
    "flagengine.batch",
    "flagengine.columnar.flag_kernel",
)
"""The command line reads files, writes to terminals and has exit codes; tables are read from files
and evaluated by as many threads as the machine has cores, which share one kernel."""

WRITES_THE_NAME: Final = "flagengine.analysis.accessors.module"
"""The module that generates source, which imports the transports: it writes their name, and no more."""


def _is_edge(entry: Import) -> bool:
    return entry.importer.startswith(EDGES)


class TestSource:
    """The imports in the source."""

    def test_nothing_imports_a_module_that_has_effects(self):
        found = [
            f"{entry.importer} imports {entry.module}"
            for entry in imports("flagengine")
            if entry.top in EFFECTS and not _is_edge(entry)
        ]
        assert found == []

    def test_nothing_imports_the_transports_or_a_client(self):
        found = [
            f"{entry.importer} imports {entry.module}"
            for entry in imports(ENGINE)
            if entry.top in NEVER or entry.package == TRANSPORTS
        ]
        assert found == []

    def test_commands_of_other_packages_are_imported_in_one_place(self):
        users = {
            entry.importer for entry in imports(ENGINE) if entry.module == "importlib.metadata"
        }
        assert users <= {ENGINE, "flagengine.cli.added_commands"}

    def test_nothing_names_the_transports_to_import_them_by_text(self):
        found = {
            name for name, path in modules(ENGINE).items() if TRANSPORTS in path.read_text("utf-8")
        }
        assert found == {WRITES_THE_NAME}
        imported = {entry.module for entry in imports(ENGINE) if entry.importer == WRITES_THE_NAME}
        assert not any(name.startswith(("importlib", "pkgutil", "runpy")) for name in imported)

    @pytest.mark.parametrize(("module", "place"), ONLY_IN.items())
    def test_a_dependency_is_imported_where_it_belongs(
        self, module: str, place: str | tuple[str, ...]
    ):
        users = {
            entry.importer for entry in imports("flagengine") if module in (entry.top, entry.module)
        }
        assert {user for user in users if not user.startswith(place)} == set()

    def test_slow_dependencies_are_imported_when_they_are_needed(self):
        early = [
            entry for entry in imports("flagengine") if entry.top in LAZY and not entry.is_lazy
        ]
        assert early == []

    def test_the_clock_is_read_in_one_place(self):
        readers = {
            name
            for name, path in modules("flagengine").items()
            if any(word in path.read_text("utf-8") for word in (".now(", ".today(", ".utcnow("))
        }
        assert readers == {"flagengine.inputs.environment"}

    def test_nothing_opens_prints_or_runs_text(self):
        allowed = {"flagengine.compiled.source": {"exec("}, "flagengine.values.record": {"exec("}}
        words = ("open(", "print(", "input(", "exec(", "eval(", "__import__(", "globals()[")
        found = {
            (name, word)
            for name, path in modules("flagengine").items()
            if not name.startswith(EDGES)
            for word in words
            if any(_calls(line, word) for line in path.read_text("utf-8").splitlines())
        }
        found -= {(name, word) for name, words in allowed.items() for word in words}
        assert found <= {("flagengine", "globals()[")}  # names that are loaded on demand


def _calls(line: str, word: str) -> bool:
    before, found, _ = line.partition(word)
    return bool(found) and not (before[-1:].isalnum() or before[-1:] in ("_", ".", '"', "`"))


class TestEffects:
    """The effects of an evaluation, audited in another process."""

    def test_evaluating_every_case_has_no_effect(self):
        program = Path(__file__).with_name("watched.py")
        command = [sys.executable, "-B", "-X", "utf8", str(program), str(ROOT)]
        found = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        assert (found.returncode, found.stderr) == (0, "")
        counted, *effects = found.stdout.splitlines()
        assert int(counted) > 1_000
        assert effects == []
