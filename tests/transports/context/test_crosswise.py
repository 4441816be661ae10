"""Contexts that do not nest: each use adds its own contribution and takes away no other."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

from flagengine.transports import context as contexts
from flagengine.transports.context import context


def person() -> str | None:
    active = contexts.current()
    return None if active is None else active.distinct_id


@pytest.mark.parametrize(
    ("ends", "seen"),
    [
        ("abc", ["c", "c", None]),
        ("acb", ["c", "b", None]),
        ("bac", ["c", "c", None]),
        ("bca", ["c", "a", None]),
        ("cab", ["b", "b", None]),
        ("cba", ["b", "a", None]),
    ],
)
def test_contexts_end_in_any_order(ends: str, seen: list[str | None]) -> None:
    tokens = {name: contexts.enter(distinct_id=name) for name in "abc"}
    found = []
    for name in ends:
        contexts.exit(tokens[name])
        found.append(person())
    assert found == seen


def test_blocks_end_in_any_order() -> None:
    first, second = context(distinct_id="a"), context(distinct_id="b")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert person() == "b"
    second.__exit__(None, None, None)
    assert person() is None


def test_an_ended_context_ends_once() -> None:
    outer = contexts.enter(distinct_id="a")
    inner = contexts.enter(distinct_id="b")
    for _ in range(2):
        contexts.exit(inner)
        assert person() == "a"
    contexts.exit(outer)


def test_a_task_keeps_the_context_in_which_it_began() -> None:
    async def main() -> list[str | None]:
        found = []
        ended = asyncio.Event()

        async def task() -> None:
            await ended.wait()
            found.append(person())
            with context(distinct_id="inner"):
                found.append(person())
            found.append(person())

        with context(distinct_id="outer"):
            running = asyncio.ensure_future(task())
            await asyncio.sleep(0)
        found.append(person())
        ended.set()
        await running
        return found

    assert asyncio.run(main()) == [None, "outer", "inner", "outer"]


def test_a_context_may_end_in_another_copy_of_the_variables() -> None:
    copy = contextvars.copy_context()
    token = contexts.enter(distinct_id="a")
    with context(distinct_id="b"):
        copy.run(contexts.exit, token)
        assert person() == "b"
        assert copy.run(person) is None
        contextvars.copy_context().run(contexts.exit, token)
    assert person() == "a"
    contexts.exit(token)


def test_contexts_that_nobody_ends_are_not_kept() -> None:
    def enter_often() -> None:
        for number in range(1_000):
            contexts.enter(distinct_id=f"u{number}", fresh=True)
        token = contexts.enter(distinct_id="last")
        contexts.exit(token)
        found.append(person())
        copied = contextvars.copy_context()
        found.extend(
            len(value) for name, value in copied.items() if name.name == "flagengine_context"
        )

    found: list[object] = []
    thread = threading.Thread(target=enter_often)
    thread.start()
    thread.join()
    assert found == ["u999", 1]


def test_threads_that_share_a_block_end_each_its_own() -> None:
    shared = context(distinct_id="shared")
    found: list[str | None] = []

    def other() -> None:
        shared.__enter__()
        begun.set()
        ended.wait(10)
        shared.__exit__(None, None, None)
        found.append(person())

    begun, ended = threading.Event(), threading.Event()
    shared.__enter__()
    thread = threading.Thread(target=other)
    thread.start()
    assert begun.wait(10)
    shared.__exit__(None, None, None)
    found.append(person())
    ended.set()
    thread.join()
    assert found == [None, None]


def test_a_block_takes_no_attribute_that_has_no_effect() -> None:
    with pytest.raises(AttributeError):
        context().distinct_id = "u"  # type: ignore[attr-defined]
