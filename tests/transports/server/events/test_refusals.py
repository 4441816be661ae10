"""What is no event is refused: with the status and the words of PostHog's server, all events of a request alike."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import tracemalloc
from typing import Any

import pytest

from flagengine.transports.clock import ManualClock
from tests.transports.server.events.support import Taking, event, relay_settings
from tests.transports.server.support import KEY, Answer

ONE = {"event": "e", "distinct_id": "u"}
BATCH: dict[str, Any] = {"api_key": KEY, "batch": [ONE]}


def refused(sent: Any, path: str = "/e/", **headers: str) -> Answer:
    """Return the answer to a request of which no event is taken."""

    async def scenario() -> Answer:
        async with Taking() as server:
            answer = await server.ask("POST", path, sent, headers)
            assert await server.captured() == []
            return answer

    answer = asyncio.run(scenario())
    assert answer.header("content-type") == "text/plain; charset=utf-8"
    return answer


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        (ONE, 401, "event submitted without an api_key"),
        ([ONE], 401, "event submitted without an api_key"),
        ({**ONE, "api_key": ""}, 401, "event submitted without an api_key"),
        ({**ONE, "api_key": 5}, 401, "event submitted without an api_key"),
        ({"batch": [ONE]}, 401, "event submitted without an api_key"),
        ([{**ONE, "api_key": KEY}, {**ONE, "api_key": "phc_b"}], 401, "inconsistent api_key"),
        ({"api_key": KEY, "batch": [{**ONE, "token": "phc_b"}]}, 401, "inconsistent api_key"),
        ({**ONE, "api_key": "phc_other"}, 401, "there is no project with this key"),
        ({**ONE, "api_key": "phx_personal"}, 401, "personal_api_key"),
        ({**ONE, "api_key": "k" * 65}, 401, "too_long"),
        ({**ONE, "api_key": "phc_\u20ac"}, 401, "not_ascii"),
        ({**ONE, "api_key": "phc_\0"}, 401, "null_byte"),
        ({"api_key": KEY, "batch": []}, 400, "the request holds no event"),
        ([], 400, "the request holds no event"),
        ({"api_key": KEY, "batch": {"event": "e"}}, 400, "must be a list"),
        ({"api_key": KEY, "batch": [ONE, 5]}, 400, "each event must be an object, got int"),
        ({"api_key": KEY, "batch": [ONE, None]}, 400, "each event must be an object"),
        ({"api_key": KEY, "batch": [{"event": "e"}]}, 400, "without a distinct_id"),
        ({**ONE, "api_key": KEY, "distinct_id": None}, 400, "without a distinct_id"),
        ({**ONE, "api_key": KEY, "distinct_id": " "}, 400, "empty distinct_id"),
        ({**ONE, "api_key": KEY, "event": ""}, 400, "empty event name"),
        ({**ONE, "api_key": KEY, "event": None}, 400, "empty event name"),
        ({**ONE, "api_key": KEY, "event": 5}, 400, "event name must be text, got int"),
        ({**ONE, "api_key": KEY, "properties": []}, 400, "properties must be an object, got list"),
        ("text", 400, "must be a list"),
        (5, 400, "must be a list"),
        (b"", 400, "the body is empty"),
        (b"{", 400, "invalid JSON"),
        (b"\xff\xfe\x00", 400, "invalid JSON"),
        (b"data=!!!", 400, "invalid JSON"),
        (gzip.compress(b"{", mtime=0), 400, "invalid JSON"),
        (gzip.compress(json.dumps(BATCH).encode(), mtime=0)[:-9], 400, "damaged"),
        (b"data=" + base64.b64encode(gzip.compress(b"[]", mtime=0)[:-4]), 400, "damaged"),
    ],
)
def test_a_body_without_usable_events_is_refused(sent: Any, status: int, words: str):
    answer = refused(sent)
    assert answer.status == status, answer
    assert words in answer.text
    assert "phc_" not in answer.text
    assert "phx_" not in answer.text


@pytest.mark.parametrize("compression", ["lz64", "lz-string", "br"])
def test_an_unknown_compression_is_named(compression: str):
    answer = refused(BATCH, f"/e/?compression={compression}")
    assert answer.status == 400
    assert compression in answer.text


def test_an_unknown_content_coding_is_refused():
    assert refused(BATCH, **{"content-encoding": "zstd"}).status == 415


def test_a_multipart_form_is_refused():
    assert refused(b"--x\r\n", **{"content-type": "multipart/form-data; boundary=x"}).status == 415


def test_a_property_called_token_is_not_taken_for_a_key():
    async def scenario() -> None:
        async with Taking() as server:
            sent = event(properties={"token": "of a password"})
            assert (await server.send(sent)).status == 200

    asyncio.run(scenario())


class TestSizes:
    def test_an_event_that_is_too_large_is_refused(self):
        sent = {"api_key": KEY, "batch": [ONE, {**ONE, "properties": {"a": "x" * 900 * 1024}}]}
        answer = refused(sent)
        assert answer.status == 413
        assert "921,600" in answer.text

    def test_an_event_of_an_ai_application_may_be_large(self):
        async def scenario() -> None:
            async with Taking() as server:
                large = event(properties={"a": "x" * 2 * 1024 * 1024})
                assert (await server.send(large, path="/i/v0/ai/batch/")).status == 200

        asyncio.run(scenario())

    def test_a_body_that_unpacks_to_too_much_is_refused(self):
        async def scenario() -> None:
            async with Taking(max_events_body=100_000) as server:
                bomb = gzip.compress(b" " * 100_001, mtime=0)
                assert (await server.ask("POST", "/e/", bomb)).status == 413
                form = b"data=" + base64.b64encode(bomb)
                assert (await server.ask("POST", "/e/", form)).status == 413
                assert (await server.ask("POST", "/e/", b" " * 100_001)).status == 413

        asyncio.run(scenario())

    def test_a_bomb_takes_no_more_memory_than_is_allowed(self):
        bomb = gzip.compress(bytes(100_000_000), 1, mtime=0)

        async def scenario() -> int:
            async with Taking(max_events_body=1_000_000) as server:
                tracemalloc.start()
                assert (await server.ask("POST", "/batch/", bomb)).status == 413
                return tracemalloc.get_traced_memory()[1]

        try:
            assert asyncio.run(scenario()) < 10_000_000
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [2_000, 100_000])
def test_json_that_is_nested_too_deep_is_refused(opening: str, depth: int):
    assert refused((opening * depth).encode()).status == 400
    closing = "]" if opening == "[" else "}"
    properties = f"{opening * depth}1{closing * depth}"
    sent = f'{{"api_key":"{KEY}","event":"e","distinct_id":"u","properties":{{"a":{properties}}}}}'
    assert refused(sent.encode()).status == 400


def test_properties_that_are_nested_deep_are_taken():
    nested: Any = 1
    for _ in range(200):
        nested = [nested]

    async def scenario() -> None:
        async with Taking() as server:
            assert (await server.send(event(properties={"a": nested}))).status == 200
            assert len(await server.captured()) == 1

    asyncio.run(scenario())


def test_more_requests_than_a_key_may_send_are_to_be_sent_again():
    """503 and not 429, because posthog-js gives events up after 429."""

    async def scenario() -> None:
        settings = relay_settings(requests_per_second=1.0)
        async with Taking(settings, clock=ManualClock()) as server:
            answers = [await server.send(event(number)) for number in range(3)]
            assert [each.status for each in answers] == [200, 200, 503]
            assert answers[2].header("retry-after") == "1"
            assert len(await server.captured()) == 2

    asyncio.run(scenario())


def test_a_server_that_has_not_started_keeps_nothing():
    async def scenario() -> None:
        server = Taking()
        answer = await server.send(event())
        assert answer.status == 503
        assert answer.header("retry-after") is not None

    asyncio.run(scenario())
