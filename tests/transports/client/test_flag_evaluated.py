"""The listeners of ``flag_evaluated`` hear of every read, whatever the way of reading."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
from typing import Any

import pytest

from flagengine.transports import AsyncClient, FlagEvaluated, FlagEvaluations, MemorySink
from flagengine.transports.flags.reading import FlagError

from .bench import Bench, flag, local, needs, variant_flag

USER = "user-1"
GETTERS = (
    "get_feature_flag",
    "is_feature_enabled",
    "get_feature_flag_result",
    "get_feature_flag_reading",
    "get_feature_flag_payload",
)


@pytest.fixture
def bench() -> Any:
    definitions = local(
        flag("beta"), variant_flag("color", "red", {"a": 1}), flag("pro", needs("plan", "pro"))
    )
    with Bench(None, definitions=definitions, sink=MemorySink()) as made:
        yield made


@pytest.fixture
def heard(bench: Bench) -> list[FlagEvaluated]:
    found: list[FlagEvaluated] = []
    bench.client.on("flag_evaluated", found.append)
    return found


@pytest.mark.parametrize("getter", GETTERS)
def test_every_read_is_heard_also_those_that_were_quick_before(bench: Bench, getter: str) -> None:
    read = getattr(bench.client, getter)
    for _ in range(3):
        read("beta", USER)
    found: list[FlagEvaluated] = []
    stop = bench.client.on("flag_evaluated", found.append)
    expected = read("beta", USER), read("beta", USER)
    assert [(each.key, each.value, each.distinct_id, each.origin) for each in found] == [
        ("beta", True, USER, "local")
    ] * 2
    stop()
    assert (read("beta", USER), read("beta", USER)) == expected
    assert len(found) == 2
    assert bench.client.components.reads.value is not None


def test_the_reading_has_what_the_getters_give(bench: Bench, heard: list[FlagEvaluated]) -> None:
    result = bench.client.get_feature_flag_result(
        "color", USER, groups={"company": "acme"}, device_id="d"
    )
    assert heard[0].reading.result == result
    assert heard[0].error is None
    assert (heard[0].groups, heard[0].device_id) == ({"company": "acme"}, "d")


def test_reads_without_an_answer_say_why(bench: Bench, heard: list[FlagEvaluated]) -> None:
    client = bench.client
    client.get_feature_flag("unknown", USER)
    client.get_feature_flag("pro", USER)
    client.get_feature_flag("beta")
    client.disabled = True
    client.get_feature_flag("beta", USER)
    assert [(each.value, each.error, each.origin, each.distinct_id) for each in heard] == [
        (None, FlagError.FLAG_NOT_FOUND, "none", USER),
        (None, FlagError.INVALID_CONTEXT, "none", USER),
        (None, FlagError.TARGETING_KEY_MISSING, "none", ""),
        (None, FlagError.PROVIDER_NOT_READY, "none", ""),
    ]


def test_the_origin_tells_overrides_and_the_server() -> None:
    with Bench(definitions=local(flag("pro", needs("plan", "pro")))) as bench:
        heard: list[FlagEvaluated] = []
        bench.client.on("flag_evaluated", heard.append)
        bench.server.flags = {"pro": True, "there only": "x"}
        bench.client.get_feature_flag("pro", USER)
        bench.client.get_feature_flag("there only", USER)
        with bench.client.overridden_flags({"pro": False, "gone": None}):
            bench.client.get_feature_flag("pro", USER)
            bench.client.get_feature_flag("gone", USER)
    found = [(each.key, each.value, each.origin) for each in heard]
    assert found == [
        ("pro", True, "server"),
        ("there only", "x", "server"),
        ("pro", False, "override"),
        ("gone", None, "override"),
    ]


def test_an_answer_from_the_cache_after_a_failed_request_is_stale() -> None:
    with Bench(flag_cache="memory://local/?ttl=300&size=10&mode=fallback") as bench:
        heard: list[FlagEvaluated] = []
        bench.client.on("flag_evaluated", heard.append)
        bench.server.flags = {"beta": True}
        bench.client.get_feature_flag("beta", USER)
        bench.server.play("/flags/", *[lambda _: _unavailable()] * 4)
        bench.client.get_feature_flag("beta", USER)
    assert [each.origin for each in heard] == ["server", "stale"]


def _unavailable() -> Any:
    from flagengine.transports import Response  # noqa: PLC0415

    return Response(500)


def test_each_read_of_an_evaluation_is_heard_and_evaluating_is_not(
    bench: Bench, heard: list[FlagEvaluated]
) -> None:
    flags = bench.client.evaluate_flags(USER)
    assert heard == []
    flags.is_enabled("beta")
    flags.is_enabled("beta")
    flags.get_flag_payload("color")
    flags.get_string_value("color", "none")
    flags.get_flag("unknown")
    assert [(each.key, each.value) for each in heard] == [
        ("beta", True),
        ("beta", True),
        ("color", "red"),
        ("color", "red"),
        ("unknown", None),
    ]


def test_copies_of_an_evaluation_are_heard_and_pickled_ones_are_not(
    bench: Bench, heard: list[FlagEvaluated]
) -> None:
    flags = bench.client.evaluate_flags(USER)
    for each in (copy.copy(flags), copy.deepcopy(flags), flags.only(["beta"])):
        assert each.get_flag("beta") is True
        assert isinstance(each, FlagEvaluations)
    assert len(heard) == 3
    flags.only(["beta"]).get_flag("color")
    assert heard[-1].error is FlagError.FLAG_NOT_FOUND
    travelled = pickle.loads(pickle.dumps(flags))
    assert travelled.get_flag("beta") is True
    assert travelled.only_accessed().keys == ["beta"]
    assert len(heard) == 4


def test_all_flags_are_heard_only_where_they_are_named(
    bench: Bench, heard: list[FlagEvaluated]
) -> None:
    bench.client.get_all_flags(USER)
    bench.client.capture("bought", distinct_id=USER, send_feature_flags=True)
    bench.client.get_feature_flag_payload("color", USER, match_value="red")
    assert heard == []
    bench.client.get_all_flags(USER, flag_keys=["beta", "unknown"])
    bench.client.get_all_flags_and_payloads(USER, flag_keys=["color"])
    assert [(each.key, each.value) for each in heard] == [
        ("beta", True),
        ("unknown", None),
        ("color", "red"),
    ]


def test_listeners_of_everything_do_not_hear_of_reads(bench: Bench) -> None:
    names: list[str] = []
    bench.client.on("*", lambda name, _: names.append(name))
    for _ in range(3):
        bench.client.get_feature_flag("beta", USER)
    assert bench.client.components.reads.value is not None
    bench.client.on("flag_evaluated", lambda _: names.append("heard"))
    bench.client.get_feature_flag("beta", USER)
    assert names[-1] == "heard"
    assert "flag_evaluated" not in names


def test_a_listener_that_raises_or_reads_harms_nobody(
    bench: Bench, heard: list[FlagEvaluated], caplog: pytest.LogCaptureFixture
) -> None:
    def read(_: FlagEvaluated) -> None:
        bench.client.get_feature_flag("color", USER)
        raise ZeroDivisionError

    bench.client.on("flag_evaluated", read)
    with caplog.at_level(logging.WARNING, "flagengine"):
        assert bench.client.get_feature_flag("beta", USER) is True
    assert [each.key for each in heard] == ["beta"]
    assert "is not called again" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_an_async_listener_runs_on_the_loop() -> None:
    async def main() -> list[str]:
        options = {"definitions": local(flag("beta")), "sink": MemorySink()}
        async with AsyncClient(**options) as client:
            heard, is_heard = [], asyncio.Event()

            async def listen(evaluated: FlagEvaluated) -> None:
                await asyncio.sleep(0)
                heard.append(evaluated.key)
                is_heard.set()

            client.on("flag_evaluated", listen)
            assert await client.is_feature_enabled("beta", USER) is True
            await is_heard.wait()
            (await client.evaluate_flags(USER)).is_enabled("beta")
            return heard

    assert asyncio.run(main())[:1] == ["beta"]
