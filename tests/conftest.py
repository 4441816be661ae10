"""Options of the whole suite."""

import sys

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--without-accelerator",
        action="store_true",
        help="run as where no C compiler was: the extension cannot be imported",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--without-accelerator"):
        sys.modules["flagengine._accelerator"] = None  # type: ignore[assignment]
