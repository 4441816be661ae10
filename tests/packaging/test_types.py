"""What type checkers know of the installed packages: nearly every public symbol has a known type."""

import json
import os
import subprocess
import sys

import pytest

from tests.packaging.building import environment, python_of

LEAST = 0.99
# Symbols whose types come from packages that are not installed everywhere, such as OpenFeature's, aside.
EXPECTED = {"flagengine": 5000, "flagengine.transports": 3000}


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """Make a virtual environment with flagengine."""
    folder = tmp_path_factory.mktemp("typed")
    environment(folder / "venv", built.wheel)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("package", EXPECTED)
def test_the_types_of_the_public_symbols_are_known(installed, package):
    pytest.importorskip("pyright")
    command = [sys.executable, "-m", "pyright"]
    # pyright fetches its program at its first use.
    if subprocess.run([*command, "--version"], capture_output=True, check=False).returncode:
        pytest.skip("pyright does not start")
    folder = python_of(installed / "venv").parent
    done = subprocess.run(
        [*command, "--verifytypes", package, "--ignoreexternal", "--outputjson"],
        cwd=installed,
        env=os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout)["typeCompleteness"]
    counts = report["exportedSymbolCounts"]
    assert sum(counts.values()) > EXPECTED[package]
    unknown = [
        each["name"] for each in report["symbols"] if each["isExported"] and not each["isTypeKnown"]
    ]
    assert report["completenessScore"] >= LEAST, unknown
