"""The pytest plugin: the fixture and the marker ``flags``, strict reads, and a report of reads.

pytest imports this module in every run where the package is installed, so it imports nothing but pytest
until a test uses the fixture, or an option needs more.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .flag_server import FlagServer
    from .forced_flags import ForcedFlags

__all__ = [
    "flag_server",
    "flags",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; each is off by default."""
    group = parser.getgroup("flagengine", "feature flags")
    group.addoption(
        "--flags-strict",
        action="store_true",
        help="fail tests that read a flag which neither definitions nor the test have",
    )
    group.addoption(
        "--flags-report",
        action="store_true",
        help="print at the end which flags the tests have read",
    )
    group.addoption(
        "--flags-report-json",
        metavar="FILE",
        help="write which flags each test has read",
    )
    parser.addini("flagengine_strict", "as --flags-strict, always", type="bool", default=False)
    parser.addini(
        "flagengine_definitions",
        "a file of flag definitions, relative to the root: for flags.client, and as known keys",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Describe the marker; watch all tests if an option asks for it."""
    config.addinivalue_line(
        "markers", "flags(*keys_or_mappings, **values): feature flags that the test forces"
    )
    names = ("flags_strict", "flags_report", "flags_report_json")
    if config.getini("flagengine_strict") or any(map(config.getoption, names)):
        from .pytest_reads import WatchedTests  # noqa: PLC0415 - only if it is asked for

        config.pluginmanager.register(WatchedTests(config), "flagengine_reads")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests with the marker the fixture, which applies the marker."""
    for item in items:
        names = getattr(item, "fixturenames", None)
        if names is not None and "flags" not in names and item.get_closest_marker("flags"):
            item.fixturenames = ["flags", *names]  # type: ignore[attr-defined] # looked up above


@pytest.fixture
def flags(request: pytest.FixtureRequest) -> Iterator[ForcedFlags]:
    """Flags of this test: ``flags.set("beta", True)`` holds for every client of the process.

    See ``flagengine.transports.testing.ForcedFlags``. The marker ``@pytest.mark.flags(beta=True)`` sets
    values before the other fixtures of the function run; it wins over those of its class and module.
    """
    from .forced_flags import ForcedFlags  # noqa: PLC0415 - only if a test uses it
    from .pytest_definitions import definitions_of  # noqa: PLC0415

    with ForcedFlags(definitions_of(request.config), of_test=True) as forced:
        for marker in reversed(list(request.node.iter_markers("flags"))):
            try:
                for given in marker.args:
                    forced.update(given)
                forced.update(marker.kwargs)
            except TypeError as error:
                pytest.fail(f"@pytest.mark.flags: {error}", pytrace=False)
        yield forced


@pytest.fixture
def flag_server(request: pytest.FixtureRequest) -> Iterator[FlagServer]:
    """A server of this test, for programs in any language: SDKs take it for PostHog's.

    See ``flagengine.transports.testing.FlagServer``. It has the definitions that the option
    ``flagengine_definitions`` names.
    """
    from .flag_server import FlagServer  # noqa: PLC0415 - only if a test uses it
    from .pytest_definitions import definitions_of  # noqa: PLC0415

    with FlagServer(definitions_of(request.config)) as server:
        yield server
