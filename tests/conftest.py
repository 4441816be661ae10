"""Options of the whole suite."""

import sys

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--without-accelerator",
        action="store_true",
        help="run as where no C compiler was: the extension cannot be imported",
    )


if "--without-accelerator" in sys.argv:
    # Here and not in pytest_configure: the conftest files below are imported before that is
    # called, and they import the package.
    sys.modules["flagengine._accelerator"] = None  # type: ignore[assignment]


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--without-accelerator"):
        from flagengine.hashing import ACCELERATOR  # noqa: PLC0415 (only now it is blocked)

        assert ACCELERATOR == "none"
