"""An outage of the definitions is logged when it begins and when it ends, and no more."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from flagengine.transports import ManualClock, MemoryDefinitions
from flagengine.transports.polling.fetch_results import Failed, FailureKind
from flagengine.transports.polling.loader import DefinitionLoader
from flagengine.transports.polling.outage import Outage

DOWN = Failed(FailureKind.STATUS, "HTTP 503", 503)
REFUSED = Failed(FailureKind.STATUS, "HTTP 401: the secret key was refused", 401)
LOGGER = "flagengine.definitions"


class Loads:
    """A loader whose source does what the test says, thirty seconds later each time."""

    def __init__(self) -> None:
        self.source, self.clock = MemoryDefinitions({"flags": []}), ManualClock()
        self.failures: list[Any] = []
        self.recoveries = 0
        self.loader = DefinitionLoader(
            self.source,
            clock=self.clock,
            on_failure=self.failures.append,
            on_recovery=self._recovered,
        )
        self.loader.tick()

    def _recovered(self) -> None:
        self.recoveries += 1

    def fail(self, failure: Failed = DOWN, *, times: int = 1) -> None:
        for _ in range(times):
            self.source.fail(failure)
            self._later()

    def succeed(self) -> None:
        self.source.replace({"flags": []})
        self._later()

    def _later(self) -> None:
        self.clock.advance(60)
        self.loader.tick()


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    levels = (logging.WARNING, logging.ERROR)
    return [each.getMessage() for each in caplog.records if each.levelno in levels]


@pytest.mark.contract("flag-definition-loader")
def test_an_outage_has_two_lines_and_every_failure_is_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, LOGGER)
    loads = Loads()
    loads.fail(times=10)
    assert loads.recoveries == 0
    loads.succeed()
    loads.succeed()
    assert logged(caplog) == [
        "Could not load flag definitions: HTTP 503; the last good definitions stay in use",
        "Flag definitions load again, after 600 s and 10 failed loads",
    ]
    assert (len(loads.failures), loads.recoveries) == (10, 1)
    assert len([each for each in caplog.records if each.levelno == logging.DEBUG]) == 9


def test_a_source_that_fails_now_and_then_is_one_episode(caplog: pytest.LogCaptureFixture) -> None:
    loads = Loads()
    for _ in range(20):
        loads.fail()
        loads.succeed()
    assert len(logged(caplog)) == 2
    assert (len(loads.failures), loads.recoveries) == (20, 20)


def test_a_later_outage_is_another_episode(caplog: pytest.LogCaptureFixture) -> None:
    loads = Loads()
    for _ in range(2):
        loads.fail()
        for _ in range(6):
            loads.succeed()
    assert len(logged(caplog)) == 4


@pytest.mark.parametrize("kind", [FailureKind.MALFORMED, FailureKind.UNREADABLE])
def test_somebody_who_edits_a_file_hears_of_each_mistake(
    caplog: pytest.LogCaptureFixture, kind: FailureKind
) -> None:
    loads = Loads()
    for mistake in ("the first", "the second"):
        loads.fail(Failed(kind, mistake), times=2)
        loads.succeed()
    lines = logged(caplog)
    assert len(lines) == 4
    assert ["the first" in lines[0], "the second" in lines[2]] == [True, True]


def test_the_same_mistake_soon_again_is_the_same_episode(caplog: pytest.LogCaptureFixture) -> None:
    loads = Loads()
    for _ in range(2):
        loads.fail(Failed(FailureKind.MALFORMED, "a page of the hotel's network"), times=2)
        loads.succeed()
    assert len(logged(caplog)) == 2


def test_content_that_is_replaced_again_and_again_does_not_fill_the_log() -> None:
    outage = Outage()
    said = []
    for now in range(0, 40, 2):  # seconds
        said.append(outage.failed(now, is_new_mistake=True))
        outage.ended(now + 1)
    assert said == [True] + [False] * 19
    assert [outage.failed(now, is_new_mistake=True) for now in (41, 45, 46)] == [False, False, True]


def test_definitions_that_are_taken_out_of_use_in_an_outage_are_worth_another_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loads = Loads()
    loads.fail(times=2)
    loads.fail(REFUSED, times=5)
    assert logged(caplog)[1:] == [f"Could not load flag definitions: {REFUSED.message}; {NONE}"]


NONE = "no definitions are in use"


def test_an_outage_that_lasts_is_logged_however_soon_it_follows() -> None:
    outage = Outage()
    assert outage.failed(0)
    assert outage.ended(10) == 10
    assert [outage.failed(now) for now in (20, 30, 319, 320, 330)] == [False] * 3 + [True, False]
    assert outage.ended(400) == 380
    assert outage.ended(500) is None


def test_the_end_of_an_outage_that_took_definitions_away_is_logged_however_soon_it_follows() -> (
    None
):
    outage = Outage()
    assert outage.failed(0)
    assert outage.ended(10) == 10
    assert [outage.failed(20), outage.failed(30, clears=True)] == [False, True]
    assert outage.ended(40) == 20


def test_callbacks_that_raise_change_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def raises(*_: object) -> None:
        raise ZeroDivisionError

    source, clock = MemoryDefinitions({"flags": []}), ManualClock()
    loader = DefinitionLoader(source, clock=clock, on_failure=raises, on_recovery=raises)
    source.fail(DOWN)
    loader.tick()
    source.replace({"flags": []})
    clock.advance(60)
    loader.tick()
    assert loader.health().last_error is None
    assert "failed definition loads raised" in caplog.text
    assert "recovered definition loads raised" in caplog.text


def test_a_broken_cache_is_logged_once_until_it_works(caplog: pytest.LogCaptureFixture) -> None:
    class Cache:
        is_broken = True

        def should_fetch_flag_definitions(self) -> bool:
            if self.is_broken:
                raise OSError
            return True

        def get_flag_definitions(self) -> None:
            raise AssertionError

        def on_flag_definitions_received(self, _document: Any) -> None:
            if self.is_broken:
                raise OSError

        def shutdown(self) -> None:
            raise AssertionError

    cache, clock = Cache(), ManualClock()
    loader = DefinitionLoader(MemoryDefinitions({"flags": []}), cache=cache, clock=clock)
    for is_broken in (True, True, True, False, True):
        cache.is_broken = is_broken
        clock.advance(60)
        loader.tick()
    expected = "The flag definition cache failed in should_fetch_flag_definitions (OSError)"
    assert [line.startswith(expected) for line in logged(caplog)] == [True, True]
