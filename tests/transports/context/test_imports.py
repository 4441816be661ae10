"""Importing contexts and exceptions imports no module that only some applications need."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys, threading
before = sys.excepthook, threading.excepthook
import flagengine.transports.context, flagengine.transports.context.wsgi, flagengine.transports.context.asgi
import flagengine.transports.context.tasks, flagengine.transports.exceptions, flagengine.transports.runtime_properties
assert before == (sys.excepthook, threading.excepthook)
print(*[name for name in {names!r} if name in sys.modules], threading.active_count())
"""


@pytest.mark.contract("setup")
def test_importing_starts_no_thread_sets_no_hook_and_loads_no_framework():
    names = ["requests", "urllib3", "asyncio", "asgiref", "django", "openfeature"]
    output = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM.format(names=names)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    ).stdout
    assert output.split() == ["1"]
