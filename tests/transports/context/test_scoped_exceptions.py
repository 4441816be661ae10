"""``context`` reports exceptions that leave it, and they always propagate."""

from __future__ import annotations

import asyncio

import pytest

from flagengine.transports.context import context, current
from flagengine.transports.exceptions import ReportingPolicy


def user():
    active = current()
    return active and active.distinct_id


def recorder():
    seen = []
    return seen, lambda error: seen.append((repr(error), user()))


def test_an_exception_is_reported_inside_the_context_and_propagates():
    seen, on_exception = recorder()
    with (
        pytest.raises(ValueError, match="boom"),
        context(distinct_id="u1", capture_exceptions=True, on_exception=on_exception),
    ):
        raise ValueError("boom")
    assert seen == [("ValueError('boom')", "u1")]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1), GeneratorExit()])
def test_exceptions_that_end_a_process_or_task_are_not_reported(error):
    seen, on_exception = recorder()
    with (
        pytest.raises(type(error)),
        context(capture_exceptions=True, on_exception=on_exception),
    ):
        raise error
    assert seen == []


def test_nothing_is_reported_without_capture_exceptions():
    seen, on_exception = recorder()
    with pytest.raises(ZeroDivisionError), context(on_exception=on_exception):
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), context(capture_exceptions=True):
        raise ZeroDivisionError
    assert seen == []


def test_a_nested_context_inherits_the_wish_to_capture():
    seen, on_exception = recorder()
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
    assert "Could not report" in caplog.text


def test_exceptions_of_decorated_functions_of_each_kind_are_reported():
    seen, on_exception = recorder()
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


@pytest.mark.parametrize(
    "error",
    [
        asyncio.CancelledError(),
        StopIteration(),
        BaseExceptionGroup("tasks", [asyncio.CancelledError(), KeyboardInterrupt()]),
        type("Retry", (Exception,), {"__module__": "celery.exceptions"})(),
    ],
    ids=repr,
)
def test_control_flow_that_leaves_a_context_is_not_reported(error):
    seen, on_exception = recorder()
    with (
        pytest.raises(type(error)),
        context(capture_exceptions=True, on_exception=on_exception),
    ):
        raise error
    assert seen == []


def test_a_failure_that_python_does_not_call_an_exception_is_reported():
    class Timeout(BaseException):
        pass

    seen, on_exception = recorder()
    with pytest.raises(Timeout), context(capture_exceptions=True, on_exception=on_exception):
        raise Timeout
    assert seen == [("Timeout()", None)]


def test_the_policy_of_the_context_decides_in_every_form():
    seen, on_exception = recorder()
    policy = ReportingPolicy(ignored=("ValueError",), reported=("KeyboardInterrupt",))
    made = context(capture_exceptions=True, on_exception=on_exception, policy=policy)

    @made
    def fail(error):
        raise error

    @made
    def generate(error):
        yield
        raise error

    for error in (ValueError(), KeyboardInterrupt()):
        for call in (fail, lambda error: list(generate(error))):
            with pytest.raises(type(error)):
                call(error)
    assert seen == [("KeyboardInterrupt()", None)] * 2


def test_an_asynchronous_on_exception_is_refused_and_a_hidden_one_closed(caplog):
    async def report(_error):
        pass

    with pytest.raises(TypeError, match=r"context\.on_exception must be a plain function"):
        context(on_exception=report)
    hidden = context(capture_exceptions=True, on_exception=lambda error: report(error))  # noqa: PLW0108
    with pytest.raises(ValueError, match="boom"), hidden:
        raise ValueError("boom")
    assert "context.on_exception must return a value, got coroutine" in caplog.text
