"""A captured exception, its frames and their variables are freed at once, without a garbage collection."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import sys
import threading
import weakref

import pytest

from flagengine.transports import Client, MemorySink
from flagengine.transports.context.asgi import ASGIMiddleware
from flagengine.transports.context.tasks import task_context
from flagengine.transports.context.wsgi import WSGIMiddleware
from flagengine.transports.exceptions import ExceptionLogHandler
from flagengine.transports.exceptions.local_variables import local_variables

pytestmark = pytest.mark.contract("capture-exception")


class Trouble(Exception):  # noqa: N818 - short
    pass


class Heavy:
    pass


@pytest.fixture
def client():
    with Client(sink=MemorySink(), capture_exception_code_variables=True) as made:
        yield made


@pytest.fixture(autouse=True)
def _without_collections():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def fail(kept):
    heavy = Heavy()
    kept.append(weakref.ref(heavy))
    raise Trouble


def explicitly(client, kept):
    try:
        fail(kept)
    except Trouble as error:
        kept.append(weakref.ref(error))
        client.capture_exception(error)


def with_a_cause(client, kept):
    try:
        try:
            fail(kept)
        except Trouble as cause:
            kept.append(weakref.ref(cause))
            raise Trouble from cause
    except Trouble as error:
        kept.append(weakref.ref(error))
        client.capture_exception(error)


def in_a_group(client, kept):
    try:
        fail(kept)
    except Trouble as error:
        kept.append(weakref.ref(error))
        client.capture_exception(ExceptionGroup("both", [error]))


def leaving_a_context(client, kept):
    try:
        with client.context(capture_exceptions=True):
            fail(kept)
    except Trouble as error:
        kept.append(weakref.ref(error))


def leaving_a_generator(client, kept):
    @client.context(capture_exceptions=True)
    def generator():
        yield
        fail(kept)

    try:
        list(generator())
    except Trouble as error:
        kept.append(weakref.ref(error))


def thrown_into_a_generator(client, kept):
    @client.context(capture_exceptions=True)
    def generator():
        yield

    made = generator()
    next(made)
    try:
        fail(kept)
    except Trouble as error:
        kept.append(weakref.ref(error))
        with contextlib.suppress(Trouble):
            made.throw(error)


def leaving_a_task(client, kept):
    try:
        with task_context({}, client):
            fail(kept)
    except Trouble as error:
        kept.append(weakref.ref(error))


def leaving_a_wsgi_application(client, kept):
    app = WSGIMiddleware(lambda *_: fail(kept), client)
    try:
        app({}, lambda *_: None)
    except Trouble as error:
        kept.append(weakref.ref(error))


def leaving_an_asgi_application(client, kept):
    async def app(*_):
        fail(kept)

    made = ASGIMiddleware(app, client)({"type": "http"}, None, None)
    try:
        made.send(None)
    except Trouble as error:
        kept.append(weakref.ref(error))


def logged(client, kept):
    handler = ExceptionLogHandler(lambda error, options: client.capture_exception(error, **options))
    try:
        fail(kept)
    except Trouble as error:
        kept.append(weakref.ref(error))
        handler.handle(logging.makeLogRecord({"levelno": 40, "exc_info": sys.exc_info()}))


@pytest.mark.parametrize(
    "capture",
    [
        explicitly,
        with_a_cause,
        in_a_group,
        leaving_a_context,
        leaving_a_generator,
        thrown_into_a_generator,
        leaving_a_task,
        leaving_a_wsgi_application,
        leaving_an_asgi_application,
        logged,
    ],
)
def test_whatever_captured_it(client, capture):
    kept = []
    capture(client, kept)
    client.flush()
    assert len(kept) >= 2
    assert [reference() for reference in kept] == [None] * len(kept)
    (event,) = client.components.options.sink.events
    frames = event.decoded()["properties"]["$exception_list"][-1]["stacktrace"]["frames"]
    assert any("Heavy" in str(frame.get("code_variables")) for frame in frames)


def test_an_uncaught_exception_of_a_thread(monkeypatch):
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    kept = []

    def crash():
        try:
            fail(kept)
        except Trouble as error:
            kept.append(weakref.ref(error))
            raise

    options = {"capture_exception_code_variables": True, "enable_exception_autocapture": True}
    with Client(sink=MemorySink(), **options) as client:
        thread = threading.Thread(target=crash)
        thread.start()
        thread.join()
        client.flush()
        assert len(client.components.options.sink.events) == 1
    assert [reference() for reference in kept] == [None, None]


def test_a_task_of_an_event_loop(client):
    kept = []

    async def work():
        with client.context(capture_exceptions=True):
            fail(kept)

    async def main():
        task = asyncio.ensure_future(work())
        await asyncio.wait([task])
        kept.append(weakref.ref(task.exception()))

    asyncio.run(main())
    assert [reference() for reference in kept] == [None, None]


def names_of_locals_read_before(given):
    number = 1
    held = locals()
    held["more"] = 2
    given.append(held)
    raise Trouble


def test_the_dict_of_locals_of_the_application_stays_as_it_was():
    given = []
    try:
        names_of_locals_read_before(given)
    except Trouble as error:
        found = dict(local_variables(error.__traceback__.tb_next.tb_frame))
    assert {"number", "held", "given"} <= found.keys()
    assert given[0].keys() == {"number", "given", "more"}


def test_the_dict_of_locals_of_running_code_keeps_what_the_application_put_there():
    held = locals()
    held["more"] = 2
    assert dict(local_variables(sys._getframe()))["held"] is held
    assert held["more"] == 2


def test_the_variables_of_a_module_and_of_a_class_are_left_alone():
    namespace = {}
    source = "value = 1\nclass Made:\n    inner = 2\n    found = read(here())\nfound = read(here())"
    exec(source, {"read": local_variables, "here": lambda: sys._getframe(1)}, namespace)
    assert dict(namespace["Made"].found)["inner"] == 2
    assert dict(namespace["found"])["value"] == 1
    assert namespace["value"] == 1
    assert namespace["Made"].inner == 2
