"""``context`` as a decorator of generators and coroutines, and what it tells of exceptions."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from transports.context import context, current, update


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


def told():
    seen = []
    return seen, lambda error: seen.append((repr(error), user()))


def test_an_exception_is_told_inside_the_context_and_goes_on():
    seen, on_exception = told()
    with (
        pytest.raises(ValueError, match="boom"),
        context(distinct_id="u1", capture_exceptions=True, on_exception=on_exception),
    ):
        raise ValueError("boom")
    assert seen == [("ValueError('boom')", "u1")]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), GeneratorExit()])
def test_what_ends_a_process_or_task_is_not_told(error):
    seen, on_exception = told()
    with (
        pytest.raises(type(error)),
        context(capture_exceptions=True, on_exception=on_exception),
    ):
        raise error
    assert seen == []


def test_nothing_is_told_unless_wanted():
    seen, on_exception = told()
    with pytest.raises(ZeroDivisionError), context(on_exception=on_exception):
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), context(capture_exceptions=True):
        raise ZeroDivisionError
    assert seen == []


def test_a_nested_context_inherits_the_wish_to_capture():
    seen, on_exception = told()
    with (
        pytest.raises(ZeroDivisionError),
        context(capture_exceptions=True),
        context(distinct_id="inner", on_exception=on_exception),
    ):
        raise ZeroDivisionError
    assert seen == [("ZeroDivisionError()", "inner")]


def test_a_report_that_raises_does_not_replace_the_exception(caplog):
    def broken(_error):
        raise RuntimeError("report")

    with (
        pytest.raises(ValueError, match="boom"),
        context(capture_exceptions=True, on_exception=broken),
    ):
        raise ValueError("boom")
    assert "raised" in caplog.text


def test_exceptions_of_decorated_functions_of_each_kind_are_told():
    seen, on_exception = told()
    decorated = context(distinct_id="u", capture_exceptions=True, on_exception=on_exception)

    @decorated
    def function():
        raise ZeroDivisionError

    @decorated
    async def coroutine():
        raise ZeroDivisionError

    @decorated
    def generator():
        yield
        raise ZeroDivisionError

    @decorated
    async def asynchronous():
        yield
        raise ZeroDivisionError

    async def consume():
        return [item async for item in asynchronous()]

    for call in (
        function,
        lambda: asyncio.run(coroutine()),
        lambda: list(generator()),
        lambda: asyncio.run(consume()),
    ):
        with pytest.raises(ZeroDivisionError):
            call()
    assert seen == [("ZeroDivisionError()", "u")] * 4
