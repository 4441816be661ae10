"""A small Celery application, for workers in threads and in processes of their own."""

from __future__ import annotations

import os
from pathlib import Path

from celery import Celery, signals
from celery.exceptions import Ignore, Reject, SoftTimeLimitExceeded

from flagengine.transports import Client, JsonlSink, MemorySink
from flagengine.transports.context import current
from flagengine.transports.context.celery import wrap_celery

folder = os.environ.get("CELERY_PROJECT_FOLDER")
app = Celery("shop", broker="memory://", backend="cache+memory://")
if folder:
    app.conf.update(
        broker_url="filesystem://",
        broker_transport_options={
            name: str(Path(folder) / "queue")
            for name in ("data_folder_in", "data_folder_out", "control_folder")
        },
        result_backend=f"file://{folder}/results",
    )
app.conf.update(broker_connection_retry_on_startup=True, worker_hijack_root_logger=False)
sink = JsonlSink(f"{folder}/events.jsonl") if folder else MemorySink()
client = Client("phc_key", sink=sink, flush_interval=60)
wrap_celery(app, client)


@signals.setup_logging.connect
def leave_logging_as_it_is(**_):
    """Keep Celery from setting up logging, because the tests read the log."""


@app.task
def work():
    client.capture("Work")
    return current() and current().distinct_id


@app.task
def fail():
    raise ValueError("boom")


class Unpickleable(Exception):  # noqa: N818 - short
    def __init__(self, first, second):
        super().__init__("only one")
        self.lock = lambda: (first, second)


@app.task
def fail_unpickleable():
    raise Unpickleable(1, 2)


@app.task(bind=True, max_retries=1, default_retry_delay=0)
def fail_after_retry(self):
    try:
        fail()
    except ValueError as error:
        raise self.retry(exc=error) from error


@app.task(bind=True, max_retries=3, default_retry_delay=0)
def succeed_after_retry(self):
    if self.request.retries < 1:
        raise self.retry(countdown=0)
    client.capture("Work")
    return current().distinct_id


@app.task(autoretry_for=(ValueError,), max_retries=1, default_retry_delay=0)
def fail_after_automatic_retry():
    raise ValueError("boom")


@app.task
def ignore():
    raise Ignore


@app.task
def reject():
    raise Reject("no", requeue=False)


@app.task(throws=(KeyError,))
def fail_as_expected():
    raise KeyError("a")


@app.task
def take_too_long():
    raise SoftTimeLimitExceeded


@app.task
def fail_in_a_context():
    with client.context(capture_exceptions=True):
        raise ValueError("boom")


@app.task
def call_another():
    return fail.delay().id
