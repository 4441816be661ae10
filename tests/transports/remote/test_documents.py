"""Remote config payloads and surveys: one request each, and what it brings."""

from __future__ import annotations

from typing import Any

import pytest

from flagengine.transports.errors import ConnectError, InvalidResponseError, StatusError
from flagengine.transports.http.base import Response
from flagengine.transports.http.memory import MemoryTransport
from flagengine.transports.remote import fetch_remote_config, fetch_surveys

HOST = "https://us.i.posthog.com"


def config(transport: MemoryTransport, key: str = "my flag/é") -> Any:
    return fetch_remote_config(
        transport, key, host=HOST, project_key="phc_k", secret_key="phs_s", timeout=3.0
    )


def test_a_remote_config_request_quotes_the_key_and_carries_the_secret_key() -> None:
    transport = MemoryTransport([Response(200, body=b"{}")])
    config(transport)
    (request,) = transport.requests
    assert request.method == "GET"
    assert request.url == (
        f"{HOST}/api/projects/@current/feature_flags/my%20flag%2F%C3%A9/remote_config?token=phc_k"
    )
    assert request.headers["Authorization"] == "Bearer phs_s"
    assert "phs_s" not in repr(request)


@pytest.mark.contract("get-feature-flag-payload")
@pytest.mark.parametrize(
    ("body", "payload"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b'"{\\"a\\": 1}"', {"a": 1}),
        (b'"plain text"', "plain text"),
        (b"null", None),
        (b"[1]", [1]),
    ],
)
def test_the_payload_is_decoded_once_more_when_it_is_text_that_parses(
    body: bytes, payload: Any
) -> None:
    assert config(MemoryTransport([Response(200, body=body)])) == payload


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Response(404), StatusError),
        (Response(200, body=b"<html>"), InvalidResponseError),
        (ConnectError("refused"), ConnectError),
    ],
)
def test_what_goes_wrong_is_raised_for_the_client_to_report(
    answer: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        config(MemoryTransport([answer]))
    with pytest.raises(error):
        fetch_surveys(MemoryTransport([answer]), host=HOST, project_key="phc_k")


def test_surveys_are_fetched_with_the_project_key_alone() -> None:
    transport = MemoryTransport([Response(200, body=b'{"surveys": [{"id": 1}, 3]}')])
    assert fetch_surveys(transport, host=HOST, project_key="phc_k") == [{"id": 1}]
    (request,) = transport.requests
    assert request.url == f"{HOST}/api/surveys/?token=phc_k"
    assert not any(name.lower() == "authorization" for name in request.headers)


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"surveys": {}}', b'{"surveys": null}'])
def test_an_answer_without_surveys_is_no_surveys(body: bytes) -> None:
    transport = MemoryTransport([Response(200, body=body)])
    assert fetch_surveys(transport, host=HOST, project_key="k") == []
