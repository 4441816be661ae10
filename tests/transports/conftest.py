"""Fixtures of the transports' tests."""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakSet

import pytest

from flagengine.transports import fork_and_exit
from flagengine.transports.client import many_clients

from .mock_server import MockServer


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
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running
