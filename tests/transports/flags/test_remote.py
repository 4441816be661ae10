"""The flags request: its content, its retries, and the outcome of each response."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from flagengine.transports.errors import (
    ConnectError,
    ConnectionLostError,
    InvalidRequestError,
    RequestTimeoutError,
    ResponseTooLargeError,
    TLSError,
)
from flagengine.transports.flags.query import FlagQuery
from flagengine.transports.flags.remote import RemoteFlags
from flagengine.transports.http.base import Response
from flagengine.transports.http.memory import MemoryTransport

pytestmark = pytest.mark.contract("http-client")

GOOD = Response(200, body=b'{"flags": {"beta": {"enabled": true}}}')
QUERY = FlagQuery("u1", keys=("beta",))


class Setup:
    def __init__(self, *script: Any, **options: Any) -> None:
        self.transport = MemoryTransport(script, default=GOOD)
        self.naps: list[float] = []
        self.flags = RemoteFlags(
            self.transport,
            host="https://us.i.posthog.com/",
            project_key="phc_project",
            headers={"User-Agent": "flagengine/0", "authorization": "Bearer no"},
            sleep=self.naps.append,
            **options,
        )

    @property
    def requests(self) -> int:
        return len(self.transport.requests)


def test_the_request_is_a_post_of_json_without_an_authorization() -> None:
    setup = Setup()
    setup.flags.evaluate(QUERY)
    (request,) = setup.transport.requests
    assert request.method == "POST"
    assert request.url == "https://us.i.posthog.com/flags/?v=4"
    assert request.timeout == 3.0
    assert request.body is not None
    body = json.loads(request.body)
    assert (body["token"], body["flag_keys_to_evaluate"]) == ("phc_project", ["beta"])
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["User-Agent"] == "flagengine/0"
    assert not any(name.lower() == "authorization" for name in request.headers)


def test_another_version_of_the_answer_can_be_asked_for() -> None:
    setup = Setup(api_version=4)
    setup.flags.evaluate(QUERY)
    assert setup.transport.requests[0].url.endswith("/flags/?v=4")


NO_ANSWER = [
    RequestTimeoutError("3 s"),
    ConnectError("refused"),
    TLSError("expired"),
    ConnectionLostError("reset"),
]


@pytest.mark.parametrize("first", [*NO_ANSWER, Response(502), Response(504)], ids=repr)
def test_no_answer_a_502_and_a_504_are_tried_again_once(first: Any) -> None:
    setup = Setup(first)
    outcome = setup.flags.evaluate(QUERY)
    assert outcome.response is not None
    assert outcome.response.flags["beta"].value is True
    assert (setup.requests, outcome.attempts, setup.naps) == (2, 2, [0.3])
    bodies = {request.body for request in setup.transport.requests}
    assert len(bodies) == 1


@pytest.mark.parametrize("code", [400, 401, 402, 403, 404, 408, 413, 429, 500, 501, 503, 505])
def test_no_other_status_is_tried_again(code: int) -> None:
    setup = Setup(Response(code))
    outcome = setup.flags.evaluate(QUERY)
    assert outcome.response is None
    assert (setup.requests, outcome.errors) == (1, (f"api_error_{code}",))


@pytest.mark.parametrize(
    "error", [InvalidRequestError("no"), ResponseTooLargeError("too large", status=200)], ids=repr
)
def test_a_request_that_cannot_be_sent_or_used_is_not_tried_again(error: Any) -> None:
    setup = Setup(error)
    assert setup.flags.evaluate(QUERY).error is error
    assert setup.requests == 1


@pytest.mark.parametrize(("retries", "requests"), [(0, 1), (1, 2), (2, 3), (99, 11), (-1, 1)])
def test_the_number_of_retries_is_configured_and_bounded(retries: int, requests: int) -> None:
    setup = Setup(*[Response(504)] * 20, max_retries=retries)
    outcome = setup.flags.evaluate(QUERY)
    assert setup.requests == outcome.attempts == requests
    assert outcome.errors == ("api_error_504",)


def test_the_waits_double_from_300_ms() -> None:
    setup = Setup(*[Response(502)] * 3, max_retries=3)
    setup.flags.evaluate(QUERY)
    assert setup.naps == [0.3, 0.6, 1.2]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (RequestTimeoutError("3 s"), "timeout"),
        (ConnectError("refused"), "connection_error"),
        (Response(503), "api_error_503"),
        (Response(200, body=b"<html>"), "unknown_error"),
        (Response(200, body=b'{"quotaLimited": ["feature_flags"]}'), "quota_limited"),
        (
            Response(200, body=b'{"flags": {}, "errorsWhileComputingFlags": true}'),
            "errors_while_computing_flags",
        ),
        (GOOD, None),
    ],
    ids=repr,
)
@pytest.mark.contract("get-feature-flag")
def test_each_trouble_has_its_code(answer: Any, error: str | None) -> None:
    outcome = Setup(answer, max_retries=0).flags.evaluate(QUERY)
    assert outcome.errors == (() if error is None else (error,))


def test_odd_property_values_are_sent_and_never_an_exception() -> None:
    setup = Setup()
    cycle: dict[str, Any] = {"nan": float("nan"), "object": object()}
    cycle["self"] = cycle
    assert setup.flags.evaluate(FlagQuery("u1", person_properties=cycle)).response is not None


def test_the_project_key_is_in_no_repr_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    setup = Setup(Response(500))
    with caplog.at_level(logging.DEBUG):
        outcome = setup.flags.evaluate(QUERY)
    shown = repr(setup.flags) + repr(setup.transport.requests) + repr(outcome) + caplog.text
    assert "phc_project" not in shown
