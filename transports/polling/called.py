"""Loading definitions when the caller says so: no thread, for serverless and for tests.

The same names as ``ThreadedLoader``. ``tick`` loads what is due; whoever waits for definitions, or
asks for a reload, loads in the calling thread.
"""

from __future__ import annotations

import logging

from .actions import Request
from .health import Health
from .loader import DefinitionLoader
from .policy import DEFAULT_INTERVAL
from .store import Published

__all__ = ["CalledLoader"]

_log = logging.getLogger("flagengine.definitions.model")


class CalledLoader:
    """Does nothing that it is not called for."""

    def __init__(self, loader: DefinitionLoader) -> None:
        self.loader = loader

    @property
    def current(self) -> Published:
        """The definitions in use."""
        return self.loader.store.current

    @property
    def is_ready(self) -> bool:
        """Whether definitions were loaded and there is at least one."""
        return self.loader.is_ready

    def health(self) -> Health:
        """Return how trustworthy the definitions in use are."""
        return self.loader.health()

    def tick(self) -> float | None:
        """Load if a load is due; the seconds until the next one. Never raises."""
        try:
            return self.loader.tick()
        except Exception:  # noqa: BLE001 - there is nobody to raise to
            _log.exception("Loading flag definitions failed unexpectedly")
            return DEFAULT_INTERVAL

    def request(self) -> Request:
        """Make the next ``tick`` load."""
        return self.loader.request()

    def wait_until_ready(self, timeout: float | None = 30.0) -> bool:  # noqa: ARG002 - see the module
        """Load what is due; whether there are definitions to decide with."""
        self.tick()
        return self.is_ready

    def reload(self, timeout: float | None = 10.0) -> bool:  # noqa: ARG002 - see the module
        """Load now; whether it went well."""
        if self.loader.request() not in {Request.ACCEPTED, Request.JOINED}:
            return False
        self.tick()
        return self.health().last_error is None

    def shutdown(self, timeout: float = 10.0) -> None:
        """Stop for good, and release the cache. May be repeated."""
        self.loader.shutdown(timeout)
