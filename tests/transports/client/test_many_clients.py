"""A word about a client per call, which costs threads and polling each time."""

from __future__ import annotations

import logging

import pytest

from flagengine.transports import Client, NullSink
from flagengine.transports.client import many_clients
from flagengine.transports.client.many_clients import MANY

pytestmark = pytest.mark.contract("setup")


@pytest.fixture(autouse=True)
def _nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many_clients, "_census", many_clients._Census())


def _said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        each.getMessage() for each in caplog.records if "clients are alive" in each.getMessage()
    ]


def test_the_sixteenth_client_is_worth_a_word_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    clients = [Client(sink=NullSink()) for _ in range(MANY - 1)]
    assert _said(caplog) == []
    clients += [Client(sink=NullSink()) for _ in range(5)]
    (said,) = _said(caplog)
    assert said.startswith("16 clients are alive in this process")


def test_clients_that_are_shut_down_disabled_or_gone_do_not_count(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = [Client(disabled=True) for _ in range(2 * MANY)]
    for _ in range(2 * MANY):
        client = Client(sink=NullSink())
        client.shutdown()
        kept.append(client)
    assert len(kept) == 4 * MANY
    assert _said(caplog) == []
