"""The Celery integration with Celery's own workers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

celery = pytest.importorskip("celery", reason="needs Celery, of the group `test`")

from celery.contrib.testing.worker import start_worker  # noqa: E402

from flagengine.transports import Client, MemorySink  # noqa: E402
from flagengine.transports.context import context, current  # noqa: E402
from flagengine.transports.context.celery import TaskSignals, wrap_celery  # noqa: E402
from flagengine.transports.context.wsgi import WSGIMiddleware  # noqa: E402

from . import celery_project as project  # noqa: E402

pytestmark = [
    pytest.mark.contract("tracing-headers", "exception-event-metadata"),
    # Celery and kombu leave some to the garbage collection.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def _fresh():
    project.client.flush()
    project.sink.__init__()


@pytest.fixture(scope="module", autouse=True)
def _end():
    yield
    project.client.shutdown()


@pytest.fixture(scope="module")
def worker():
    with start_worker(project.app, perform_ping_check=False, shutdown_timeout=30):
        yield


class Ends:
    """The ends of tasks, which come after their results."""

    def __init__(self):
        self.ended = threading.Condition()
        self.tasks = set()

    def note(self, task_id=None, state=None, **_):
        with self.ended:
            if state != "RETRY":
                self.tasks.add(task_id)
                self.ended.notify_all()

    def wait(self, task_id):
        with self.ended:
            assert self.ended.wait_for(lambda: task_id in self.tasks, 30)


ends = Ends()
celery.signals.task_postrun.connect(ends.note)


@pytest.fixture
def eager():
    project.app.conf.task_always_eager = True
    yield
    project.app.conf.task_always_eager = False


def events(name=None):
    project.client.flush()
    found = [event.decoded() for event in project.sink.events]
    return [event for event in found if name in (None, event["event"])]


def finished(task):
    result = task.delay()
    ends.wait(result.id)
    return result.result


def test_a_task_runs_in_the_context_of_the_code_that_published_it(worker):
    with context(distinct_id="u1", session_id="s1", properties={"plan": "pro"}):
        assert finished(project.work) == "u1"
    (event,) = events()
    assert event["distinct_id"] == "u1"
    properties = event["properties"]
    assert (properties["$session_id"], properties["plan"]) == ("s1", "pro")
    assert properties["celery_task_name"] == project.work.name
    assert properties["celery_retry_count"] == 0
    assert len(properties["celery_task_id"]) == 36
    assert current() is None


def test_a_task_published_outside_of_any_context_has_none_and_inherits_none(worker):
    with context(distinct_id="u1"):
        finished(project.work)
    assert finished(project.work) is None


def test_headers_of_the_application_win():
    headers = {"X-POSTHOG-DISTINCT-ID": "given"}
    with context(distinct_id="u1", session_id="s1"):
        celery.signals.before_task_publish.send(sender="any", headers=headers)
        celery.signals.before_task_publish.send(sender="any", headers=None)
    assert headers == {"X-POSTHOG-DISTINCT-ID": "given", "X-POSTHOG-SESSION-ID": "s1"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("fail", "ValueError"),
        ("fail_unpickleable", "Unpickleable"),
        ("fail_after_retry", "ValueError"),
        ("fail_after_automatic_retry", "ValueError"),
        ("fail_in_a_context", "ValueError"),
        ("take_too_long", "SoftTimeLimitExceeded"),
    ],
)
def test_a_failure_is_reported_once_with_the_context_of_its_task(worker, name, kind):
    with context(distinct_id="u1"):
        finished(getattr(project, name))
    (event,) = events()
    properties = event["properties"]
    assert (event["event"], event["distinct_id"]) == ("$exception", "u1")
    assert properties["$exception_type"] == kind
    assert properties["celery_task_name"] == f"{project.__name__}.{name}"
    frames = properties["$exception_list"][0]["stacktrace"]["frames"]
    assert frames[-1]["filename"].endswith("celery_project.py")
    if name == "fail":
        assert properties["$exception_source"] == "celery.task_failure"
        mechanism = properties["$exception_list"][0]["mechanism"]
        assert (mechanism["type"], mechanism["handled"]) == ("task", False)


def test_a_retry_keeps_the_context_and_is_no_failure(worker):
    with context(distinct_id="u1"):
        assert finished(project.succeed_after_retry) == "u1"
    (event,) = events()
    assert event["properties"]["celery_retry_count"] == 1


@pytest.mark.parametrize("name", ["ignore", "reject"])
def test_what_steers_celery_is_no_failure(worker, name):
    finished(getattr(project, name))
    assert events() == []


def test_an_expected_exception_is_no_failure(worker):
    finished(project.fail_as_expected)
    assert events() == []


def test_a_task_that_a_task_publishes_has_its_context(worker):
    with context(distinct_id="u1"):
        task_id = finished(project.call_another)
    ends.wait(task_id)
    (event,) = events("$exception")
    assert event["distinct_id"] == "u1"
    assert event["properties"]["celery_task_name"] == project.fail.name
    assert event["properties"]["celery_task_id"] == task_id


def test_an_eager_task_runs_in_the_context_of_its_caller(eager):
    with context(distinct_id="u1", properties={"plan": "pro"}):
        assert project.work.delay().get() == "u1"
        assert current().properties == {"plan": "pro"}
        project.fail_after_retry.delay()
        assert current().distinct_id == "u1"
    work, failure = events()
    assert work["properties"]["celery_task_name"] == project.work.name
    assert work["properties"]["plan"] == "pro"
    assert (failure["event"], failure["distinct_id"]) == ("$exception", "u1")


def test_what_an_eager_task_raises_in_its_caller_is_the_callers(eager, monkeypatch):
    monkeypatch.setitem(project.app.conf, "task_eager_propagates", True)

    def view(environ, _start_response):
        if environ["PATH_INFO"] == "/handled":
            with pytest.raises(ValueError, match="boom"):
                project.fail.apply(throw=True)
            return []
        return project.fail.delay()

    app = WSGIMiddleware(view, project.client, identify=lambda _: "ada")
    for path in ("/handled", "/"):
        environ = {"PATH_INFO": path, "wsgi.url_scheme": "http", "SERVER_NAME": "shop"}
        with pytest.raises(ValueError, match="boom") if path == "/" else nullcontext():
            app(environ, lambda *_: None)
    (failure,) = events()
    assert failure["distinct_id"] == "ada"
    assert failure["properties"]["$request_path"] == "/"


def test_what_escapes_from_celery_in_a_worker_is_reported():
    failure = {"sender": project.fail, "exception": RuntimeError("lost"), "task_id": "1"}
    celery.signals.task_internal_error.send(request={"is_eager": False}, **failure)
    celery.signals.task_internal_error.send(request=None, **failure)
    assert len(events("$exception")) == 1  # the second is the same exception


def test_a_failure_of_a_lost_process_is_reported_without_a_context():
    error = RuntimeError("lost")
    celery.signals.task_failure.send(sender=project.fail, exception=error, task_id="1")
    (event,) = events()
    assert event["properties"]["celery_task_name"] == project.fail.name


def test_a_task_of_another_application_is_left_alone():
    class Other:
        app = None
        request = SimpleNamespace()

    other = Other()
    celery.signals.task_prerun.send(sender=other, task=other)
    celery.signals.task_failure.send(sender=other, exception=ValueError())
    celery.signals.task_postrun.send(sender=other, task=other)
    assert events() == []


@pytest.fixture
def shop():
    app = celery.Celery("other", broker="memory://", set_as_current=False)
    app.conf.task_always_eager = True

    @app.task
    def work():
        return dict(current().properties)

    @app.task
    def fail():
        raise ValueError("boom")

    return app, work, fail


def test_tags_are_added_and_may_fail(shop, caplog):
    app, work, _ = shop
    with Client(sink=MemorySink()) as client:
        wrap_celery(app, client, tags=lambda task: {"queue": task.name[-4:]})
        assert work.delay().get()["queue"] == "work"
        wrap_celery(app, client, tags=lambda _: 1 / 0)
        assert "queue" not in work.delay().get()
        assert "A callback for the task raised" in caplog.text


def test_a_second_call_replaces_the_first_and_nothing_is_reported_unless_wanted(shop):
    app, _, fail = shop
    first, second = Client(sink=MemorySink()), Client(sink=MemorySink())
    wrap_celery(app, first)
    wrap_celery(app, second, capture_exceptions=False, propagate_context=False)
    fail.delay()
    headers = {}
    with context(distinct_id="u"):
        vars(app)["flagengine"].published(headers=headers)
    for client in (first, second):
        client.shutdown()
        assert client.components.options.sink.events == []
    assert headers == {}


def test_a_proxy_of_an_application_stands_for_it(shop):
    app, work, _ = shop
    with Client(sink=MemorySink()) as client:
        wrap_celery(celery.local.Proxy(lambda: app), client, tags=lambda _: {"proxy": True})
        assert work.delay().get()["proxy"] is True


def test_the_end_of_a_worker_process_delivers_what_is_queued(shop):
    client = Client(sink=MemorySink(), flush_interval=60)
    wrap_celery(shop[0], client)
    client.capture("Work", distinct_id="u")
    celery.signals.worker_process_shutdown.send(sender=None, pid=1, exitcode=0)
    assert len(client.components.options.sink.events) == 1
    client.shutdown()


def test_tags_that_nobody_could_call_or_await_are_refused(shop):
    async def tags(_task):
        return {}

    with pytest.raises(TypeError, match=r"wrap_celery\.tags must be a plain function"):
        wrap_celery(shop[0], project.client, tags=tags)
    with pytest.raises(TypeError, match="must be a function of the task, got dict"):
        wrap_celery(shop[0], project.client, tags={})


def test_a_client_that_fails_costs_no_task(shop, caplog):
    app, work, _ = shop
    client = SimpleNamespace(context=lambda **_: 1 / 0)
    wrap_celery(app, client)
    with context(properties={"plan": "pro"}):
        assert work.delay().get() == {"plan": "pro"}
    assert "Could not follow a Celery task" in caplog.text


PUBLISH = f"""
from flagengine.transports.context import context
from {project.__name__} import fail, work
with context(distinct_id="u1"):
    results = [work.delay(), fail.delay()]
print([result.get(timeout=40, propagate=False) for result in results][0])
"""


@pytest.mark.slow
def test_processes_of_the_prefork_pool_deliver_their_events(tmp_path):
    for name in ("queue", "results"):
        (tmp_path / name).mkdir()
    environment = {
        **os.environ,
        "CELERY_PROJECT_FOLDER": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *sys.path]),
    }
    command = [
        "-m",
        "celery",
        "-A",
        f"{project.__name__}:app",
        "worker",
        "-P",
        "prefork",
        "-c",
        "2",
    ]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "error"]
    worker = subprocess.Popen([sys.executable, *command], env=environment)
    try:
        published = subprocess.run(
            [sys.executable, "-c", PUBLISH],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    finally:
        worker.terminate()
        worker.wait(30)
    assert published.stdout == "u1\n"
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    found = sorted((event["event"], event["distinct_id"]) for event in map(json.loads, lines))
    assert found == [("$exception", "u1"), ("Work", "u1")]


class _SignalsBefore57:
    """A signal that takes receivers for the same if their names are, or without names their ids."""

    def __init__(self):
        self.known = {}

    def connect(self, receiver, dispatch_uid=None):
        # Celery before 5.7 takes the id of a bound method, which the next one often has, too.
        self.known.setdefault(dispatch_uid or "the id of a method", receiver)

    def disconnect(self, receiver, dispatch_uid=None):
        del self.known[dispatch_uid or "the id of a method"]


def test_receivers_are_told_apart_where_the_ids_of_methods_are_the_same(monkeypatch):
    signal = _SignalsBefore57()
    with Client(sink=MemorySink()) as client:
        ours, others = (
            TaskSignals(celery.Celery(name), client, True, True, None)
            for name in ("ours", "others")
        )
        monkeypatch.setattr(
            TaskSignals, "receivers", lambda self: ((signal, self.begun), (signal, self.ended))
        )
        ours.connect()
        others.connect()
        assert len(signal.known) == 4
        ours.disconnect()
        assert {each.__self__ for each in signal.known.values()} == {others}
