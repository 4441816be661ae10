"""Processes that are spawned and not forked: clients, the host cache, the spool and batches."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from .mock_server import Answer, MockServer

PROGRAM = Path(__file__).with_name("spawned.py")
SERVED = {"key": "served", "active": True, "filters": {"groups": [{"rollout_percentage": 100}]}}
METHODS = [name for name in multiprocessing.get_all_start_methods() if name != "fork"]


@pytest.mark.contract("shutdown", "flag-definition-loader")
@pytest.mark.parametrize("method", METHODS)
def test_processes_that_inherit_nothing_work_as_forked_ones_do(
    method: str, tmp_path: Path, server: MockServer
) -> None:
    server.default = Answer(body=json.dumps({"flags": [SERVED], "cohorts": {}}).encode())
    done = subprocess.run(
        [sys.executable, "-W", "error", PROGRAM, method, server.url, tmp_path],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("works\n", "")
    batches = [seen for seen in server.seen if seen.path == "/batch/" and seen.is_whole]
    events = Counter(event["event"] for seen in batches for event in seen.json()["batch"])
    assert events == {f"worker {number}": 1 for number in range(2)}
    asked = [seen for seen in server.seen if seen.path.startswith("/flags/definitions")]
    assert len(asked) == 1
    assert list((tmp_path / "spool" / "events").iterdir()) == []
