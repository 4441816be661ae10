"""Forced flags hold for every client of the process, in their own test alone, and leave no trace."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import Any

import pytest

from flagengine import Snapshot, evaluate
from flagengine.transports import AsyncClient, Client, MemorySink
from flagengine.transports.flags.scopes import Scope, scopes
from flagengine.transports.testing import ForcedFlags, flags_set
from flagengine.transports.testing.recorder import ReadRecorder
from tests.threads import at_once
from tests.transports.client.bench import Bench, flag, local, variant_flag

USER = "user-1"
OFF = {"rollout_percentage": 0}


@pytest.fixture
def bench() -> Any:
    with Bench(definitions=local(flag("beta", OFF), flag("gamma", OFF))) as made:
        yield made


def in_a_thread(function: Callable[[], Any]) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_values_hold_for_clients_made_before_and_after_and_in_all_threads(bench: Bench) -> None:
    def beta(client: Client = bench.client) -> Any:
        return client.get_feature_flag("beta", USER)

    assert [beta() for _ in range(3)] == [False] * 3  # the quick way is open
    with ForcedFlags() as flags:
        flags.set("beta", "x")
        with Bench(definitions=local(flag("beta"))) as later:
            assert (beta(), in_a_thread(beta), beta(later.client)) == ("x",) * 3
            flags.set("beta", "y")
            assert (beta(), in_a_thread(beta)) == ("y", "y")
            flags.unset("beta")
            assert (beta(), beta(later.client)) == (False, True)
            flags.update({"beta": None}, gamma=True)
            assert bench.client.get_all_flags(USER) == {"gamma": True}
            flags.clear()
            assert bench.client.get_all_flags(USER) == {"beta": False, "gamma": False}
            flags.set("beta", "z")
    assert (beta(), in_a_thread(beta)) == (False, False)
    assert bench.client.components.reads.value is not None
    assert scopes == {}


def test_payloads_are_forced_with_their_values_and_replaced_with_them() -> None:
    definitions = {"flags": [variant_flag("pricing", "monthly", {"price": 9})]}
    with ForcedFlags(definitions) as flags:
        assert flags.client.get_feature_flag_payload("pricing", USER) == {"price": 9}
        flags.set("pricing", "annual", payload={"price": 90})
        assert flags.client.get_feature_flag_payload("pricing", USER) == {"price": 90}
        flags.set("pricing", "annual", payload=None)
        assert flags.client.get_feature_flag_payload("pricing", USER) is None
        flags.set("pricing", "monthly")
        assert flags.client.get_feature_flag_payload("pricing", USER) == {"price": 9}
        flags.update({"flags": ["pricing"], "payloads": {"pricing": [1]}})
        assert flags.client.get_feature_flag_payload("pricing", USER) == [1]
        flags.update("pricing")
        assert flags.client.get_feature_flag("pricing", USER) is True
        assert flags.overrides.payloads == {}


def test_a_forced_flag_sends_no_event_and_asks_no_server(bench: Bench) -> None:
    with flags_set({"there only": "x"}):
        assert bench.client.get_feature_flag("there only", USER) == "x"
    assert (bench.flag_requests, bench.called()) == ([], [])


@pytest.mark.parametrize("options", [{"api_key": None}, {"api_key": "phc_key", "disabled": True}])
def test_clients_that_can_do_nothing_give_forced_values_and_nothing_else(
    options: dict[str, Any],
) -> None:
    with Bench(**options, definitions=local(flag("gamma"))) as bench:
        client = bench.client
        assert client.get_feature_flag("beta", USER) is None
        with flags_set(beta=True):
            assert client.is_feature_enabled("beta", USER) is True
            assert client.evaluate_flags(USER).get_flag("beta") is True
            assert client.get_all_flags(USER) == {"beta": True}
            assert client.get_feature_flag("gamma", USER) is None
            client.capture("bought", distinct_id=USER)
        assert client.get_feature_flag("beta", USER) is None
        assert bench.server.requests == []


def test_a_client_that_was_disabled_later_asks_no_server() -> None:
    with Bench(secret_key="phx_key") as bench:
        bench.client.disabled = True
        with flags_set(beta=True):
            assert bench.client.get_feature_flag("beta", USER) is True
            assert bench.client.get_feature_flag("gamma", USER) is None
        assert bench.server.requests == []


def test_the_layers_have_an_order(bench: Bench) -> None:
    client = bench.client
    client.override_feature_flags({"beta": "client", "gamma": "client"})
    with (
        client.overridden_flags({"beta": "threads", "gamma": "threads"}, all_threads=True),
        flags_set(beta="outer", gamma="outer"),
        flags_set(beta="test"),
    ):
        assert client.get_all_flags(USER) == {"beta": "test", "gamma": "outer"}
        with client.overridden_flags({"beta": "block"}):
            assert client.get_feature_flag("beta", USER) == "block"


def test_tests_in_threads_at_once_see_their_own_values_alone(bench: Bench) -> None:
    barrier = threading.Barrier(8)

    def test(number: int) -> Any:
        with ForcedFlags() as flags:
            flags.set(f"own-{number}", number)
            barrier.wait(30)
            seen = bench.client.get_all_flags(USER)
            barrier.wait(30)
        return seen, flags.read, bench.client.get_all_flags(USER)

    off = {"beta": False, "gamma": False}
    for number, (seen, read, after) in enumerate(at_once(8, test)):
        assert seen == {**off, f"own-{number}": number}
        assert read == []
        assert after.keys() - off.keys() <= {f"own-{each}" for each in range(8)}
    assert bench.client.get_all_flags(USER) == off


def test_reads_are_noted_in_their_own_test_alone(bench: Bench) -> None:
    barrier = threading.Barrier(4)

    def test(number: int) -> Any:
        with ForcedFlags() as flags:
            barrier.wait(30)
            for _ in range(2):
                bench.client.get_feature_flag(f"own-{number}", USER)
            barrier.wait(30)
            return flags.read, len(flags.evaluated)

    assert list(at_once(4, test)) == [([f"own-{number}"], 2) for number in range(4)]


def test_tasks_at_once_have_their_own_and_the_tasks_they_start_share_it() -> None:
    async def main() -> Any:
        options = {"definitions": local(flag("beta", OFF)), "sink": MemorySink()}
        async with AsyncClient(**options) as client:

            async def read() -> Any:
                await asyncio.sleep(0)
                return await client.get_feature_flag("beta", USER)

            async def test(value: str) -> Any:
                async with flags_set(beta=value) as flags:
                    first = await asyncio.gather(read(), asyncio.create_task(read()))
                    flags.set("beta", value * 2)
                    return [*first, await asyncio.create_task(read())]

            return await asyncio.gather(test("a"), test("b")), await read()

    assert asyncio.run(main()) == ([["a", "a", "aa"], ["b", "b", "bb"]], False)


def test_a_scope_that_ends_in_another_context_ends_where_it_began(bench: Bench) -> None:
    flags = ForcedFlags()
    flags.set("beta")
    here, there = contextvars.copy_context(), contextvars.copy_context()
    here.run(flags.__enter__)
    assert here.run(bench.client.get_feature_flag, "beta", USER) is True
    there.run(flags.__exit__)
    assert here.run(bench.client.get_feature_flag, "beta", USER) is False


def test_a_flag_that_the_application_hides_is_not_unknown(bench: Bench) -> None:
    recorder = ReadRecorder()
    scope = Scope(watcher=recorder)
    scope.begin()
    with bench.client.overridden_flags({"gone": None}):
        bench.client.get_feature_flag("gone", USER)
    bench.client.get_feature_flag("beta", USER)
    bench.client.get_feature_flag("betta", USER)
    scope.end()
    assert [each.key for each in recorder.unknown] == ["betta"]
    (unknown,) = map(str, recorder.news())
    assert unknown.startswith("unknown flag 'betta' was read at ")
    assert __file__ in unknown
    assert unknown.endswith("; did you mean 'beta'?")
    assert recorder.news() == []


def test_the_engine_alone_takes_them_where_they_are_passed() -> None:
    snapshot = Snapshot.parse({"flags": [flag("beta", OFF)]})
    with flags_set(beta=True) as flags:
        assert evaluate(snapshot, USER, overrides=flags.overrides)["beta"].value is True
        assert evaluate(snapshot.with_overrides(flags.overrides), USER)["beta"].value is True
        assert evaluate(snapshot, USER)["beta"].value is False


def test_the_client_for_tests_keeps_its_events_and_takes_definitions() -> None:
    before = threading.active_count()
    with ForcedFlags() as flags:
        flags.define({"flags": [flag("beta")]})
        client = flags.client
        assert client is flags.client
        assert client.get_feature_flag("beta", USER) is True
        flags.define({"flags": [flag("beta", OFF)]})
        assert client.get_feature_flag("beta", USER) is False
        client.capture("bought", distinct_id=USER)
        assert [event["event"] for event in flags.events] == [
            "$feature_flag_called",
            "$feature_flag_called",
            "bought",
        ]
        assert threading.active_count() == before
    assert client.components.status.is_closed
    assert client.capture("late", distinct_id=USER) is None


def test_functions_and_coroutines_may_be_decorated(bench: Bench) -> None:
    @flags_set({"beta": True})
    def function() -> Any:
        return bench.client.get_feature_flag("beta", USER)

    @flags_set(beta="x")
    async def coroutine() -> Any:
        await asyncio.sleep(0)
        return bench.client.get_feature_flag("beta", USER)

    assert (function(), function(), asyncio.run(coroutine())) == (True, True, "x")
    assert bench.client.get_feature_flag("beta", USER) is False


@pytest.mark.parametrize(
    ("force", "message"),
    [
        (lambda flags: flags.set(3), "a flag key must be text, got int"),
        (lambda flags: flags.set("beta", object()), "the override of 'beta' must be True, False"),
        (lambda flags: flags.set("beta", payload={1, 2, object()}), "payload override of 'beta' must be JSON"),
        (lambda flags: flags.update(False), "must be values by key, or keys to turn on, got False"),
        (lambda flags: flags.update(7), "overrides must be a mapping"),
        (lambda _: flags_set(beta=object()), "the override of 'beta' must be"),
        (lambda _: flags_set(beta=True)(type("Case", (), {})), "self.enterContext"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_and_changes_nothing(force: Any, message: str) -> None:
    with ForcedFlags() as flags:
        flags.set("gamma")
        with pytest.raises(TypeError, match=message):
            force(flags)
        assert flags.overrides.flags == {"gamma": True}


def test_tasks_that_share_a_block_each_end_their_own_values(bench: Bench) -> None:
    shared = flags_set(beta="all")

    async def use(value: str, first: asyncio.Event, then: asyncio.Event) -> Any:
        async with shared as flags:
            flags.set("beta", value)
            then.set()
            await first.wait()
            return bench.client.get_feature_flag("beta", USER)

    async def at_once_with_another() -> list[Any]:
        begun, both = asyncio.Event(), asyncio.Event()
        short = asyncio.create_task(use("short", both, begun))
        await begun.wait()
        ended = asyncio.Event()
        long = asyncio.create_task(use("long", ended, both))
        found = [await short]
        ended.set()
        return [*found, await long]

    assert asyncio.run(at_once_with_another()) == ["short", "long"]
    assert scopes == {}


def test_a_scope_of_a_test_reaches_a_loop_that_began_inside_of_the_scopes_around_it(
    bench: Bench,
) -> None:
    def beta() -> Any:
        return bench.client.get_feature_flag("beta", USER)

    with flags_set(beta="session"):
        of_loop = contextvars.copy_context()
        with ForcedFlags(of_test=True) as flags:
            flags.set("beta", "test")
            assert (beta(), of_loop.run(beta)) == ("test", "test")
            assert flags.read == ["beta"]
            with flags_set(beta="block"):
                assert (beta(), of_loop.run(beta)) == ("block", "test")
            other = contextvars.copy_context()
            other.run(lambda: flags_set(beta="task").__enter__())
            assert (other.run(beta), beta()) == ("task", "test")
        assert of_loop.run(beta) == "session"
        other.run(lambda: [scope.end() for scope in list(scopes.values())[1:]])
        with ForcedFlags() as block:
            block.set("beta", "block")
            assert (beta(), of_loop.run(beta)) == ("block", "session")


def test_scopes_of_tests_that_run_at_once_in_threads_do_not_meet(bench: Bench) -> None:
    def test(value: str, both: threading.Barrier) -> Any:
        with ForcedFlags(of_test=True) as flags:
            flags.set("beta", value)
            both.wait(10)
            found = bench.client.get_feature_flag("beta", USER)
            both.wait(10)
            return found, len(flags.evaluated)

    both, found = threading.Barrier(2), {}
    threads = [
        threading.Thread(target=lambda value=value: found.update({value: test(value, both)}))
        for value in ("one", "two")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == {"one": ("one", 1), "two": ("two", 1)}
