"""The task on an event loop: the same machine, awaited."""

from __future__ import annotations

import asyncio
import threading

import pytest

from flagengine.transports.polling import (
    DefinitionLoader,
    Failed,
    FailureKind,
    Loaded,
    PollPolicy,
)
from flagengine.transports.polling.answers import Answer
from flagengine.transports.polling.asynchronous import AsyncLoader
from flagengine.transports.polling.sources.memory import MemoryDefinitions

pytestmark = pytest.mark.contract("flag-definition-loader")

ONE = {"flags": [{"key": "one"}]}
TWO = {"flags": [{"key": "two"}]}
PATIENCE = 20.0


def keys(loader: AsyncLoader) -> list[str]:
    snapshot = loader.current.snapshot
    return [] if snapshot is None else list(snapshot.flags)


def test_it_loads_waits_reloads_and_stops() -> None:
    async def scenario() -> list[list[str]]:
        source = MemoryDefinitions(ONE)
        loader = AsyncLoader(DefinitionLoader(source))
        assert await loader.wait_until_ready(PATIENCE)
        seen = [keys(loader)]
        source.replace(TWO)
        assert await loader.reload(PATIENCE)
        seen.append(keys(loader))
        await loader.shutdown()
        await loader.shutdown()
        assert len(asyncio.all_tasks()) == 1
        return seen

    assert asyncio.run(scenario()) == [["one"], ["two"]]


def test_it_polls_by_itself() -> None:
    async def scenario() -> None:
        source = MemoryDefinitions(ONE)
        loader = AsyncLoader(DefinitionLoader(source, policy=PollPolicy(interval=0.1)))
        assert await loader.wait_until_ready(PATIENCE)
        loop, heard = asyncio.get_running_loop(), asyncio.Event()
        loader.loader.store.subscribe(lambda _change: loop.call_soon_threadsafe(heard.set))
        source.replace(TWO)
        await asyncio.wait_for(heard.wait(), PATIENCE)
        await loader.shutdown()

    asyncio.run(scenario())


def test_a_coroutine_source_runs_on_the_loop_and_a_plain_one_off_it() -> None:
    where: list[threading.Thread] = []

    class OnLoop:
        async def fetch(self, _version: str | None) -> Answer:
            where.append(threading.current_thread())
            return Loaded(ONE)

    class OffLoop:
        def fetch(self, _version: str | None) -> Answer:
            where.append(threading.current_thread())
            return Loaded(ONE)

    async def scenario() -> None:
        for source in (OnLoop(), OffLoop()):
            loader = AsyncLoader(DefinitionLoader(source))
            assert await loader.wait_until_ready(PATIENCE)
            await loader.shutdown()

    asyncio.run(scenario())
    main = threading.main_thread()
    assert [thread is main for thread in where] == [True, False]


def test_waiting_ends_at_its_timeout() -> None:
    async def scenario() -> None:
        source = MemoryDefinitions()
        source.fail(Failed(FailureKind.NETWORK, "down"))
        loader = AsyncLoader(DefinitionLoader(source))
        assert not await loader.wait_until_ready(0.01)
        await loader.shutdown()

    asyncio.run(scenario())


def test_a_shutdown_in_the_middle_of_a_load_cancels_it() -> None:
    async def scenario() -> bool:
        asked, cancelled = asyncio.Event(), []

        class Slow:
            async def fetch(self, _version: str | None) -> Answer:
                asked.set()
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    cancelled.append(True)
                    raise
                return Loaded(ONE)

        loader = AsyncLoader(DefinitionLoader(Slow()))
        loader.start()
        await asked.wait()
        await loader.shutdown()
        return cancelled == [True]

    assert asyncio.run(scenario())


def test_a_second_event_loop_gets_a_task_of_its_own() -> None:
    loader = AsyncLoader(DefinitionLoader(MemoryDefinitions(ONE)))

    async def use() -> bool:
        return await loader.wait_until_ready(PATIENCE) and await loader.reload(PATIENCE)

    assert asyncio.run(use())
    assert asyncio.run(use())
