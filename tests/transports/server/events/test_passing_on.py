"""What a server upstream gets, and what becomes of an event that it refuses."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from flagengine.transports.errors import RequestError
from flagengine.transports.http.base import Request, Response
from flagengine.transports.server.settings import (
    ProjectSettings,
    ServerSettings,
    UpstreamSettings,
)
from tests.transports.server.events.support import (
    HOST,
    Taking,
    Upstream,
    body_of,
    event,
    refusing,
    relay_settings,
    uuid_of,
)
from tests.transports.server.support import KEY

EVENTS = [event(number) for number in range(1, 9)]


def passed_on(
    upstream: Upstream, *events: dict[str, Any], project: ProjectSettings | None = None, **sent: Any
) -> dict[str, int]:
    """Send events, stop the server, and return the events that were lost upstream, by reason."""

    async def scenario() -> dict[str, int]:
        server = Taking(project or relay_settings(), transport=upstream)
        async with server:
            answer = await server.send(*(events or EVENTS), **sent)
            assert answer.status == 200
        counters = server.project.counters()
        assert counters is not None
        assert counters.accepted == len(events or EVENTS)
        assert counters.pending == 0
        assert counters.delivered == counters.accepted - sum(counters.dropped.values())
        return dict(counters.dropped)

    return asyncio.run(asyncio.wait_for(scenario(), 20))


def uuids(events: list[dict[str, Any]]) -> list[str]:
    return [each["uuid"] for each in events]


def test_events_arrive_as_they_were_sent_with_the_projects_key():
    upstream = Upstream()
    assert passed_on(upstream) == {}
    assert [
        {**each, "properties": {**each["properties"], "$ip": "192.0.2.7"}} for each in EVENTS
    ] == (upstream.events())
    (batch,) = upstream.batches()
    assert batch["api_key"] == KEY
    assert batch["sent_at"].endswith("Z")
    assert "historical_migration" not in batch
    headers = upstream.requests[0].headers
    assert headers["User-Agent"].startswith("flagengine-server/")
    assert headers["Content-Encoding"] == "gzip"


def test_a_historical_migration_stays_one():
    upstream = Upstream()
    passed_on(upstream, historical_migration=True)
    (batch,) = upstream.batches()
    assert batch["historical_migration"] is True
    assert len(batch["batch"]) == len(EVENTS)


def test_ai_events_go_to_their_own_address():
    upstream = Upstream()
    passed_on(upstream, path="/i/v0/ai/batch/")
    assert upstream.batches() == []
    assert uuids(upstream.events("/i/v0/ai/batch/")) == uuids(EVENTS)


def test_nothing_is_passed_on_where_that_is_not_wanted():
    upstream = Upstream()
    project = relay_settings(upstream=UpstreamSettings(host=HOST, takes_events=False))
    assert passed_on(upstream, project=project) == {}
    assert upstream.requests == []


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_upstream_cannot_take_now_is_sent_again(status: int):
    upstream = Upstream([Response(status), Response(status, {"Retry-After": "0"})])
    assert passed_on(upstream) == {}
    first, second, third = upstream.batches()
    assert first["batch"] == second["batch"] == third["batch"]
    assert len(third["batch"]) == len(EVENTS)


def test_what_does_not_get_through_is_sent_again_for_ever():
    gone = [RequestError("connection refused") for _ in range(50)]
    upstream = Upstream(gone)
    assert passed_on(upstream) == {}
    assert len(upstream.requests) == 51


@pytest.mark.parametrize("status", [301, 401, 402, 403, 404, 405, 451])
def test_what_is_refused_for_no_fault_of_the_events_is_sent_again(status: int):
    """A relay with a wrong host or key loses nothing until that is mended."""
    upstream = Upstream([Response(status) for _ in range(5)])
    assert passed_on(upstream) == {}
    assert uuids(upstream.events())[-len(EVENTS) :] == uuids(EVENTS)


def test_a_batch_that_is_too_large_is_halved():
    upstream = Upstream()
    upstream.default = lambda request: Response(413 if len(body_of(request)["batch"]) > 2 else 200)
    assert passed_on(upstream) == {}
    taken = [batch["batch"] for batch in upstream.batches() if len(batch["batch"]) <= 2]
    assert uuids([each for batch in taken for each in batch]) == uuids(EVENTS)


def test_an_event_that_is_too_large_alone_is_lost_alone():
    upstream = Upstream(default=refusing(413, uuid_of(3)))
    assert passed_on(upstream) == {"too_large": 1}
    assert set(uuids(_taken(upstream, uuid_of(3)))) == set(uuids(EVENTS)) - {uuid_of(3)}


@pytest.mark.parametrize("status", [400, 422])
def test_an_event_that_upstream_finds_bad_is_lost_alone(status: int):
    """The others of its batch came from other clients, and were acknowledged."""
    bad = [uuid_of(3), uuid_of(8)]
    upstream = Upstream(default=refusing(status, *bad))
    assert passed_on(upstream) == {"rejected": 2}
    assert set(uuids(_taken(upstream, *bad))) == set(uuids(EVENTS)) - set(bad)


def _taken(upstream: Upstream, *refused: str) -> list[dict[str, Any]]:
    """Return the events of the batches without the refused ones."""
    batches = [batch["batch"] for batch in upstream.batches()]
    return [
        each for batch in batches if not set(refused).intersection(uuids(batch)) for each in batch
    ]


def test_the_project_key_is_in_no_log(caplog: pytest.LogCaptureFixture):
    caplog.set_level("DEBUG")
    passed_on(Upstream([Response(401, body=f"API key {KEY} is not valid".encode())]))
    assert "401" in caplog.text
    assert KEY not in caplog.text


def test_upstream_gets_what_capture_v1_took_as_capture_v0():
    upstream = Upstream()

    async def scenario() -> None:
        headers = {
            "authorization": f"Bearer {KEY}",
            "content-type": "application/json",
            "user-agent": "posthog-python/7.91.1",
            "posthog-sdk-info": "posthog-python/7.91.1",
            "posthog-attempt": "1",
            "posthog-request-id": uuid_of(99),
            "posthog-request-timestamp": "2026-01-02T03:04:05Z",
        }
        root = {"created_at": "2026-01-02T03:04:05Z"}
        async with Taking(relay_settings(), transport=upstream) as server:
            sent = {**root, "batch": [event(1)], "historical_migration": True}
            await server.ask("POST", "/i/v1/analytics/events", sent, headers)
            await server.ask("POST", "/i/v1/ai/events", {**root, "batch": [event(2)]}, headers)

    asyncio.run(scenario())
    (historical,) = upstream.batches()
    assert historical["historical_migration"] is True
    assert uuids(historical["batch"]) == [uuid_of(1)]
    assert uuids(upstream.events("/i/v0/ai/batch/")) == [uuid_of(2)]


def test_a_server_upstream_in_trouble_costs_no_request_of_a_client():
    """Events are acknowledged before they are passed on."""

    async def scenario() -> None:
        held = threading.Event()

        def slow(_request: Request) -> Response:
            held.wait(10)
            return Response(200)

        async with Taking(relay_settings(), transport=Upstream(default=slow)) as server:
            assert (await server.send(*EVENTS)).status == 200
            assert (await server.send(event(99))).status == 200
            held.set()

    asyncio.run(scenario())


class TestSettings:
    def test_a_project_that_passes_events_on_must_have_a_key(self):
        with pytest.raises(ValueError, match="'shop' must have a project_key"):
            relay_settings(name="shop", project_key=None)

    def test_a_folder_for_events_needs_somebody_who_takes_them(self, tmp_path: Any):
        with pytest.raises(ValueError, match="no server upstream that takes events"):
            relay_settings(events=tmp_path, upstream=None)

    def test_other_settings_are_fine(self, tmp_path: Any):
        settings = relay_settings(events=tmp_path)
        assert ServerSettings(projects=(settings,)).projects[0].max_spool_bytes == 256 * 1024 * 1024
