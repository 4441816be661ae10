"""Redirects to addresses that no request must be sent to."""

from __future__ import annotations

import queue

import pytest

from flagengine.transports import Client
from flagengine.transports.errors import InvalidResponseError
from flagengine.transports.http.base import Request
from flagengine.transports.http.live import LiveTransport

from .mock_server import Answer, MockServer

pytestmark = pytest.mark.contract("http-client")

SECRET = "phx_secretsecretsecret"
BAD = {
    "a port out of range": "http://127.0.0.1:99999/",
    "a negative port": "http://127.0.0.1:-1/",
    "a port that is no number": "http://127.0.0.1:abc/",
    "a host with a space": "http://exa mple.com/",
    "a label that is too long": f"http://{'a' * 70}.com/",
    "an empty label": "http://a..b/",
    "an empty label in another script": "http://ü..de/",
    "brackets that do not match": "http://[::1/",
    "an address that is none": "http://[zz]/",
    "no host": "http:///path",
    "no host but a port": "http://:80/path",
    "another scheme": "ftp://127.0.0.1/",
    "a scheme without an address": "javascript:alert(1)",
    "a file": "file:///etc/passwd",
    "credentials": f"http://me:{SECRET}@127.0.0.1:1/",
    "a user": "http://me@127.0.0.1:1/",
    "a very long address": "/" + "a" * 20_000,
    "a host with a control character": "http://a\x7fb/",
}


@pytest.mark.parametrize("location", BAD.values(), ids=BAD.keys())
def test_a_redirect_to_a_bad_address_is_an_invalid_response(
    server: MockServer, location: str
) -> None:
    server.play(Answer(307, {"Location": location}))
    request = Request("POST", server.url, {"Authorization": f"Bearer {SECRET}"}, b"{}")
    with pytest.raises(InvalidResponseError) as caught:
        LiveTransport().request(request)
    assert (caught.value.status, caught.value.is_retryable) == (307, False)
    assert SECRET not in str(caught.value)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert len(str(caught.value)) < 500
    assert len(server.seen) == 1


def test_the_connection_is_free_again_after_a_bad_redirect(server: MockServer) -> None:
    transport = LiveTransport(pool_size=1)
    for location in BAD.values():
        server.play(Answer(307, {"Location": location}))
        with pytest.raises(InvalidResponseError):
            transport.request(Request("POST", server.url, timeout=2.0))
    assert transport.request(Request("POST", server.url, timeout=2.0)).status == 200


@pytest.mark.parametrize("location", ["http://127.0.0.1:99999/", "ftp://127.0.0.1/"])
@pytest.mark.contract("retry-queue")
def test_events_behind_a_bad_redirect_are_lost_once_and_the_error_says_why(
    server: MockServer, location: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.default = Answer(308, {"Location": location})
    errors: queue.SimpleQueue[str] = queue.SimpleQueue()
    client = Client("phc_x", host=server.url, on_error=lambda error, _: errors.put(str(error)))
    client.capture("e", distinct_id="u")
    client.flush(10)
    assert "redirect" in errors.get(timeout=10)
    client.shutdown(10)
    assert errors.empty()
    assert len(server.seen) == 1
    assert not any(record.exc_info for record in caplog.records)
