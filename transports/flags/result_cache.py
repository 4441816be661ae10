"""The opt-in cache of evaluated flags: to answer without the network, or in spite of it.

In ``primary`` mode an answer in the cache is used before the server is asked; in ``fallback`` mode
only when asking failed. Nothing is cached unless the client is told to. Local evaluation is never
cached: it is cheaper than a lookup.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from time import monotonic
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qsl, urlsplit

from cachetools import TTLCache

from ..json_text import to_json
from .evaluated import EvaluatedFlag

__all__ = [
    "CacheMode",
    "FlagCache",
    "FlagCacheSettings",
    "MemoryFlagCache",
    "Subject",
    "open_flag_cache",
    "parse_cache_url",
    "subject",
]

DEFAULT_TTL = 300.0
DEFAULT_SIZE = 10_000


class CacheMode(StrEnum):
    """When the cache is looked at."""

    PRIMARY = "primary"
    FALLBACK = "fallback"


class Subject(NamedTuple):
    """Whom an answer is for: what must be equal for it to be used again."""

    distinct_id: str
    groups: tuple[tuple[str, str], ...]
    device_id: str | None
    properties: str


class FlagCache(Protocol):
    """What the client needs of a cache; any object with these three methods will do."""

    def get(self, subject: Subject, key: str, /) -> EvaluatedFlag | None:
        """Return the stored answer; None when there is none or it is too old."""
        ...

    def put(self, subject: Subject, flag: EvaluatedFlag, /) -> None:
        """Store an answer."""
        ...

    def clear(self) -> None:
        """Forget everything."""
        ...


class MemoryFlagCache:
    """A bounded cache in this process: oldest answers go first, and all after `ttl` seconds."""

    def __init__(
        self,
        *,
        ttl: float = DEFAULT_TTL,
        size: int = DEFAULT_SIZE,
        timer: Callable[[], float] = monotonic,
    ) -> None:
        self._answers: TTLCache[tuple[Subject, str], EvaluatedFlag] = TTLCache(size, ttl, timer)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        with self._lock:
            self._answers.expire()
            return len(self._answers)

    def get(self, subject: Subject, key: str, /) -> EvaluatedFlag | None:
        """Return the stored answer; None when there is none or it is too old."""
        with self._lock:
            answer: EvaluatedFlag | None = self._answers.get((subject, key))
            return answer

    def put(self, subject: Subject, flag: EvaluatedFlag, /) -> None:
        """Store an answer."""
        with self._lock:
            self._answers[subject, flag.key] = flag

    def clear(self) -> None:
        """Forget everything: at reset, after a 401 or 402, when the definitions change."""
        with self._lock:
            self._answers.clear()

    def after_fork(self) -> None:
        """In a forked child: a fresh lock."""
        self._lock = threading.Lock()


def subject(
    distinct_id: str,
    groups: Mapping[str, object] | None = None,
    device_id: str | None = None,
    properties: object = None,
) -> Subject:
    """Return the cache's name for a person.

    `properties` are the properties of the call, person's and groups'; answers for other ones are
    other answers. Leave them out to find an answer in spite of them (``fallback``).
    """
    pairs = tuple(sorted((str(kind), str(key)) for kind, key in (groups or {}).items()))
    digest = blake2b(to_json(properties), digest_size=16).hexdigest() if properties else ""
    return Subject(distinct_id, pairs, device_id, digest)


@dataclass(frozen=True, slots=True)
class FlagCacheSettings:
    """A parsed cache URL."""

    ttl: float = DEFAULT_TTL
    size: int = DEFAULT_SIZE
    mode: CacheMode = CacheMode.PRIMARY


def parse_cache_url(url: str) -> FlagCacheSettings:
    """Return what ``memory://local/?ttl=300&size=10000&mode=primary`` says.

    Raises:
        ValueError: another scheme, an unknown parameter, a number that is none or not positive.
    """
    parts = urlsplit(url)
    if parts.scheme != "memory":
        msg = f"expected a flag cache URL that starts with memory://, found {parts.scheme!r}"
        raise ValueError(msg)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = given.keys() - {"ttl", "size", "mode"}
    if unknown:
        msg = f"expected the parameters ttl, size and mode, found {sorted(unknown)}"
        raise ValueError(msg)
    ttl = _positive("ttl", given.get("ttl", str(DEFAULT_TTL)), float)
    size = _positive("size", given.get("size", str(DEFAULT_SIZE)), int)
    return FlagCacheSettings(ttl, int(size), CacheMode(given.get("mode", CacheMode.PRIMARY)))


def open_flag_cache(cache: str | FlagCache) -> tuple[FlagCache, CacheMode]:
    """Return the cache that the client's option names or is; an object says ``mode`` itself.

    Raises:
        ValueError: a URL that cannot be read.
    """
    if isinstance(cache, str):
        settings = parse_cache_url(cache)
        return MemoryFlagCache(ttl=settings.ttl, size=settings.size), settings.mode
    return cache, CacheMode(getattr(cache, "mode", CacheMode.PRIMARY))


def _positive(name: str, text: str, convert: Callable[[str], Any]) -> float:
    try:
        number: float = convert(text)
    except ValueError:
        number = 0
    if not number > 0:
        msg = f"expected a positive number for {name}, found {text!r}"
        raise ValueError(msg)
    return number
