"""Which callbacks may be ``async def``: what is recognised, refused, and never awaited."""

from __future__ import annotations

import asyncio
import functools
import gc
import types
import warnings
from unittest.mock import AsyncMock, MagicMock, Mock

import pytest

from flagengine.transports.application_callbacks import (
    CALLBACKS,
    Waits,
    is_async,
    is_awaitable,
    refuse_async,
    refuse_async_methods,
    without_awaitable,
)

pytestmark = pytest.mark.contract("setup")


async def coroutine_function(*_):
    return 1


def plain(*_):
    return 1


def decorated(function):
    @functools.wraps(function)
    async def wrapper(*arguments):
        return await function(*arguments)

    return wrapper


class Asynchronous:
    async def __call__(self, *_):
        return 1

    async def method(self, *_):
        return 1

    @staticmethod
    async def static(*_):
        return 1

    @classmethod
    async def of_class(cls, *_):
        return 1


class Synchronous:
    def __call__(self, *_):
        return 1


class StaticCall:
    @staticmethod
    async def __call__(*_):
        return 1


async def generator_function(*_):
    yield 1


class AskedForEverything:
    def __getattr__(self, name):
        raise RuntimeError(name)


def marked():
    from asgiref.sync import markcoroutinefunction  # noqa: PLC0415

    return markcoroutinefunction(lambda *_: coroutine_function())


@pytest.mark.parametrize(
    "callback",
    [
        coroutine_function,
        decorated(coroutine_function),
        functools.partial(coroutine_function, 1),
        functools.partial(functools.partial(coroutine_function, 1), 2),
        Asynchronous(),
        functools.partial(Asynchronous()),
        Asynchronous().method,
        Asynchronous.static,
        Asynchronous.of_class,
        Asynchronous().__call__,
        staticmethod(coroutine_function),
        StaticCall(),
        AsyncMock(),
        types.MethodType(coroutine_function, 7),
        pytest.param(None, id="marked by asgiref"),
    ],
    ids=lambda callback: type(callback).__name__,
)
def test_a_coroutine_function_is_recognised_in_every_shape(callback):
    assert is_async(callback or marked())


@pytest.mark.parametrize(
    "callback",
    [plain, print, Synchronous(), Asynchronous, Mock(), MagicMock(), None, 7, AskedForEverything()],
    ids=lambda value: type(value).__name__,
)
def test_anything_else_is_not(callback):
    assert not is_async(callback)


@pytest.mark.parametrize("name", CALLBACKS)
def test_the_table_decides_what_is_refused(name):
    refuse_async(name, plain)
    if CALLBACKS[name] is Waits.ALWAYS:
        refuse_async(name, coroutine_function)
    else:
        with pytest.raises(TypeError, match=f"^{name} must be a plain function"):
            refuse_async(name, coroutine_function)
    if CALLBACKS[name] is Waits.ON_A_LOOP:
        refuse_async(name, coroutine_function, on_a_loop=True)
    with pytest.raises(TypeError, match=f"{name} must return a value, got an async generator"):
        refuse_async(name, functools.partial(generator_function))


def test_methods_that_nobody_awaits_are_refused_by_their_name():
    with pytest.raises(TypeError, match=r"^sink\.method\(\) must be a plain method"):
        refuse_async_methods("sink", Asynchronous(), ("missing", "method"))
    refuse_async_methods("definitions", Asynchronous(), ("method",))
    refuse_async_methods("sink", AskedForEverything(), ("method",))
    refuse_async_methods("sink", None, ("method",))


def test_a_result_that_nobody_awaits_is_closed_and_counts_as_none(caplog):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert without_awaitable("before_send", 7) == 7
        for _ in range(2):
            assert without_awaitable("before_send", coroutine_function()) is None
        gc.collect()
    assert without_awaitable("before_send", generator_function()) is None
    end = "which nobody awaits: it counts as None"
    assert caplog.messages == [
        f"before_send must return a value, got coroutine, {end}",
        f"before_send must return a value, got async_generator, {end}",
    ]


def test_a_running_task_is_not_stopped():
    async def main():
        task = asyncio.ensure_future(coroutine_function())
        assert without_awaitable("on", task) is None
        return await task

    assert asyncio.run(main()) == 1


def test_a_lazy_object_is_not_made_to_load_what_it_stands_for():
    class Lazy:
        @property
        def __class__(self):
            raise RuntimeError

    assert not is_awaitable(Lazy())
    assert not is_awaitable(iter(()))
    assert not is_awaitable(x for x in ())


def test_a_generator_marked_as_a_coroutine_is_awaitable():
    @types.coroutine
    def old_style():
        yield

    assert is_awaitable(old_style())
