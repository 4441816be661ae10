"""What the application's code raises ends no thread of the client, and goes through on the application's."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from flagengine.transports import (
    AsyncClient,
    Client,
    ManualDriver,
    MemoryDefinitions,
    MemorySink,
)
from flagengine.transports.batching.batch import Batch
from flagengine.transports.batching.delivery import DeliveryOutcome
from flagengine.transports.polling import (
    DefinitionLoader,
    FailureKind,
    Loaded,
    PollPolicy,
    ThreadPollDriver,
    poll_thread,
)

pytestmark = pytest.mark.contract("flag-definition-loader")

DOCUMENT = {"flags": [{"key": "f", "active": True, "filters": {"groups": [{}]}}]}
ERRORS = [SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError]
PATIENCE = 20.0

every_error = pytest.mark.parametrize("error", ERRORS)


def until(is_so: Callable[[], object]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.005)
    return bool(is_so())


@pytest.fixture(autouse=True)
def dead(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Yield the names of the threads that an exception ended; there may be none."""
    names: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda given: names.append(given.thread.name))
    yield names
    assert names == []


class Source:
    """A source whose first fetches raise, and whose definitions are new each time."""

    def __init__(self, *errors: type[BaseException]) -> None:
        self.errors = list(errors)
        self.fetches = 0

    def fetch(self, _version: str | None) -> Any:
        self.fetches += 1
        if self.errors:
            raise self.errors.pop()
        return Loaded({**DOCUMENT, "cohorts": {str(self.fetches): {"type": "AND", "values": []}}})


class AsyncSource(Source):
    async def fetch(self, version: str | None) -> Any:
        await asyncio.sleep(0)
        return super().fetch(version)


class CancelledInside(Source):
    async def fetch(self, version: str | None) -> Any:
        if self.errors:
            self.errors.pop()
            task = asyncio.create_task(asyncio.sleep(60))
            task.cancel()
            await task
        return super().fetch(version)


class Unreadable(Mapping[str, Any]):
    def __init__(self, error: type[BaseException]) -> None:
        self.error = error

    def __getitem__(self, *_: object) -> Any:
        raise self.error

    __iter__ = __len__ = __getitem__  # type: ignore[assignment]


class BrokenDocument(Source):
    def fetch(self, version: str | None) -> Any:
        if self.errors:
            self.fetches += 1
            return Loaded(Unreadable(self.errors.pop()))
        return super().fetch(version)


def client_of(source: Any, **options: Any) -> Client:
    return Client(sink=MemorySink(), definitions=source, poll_interval=0.1, **options)


@every_error
@pytest.mark.parametrize("kind", [Source, AsyncSource, CancelledInside, BrokenDocument])
def test_a_source_that_raises_is_a_failed_load(
    kind: type[Source], error: type[BaseException], caplog: Any
) -> None:
    healths: list[Any] = []
    source = kind(error)
    client = client_of(source)
    client.on("error", lambda _: healths.append(client.definitions_health()))
    assert client.wait_for_local_evaluation_ready(PATIENCE)
    assert healths[0].consecutive_failures == 1
    assert healths[0].last_error.kind in {FailureKind.SOURCE, FailureKind.MALFORMED}
    assert healths[0].last_error.message.split()[-1] in {error.__name__, "CancelledError"}
    assert [each for each in caplog.messages if "Could not load" in each][1:] == []
    assert "Could not load" in caplog.text
    client.reload_feature_flags(PATIENCE)
    assert client.definitions_health().last_error is None
    assert client.shutdown()


@every_error
@pytest.mark.parametrize(
    "name", ["error", "local_evaluation_flags_loaded", "definitions_recovered"]
)
def test_a_listener_that_raises_does_not_end_polling(
    name: str, error: type[BaseException], caplog: Any
) -> None:
    def fail(_: object) -> None:
        raise error

    source = Source(*[OSError] * 2 * (name != "local_evaluation_flags_loaded"))
    client = client_of(source)
    client.on(name, fail)
    assert client.wait_for_local_evaluation_ready(PATIENCE)
    fetches = source.fetches
    assert until(lambda: source.fetches > fetches + 2)
    # The client logs it once, however often it repeats.
    assert caplog.messages.count("a callback of the application failed") == 1
    assert client.shutdown()


class Cache:
    def __init__(self, broken: str, error: type[BaseException]) -> None:
        self.broken, self.error = broken, error

    def __getattr__(self, name: str) -> Any:
        def operation(*_: object) -> Any:
            if name == self.broken:
                raise self.error
            return name == "should_fetch_flag_definitions"

        return operation


@every_error
@pytest.mark.parametrize(
    "operation",
    [
        "should_fetch_flag_definitions",
        "on_flag_definitions_received",
        "shutdown",
    ],
)
def test_a_cache_that_raises_does_not_end_polling(
    operation: str, error: type[BaseException], caplog: Any
) -> None:
    source = Source()
    client = client_of(source, flag_definition_cache_provider=Cache(operation, error))
    assert client.wait_for_local_evaluation_ready(PATIENCE)
    assert until(lambda: source.fetches > 2)
    if operation == "shutdown" and error in {SystemExit, KeyboardInterrupt}:
        with pytest.raises(error):
            client.shutdown()
    else:
        assert client.shutdown()
        assert caplog.text.count(f"failed in {operation} ({error.__name__})") == 1


class Raising(logging.Handler):
    def __init__(self, error: type[BaseException]) -> None:
        super().__init__()
        self.error = error
        self.is_on = True

    def emit(self, _record: logging.LogRecord) -> None:
        if self.is_on and threading.current_thread().name.startswith("flagengine-"):
            raise self.error


@pytest.fixture(name="raising")
def _raising(request: Any) -> Iterator[Raising]:
    handler, logger = Raising(request.param), logging.getLogger("flagengine")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


every_handler = pytest.mark.parametrize("raising", [*ERRORS, ZeroDivisionError], indirect=True)


@every_handler
def test_a_log_handler_that_raises_does_not_end_polling(raising: Raising, capsys: Any) -> None:
    heard: list[Any] = []
    source = Source(OSError)
    client = client_of(source)
    client.on("error", heard.append)
    client.on("definitions_recovered", heard.append)
    assert client.wait_for_local_evaluation_ready(PATIENCE)
    assert until(lambda: len(heard) == 2)
    assert raising.error.__name__ in capsys.readouterr().err
    assert client.shutdown()


class RaisingSink(MemorySink):
    def __init__(self, error: type[BaseException], times: int) -> None:
        super().__init__()
        self.error, self.times = error, times

    def deliver(self, batch: Batch, *, timeout: float) -> DeliveryOutcome:
        if self.times:
            self.times -= 1
            raise self.error
        return super().deliver(batch, timeout=timeout)


@pytest.mark.contract("retry-queue")
@every_handler
def test_neither_a_log_handler_nor_a_callback_ends_the_telling_of_losses(raising: Raising) -> None:
    heard: list[str] = []

    def fail(_error: object, events: Any) -> None:
        heard.extend(event.name for event in events)
        raise raising.error

    client = Client(sink=RaisingSink(ZeroDivisionError, 2), max_retries=0, on_error=fail)
    for name in ("first", "second"):
        client.capture(name, distinct_id="u")
        assert not client.flush(PATIENCE)
    assert heard == ["first", "second"]
    raising.is_on = False
    client.capture("third", distinct_id="u")
    assert client.shutdown(PATIENCE)


@pytest.mark.contract("retry-queue")
@every_error
def test_a_sink_that_raises_loses_events_with_a_word_and_one_line(
    error: type[BaseException], caplog: Any
) -> None:
    lost: list[str] = []
    client = Client(
        sink=RaisingSink(error, 2),
        max_retries=0,
        on_error=lambda _, events: lost.extend(event.name for event in events),
    )
    for name in ("first", "second", "third"):
        client.capture(name, distinct_id="u")
        client.flush(PATIENCE)
    assert lost == ["first", "second"]
    assert caplog.text.count("the sink of lane 'events' raised an exception") == 1
    assert "interrupted" not in caplog.text
    assert client.shutdown()


# The application's own thread.


def manual(**options: Any) -> Client:
    return Client(driver=ManualDriver(), **{"sink": MemorySink(), **options})


def in_a_source(error: type[BaseException]) -> None:
    client = manual(definitions=Source(error), poll_interval=0.1)
    try:
        client.get_feature_flag("f", "u")
    finally:
        assert until(lambda: client.tick() or client.is_local_evaluation_ready())


def in_a_sink(error: type[BaseException]) -> None:
    client = manual(sink=RaisingSink(error, 1))
    client.capture("e", distinct_id="u")
    try:
        client.flush(0.1)
    finally:
        assert client.shutdown()


def in_a_listener(error: type[BaseException]) -> None:
    client = manual()

    def fail(_: object) -> None:
        raise error

    client.on("capture", fail)
    client.capture("e", distinct_id="u")


def in_a_hook(error: type[BaseException]) -> None:
    lost: list[object] = []

    def fail(_: object) -> Any:
        raise error

    client = manual(before_send=fail, on_error=lambda *given: lost.append(given))
    assert client.capture("e", distinct_id="u") is None
    client.flush()
    assert len(lost) == 1


def in_a_storage(error: type[BaseException]) -> None:
    class Storage(dict[str, Any]):
        def __setitem__(self, _key: str, _value: Any) -> None:
            raise error

    client = manual(storage=Storage())
    client.opt_out()
    assert client.capture("e", distinct_id="u") is None


def in_a_transport(error: type[BaseException]) -> None:
    class Transport:
        def request(self, _request: Any, /) -> Any:
            raise error

    client = manual(transport=Transport())
    assert client.fetch("https://host.test") is None


PLACES = [in_a_source, in_a_sink, in_a_listener, in_a_hook, in_a_storage, in_a_transport]


@pytest.mark.parametrize("place", PLACES)
@every_error
def test_on_the_applications_thread_an_interrupt_and_an_exit_go_through(
    place: Callable[[type[BaseException]], None], error: type[BaseException]
) -> None:
    if error in {KeyboardInterrupt, SystemExit}:
        with pytest.raises(error):
            place(error)
    else:
        place(error)


@every_error
def test_no_step_of_an_async_client_cancels_its_caller_or_ends_the_loop(
    error: type[BaseException],
) -> None:
    class Transport:
        def request(self, _request: Any, /) -> Any:
            raise error

    async def main() -> None:
        client = AsyncClient("phc_key", transport=Transport(), sink=MemorySink())
        assert await client.fetch("https://host.test") is None
        assert await client.get_feature_flag("f", "u") is None
        await client.shutdown()
        manually = AsyncClient(
            sink=RaisingSink(error, 1), definitions=Source(error), driver=ManualDriver()
        )
        assert not await manually.wait_for_local_evaluation_ready(0)
        assert manually.definitions_health().consecutive_failures == 1
        manually.capture("e", distinct_id="u")
        assert not await manually.flush(0.1)
        assert await manually.shutdown()

    asyncio.run(main())


# Threads that have ended all the same, or cannot begin.


def test_the_next_wait_replaces_a_dead_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    loader = DefinitionLoader(MemoryDefinitions(DOCUMENT), driver=ThreadPollDriver())
    with monkeypatch.context() as broken:
        broken.setattr(poll_thread, "_run", lambda *_: None)
        loader.start()
        assert until(lambda: not loader._driver._thread.is_alive())  # type: ignore[attr-defined]
    assert loader.wait_until_ready(PATIENCE)
    assert loader.reload(PATIENCE)
    loader.shutdown()


def test_without_a_thread_the_next_use_tries_again(
    monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        msg = "can't start new thread"
        raise RuntimeError(msg)

    policy = PollPolicy(interval=0.1)
    loader = DefinitionLoader(MemoryDefinitions(DOCUMENT), driver=ThreadPollDriver(), policy=policy)
    with monkeypatch.context() as exhausted:
        exhausted.setattr(threading.Thread, "start", refuse)
        assert not loader.current.is_ready
        assert not loader.wait_until_ready(0)
    assert not loader.is_stopped
    assert caplog.text.count("could not start a thread") == 1
    assert until(lambda: loader.current.is_ready)
    loader.shutdown()


EXIT = """
import sys
from flagengine.transports import Client, ManualDriver, MemorySink

class Sink(MemorySink):
    def deliver(self, batch, *, timeout):
        print("asked")
        sys.exit(3)

clients = [Client(sink=Sink(), driver=ManualDriver()) for _ in range(3)]
for client in clients:
    client.capture("e", distinct_id="u")
"""


@pytest.mark.contract("shutdown")
def test_at_exit_a_client_whose_sink_exits_leaves_the_others_their_turn() -> None:
    done = subprocess.run(
        [sys.executable, "-c", EXIT],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout.count("asked") >= 3
    assert done.returncode == 0
