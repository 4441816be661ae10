"""The marker that names the contract a test covers."""

import pytest

from transports.clock import ManualClock


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "contract(name): the public SDK contract a test covers")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(monotonic=1000.0)
