"""The opt-in cache: answers are found only for the same person, for a limited time and number."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from flagengine import Reason, Resolution
from flagengine.transports.clock import ManualClock
from flagengine.transports.flags.answer import FlagAnswer, Origin
from flagengine.transports.flags.cache import (
    AnswerCache,
    CacheMode,
    CacheSubject,
    FlagCacheSettings,
    MemoryFlagCache,
    open_flag_cache,
    parse_cache_url,
)
from flagengine.transports.flags.query import FlagQuery

pytestmark = pytest.mark.contract("feature-flag-cache")


def flag(key: str, value: Any = "on") -> FlagAnswer:
    resolution = Resolution(key, value, Reason.CONDITION_MATCH, raw_payload='{"a": 1}')
    return FlagAnswer(resolution, Origin(request_id="r"))


def subject(distinct_id: str, mode: CacheMode = CacheMode.PRIMARY, **query: Any) -> CacheSubject:
    return AnswerCache(MemoryFlagCache(), mode).subject(FlagQuery(distinct_id, **query))


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


def test_long_ids_take_no_more_room_and_stay_apart() -> None:
    long = "x" * 100_000

    def of(end: str) -> CacheSubject:
        return subject(long + end, groups={"company": long + end}, device_id=long + end)

    found = of("a")
    assert found == of("a")
    assert found != of("b")
    texts = (found.distinct_id, found.groups[0][1], found.device_id or "")
    assert [len(text) for text in texts] == [32] * 3
    assert subject("x" * 200).distinct_id == "x" * 200


def test_another_person_group_device_or_property_is_another_answer() -> None:
    subjects = {
        subject("u1"),
        subject("u2"),
        subject("u1", groups={"company": "acme"}),
        subject("u1", device_id="d"),
        subject("u1", person_properties={"plan": "pro"}),
        subject("u1", person_properties={"plan": "free"}),
    }
    assert len(subjects) == 6
    assert subject("u1", groups={"a": 1, "b": "2"}) == subject("u1", groups={"b": 2, "a": "1"})
    assert subject("u1", person_properties={}) == subject("u1")


def test_a_fallback_is_the_persons_whatever_the_properties() -> None:
    known = {"person_properties": {"plan": "pro"}}
    assert subject("u1", CacheMode.FALLBACK, **known) == subject("u1")


def test_an_answer_survives_pickling_for_caches_outside_the_process() -> None:
    assert pickle.loads(pickle.dumps(flag("beta", "blue"))) == flag("beta", "blue")


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
    with pytest.raises(ValueError, match=r"must be|must start|not a valid"):
        parse_cache_url(url)


def test_the_option_may_be_a_url_or_an_object_of_ones_own() -> None:
    assert open_flag_cache("memory://local/?mode=fallback").mode is CacheMode.FALLBACK

    class Own(MemoryFlagCache):
        mode = "fallback"

    own, query = Own(), FlagQuery("u1")
    cache = open_flag_cache(own)
    assert cache.mode is CacheMode.FALLBACK
    cache.store(query, {"beta": flag("beta")})
    assert own.get(cache.subject(query), "beta") == flag("beta")
    assert open_flag_cache(MemoryFlagCache()).mode is CacheMode.PRIMARY
