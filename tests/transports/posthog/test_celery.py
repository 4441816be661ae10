"""posthog-python's Celery integration, with eager tasks and with signals as a worker sends them."""

from __future__ import annotations

from typing import Any

import pytest

celery = pytest.importorskip("celery", reason="needs Celery, of the group `test`")

from flagengine.transports.posthog import contexts, new_context  # noqa: E402
from flagengine.transports.posthog.integrations.celery import PosthogCeleryIntegration  # noqa: E402

from .support import events_of, made  # noqa: E402

pytestmark = [
    pytest.mark.contract("tracing-headers", "exception-event-metadata"),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
]

app = celery.Celery("shop", broker="memory://", backend="cache+memory://")
app.conf.task_always_eager = True


@app.task
def work() -> str | None:
    return contexts.get_context_distinct_id()


@app.task
def fail() -> None:
    raise ValueError("boom")


@app.task(bind=True, max_retries=1)
def again(self: Any) -> None:
    if not self.request.retries:
        raise self.retry(countdown=0, exc=ValueError("later"))


@pytest.fixture(name="instrumented")
def _instrumented():
    begun: list[PosthogCeleryIntegration] = []

    def begin(**options: Any) -> Any:
        client, server = made()
        integration = PosthogCeleryIntegration(client, **options)
        integration.instrument()
        integration.instrument()
        begun.append(integration)
        return server

    yield begin
    for each in begun:
        each.shutdown()
        each.shutdown()


def test_a_task_is_captured_from_its_beginning_to_its_end(instrumented):
    server = instrumented()
    with new_context():
        contexts.identify_context("user-1")
        assert work.delay().get() == "user-1"
    started, ended = events_of(server)
    assert (started["event"], ended["event"]) == ("celery task started", "celery task success")
    properties = ended["properties"]
    assert properties["celery_task_name"] == work.name
    assert (properties["celery_state"], properties["celery_retry_count"]) == ("success", 0)
    assert properties["celery_task_duration_ms"] >= 0
    assert properties["celery_version"] == celery.__version__
    assert {started["distinct_id"], ended["distinct_id"]} == {"user-1"}
    assert "celery_task_duration_ms" not in started["properties"]


def test_a_failure_is_captured_with_its_exception(instrumented):
    server = instrumented()
    assert fail.delay().failed()
    names = [event["event"] for event in events_of(server)]
    assert names == ["celery task started", "$exception", "celery task failure"]
    properties = events_of(server)[-1]["properties"]
    assert (properties["error_type"], properties["error_message"]) == ("ValueError", "boom")


def test_a_retry_is_captured(instrumented):
    server = instrumented()
    again.delay()
    retries = [each for each in events_of(server) if each["event"] == "celery task retry"]
    assert "later" in retries[0]["properties"]["celery_reason"]


def test_events_of_tasks_and_reports_can_be_left_out(instrumented):
    server = instrumented(capture_task_lifecycle_events=False, capture_exceptions=False)
    fail.delay()
    assert events_of(server) == []


def test_a_filter_leaves_out_a_task_and_its_failure(instrumented):
    server = instrumented(task_filter=lambda name, properties: name != fail.name)
    fail.delay()
    work.delay()
    assert [each["event"] for each in events_of(server)][:1] == ["celery task started"]
    assert len(events_of(server)) == 2


@pytest.mark.parametrize("propagates", [True, False])
def test_published_messages_carry_the_context(instrumented, propagates, monkeypatch):
    # Other integrations of the process add the context, too.
    monkeypatch.setattr(celery.signals.before_task_publish, "receivers", [])
    server = instrumented(propagate_context=propagates)
    headers = {"id": "task-1", "retries": 0}
    with new_context():
        contexts.identify_context("user-1")
        celery.signals.before_task_publish.send(sender="shop.work", headers=headers)
        celery.signals.after_task_publish.send(
            sender="shop.work", headers=headers, exchange="x", routing_key="q"
        )
    assert ("X-POSTHOG-DISTINCT-ID" in headers) is propagates
    [event] = events_of(server)
    assert event["event"] == "celery task published"
    assert event["properties"]["celery_task_id"] == "task-1"
    assert event["properties"]["celery_routing_key"] == "q"


def test_nothing_is_followed_after_the_end(instrumented):
    client, server = made()
    integration = PosthogCeleryIntegration(client)
    integration.instrument()
    integration.uninstrument()
    work.delay()
    assert events_of(server) == []
