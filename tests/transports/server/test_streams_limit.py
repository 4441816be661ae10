"""Streams are bounded, so that connections are left to ordinary requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from flagengine.transports.polling.sources.memory import MemoryDefinitions
from flagengine.transports.server import BackgroundServer, ProjectSettings, Server, ServerSettings
from flagengine.transports.server.connections.limits import ConnectionLimits

from .raw_client import RawClient, request

OFREP, EVENTS, CHANGES = "/ofrep/v1/events", "/_events/stream", "/_explorer/changes"


@contextmanager
def _running(limits: ConnectionLimits) -> Iterator[BackgroundServer]:
    project = ProjectSettings(source=MemoryDefinitions({"flags": []}), poll_interval=3600.0)
    settings = ServerSettings(
        projects=(project,), is_development=True, connections=limits, shutdown_timeout=1.0
    )
    with BackgroundServer(Server(settings)) as running:
        yield running


def _stream(stack: ExitStack, port: int, path: str) -> RawClient:
    client = stack.enter_context(RawClient(port))
    client.send(request(path))
    found = client.answer()
    assert found is not None
    assert found.status == 200
    return client


@pytest.mark.parametrize("path", [OFREP, EVENTS, CHANGES])
def test_a_stream_above_the_limit_is_refused_and_the_connection_goes_on(path: str):
    limits = ConnectionLimits(max_streams=3)
    with _running(limits) as running, ExitStack() as stack:
        streams = [_stream(stack, running.port, each) for each in (OFREP, EVENTS, CHANGES)]
        client = stack.enter_context(RawClient(running.port))
        found = client.send(request(path)).answer()
        assert found is not None
        assert found.status == 503
        assert found.headers["retry-after"] == "10"
        assert found.body.startswith(b"the server has too many open streams (max_streams)")
        again = client.send(request()).answer()
        assert again is not None
        assert again.status == 200
        assert running.server.metrics.counts[path, 503] == 1
        streams[0].sock.close()
        while (last := client.send(request(path)).answer()) is None or last.status == 503:
            pass  # the server has not yet noticed that one has gone
        assert last.status == 200


def test_streams_take_at_most_half_of_the_connections():
    with _running(ConnectionLimits(max_connections=6)) as running, ExitStack() as stack:
        for _ in range(3):
            _stream(stack, running.port, OFREP)
        for path, status in ((OFREP, 503), ("/_health", 200), ("/_health", 200)):
            client = stack.enter_context(RawClient(running.port))
            found = client.send(request(path)).answer()
            assert found is not None
            assert found.status == status


def test_the_limit_of_open_files_bounds_streams_too(monkeypatch: pytest.MonkeyPatch):
    few = ConnectionLimits(max_connections=10)
    monkeypatch.setattr("flagengine.transports.server.run.within_open_files", lambda _limits: few)
    with _running(ConnectionLimits()) as running:
        assert running.server.streams.most == 5


@pytest.mark.parametrize(
    ("given", "most"),
    [
        ({}, 8_192),
        ({"max_connections": 1}, 1),
        ({"max_streams": 5}, 5),
        ({"max_connections": 9}, 4),
    ],
)
def test_the_limit_is_a_setting(given: dict[str, int], most: int):
    assert ConnectionLimits(**given).most_streams == most


@pytest.mark.parametrize("path", [OFREP, EVENTS, CHANGES])
def test_a_stream_cannot_be_asked_for_its_headers_alone(path: str):
    with _running(ConnectionLimits()) as running, RawClient(running.port) as client:
        found = client.send(request(path, "HEAD")).answer(is_head=True)
        assert found is not None
        assert found.status == 405
