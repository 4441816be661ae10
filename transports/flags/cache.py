"""The cache of the server's answers, which the option ``flag_cache`` turns on.

In ``primary`` mode the client reads the cache before it asks the server; in ``fallback`` mode, only
after a failed request. Local answers are not cached, because evaluating is cheaper than a lookup.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from time import monotonic
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qsl, urlsplit

from cachetools import TTLCache

from ..application_errors import application_errors
from ..json_text import to_json
from ..log_fields import log_fields
from .answer import FlagAnswer
from .query import FlagQuery

__all__ = [
    "AnswerCache",
    "CacheMode",
    "CacheSubject",
    "FlagCache",
    "FlagCacheSettings",
    "MemoryFlagCache",
    "open_flag_cache",
    "parse_cache_url",
]

logger: logging.Logger = logging.getLogger("flagengine.flags")

DEFAULT_TTL = 300.0
DEFAULT_SIZE = 10_000
LONGEST_ID = 200


class CacheMode(StrEnum):
    """When the client reads the cache."""

    PRIMARY = "primary"
    FALLBACK = "fallback"


class CacheSubject(NamedTuple):
    """The person of a cached answer, as a key: an equal subject gets the same answer.

    ``properties`` is a digest of the person's and the groups' properties. It is empty if the cache
    ignores properties. An id or a group's key of more than 200 characters is a digest too, so the size of
    a cache does not depend on their length.
    """

    distinct_id: str
    groups: tuple[tuple[str, str], ...]
    device_id: str | None
    properties: str


class FlagCache(Protocol):
    """The protocol of caches; an application may write its own."""

    def get(self, subject: CacheSubject, key: str, /) -> FlagAnswer | None:
        """Return the stored answer; None if there is none or it is too old."""
        ...

    def put(self, subject: CacheSubject, flag: FlagAnswer, /) -> None:
        """Store an answer."""
        ...

    def clear(self) -> None:
        """Forget everything. Called when flags changed, if there is no method ``forget(keys)``."""
        ...


class MemoryFlagCache:
    """A bounded cache in memory: answers expire after `ttl` seconds, and the oldest are evicted."""

    def __init__(
        self,
        *,
        ttl: float = DEFAULT_TTL,
        size: int = DEFAULT_SIZE,
        timer: Callable[[], float] = monotonic,
    ) -> None:
        self._answers: TTLCache[tuple[CacheSubject, str], FlagAnswer] = TTLCache(size, ttl, timer)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        with self._lock:
            self._answers.expire()
            return len(self._answers)

    def get(self, subject: CacheSubject, key: str, /) -> FlagAnswer | None:
        """Return the stored answer; None if there is none or it is too old."""
        with self._lock:
            answer: FlagAnswer | None = self._answers.get((subject, key))
            return answer

    def put(self, subject: CacheSubject, flag: FlagAnswer, /) -> None:
        """Store an answer."""
        with self._lock:
            self._answers[subject, flag.key] = flag

    def forget(self, keys: Collection[str], /) -> None:
        """Remove the answers of these flags."""
        with self._lock:
            for stored in [each for each in self._answers if each[1] in keys]:
                self._answers.pop(stored, None)

    def clear(self) -> None:
        """Remove all answers."""
        with self._lock:
            self._answers.clear()

    def after_fork(self) -> None:
        """Renew the lock in a forked child."""
        self._lock = threading.Lock()


class AnswerCache:
    """The client's cache with its mode. An exception in the cache object only causes a warning."""

    def __init__(self, cache: FlagCache, mode: CacheMode = CacheMode.PRIMARY) -> None:
        self._cache = cache
        self.mode = mode

    def find(self, query: FlagQuery, keys: Iterable[str]) -> dict[str, FlagAnswer]:
        """Return the stored answers for the query's person by key."""
        subject = self.subject(query)
        try:
            found = {key: self._cache.get(subject, key) for key in keys}
        except application_errors() as error:
            _warn("cannot read the flag cache (%s)", error)
            return {}
        return {key: answer for key, answer in found.items() if answer is not None}

    def store(self, query: FlagQuery, answers: Mapping[str, FlagAnswer]) -> None:
        """Store the answers for the query's person."""
        subject = self.subject(query)
        try:
            for answer in answers.values():
                self._cache.put(subject, answer)
        except application_errors() as error:
            _warn("cannot write to the flag cache (%s)", error)

    def forget(self, keys: Collection[str]) -> None:
        """Forget the answers of these flags; everything, if the cache has no method ``forget``."""
        forget = getattr(self._cache, "forget", None)
        if not keys:
            return
        if not callable(forget):
            self.clear()
            return
        try:
            forget(keys)
        except application_errors() as error:
            _warn("cannot clear the flag cache (%s)", error)

    def clear(self) -> None:
        """Forget everything."""
        try:
            self._cache.clear()
        except application_errors() as error:
            _warn("cannot clear the flag cache (%s)", error)

    def after_fork(self) -> None:
        """Renew the cache's locks in a forked child, if the cache has an ``after_fork`` method."""
        renew = getattr(self._cache, "after_fork", None)
        if callable(renew):
            renew()

    def subject(self, query: FlagQuery) -> CacheSubject:
        """Return the query's cache subject; in ``fallback`` mode, ignore the properties."""
        groups = sorted((str(kind), _short(str(key))) for kind, key in query.groups.items())
        properties = (query.person_properties, query.group_properties)
        digest = ""
        if self.mode is CacheMode.PRIMARY and any(properties):
            digest = blake2b(to_json(properties), digest_size=16).hexdigest()
        device_id = None if query.device_id is None else _short(str(query.device_id))
        return CacheSubject(_short(query.distinct_id), tuple(groups), device_id, digest)


def _short(text: str) -> str:
    """Return an id, or the digest of a long one."""
    if len(text) <= LONGEST_ID:
        return text
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class FlagCacheSettings:
    """A parsed cache URL."""

    ttl: float = DEFAULT_TTL
    size: int = DEFAULT_SIZE
    mode: CacheMode = CacheMode.PRIMARY


def parse_cache_url(url: str) -> FlagCacheSettings:
    """Return the settings in a URL like ``memory://local/?ttl=300&size=10000&mode=primary``.

    Raises:
        ValueError: another scheme, an unknown parameter or mode, or a number that is not positive.
    """
    parts = urlsplit(url)
    if parts.scheme != "memory":
        msg = f"flag cache URL must start with memory://, got {parts.scheme!r}"
        raise ValueError(msg)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = given.keys() - {"ttl", "size", "mode"}
    if unknown:
        msg = f"flag cache URL parameters must be ttl, size or mode, got {sorted(unknown)}"
        raise ValueError(msg)
    ttl = _positive("ttl", given.get("ttl", str(DEFAULT_TTL)), float)
    size = _positive("size", given.get("size", str(DEFAULT_SIZE)), int)
    return FlagCacheSettings(ttl, int(size), CacheMode(given.get("mode", CacheMode.PRIMARY)))


def open_flag_cache(cache: str | FlagCache) -> AnswerCache:
    """Return the cache of the option ``flag_cache``: a URL, or an object, which may have a ``mode``.

    Raises:
        ValueError: the URL is invalid.
    """
    if isinstance(cache, str):
        settings = parse_cache_url(cache)
        return AnswerCache(MemoryFlagCache(ttl=settings.ttl, size=settings.size), settings.mode)
    return AnswerCache(cache, CacheMode(getattr(cache, "mode", CacheMode.PRIMARY)))


def _positive(name: str, text: str, convert: Callable[[str], Any]) -> float:
    try:
        number: float = convert(text)
    except ValueError:
        number = 0
    if not number > 0:
        msg = f"{name} must be a positive number, got {text!r}"
        raise ValueError(msg)
    return number


def _warn(message: str, error: BaseException) -> None:
    logger.warning(message, type(error).__name__, extra=log_fields(error=error))
