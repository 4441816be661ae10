"""Whatever a body holds, the answer is one that SDKs know; and what is acknowledged can be kept and read back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine.transports.batching.event import parse_event
from flagengine.transports.json_text import to_json
from tests.transports.server.events.support import Taking, uuid_of
from tests.transports.server.events.test_capture_v1 import HEADERS
from tests.transports.server.support import KEY

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([KEY, "phc_other", "", " ", "\0", "2026-01-02T03:04:05Z", uuid_of(1)]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = ["event", "distinct_id", "$distinct_id", "uuid", "timestamp", "offset", "properties"]
NAMES += ["api_key", "token", "$token", "$set", "$set_once", "sent_at", "options", "session_id"]
usual = st.fixed_dictionaries(
    {"event": st.just("e") | values, "distinct_id": st.just("u") | values},
    optional={
        **dict.fromkeys(NAMES[2:], values),
        "properties": st.dictionaries(st.sampled_from(["$ip", "token", "$lib"]), values),
        "uuid": st.just(uuid_of(1)) | values,
    },
)
messages = usual | st.dictionaries(st.sampled_from(NAMES), values, max_size=4) | values
batches = st.fixed_dictionaries(
    {"batch": st.lists(messages, max_size=3) | values},
    optional={
        "api_key": st.just(KEY) | values,
        "sent_at": values,
        "historical_migration": values,
        "created_at": st.just("2026-01-02T03:04:05Z") | values,
    },
)


Ask = Callable[[Callable[[Taking], Awaitable[Any]], set[int]], None]


@pytest.fixture(scope="module")
def check() -> Iterator[Ask]:
    """Return a function that asks one server, and checks the status and what was taken."""
    server = Taking()

    async def scenario(ask: Callable[[Taking], Awaitable[Any]], allowed: set[int]) -> None:
        answer = await ask(server)
        assert answer.status in allowed, answer
        found = await server.captured()
        await server.ask("DELETE", "/_events")
        assert not (found and answer.status != 200)
        for each in found:
            assert parse_event(to_json(each)).uuid == each["uuid"]
            assert isinstance(each["properties"], dict)
            assert each["timestamp"].endswith("Z")

    with asyncio.Runner() as runner:
        runner.run(server.server.start())
        yield lambda ask, allowed: runner.run(scenario(ask, allowed))
        runner.run(server.server.stop())


@given(batches | messages | st.lists(messages, max_size=3))
def test_any_body_of_capture_v0_gets_an_answer(check: Ask, body: Any):
    text = json.dumps(body).encode()
    check(lambda server: server.ask("POST", "/e/", text), {200, 400, 401})


@given(batches | values)
def test_any_body_of_capture_v1_gets_an_answer(check: Ask, body: Any):
    text = json.dumps(body).encode()
    path = "/i/v1/analytics/events"
    check(lambda server: server.ask("POST", path, text, HEADERS), {200, 400})


@given(st.binary(max_size=30), st.sampled_from(["", "application/x-www-form-urlencoded"]))
def test_any_bytes_get_an_answer(check: Ask, body: bytes, kind: str):
    headers = {"content-type": kind} if kind else {}
    check(lambda server: server.ask("POST", "/batch/", body, headers), {400, 401, 413})


@given(st.text(max_size=30))
def test_any_query_gets_an_answer(check: Ask, data: str):
    query = "".join(character for character in data if " " <= character <= "~")
    check(lambda server: server.ask("GET", f"/e/?data={query}&_={query}"), {400, 401})
