"""The hooks for uncaught exceptions and the logging handler."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from flagengine.transports.exceptions import ExceptionHooks, HookKind, ReportingPolicy

pytestmark = pytest.mark.contract("capture-exception")


@pytest.fixture
def previous(monkeypatch):
    """Stand in for the hooks that were installed before."""
    called = []
    monkeypatch.setattr(sys, "excepthook", lambda *args: called.append(args[1]))
    monkeypatch.setattr(threading, "excepthook", lambda args: called.append(args.exc_value))
    return called


def crash_in_thread(error):
    def crash():
        raise error

    thread = threading.Thread(target=crash)
    thread.start()
    thread.join()


def test_both_hooks_report_and_call_what_was_there_before(previous):
    reported = []
    hooks = ExceptionHooks(lambda *args: reported.append(args))
    hooks.install()
    first, second = ValueError("main"), ValueError("thread")
    sys.excepthook(ValueError, first, None)
    crash_in_thread(second)
    hooks.uninstall()
    assert reported == [(first, HookKind.PROCESS), (second, HookKind.THREAD)]
    assert previous == [first, second]


def test_uninstalling_brings_back_what_was_there(previous):
    before = sys.excepthook, threading.excepthook
    hooks = ExceptionHooks(lambda *_: None)
    for _ in range(2):
        hooks.install()
        hooks.install()
        assert sys.excepthook is not before[0]
        assert threading.excepthook is not before[1]
        hooks.uninstall()
        hooks.uninstall()
        assert (sys.excepthook, threading.excepthook) == before


def test_a_later_hook_stays_and_the_packages_hook_stops_reporting(previous):
    reported = []
    hooks = ExceptionHooks(lambda error, _: reported.append(error))
    hooks.install()
    package_hook = sys.excepthook

    def theirs(*args):
        package_hook(*args)

    sys.excepthook = theirs
    hooks.uninstall()
    assert sys.excepthook is theirs
    error = ValueError()
    sys.excepthook(ValueError, error, None)
    assert reported == []
    assert previous == [error]


def test_two_reporters_may_be_installed_and_removed_in_any_order(previous):
    before = sys.excepthook
    reported = []
    first = ExceptionHooks(lambda *_: reported.append("first"))
    second = ExceptionHooks(lambda *_: reported.append("second"))
    first.install()
    second.install()
    sys.excepthook(ValueError, ValueError(), None)
    first.uninstall()
    sys.excepthook(ValueError, ValueError(), None)
    second.uninstall()
    sys.excepthook(ValueError, ValueError(), None)
    assert reported == ["second", "first", "second"]
    assert len(previous) == 3
    assert sys.excepthook is before


def test_a_reporter_covered_by_another_can_be_installed_again(previous):
    reported = []
    first = ExceptionHooks(lambda *_: reported.append("first"))
    second = ExceptionHooks(lambda *_: reported.append("second"))
    first.install()
    second.install()
    first.uninstall()
    first.install()
    sys.excepthook(ValueError, ValueError(), None)
    assert reported == ["first", "second"]
    assert len(previous) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), GeneratorExit()])
def test_what_ends_a_program_on_purpose_is_not_reported(previous, error):
    reported = []
    hooks = ExceptionHooks(lambda *args: reported.append(args))
    hooks.install()
    sys.excepthook(type(error), error, None)
    hooks.uninstall()
    assert reported == []
    assert previous == [error]


def test_a_report_that_raises_does_not_hide_the_exception(previous, caplog):
    hooks = ExceptionHooks(lambda *_: 1 / 0)
    hooks.install()
    error = ValueError()
    sys.excepthook(ValueError, error, None)
    hooks.uninstall()
    assert previous == [error]
    assert "Could not report" in caplog.text


PROGRAM = """
import sys, threading
from flagengine.transports.exceptions import ExceptionHooks
hooks = ExceptionHooks(lambda error, kind: print(kind.name, error, flush=True))
hooks.install()
thread = threading.Thread(target=lambda: 1 / 0)
thread.start(); thread.join()
raise ValueError("the end")
"""


def test_a_real_interpreter_reports_prints_and_fails():
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert ended.returncode == 1
    assert ended.stdout.split("\n") == ["THREAD division by zero", "PROCESS the end", ""]
    assert "ZeroDivisionError" in ended.stderr
    assert "ValueError: the end" in ended.stderr


def test_the_policy_decides_what_is_reported(previous):
    reported = []
    policy = ReportingPolicy(ignored=("ValueError",), reported=("KeyboardInterrupt",))
    hooks = ExceptionHooks(lambda error, _: reported.append(type(error)), policy)
    hooks.install()
    for error in (ValueError(), KeyboardInterrupt(), StopIteration()):
        sys.excepthook(type(error), error, None)
    crash_in_thread(ValueError())
    hooks.uninstall()
    assert reported == [KeyboardInterrupt, StopIteration]
