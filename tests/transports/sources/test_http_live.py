"""The HTTP source over real sockets: conditional requests, refusals, hanging and dead servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from flagengine.transports.clock import ManualClock
from flagengine.transports.http.live import LiveTransport
from flagengine.transports.polling import DefinitionLoader, FailureKind
from flagengine.transports.polling.sources.http import HttpDefinitions

pytestmark = [
    pytest.mark.contract("flag-definition-loader"),
    pytest.mark.contract("http-client"),
]


@pytest.fixture
def transport() -> Iterator[LiveTransport]:
    made = LiveTransport()
    yield made
    made.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def loader_of(
    transport: LiveTransport, url: str, clock: ManualClock, timeout: float = 10.0
) -> DefinitionLoader:
    source = HttpDefinitions(
        transport, host=url, project_key="phc_k", secret_key="phs_s", timeout=timeout
    )
    return DefinitionLoader(source, clock=clock)


def poll(loader: DefinitionLoader, clock: ManualClock) -> list[str]:
    clock.advance(100)
    loader.tick()
    snapshot = loader.current.snapshot
    return [] if snapshot is None else list(snapshot.flags)


def test_polling_goes_through_200_304_a_change_an_outage_and_a_refusal(
    server: Any, transport: LiveTransport, clock: ManualClock
) -> None:
    loader = loader_of(transport, server.url, clock)
    assert poll(loader, clock) == ["served"]
    assert poll(loader, clock) == ["served"]
    server.document, server.etag = {"flags": [{"key": "changed"}]}, '"v2"'
    assert poll(loader, clock) == ["changed"]
    server.status = 503
    assert poll(loader, clock) == ["changed"]
    server.status = 401
    assert poll(loader, clock) == []
    server.status = 200
    assert poll(loader, clock) == ["changed"]
    etags = [headers.get("If-None-Match") for headers in server.headers]
    assert etags == [None, '"v1"', '"v1"', '"v2"', '"v2"', None]
    assert {headers["Authorization"] for headers in server.headers} == {"Bearer phs_s"}
    assert set(server.paths) == {"/flags/definitions?token=phc_k&send_cohorts"}


def test_a_server_that_does_not_answer_costs_no_more_than_the_timeout(
    server: Any, transport: LiveTransport, clock: ManualClock
) -> None:
    server.may_answer.clear()
    loader = loader_of(transport, server.url, clock, timeout=0.2)
    assert poll(loader, clock) == []
    error = loader.health().last_error
    assert error is not None
    assert error.kind is FailureKind.TIMEOUT


def test_a_server_that_is_gone_leaves_the_last_good_definitions(
    server: Any, transport: LiveTransport, clock: ManualClock
) -> None:
    loader = loader_of(transport, server.url, clock)
    assert poll(loader, clock) == ["served"]
    dead = loader_of(transport, "http://127.0.0.1:9", clock)
    dead.publish(server.document)
    assert poll(dead, clock) == ["served"]
    error = dead.health().last_error
    assert error is not None
    assert error.kind is FailureKind.NETWORK
