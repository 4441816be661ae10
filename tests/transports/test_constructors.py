"""What sources, caches, sinks and storages are made of is read at once, by the rules of the client's options."""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flagengine.transports import (
    FanOutSink,
    FileDefinitions,
    HostFlagCache,
    HttpDefinitions,
    JsonlSink,
    JsonStorage,
    ManualClock,
    MemorySink,
    MemoryTransport,
    RedisFlagCache,
    StalenessBudget,
    SystemClock,
)


class Redis:
    def get(self, *_: Any) -> None: ...

    set = eval = get


NEEDED: dict[Any, dict[str, Any]] = {
    FanOutSink: {"sinks": [MemorySink()]},
    FileDefinitions: {"path": "flags.json", "clock": None},
    HostFlagCache: {
        "name": "x",
        "directory": None,
        "fresh_for": 20.0,
        "take_over_after": 180.0,
        "wait_for_first": 8.0,
        "clock": None,
    },
    HttpDefinitions: {
        "transport": MemoryTransport(),
        "host": "https://host.test",
        "project_key": "phc_x",
        "secret_key": "phs_x",
        "timeout": 10.0,
        "headers": None,
        "clock": None,
    },
    JsonStorage: {"path": "storage.json"},
    JsonlSink: {"path": "events.jsonl", "max_bytes": 1, "backups": 0, "fsync": "never"},
    RedisFlagCache: {
        "client": Redis(),
        "prefix": "x",
        "lock_seconds": 60,
        "data_seconds": 60,
        "closes_client": False,
    },
    StalenessBudget: {"stale_after": 90.0, "expired_after": None},
}
# Each is refused everywhere.
JUNK: dict[str, Any] = {"object": object(), "list": [object()], "class": SystemClock, "complex": 1j}


@pytest.mark.parametrize("kind", NEEDED)
def test_junk_is_refused_by_name(kind: Any) -> None:
    assert kind(**NEEDED[kind]) is not None
    for name in NEEDED[kind]:
        for label, junk in JUNK.items():
            with pytest.raises((TypeError, ValueError)) as caught:
                kind(**{**NEEDED[kind], name: junk})
            assert str(caught.value).startswith(name), (label, str(caught.value))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: FanOutSink([]), "sinks must be a list of at least one sink, got none"),
        (lambda: FanOutSink([MemorySink]), r"sinks\[0\] must be an object, not a class"),  # type: ignore[list-item]
        (lambda: FileDefinitions(" "), "path must be a path that is not blank"),
        (lambda: HttpDefinitions(**{**NEEDED[HttpDefinitions], "host": "nope"}), "host must be a URL"),
        (lambda: HttpDefinitions(**{**NEEDED[HttpDefinitions], "timeout": 0}), "timeout must be greater than 0"),
        (lambda: JsonlSink("x", max_bytes=0), "max_bytes must be at least 1, got 0"),
        (lambda: JsonlSink("x", fsync="allways"), "fsync must be .*; did you mean 'always'"),  # type: ignore[arg-type]
        (lambda: RedisFlagCache("redis://host"), r"did you mean redis.Redis.from_url\(url\)"),  # type: ignore[arg-type]
        (lambda: StalenessBudget(math.nan), "stale_after must be a number of seconds such as 90, got nan"),
        (lambda: StalenessBudget(90, 10), r"expired_after must be at least stale_after \(90\), got 10"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(make: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        make()


def test_what_is_unambiguous_is_converted(tmp_path: Path) -> None:
    assert StalenessBudget("60", timedelta(minutes=5)) == StalenessBudget(60.0, 300.0)  # type: ignore[arg-type]
    sink = JsonlSink(tmp_path / "events", max_bytes="100", backups="1", fsync="ALWAYS")  # type: ignore[arg-type]
    assert sink.close() is None  # type: ignore[func-returns-value]
    assert HostFlagCache("x", fresh_for="20", clock=ManualClock())  # type: ignore[arg-type]
