"""A callback that captures does not cause its own calls, neither at once nor through what follows."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator

import pytest

from flagengine.transports import AsyncClient, Client, MemorySink
from flagengine.transports.batching.batch import Batch
from flagengine.transports.batching.delivery import DELIVERED, DeliveryOutcome, Disposition
from flagengine.transports.batching.drivers import ManualDriver
from flagengine.transports.errors import StatusError
from flagengine.transports.exceptions import ExceptionLogHandler

pytestmark = pytest.mark.contract("capture")

REJECTED = DeliveryOutcome(Disposition.REJECTED, StatusError(400))
RETRY = DeliveryOutcome(Disposition.RETRY, StatusError(503))


class JudgingSink(MemorySink):
    """A sink whose outcome depends on the first event's name."""

    def __init__(self, judge: Callable[[str], DeliveryOutcome]) -> None:
        super().__init__()
        self.judge = judge

    def deliver(self, batch: Batch, *, timeout: float) -> DeliveryOutcome:
        super().deliver(batch, timeout=timeout)
        return self.judge(batch.events[0].name)


@contextlib.contextmanager
def made(judge: Callable[[str], DeliveryOutcome], **options: object) -> Iterator[Client]:
    client = Client(sink=JudgingSink(judge), flush_at=1, driver=ManualDriver(), **options)  # type: ignore[arg-type]
    try:
        yield client
    finally:
        client.shutdown(0.0, discard=True)


def tick(*clients: Client, times: int = 6) -> None:
    for _ in range(times):
        for client in clients:
            client.tick()


def test_what_on_error_captures_is_counted_and_logged_but_not_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    calls: list[str] = []

    def on_error(_error: object, events: tuple[object, ...]) -> None:
        calls.append(str(events))
        client.capture("inner", distinct_id="u")

    with made(lambda _: REJECTED, on_error=on_error) as client:
        client.capture("outer", distinct_id="u")
        tick(client)
        assert len(calls) == 1
        assert "'outer'" in calls[0]
        counters = client.counters()
        assert counters is not None
        assert counters.dropped == {"rejected": 2}
        assert not client.flush()
        client.capture("outer", distinct_id="u")
        tick(client)
        assert len(calls) == 2, "the next loss is told"
    assert "lost (rejected)" in caplog.text


def test_what_the_application_captures_meanwhile_is_told() -> None:
    heard: list[str] = []

    def on_error(_error: object, events: tuple[object, ...]) -> None:
        heard.extend(map(str, events))
        client.capture("inner", distinct_id="u")

    with made(lambda _: REJECTED, on_error=on_error, max_batch_size=5) as client:
        client.capture("first", distinct_id="u")
        client.tick()
        client.capture("second", distinct_id="u")
        tick(client)
        assert [text.split("'")[1] for text in heard] == ["first", "second"]


@pytest.mark.parametrize("name", ["flush", "*"])
def test_a_listener_of_deliveries_is_not_called_for_what_it_captured(name: str) -> None:
    calls: list[object] = []

    def listener(*payload: object) -> None:
        calls.append(payload)
        client.capture("inner", distinct_id="u")

    with made(lambda _: DELIVERED) as client:
        client.on(name, listener)
        client.capture("outer", distinct_id="u")
        tick(client)
        assert len(calls) == (1 if name == "flush" else 2), "captured, and delivered"


def test_a_circle_of_two_callbacks_ends() -> None:
    calls: list[str] = []

    def on_error(_error: object, _events: object) -> None:
        calls.append("error")
        client.capture("delivered", distinct_id="u")

    def on_flush(_events: object) -> None:
        calls.append("flush")
        client.capture("rejected", distinct_id="u")

    with made(
        lambda name: REJECTED if name == "rejected" else DELIVERED, on_error=on_error
    ) as client:
        client.on("flush", on_flush)
        client.capture("delivered", distinct_id="u")
        tick(client, times=20)
        assert calls == ["flush", "error"]


def test_a_circle_of_two_clients_ends_and_each_is_told_once() -> None:
    calls: list[str] = []

    def on_error(name: str) -> Callable[[object, object], None]:
        def told(_error: object, _events: object) -> None:
            calls.append(name)
            others[name].capture("lost", distinct_id="u")

        return told

    with (
        made(lambda _: REJECTED, on_error=on_error("one")) as one,
        made(lambda _: REJECTED, on_error=on_error("two")) as two,
    ):
        others = {"one": two, "two": one}
        one.capture("outer", distinct_id="u")
        tick(one, two)
        assert calls == ["one", "two"]


def test_what_on_error_captures_evicts_nothing() -> None:
    calls: list[object] = []

    def on_error(*arguments: object) -> None:
        calls.append(arguments)
        client.capture("inner", distinct_id="u")

    with made(
        lambda _: RETRY, on_error=on_error, overflow="drop_oldest", max_queue_size=2
    ) as client:
        for _ in range(3):
            client.capture("outer", distinct_id="u")
        client.capture("outer", distinct_id="u")
        tick(client)
        counters = client.counters()
        assert counters is not None
        assert counters.dropped == {"evicted": len(calls)}
        assert len(calls) == 2
        assert counters.refused == {"queue_full": 2}


def test_errors_of_the_client_that_the_application_logs_are_not_reported() -> None:
    reported: list[BaseException] = []
    logger = logging.getLogger("shop")
    handler = ExceptionLogHandler(lambda error, _: reported.append(error))
    logger.addHandler(handler)

    def on_error(error: Exception, _events: object) -> None:
        logger.error("lost", exc_info=error)
        own = ValueError()
        own.__cause__ = error
        logger.error("a failure of the application", exc_info=own)

    try:
        with made(lambda _: REJECTED, on_error=on_error) as client:
            client.capture("outer", distinct_id="u")
            tick(client)
    finally:
        logger.removeHandler(handler)
    assert [type(error) for error in reported] == [ValueError]


@pytest.mark.parametrize("name", ["capture", "flush", "on_error"])
def test_a_coroutine_that_captures_does_not_call_itself(name: str) -> None:
    calls: list[int] = []

    async def main() -> None:
        called = asyncio.Event()

        async def callback(*_: object) -> None:
            calls.append(1)
            await asyncio.sleep(0)
            client.capture("inner", distinct_id="u")
            called.set()

        sink = JudgingSink(lambda _: REJECTED if name == "on_error" else DELIVERED)
        options = {"on_error": callback} if name == "on_error" else {}
        async with AsyncClient(sink=sink, flush_at=1, **options) as client:  # type: ignore[arg-type]
            if name != "on_error":
                client.on(name, callback)
            client.capture("outer", distinct_id="u")
            await asyncio.wait_for(called.wait(), 10)
            for _ in range(3):
                await client.flush()

    asyncio.run(main())
    assert calls == [1]
