"""Options of the whole suite, and how many examples Hypothesis tries."""

import os
import sys

import pytest
from hypothesis import HealthCheck, settings


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--without-accelerator",
        action="store_true",
        help="run as where no C compiler was: the extension cannot be imported",
    )


if "--without-accelerator" in sys.argv:
    # Here and not in pytest_configure: the conftest files below are imported before that is
    # called, and they import the package.
    sys.modules["flagengine.native._accelerator"] = None  # type: ignore[assignment]


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--without-accelerator"):
        from flagengine.hashing.buckets import ACCELERATOR  # noqa: PLC0415 (only now it is blocked)

        assert ACCELERATOR == "none"


_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("dev", max_examples=200, deadline=None, suppress_health_check=_SLOW)
settings.register_profile(
    "ci",
    max_examples=2_000,
    deadline=None,
    suppress_health_check=_SLOW,
    database=None,
    derandomize=True,
    print_blob=True,
)
settings.register_profile(
    "nightly", settings.get_profile("ci"), max_examples=20_000, derandomize=False
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
