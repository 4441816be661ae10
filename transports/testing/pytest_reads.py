"""Watching the reads of all tests: failing those that read unknown flags, and reporting the reads.

``pytest_plugin`` registers this only if an option asks for it. Under pytest-xdist the reads travel as
properties of each test's report, in JSON text because workers can send no other text than UTF-8, so the
report of the whole run has them.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from flagengine import printable

from ..flags.scopes import Scope
from .pytest_definitions import known_keys
from .recorder import ReadRecorder

__all__ = ["WatchedTests"]

_PROPERTY: Final = "flags_read"
_RECORDER: Final = pytest.StashKey[ReadRecorder]()


class WatchedTests:
    """The hooks that watch tests."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._is_strict = config.getoption("flags_strict") or config.getini("flagengine_strict")
        self._is_shown: bool = config.getoption("flags_report")
        self._target: str | None = config.getoption("flags_report_json")
        if self._target is not None and not Path(self._target).parent.is_dir():
            raise pytest.UsageError(_unwritable(self._target, "the folder does not exist"))
        self._reads: dict[str, dict[str, Any]] = {}
        self._known = known_keys(config)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[Any]:
        """Watch one test, with its fixtures."""
        recorder = item.stash[_RECORDER] = ReadRecorder(lambda: self._known)
        scope = Scope(watcher=recorder, of_test=True)
        scope.begin()
        try:
            return (yield)
        finally:
            scope.end()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[Any]:
        """Fail a test that has read an unknown flag, in its fixtures or itself."""
        try:
            result = yield
        except BaseException:
            self._add_to_failure(item, "call")
            raise
        self._fail(item)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Iterator[Any]:
        """Fail the end of a test whose fixtures read an unknown flag then; keep what was read."""
        try:
            result = yield
        finally:
            if self._is_shown or self._target is not None:
                read = json.dumps(item.stash[_RECORDER].to_dict())
                item.user_properties.append((_PROPERTY, read))
        self._fail(item)
        return result

    def _fail(self, item: pytest.Item) -> None:
        text = self._complaint(item)
        if text:
            pytest.fail(text, pytrace=False)

    def _add_to_failure(self, item: pytest.Item, when: str) -> None:
        text = self._complaint(item)
        if text:
            item.add_report_section(when, "flags", text)

    def _complaint(self, item: pytest.Item) -> str:
        """Return a line for each unknown flag since the last call."""
        news = item.stash[_RECORDER].news()
        return "\n".join(dict.fromkeys(map(str, news))) if self._is_strict else ""

    # The report, in the process that has all results.

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect what a test has read."""
        for name, value in report.user_properties:
            if name == _PROPERTY and report.when == "teardown" and isinstance(value, str):
                self._reads[report.nodeid] = json.loads(value)

    def pytest_sessionfinish(self) -> None:
        """Write the file."""
        if self._target is not None and not hasattr(self._config, "workerinput"):
            written = json.dumps({"version": 1, "tests": self._reads}, indent=2, sort_keys=True)
            try:
                Path(self._target).write_text(f"{written}\n", encoding="utf-8")
            except OSError as error:
                text = _unwritable(self._target, error.strerror)
                pytest.exit(text, returncode=pytest.ExitCode.USAGE_ERROR)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print a line for each flag."""
        if not self._is_shown:
            return
        terminalreporter.section("flags read")
        for line in _summary(self._reads):
            terminalreporter.write_line(line)


def _unwritable(target: str, why: str | None) -> str:
    return f"--flags-report-json must be a file that can be written, got {target}: {why}"


def _summary(reads: dict[str, dict[str, Any]]) -> Iterator[str]:
    tests: Counter[str] = Counter()
    values: dict[str, dict[str, None]] = defaultdict(dict)
    unknown = set()
    for of_test in reads.values():
        for flag, entry in of_test.items():
            key = printable(flag)
            tests[key] += 1
            values[key] |= dict.fromkeys(map(json.dumps, entry["values"]))
            if entry["unknown"]:
                unknown.add(key)
    width = max(map(len, tests), default=0)
    for key, count in sorted(tests.items()):
        said = f"{count} test{'' if count == 1 else 's'}"
        note = "  unknown" if key in unknown else ""
        yield f"{key:{width}}  {said:9}  {', '.join(sorted(values[key]))}{note}"
    without = sum(not of_test for of_test in reads.values())
    yield f"{len(tests)} flags; {without} of {len(reads)} tests read none"
