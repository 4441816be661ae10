"""Every form of a body that an SDK sends gives the same events, with the same answer."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import threading
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from flagengine.transports.server.events.accepting import aside
from flagengine.transports.server.web.request import Request
from tests.transports.server.events.support import Taking, event
from tests.transports.server.support import KEY, Answer

# Its base64 has a plus sign and a slash, and no padding in one form and some in another.
ODD = {"text": "\u00fb\u00ff>>>???~~~ \u20ac", "n": 1.5, "none": None, "list": [1, {"a": True}]}
FIRST = event(1, properties=ODD)
SECOND = event(2)


def _with_token(sent: dict[str, Any]) -> dict[str, Any]:
    return {**sent, "properties": {**sent["properties"], "token": KEY}}


SHAPES: dict[str, tuple[Any, list[dict[str, Any]]]] = {
    "one event": ({**FIRST, "api_key": KEY}, [FIRST]),
    "one event with token": ({**FIRST, "token": KEY}, [FIRST]),
    "one event with $token": ({**FIRST, "$token": KEY}, [FIRST]),
    "one event with a token in its properties": (_with_token(FIRST), [_with_token(FIRST)]),
    "a list": (
        [_with_token(FIRST), _with_token(SECOND)],
        [_with_token(FIRST), _with_token(SECOND)],
    ),
    "a list with keys": ([{**each, "api_key": KEY} for each in (FIRST, SECOND)], [FIRST, SECOND]),
    "a batch": ({"api_key": KEY, "batch": [FIRST, SECOND]}, [FIRST, SECOND]),
    "a batch with token": (
        {"token": KEY, "historical_migration": False, "batch": [SECOND]},
        [SECOND],
    ),
    "a batch whose events have keys": (
        {"batch": [{**each, "token": KEY} for each in (FIRST, SECOND)]},
        [FIRST, SECOND],
    ),
}

Form = Callable[[bytes], tuple[str, str, bytes | None, dict[str, str]]]


def _post(query: str, body: bytes, kind: str | None = None, **headers: str) -> Any:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    if kind is not None:
        given["content-type"] = kind
    return "POST", query, body, given


FORM = "application/x-www-form-urlencoded"


def _base64(text: bytes) -> bytes:
    return base64.b64encode(text)


def _quoted(text: bytes) -> bytes:
    return quote(text, safe="").encode()


FORMS: dict[str, Form] = {
    "json": lambda text: _post("", text, "application/json"),
    "json of another type": lambda text: _post("", text, "application/octet-stream"),
    "json without a type": lambda text: _post("", text),
    "plain text": lambda text: _post("?ip=0&ver=1.297.0", text, "text/plain;charset=UTF-8"),
    "gzip by header": lambda text: _post(
        "", gzip.compress(text, mtime=0), "application/json", content_encoding="gzip"
    ),
    "gzip by query": lambda text: _post(
        "?compression=gzip", gzip.compress(text, mtime=0), "text/plain"
    ),
    "gzip-js": lambda text: _post(
        "?compression=gzip-js", gzip.compress(text, mtime=0), "text/plain"
    ),
    "gzip without a word": lambda text: _post("", gzip.compress(text, mtime=0), "text/plain"),
    "gzip that a proxy unpacked": lambda text: _post("?compression=gzip-js", text, "text/plain"),
    "deflate by header": lambda text: _post(
        "", zlib.compress(text), "application/json", content_encoding="deflate"
    ),
    "form of base64": lambda text: _post(
        "?compression=base64", b"data=" + _quoted(_base64(text)), FORM
    ),
    "form of base64, not quoted": lambda text: _post(
        "?compression=base64", b"data=" + _base64(text), FORM
    ),
    "form of base64 whose plus became a blank": lambda text: _post(
        "", b"data=" + _base64(text).replace(b"+", b" "), FORM
    ),
    "form with other fields": lambda text: _post(
        "", b"ver=1&data=" + _quoted(_base64(text)) + b"&compression=base64", FORM
    ),
    "form without its name": lambda text: _post("?compression=base64", _base64(text), FORM),
    "form of json": lambda text: _post("", b"data=" + _quoted(text), FORM),
    "form without a type": lambda text: _post("", b"data=" + _quoted(_base64(text))),
    "base64": lambda text: _post("?compression=base64", _base64(text), "text/plain"),
    "base64 without padding": lambda text: _post(
        "", _base64(text).rstrip(b"="), "application/json"
    ),
    "base64 of gzip": lambda text: _post(
        "", b"data=" + _quoted(_base64(gzip.compress(text, mtime=0)))
    ),
    "GET with base64": lambda text: ("GET", f"?data={quote(_base64(text), safe='')}", None, {}),
    "GET with base64, not quoted": lambda text: (
        "GET",
        f"?data={_base64(text).decode()}",
        None,
        {},
    ),
    "GET with json": lambda text: ("GET", f"?data={quote(text)}", None, {}),
}


def test_the_odd_text_needs_what_base64_may_lose():
    assert b"+" in _base64(json.dumps(ODD, ensure_ascii=False).encode())


@pytest.mark.parametrize("form", FORMS)
def test_every_shape_of_every_form_gives_its_events(form: str):
    async def scenario() -> None:
        async with Taking() as server:
            for shape, (value, expected) in SHAPES.items():
                text = json.dumps(value, ensure_ascii=False).encode()
                method, query, body, headers = FORMS[form](text)
                answer = await server.ask(method, f"/e/{query}", body, headers)
                assert (answer.status, answer.body) == (200, b'{"status":"Ok"}'), (shape, answer)
                found = [_as_sent(each) for each in await server.captured()]
                assert found == expected, shape
                await server.ask("DELETE", "/_events")

    asyncio.run(scenario())


def _as_sent(found: dict[str, Any]) -> dict[str, Any]:
    properties = {name: value for name, value in found["properties"].items() if name != "$ip"}
    names = ("event", "distinct_id", "uuid", "timestamp")
    return {**{name: found[name] for name in names}, "properties": properties}


PATHS = ["/batch", "/e", "/i/v0/e", "/capture", "/track", "/engage", "/i/v0/ai/batch"]


@pytest.mark.parametrize("path", [*PATHS, *(f"{path}/" for path in PATHS), "//batch//"])
def test_every_path_takes_events_with_and_without_a_slash(path: str):
    async def scenario() -> None:
        async with Taking() as server:
            answer = await server.send(FIRST, path=path)
            assert (answer.status, answer.body) == (200, b'{"status":"Ok"}')
            assert answer.header("content-type") == "application/json"
            assert [each["uuid"] for each in await server.captured()] == [FIRST["uuid"]]

    asyncio.run(scenario())


def test_a_beacon_gets_no_content():
    async def scenario() -> Answer:
        async with Taking() as server:
            return await server.send(FIRST, path="/e/?beacon=1")

    answer = asyncio.run(scenario())
    assert (answer.status, answer.body) == (204, b"")


def test_engage_identifies_a_person_without_the_name_of_an_event():
    body = {"token": KEY, "distinct_id": "u", "$set": {"plan": "pro"}}

    async def scenario() -> None:
        async with Taking() as server:
            assert (await server.ask("POST", "/engage/", body)).status == 200
            (found,) = await server.captured()
            assert (found["event"], found["$set"]) == ("$identify", {"plan": "pro"})
            assert (await server.ask("POST", "/e/", body)).status == 400

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/s/", b'{"status":"Ok"}'),
        ("/i/v1/logs?token=phc_x", b"{}"),
        ("/i/v1/traces", b"{}"),
        ("/i/v1/metrics/", b"{}"),
    ],
)
def test_what_is_no_event_is_taken_and_dropped(path: str, answer: bytes):
    async def scenario() -> None:
        async with Taking() as server:
            found = await server.ask("POST", path, b"\x00whatever")
            assert (found.status, found.body) == (200, answer)
            assert await server.captured() == []

    asyncio.run(scenario())


def test_ai_events_with_files_are_refused_with_a_way_out():
    async def scenario() -> Answer:
        async with Taking() as server:
            headers = {"content-type": "multipart/form-data; boundary=x"}
            return await server.ask("POST", "/i/v0/ai", b"--x", headers)

    answer = asyncio.run(scenario())
    assert answer.status == 415
    assert "/i/v0/ai/batch" in answer.text


@pytest.mark.parametrize(
    ("body", "is_aside"),
    [
        (b" " * 1_000, False),
        (b" " * 300_000, True),
        (gzip.compress(b"", mtime=0)[:10] + b" " * 1_000, False),
        (gzip.compress(b"", mtime=0)[:10] + b" " * 40_000, True),
    ],
)
def test_a_large_body_is_read_by_a_thread(body: bytes, is_aside: bool):
    request = Request("POST", "/e", body=body)
    thread = asyncio.run(aside(request, threading.get_ident))
    assert (thread != threading.get_ident()) is is_aside
