"""The asynchronous client gives the same answers and never blocks the loop."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest

from flagengine.transports import AsyncClient, ManualClock, MemorySink, Request, Response
from flagengine.transports.client.perform import perform_on
from flagengine.transports.daemon_threads import DaemonThreads
from flagengine.transports.errors import ClientBusyError, ConnectError
from flagengine.transports.steps import Call

from ..support import TickingDriver
from .bench import API_KEY, FLAGS, SECRET, FakeServer, flag, local, needs


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
    with pytest.raises(ValueError, match="overflow must not be 'block'"):
        AsyncClient(API_KEY, overflow="block")
    client = AsyncClient(sink=MemorySink())
    with pytest.raises(TypeError, match="group"):
        asyncio.run(client.get_feature_flag("a", "u", group={}))  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"get_feature_flag\(\) missing .* 'key'"):
        asyncio.run(client.get_feature_flag())  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"evaluate_flags\(\) takes"):
        asyncio.run(client.evaluate_flags("u", "more"))  # type: ignore[call-arg]
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


# What a caller that stopped waiting leaves behind, and what it waits for at most.


def busy(client: AsyncClient, **limits: Any) -> AsyncClient:
    client.threads = DaemonThreads(1, 0.01, **limits)
    client.waiting_threads = DaemonThreads(1, 0.01, **limits)
    return client


@pytest.mark.contract("get-feature-flag")
def test_a_read_without_a_thread_is_answered_from_what_is_known() -> None:
    server = SlowServer()
    called: list[Any] = []

    async def main() -> None:
        client = busy(
            make(server, definitions=local(flag("on"), flag("open", needs("plan")))), patience=0.05
        )
        await client.wait_for_local_evaluation_ready()
        client.on("capture", called.append)
        first = asyncio.create_task(client.get_feature_flag("a", "u"))
        await asyncio.to_thread(server.came.wait, 10)
        # It waits for a thread, and then no more.
        assert await client.get_all_flags("v") == {"on": True}
        assert await client.get_feature_flag("open", "v") is None
        server.may_go.set()
        await first
        await client.shutdown()

    asyncio.run(main())
    assert called[0]["properties"]["$feature_flag_error"] == "timeout,local_evaluation_inconclusive"


def test_a_call_beyond_the_limit_of_waiting_calls_is_refused_at_once() -> None:
    server = SlowServer()
    errors: list[Any] = []

    async def main() -> None:
        client = busy(
            make(server, feature_flags_request_max_retries=0), most_waiting=2, patience=60.0
        )
        client.on("error", errors.append)
        reads = [asyncio.create_task(client.get_feature_flag("a", "first"))]
        await asyncio.to_thread(server.came.wait, 10)
        reads += [asyncio.create_task(client.get_feature_flag("a", str(n))) for n in range(2)]
        await asyncio.sleep(0)
        assert await client.get_feature_flag("a", "beyond") is None
        assert await client.get_surveys() == []
        assert await client.capture_immediate("e", distinct_id="u") is None
        assert not any(read.done() for read in reads)
        server.may_go.set()
        await asyncio.gather(*reads)
        await client.shutdown()

    asyncio.run(main())
    assert [type(error) for error in errors] == [ClientBusyError] * 2
    assert "2 calls of the client wait for a thread already" in str(errors[0])


def test_a_flush_and_a_shutdown_do_not_wait_for_reads_that_hang() -> None:
    server = SlowServer()

    async def main() -> None:
        client = busy(make(server), patience=60.0)
        reads = [asyncio.create_task(client.get_feature_flag("a", str(n))) for n in range(3)]
        await asyncio.to_thread(server.came.wait, 10)
        assert await asyncio.wait_for(client.flush(), 10)
        assert await asyncio.wait_for(client.shutdown(), 10)
        server.may_go.set()
        await asyncio.gather(*reads)

    asyncio.run(main())


def test_a_read_that_nobody_waits_for_is_not_retried_and_frees_its_thread() -> None:
    class Refusing(FakeServer):
        def __init__(self) -> None:
            super().__init__()
            self.threads: list[str] = []

        def request(self, request: Request, /) -> Response:
            self.threads.append(threading.current_thread().name)
            raise ConnectError("refused")

    server = Refusing()

    async def main() -> None:
        client = busy(
            AsyncClient(
                API_KEY,
                transport=server,
                feature_flags_request_max_retries=10,
                send_feature_flag_event=False,
            ),
            patience=60.0,
        )
        for count in (1, 2, 3):
            read = asyncio.create_task(client.get_feature_flag("a", "u"))
            while len(server.threads) < count:
                await asyncio.sleep(0)
            # It waits for 300 ms now, in the one thread that there is.
            read.cancel()
            with pytest.raises(asyncio.CancelledError):
                await read
        await client.shutdown()

    asyncio.run(asyncio.wait_for(main(), 10))
    assert len(server.threads) == 3


@pytest.mark.parametrize(
    "wait",
    [
        lambda client: client.wait_for_local_evaluation_ready(60.0),
        lambda client: client.reload_feature_flags(60.0),
        lambda client: client.flush(60.0),
    ],
    ids=["ready", "reload", "flush"],
)
def test_a_wait_that_nobody_waits_for_frees_its_thread(wait: Any) -> None:
    server = SlowServer()

    async def main() -> None:
        client = AsyncClient(API_KEY, transport=server, secret_key=SECRET)
        busy(client, patience=60.0)
        client.capture("e", distinct_id="u")
        for _ in range(10):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(wait(client), 0.01)
        for threads in (client.threads, client.waiting_threads):
            free = threads.submit(lambda: True)
            assert await asyncio.wait_for(asyncio.wrap_future(free), 10)
        server.may_go.set()
        await client.shutdown()

    asyncio.run(main())


def test_waits_for_definitions_leave_threads_to_reads() -> None:
    class Loading(SlowServer):
        def request(self, request: Request, /) -> Response:
            if "definitions" in request.url:
                return super().request(request)
            return FakeServer.request(self, request)

    server = Loading()
    server.flags = {"a": "blue"}

    async def main() -> None:
        client = AsyncClient(API_KEY, transport=server, secret_key=SECRET)
        waits = [
            asyncio.create_task(client.wait_for_local_evaluation_ready(60.0)) for _ in range(40)
        ]
        await asyncio.to_thread(server.came.wait, 10)
        assert await asyncio.wait_for(client.get_feature_flag("a", "u"), 10) == "blue"
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        server.may_go.set()
        await client.shutdown()

    asyncio.run(main())


def test_a_loop_that_is_closed_while_a_read_hangs_leaves_no_trace(
    caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    server = SlowServer()
    client = make(server, send_feature_flag_event=False)
    loop = asyncio.new_event_loop()
    read = loop.create_task(client.get_feature_flag("a", "u"))
    loop.run_until_complete(asyncio.sleep(0))
    assert server.came.wait(10)
    loop.close()
    server.may_go.set()
    end = time.monotonic() + 10
    while client.threads._pending.idle == 0 and time.monotonic() < end:
        time.sleep(0)
    read._log_destroy_pending = False  # type: ignore[attr-defined] # the application's own fault
    assert asyncio.run(client.shutdown())
    assert caplog.records == []
    assert not recwarn.list


def test_a_stop_iteration_inside_a_call_does_not_hang_the_task() -> None:
    async def main() -> None:
        def stop() -> None:
            raise StopIteration

        with pytest.raises(RuntimeError, match="StopIteration"):
            await asyncio.wait_for(perform_on(DaemonThreads(), Call(stop)), 10)

    asyncio.run(main())


HANGING = """
import asyncio, socket, sys, time
from flagengine.transports import AsyncClient
listener = socket.create_server(("127.0.0.1", 0))
async def main():
    client = AsyncClient("phc_x", host=f"http://127.0.0.1:{listener.getsockname()[1]}")
    for _ in range(20):
        try:
            await asyncio.wait_for(client.get_feature_flag("f", "u"), 0.01)
        except TimeoutError:
            pass
asyncio.run(main())
started = time.monotonic()
asyncio.run(main())
# A read that is not given up takes 6.3 s.
print(time.monotonic() - started < 3)
listener.close()
"""


def test_a_program_that_gave_reads_up_ends_at_once() -> None:
    command = [sys.executable, "-W", "error", "-c", HANGING]
    environment = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
