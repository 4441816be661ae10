"""posthog-python, unmodified, sends its events to a real server: in each of its modes, and all arrive."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from flagengine.transports.polling.sources.memory import MemoryDefinitions
from flagengine.transports.server import ProjectSettings, Server, ServerSettings
from flagengine.transports.server.background import BackgroundServer
from flagengine.transports.server.events import v0, v1
from tests.transports.server.support import KEY, definitions

posthog = pytest.importorskip("posthog")

MODES = {
    "one by one": {"flush_at": 1},
    "in batches": {},
    "in gzip": {"gzip": True},
    "as a historical migration": {"historical_migration": True},
    "by capture v1": {"capture_mode": "v1"},
    "by capture v1 in gzip": {"capture_mode": "v1", "capture_compression": "gzip"},
}


@pytest.fixture
def server() -> Iterator[BackgroundServer]:
    project = ProjectSettings(project_key=KEY, source=MemoryDefinitions(definitions()))
    settings = ServerSettings(projects=(project,), is_development=True)
    with BackgroundServer(Server(settings)) as running:
        yield running


def captured(server: BackgroundServer) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{server.url}/_events?wait=20", timeout=30) as answer:
        found: list[dict[str, Any]] = json.load(answer)["events"]
        return found


@pytest.mark.parametrize("mode", MODES)
def test_every_event_of_the_official_client_arrives(server: BackgroundServer, mode: str):
    errors: list[Any] = []
    client = posthog.Posthog(
        KEY,
        host=server.url,
        on_error=lambda *found: errors.append(found),
        disable_geoip=False,
        **MODES[mode],
    )
    uuids = [
        client.capture("paid", distinct_id="u1", properties={"amount": 12.5, "word": "\u20ac"}),
        client.set(distinct_id="u1", properties={"plan": "pro"}),
        client.group_identify("company", "c1", {"size": 3}, distinct_id="u1"),
        client.alias("u0", "u1"),
        client.capture_exception(ValueError("oh"), distinct_id="u1"),
    ]
    client.flush()
    client.shutdown()
    found = {each["uuid"]: each for each in captured(server)}
    assert errors == []
    routes = {route for route, _status in server.server.metrics.counts}
    assert ("/i/v1/analytics/events" in routes) is (MODES[mode].get("capture_mode") == "v1")
    assert set(found) == {uuid for uuid in uuids if uuid}
    assert sorted(each["event"] for each in found.values()) == [
        "$create_alias",
        "$exception",
        "$groupidentify",
        "$set",
        "paid",
    ]
    paid = found[uuids[0]]
    assert paid["distinct_id"] == "u1"
    assert paid["properties"]["amount"] == 12.5
    assert paid["properties"]["word"] == "\u20ac"
    assert paid["properties"]["$lib"] == "posthog-python"
    assert paid["properties"]["$ip"] == "127.0.0.1"
    change = found[uuids[1]]
    assert (change.get("$set") or change["properties"]["$set"]) == {"plan": "pro"}


@pytest.mark.parametrize("mode", ["in batches", "by capture v1"])
def test_the_official_client_sends_again_what_could_not_be_kept(
    server: BackgroundServer, mode: str, monkeypatch: pytest.MonkeyPatch
):
    for module in (v0, v1):
        monkeypatch.setattr(module, "AGAIN", ((b"retry-after", b"0"),))
    (project,) = server.server.projects
    keep, attempts = project.intake.keep, []

    async def full_at_first(events: Any, lane: str) -> list[bool]:
        attempts.append([each.uuid for each in events])
        return [False] * len(events) if len(attempts) == 1 else await keep(events, lane)

    monkeypatch.setattr(project.intake, "keep", full_at_first)
    client = posthog.Posthog(KEY, host=server.url, **MODES[mode])
    uuid = client.capture("paid", distinct_id="u1")
    client.shutdown()
    assert [each["uuid"] for each in captured(server)] == [uuid]
    assert attempts == [[uuid], [uuid]]


def test_the_stream_of_a_real_server_has_what_the_official_client_sends(server: BackgroundServer):
    with urllib.request.urlopen(f"{server.url}/_events/stream", timeout=30) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.readline() == b": still here\n"
        client = posthog.Posthog(KEY, host=server.url)
        uuid = client.capture("paid", distinct_id="u1")
        client.shutdown()
        lines = iter(stream.readline, b"")
        data = next(line for line in lines if line.startswith(b"data: "))
        assert json.loads(data[6:])["uuid"] == uuid
