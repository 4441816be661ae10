"""Capture v1: its headers, a result for each event, and what the server upstream gets."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Mapping
from typing import Any

import pytest

from flagengine.transports.clock import ManualClock
from flagengine.transports.server.events import codings
from tests.transports.server.events.support import Taking, event, relay_settings, uuid_of
from tests.transports.server.support import KEY, Answer

brotli = pytest.importorskip("brotli")
zstandard = pytest.importorskip("zstandard")

PATH = "/i/v1/analytics/events"
NOW = 1767323045.0
REQUEST_ID = "01900000-0000-7000-8000-00000000abcd"
HEADERS = {
    "authorization": f"Bearer {KEY}",
    "content-type": "application/json",
    "user-agent": "posthog-python/7.91.1",
    "posthog-sdk-info": "posthog-python/7.91.1",
    "posthog-attempt": "1",
    "posthog-request-id": REQUEST_ID,
    "posthog-request-timestamp": "2026-01-02T03:04:05Z",
}


def batch(*events: Any, **root: Any) -> dict[str, Any]:
    return {"created_at": "2026-01-02T03:04:05Z", "batch": list(events), **root}


def asked(
    sent: Any, headers: Mapping[str, str | None] | None = None, path: str = PATH
) -> tuple[Answer, list[dict[str, Any]]]:
    """Return the answer and the events that were taken."""
    given = {**HEADERS, **(headers or {})}

    async def scenario() -> tuple[Answer, list[dict[str, Any]]]:
        async with Taking(relay_settings(), clock=ManualClock(wall=NOW)) as server:
            kept = {name: value for name, value in given.items() if value is not None}
            answer = await server.ask("POST", path, sent, kept)
            return answer, await server.captured("limit=2000")

    return asyncio.run(scenario())


def result_of(sent: dict[str, Any]) -> dict[str, str]:
    """Return the result of one event."""
    answer, taken = asked(batch(sent))
    assert answer.status == 200
    result: dict[str, str] = answer.json["results"][sent["uuid"]]
    assert bool(taken) is (result["result"] in ("ok", "warning"))
    return result


def test_each_event_has_a_result_and_the_answer_names_the_request():
    sent = batch(event(1), event(2, event=""), event(3))
    answer, taken = asked(sent)
    assert answer.status == 200
    assert answer.json == {
        "results": {
            uuid_of(1): {"result": "ok"},
            uuid_of(2): {"result": "drop", "details": "missing_event_name"},
            uuid_of(3): {"result": "ok"},
        }
    }
    assert answer.header("posthog-request-id") == REQUEST_ID
    assert answer.header("retry-after") is None
    assert [each["uuid"] for each in taken] == [uuid_of(1), uuid_of(3)]


def test_an_event_gets_the_form_of_capture_v0():
    sent = event(
        session_id="s1",
        window_id="w1",
        options={
            "cookieless_mode": "false",
            "disable_skew_correction": 1,
            "process_person_profile": False,
            "product_tour_id": 7,
            "unknown": {},
        },
        properties={"plan": "pro", "$set": {"a": 1}},
    )
    _, (taken,) = asked(batch(sent))
    assert taken["properties"] == {
        "plan": "pro",
        "$set": {"a": 1},
        "$lib": "posthog-python",
        "$lib_version": "7.91.1",
        "$session_id": "s1",
        "$window_id": "w1",
        "$cookieless_mode": False,
        "$ignore_sent_at": True,
        "$process_person_profile": False,
        "$product_tour_id": "7",
        "$ip": "192.0.2.7",
    }
    assert not {"session_id", "window_id", "options"}.intersection(taken)


def test_a_library_that_was_sent_stays():
    _, (taken,) = asked(batch(event(properties={"$lib": "mine"})))
    assert taken["properties"]["$lib"] == "mine"


@pytest.mark.parametrize("info", ["posthog-python", "/1.0", "a/", "a/" + "1" * 200])
def test_a_library_that_is_not_readable_is_left_out(info: str):
    _, (taken,) = asked(batch(event()), {"posthog-sdk-info": info})
    assert "$lib" not in taken["properties"]


def test_a_clock_that_is_late_is_corrected_unless_the_event_refuses():
    late = {"posthog-request-timestamp": "2026-01-02T02:04:05Z"}
    sent = [
        event(1, timestamp="2026-01-02T01:00:00Z"),
        event(2, timestamp="2026-01-02T01:00:00Z", options={"disable_skew_correction": True}),
    ]
    _, taken = asked(batch(*sent), late)
    assert [each["timestamp"] for each in taken] == ["2026-01-02T02:00:00Z", "2026-01-02T01:00:00Z"]


@pytest.mark.parametrize(
    ("members", "details"),
    [
        ({"event": None}, "missing_event_name"),
        ({"event": " "}, "missing_event_name"),
        ({"event": "x" * 201}, "event_name_too_long"),
        ({"distinct_id": ""}, "missing_distinct_id"),
        ({"distinct_id": 5}, "missing_distinct_id"),
        ({"distinct_id": "x" * 201}, "distinct_id_too_large"),
        ({"timestamp": None}, "invalid_event_timestamp"),
        ({"timestamp": "soon"}, "invalid_event_timestamp"),
        ({"properties": []}, "malformed_event_properties"),
        ({"properties": None}, "malformed_event_properties"),
        ({"options": 5}, "invalid_options"),
        ({"options": {"cookieless_mode": "perhaps"}}, "invalid_options"),
        ({"options": {"process_person_profile": []}}, "invalid_options"),
        ({"options": {"product_tour_id": True}}, "invalid_options"),
        ({"properties": {"a": "x" * 921_600}}, "event_too_big"),
    ],
)
def test_an_event_that_cannot_be_taken_is_dropped_alone(members: dict[str, Any], details: str):
    assert result_of(event(**members)) == {"result": "drop", "details": details}


def test_options_that_are_null_are_absent():
    assert result_of(event(options={"cookieless_mode": None})) == {"result": "ok"}


@pytest.mark.parametrize("nobody", ["anonymous", "NULL", " undefined ", "0"])
def test_an_id_of_nobody_is_taken_without_a_person(nobody: str):
    answer, (taken,) = asked(batch(event(distinct_id=nobody)))
    assert answer.json["results"][uuid_of(1)] == {
        "result": "warning",
        "details": "person_processing_disabled",
    }
    assert taken["properties"]["$process_person_profile"] is False
    assert taken["distinct_id"] == nobody.strip()


@pytest.mark.parametrize(
    ("headers", "status", "error", "words"),
    [
        ({"authorization": None}, 401, "missing_authorization", "Authorization"),
        ({"authorization": "Basic x"}, 400, "invalid_header_value", "Bearer"),
        ({"authorization": "Bearer phc_other"}, 401, "invalid_api_token", "not valid"),
        ({"user-agent": None}, 400, "missing_required_headers", "User-Agent"),
        ({"posthog-attempt": None}, 400, "missing_required_headers", "PostHog-Attempt"),
        ({"posthog-attempt": "0"}, 400, "invalid_header_value", "PostHog-Attempt"),
        ({"posthog-attempt": "x"}, 400, "invalid_header_value", "PostHog-Attempt"),
        ({"posthog-request-id": "x"}, 400, "invalid_header_value", "PostHog-Request-Id"),
        ({"posthog-request-timestamp": "x"}, 400, "invalid_header_value", "PostHog-Request-T"),
        ({"content-type": "text/plain"}, 415, "unsupported_content_type", "application/json"),
        ({"content-encoding": "lz4"}, 415, "unsupported_encoding", "zstd"),
        ({"content-encoding": "gzip"}, 400, "request_decoding_error", "decode"),
        ({"content-encoding": "zstd"}, 400, "request_decoding_error", "decode"),
        ({"content-encoding": "br"}, 400, "request_decoding_error", "decode"),
    ],
)
def test_a_request_with_other_headers_is_refused(
    headers: dict[str, str | None], status: int, error: str, words: str
):
    answer, taken = asked(batch(event()), headers)
    assert (answer.status, answer.json["error"], taken) == (status, error, [])
    assert words in answer.json["error_description"]
    assert set(answer.json) == {"error", "error_description", "error_uri"}
    assert "phc_" not in answer.text


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"", "empty_body"),
        (b"{", "request_parsing_error"),
        ([], "request_parsing_error"),
        ({"created_at": "2026-01-02T03:04:05Z"}, "request_parsing_error"),
        (batch(), "empty_batch"),
        (batch(event(), created_at="soon"), "invalid_batch"),
        (batch(5), "request_parsing_error"),
        (batch({"event": "e"}), "missing_event_uuid"),
        (batch(event(uuid="")), "missing_event_uuid"),
        (batch(event(uuid="soon")), "invalid_event_uuid"),
        (batch(event(1), event(1)), "duplicate_event_uuid"),
    ],
)
def test_a_body_that_is_no_batch_is_refused(sent: Any, error: str):
    answer, taken = asked(sent)
    assert (answer.status, answer.json["error"], taken) == (400, error, [])


TEXT = json.dumps(batch(event())).encode()
CODED = {
    "gzip": gzip.compress(TEXT, mtime=0),
    "deflate": zlib.compress(TEXT),
    "zstd": zstandard.ZstdCompressor().compress(TEXT),
    "br": brotli.compress(TEXT),
}


class TestCodings:
    @pytest.mark.parametrize("coding", CODED)
    def test_every_coding_of_capture_v1_is_read(self, coding: str):
        answer, taken = asked(CODED[coding], {"content-encoding": coding.upper()})
        assert answer.json["results"] == {uuid_of(1): {"result": "ok"}}
        assert len(taken) == 1

    @pytest.mark.parametrize("coding", CODED)
    def test_a_body_that_ends_early_is_refused(self, coding: str):
        answer, taken = asked(CODED[coding][:-8], {"content-encoding": coding})
        assert (answer.status, taken) == (400, [])

    @pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
    def test_what_could_be_unpacked_of_a_body_that_ends_early_is_not_used(self, coding: str):
        with pytest.raises(codings.DamagedBodyError):
            codings.unpacked(CODED[coding][:-1], coding, limit=1_000_000)

    @pytest.mark.parametrize("coding", CODED)
    def test_a_coding_stops_at_its_limit(self, coding: str):
        text = b" " * 3_000_000
        body = {
            "gzip": gzip.compress,
            "deflate": zlib.compress,
            "zstd": zstandard.ZstdCompressor().compress,
            "br": brotli.compress,
        }[coding](text)
        assert codings.unpacked(body, coding, limit=len(text)) == text
        with pytest.raises(codings.TooLargeBodyError):
            codings.unpacked(body, coding, limit=len(text) - 1)

    def test_a_body_that_asks_for_a_huge_window_is_refused(self):
        parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
        machine = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        body = machine.compress(TEXT) + machine.flush()
        with pytest.raises(codings.DamagedBodyError):
            codings.unpacked(body, "zstd", limit=1_000_000)

    @pytest.mark.parametrize("coding", ["zstd", "br"])
    def test_a_coding_without_its_module_is_refused(
        self, coding: str, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(codings, "_module", lambda _name: None)
        answer, taken = asked(CODED[coding], {"content-encoding": coding})
        assert (answer.status, answer.json["error"]) == (415, "unsupported_encoding")
        assert taken == []

    def test_a_brotli_that_cannot_stop_is_not_used(self, monkeypatch: pytest.MonkeyPatch):
        class Old:
            class Decompressor:
                pass

        monkeypatch.setattr(codings, "_module", lambda _name: Old)
        with pytest.raises(codings.UnknownCodingError):
            codings.unpacked(CODED["br"], "br", limit=1_000_000)


def test_a_large_body_is_refused_with_its_limit():
    async def scenario() -> Answer:
        async with Taking(max_events_body=1_024) as server:
            headers = {**HEADERS, "content-encoding": "gzip"}
            return await server.ask("POST", PATH, gzip.compress(b" " * 2_000, mtime=0), headers)

    answer = asyncio.run(scenario())
    assert (answer.status, answer.json["error"]) == (413, "payload_too_large")
    assert "1,024" in answer.json["error_description"]


def test_a_large_body_is_read_in_a_thread_with_the_same_results():
    events = [event(number, properties={"a": "x" * 1_000}) for number in range(1_000)]
    answer, taken = asked(batch(*events))
    assert len(answer.json["results"]) == 1_000
    assert [each["uuid"] for each in taken] == [each["uuid"] for each in events]
