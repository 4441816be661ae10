"""The definitions endpoint: the request on the wire, and the meaning of each response."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from flagengine.transports.clock import ManualClock
from flagengine.transports.errors import (
    ConnectError,
    ConnectionLostError,
    RequestTimeoutError,
    ResponseTooLargeError,
    TLSError,
)
from flagengine.transports.http.base import Response
from flagengine.transports.http.memory import MemoryTransport
from flagengine.transports.polling import DefinitionLoader
from flagengine.transports.polling.fetch_results import Failed, FailureKind, Loaded, Unchanged
from flagengine.transports.polling.sources.http import HttpDefinitions

pytestmark = [
    pytest.mark.contract("flag-definition-loader"),
    pytest.mark.contract("http-client"),
]

DOCUMENT = {"flags": [{"key": "a"}], "cohorts": {}, "group_type_mapping": {}}
GOOD = Response(200, {"ETag": '"v1"'}, json.dumps(DOCUMENT).encode())
SECRET = "phs_verysecretindeed"


def source(*script: Any, host: str = "https://us.i.posthog.com") -> HttpDefinitions:
    transport = MemoryTransport(script)
    made = HttpDefinitions(
        transport,
        host=host,
        project_key="phc_project key",
        secret_key=SECRET,
        headers={"User-Agent": "flagengine/0", "X-Test-Id": "7"},
        clock=ManualClock(wall=0.0),
    )
    made.sent = transport.requests  # type: ignore[attr-defined]
    return made


def test_the_request_is_a_get_with_the_bearer_key_the_token_and_cohorts() -> None:
    http = source(GOOD)
    http.fetch(None)
    (request,) = http.sent  # type: ignore[attr-defined]
    assert request.method == "GET"
    assert request.url == (
        "https://us.i.posthog.com/flags/definitions?token=phc_project%20key&send_cohorts"
    )
    assert request.headers["Authorization"] == f"Bearer {SECRET}"
    assert request.headers["User-Agent"] == "flagengine/0"
    assert request.headers["X-Test-Id"] == "7"
    assert "If-None-Match" not in request.headers
    assert request.timeout == 10.0


def test_a_host_with_a_path_and_a_trailing_slash_is_taken_as_given() -> None:
    http = source(GOOD, host="https://proxy.example/ph/")
    http.fetch(None)
    assert http.sent[0].url.startswith("https://proxy.example/ph/flags/definitions?")  # type: ignore[attr-defined]


def test_a_good_answer_brings_the_document_and_its_etag() -> None:
    assert source(GOOD).fetch(None) == Loaded(GOOD.body, '"v1"')


def test_the_etag_is_sent_and_a_304_means_unchanged() -> None:
    http = source(Response(304, {"ETag": '"v2"'}), Response(304))
    assert http.fetch('"v1"') == Unchanged('"v2"')
    assert http.fetch('"v2"') == Unchanged(None)
    assert [request.headers["If-None-Match"] for request in http.sent] == ['"v1"', '"v2"']  # type: ignore[attr-defined]


def test_a_304_that_was_not_asked_for_is_a_failure() -> None:
    answer = source(Response(304)).fetch(None)
    assert isinstance(answer, Failed)
    assert answer.kind is FailureKind.MALFORMED


@pytest.mark.parametrize("code", [400, 401, 402, 403, 404, 429, 500, 502, 503, 504, 599, 302])
def test_any_other_status_is_a_failure_with_its_status(code: int) -> None:
    answer = source(Response(code)).fetch(None)
    assert isinstance(answer, Failed)
    assert (answer.kind, answer.status) == (FailureKind.STATUS, code)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3.0), ("Thu, 01 Jan 1970 00:01:00 GMT", 60.0), ("-5", 0.0), ("soon", None)],
)
def test_retry_after_is_read_as_seconds_or_a_date(header: str, seconds: float | None) -> None:
    answer = source(Response(429, {"Retry-After": header})).fetch(None)
    assert isinstance(answer, Failed)
    assert answer.retry_after == seconds


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"{}", b'{"flags": {}}', b"\xff\xfe", b"[" * 100_000]
)
def test_a_body_that_is_no_definitions_document_is_a_failure(body: bytes) -> None:
    loader = DefinitionLoader(source(Response(200, {"ETag": '"v1"'}, body)))
    loader.tick()
    error = loader.health().last_error
    assert error is not None
    assert (error.kind, error.status) == (FailureKind.MALFORMED, 200)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RequestTimeoutError("10 s"), FailureKind.TIMEOUT),
        (ConnectError("refused"), FailureKind.NETWORK),
        (TLSError("expired"), FailureKind.NETWORK),
        (ConnectionLostError("reset"), FailureKind.NETWORK),
        (ResponseTooLargeError("too large", status=200), FailureKind.MALFORMED),
    ],
)
def test_no_usable_answer_is_a_failure_and_never_an_exception(error: Any, kind: str) -> None:
    answer = source(error).fetch(None)
    assert isinstance(answer, Failed)
    assert answer.kind == kind


def test_the_keys_are_in_no_repr_no_log_and_no_error(caplog: pytest.LogCaptureFixture) -> None:
    http = source(Response(401), ConnectError("refused"), Response(200, body=b"{}"))
    loader = DefinitionLoader(http, clock=(clock := ManualClock()))
    with caplog.at_level(logging.DEBUG):
        for _ in range(3):
            loader.tick()
            clock.advance(1000)
    shown = caplog.text + repr(http) + repr(loader.health()) + repr(http.sent)  # type: ignore[attr-defined]
    assert len(caplog.records) == 3
    assert SECRET not in shown
    assert "phc_project" not in shown
    assert "phs_" not in shown


def test_a_secret_key_cannot_smuggle_a_header_in() -> None:
    transport = MemoryTransport([GOOD])
    HttpDefinitions(transport, host="http://h", project_key="k", secret_key="a\r\nX-Evil: 1").fetch(
        None
    )
    assert transport.requests[0].headers["Authorization"] == "Bearer aX-Evil: 1"


def test_an_integer_that_is_absurdly_long_does_not_cost_the_other_flags() -> None:
    body = b'{"flags": [{"key": "a"}, {"key": "b", "id": %s}, {"x": NaN}]}' % (b"9" * 5000)
    loader = DefinitionLoader(source(Response(200, body=body)))
    loader.tick()
    assert loader.current.snapshot is not None
    assert list(loader.current.snapshot.flags) == ["a", "b"]
