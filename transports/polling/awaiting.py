"""Awaiting with a bound in time; apart from ``callers``, since it imports asyncio."""

from __future__ import annotations

import asyncio
from asyncio import new_event_loop
from collections.abc import Awaitable
from typing import Any

from .callers import CallTimeoutError

__all__ = ["bounded_await", "new_event_loop"]


async def bounded_await(awaitable: Awaitable[Any], timeout: float | None) -> Any:  # noqa: ASYNC109
    """Return what `awaitable` gives; cancel it after `timeout` seconds.

    Raises:
        CallTimeoutError: it was cancelled.
    """
    try:
        async with asyncio.timeout(timeout) as bound:
            return await awaitable
    except TimeoutError:
        if not bound.expired():
            raise
        msg = f"no answer within {timeout:g} s"
        raise CallTimeoutError(msg) from None
