"""Sharing definitions through Redis: one process asks the server, all others read Redis.

Takes any client with ``get``, ``set`` and ``eval`` as redis-py has them, synchronous or
asynchronous (``redis.Redis``, ``redis.asyncio.Redis``, valkey), and imports none. The turn to ask
is a lock that expires, so that a process that dies gives it up.
"""

from __future__ import annotations

import inspect
import json
import os
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

from ...json_text import read_json

__all__ = ["RedisClient", "RedisFlagCache"]

T = TypeVar("T")

LOCK_SECONDS = 60
DATA_SECONDS = 24 * 60 * 60

_TAKE_OR_EXTEND = """
local holder = redis.call('get', KEYS[1])
if holder == false then
    redis.call('set', KEYS[1], ARGV[1], 'EX', ARGV[2])
    return 1
end
if holder == ARGV[1] then
    redis.call('expire', KEYS[1], ARGV[2])
    return 1
end
return 0
"""

_RELEASE = """
if redis.call('get', KEYS[1]) == ARGV[1] then
    return redis.call('del', KEYS[1])
end
return 0
"""

_EXTEND = "return redis.call('expire', KEYS[1], ARGV[1])"


class RedisClient(Protocol):
    """The part of redis-py that this cache uses."""

    def get(self, name: str, /) -> Any:
        """Return the value; None if there is none."""
        ...

    def set(self, name: str, value: bytes | str, /, *, ex: int) -> Any:
        """Store the value for `ex` seconds."""
        ...

    def eval(self, script: str, numkeys: int, /, *keys_and_args: Any) -> Any:
        """Run a Lua script."""
        ...


class RedisFlagCache:
    """A flag definition cache provider on Redis.

    Args:
        client: the Redis client.
        prefix: names the service; all of its processes share it, no other service does.
        lock_seconds: after how many seconds without renewal the turn expires: two polling
            intervals or more.
        data_seconds: how many seconds definitions are stored.
        closes_client: whether ``shutdown`` also closes the client. Use True for an asynchronous
            client that nothing else uses: its connections belong to the loader's private event
            loop, on which only the loader can close them.
    """

    def __init__(
        self,
        client: RedisClient,
        *,
        prefix: str = "flagengine",
        lock_seconds: int = LOCK_SECONDS,
        data_seconds: int = DATA_SECONDS,
        closes_client: bool = False,
    ) -> None:
        self._client: Any = client
        self._lock_key = f"{prefix}:flag-definitions:lock"
        self._data_key = f"{prefix}:flag-definitions"
        self._lock_seconds = lock_seconds
        self._data_seconds = data_seconds
        self._closes_client = closes_client
        self._owner = (0, "")

    def __repr__(self) -> str:
        return f"<RedisFlagCache {self._data_key!r}>"

    def should_fetch_flag_definitions(self) -> bool | Awaitable[bool]:
        """Take the turn if it is free, extend it if this process has it."""
        answer = self._client.eval(
            _TAKE_OR_EXTEND, 1, self._lock_key, self._token(), self._lock_seconds
        )
        return _then(answer, lambda taken: int(taken) == 1)

    def get_flag_definitions(
        self,
    ) -> Mapping[str, Any] | Awaitable[Mapping[str, Any] | None] | None:
        """Return the stored document; None if there is none.

        Raises:
            ValueError: the key holds no JSON.
        """
        return _then(self.get_flag_definitions_text(), _decoded)

    def on_flag_definitions_received(self, document: Mapping[str, Any]) -> object:
        """Store `document`, from a source that has no text."""
        text = json.dumps(dict(document), separators=(",", ":"))
        return self.on_flag_definitions_text_received(text)

    def get_flag_definitions_text(self) -> Any:
        """Return the stored text; None if there is none."""
        return self._client.get(self._data_key)

    def on_flag_definitions_text_received(self, text: bytes | str) -> object:
        """Store `text` for the others."""
        return self._client.set(self._data_key, text, ex=self._data_seconds)

    def on_flag_definitions_unchanged(self) -> object:
        """Keep the stored document from expiring."""
        return self._client.eval(_EXTEND, 1, self._data_key, self._data_seconds)

    def shutdown(self) -> object:
        """Give up the turn, if this process has it; the definitions stay for the others."""
        released = self._client.eval(_RELEASE, 1, self._lock_key, self._token())
        if self._closes_client and not inspect.isawaitable(released):
            self._client.close()
        return self._close_after(released) if inspect.isawaitable(released) else released

    async def _close_after(self, released: Awaitable[Any]) -> None:
        try:
            await released
        finally:
            if self._closes_client:
                await self._client.aclose()

    def _token(self) -> str:
        """Return the name of this process; a forked child has another than its parent."""
        pid = os.getpid()
        if self._owner[0] != pid:
            self._owner = (pid, uuid.uuid4().hex)
        return self._owner[1]


def _decoded(stored: bytes | str | None) -> Mapping[str, Any] | None:
    return None if stored is None else read_json(stored)


def _then(value: Any, convert: Callable[[Any], T]) -> T | Awaitable[T]:
    """Apply `convert` to `value`, once it is awaited if it must be."""
    if inspect.isawaitable(value):
        return _converted(value, convert)
    return convert(value)


async def _converted(value: Awaitable[Any], convert: Callable[[Any], T]) -> T:
    return convert(await value)
