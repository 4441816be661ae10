"""The marker that names the contract a test covers."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "contract(name): the public SDK contract a test covers")
