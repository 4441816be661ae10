"""The two capture wires: their requests, and the meaning of responses."""

from __future__ import annotations

import gzip
import json
import logging
import sys
import zlib
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from flagengine.transports.batching.delivery import (
    DELIVERED,
    DeliveryOutcome,
    Disposition,
    judge_error,
)
from flagengine.transports.batching.encodings import Encoding
from flagengine.transports.batching.sinks.http import Destination
from flagengine.transports.batching.wire_v0 import WireV0
from flagengine.transports.batching.wire_v1 import WireV1, to_v1
from flagengine.transports.clock import ClockReading
from flagengine.transports.errors import (
    ConnectError,
    InvalidRequestError,
    RequestTimeoutError,
    ResponseTooLargeError,
    TransportError,
)
from flagengine.transports.http.base import Request, Response
from flagengine.transports.http.hosts import base_url

from .support import API_KEY, batch_of, make

NOW = ClockReading(0.0, 1_735_787_045.0)


def destination(**fields: Any) -> Destination:
    return Destination(API_KEY, "http://host/", sdk="lib", version="1.2", **fields)


def body_of(request: Request) -> Any:
    assert request.body is not None
    return json.loads(gzip.decompress(request.body))


def v0(*events: Any, **fields: Any) -> Request:
    return WireV0(destination(**fields)).request(batch_of(*events), now=NOW, timeout=7.0)


def v1(*events: Any, attempt: int = 1, **fields: Any) -> Request:
    batch = batch_of(*events, attempt=attempt, created_at=NOW.wall - 2)
    return WireV1(destination(**fields)).request(batch, now=NOW, timeout=7.0)


@pytest.mark.contract("capture", "http-client")
def test_v0_sends_key_events_and_a_fresh_time() -> None:
    event = make(properties={"a": 1})
    request = v0(event, event)
    assert (request.method, request.url, request.timeout) == ("POST", "http://host/batch/", 7.0)
    assert request.headers == {
        "Content-Type": "application/json",
        "User-Agent": "lib/1.2",
        "Content-Encoding": "gzip",
    }
    assert body_of(request) == {
        "api_key": API_KEY,
        "sent_at": "2025-01-02T03:04:05.000Z",
        "batch": [event.decoded(), event.decoded()],
    }


@pytest.mark.contract("capture")
def test_historical_migration_is_sent_only_when_set() -> None:
    for make_request in (v0, v1):
        assert "historical_migration" not in body_of(make_request(make()))
        assert body_of(make_request(make(), historical_migration=True))["historical_migration"]


@pytest.mark.contract("capture", "capture-v1")
def test_v1_labels_the_request_in_headers_and_has_no_key_in_the_body() -> None:
    request = v1(make(), attempt=3)
    assert request.url == "http://host/i/v1/analytics/events"
    assert request.headers == {
        "Content-Type": "application/json",
        "User-Agent": "lib/1.2",
        "Authorization": f"Bearer {API_KEY}",
        "PostHog-Sdk-Info": "lib/1.2",
        "PostHog-Attempt": "3",
        "PostHog-Request-Id": "00000000-0000-7000-8000-000000000001",
        "PostHog-Request-Timestamp": "2025-01-02T03:04:05.000Z",
        "Content-Encoding": "gzip",
    }
    body = body_of(request)
    assert body.keys() == {"created_at", "batch"}
    assert body["created_at"] == "2025-01-02T03:04:03.000Z"


@pytest.mark.contract("capture", "capture-v1")
def test_v1_moves_what_has_a_place_of_its_own() -> None:
    event = make(
        properties={
            "a": 1,
            "$lib": "lib",
            "$lib_version": "1.2",
            "$session_id": "s",
            "$window_id": 5,
            "$geoip_disable": True,
            "$set": {"x": 1, "y": 1},
            "$cookieless_mode": "TRUE",
            "$ignore_sent_at": 0,
            "$process_person_profile": "maybe",
            "$product_tour_id": "tour",
        },
        **{"$set": {"y": 2}, "$groups": {"company": "c"}},
    )
    shaped = to_v1(event)
    assert shaped["properties"] == {
        "a": 1,
        "$geoip_disable": True,
        "$set": {"x": 1, "y": 2},
        "$groups": {"company": "c"},
    }
    assert shaped["options"] == {
        "cookieless_mode": True,
        "disable_skew_correction": False,
        "product_tour_id": "tour",
    }
    assert shaped["session_id"] == "s"
    assert "window_id" not in shaped
    assert "$set" not in shaped


@pytest.mark.contract("capture", "capture-v1")
def test_v1_leaves_out_options_that_nobody_set() -> None:
    assert to_v1(make()).keys() == {"event", "uuid", "distinct_id", "timestamp", "properties"}


@pytest.mark.contract("http-client")
def test_extra_headers_are_added_but_never_replace_the_clients() -> None:
    request = v1(make(), extra_headers={"X-Test-Id": "7", "User-Agent": "evil", "Bad": "a\r\nb"})
    assert request.headers["X-Test-Id"] == "7"
    assert request.headers["User-Agent"] == "lib/1.2"
    assert request.headers["Bad"] == "ab"


@pytest.mark.contract("http-client")
def test_no_repr_shows_the_key() -> None:
    assert API_KEY not in repr(destination())
    assert API_KEY not in repr(WireV1(destination()))
    assert API_KEY not in repr(v1(make()))


@pytest.mark.contract("http-client")
def test_bodies_are_logged_at_debug_level_only_and_without_the_key(
    caplog: pytest.LogCaptureFixture,
) -> None:
    event = make(properties={"shown": "yes"})
    with caplog.at_level(logging.INFO):
        v0(event)
    assert caplog.text == ""
    with caplog.at_level(logging.DEBUG):
        v0(event)
    assert '"shown":"yes"' in caplog.text
    assert API_KEY not in caplog.text


@pytest.mark.contract("http-client")
def test_a_logged_body_has_no_commands_to_a_terminal(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        v0(make("\x9b2J\u202ebidi\u2028line", properties={"\x85": "\x7f"}))
    (record,) = caplog.records
    assert record.getMessage().isprintable()
    assert r"\x9b2J\u202ebidi\u2028line" in record.getMessage()


@pytest.mark.contract("http-client")
@pytest.mark.parametrize(
    ("given", "used"),
    [
        (None, "https://us.i.posthog.com"),
        ("  ", "https://us.i.posthog.com"),
        ("https://app.posthog.com", "https://us.i.posthog.com"),
        ("https://us.posthog.com/", "https://us.i.posthog.com"),
        ("eu.posthog.com", "https://eu.i.posthog.com"),
        ("https://ph.example.com/ingest/", "https://ph.example.com/ingest"),
    ],
)
def test_which_host_is_meant(given: str | None, used: str) -> None:
    assert base_url(given) == used


@pytest.mark.contract("capture")
@pytest.mark.parametrize(
    ("encoding", "unpack"),
    [("gzip", gzip.decompress), ("deflate", zlib.decompress), ("none", bytes)],
)
def test_the_body_is_packed_as_asked(encoding: str, unpack: Any) -> None:
    request = v0(make(), encoding=Encoding(encoding))
    assert request.body is not None
    assert json.loads(unpack(request.body))["api_key"] == API_KEY
    expected = None if encoding == "none" else encoding
    assert request.headers.get("Content-Encoding") == expected


@pytest.mark.contract("capture")
@pytest.mark.parametrize(
    ("encoding", "modules"),
    [("zstd", ("compression.zstd", "zstandard")), ("br", ("brotli", "brotlicffi"))],
)
def test_a_missing_codec_falls_back_to_gzip_with_a_warning(
    encoding: str,
    modules: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
    with caplog.at_level(logging.WARNING):
        request = v0(make(), encoding=Encoding(encoding))
    assert request.headers["Content-Encoding"] == "gzip"
    assert "using gzip" in caplog.text


@pytest.mark.parametrize(("encoding", "module"), [("zstd", "zstandard"), ("br", "brotli")])
def test_an_installed_codec_is_used(encoding: str, module: str) -> None:
    codec = pytest.importorskip(module)
    request = v0(make(), encoding=Encoding(encoding))
    unpack = (
        codec.ZstdDecompressor().decompressobj().decompress
        if encoding == "zstd"
        else codec.decompress
    )
    assert json.loads(unpack(request.body))["api_key"] == API_KEY
    assert request.headers["Content-Encoding"] == encoding


@pytest.mark.contract("capture")
def test_a_codec_that_fails_sends_plain(caplog: pytest.LogCaptureFixture) -> None:
    target = destination()
    object.__setattr__(target, "_encode", lambda _: 1 / 0)
    request = WireV0(target).request(batch_of(make()), now=NOW, timeout=1.0)
    assert "Content-Encoding" not in request.headers
    assert json.loads(request.body or b"")["api_key"] == API_KEY
    assert "sending uncompressed" in caplog.text


@pytest.mark.contract("retry-queue")
@pytest.mark.parametrize("wire", [WireV0, WireV1])
@pytest.mark.parametrize(
    ("status", "disposition"),
    [
        (200, Disposition.DELIVERED),
        (204, Disposition.DELIVERED),
        (301, Disposition.REJECTED),
        *((status, Disposition.REJECTED) for status in (400, 401, 402, 403, 404, 415, 418)),
        *((status, Disposition.RETRY) for status in (408, 429, 500, 502, 503, 504, 599)),
        (413, Disposition.SPLIT),
    ],
)
def test_what_a_status_means(wire: Any, status: int, disposition: Disposition) -> None:
    outcome = wire(destination()).judge(Response(status, {"Retry-After": "7"}), wall=0.0)
    assert outcome.disposition is disposition
    assert outcome.retry_after == (7.0 if disposition is Disposition.RETRY else None)


@pytest.mark.contract("retry-queue")
@pytest.mark.parametrize(
    ("error", "disposition"),
    [
        (TransportError("x"), Disposition.RETRY),
        (ConnectError("x"), Disposition.RETRY),
        (RequestTimeoutError("x"), Disposition.RETRY),
        (InvalidRequestError("x"), Disposition.REJECTED),
        (ResponseTooLargeError("x", status=200), Disposition.DELIVERED),
        (ResponseTooLargeError("x", status=400), Disposition.REJECTED),
        (ResponseTooLargeError("x", status=503), Disposition.RETRY),
    ],
)
def test_what_a_missing_answer_means(error: Any, disposition: Disposition) -> None:
    assert judge_error(error).disposition is disposition


def judge_v1(response: Response) -> DeliveryOutcome:
    return WireV1(destination()).judge(response, wall=0.0)


def results(**by_uuid: Any) -> DeliveryOutcome:
    body = json.dumps({"results": by_uuid}).encode()
    return judge_v1(Response(200, {"Retry-After": "3"}, body))


@pytest.mark.contract("capture", "capture-v1", "retry-queue")
def test_v1_results_decide_event_by_event() -> None:
    outcome = results(
        A={"result": "ok"},
        b={"result": "retry"},
        c={"result": "drop", "details": "bad name"},
        d={"result": "limited"},
        e={"result": "warning"},
        f={"result": "something new"},
        g="no object",
    )
    assert outcome.disposition is Disposition.PARTIAL
    assert outcome.retry == {"b"}
    assert outcome.refused == {"c": "drop: bad name", "d": "limited"}
    assert outcome.retry_after == 3.0


@pytest.mark.contract("capture")
@pytest.mark.parametrize(
    "body", [b"", b"no json", b"[]", b'{"results": []}', b'{"results": null}', b"\xff"]
)
def test_a_v1_success_that_cannot_be_read_is_delivered(body: bytes) -> None:
    assert judge_v1(Response(200, {}, body)) is DELIVERED


def test_v1_not_found_hints_at_the_mode_and_error_texts_show_no_key() -> None:
    assert "capture v1" in str(judge_v1(Response(404)).error)
    assert "capture v1" not in str(judge_v1(Response(400)).error)
    refused = WireV0(destination()).judge(
        Response(400, {}, b'{"error": "bad key phc_abcdefgh"}'), wall=0.0
    )
    assert str(refused.error) == 'HTTP 400: {"error": "bad key ***"}'


@pytest.mark.contract("retry-queue")
@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"", ""),
        (b" no\n  such  key ", ": no such key"),
        (b"\xff", ": \ufffd"),
        (b"x" * 999, ": " + "x" * 200),
        (("\U0001f600" * 999).encode(), ": " + "\U0001f600" * 200),
        (b" " * 799 + b"xyz", ": x"),
    ],
    ids=["nothing", "lines", "no text", "long", "four bytes each", "blank"],
)
def test_the_start_of_an_answer_is_shown_on_one_line(body: bytes, shown: str) -> None:
    outcome = WireV0(destination()).judge(Response(400, {}, body), wall=0.0)
    assert str(outcome.error) == f"HTTP 400{shown}"


def test_an_outcome_cannot_be_changed_because_all_batches_share_it() -> None:
    with pytest.raises(FrozenInstanceError):
        DELIVERED.disposition = Disposition.RETRY  # type: ignore[misc]
