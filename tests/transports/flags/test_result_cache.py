"""The opt-in cache: found again only for the same person, for a while, within bounds."""

from __future__ import annotations

from typing import Any

import pytest

from flagengine.transports.clock import ManualClock
from flagengine.transports.flags import (
    CacheMode,
    EvaluatedFlag,
    MemoryFlagCache,
    open_flag_cache,
    subject,
)
from flagengine.transports.flags.result_cache import FlagCacheSettings, parse_cache_url

pytestmark = pytest.mark.contract("feature-flag-cache")


def flag(key: str, value: Any = "on") -> EvaluatedFlag:
    return EvaluatedFlag(key, value, enabled=bool(value), raw_payload='{"a": 1}')


def test_values_and_payloads_are_stored_and_read_without_a_network() -> None:
    cache, me = MemoryFlagCache(), subject("u1")
    cache.put(me, flag("beta", "blue"))
    stored = cache.get(me, "beta")
    assert stored is not None
    assert (stored.value, stored.payload) == ("blue", {"a": 1})
    assert cache.get(me, "other") is None


def test_an_answer_is_forgotten_after_its_time() -> None:
    clock = ManualClock()
    cache, me = MemoryFlagCache(ttl=300, timer=clock.monotonic), subject("u1")
    cache.put(me, flag("beta"))
    clock.advance(299)
    assert cache.get(me, "beta") is not None
    clock.advance(2)
    assert cache.get(me, "beta") is None
    assert len(cache) == 0


def test_it_is_bounded() -> None:
    cache = MemoryFlagCache(size=10)
    for number in range(100):
        cache.put(subject(f"u{number}"), flag("beta"))
    assert len(cache) == 10


def test_clearing_forgets_everything() -> None:
    cache = MemoryFlagCache()
    cache.put(subject("u1"), flag("beta"))
    cache.clear()
    assert cache.get(subject("u1"), "beta") is None


def test_another_person_group_device_or_property_is_another_answer() -> None:
    subjects = {
        subject("u1"),
        subject("u2"),
        subject("u1", {"company": "acme"}),
        subject("u1", device_id="d"),
        subject("u1", properties={"plan": "pro"}),
        subject("u1", properties={"plan": "free"}),
    }
    assert len(subjects) == 6
    assert subject("u1", {"a": 1, "b": "2"}) == subject("u1", {"b": 2, "a": "1"})
    assert subject("u1", properties={}) == subject("u1")


def test_a_url_says_how_long_how_many_and_when() -> None:
    assert parse_cache_url("memory://local/?ttl=60&size=5&mode=fallback") == FlagCacheSettings(
        60.0, 5, CacheMode.FALLBACK
    )
    assert parse_cache_url("memory://local/") == FlagCacheSettings()


@pytest.mark.parametrize(
    "url",
    [
        "redis://host/",
        "memory://local/?ttl=0",
        "memory://local/?size=-1",
        "memory://local/?ttl=soon",
        "memory://local/?size=1.5",
        "memory://local/?tll=5",
        "memory://local/?mode=sometimes",
        "",
    ],
)
def test_a_url_that_cannot_be_read_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"expected|not a valid"):
        parse_cache_url(url)


def test_the_option_may_be_a_url_or_an_object_of_ones_own() -> None:
    cache, mode = open_flag_cache("memory://local/?mode=fallback")
    assert isinstance(cache, MemoryFlagCache)
    assert mode is CacheMode.FALLBACK

    class Own(MemoryFlagCache):
        mode = "fallback"

    own = Own()
    assert open_flag_cache(own) == (own, CacheMode.FALLBACK)
    plain = MemoryFlagCache()
    assert open_flag_cache(plain) == (plain, CacheMode.PRIMARY)
