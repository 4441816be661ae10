"""Drivers: programs in the languages of the clients, which answer a line of JSON with a line of JSON.

A driver first says its client's name and version. Then ``{"do": VERB, …}`` is answered with ``{"answer": …}`` or
``{"crash": …}``. ``ask`` and ``askLocally`` take cases; the other verbs are those of a session: ``open``,
``flags``, ``flag``, ``capture``, ``flush``, ``notes`` (what the client has logged), and ``close``.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

__all__ = ["DRIVERS", "Driver", "DriverError", "why_missing"]

HERE: Final = Path(__file__).parent
NODE: Final = HERE / "node"
RUBY_SDK: Final = Path(os.environ.get("POSTHOG_RUBY", HERE / "ruby" / "posthog-ruby"))
"""A checkout of posthog-ruby, which no registry of packages for Python or Node has."""
CHROMIUM: Final = os.environ.get("CHROMIUM", "chromium")
_ANSWER_LIMIT: Final = 300.0


def _page(script: str, package: str) -> tuple[str, ...]:
    return "node", str(NODE / "browser.mjs"), script, package


DRIVERS: Final = {
    "posthog-node": ("node", str(NODE / "posthog_node.mjs")),
    "ofrep-python": (sys.executable, "-u", str(HERE / "python" / "ofrep_python.py")),
    "ofrep-node": ("node", str(NODE / "ofrep_server.mjs")),
    "ofrep-web": _page("ofrep_web.mjs", "@openfeature/ofrep-web-provider"),
    "flags-sdk": ("node", str(NODE / "flags_sdk.mjs")),
    "posthog-js": _page("posthog_js.mjs", "posthog-js"),
    "posthog-js-1.297": _page("posthog_js.mjs", "posthog-js-1.297"),
    "posthog-js-1.187": _page("posthog_js.mjs", "posthog-js-1.187"),
    "posthog-ruby": ("ruby", "-I", str(RUBY_SDK / "lib"), str(HERE / "ruby" / "posthog_ruby.rb")),
    "posthog-python": (sys.executable, "-u", str(HERE / "python" / "posthog_python.py")),
}
"""By client: the command that starts its driver."""

_INSTALL: Final = "run `make clients`, which installs what it needs"


@cache
def why_missing(name: str) -> str | None:
    """Return why a client cannot be asked here, and how to install it; None if it can."""
    command, script = DRIVERS[name][0], DRIVERS[name][1]
    if command == "node":
        return _why_no_node(needs_browser=script.endswith("browser.mjs"))
    if command == "ruby":
        return _why_no_ruby()
    package = _PACKAGES[name]
    return None if find_spec(package) else f"{package} is not installed; {_INSTALL}"


_PACKAGES: Final = {
    "posthog-python": "posthog",
    "ofrep-python": "openfeature",
}


def _why_no_node(*, needs_browser: bool) -> str | None:
    if shutil.which("node") is None:
        return "there is no node; install Node.js 20 or newer"
    if not (NODE / "node_modules" / "posthog-node").is_dir():
        return f"tests/clients/node/node_modules is missing; {_INSTALL}"
    if needs_browser and shutil.which(CHROMIUM) is None:
        return f"there is no {CHROMIUM}; install Chromium, or set CHROMIUM to its path"
    return None


def _why_no_ruby() -> str | None:
    if shutil.which("ruby") is None:
        return "there is no ruby; install ruby and ruby-concurrent"
    if not (RUBY_SDK / "lib" / "posthog.rb").is_file():
        return "there is no posthog-ruby; set POSTHOG_RUBY to a checkout of its release 3.23.2"
    return None


class DriverError(Exception):
    """A driver has ended, or a verb has failed."""


class Driver:
    """A driver in a process of its own."""

    def __init__(self, name: str) -> None:
        self._process = subprocess.Popen(
            DRIVERS[name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        about = self._next()
        self.name: str = about["name"]
        self.version: str = about["version"]

    def do(self, verb: str, **asked: Any) -> Any:
        """Return the answer to a verb.

        Raises:
            DriverError: the driver could not answer.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": verb, **asked}) + "\n")
        self._process.stdin.flush()
        found = self._next()
        if "crash" in found:
            raise DriverError(found["crash"])
        return found["answer"]

    def ask(self, cases: Sequence[dict[str, Any]], *, locally: bool = False) -> list[Any]:
        """Return what the client says of each case."""
        answers = self.do("askLocally" if locally else "ask", cases=cases)
        assert len(answers) == len(cases)
        return list(answers)

    def close(self) -> None:
        """End the client and its process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        # Before the pipe is closed: a thread that still reads from it would fail.
        self._reader.join(timeout=30)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _next(self) -> dict[str, Any]:
        try:
            line = self._lines.get(timeout=_ANSWER_LIMIT)
        except queue.Empty:
            self._process.kill()
            raise DriverError("the driver did not answer in time") from None
        if line is None:
            raise DriverError("the driver has ended; its standard error says why")
        found = json.loads(line)
        assert isinstance(found, dict), line
        return found
