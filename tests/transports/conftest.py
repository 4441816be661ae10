"""Fixtures of the transports' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flagengine.transports.client import many_clients

from .mock_server import MockServer


@pytest.fixture(scope="session", autouse=True)
def _many_clients() -> None:
    """Keep the word about many clients out of the logs of tests, which leave clients behind."""
    many_clients._census._has_warned = True


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running
