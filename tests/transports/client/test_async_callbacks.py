"""The client's callbacks as ``async def``: refused by Client, awaited by AsyncClient where it can."""

from __future__ import annotations

import asyncio
import gc
import warnings
from types import SimpleNamespace

import pytest

from flagengine.transports import AsyncClient, Client, MemorySink
from flagengine.transports.batching.delivery import DeliveryOutcome, Disposition
from flagengine.transports.client import loop_callbacks
from flagengine.transports.errors import TransportError

pytestmark = pytest.mark.contract("setup")


async def awaited(*_):
    return None


class RefusingSink:
    def deliver(self, batch, *, timeout):
        return DeliveryOutcome(Disposition.REJECTED, TransportError("refused"))

    def close(self):
        pass


class AsyncSink:
    async def deliver(self, *_, **__):
        pass

    def close(self):
        pass


@pytest.mark.parametrize("made", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"before_send": awaited}, "before_send"),
        ({"before_send": [print, awaited]}, "before_send"),
        ({"on_error": awaited}, "on_error"),
        ({"sink": AsyncSink()}, r"sink\.deliver\(\)"),
        (
            {"flag_cache": SimpleNamespace(get=awaited, put=print, clear=print)},
            r"flag_cache\.get\(\)",
        ),
        ({"transport": SimpleNamespace(request=awaited)}, r"transport\.request\(\)"),
    ],
)
def test_what_nobody_would_await_is_refused_when_the_client_is_made(made, options, name):
    with pytest.raises(TypeError, match=f"^{name} must be a plain"):
        made("phc_x", **{"sink": MemorySink(), **options})


def test_a_client_refuses_listeners_that_nobody_awaits_and_what_cannot_be_called():
    with Client(sink=MemorySink()) as client:
        with pytest.raises(TypeError, match=r"^on must be a plain function.*AsyncClient"):
            client.on("flush", awaited)
        with pytest.raises(TypeError, match="must get a function as callback, got str"):
            client.on("flush", "print")


def test_a_coroutine_that_shows_only_in_the_call_is_closed(caplog):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with Client(sink=MemorySink(), before_send=lambda _: awaited()) as client:
            client.on("capture", lambda _: awaited())
            assert client.capture("e", distinct_id="u") is None
        with Client(sink=RefusingSink(), on_error=lambda *_: awaited()) as client:
            client.on("capture", lambda _: awaited())
            client.capture("e", distinct_id="u")
            client.flush()
        gc.collect()
    assert "before_send must return a mapping or None, got coroutine" in caplog.text
    assert "on must return a value, got coroutine" in caplog.text
    assert "on_error must return a value, got coroutine" in caplog.text


def test_an_async_client_awaits_callbacks_on_its_loop():
    heard = []

    async def main():
        told = asyncio.Event()

        async def on_error(error, events):
            await asyncio.sleep(0)
            heard.append(("on_error", asyncio.get_running_loop(), len(events)))
            told.set()

        async def listener(payload):
            await asyncio.sleep(0)
            heard.append(("capture", asyncio.get_running_loop(), payload["event"]))

        async def failing(_payload):
            raise ZeroDivisionError

        async with AsyncClient(sink=RefusingSink(), on_error=on_error) as client:
            client.on("capture", listener)
            client.on("error", failing)
            client.capture("e", distinct_id="u")
            await client.flush()
            await asyncio.wait_for(told.wait(), 10)
        return asyncio.get_running_loop()

    loop = asyncio.run(main())
    assert sorted(heard, key=str) == [("capture", loop, "e"), ("on_error", loop, 1)]


def test_a_callback_is_not_called_after_the_end_of_its_loop(caplog):
    heard = []

    async def on_error(*_):
        heard.append(1)

    async def main():
        return AsyncClient(sink=RefusingSink(), on_error=on_error)

    client = asyncio.run(main())
    for _ in range(2):
        client.capture("e", distinct_id="u")
        asyncio.run(client.flush())
    asyncio.run(client.shutdown())
    assert heard == []
    assert caplog.messages.count("on_error was not called: its event loop has ended") == 1


def test_a_loop_that_ends_meanwhile_costs_the_call_and_leaves_no_coroutine(monkeypatch):
    async def main():
        told = asyncio.Event()
        loop = asyncio.get_running_loop()

        def refuse(*_):
            loop.call_soon_threadsafe(told.set)
            raise RuntimeError

        monkeypatch.setattr(asyncio, "run_coroutine_threadsafe", refuse)
        async with AsyncClient(sink=RefusingSink(), on_error=awaited) as client:
            client.capture("e", distinct_id="u")
            await client.flush()
            await asyncio.wait_for(told.wait(), 10)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(main())
        gc.collect()


def test_a_worker_waits_for_a_callback_only_so_long(monkeypatch, caplog):
    monkeypatch.setattr(loop_callbacks, "PATIENCE", 0.01)
    ended = []
    message = "on_error takes longer than 0.01 s; it goes on alone"

    async def main():
        may_go = asyncio.Event()

        async def on_error(*_):
            await may_go.wait()
            ended.append(1)

        async with AsyncClient(sink=RefusingSink(), on_error=on_error) as client:
            client.capture("e", distinct_id="u")
            await client.flush()
            while message not in caplog.messages:
                await asyncio.sleep(0.001)
            may_go.set()

    asyncio.run(main())
    assert ended == [1]


def test_a_callback_that_is_cancelled_is_no_failure(caplog):
    async def main():
        told = asyncio.Event()

        async def on_error(*_):
            told.set()
            raise asyncio.CancelledError

        async with AsyncClient(sink=RefusingSink(), on_error=on_error) as client:
            client.capture("e", distinct_id="u")
            await client.flush()
            await asyncio.wait_for(told.wait(), 10)

    asyncio.run(main())
    assert "callback" not in caplog.text
