"""The shim with a server in memory, and the module with its settings as after an import."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import flagengine.transports.posthog as shim
from flagengine.transports.posthog import Posthog

from ..client.bench import API_KEY, FakeServer

__all__ = ["API_KEY", "FakeServer", "events_of", "fresh_module", "made"]


def made(server: FakeServer | None = None, **options: Any) -> tuple[Posthog, FakeServer]:
    """Return a client that delivers at once, and its server."""
    server = server or FakeServer()
    given = {"transport": server, "sync_mode": True, "gzip": False, **options}
    return Posthog(API_KEY, **given), server


def events_of(server: FakeServer) -> list[dict[str, Any]]:
    return [event for body in server.bodies("/batch/") for event in body["batch"]]


@contextmanager
def fresh_module() -> Iterator[ModuleType]:
    """Yield the module without a default client; restore its variables afterwards."""
    before = dict(vars(shim))
    try:
        vars(shim)["default_client"] = None
        yield shim
    finally:
        client = shim.default_client
        vars(shim).update(before)
        if isinstance(client, Posthog.__mro__[1]):
            client.shutdown()
