"""Fixtures of the transports' tests."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from weakref import WeakSet

import pytest

from flagengine.transports import fork_and_exit
from flagengine.transports.client import many_clients

from .mock_server import MockServer
from .support import StartedThreads


def _end_when_stuck() -> None:
    """Let a forked child that waits for ever fail its test, which waits for the child."""
    if "PYTEST_CURRENT_TEST" in os.environ:
        signal.alarm(120)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_end_when_stuck)


@pytest.fixture(scope="session", autouse=True)
def _many_clients() -> None:
    """Keep the word about many clients out of the logs of tests, which leave clients behind."""
    many_clients._census._has_warned = True


@pytest.fixture(autouse=True)
def _no_worker_outlives_its_test() -> Iterator[None]:
    """End what a test leaves behind: its threads would write into the logs of later tests."""
    earlier = WeakSet(fork_and_exit._watched)
    yield
    for watched in set(fork_and_exit._watched) - set(earlier):
        watched.at_exit(0.0)


@pytest.fixture
def started_threads() -> StartedThreads:
    """Return a function that names the package's threads that began in the test and run."""
    return StartedThreads()


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running
