"""Only flagengine/columnar and flagengine/batch import the libraries for tables."""

import ast
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "flagengine"
HEAVY = {"numpy", "pyarrow", "pyspark", "polars", "pandas", "duckdb", "dask", "ray"}
ENGINES = HEAVY - {"numpy", "pyarrow"}
ALLOWED = {"spark": {"pyspark"}, "dask": {"dask", "pandas"}, "tabular": {"pandas", "polars"}}
"""By module: engines that it imports besides the one of its own name."""


def _imported(path: Path) -> set[str]:
    """Return the top-level packages that a file imports, without imports for type checkers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").split(".")[0])
    return found


def test_only_the_two_packages_of_tables_import_arrow_and_numpy():
    for path in PACKAGE.rglob("*.py"):
        if not {"batch", "columnar"} & set(path.relative_to(PACKAGE).parts[:-1]):
            assert not _imported(path) & HEAVY, path


def test_only_its_adapter_imports_an_engine():
    for path in [*(PACKAGE / "batch").rglob("*.py"), *(PACKAGE / "columnar").rglob("*.py")]:
        adapted = path.stem.removesuffix("_files")
        assert _imported(path) & ENGINES <= ALLOWED.get(adapted, {adapted}), path


def test_the_rest_of_the_package_does_not_load_them():
    script = "import flagengine, flagengine.cli.app, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert not loaded & HEAVY
    assert "flagengine.batch" not in done.stdout.split()
