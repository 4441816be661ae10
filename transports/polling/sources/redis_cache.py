"""Sharing definitions through Redis: one process asks the server, all others read Redis.

It accepts any client with redis-py's ``get``, ``set`` and ``eval``, synchronous or asynchronous
(``redis.Redis``, ``redis.asyncio.Redis``, valkey), and imports none of them. The process that asks
the server holds a lock that expires, so another process takes over when the holder dies.
"""

from __future__ import annotations

import inspect
import json
import os
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

from ...json_text import read_json
from ...option_values.messages import wrong_type
from ...option_values.objects import Instance
from ...option_values.quantities import Count, read_boolean
from ...option_values.texts import read_name

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

_MILLISECONDS_LEFT = "return redis.call('pttl', KEYS[1])"


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


_read_client = Instance(("get", "set", "eval"), hints=((str, "redis.Redis.from_url(url)"),))


class RedisFlagCache:
    """A flag definition cache provider on Redis.

    Args:
        client: the Redis client.
        prefix: prefix of the Redis keys: the same for all processes of a service, and used by no
            other service.
        lock_seconds: seconds after which a lock that is not renewed expires; at least two polling
            intervals.
        data_seconds: seconds after which the stored definitions expire.
        closes_client: whether ``shutdown`` also closes the client. Use True for an asynchronous
            client that nothing else uses: its connections belong to the loader's private event
            loop, and only the loader can close them there.
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
        if client is None:
            raise wrong_type("client", "a client of Redis", client)
        self._client = _read_client("client", client)
        service = read_name("prefix", prefix)
        self._lock_key = f"{service}:flag-definitions:lock"
        self._data_key = f"{service}:flag-definitions"
        self._lock_seconds = Count(LOCK_SECONDS)("lock_seconds", lock_seconds)
        self._data_seconds = Count(DATA_SECONDS)("data_seconds", data_seconds)
        self._closes_client = read_boolean("closes_client", closes_client)
        self._owner = (0, "")

    def __repr__(self) -> str:
        return f"<RedisFlagCache {self._data_key!r}>"

    def should_fetch_flag_definitions(self) -> bool | Awaitable[bool]:
        """Take the lock, or extend it if this process holds it; return whether it does."""
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
        """Store `document`, which came from a source without JSON text."""
        text = json.dumps(dict(document), separators=(",", ":"))
        return self.on_flag_definitions_text_received(text)

    def get_flag_definitions_text(self) -> Any:
        """Return the stored text; None if there is none."""
        return self._client.get(self._data_key)

    def on_flag_definitions_text_received(self, text: bytes | str) -> object:
        """Store `text` for the other processes."""
        return self._client.set(self._data_key, text, ex=self._data_seconds)

    def on_flag_definitions_unchanged(self) -> bool | Awaitable[bool]:
        """Keep the stored document from expiring; return whether there still is one."""
        answer = self._client.eval(_EXTEND, 1, self._data_key, self._data_seconds)
        return _then(answer, lambda extended: int(extended) == 1)

    def flag_definitions_age(self) -> float | Awaitable[float | None] | None:
        """Return the seconds since the document was stored or kept from expiring; None if there is none.

        They are read from the time that is left of ``data_seconds``, so all processes of a service must have the same.
        """
        left = self._client.eval(_MILLISECONDS_LEFT, 1, self._data_key)
        return _then(left, self._age)

    def _age(self, milliseconds_left: int) -> float | None:
        # -1: it never expires, -2: there is none.
        if milliseconds_left < 0:
            return None
        age: float = self._data_seconds - milliseconds_left / 1_000
        return max(0.0, age)

    def shutdown(self) -> object:
        """Release the lock, if this process holds it; leave the definitions in Redis."""
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
        """Return this process's lock token; a forked child makes its own."""
        pid = os.getpid()
        if self._owner[0] != pid:
            self._owner = (pid, uuid.uuid4().hex)
        return self._owner[1]


def _decoded(stored: bytes | str | None) -> Mapping[str, Any] | None:
    return None if stored is None else read_json(stored)


def _then(value: Any, convert: Callable[[Any], T]) -> T | Awaitable[T]:
    """Apply `convert` to `value`, or to its result if `value` is awaitable."""
    if inspect.isawaitable(value):
        return _converted(value, convert)
    return convert(value)


async def _converted(value: Awaitable[Any], convert: Callable[[Any], T]) -> T:
    return convert(await value)
