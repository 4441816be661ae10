"""Definitions that change a thousand times under eight readers: every read sees a whole state."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from flagengine import evaluate
from flagengine.transports.clock import ManualClock
from flagengine.transports.polling import DefinitionLoader, Published
from flagengine.transports.polling.fetch_results import FetchResult, Loaded

CHANGES = 1_000
READERS = 8


def flag(key: str, number: int) -> dict[str, Any]:
    everybody = {"properties": [], "rollout_percentage": 100}
    filters = {"groups": [everybody], "payloads": {"true": str(number)}}
    return {"key": key, "version": number, "active": True, "filters": filters}


def document(number: int) -> dict[str, Any]:
    """A published state whose version and two flags have the same number."""
    flags = [flag("left", number), flag("right", number)]
    return {"flags": flags, "minimal_flag_called_events": number % 2 == 1}


class Counting:
    def __init__(self) -> None:
        self.number = 0

    def fetch(self, _version: str | None) -> FetchResult:
        self.number += 1
        return Loaded(document(self.number), str(self.number))


def check(state: Published) -> int:
    assert state.snapshot is not None
    answers = evaluate(state.snapshot, "user")
    left, right = answers["left"], answers["right"]
    assert left.value is right.value is True
    assert left.payload == right.payload == left.flag_version == right.flag_version
    number: int = left.payload
    assert state.version == str(number)
    assert state.minimal_flag_called_events == (number % 2 == 1)
    return number


@pytest.mark.contract("flag-definition-loader")
def test_every_read_under_a_thousand_changes_sees_one_whole_published_state() -> None:
    clock = ManualClock()
    loader = DefinitionLoader(Counting(), clock=clock)
    loader.tick()
    done, wrong, reads = threading.Event(), list[BaseException](), [0] * READERS
    fingerprints: list[dict[int, str | None]] = [{} for _ in range(READERS)]

    def read(reader: int) -> None:
        latest = 0
        try:
            while not done.is_set():
                state = loader.current
                number = check(state)
                assert number >= latest, "a reader saw an older state"
                assert fingerprints[reader].setdefault(number, state.fingerprint) == (
                    state.fingerprint
                )
                latest = number
                reads[reader] += 1
        except BaseException as error:  # noqa: BLE001 - reported below
            wrong.append(error)

    readers = [threading.Thread(target=read, args=(reader,)) for reader in range(READERS)]
    for thread in readers:
        thread.start()
    for _ in range(CHANGES):
        clock.advance(30)
        loader.tick()
    done.set()
    for thread in readers:
        thread.join()
    assert not wrong
    assert all(reads)
    assert check(loader.current) == CHANGES + 1
