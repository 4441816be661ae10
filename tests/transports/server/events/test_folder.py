"""Events that wait are kept: on disk where there is a folder, and acknowledged only then."""

from __future__ import annotations

import asyncio
import errno
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flagengine.transports.batching import append_file
from flagengine.transports.batching.spool.spool import Spool
from flagengine.transports.errors import RequestError
from flagengine.transports.http.base import Request, Response
from flagengine.transports.server import ProjectSettings
from flagengine.transports.server.events import intake
from tests.transports.server.events.support import (
    QUICK,
    Taking,
    Upstream,
    event,
    relay_settings,
    uuid_of,
)
from tests.transports.server.support import KEY, Bench

LATER = "retry-after"


def down() -> Upstream:
    """Return a server upstream that cannot be reached."""
    return Upstream(default=RequestError("connection refused"))


def unreachable(settings: ProjectSettings) -> Taking:
    """Return a relay that cannot reach its server upstream, and does not wait for it at its end."""
    return Taking(settings, transport=down(), shutdown_timeout=0.01)


async def until_waiting(server: Taking, count: int) -> None:
    """Go on when the events of so many requests wait to be written."""
    while len(server.project.intake._waiting) < count:
        await asyncio.sleep(0)


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*.spool"))


def _everything_in(folder: Path) -> list[Path]:
    return list(folder.rglob("*"))


def run(scenario: Any) -> None:
    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_an_acknowledged_event_is_on_disk(tmp_path: Path):
    async def scenario() -> None:
        async with unreachable(relay_settings(events=tmp_path)) as server:
            for number, path in enumerate(["/batch/", "/i/v0/ai/batch/"]):
                assert (await server.send(event(number), path=path)).status == 200
                assert uuid_of(number).encode() in on_disk(tmp_path)
            assert (await server.send(event(3), historical_migration=True)).status == 200
            assert uuid_of(3).encode() in on_disk(tmp_path)

    run(scenario)


def test_the_next_server_passes_on_what_the_last_one_left(tmp_path: Path):
    async def scenario() -> None:
        settings = relay_settings(events=tmp_path)
        async with unreachable(settings) as server:
            await server.send(event(1), event(2))
            await server.send(event(3), historical_migration=True)
        counters = server.project.counters()
        assert counters is not None
        assert (counters.kept, dict(counters.dropped)) == (3, {})
        upstream = Upstream()
        async with Taking(settings, transport=upstream):
            pass
        assert {each["uuid"] for each in upstream.events()} == {uuid_of(n) for n in (1, 2, 3)}
        assert [len(batch["batch"]) for batch in upstream.batches()] == [2, 1] or (
            [len(batch["batch"]) for batch in upstream.batches()] == [1, 2]
        )
        assert on_disk(tmp_path) == b""

    run(scenario)


def test_two_servers_share_a_folder(tmp_path: Path):
    async def scenario() -> None:
        settings = relay_settings(events=tmp_path)
        first, second = Upstream(), Upstream()
        async with (
            Taking(settings, transport=first) as one,
            Taking(settings, transport=second) as other,
        ):
            await one.send(event(1))
            await other.send(event(2))
        assert [each["uuid"] for each in first.events()] == [uuid_of(1)]
        assert [each["uuid"] for each in second.events()] == [uuid_of(2)]

    run(scenario)


def test_projects_share_a_folder_and_no_event_gets_into_another_project(tmp_path: Path):
    async def scenario() -> None:
        named = {
            name: relay_settings(name=name, project_key=f"phc_{name}", events=tmp_path)
            for name in ("a", "b")
        }
        async with unreachable(named["a"]) as server:
            sent = {"api_key": "phc_a", "batch": [event(1)]}
            assert (await server.ask("POST", "/batch/", sent)).status == 200
        other = Upstream()
        async with Taking(named["b"], transport=other):
            pass
        assert other.requests == []
        upstream = Upstream()
        async with Taking(named["a"], transport=upstream):
            pass
        (batch,) = upstream.batches()
        assert batch["api_key"] == "phc_a"

    run(scenario)


def test_the_names_in_the_folder_have_no_key(tmp_path: Path):
    async def scenario() -> None:
        async with unreachable(relay_settings(events=tmp_path)) as server:
            await server.send(event(1))
            names.extend(map(str, _everything_in(tmp_path)))

    names: list[str] = []
    run(scenario)
    assert names
    assert not any(KEY in name for name in names)


class TestRefusals:
    def test_events_are_refused_while_the_disk_is_full(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        is_full = False
        write = append_file._write_all

        def written(descriptor: int, data: bytes) -> None:
            if is_full:
                raise OSError(errno.ENOSPC, "No space left on device")
            write(descriptor, data)

        monkeypatch.setattr(append_file, "_write_all", written)
        upstream = Upstream()

        async def scenario() -> None:
            nonlocal is_full
            async with Taking(relay_settings(events=tmp_path), transport=upstream) as server:
                assert (await server.send(event(1))).status == 200
                is_full = True
                answer = await server.send(event(2))
                assert (answer.status, answer.header(LATER)) == (503, "5")
                assert (await server.captured())[-1]["uuid"] == uuid_of(1)
                is_full = False
                assert (await server.send(event(3))).status == 200
                counters = server.project.counters()
                assert counters is not None
                assert dict(counters.refused) == {"unstored": 1}
            assert {each["uuid"] for each in upstream.events()} == {uuid_of(1), uuid_of(3)}

        run(scenario)

    def test_events_are_refused_while_the_folder_is_full_and_taken_when_there_is_room(
        self, tmp_path: Path
    ):
        upstream = down()

        async def scenario() -> None:
            settings = relay_settings(events=tmp_path, max_spool_bytes=20_000)
            server = Taking(settings, transport=upstream)
            async with server:
                taken = 0
                while (await server.send(_large(taken))).status == 200:
                    taken += 1
                assert taken == 4
                upstream.default = Response(200)
            assert {each["uuid"] for each in upstream.events()} == set(map(uuid_of, range(taken)))
            async with Taking(settings, transport=upstream) as server:
                assert (await server.send(_large(9))).status == 200

        run(scenario)

    def test_events_are_refused_if_the_folder_cannot_be_one(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ):
        (tmp_path / "file").touch()

        async def scenario() -> None:
            settings = relay_settings(events=tmp_path / "file")
            async with unreachable(settings) as server:
                answer = await server.send(event(1))
                assert answer.status == 503
                assert "Not a directory" in caplog.text

        run(scenario)

    def test_events_are_refused_while_memory_is_full(self):
        upstream = down()

        async def scenario() -> None:
            limits = replace(QUICK, max_queue_size=3, max_batch_size=1)
            async with Taking(relay_settings(), transport=upstream, limits=limits) as server:
                statuses = [(await server.send(event(number))).status for number in range(8)]
                assert statuses[:3] == [200, 200, 200]
                assert statuses[-1] == 503
                upstream.default = Response(200)
            accepted = {uuid_of(n) for n, status in enumerate(statuses) if status == 200}
            assert {each["uuid"] for each in upstream.events()} == accepted

        run(scenario)

    def test_events_of_which_a_part_is_kept_are_all_sent_again(self):
        """The answer cannot say which were kept; those come twice, with the same uuids."""
        held = threading.Event()

        def slow(_request: Request) -> Response:
            held.wait(20)
            return Response(200)

        upstream = Upstream(default=slow)

        async def scenario() -> None:
            limits = replace(QUICK, max_queue_size=2, flush_interval=1000.0)
            async with Taking(relay_settings(), transport=upstream, limits=limits) as server:
                assert (await server.send(*(event(number) for number in range(4)))).status == 503
                assert len(await server.captured()) == 2
                held.set()

        run(scenario)
        assert [each["uuid"] for each in upstream.events()] == [uuid_of(0), uuid_of(1)]

    def test_capture_v1_says_which_events_to_send_again(self):
        headers = {
            "authorization": f"Bearer {KEY}",
            "content-type": "application/json",
            "user-agent": "x",
            "posthog-sdk-info": "posthog-python/7.91.1",
            "posthog-attempt": "1",
            "posthog-request-id": uuid_of(99),
            "posthog-request-timestamp": "2026-01-02T03:04:05Z",
        }
        held = threading.Event()

        def slow(_request: Request) -> Response:
            held.wait(20)
            return Response(200)

        async def scenario() -> None:
            limits = replace(QUICK, max_queue_size=2, flush_interval=1000.0)
            upstream = Upstream(default=slow)
            async with Taking(relay_settings(), transport=upstream, limits=limits) as server:
                events = [event(number) for number in range(4)]
                sent = {"created_at": "2026-01-02T03:04:05Z", "batch": events}
                answer = await server.ask("POST", "/i/v1/analytics/events", sent, headers)
                assert answer.status == 200
                results = [answer.json["results"][each["uuid"]] for each in events]
                assert results[:2] == [{"result": "ok"}] * 2
                assert results[2:] == [{"result": "retry", "details": "not_persisted"}] * 2
                assert answer.header(LATER) == "5"
                held.set()

        run(scenario)

    def test_events_are_refused_when_the_server_stops(self):
        async def scenario() -> None:
            server = Taking(relay_settings())
            async with server:
                pass
            assert (await server.send(event(1))).status == 503

        run(scenario)


def _large(number: int) -> dict[str, Any]:
    return event(number, properties={"a": "x" * 4_000})


class HeldSpool:
    """Holds the writes of all spools until it is told to go on, and counts them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.written: list[int] = []
        self.begun = threading.Event()
        self.may_go_on = threading.Event()
        append_many = Spool.append_many

        def held(spool: Spool, events: Sequence[Any], **options: Any) -> Any:
            self.written.append(len(events))
            self.begun.set()
            self.may_go_on.wait(20)
            return append_many(spool, events, **options)

        monkeypatch.setattr(Spool, "append_many", held)

    async def has_begun(self) -> None:
        assert await asyncio.to_thread(self.begun.wait, 20)


class TestWriting:
    def test_requests_that_wait_are_written_together(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        spool = HeldSpool(monkeypatch)

        async def scenario() -> None:
            async with unreachable(relay_settings(events=tmp_path)) as server:
                asked = [asyncio.create_task(server.send(event(0)))]
                await spool.has_begun()
                asked += [asyncio.create_task(server.send(event(n))) for n in range(1, 50)]
                await until_waiting(server, 49)
                assert not any(each.done() for each in asked)
                spool.may_go_on.set()
                assert [each.status for each in await asyncio.gather(*asked)] == [200] * 50
                assert spool.written == [1, 49]

        run(scenario)

    def test_the_loop_does_not_wait_for_the_disk(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        spool = HeldSpool(monkeypatch)

        async def scenario() -> None:
            async with unreachable(relay_settings(events=tmp_path)) as server:
                asked = asyncio.create_task(server.send(event(0)))
                await spool.has_begun()
                assert (await server.ask("GET", "/_health")).status == 200
                assert not asked.done()
                spool.may_go_on.set()
                assert (await asked).status == 200

        run(scenario)

    def test_what_waits_to_be_written_has_a_bound(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        spool = HeldSpool(monkeypatch)
        monkeypatch.setattr(intake, "_MOST_WAITING", 5_000)

        async def scenario() -> None:
            async with unreachable(relay_settings(events=tmp_path)) as server:
                first = asyncio.create_task(server.send(_large(0)))
                await spool.has_begun()
                second = asyncio.create_task(server.send(_large(1)))
                await until_waiting(server, 1)
                assert (await server.send(_large(2))).status == 503
                spool.may_go_on.set()
                assert [(await each).status for each in (first, second)] == [200, 200]

        run(scenario)

    def test_a_client_that_is_gone_takes_no_other_request_with_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        spool = HeldSpool(monkeypatch)

        async def scenario() -> None:
            async with unreachable(relay_settings(events=tmp_path)) as server:
                first = asyncio.create_task(server.send(event(0)))
                await spool.has_begun()
                second = asyncio.create_task(server.send(event(1)))
                third = asyncio.create_task(server.send(event(2)))
                await until_waiting(server, 2)
                first.cancel()
                second.cancel()
                spool.may_go_on.set()
                assert (await third).status == 200

        run(scenario)

    def test_a_failure_that_nobody_expects_acknowledges_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        def broken(*_: Any) -> None:
            raise MemoryError

        async def scenario() -> None:
            async with unreachable(relay_settings(events=tmp_path)) as server:
                monkeypatch.setattr(intake, "_pushed", broken)
                assert (await server.send(event(1))).status == 503
                monkeypatch.undo()
                assert (await server.send(event(2))).status == 200

        run(scenario)

    def test_every_write_reaches_the_disk_itself_where_that_is_wanted(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        synced: list[int] = []
        monkeypatch.setattr(append_file.os, "fsync", synced.append)

        async def scenario(*, spool_fsync: bool) -> int:
            synced.clear()
            settings = relay_settings(events=tmp_path, spool_fsync=spool_fsync)
            async with unreachable(settings) as server:
                assert (await server.send(event(1))).status == 200
                return len(synced)

        assert asyncio.run(scenario(spool_fsync=True)) > 0
        assert asyncio.run(scenario(spool_fsync=False)) == 0


def test_events_that_a_dead_server_left_are_no_reason_to_wait_for_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A request with events waits for them; a request for flags does not."""
    begun, may_go_on = threading.Event(), threading.Event()
    open_spool = Spool.open

    def slow(spool: Spool) -> int:
        begun.set()
        may_go_on.wait(20)
        return open_spool(spool)

    monkeypatch.setattr(Spool, "open", slow)

    async def scenario() -> None:
        async with Taking(relay_settings(events=tmp_path)) as server:
            await asyncio.to_thread(begun.wait, 20)
            asked = asyncio.create_task(server.send(event(1)))
            flags = {"token": KEY, "distinct_id": "u"}
            assert (await server.ask("POST", "/flags/?v=2", flags)).status == 200
            assert server.project.counters() is None
            assert not asked.done()
            impatient = asyncio.create_task(server.send(event(2)))
            await asyncio.sleep(0)
            impatient.cancel()
            may_go_on.set()
            assert (await asked).status == 200

    run(scenario)


def test_metrics_and_health_know_the_events():
    async def scenario() -> None:
        async with Taking(relay_settings()) as server:
            await server.send(event(1), event(2))
            text = (await server.ask("GET", "/metrics")).text
            (line,) = [each for each in text.splitlines() if "accepted" in each and each[0] != "#"]
            assert line.endswith(" 2.0")

    run(scenario)


def test_a_server_that_never_started_stops():
    async def scenario() -> None:
        server = Bench()
        assert await server.projects[0].intake.shutdown(1.0) is True
        assert server.projects[0].counters() is None

    run(scenario)
