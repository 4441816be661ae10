"""Blocks with overrides: each is for its thread or task, and ends its own contribution alone."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

import pytest

from flagengine.transports import AsyncClient, MemorySink
from tests.threads import at_once

from .bench import Bench, flag, local

USER = "user-1"
OFF = {"rollout_percentage": 0}


@pytest.fixture
def bench() -> Any:
    with Bench(definitions=local(flag("beta", OFF), flag("gamma", OFF))) as made:
        yield made


def beta(bench: Bench) -> Any:
    return bench.client.get_feature_flag("beta", USER)


def in_a_thread(function: Callable[[], Any]) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_blocks_that_overlap_end_their_own(bench: Bench) -> None:
    def found() -> Any:
        return bench.client.get_all_flags(USER)

    first = bench.client.overridden_flags({"beta": True})
    second = bench.client.overridden_flags({"gamma": True})
    first.__enter__()
    second.__enter__()
    assert found() == {"beta": True, "gamma": True}
    first.__exit__(None, None, None)
    assert found() == {"beta": False, "gamma": True}
    second.__exit__(None, None, None)
    assert found() == {"beta": False, "gamma": False}


def test_the_block_that_began_last_wins_in_whatever_order_they_end(bench: Bench) -> None:
    blocks = [bench.client.overridden_flags({"beta": name}) for name in ("a", "b", "c")]
    for block in blocks:
        block.__enter__()
    assert beta(bench) == "c"
    blocks[1].__exit__(None, None, None)
    assert beta(bench) == "c"
    blocks[2].__exit__(None, None, None)
    assert beta(bench) == "a"
    blocks[0].__exit__(None, None, None)
    assert beta(bench) is False


def test_a_block_may_be_used_again_and_inside_itself(bench: Bench) -> None:
    block = bench.client.overridden_flags({"beta": True})
    with block:
        with block:
            assert beta(bench) is True
        assert beta(bench) is True
    assert beta(bench) is False
    with block:
        assert beta(bench) is True
    assert beta(bench) is False


def test_the_layers_have_an_order(bench: Bench) -> None:
    client = bench.client
    client.override_feature_flags({"beta": "client", "gamma": "client"})
    with client.overridden_flags({"beta": "here"}):
        with client.overridden_flags({"beta": "threads"}, all_threads=True):
            assert client.get_all_flags(USER) == {"beta": "here", "gamma": "client"}
            assert in_a_thread(lambda: beta(bench)) == "threads"
        client.override_feature_flags({"beta": "later", "gamma": "later"})
        assert client.get_all_flags(USER) == {"beta": "here", "gamma": "later"}
    assert beta(bench) == "later"
    with client.overridden_flags(False):
        assert client.get_all_flags(USER) == {"beta": False, "gamma": False}
    assert beta(bench) == "later"


def test_payloads_and_missing_flags_are_contributions_too(bench: Bench) -> None:
    client = bench.client
    with client.overridden_flags({"flags": {"beta": True}, "payloads": {"beta": {"a": 1}}}):
        with client.overridden_flags({"payloads": {"beta": [2]}}):
            assert client.get_feature_flag_payload("beta", USER) == [2]
        assert client.get_feature_flag_payload("beta", USER) == {"a": 1}
        with client.overridden_flags({"beta": None}):
            assert beta(bench) is None
        assert beta(bench) is True


@pytest.mark.contract("feature-flag-called-tracker")
def test_a_flag_that_is_overridden_to_be_missing_sends_no_event(bench: Bench) -> None:
    with bench.client.overridden_flags({"beta": None}):
        assert beta(bench) is None
        flags = bench.client.evaluate_flags(USER)
        assert flags.get_flag("beta") is None
        assert flags.get_boolean_details("beta", True).error_code == "FLAG_NOT_FOUND"
    assert bench.called() == []
    assert beta(bench) is False
    assert len(bench.called("beta")) == 1


def test_other_threads_and_clients_do_not_see_a_block(bench: Bench) -> None:
    with Bench(definitions=local(flag("beta", OFF))) as another:
        with bench.client.overridden_flags({"beta": True}):
            assert in_a_thread(lambda: beta(bench)) is False
            assert beta(another) is False
        with another.client.overridden_flags({"beta": True}):
            assert beta(bench) is False


def test_threads_that_share_a_block_end_their_own(bench: Bench) -> None:
    block = bench.client.overridden_flags({"beta": True})
    has_entered, may_leave = threading.Event(), threading.Event()
    seen: list[Any] = []

    def use() -> None:
        with block:
            has_entered.set()
            assert may_leave.wait(30)
            seen.append(beta(bench))
        seen.append(beta(bench))

    thread = threading.Thread(target=use)
    with block:
        thread.start()
        assert has_entered.wait(30)
    assert beta(bench) is False
    may_leave.set()
    thread.join()
    assert seen == [True, False]
    with bench.client.overridden_flags({"gamma": True}):
        assert beta(bench) is False


def test_concurrent_tasks_have_their_own_and_a_task_keeps_that_of_its_start() -> None:
    async def main() -> tuple[Any, ...]:
        options = {"definitions": local(flag("beta", OFF)), "sink": MemorySink()}
        async with AsyncClient("phc_key", **options) as client:
            turn = asyncio.Event()

            async def use(value: str) -> Any:
                async with client.overridden_flags({"beta": value}):
                    await asyncio.sleep(0)
                    return await client.get_feature_flag("beta", USER)

            async def later() -> Any:
                await turn.wait()
                return await client.get_feature_flag("beta", USER)

            with client.overridden_flags({"beta": "start"}):
                waiting = asyncio.create_task(later())
                await asyncio.sleep(0)
            found = await asyncio.gather(use("a"), use("b"))
            turn.set()
            return found, await waiting, await client.get_feature_flag("beta", USER)

    assert asyncio.run(main()) == (["a", "b"], "start", False)


def test_a_block_that_ends_in_another_task_ends_where_it_began(bench: Bench) -> None:
    block = bench.client.overridden_flags({"beta": True})
    here, there = contextvars.copy_context(), contextvars.copy_context()
    here.run(block.__enter__)
    assert here.run(beta, bench) is True
    there.run(block.__exit__, None, None, None)
    assert here.run(beta, bench) is False
    with bench.client.overridden_flags({"gamma": True}):
        assert beta(bench) is False


def test_functions_of_every_kind_may_be_decorated(bench: Bench) -> None:
    block = bench.client.overridden_flags({"beta": True})

    @block
    def function(times: int) -> list[Any]:
        return [beta(bench)] * times

    @block
    async def coroutine() -> Any:
        await asyncio.sleep(0)
        return beta(bench)

    @block
    def generator() -> Generator[Any, Any, None]:
        yield beta(bench)
        yield beta(bench)

    @block
    async def asynchronous() -> AsyncGenerator[Any, None]:
        yield beta(bench)

    async def collected() -> list[Any]:
        return [beta_seen async for beta_seen in asynchronous()]

    assert function(2) == [True, True]
    assert asyncio.run(coroutine()) is True
    seen = [(inside, beta(bench)) for inside in generator()]
    assert seen == [(True, False)] * 2
    assert asyncio.run(collected()) == [True]
    assert beta(bench) is False


def test_an_exception_ends_the_block_and_nonsense_does_not_begin_one(bench: Bench) -> None:
    with pytest.raises(ZeroDivisionError), bench.client.overridden_flags(["beta"]):
        raise ZeroDivisionError
    assert beta(bench) is False
    with pytest.raises(TypeError, match="overrides must be"):
        bench.client.overridden_flags(7)
    assert beta(bench) is False


def test_the_server_is_not_asked_and_what_it_says_meanwhile_is_not_mixed(bench: Bench) -> None:
    with bench.client.overridden_flags({"there only": "x"}):
        assert bench.client.get_feature_flag("there only", USER) == "x"
    assert bench.flag_requests == []


def test_changes_of_the_whole_client_at_once_lose_none(bench: Bench) -> None:
    blocks = [
        bench.client.overridden_flags({f"f{number}": True}, all_threads=True)
        for number in range(16)
    ]
    list(at_once(16, lambda number: blocks[number].__enter__()))
    expected = {"beta": False, "gamma": False} | {f"f{number}": True for number in range(16)}
    assert bench.client.get_all_flags(USER) == expected
    list(at_once(16, lambda number: blocks[number].__exit__(None, None, None)))
    assert bench.client.get_all_flags(USER) == {"beta": False, "gamma": False}
