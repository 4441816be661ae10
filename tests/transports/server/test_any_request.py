"""Whatever a request has in it, the answer is 200 or a refusal: never a failure of the server."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flagengine.transports.server.web import lenient_json

from .support import KEY, SECRET, Bench

DOCUMENT = json.loads(
    (Path(__file__).parents[3] / "fixtures/snapshots/product-40.json").read_text(encoding="utf-8")
)
CONTROL = "control-0123456789abcdef"
ORIGIN = {"origin": "https://shop.example"}


def _deep(depth: int, left: str = "[", right: str = "]", inner: str = "") -> str:
    return left * depth + inner + right * depth


VALUES = (
    *("null", "true", "false", "0", "-1", "1.5", "1e400", "-1e400", "NaN", "Infinity"),
    *("1" * 400, "1" * 5000, str(2**63), str(2**64), f"-{2**70}"),
    *('""', '"a"', '"\\ud800"', '"\\u0000"', '"2020-01-01"', json.dumps("x" * 5000)),
    *("[]", "{}", "[1]", '["a"]', "[null]", "[[]]", "[{}]", '["\\ud800"]'),
    *('{"a": 1}', '{"a": null}', '{"": ""}', '{"\\ud800": "\\udfff"}', '{"a": 1, "a": 2}'),
    *('{"company": "acme"}', '{"company": 5}', '{"company": {"plan": "\\ud800"}}'),
    *(_deep(500), _deep(990), _deep(2_000), _deep(900, '{"a":', "}", "1")),
)
"""A JSON text of each type, and of each kind that readers or evaluators may stumble over."""

FIELDS = (
    *("token", "api_key", "$token", "distinct_id", "$distinct_id", "device_id", "$device_id"),
    *("person_properties", "$properties", "groups", "$groups", "group_properties"),
    *("flag_keys", "flag_keys_to_evaluate", "evaluation_contexts", "evaluation_environments"),
    *("evaluation_runtime", "disable_flags", "geoip_disable", "sent_at", "$anon_distinct_id"),
)


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench(document=DOCUMENT, is_development=True, control_key=CONTROL)


def _properties(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        if "operator" in document and isinstance(document.get("key"), str):
            yield document["key"]
        document = list(document.values())
    if isinstance(document, list):
        for each in document:
            yield from _properties(each)


def _bodies(text: str) -> Iterator[str]:
    """Yield bodies with this JSON in every place."""
    yield text
    for field in FIELDS:
        fields = {"token": json.dumps(KEY), "distinct_id": '"user-1"', field: text}
        yield "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in fields.items()) + "}"
    members = ",".join(f"{json.dumps(name)}:{text}" for name in sorted(set(_properties(DOCUMENT))))
    start = f'{{"token":"{KEY}","distinct_id":"u","groups":{{"organization":"a","company":"b"}},'
    yield f'{start}"person_properties":{{{members}}}}}'
    yield f'{start}"group_properties":{{"organization":{{{members}}},"company":{{{members}}}}}}}'


@pytest.mark.parametrize(
    ("path", "has_orjson"), [("/flags?v=2", True), ("/flags?v=4", False), ("/decide?v=3", True)]
)
def test_every_json_in_every_field_is_answered_or_refused(
    bench: Bench,
    path: str,
    has_orjson: bool,
    monkeypatch: pytest.MonkeyPatch,
):
    if not has_orjson:
        monkeypatch.setattr(lenient_json, "orjson", None)

    async def ask_all() -> None:
        for value in VALUES:
            for each in _bodies(value):
                answer = await bench.ask("POST", path, each.encode(), ORIGIN)
                assert answer.status in (200, 400, 401), (answer.status, each[:200])
                assert answer.header("access-control-allow-origin") == ORIGIN["origin"]
                if answer.status == 200:
                    assert answer.json["errorsWhileComputingFlags"] in (True, False)

    asyncio.run(ask_all())


_EVENT_FIELDS = (
    *("api_key", "token", "event", "distinct_id", "properties", "batch", "timestamp", "uuid"),
    *("offset", "sent_at", "created_at", "historical_migration", "session_id", "options", "type"),
)
_CAPTURE_V1 = {
    "authorization": f"Bearer {KEY}",
    "content-type": "application/json",
    "user-agent": "a/1",
    "posthog-sdk-info": "a/1",
    "posthog-attempt": "1",
    "posthog-request-id": "0198a0a0-0000-7000-8000-000000000000",
    "posthog-request-timestamp": "2026-11-29T00:00:00Z",
}


def _events(text: str) -> Iterator[str]:
    for field in _EVENT_FIELDS:
        fields = {"api_key": json.dumps(KEY), "event": '"e"', "distinct_id": '"u"', field: text}
        event = ",".join(f"{json.dumps(name)}:{value}" for name, value in fields.items())
        yield f"{{{event}}}"
        yield f'{{"api_key":"{KEY}","batch":[{{{event}}}]}}'


def _contexts(text: str) -> Iterator[str]:
    for field in ("targetingKey", "email", "groups"):
        yield f'{{"context":{{"targetingKey":"u",{json.dumps(field)}:{text}}}}}'
    yield f'{{"context":{text}}}'


@pytest.mark.parametrize(
    "path",
    ["/batch", "/e", "/i/v1/analytics/events", "/ofrep/v1/evaluate/flags"],
)
def test_every_json_in_every_event_and_context_is_accepted_or_refused(
    runner: asyncio.Runner, path: str
):
    async def ask_all() -> None:
        bench = Bench(document=DOCUMENT, is_development=True)
        bench.projects[0].intake.start()
        for value in VALUES:
            for each in _contexts(value) if "ofrep" in path else _events(value):
                answer = await bench.ask("POST", path, each.encode(), {**_CAPTURE_V1, **ORIGIN})
                assert answer.status < 500, (answer.status, each[:200])
                assert answer.header("access-control-allow-origin") == ORIGIN["origin"]

    runner.run(ask_all())


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        (
            f"/api/projects/1/feature_flags/{'9' * 5000}/remote_config",
            {"authorization": f"Bearer {SECRET}", "host": "shop.example"},
            None,
            404,
        ),
        ("/flags", {"content-length": "9" * 5000}, b"{}", 413),
        ("/flags", {"content-length": "-1"}, b"{}", 413),
        (f"/flags?v={'9' * 5000}", {}, b"{}", 401),
        ("/flags?" + "&".join(["a=1"] * 500), {}, b"{}", 401),
        ("/flags?v=%ff%00&compression=%ff", {}, b"{}", 400),
        ("/flags", {"content-type": "\x7f\xff"}, b"{}", 400),
        ("/flags", {"content-encoding": "br, zstd"}, b"{}", 415),
        ("/flags", {"content-encoding": "br"}, b"{}", 415),
        ("/flags", {"content-encoding": "gzip"}, gzip.compress(b"[" * 30_000_000, mtime=0), 413),
        ("/flags", {"content-encoding": "gzip"}, gzip.compress(b"{}", mtime=0)[:-3], 400),
        ("/flags", {}, gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0), 400),
        ("/flags?compression=base64", {}, b"data=%ff%zz&data=", 400),
        ("/flags", {"content-type": "application/x-www-form-urlencoded"}, b"data=" * 9, 400),
        ("/flags", {}, b"", 400),
        ("/flags", {}, b"\x00", 400),
        ("/flags", {}, b"{\xff}", 400),
        ("/flags", {}, b"\xef\xbb\xbf{}", 401),
    ],
)
def test_odd_requests_are_refused_in_words(
    bench: Bench, path: str, headers: dict[str, str], body: bytes | None, status: int
):
    method = "GET" if body is None else "POST"
    answer = bench(method, path, body, {**ORIGIN, **headers})
    assert answer.status == status, answer
    assert answer.header("access-control-allow-origin") == ORIGIN["origin"]


@pytest.mark.parametrize(
    "value", ['{"\\ud800": 1}', '{"a": "\\ud800"}', f'{{"a": {_deep(900)}}}', '{"a": 1e400}', "1"]
)
def test_odd_forced_values_are_refused(bench: Bench, value: str):
    body = {"token": KEY, "distinct_id": "u"}
    assert bench("POST", "/flags", body, {"x-flagengine-overrides": value}).status == 400
    headers = {"authorization": f"Bearer {CONTROL}"}
    assert bench("PUT", "/_control/overrides", value.encode(), headers).status == 400


# Anything at all.

_PATHS = (
    *("/", "/flags", "/decide", "/flags/definitions", "/api/feature_flag/local_evaluation"),
    *("/array/phc/config", "/array/phc/config.js", "/static/a.js", "/api/surveys", "/_control/x"),
    *(
        "/api/projects/1/feature_flags/a/remote_config",
        "/_control/overrides",
        "/_health",
        "/_ready",
    ),
    *(
        "/e",
        "/batch",
        "/capture",
        "/i/v0/e",
        "/i/v1/analytics/events",
        "/s",
        "/metrics",
        "/_events",
    ),
    *("/ofrep/v1/evaluate/flags", "/ofrep/v1/evaluate/flags/beta", "/openfeature/v0/manifest"),
)
_VISIBLE = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=40
)
_HEADERS = st.dictionaries(
    st.sampled_from(
        [
            *("authorization", "content-type", "content-encoding", "content-length", "user-agent"),
            *("if-none-match", "accept-encoding", "x-request-id", "x-flagengine-overrides"),
            *("access-control-request-headers", "access-control-request-private-network"),
            *("posthog-attempt", "posthog-request-id", "posthog-sdk-info", "x-forwarded-for"),
        ]
    ),
    st.one_of(
        _VISIBLE,
        st.sampled_from(
            [
                *(f"Bearer {SECRET}", f"Bearer {CONTROL}", f"Bearer {KEY}", "Bearer ", "gzip"),
                *("deflate", "br", "application/json", "text/plain", '{"beta": true}', "true"),
                *("application/x-www-form-urlencoded", "multipart/form-data; boundary=a", "1"),
            ]
        ),
    ),
    max_size=4,
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
_EVENTS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("api_key", "token", "event", "distinct_id", "uuid", "timestamp"), _JSON),
        **dict.fromkeys(("batch", "properties", "context", "person_properties", "groups"), _JSON),
    },
)
_BODIES = st.one_of(
    st.binary(max_size=60),
    st.one_of(_JSON, _EVENTS, st.lists(_EVENTS, max_size=3)).map(lambda v: json.dumps(v).encode()),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    method=st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"]),
    path=st.sampled_from(_PATHS) | _VISIBLE.map(lambda text: "/" + text.replace("?", "")),
    query=_VISIBLE
    | st.sampled_from(["v=2", "v=4&config=1", "compression=gzip-js", "token=x", "_=1"]),
    headers=_HEADERS,
    body=_BODIES,
    is_packed=st.booleans(),
)
def test_any_request_gets_a_whole_answer_that_browsers_can_read(
    bench: Bench,
    runner: asyncio.Runner,
    method: str,
    path: str,
    query: str,
    headers: dict[str, str],
    body: bytes,
    *,
    is_packed: bool,
):
    sent = gzip.compress(body, mtime=0) if is_packed else body
    sent_headers = {"content-length": str(len(sent)), **headers, **ORIGIN}
    answer = runner.run(bench.ask(method, f"{path}?{query}", sent, sent_headers))
    assert 200 <= answer.status < 500 or answer.status in (501, 503), answer
    assert answer.header("access-control-allow-origin") == ORIGIN["origin"]
    names = [name for name, _ in answer.headers]
    assert len(names) == len({*names}) + max(0, names.count("vary") - 1)
    for name, value in answer.headers:
        assert re.fullmatch(r"[a-z0-9-]+", name)
        assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value)
    length = answer.header("content-length")
    if answer.status in (204, 304) or length is None:
        assert answer.body == b""
    elif method != "HEAD":
        assert int(length) == len(answer.body)
    if (answer.header("content-type") or "").startswith("application/json") and answer.body:
        json.loads(answer.body)


# Logs.


def _requests() -> Iterable[tuple[str, str, dict[str, str], bytes]]:
    for path in _PATHS:
        for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
            for key in (SECRET, CONTROL, "phs_wrong_0123456789", "phx_line\x85break"):
                yield (
                    method,
                    f"{path}?token={key}&q=%0aforged%1b[31m",
                    {"authorization": f"Bearer {key}", "user-agent": "agent\x85\x9b31m"},
                    json.dumps(
                        {"token": key, "distinct_id": "person\n\x1b[31m", "event": key}
                    ).encode(),
                )


def test_no_log_has_a_key_a_person_or_a_control_character(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG):
        for form in ("text", "json"):
            bench = Bench(
                document=DOCUMENT, is_development=True, control_key=CONTROL, access_log=form
            )
            for method, path, headers, body in _requests():
                answer = bench(method, path, body, headers)
                shown = answer.body.decode("utf-8", "replace")
                if not path.startswith(("/_control", "/_events")):  # which show what was sent
                    assert SECRET not in shown
                    assert CONTROL not in shown
            assert SECRET not in repr(bench.server.settings)
            assert CONTROL not in repr(bench.server.settings)
    assert len(caplog.records) > 100
    for record in caplog.records:
        said = f"{record.getMessage()} {record.exc_text or ''} {record.__dict__}"
        for secret in (SECRET, CONTROL, "phs_wrong", "phx_line", "forged", "agent", "person\n"):
            assert secret not in said, said
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", record.getMessage())
