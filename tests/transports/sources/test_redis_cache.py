"""Sharing definitions through a real Redis, with redis-py, synchronous and asynchronous."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flagengine.transports.clock import ManualClock
from flagengine.transports.polling import DefinitionLoader
from flagengine.transports.polling.sources.memory import MemoryDefinitions
from flagengine.transports.polling.sources.redis_cache import RedisFlagCache

redis = pytest.importorskip("redis", reason="needs the extra 'redis'")
redis_asyncio = pytest.importorskip("redis.asyncio", reason="needs the extra 'redis'")
pytestmark = pytest.mark.contract("flag-definition-loader")

DOCUMENT = {"flags": [{"key": "é-shared"}], "cohorts": {"1": {}}, "property_matching_version": 2}
STARTS_WITHIN = 20.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    binary = shutil.which("redis-server")
    if binary is None:
        if os.environ.get("FLAGENGINE_REQUIRE_REDIS"):
            pytest.fail("FLAGENGINE_REQUIRE_REDIS is set, but there is no redis-server to start")
        pytest.skip("no redis-server on this machine (apt-get install redis-server)")
    number, folder = free_port(), tmp_path_factory.mktemp("redis")
    server = start(binary, number, folder)
    try:
        wait_until_answering(number, server)
        yield number
    finally:
        server.terminate()
        server.wait(10)


def start(binary: str, number: int, folder: Path) -> subprocess.Popen[bytes]:
    options = ["--bind", "127.0.0.1", "--port", str(number), "--save", "", "--appendonly", "no"]
    return subprocess.Popen(
        [binary, *options, "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_until_answering(number: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while server.poll() is None and time.monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", number), 1) as connection:
                connection.sendall(b"PING\r\n")
                if connection.recv(16).startswith(b"+PONG"):
                    return
        except OSError:
            continue
    pytest.fail("redis-server did not start")


@pytest.fixture
def client(port: int) -> Iterator[Any]:
    with redis.Redis(host="127.0.0.1", port=port) as connected:
        connected.flushall()
        yield connected


def keys(loader: DefinitionLoader) -> list[str]:
    snapshot = loader.current.snapshot
    return [] if snapshot is None else list(snapshot.flags)


def test_the_first_to_ask_gets_the_turn_and_keeps_it(client: Any) -> None:
    first, second = RedisFlagCache(client), RedisFlagCache(client)
    turns = [cache.should_fetch_flag_definitions() for cache in (first, second, first, second)]
    assert turns == [True, False, True, False]


def test_the_turn_lasts_a_minute_and_is_extended_by_asking_again(client: Any) -> None:
    cache = RedisFlagCache(client, prefix="shop")
    cache.should_fetch_flag_definitions()
    assert 58 <= client.ttl("shop:flag-definitions:lock") <= 60
    client.expire("shop:flag-definitions:lock", 5)
    assert cache.should_fetch_flag_definitions()
    assert client.ttl("shop:flag-definitions:lock") > 50


def test_a_turn_that_ran_out_is_free(client: Any) -> None:
    first, second = RedisFlagCache(client), RedisFlagCache(client)
    first.should_fetch_flag_definitions()
    client.delete("flagengine:flag-definitions:lock")
    assert second.should_fetch_flag_definitions()
    assert not first.should_fetch_flag_definitions()


def test_what_is_stored_is_read_back_whole_and_kept_a_day(client: Any) -> None:
    cache = RedisFlagCache(client)
    assert cache.get_flag_definitions() is None
    cache.on_flag_definitions_received(DOCUMENT)
    assert cache.get_flag_definitions() == DOCUMENT
    assert 86_000 < client.ttl("flagengine:flag-definitions") <= 86_400
    client.expire("flagengine:flag-definitions", 5)
    assert cache.on_flag_definitions_unchanged() is True
    assert client.ttl("flagengine:flag-definitions") > 86_000
    client.delete("flagengine:flag-definitions")  # as Redis does when its memory is full
    assert cache.on_flag_definitions_unchanged() is False


def test_the_age_is_the_time_since_the_definitions_were_stored_or_confirmed(client: Any) -> None:
    cache = RedisFlagCache(client, prefix="shop", data_seconds=1_000)
    assert cache.flag_definitions_age() is None
    cache.on_flag_definitions_received(DOCUMENT)
    assert cache.flag_definitions_age() == pytest.approx(0, abs=5)
    client.expire("shop:flag-definitions", 600)
    assert cache.flag_definitions_age() == pytest.approx(400, abs=5)
    cache.on_flag_definitions_unchanged()
    assert cache.flag_definitions_age() == pytest.approx(0, abs=5)
    client.persist("shop:flag-definitions")
    assert cache.flag_definitions_age() is None


def test_a_loader_that_reads_redis_has_the_age_of_the_servers_answer(client: Any) -> None:
    holder, reader = (RedisFlagCache(client, prefix="shop", data_seconds=1_000) for _ in range(2))
    assert holder.should_fetch_flag_definitions()
    holder.on_flag_definitions_received(DOCUMENT)
    client.expire("shop:flag-definitions", 600)
    loader = DefinitionLoader(MemoryDefinitions(), cache=reader)
    loader.tick()
    assert keys(loader) == ["é-shared"]
    assert loader.health().age == pytest.approx(400, abs=5)


def test_a_client_that_decodes_answers_works_as_well(client: Any, port: int) -> None:
    RedisFlagCache(client).on_flag_definitions_received(DOCUMENT)
    with redis.Redis(host="127.0.0.1", port=port, decode_responses=True) as decoding:
        cache = RedisFlagCache(decoding)
        assert cache.get_flag_definitions() == DOCUMENT
        assert cache.should_fetch_flag_definitions()


def test_services_with_other_prefixes_do_not_meet(client: Any) -> None:
    first, second = RedisFlagCache(client, prefix="a"), RedisFlagCache(client, prefix="b")
    first.on_flag_definitions_received(DOCUMENT)
    assert second.get_flag_definitions() is None
    assert first.should_fetch_flag_definitions()
    assert second.should_fetch_flag_definitions()


def test_a_shutdown_gives_up_the_own_turn_only(client: Any) -> None:
    first, second = RedisFlagCache(client), RedisFlagCache(client)
    first.should_fetch_flag_definitions()
    second.shutdown()
    assert client.exists("flagengine:flag-definitions:lock")
    first.shutdown()
    assert second.should_fetch_flag_definitions()


def test_what_others_wrote_under_the_key_is_no_crash(client: Any) -> None:
    client.set("flagengine:flag-definitions", b"\xff not json")
    with pytest.raises(ValueError, match=r"codec|JSON|char"):
        RedisFlagCache(client).get_flag_definitions()


def test_one_of_many_loaders_asks_the_server_and_all_have_the_flags(client: Any) -> None:
    source, clock = MemoryDefinitions(DOCUMENT), ManualClock()
    loaders = [
        DefinitionLoader(source, cache=RedisFlagCache(client), clock=clock) for _ in range(10)
    ]
    for loader in loaders:
        loader.tick()
    assert [keys(loader) for loader in loaders] == [["é-shared"]] * 10
    assert source.fetches == 1
    loaders[0].shutdown()
    clock.advance(30)
    for loader in loaders:
        loader.tick()
    assert source.fetches == 2


def test_an_asynchronous_client_works_too(port: int) -> None:
    client = redis_asyncio.Redis(host="127.0.0.1", port=port)
    cache = RedisFlagCache(client, closes_client=True)
    loader = DefinitionLoader(MemoryDefinitions(DOCUMENT), cache=cache)
    loader.tick()
    assert keys(loader) == ["é-shared"]
    loader.shutdown()


def test_a_redis_that_is_down_costs_a_warning_and_no_password(
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = redis.Redis.from_url(f"redis://:hunter2@127.0.0.1:{free_port()}")
    loader = DefinitionLoader(MemoryDefinitions(DOCUMENT), cache=RedisFlagCache(client))
    loader.tick()
    loader.shutdown()
    assert keys(loader) == ["é-shared"]
    assert "ConnectionError" in caplog.text
    assert "hunter2" not in caplog.text + repr(loader)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_is_another_process_than_its_parent(client: Any, port: int) -> None:
    cache = RedisFlagCache(client)
    assert cache.should_fetch_flag_definitions()
    child = os.fork()
    if child == 0:
        cache._client = redis.Redis(host="127.0.0.1", port=port)
        os._exit(1 if cache.should_fetch_flag_definitions() else 0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert cache.should_fetch_flag_definitions()
