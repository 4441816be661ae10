"""The options of the whole suite, and the numbers of Hypothesis examples."""

import os
import sys
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--without-accelerator",
        action="store_true",
        help="run without the C extension, as in an installation without a compiler",
    )
    parser.addoption(
        "--without-orjson",
        action="store_true",
        help="run without orjson, as in an installation without this extra",
    )
    parser.addoption(
        "--without-re2",
        action="store_true",
        help="run without RE2, as on musl Linux and free-threaded Pythons",
    )
    parser.addoption(
        "--evaluators",
        help="run the published cases only with these: SINGLE,TABLE_AMONG",
    )


if "--without-accelerator" in sys.argv:
    # The workers of pytest-xdist have other arguments, but the same environment.
    os.environ["FLAGENGINE_TESTS_WITHOUT_ACCELERATOR"] = "1"
if "FLAGENGINE_TESTS_WITHOUT_ACCELERATOR" in os.environ:
    # Not in pytest_configure, because the conftest files below import the package earlier.
    sys.modules["flagengine.native._accelerator"] = None  # type: ignore[assignment]
if "--without-orjson" in sys.argv:
    os.environ["FLAGENGINE_TESTS_WITHOUT_ORJSON"] = "1"
if "FLAGENGINE_TESTS_WITHOUT_ORJSON" in os.environ:
    sys.modules["orjson"] = None  # type: ignore[assignment]
if "--without-re2" in sys.argv:
    os.environ["FLAGENGINE_TESTS_WITHOUT_RE2"] = "1"
if "FLAGENGINE_TESTS_WITHOUT_RE2" in os.environ:
    sys.modules["re2"] = None  # type: ignore[assignment]


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--without-accelerator"):
        from flagengine.hashing.buckets import ACCELERATOR  # noqa: PLC0415 (only now it is blocked)

        assert ACCELERATOR == "none"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the number of published cases by evaluator, if any were run."""
    asked = Counter(
        (report.nodeid.partition("[")[2].partition("-")[0], outcome)
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, ())
        if _EVALUATED in report.nodeid
    )
    if asked:
        terminalreporter.section("published cases by evaluator")
        for name in dict.fromkeys(name for name, _ in sorted(asked)):
            passed, failed = asked[name, "passed"], asked[name, "failed"]
            terminalreporter.write_line(f"{name:12} {passed:5} passed, {failed} failed")


_EVALUATED = "conformance/test_cases.py::test_the_evaluator_gives_the_expected_answer["
_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]
# The examples of the gate are always the same; those of nightly runs are new each time.
settings.register_profile(
    "gate",
    max_examples=200,
    deadline=None,
    suppress_health_check=_SLOW,
    database=None,
    derandomize=True,
    print_blob=True,
)
settings.register_profile("quick", settings.get_profile("gate"), max_examples=40)
settings.register_profile("ci", settings.get_profile("gate"), max_examples=2_000)
settings.register_profile(
    "nightly", settings.get_profile("gate"), max_examples=20_000, derandomize=False
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))
if settings.default.derandomize:
    # Hypothesis mixes in the constants of all modules loaded so far. Those depend on the tests that the
    # process has run before, so the same test would have other examples from run to run.
    providers._get_local_constants = lambda: providers._local_constants
