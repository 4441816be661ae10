"""Fixtures of the transports' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .mock_server import MockServer


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer() as running:
        yield running
