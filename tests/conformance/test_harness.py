"""A run of the public conformance harness, if ``HARNESS_DIR`` names a checkout of it.

PostHog/posthog-sdk-test-harness is not part of this project. ``HARNESS_PYTHON`` names a Python with
its dependencies; by default, the Python that runs the tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .test_adapter import free_port, running

HARNESS = os.environ.get("HARNESS_DIR", "")
# The harness's command line, but listening only on 127.0.0.1.
RUN = """
import logging, flask
logging.getLogger("werkzeug").setLevel(logging.ERROR)
serve = flask.Flask.run
flask.Flask.run = lambda self, host=None, *a, **kw: serve(self, "127.0.0.1", *a, **kw)
from posthog_test_harness.cli import main
main()
"""


@pytest.mark.skipif(not HARNESS, reason="HARNESS_DIR is not set: the harness was not run")
@pytest.mark.parametrize(("mode", "tests"), [("v0", 52), ("v1", 117)])
def test_the_harness_passes(mode: str, tests: int, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    port = str(free_port())
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(HARNESS) / "src"),
        "NO_PROXY": "127.0.0.1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with running(mode) as address:
        arguments = ["run", "--adapter-url", address, "--sdk-type", "server"]
        arguments += ["--mock-port", port, "--mock-url", f"http://127.0.0.1:{port}"]
        arguments += ["--concurrency", "10", "--report", str(report)]
        python = os.environ.get("HARNESS_PYTHON", sys.executable)
        subprocess.run(
            [python, "-c", RUN, *arguments], cwd=HARNESS, env=environment, check=False, timeout=600
        )
    result = json.loads(report.read_text())
    failed = [
        f"{test['name']}: {test['message']}"
        for suite in result["suites"]
        for test in suite["tests"]
        if not test["passed"]
    ]
    assert failed == []
    assert result["summary"]["passed"] == tests
