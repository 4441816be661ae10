"""Counts the answers that were compared with another implementation, and prints the counts."""

from collections import Counter

import pytest

COMPARED: pytest.StashKey[Counter[str]] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[COMPARED] = Counter()


@pytest.fixture
def compared(request: pytest.FixtureRequest) -> Counter[str]:
    """The counts of the whole run, by result."""
    return request.config.stash[COMPARED]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts = terminalreporter.config.stash[COMPARED]
    if counts:
        terminalreporter.section("answers compared with posthog-python")
        for what, count in sorted(counts.items(), key=lambda item: -item[1]):
            terminalreporter.write_line(f"{count:8}  {what}")
