"""What a change of the definitions changes: events, cached answers, and what listeners hear."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from flagengine.transports import Response
from flagengine.transports.flags.cache import CacheSubject, MemoryFlagCache

from .bench import DEFINITIONS, SECRET, Bench, flag, local, needs

USER = "user-1"
IN_COHORT = {"properties": [{"key": "id", "type": "cohort", "value": 7}]}
ON_F = {
    "key": "f",
    "type": "flag",
    "operator": "flag_evaluates_to",
    "value": True,
    "dependency_chain": ["f"],
}
KEYS = ["f", "near", "cohort", "other"]


def document() -> dict[str, Any]:
    return {
        "flags": [
            flag("f", version=1, name="F"),
            flag("near", {"properties": [ON_F]}),
            flag("cohort", IN_COHORT),
            flag("other"),
        ],
        "cohorts": {"7": {"type": "AND", "values": []}},
        "group_type_mapping": {"0": "company"},
    }


def reordered(new: dict[str, Any]) -> None:
    new["flags"].reverse()


def renamed(new: dict[str, Any]) -> None:
    # The server counts the version up whatever is edited.
    new["flags"][0].update(name="another", version=2)


def extended(new: dict[str, Any]) -> None:
    new["flags"].append(flag("new"))
    new["cohorts"]["9"] = {"type": "OR", "values": []}
    new["group_type_mapping"]["1"] = "project"


def described(new: dict[str, Any]) -> None:
    for found in new["flags"]:
        found |= {"last_called_at": "now", "tags": ["x"], "ensure_experience_continuity": False}
        for condition in found["filters"]["groups"]:
            condition |= {"description": "x", "sort_key": "1", "users_affected": 3, "variant": None}


def payload(new: dict[str, Any]) -> None:
    new["flags"][0]["filters"]["payloads"] = {"true": "1"}


def cohort(new: dict[str, Any]) -> None:
    new["cohorts"]["7"]["values"].append({"key": "p", "type": "person", "operator": "is_not_set"})


CHANGES = [
    (reordered, set()),
    (renamed, set()),
    (extended, set()),
    (described, set()),
    (payload, {"f"}),
    (cohort, {"cohort"}),
]


@pytest.mark.contract("feature-flag-called-tracker")
@pytest.mark.parametrize(("change", "again"), CHANGES)
def test_only_reads_of_changed_flags_are_reported_again(
    change: Callable[[dict[str, Any]], None], again: set[str]
) -> None:
    definitions, new = local(), document()
    definitions.replace(document())
    with Bench(definitions=definitions) as bench:

        def read() -> list[str]:
            before = len(bench.called())
            for key in KEYS:
                bench.client.get_feature_flag(key, USER, person_properties={})
            return [called["$feature_flag"] for called in bench.called()[before:]]

        assert read() == KEYS
        change(new)
        definitions.replace(new)
        bench.client.reload_feature_flags()
        assert set(read()) == again
        assert read() == []


@pytest.mark.contract("feature-flag-called-tracker")
def test_definitions_that_arrive_or_come_back_change_no_flag() -> None:
    with Bench(secret_key=SECRET, wait_on_first_read=0) as bench:
        bench.server.definitions = document()
        bench.server.flags = {"f": True}
        read: Callable[[], Any] = lambda: bench.client.get_feature_flag("f", USER)  # noqa: E731
        assert read()
        assert len(bench.called("f")) == 1
        bench.client.reload_feature_flags()
        assert read()
        bench.server.play(DEFINITIONS, Response(402))
        bench.client.reload_feature_flags()
        assert read()
        bench.clock.advance(60)
        bench.client.reload_feature_flags()
        assert read()
        assert len(bench.called("f")) == 1
        bench.server.play(DEFINITIONS, Response(402))
        bench.client.reload_feature_flags()
        bench.clock.advance(60)
        payload(bench.server.definitions)
        bench.client.reload_feature_flags()
        assert read()
        assert len(bench.called("f")) == 2


@pytest.mark.contract("feature-flag-called-tracker")
def test_answers_of_the_server_are_forgotten_with_their_flag() -> None:
    definitions = local(flag("open", needs("plan")), flag("g"))
    with Bench(definitions=definitions) as bench:
        bench.server.flags = {"open": True, "there only": True}

        def read() -> None:
            for key in ("open", "there only"):
                bench.client.get_feature_flag(key, USER)

        read()
        definitions.replace({"flags": [flag("open", needs("plan")), flag("g", active=False)]})
        bench.client.reload_feature_flags()
        read()
        assert len(bench.called()) == 2
        definitions.replace({"flags": [flag("open", needs("country"))]})
        bench.client.reload_feature_flags()
        read()
        assert [each["$feature_flag"] for each in bench.called()][2:] == ["open"]


@pytest.mark.contract("feature-flag-cache")
def test_cached_answers_of_other_flags_stay() -> None:
    definitions = local(flag("a", needs("plan")), flag("b", needs("plan")))
    with Bench(definitions=definitions, flag_cache="memory://local/") as bench:
        bench.server.flags = {"a": True, "b": True}
        for _ in range(2):
            bench.client.get_all_flags(USER, flag_keys=["a", "b"])
        assert len(bench.flag_requests) == 1
        definitions.replace({"flags": [flag("a", needs("country")), flag("b", needs("plan"))]})
        bench.client.reload_feature_flags()
        bench.client.get_feature_flag("b", USER)
        assert len(bench.flag_requests) == 1
        bench.client.get_feature_flag("a", USER)
        assert len(bench.flag_requests) == 2


class ForeignCache(MemoryFlagCache):
    """A cache of an application, with the three methods of the protocol alone."""

    forget = None  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.cleared = 0

    def clear(self) -> None:
        self.cleared += 1


class BrokenCache(MemoryFlagCache):
    def forget(self, keys: Any, /) -> None:
        raise OSError


@pytest.mark.contract("feature-flag-cache")
def test_a_cache_that_cannot_forget_a_flag_is_cleared_when_one_changed() -> None:
    definitions, cache = local(flag("a")), ForeignCache()
    with Bench(definitions=definitions, flag_cache=cache) as bench:
        definitions.replace({"flags": [flag("a"), flag("b", name="B")]})
        bench.client.reload_feature_flags()
        assert cache.cleared == 1
        definitions.replace({"flags": [flag("b"), flag("a")]})
        bench.client.reload_feature_flags()
        assert cache.cleared == 1


def test_a_cache_that_fails_to_forget_only_causes_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    definitions = local(flag("a"))
    with Bench(definitions=definitions, flag_cache=BrokenCache()) as bench:
        definitions.replace({"flags": [flag("a", active=False)]})
        bench.client.reload_feature_flags()
        assert bench.client.get_feature_flag("a", USER) is False
    assert "cannot clear the flag cache (OSError)" in caplog.text


def test_the_memory_cache_forgets_one_flag_of_every_person() -> None:
    cache = MemoryFlagCache()
    answers = {key: type("Answer", (), {"key": key})() for key in ("a", "b")}
    people = [CacheSubject(person, (), None, "") for person in ("u", "v")]
    for person in people:
        for answer in answers.values():
            cache.put(person, answer)
    cache.forget({"a"})
    assert [cache.get(person, "a") for person in people] == [None, None]
    assert [cache.get(person, "b") for person in people] == [answers["b"]] * 2


@pytest.mark.contract("flag-definition-loader")
def test_listeners_hear_the_number_of_flags_and_the_changed_keys() -> None:
    heard: list[Any] = []
    definitions = local(flag("a"), flag("gone"))
    with Bench(definitions=definitions) as bench:
        bench.client.on("local_evaluation_flags_loaded", heard.append)
        definitions.replace({"flags": [flag("a"), flag("new"), flag("more")]})
        bench.client.reload_feature_flags()
        assert heard == [3]
        assert heard[0].changed_keys == {"gone", "new", "more"}
        assert repr(heard[0]) == "<FlagsLoaded: 3 flags, 3 changed>"
        bench.client.reload_feature_flags()
        definitions.replace(copy.deepcopy({"flags": [flag("a"), flag("new"), flag("more")]}))
        bench.client.reload_feature_flags()
        assert heard == [3]
