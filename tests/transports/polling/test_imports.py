"""Importing the polling modules imports no module that only some applications need."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys, threading
import flagengine.transports.polling, flagengine.transports.polling.sources
import flagengine.transports.flags.evaluate
print(*[name for name in {names!r} if name in sys.modules], threading.active_count())
"""


@pytest.mark.contract("setup")
def test_importing_starts_no_thread_and_loads_neither_network_nor_event_loop() -> None:
    names = ["requests", "urllib3", "redis", "asyncio", "jsonschema", "re2"]
    program = PROGRAM.format(names=names)
    environment = {"PYTHONPATH": ":".join(sys.path)}
    output = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    ).stdout
    assert output.split() == ["1"]
