"""The asynchronous client gives the same answers and never blocks the loop."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest

from flagengine.transports import AsyncClient, ManualClock, MemorySink, Request, Response

from ..support import TickingDriver
from .bench import API_KEY, FLAGS, FakeServer, flag, local, needs


class SlowServer(FakeServer):
    """A transport that delays each request until it is released, and records its thread."""

    def __init__(self) -> None:
        super().__init__()
        self.came = threading.Event()
        self.may_go = threading.Event()
        self.threads: list[threading.Thread] = []

    def request(self, request: Request, /) -> Response:
        self.threads.append(threading.current_thread())
        self.came.set()
        assert self.may_go.wait(10)
        return super().request(request)


def make(server: FakeServer, **options: Any) -> AsyncClient:
    clock = ManualClock()
    return AsyncClient(
        API_KEY, transport=server, clock=clock, driver=TickingDriver(clock), gzip=False, **options
    )


@pytest.mark.contract("get-feature-flag")
def test_the_loop_goes_on_while_the_server_is_asked() -> None:
    server = SlowServer()
    server.flags = {"a": "blue"}

    async def main() -> str:
        async with make(server) as client:
            reading = asyncio.create_task(client.get_feature_flag("a", "u"))
            await asyncio.to_thread(server.came.wait, 10)
            assert not reading.done()
            server.may_go.set()
            return str(await reading)

    assert asyncio.run(main()) == "blue"
    assert threading.main_thread() not in server.threads


@pytest.mark.contract("local-feature-flag-evaluator")
def test_local_flags_are_answered_without_a_thread() -> None:
    async def main() -> None:
        async with make(FakeServer(), definitions=local(flag("a"))) as client:
            reading = client.get_feature_flag("a", "u")
            with pytest.raises(StopIteration) as ended:
                reading.send(None)
            assert ended.value.value is True

    asyncio.run(main())


@pytest.mark.contract("tracing-headers")
def test_tasks_keep_their_own_context() -> None:
    server = FakeServer()

    async def handle(client: AsyncClient, user: str) -> None:
        async with client.context(distinct_id=user):
            await asyncio.sleep(0)
            await client.get_feature_flag("a")
            await asyncio.sleep(0)
            client.capture("e")

    async def main() -> None:
        async with make(server) as client:
            await asyncio.gather(*(handle(client, str(i)) for i in range(20)))

    asyncio.run(main())
    asked = {body["distinct_id"] for body in server.bodies(FLAGS)}
    captured = {
        event["distinct_id"]
        for body in server.bodies("/batch/")
        for event in body["batch"]
        if event["event"] == "e"
    }
    assert asked == captured == {str(i) for i in range(20)}


@pytest.mark.contract("evaluate-flags", "capture", "flush", "shutdown")
def test_everything_else_is_as_on_the_other_client() -> None:
    server = FakeServer()
    server.flags = {"open": True}

    async def main() -> None:
        client = make(server, definitions=local(flag("on"), flag("open", needs("plan"))))
        snapshot = await client.evaluate_flags("u")
        assert snapshot.is_enabled("open")
        client.capture("e", distinct_id="u", flags=snapshot)
        assert await client.capture_immediate("f", distinct_id="u") is not None
        assert await client.wait_for_local_evaluation_ready()
        assert await client.flush()
        with client.overridden_flags({"on": "x"}):
            assert await client.get_all_flags("u") == {"on": "x", "open": True}
        assert await client.shutdown()
        assert client.capture("late", distinct_id="u") is None
        assert await client.capture_immediate("late", distinct_id="u") is None

    asyncio.run(main())
    names = [event["event"] for body in server.bodies("/batch/") for event in body["batch"]]
    assert names == ["$feature_flag_called", "e", "f"]


@pytest.mark.contract("capture")
def test_capture_asks_no_server() -> None:
    server = FakeServer()

    async def main() -> None:
        async with make(server) as client:
            client.capture("e", distinct_id="u", send_feature_flags=True)
            await client.capture_immediate("f", distinct_id="u", send_feature_flags=True)

    asyncio.run(main())
    assert len(server.bodies(FLAGS)) == 1


def test_a_cancelled_read_leaves_nothing_behind() -> None:
    server = SlowServer()

    async def main() -> None:
        async with make(server) as client:
            reading = asyncio.create_task(client.get_feature_flag("a", "u"))
            await asyncio.to_thread(server.came.wait, 10)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            server.may_go.set()
            assert await client.get_feature_flag("a", "u") is None

    asyncio.run(main())


def test_one_client_may_be_used_in_several_loops() -> None:
    sink = MemorySink()
    client = AsyncClient(sink=sink, definitions=local(flag("a")))

    async def main() -> bool | None:
        return await client.is_feature_enabled("a", "u")

    assert [asyncio.run(main()) for _ in range(3)] == [True] * 3
    assert asyncio.run(client.shutdown())
    assert len(sink.events) == 1


def test_wrong_calls_and_options_raise_at_once() -> None:
    with pytest.raises(ValueError, match="sync_mode"):
        AsyncClient(API_KEY, sync_mode=True)
    client = AsyncClient(sink=MemorySink())
    with pytest.raises(TypeError, match="group"):
        asyncio.run(client.get_feature_flag("a", "u", group={}))  # type: ignore[call-arg]
    asyncio.run(client.shutdown())


def test_awaitables_keep_the_context_of_with_context() -> None:
    server = FakeServer()

    async def main() -> None:
        async with make(server) as client:

            async def work() -> str | None:
                await asyncio.sleep(0)
                return client.get_distinct_id()

            assert await client.with_context({"distinctId": "u"}, work) == "u"  # type: ignore[misc]
            assert client.with_context({"distinct_id": "v"}, client.get_distinct_id) == "v"
            assert client.get_distinct_id() is None

    asyncio.run(main())


class NoExecutor(ThreadPoolExecutor):
    """A default executor that the application keeps for itself."""

    def submit(self, *_args: Any, **_options: Any) -> Future[Any]:
        raise AssertionError("the client used the application's executor")


def test_the_applications_executor_is_left_alone() -> None:
    server = FakeServer()
    server.flags = {"a": "blue"}

    async def main() -> None:
        asyncio.get_running_loop().set_default_executor(NoExecutor())
        async with make(server, definitions=local(flag("on"))) as client:
            assert await client.get_feature_flag("a", "u") == "blue"
            assert await client.wait_for_local_evaluation_ready()
            await client.reload_feature_flags()
            assert await client.capture_immediate("e", distinct_id="u") is not None
            assert await client.flush()

    asyncio.run(main())


def test_a_slow_flag_server_does_not_keep_the_application_waiting() -> None:
    server = SlowServer()

    async def main() -> int:
        async with make(server) as client:
            reads = [asyncio.create_task(client.get_feature_flag("a", str(n))) for n in range(40)]
            await asyncio.to_thread(server.came.wait, 10)
            own = [asyncio.to_thread(threading.get_ident) for _ in range(40)]
            await asyncio.wait_for(asyncio.gather(*own), 10)
            assert not any(read.done() for read in reads)
            server.may_go.set()
            await asyncio.gather(*reads)
        return len(set(server.threads))

    assert asyncio.run(main()) <= 16


def test_what_blocks_sees_the_context_variables_of_its_task() -> None:
    variable: ContextVar[str] = ContextVar("variable", default="unset")
    seen: list[str] = []

    class Looking(FakeServer):
        def request(self, request: Request, /) -> Response:
            seen.append(variable.get())
            return super().request(request)

    async def main() -> None:
        async with make(Looking()) as client:
            variable.set("set")
            await client.get_feature_flag("a", "u")

    asyncio.run(main())
    assert seen[0] == "set"
