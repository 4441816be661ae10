"""Fixtures of the transports' tests, and the marker that names a contract."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .mock_server import MockServer


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "contract(*names): the public SDK contracts it covers")


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running
