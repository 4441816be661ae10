"""The acceptance scenarios about tracing headers, which identify a request's person."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from flagengine.transports.context.wsgi import WSGIMiddleware

from ..bench import Bench

pytestmark = pytest.mark.contract("tracing-headers")


def handle(bench: Bench, headers: dict[str, str], work: Callable[[], object]) -> None:
    """Do ``work`` in an application behind the middleware, for a request with ``headers``."""

    def application(_environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
        work()
        start("200 OK", [])
        return [b""]

    environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    environ |= {"REQUEST_METHOD": "GET", "PATH_INFO": "/work", "wsgi.url_scheme": "http"}
    environ |= {"SERVER_NAME": "localhost", "SERVER_PORT": "80"}
    list(WSGIMiddleware(application, bench.client)(environ, lambda *_: None))


def test_headers_are_the_context_of_what_is_captured() -> None:
    headers = {"X-POSTHOG-DISTINCT-ID": "user-123", "X-POSTHOG-SESSION-ID": "session-123"}
    with Bench() as bench:
        handle(bench, headers, lambda: bench.client.capture("Backend Work"))
        event = bench.event("Backend Work")
    assert event["distinct_id"] == "user-123"
    assert event["properties"]["$session_id"] == "session-123"


def test_what_is_given_explicitly_wins() -> None:
    headers = {"X-POSTHOG-DISTINCT-ID": "header-user", "X-POSTHOG-SESSION-ID": "header-session"}
    with Bench() as bench:
        handle(
            bench,
            headers,
            lambda: bench.client.capture(
                "Backend Work",
                distinct_id="explicit-user",
                properties={"$session_id": "explicit-session"},
            ),
        )
        event = bench.event("Backend Work")
    assert event["distinct_id"] == "explicit-user"
    assert event["properties"]["$session_id"] == "explicit-session"


def test_without_any_id_an_event_is_personless() -> None:
    with Bench() as bench:
        headers = {"X-POSTHOG-SESSION-ID": "session-123"}
        handle(bench, headers, lambda: bench.client.capture("Backend Work"))
        event = bench.event("Backend Work")
    assert len(event["distinct_id"]) == 36
    assert event["properties"]["$session_id"] == "session-123"
    assert event["properties"]["$process_person_profile"] is False


def test_without_any_id_no_flag_is_evaluated() -> None:
    found: list[object] = []
    with Bench() as bench:

        def work() -> None:
            found.append(len(bench.client.evaluate_flags()))
            found.append(bench.client.get_feature_flag("beta-ui"))
            found.append(bench.client.get_all_flags())

        handle(bench, {"X-POSTHOG-SESSION-ID": "session-123"}, work)
        assert bench.flag_requests == []
        assert bench.called() == []
    assert found == [0, None, {}]


def test_headers_are_cleaned_first() -> None:
    headers = {"X-POSTHOG-DISTINCT-ID": "  user\x00-123\t ", "X-POSTHOG-SESSION-ID": " \x1f "}
    with Bench() as bench:
        handle(bench, headers, lambda: bench.client.capture("Sanitized Work"))
        event = bench.event("Sanitized Work")
    assert event["distinct_id"] == "user-123"
    assert "$session_id" not in event["properties"]
