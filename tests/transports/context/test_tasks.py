"""Contexts that background tasks inherit."""

from __future__ import annotations

import pytest

from flagengine.transports.context import context, current
from flagengine.transports.context.tasks import from_task_headers, task_context, to_headers

from .recording import RecordingClient

pytestmark = pytest.mark.contract("tracing-headers")


def test_a_context_goes_through_headers_and_comes_out_the_same():
    with context(distinct_id="u1", session_id="s1", properties={"plan": "pro", "é": [1, None]}):
        headers = to_headers()
    assert headers.keys() == {
        "X-POSTHOG-DISTINCT-ID",
        "X-POSTHOG-SESSION-ID",
        "X-POSTHOG-CONTEXT-TAGS",
    }
    assert all(value.isascii() for value in headers.values())
    with task_context({name.lower(): value for name, value in headers.items()}):
        assert (current().distinct_id, current().session_id) == ("u1", "s1")
        assert current().properties == {"plan": "pro", "é": [1, None]}


def test_outside_of_any_context_there_are_no_headers():
    assert to_headers() == {}
    with context():
        assert to_headers() == {}


def test_too_many_properties_are_left_out_and_the_ids_still_go():
    with context(distinct_id="u1", properties={"long": "x" * 9000}):
        assert to_headers() == {"X-POSTHOG-DISTINCT-ID": "u1"}


def test_properties_of_any_kind_do_no_harm():
    with context(distinct_id="u1", properties={"o": object(), "nan": float("nan")}):
        assert to_headers()["X-POSTHOG-DISTINCT-ID"] == "u1"


@pytest.mark.parametrize("tags", ["", "{", "[1]", "7", None, 7, b"\xff", "[" * 100_000])
def test_tags_that_cannot_be_read_are_none(tags):
    assert from_task_headers({"X-POSTHOG-CONTEXT-TAGS": tags}) == {}
    assert from_task_headers(None) == {}


def test_what_escapes_a_task_is_reported_as_such_and_goes_on():
    client = RecordingClient()
    headers = {"X-POSTHOG-DISTINCT-ID": "u1"}
    with (
        pytest.raises(ValueError, match="pay"),
        task_context(headers, client, source="celery.task_failure", properties={"task": "pay"}),
    ):
        raise ValueError(current().properties["task"])
    assert client.reported == [("ValueError('pay')", "u1", "celery.task_failure", False, {})]
    assert client.exceptions[0][2]["mechanism_type"] == "task"


def test_a_task_inherits_nothing_from_where_it_happens_to_run():
    with context(distinct_id="other"), task_context({}):
        assert current().distinct_id is None
