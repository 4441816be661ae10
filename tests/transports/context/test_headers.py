"""Tracing headers and request metadata are sanitised, and never raise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine.transports.context import current, from_headers, request_context, request_data
from flagengine.transports.context.headers import clean

pytestmark = pytest.mark.contract("tracing-headers")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-POSTHOG-DISTINCT-ID": "user-123", "X-POSTHOG-SESSION-ID": "session-123"},
        {"x-posthog-distinct-id": "user-123", "X-PostHog-Session-Id": "session-123"},
        [(b"x-posthog-distinct-id", b"user-123"), (b"x-posthog-session-id", b"session-123")],
        {"X-POSTHOG-DISTINCT-ID": ["", "user-123"], "X-POSTHOG-SESSION-ID": ("session-123", "x")},
        [
            ("X-POSTHOG-DISTINCT-ID", " "),
            ("X-POSTHOG-DISTINCT-ID", "user-123"),
            ("X-POSTHOG-SESSION-ID", "session-123"),
        ],
    ],
)
def test_ids_are_read_in_any_case_and_shape(headers):
    found = from_headers(headers)
    assert found["distinct_id"] == "user-123"
    assert found["session_id"] == "session-123"
    assert found["properties"] == {"$session_id": "session-123"}


@pytest.mark.parametrize("value", ["", "  ", "\x00\x1f\x7f\x9f", None, 7, [], [None], object()])
def test_what_cannot_be_used_is_absent(value):
    assert from_headers({"X-POSTHOG-DISTINCT-ID": value}) == {}


def test_values_are_trimmed_stripped_of_controls_and_capped():
    assert clean(" \tus\x00er\x85-1\r\n") == "user-1"
    assert clean("x" * 1500) == "x" * 1000
    assert clean("\x00 user \x00") == "user"
    assert clean("zoë".encode()) == "zoë"
    assert clean("zoë".encode("latin-1")) == "zoë"


@given(st.one_of(st.text(), st.binary(), st.lists(st.text()), st.integers(), st.none()))
def test_a_clean_value_is_absent_or_short_trimmed_text_without_controls(value):
    text = clean(value)
    if text is not None:
        assert 0 < len(text) <= 1000
        assert text == text.strip()
        assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text)


class Raising(dict):
    def items(self):
        raise RuntimeError


@pytest.mark.parametrize("headers", [None, {}, [], [("a",)], "text", Raising(a=1), 7])
def test_malformed_headers_are_no_headers(headers):
    assert from_headers(headers) == {}


def test_a_request_says_what_it_is():
    data = request_data(
        {"User-Agent": "curl/8", "X-Forwarded-For": "203.0.113.9, 10.0.0.1"},
        method="GET",
        url="https://shop.example/cart?token=secret&page=2",
        path="/cart",
        ip="10.0.0.1",
    )
    assert data == {
        "properties": {
            "$current_url": "https://shop.example/cart?token=***&page=2",
            "$request_method": "GET",
            "$request_path": "/cart",
            "$ip": "203.0.113.9",
            "$user_agent": "curl/8",
            "$raw_user_agent": "curl/8",
        }
    }


def test_a_forwarded_address_counts_only_when_the_proxy_is_trusted():
    headers = {"X-Forwarded-For": "203.0.113.9"}
    data = request_data(headers, ip="198.51.100.2", trust_forwarded_for=False)
    assert data["properties"] == {"$ip": "198.51.100.2"}


def test_a_request_context_takes_the_ids_of_its_headers_and_inherits_nothing():
    with request_context({"X-POSTHOG-DISTINCT-ID": "outer"}):
        with request_context({"X-POSTHOG-SESSION-ID": "s1"}, method="POST", properties={"a": 1}):
            assert current().distinct_id is None
            assert current().session_id == "s1"
            assert current().properties == {"$session_id": "s1", "$request_method": "POST", "a": 1}
        assert current().distinct_id == "outer"


def test_an_authenticated_user_beats_the_header():
    with request_context({"X-POSTHOG-DISTINCT-ID": "claimed"}, distinct_id="known"):
        assert current().distinct_id == "known"


class Client:
    def __init__(self):
        self.captured = []

    def capture_exception(self, error, **options):
        self.captured.append((error, current().distinct_id, options))


def test_an_exception_that_leaves_a_request_is_reported_and_goes_on():
    client = Client()
    with (
        pytest.raises(ValueError, match="boom") as raised,
        request_context({"X-POSTHOG-DISTINCT-ID": "u1"}, client=client, source="tornado.handler"),
    ):
        raise ValueError("boom")
    assert client.captured == [
        (
            raised.value,
            "u1",
            {
                "properties": {},
                "handled": False,
                "mechanism_type": "middleware",
                "source": "tornado.handler",
            },
        )
    ]
