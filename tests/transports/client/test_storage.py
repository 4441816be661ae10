"""Changes of the storage at the same time: none is lost, on disk or in memory."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from flagengine.transports import JsonStorage
from flagengine.transports.client import storage as storages
from flagengine.transports.client.storage import OPTED_OUT

from .bench import Bench

pytestmark = pytest.mark.contract("consent-gating", "register")

# Seconds in which another thread would get through, if nothing held it up.
A_MOMENT = 0.2


def meanwhile(change: Callable[[], object]) -> threading.Thread:
    """Let another thread try a change, and return it."""
    thread = threading.Thread(target=change)
    thread.start()
    thread.join(A_MOMENT)
    return thread


def during_the_first_write(
    monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]
) -> list[object]:
    """Call ``act`` when the first change has read the values and has written none."""
    acts, results = [act], []
    real = storages.to_json

    def to_json(values: Any) -> bytes:
        if acts:
            results.append(acts.pop()())
        return real(values)

    monkeypatch.setattr(storages, "to_json", to_json)
    return results


def test_a_change_that_meets_another_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "client.json"
    storage = JsonStorage(path)
    threads: Any = during_the_first_write(
        monkeypatch, lambda: meanwhile(lambda: storage.update({"b": 2}))
    )
    storage["a"] = 1
    threads[0].join()
    assert dict(storage) == dict(JsonStorage(path)) == {"a": 1, "b": 2}


def test_an_opt_out_beside_a_register_is_still_there_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "client.json"
    with Bench(storage=JsonStorage(path)) as bench:
        threads: Any = during_the_first_write(monkeypatch, lambda: meanwhile(bench.client.opt_out))
        bench.client.register({"plan": "pro"})
        threads[0].join()
    with Bench(storage=JsonStorage(path)) as bench:
        assert bench.client.is_opted_out()
        assert bench.client.components.memory.super_properties == {"plan": "pro"}


def test_the_client_and_its_storage_agree_after_an_opt_out_beside_an_opt_in() -> None:
    others: list[threading.Thread] = []

    class Slow(dict[str, Any]):
        def __setitem__(self, key: str, value: Any) -> None:
            if not others:
                others.append(threading.current_thread())
                others.append(meanwhile(bench.client.opt_in))
            super().__setitem__(key, value)

    stored = Slow()
    with Bench(storage=stored) as bench:
        bench.client.opt_out()
        others[-1].join()
        assert bench.client.is_opted_out() is stored[OPTED_OUT] is False


def test_a_change_in_the_middle_of_a_change_as_by_a_signal_handler_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "client.json"
    with Bench(storage=JsonStorage(path)) as bench:
        during_the_first_write(monkeypatch, bench.client.opt_out)
        bench.client.register({"plan": "pro"})
    assert dict(JsonStorage(path)) == {"props": {"plan": "pro"}, "opted_out": True}


@pytest.mark.parametrize(
    "remove",
    [
        lambda storage: storage.pop("a"),
        lambda storage: storage.pop("a", None),
        lambda storage: storage.popitem()[1],
    ],
)
def test_only_one_of_two_threads_removes_a_value(
    remove: Callable[[JsonStorage], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = JsonStorage(tmp_path / "client.json")
    storage["a"] = 1
    removed: list[Any] = []

    def remove_here() -> None:
        with suppress(KeyError):
            removed.append(remove(storage))

    threads: Any = during_the_first_write(monkeypatch, lambda: meanwhile(remove_here))
    remove_here()
    threads[0].join()
    assert [value for value in removed if value is not None] == [1]
    assert dict(JsonStorage(tmp_path / "client.json")) == {}


def test_a_default_replaces_no_value_of_another_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = JsonStorage(tmp_path / "client.json")
    threads: Any = during_the_first_write(
        monkeypatch, lambda: meanwhile(lambda: storage.update({"a": 2}))
    )
    assert storage.setdefault("a", 1) == 1
    threads[0].join()
    assert storage["a"] == 2
    assert storage.setdefault("a", 3) == 2
    with pytest.raises(KeyError):
        storage.pop("nothing")
    assert storage.pop("nothing", 7) == 7


def test_a_change_that_is_interrupted_leaves_the_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "client.json"
    storage = JsonStorage(path)
    storage["a"] = 1

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            storage["a"] = 2
    assert [each.name for each in tmp_path.iterdir()] == ["client.json"]
    assert dict(storage) == dict(JsonStorage(path)) == {"a": 1}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_forked_in_the_middle_of_a_change_is_not_stuck(tmp_path: Path) -> None:
    storage = JsonStorage(tmp_path / "client.json")
    locked, release = threading.Event(), threading.Event()

    def hold() -> None:
        with storage._lock:
            locked.set()
            release.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    assert locked.wait(20)
    child = os.fork()
    if child == 0:
        writer = threading.Thread(target=lambda: storage.update({"a": 1}), daemon=True)
        writer.start()
        writer.join(10)
        os._exit(1 if writer.is_alive() else 0)
    release.set()
    holder.join()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


@pytest.mark.parametrize("error", [OSError, asyncio.CancelledError])
def test_a_storage_that_fails_leaves_the_opt_out_in_force(
    error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(dict[str, Any]):
        def __setitem__(self, _key: str, _value: Any) -> None:
            raise error

    with Bench(storage=Broken()) as bench:
        bench.client.opt_out()
        assert bench.client.is_opted_out()
    assert f"cannot write to the storage ({error.__name__})" in caplog.text
