"""``context`` as a decorator of generators and coroutines."""

from __future__ import annotations

import asyncio
import functools
from contextlib import asynccontextmanager

import pytest

from flagengine.transports.context import context, current, update


def user():
    active = current()
    return active and active.distinct_id


@context(distinct_id="u1")
def counting():
    given = yield user()
    update(distinct_id=given)
    try:
        yield user()
    except KeyError:
        yield "caught in", user()
    return "done"


def test_a_decorated_generator_has_its_context_and_its_consumer_has_not():
    steps = counting()
    assert next(steps) == "u1"
    assert user() is None
    assert steps.send("u2") == "u2"
    assert user() is None
    assert steps.throw(KeyError()) == ("caught in", "u2")
    with pytest.raises(StopIteration) as stop:
        next(steps)
    assert stop.value.value == "done"


def test_closing_a_decorated_generator_ends_it_inside_its_context():
    seen = []

    @context(distinct_id="u1")
    def endless():
        try:
            while True:
                yield
        finally:
            seen.append(user())

    steps = endless()
    next(steps)
    steps.close()
    assert seen == ["u1"]
    assert user() is None


def test_a_decorated_coroutine_keeps_its_context_over_awaits():
    @context(distinct_id="u1")
    async def work():
        await asyncio.sleep(0)
        return user()

    assert asyncio.run(work()) == "u1"


def test_a_decorated_asynchronous_generator_has_its_context_and_its_consumer_has_not():
    seen = []

    @asynccontextmanager
    @context(distinct_id="u1")
    async def resource():
        try:
            yield user()
        except ZeroDivisionError:
            seen.append(("caught in", user()))
            raise
        finally:
            seen.append(("closed in", user()))

    async def consume():
        async with resource() as inside:
            seen.append((inside, user()))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(consume())
    assert seen == [("u1", None), ("caught in", "u1"), ("closed in", "u1")]


def test_closing_a_decorated_asynchronous_generator_ends_it_inside_its_context():
    seen = []

    @context(distinct_id="u1")
    async def endless():
        try:
            while True:
                seen.append((yield user()))
        finally:
            seen.append(user())

    async def consume():
        steps = endless()
        assert await anext(steps) == "u1"
        assert await steps.asend("sent") == "u1"
        await steps.aclose()
        assert [item async for item in short()] == ["u1"]

    @context(distinct_id="u1")
    async def short():
        yield user()

    asyncio.run(consume())
    assert seen == ["sent", "u1"]


async def asked():
    await asyncio.sleep(0)
    return user()


class Asked:
    async def __call__(self):
        return await asked()


@pytest.mark.parametrize(
    "function",
    [asked, functools.partial(asked), Asked(), Asked().__call__, lambda: asked()],  # noqa: PLW0108
    ids=["function", "partial", "object", "method", "lambda"],
)
def test_a_coroutine_function_of_any_shape_runs_in_the_context(function):
    assert asyncio.run(context(distinct_id="u1")(function)()) == "u1"


def test_a_task_that_a_decorated_function_starts_is_returned_as_it_is():
    async def main():
        task = context(distinct_id="u1")(lambda: asyncio.ensure_future(asked()))()
        assert isinstance(task, asyncio.Task)
        return await task

    assert asyncio.run(main()) == "u1"
