"""posthog-python's module-level functions for the default client itself."""

from __future__ import annotations

from .client import Client
from .shared_client import DEFAULT

__all__ = ["flush", "join", "setup", "shutdown"]


def setup() -> Client:
    """Return the default client; make it of the module's settings if there is none yet.

    Without a key it does nothing, and the log says so.
    """
    return DEFAULT.get()


def flush(timeout_seconds: float | None = 10) -> None:
    """Try once to send all queued events, for at most ``timeout_seconds``; None: no limit."""
    DEFAULT.get().flush(timeout_seconds=timeout_seconds)


def join() -> None:
    """Deliver what is queued and stop the default client, as ``shutdown`` does."""
    DEFAULT.get().join()


def shutdown() -> None:
    """Deliver what is queued and stop the default client, which is not made again."""
    DEFAULT.get().shutdown()
