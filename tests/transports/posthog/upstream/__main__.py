"""Run posthog-python's tests over the shim and print the outcome of each as a line of JSON."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any, Final
from unittest import mock

import pytest

from .bridge import PrivatePart, end_clients, install
from .sources import FILES, folder_of_tests, rewritten

LONGEST: Final = 5
"""The seconds after which a test counts as hanging."""


_INNER: Final = re.compile(r"Client'>? (does not have the|has no) attribute '(_|log')|'_Private'")
"""Messages about private parts that are asked of a class, or used in other ways than called."""


class Outcomes:
    """A plugin that collects the outcome of each test, and ends those that hang."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[str, str]] = {}

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self) -> Any:
        def hanging(*_: Any) -> None:
            msg = f"still running after {LONGEST} s"
            raise TimeoutError(msg)

        signal.signal(signal.SIGALRM, hanging)
        signal.alarm(LONGEST)
        yield
        signal.alarm(0)
        end_clients()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
        outcome = yield
        # Tests of unittest keep their exception until pytest makes the report.
        name = item.nodeid.rpartition("/")[2]
        if outcome.get_result().failed and name not in self.found:
            self.found[name] = _described(call.excinfo.value)
        elif call.when == "teardown":
            self.found.setdefault(name, ("passed", ""))


def _described(error: BaseException) -> tuple[str, str]:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, PrivatePart):
            return "private", str(cause)
        cause = cause.__cause__ or cause.__context__
    if _INNER.search(str(error)):
        return "private", str(error)
    text = str(error).strip().splitlines()
    return "failed", f"{type(error).__name__}: {text[0][:160] if text else ''}"


def main(names: list[str]) -> None:
    """Run the files with these names, by default all."""
    folder = folder_of_tests()
    if folder is None:
        sys.exit("posthog-python's tests are not installed")
    install()
    _stand_in("opentelemetry.trace")
    outcomes = Outcomes()
    with tempfile.TemporaryDirectory() as place:
        files = [f"{name}.py" for name in names or FILES]
        for name in names or FILES:
            source = (folder / f"{name}.py").read_text("utf-8")
            Path(place, f"{name}.py").write_text(rewritten(source), "utf-8")
        os.chdir(place)
        with contextlib.redirect_stdout(io.StringIO()) as report:
            arguments = [
                "-q",
                "--durations=15",
                "-p",
                "no:cacheprovider",
                "-p",
                "no:randomly",
                "--tb=line" if "-v" in sys.argv else "--tb=no",
            ]
            code = pytest.main([*arguments, *files], plugins=[outcomes])
    if not outcomes.found:
        sys.exit(f"pytest ended with {code}: {report.getvalue()[-2000:]}")
    if "-v" in sys.argv:
        print(report.getvalue(), file=sys.stderr)
    for test, (outcome, detail) in sorted(outcomes.found.items()):
        print(json.dumps([test, outcome, detail]))


def _stand_in(name: str) -> None:
    """Put a mock where an optional module is imported that is not installed."""
    try:
        __import__(name)
    except ImportError:
        for each in (name.partition(".")[0], name):
            module = ModuleType(each)
            module.__getattr__ = lambda _name: mock.MagicMock()  # type: ignore[method-assign]
            sys.modules[each] = module


if __name__ == "__main__":
    main([name for name in sys.argv[1:] if not name.startswith("-")])
