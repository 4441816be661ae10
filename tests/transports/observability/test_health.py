"""The health check: 200 while there are definitions to answer with, 503 otherwise, under both protocols."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from flagengine.transports import (
    AsyncClient,
    Client,
    MemorySink,
    NullSink,
    Response,
    StalenessBudget,
)
from flagengine.transports.observability.health import asgi_health, health_of, wsgi_health
from tests.transports.client.bench import DEFINITIONS, SECRET, Bench, flag, local


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench(secret_key=SECRET, staleness=StalenessBudget(90, 600)) as made:
        made.server.definitions = {"flags": [flag("beta")]}
        yield made


def test_the_first_probe_starts_loading_and_the_client_becomes_healthy(bench: Bench) -> None:
    first = health_of(bench.client)
    assert (first.status, first.problem) == (503, "no definitions are loaded")
    bench.client.tick()
    found = health_of(bench.client)
    assert (found.status, found.problem) == (200, None)
    loaded_at = found.body["definitions"].pop("loaded_at")
    assert isinstance(loaded_at, float)
    assert found.body == {
        "status": "ok",
        "problem": None,
        "definitions": {
            "freshness": "fresh",
            "age": 0.0,
            "flags": 1,
            "generation": 1,
            "failures": 0,
            "error": None,
        },
        "events": {"pending": 0, "delivered": 0, "lost": 0},
    }


def test_old_definitions_are_unhealthy_when_they_expire_or_if_that_is_asked_for(
    bench: Bench,
) -> None:
    bench.client.reload_feature_flags()
    bench.clock.advance(100)
    assert health_of(bench.client).status == 200
    strict = health_of(bench.client, stale_is_healthy=False)
    assert (strict.status, strict.problem) == (503, "the definitions are stale")
    bench.clock.advance(600)
    assert health_of(bench.client).problem == "the definitions are expired"


def test_a_failed_load_is_named_without_keys(bench: Bench) -> None:
    bench.server.play(DEFINITIONS, Response(500))
    bench.client.reload_feature_flags()
    body = health_of(bench.client).body
    assert body["definitions"]["failures"] == 1
    assert body["definitions"]["error"]["status"] == 500
    assert SECRET not in json.dumps(body)


def test_a_client_that_is_shut_down_is_unhealthy(bench: Bench) -> None:
    bench.client.reload_feature_flags()
    bench.client.shutdown(0)
    assert health_of(bench.client).problem == "the client is shut down"


@pytest.mark.parametrize("options", [{"sink": NullSink()}, {"disabled": True}])
def test_a_client_that_loads_no_definitions_is_healthy(options: dict[str, Any]) -> None:
    found = health_of(Client(**options))
    assert (found.status, found.body["definitions"]) == (200, None)


def asked(application: Any, method: str) -> tuple[str, dict[str, str], bytes]:
    environ: dict[str, Any] = {"REQUEST_METHOD": method, "QUERY_STRING": ""}
    setup_testing_defaults(environ)
    started: list[Any] = []
    answer = validator(application)(environ, lambda *given, **_: started.append(given))
    try:
        body = b"".join(answer)
    finally:
        answer.close()
    status, headers = started[0][:2]
    return status, dict(headers), body


def test_the_wsgi_application_answers_reads_alone(bench: Bench) -> None:
    application = wsgi_health(bench.client)
    status, headers, body = asked(application, "GET")
    assert (status, json.loads(body)["status"]) == ("503 Service Unavailable", "unavailable")
    bench.client.tick()
    status, headers, body = asked(application, "GET")
    assert (status, json.loads(body)["status"]) == ("200 OK", "ok")
    assert headers["Content-Type"] == "application/json"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Length"] == str(len(body))
    assert asked(application, "HEAD")[::2] == ("200 OK", b"")
    status, headers, body = asked(application, "POST")
    assert (status, headers["Allow"], body) == ("405 Method Not Allowed", "GET, HEAD", b"")
    bench.clock.advance(100)
    strict = wsgi_health(bench.client, stale_is_healthy=False)
    assert asked(strict, "GET")[0] == "503 Service Unavailable"


def test_the_asgi_application_answers_as_well_and_may_be_served_alone() -> None:
    async def main() -> list[list[dict[str, Any]]]:
        async with AsyncClient(definitions=local(flag("beta")), sink=MemorySink()) as client:
            application = asgi_health(client)

            async def ask(scope: dict[str, Any], *messages: str) -> list[dict[str, Any]]:
                sent: list[dict[str, Any]] = []
                waiting = [{"type": kind} for kind in messages]

                async def receive() -> dict[str, Any]:
                    await asyncio.sleep(0)
                    return waiting.pop(0)

                async def send(message: dict[str, Any]) -> None:
                    await asyncio.sleep(0)
                    sent.append(message)

                await application(scope, receive, send)
                return sent

            return [
                await ask({"type": "http", "method": "GET"}),
                await ask({"type": "http", "method": "DELETE"}),
                await ask({"type": "lifespan"}, "lifespan.startup", "lifespan.shutdown"),
                await ask({"type": "websocket"}, "websocket.connect"),
            ]

    get, delete, lifespan, websocket = asyncio.run(main())
    assert (get[0]["status"], json.loads(get[1]["body"])["definitions"]["flags"]) == (200, 1)
    assert (b"content-type", b"application/json") in get[0]["headers"]
    assert (delete[0]["status"], delete[1]["body"]) == (405, b"")
    assert [each["type"] for each in lifespan] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    assert websocket == [{"type": "websocket.close", "code": 1000}]


@pytest.mark.parametrize("application", [wsgi_health, asgi_health])
def test_something_else_than_a_client_is_refused_before_the_first_probe(application: Any) -> None:
    with pytest.raises(TypeError, match=r"_health\(\) must get a flagengine client, got NoneType"):
        application(None)
