"""Remote config payloads and surveys: their requests and results."""

from __future__ import annotations

from typing import Any

import pytest

from flagengine.transports.errors import ConnectError, InvalidResponseError, StatusError
from flagengine.transports.http.base import Response

from .bench import SECRET, Bench

CONFIG = "/api/projects/@current/feature_flags/my%20flag%2F%C3%A9/remote_config"
SURVEYS = "/api/surveys/"


def remote_config(answer: Any) -> tuple[Any, Bench]:
    with Bench(secret_key=SECRET, enable_local_evaluation=False) as bench:
        bench.server.play(CONFIG, answer)
        return bench.client.get_remote_config_payload("my flag/é"), bench


def surveys(answer: Any) -> tuple[Any, Bench]:
    with Bench() as bench:
        bench.server.play(SURVEYS, answer)
        return bench.client.get_surveys(), bench


def test_a_remote_config_request_quotes_the_key_and_carries_the_secret_key() -> None:
    _, bench = remote_config(Response(200, body=b"{}"))
    (request,) = bench.server.requests
    assert request.method == "GET"
    assert request.url == f"https://us.i.posthog.com{CONFIG}?token=phc_projectkey"
    assert request.headers["Authorization"] == f"Bearer {SECRET}"
    assert SECRET not in repr(request)


@pytest.mark.contract("get-feature-flag-payload")
@pytest.mark.parametrize(
    ("body", "payload"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b'"{\\"a\\": 1}"', {"a": 1}),
        (b'"plain text"', "plain text"),
        (b'"[NaN]"', "[NaN]"),
        (b'"-Infinity"', "-Infinity"),
        (b"null", None),
        (b"[1]", [1]),
    ],
)
def test_the_payload_is_decoded_once_more_when_it_is_text_that_parses(
    body: bytes, payload: Any
) -> None:
    assert remote_config(Response(200, body=body))[0] == payload


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Response(404), StatusError),
        (Response(200, body=b"<html>"), InvalidResponseError),
        (ConnectError("refused"), ConnectError),
    ],
)
def test_what_goes_wrong_is_reported_and_there_is_nothing(
    answer: Any, error: type[Exception]
) -> None:
    for result, nothing in ((remote_config(answer), None), (surveys(answer), [])):
        value, bench = result
        assert value == nothing
        assert [type(reported) for reported in bench.errors] == [error]
        assert len(bench.server.requests) == 1


def test_surveys_are_fetched_with_the_project_key_alone() -> None:
    found, bench = surveys(Response(200, body=b'{"surveys": [{"id": 1}, 3]}'))
    assert found == [{"id": 1}]
    (request,) = bench.server.requests
    assert request.url == f"https://us.i.posthog.com{SURVEYS}?token=phc_projectkey"
    assert not any(name.lower() == "authorization" for name in request.headers)


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"surveys": {}}', b'{"surveys": null}'])
def test_an_answer_without_surveys_is_no_surveys(body: bytes) -> None:
    assert surveys(Response(200, body=body))[0] == []
