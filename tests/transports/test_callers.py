"""Calls with a time limit: a call that hangs blocks a thread, never the caller."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Any

import pytest

from flagengine.transports.callers import CallTimeoutError, SyncCaller
from flagengine.transports.steps import Call


def raise_timeout() -> None:
    raise TimeoutError("the function's own")


async def answer(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


class Callable:
    async def __call__(self, value: Any) -> Any:
        return await answer(value)


def blocked(call: Call) -> Any:
    caller = SyncCaller()
    try:
        return caller(call)
    finally:
        caller.close()


@pytest.mark.parametrize("timeout", [None, 5.0])
def test_what_a_function_returns_is_returned_awaited_or_not(timeout: Any) -> None:
    assert blocked(Call(str, (1,), timeout)) == "1"
    assert blocked(Call(answer, (2,), timeout)) == 2
    assert blocked(Call(lambda: answer(3), (), timeout)) == 3
    assert blocked(Call(Callable(), (4,), timeout)) == 4


@pytest.mark.parametrize("timeout", [None, 5.0])
def test_what_a_function_raises_is_raised_a_timeout_of_its_own_included(timeout: Any) -> None:
    with pytest.raises(TimeoutError, match="own"):
        blocked(Call(raise_timeout, (), timeout))
    with pytest.raises(ZeroDivisionError):
        blocked(Call(lambda: 1 / 0, (), timeout))


def test_while_a_call_hangs_the_next_fails_at_once_and_after_it_all_is_well() -> None:
    let_go, ended, caller = threading.Event(), threading.Event(), SyncCaller()

    def hang() -> None:
        let_go.wait()
        ended.set()

    with pytest.raises(CallTimeoutError, match="did not return"):
        caller(Call(hang, (), 0.01))
    with pytest.raises(CallTimeoutError, match="previous call"):
        caller(Call(str, (), 5.0))
    assert caller(Call(str, (1,))) == "1"
    stuck = caller._guarded._thread
    assert stuck is not None
    let_go.set()
    stuck.join(20)
    assert caller(Call(str, (2,), 5.0)) == "2"


def test_a_coroutine_that_hangs_is_cancelled_and_the_next_call_runs() -> None:
    caller, forever = SyncCaller(), asyncio.Event()
    with pytest.raises(CallTimeoutError):
        caller(Call(forever.wait, (), 0.01))
    assert caller(Call(answer, (1,), 5.0)) == 1
    caller.close()


def test_all_awaitables_of_a_caller_run_on_one_loop() -> None:
    loops: list[asyncio.AbstractEventLoop] = []
    caller = SyncCaller()

    async def note() -> None:
        loops.append(asyncio.get_running_loop())

    caller(Call(note, (), 5.0))
    caller(Call(note))
    assert loops[0] is loops[1]
    caller.close()
    assert loops[0].is_closed()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_loop_that_is_closed_while_it_runs_finishes_first() -> None:
    caller, running, go_on = SyncCaller(), threading.Event(), threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def slow() -> str:
        loops.append(asyncio.get_running_loop())
        running.set()
        await loops[0].run_in_executor(None, go_on.wait, 30)
        return "done"

    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(caller(Call(slow, (), None))))
    thread.start()
    assert running.wait(30)
    caller.close()
    assert not loops[0].is_closed()
    go_on.set()
    thread.join(30)
    assert (answers, loops[0].is_closed()) == (["done"], True)


def test_a_forked_child_leaves_the_parents_loop_alone() -> None:
    caller = SyncCaller()
    caller(Call(answer, (1,), 5.0))
    child = os.fork()
    if child == 0:
        is_good = caller(Call(answer, (2,), 5.0)) == 2
        caller.close()
        os._exit(0 if is_good else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert caller(Call(answer, (3,), 5.0)) == 3
    caller.close()


def test_where_no_thread_can_be_started_the_call_runs_in_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert SyncCaller()(Call(str, (1,), 5.0)) == "1"
