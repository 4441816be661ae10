"""posthog-python's own tests of flags, contexts and capture, run over the shim and compared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest

pytestmark = pytest.mark.contract("setup")

ROOT: Final = Path(__file__).parents[4]
EXPECTED: Final = tomllib.loads(Path(__file__).with_name("expectations.toml").read_text("utf-8"))
REASONS: Final = {name: each for name, each in EXPECTED.items() if isinstance(each, dict)}
VERSION: Final = "7.91.1"


def _is_installed() -> bool:
    try:
        is_right = version("posthog") == VERSION
    except PackageNotFoundError:
        return False
    return is_right and all(map(find_spec, ("posthog.test", "parameterized", "freezegun")))


def test_each_failure_is_listed_once_with_a_reason():
    listed = [test for each in REASONS.values() for test in each["tests"]]
    assert len(listed) == len(set(listed))
    assert all(each["why"].endswith(".") and each["tests"] for each in REASONS.values())


@pytest.mark.slow
@pytest.mark.skipif(
    not _is_installed(),
    reason=f"needs posthog=={VERSION} with its tests, parameterized and freezegun (the group `differential`)",
)
@pytest.mark.skipif(sys.platform == "win32", reason="the runner ends hanging tests by a signal")
def test_posthog_pythons_tests_come_out_as_listed():
    # Other plugins of pytest would take part in the run.
    quiet = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "tests.transports.posthog.upstream"]
    done = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    rows: list[list[Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    failed = {test: detail for test, outcome, detail in rows if outcome == "failed"}
    listed = {test for each in REASONS.values() for test in each["tests"]}
    assert {test: failed[test] for test in failed.keys() - listed} == {}
    assert listed - failed.keys() == set(), "these pass now: take them off the list"
    counts = {name: sum(row[1] == name for row in rows) for name in ("passed", "private")}
    assert counts == {name: EXPECTED[name] for name in counts}
