"""The table of exceptions that are no failures, and its changes by the application."""

from __future__ import annotations

import asyncio
import bdb
import concurrent.futures
import importlib
import socket
import unittest

import click
import pytest

from flagengine.transports import Client, MemorySink, Options
from flagengine.transports.exceptions import DEFAULT_POLICY, Place, ReportingPolicy
from flagengine.transports.exceptions.control_flow import CONTROL_FLOW, names_of
from flagengine.transports.exceptions.request_exceptions import (
    comes_from_server,
    mark_as_servers,
    origin_of,
    status_of,
)

from .raising import raised

pytestmark = pytest.mark.contract("capture-exception")
EVERYWHERE = list(Place)


def fake(module, name, base=Exception, **members):
    return type(name, (base,), {"__module__": module, **members})


def decisions(error, policy=DEFAULT_POLICY):
    return {place for place in Place if policy.reports(error, place)}


@pytest.mark.parametrize(
    "error",
    [
        KeyboardInterrupt(),
        GeneratorExit(),
        asyncio.CancelledError(),
        concurrent.futures.CancelledError(),
        unittest.SkipTest(),
        bdb.BdbQuit(),
        click.exceptions.Exit(1),
        click.Abort(),
        click.UsageError("no such option"),
        pytest.skip.Exception("skipped"),
        pytest.fail.Exception("failed"),
        pytest.exit.Exception("exit"),
        fake("trio", "Cancelled", BaseException)(),
        fake("celery.exceptions", "Retry")(),
        fake("celery.exceptions", "Ignore")(),
        fake("dramatiq.middleware.middleware", "SkipMessage")(),
        fake("rq.worker", "StopRequested")(),
        fake("airflow.exceptions", "AirflowSkipException")(),
        fake("starlette.websockets", "WebSocketDisconnect")(),
        fake("tornado.web", "Finish")(),
    ],
    ids=repr,
)
def test_control_flow_is_a_failure_nowhere_but_where_500_was_answered(error):
    assert decisions(error) == {Place.ANSWERED}
    derived = type("Derived", (type(error),), {"__init__": lambda *_: None})()
    assert decisions(derived) == {Place.ANSWERED}


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("django.http", "Http404"),
        ("django.core.exceptions", "PermissionDenied"),
        ("django.core.exceptions", "SuspiciousOperation"),
        ("django.core.exceptions", "DisallowedHost"),
        ("django.core.exceptions", "BadRequest"),
        ("django.core.exceptions", "RequestAborted"),
        ("django.http", "UnreadablePostError"),
        ("werkzeug.exceptions", "NotFound"),
        ("werkzeug.exceptions", "ClientDisconnected"),
        ("gevent", "GreenletExit"),
        ("celery.exceptions", "Retry"),
        ("celery.exceptions", "Reject"),
        ("celery.exceptions", "WorkerShutdown"),
    ],
)
def test_the_frameworks_own_classes_are_known(module, name):
    cls = getattr(pytest.importorskip(module), name)
    assert decisions(cls("x")) == {Place.ANSWERED}


@pytest.mark.parametrize(
    ("module", "name", "members", "is_failure"),
    [
        ("starlette.exceptions", "HTTPException", {"status_code": 404}, False),
        ("starlette.exceptions", "HTTPException", {"status_code": 503}, True),
        ("starlette.exceptions", "HTTPException", {}, True),
        ("werkzeug.exceptions", "HTTPException", {"code": 302}, False),
        ("werkzeug.exceptions", "HTTPException", {"code": None}, True),
        ("aiohttp.web_exceptions", "HTTPException", {"status_code": 401}, False),
        ("tornado.web", "HTTPError", {"status_code": 400}, False),
        ("falcon.http_error", "HTTPError", {"status": "409 Conflict"}, False),
        ("falcon.http_error", "HTTPError", {"status": "500 Oops"}, True),
        ("sanic.exceptions", "SanicException", {"status_code": None}, True),
        ("requests.exceptions", "HTTPError", {"status_code": 404}, True),
    ],
)
def test_an_answer_counts_by_its_status(module, name, members, is_failure):
    error = fake(module, name, **members)()
    assert DEFAULT_POLICY.reports(error, Place.REQUEST) is is_failure
    assert DEFAULT_POLICY.reports(error, Place.ANSWERED)


def test_the_status_of_a_response_inside_an_exception_counts_and_odd_attributes_do_no_harm():
    class Odd(Exception):  # noqa: N818 - short
        @property
        def status_code(self):
            raise RuntimeError

        code = True
        status = "none"

    assert status_of(Odd()) is None
    error = fake(
        "werkzeug.exceptions", "HTTPException", response=type("R", (), {"status_code": 403})
    )
    assert not DEFAULT_POLICY.reports(error(), Place.REQUEST)


@pytest.mark.parametrize(
    ("code", "places"),
    [
        (None, set()),
        (0, set()),
        (1, {Place.REQUEST, Place.TASK}),
        ("a message", {Place.REQUEST, Place.TASK}),
    ],
)
def test_an_exit_is_a_failure_where_it_ends_others_work_with_a_status(code, places):
    assert decisions(SystemExit(code)) - {Place.ANSWERED} == places


@pytest.mark.parametrize("error", [StopIteration(), StopAsyncIteration()])
def test_the_end_of_an_iteration_is_a_failure_where_nothing_is_iterated(error):
    assert decisions(error) == set(Place) - {Place.BLOCK}


@pytest.mark.parametrize(
    "error",
    [
        ValueError(),
        TimeoutError(),
        fake("celery.exceptions", "SoftTimeLimitExceeded")(),
        fake("gevent.timeout", "Timeout", BaseException)(),
        fake("shop.errors", "Retry")(),
        fake("shop.celery.exceptions", "Retry")(),
        fake("celery.exceptional", "Retry")(),
        BrokenPipeError(),
    ],
    ids=repr,
)
def test_anything_else_is_a_failure_everywhere(error):
    assert decisions(error) == set(Place)


def test_a_group_is_a_failure_if_one_of_its_leaves_is():
    cancelled, failed = asyncio.CancelledError(), ValueError()
    assert not DEFAULT_POLICY.reports(BaseExceptionGroup("g", [cancelled]))
    inner = BaseExceptionGroup("inner", [cancelled, KeyboardInterrupt()])
    assert not DEFAULT_POLICY.reports(BaseExceptionGroup("g", [inner, cancelled]))
    assert DEFAULT_POLICY.reports(BaseExceptionGroup("g", [inner, failed]))
    deep = cancelled
    for _ in range(5000):
        deep = BaseExceptionGroup("g", [deep])
    assert not DEFAULT_POLICY.reports(deep)
    policy = ReportingPolicy(ignored=("ValueError",))
    assert not policy.reports(ExceptionGroup("g", [failed]))
    while isinstance(deep, BaseExceptionGroup):  # freed step by step, not by a deep recursion
        deep = deep.exceptions[0]


def test_an_exception_whose_class_lies_does_not_raise():
    class Liar(Exception):  # noqa: N818 - short
        @property
        def __class__(self):
            raise RuntimeError

        def __getattr__(self, name):
            raise RuntimeError(name)

    assert decisions(Liar()) == set(Place)
    assert decisions("no exception") == set(Place)

    class Hidden(KeyboardInterrupt):
        @property
        def __class__(self):
            return ValueError

    assert decisions(Hidden()) == {Place.ANSWERED}


def test_the_application_ignores_and_reports_by_class_and_by_name():
    policy = ReportingPolicy(
        ignored=names_of("ignored_exceptions", [LookupError, "shop.errors.OutOfStock", "Closed"]),
        reported=names_of("reported_exceptions", ["KeyboardInterrupt", IndexError]),
    )
    assert decisions(KeyError(), policy) == set()
    assert decisions(IndexError(), policy) == set(Place)
    assert decisions(KeyboardInterrupt(), policy) == set(Place)
    assert decisions(fake("shop.errors", "OutOfStock")(), policy) == set()
    assert decisions(fake("shop.errors.stock", "OutOfStock")(), policy) == set()
    assert decisions(fake("other.errors", "OutOfStock")(), policy) == set(Place)
    assert decisions(fake("anywhere", "Closed")(), policy) == set()
    assert decisions(OSError(), ReportingPolicy(ignored=("builtins.OSError",))) == set()


@pytest.mark.parametrize("option", ["ignored_exceptions", "reported_exceptions"])
@pytest.mark.parametrize("given", [7, [7], ["  "], [int], [ValueError()]])
def test_an_option_of_the_wrong_type_is_refused_when_the_client_is_made(option, given):
    with pytest.raises(TypeError, match=f"^{option} must "):
        Client(Options(sink=MemorySink(), **{option: given}))


@pytest.mark.parametrize("given", ["ValueError", ValueError, (ValueError,), {"ValueError"}])
def test_a_single_class_or_name_is_an_option_too(given):
    with Client(sink=MemorySink(), ignored_exceptions=given) as client:
        assert not client.exception_policy.reports(UnicodeError())
        with pytest.raises(UnicodeError), client.context(capture_exceptions=True):
            raise UnicodeError
        client.flush()
        assert client.components.options.sink.events == []
        assert client.capture_exception(UnicodeError()) is not None


def test_a_connection_that_the_server_lost_is_no_failure_of_the_request():
    namespace = {"__name__": "gunicorn.http.body"}
    exec("def read():\n    raise BrokenPipeError", namespace)
    with pytest.raises(BrokenPipeError) as found:
        namespace["read"]()
    assert comes_from_server(found.value)
    assert decisions(found.value) == set(Place) - {Place.REQUEST}


def test_a_connection_that_the_application_lost_is_a_failure():
    left, right = socket.socketpair()
    left.close()
    right.settimeout(1)
    try:
        right.sendall(b"x" * 10_000_000)
    except OSError as error:
        assert isinstance(error, ConnectionError)
        assert decisions(error) == set(Place)
    right.close()


def test_a_marked_exception_of_the_server_is_no_failure_of_the_request():
    error = raised(ConnectionResetError())
    mark_as_servers(error)
    assert decisions(error) == set(Place) - {Place.REQUEST}


def test_exceptions_of_the_same_line_have_the_same_origin():
    def fail():
        raise ValueError

    origins = []
    for _ in range(2):
        try:
            fail()
        except ValueError as error:
            origins.append(origin_of(error))
    assert origins[0] == origins[1] != origin_of(raised(ValueError()))
    assert origin_of(ValueError()) == (ValueError, None, None)


def test_every_class_of_the_table_whose_package_is_here_exists():
    missing = []
    for text in (text for texts in CONTROL_FLOW.values() for text in texts):
        module, _, name = text.rpartition(".")
        try:
            found = importlib.import_module(module or "builtins")
        except ImportError:
            continue
        if not hasattr(found, name):
            missing.append(text)
    assert missing == []
