"""What a server keeps of its clients is bounded, and its settings for that are checked."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from flagengine import Snapshot, evaluate
from flagengine.transports.server.configuration import configuration_of
from flagengine.transports.server.connections import open_files
from flagengine.transports.server.connections.guard import ConnectionGuard
from flagengine.transports.server.connections.limits import ConnectionLimits
from flagengine.transports.server.connections.refusals import Refusal
from flagengine.transports.server.forced import ForcedValues
from flagengine.transports.server.posthog import records
from flagengine.transports.server.publication import Publication

from .support import BETA, KEY, Bench, definitions

# Answers.


def test_pieces_of_answers_that_are_never_given_again_are_dropped():
    publication = Publication(Snapshot.parse(definitions(BETA)))
    fragments = publication.fragments(records.details)
    for number in range(6_000):
        # With overrides, an answer is a new object at each call.
        found = evaluate(publication.snapshot, f"u{number}", overrides={"other": True}).values()
        joined, _ = fragments.joined(found)
        assert b'"beta":{"key":"beta","enabled":true' in joined
    assert len(fragments._pieces) == len(fragments._kept) <= 4_096


def test_unknown_keys_are_no_pieces_and_many_of_them_cost_nothing():
    bench = Bench()
    assert bench.flags(flag_keys=["nothing", "beta"])["flags"].keys() == {"beta"}
    publication = bench.projects[0].publication
    assert publication is not None
    assert len(publication.fragments(records.details)._kept) == 1
    many = [f"nothing-{number}" for number in range(50_000)]
    asked: list[object] = []
    project = bench.projects[0]
    found = project.evaluate(publication, "u", {}, {"flag_keys": [*many, "beta", "beta"]})
    asked.extend(found)
    assert [each.key for each in found] == ["beta"]
    project.forced.force({"nothing-7": True})
    found = project.evaluate(publication, "u", {}, {"flag_keys": [*many, "beta"]})
    assert [each.key for each in found] == ["nothing-7", "beta"]
    assert bench.flags(flag_keys=many)["flags"].keys() == {"nothing-7"}


# Forced values.


def test_forced_values_that_could_not_be_read_are_read_again_and_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "forced.json"
    file.write_text('{"beta": true}')
    forced = ForcedValues(file)
    file.write_text('{"beta": "compact"}')
    with monkeypatch.context() as broken, caplog.at_level(logging.WARNING):
        broken.setattr(Path, "read_text", _no_more_files)
        assert not forced.refresh()
        assert not forced.refresh()
    assert forced.current.flags == {"beta": True}
    assert len([each for each in caplog.records if "stay as they are" in each.getMessage()]) == 1
    assert forced.refresh()
    assert forced.current.flags == {"beta": "compact"}
    file.unlink()
    assert not forced.refresh()
    assert forced.current.flags == {"beta": "compact"}


def _no_more_files(*_: object, **__: object) -> str:
    raise OSError(24, "Too many open files")


# Settings.


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("header_timeout", 0, "header_timeout must be greater than 0"),
        ("keep_alive_timeout", "soon", "keep_alive_timeout must be a number of seconds"),
        ("write_timeout", -1, "write_timeout must be greater than 0"),
        ("max_connections", 0, "max_connections must be at least 1"),
        ("max_header_bytes", 10, "max_header_bytes must be at least 1024"),
        ("max_streams", 0, "max_streams must be at least 1"),
        ("max_headers", 1.5, "max_headers must be an integer"),
        ("max_held_bodies", 0, "max_held_bodies must be at least 1024"),
    ],
)
def test_a_wrong_limit_is_named(name: str, value: object, words: str):
    with pytest.raises((ValueError, TypeError), match=words):
        ConnectionLimits(**{name: value})  # type: ignore[arg-type] # a wrong value
    document = {"server": {name: value}, "projects": [{"definitions": "a.json"}]}
    with pytest.raises((ValueError, TypeError), match=rf"server\.{words}"):
        configuration_of(document)


def test_limits_come_from_the_configuration():
    server = {"max_connections": 7, "write_timeout": 2.5}
    document = {"server": server, "projects": [{"definitions": "a.json", "project_key": KEY}]}
    limits = configuration_of(document).settings.connections
    assert limits == ConnectionLimits(max_connections=7, write_timeout=2.5)


@pytest.mark.skipif(open_files.resource is None, reason="the system has no such limit")
@pytest.mark.parametrize(("files", "most"), [(64, 32), (1024, 960), (1, 1), (10**6, 16_384)])
def test_there_are_no_more_connections_than_files(
    files: int, most: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(open_files.resource, "getrlimit", lambda _: (files, files))
    assert open_files.within_open_files(ConnectionLimits()).max_connections == most


@pytest.mark.skipif(open_files.resource is None, reason="the system has no such limit")
@pytest.mark.parametrize(
    ("soft", "hard", "asked"),
    [(256, 4096, [(4096, 4096)]), (4096, 4096, []), (256, -1, [(1_048_576, -1)])],
)
def test_the_limit_of_files_is_raised_as_far_as_it_may_be(
    soft: int, hard: int, asked: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
):
    set_to: list[tuple[int, int]] = []
    monkeypatch.setattr(open_files.resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(open_files.resource, "setrlimit", lambda _, found: set_to.append(found))
    open_files.raise_open_files()
    assert set_to == asked


# Log.


def test_a_flood_of_refusals_is_a_line_now_and_then(caplog: pytest.LogCaptureFixture):
    guard = ConnectionGuard(ConnectionLimits())
    guard.look((), 0.0)
    with caplog.at_level(logging.WARNING):
        for second in range(20):
            for _ in range(1000):
                guard.note(Refusal.MALFORMED, "192.0.2.1")
            guard.look((), float(second))
        guard.close()
    assert [each.getMessage() for each in caplog.records] == [
        "a connection from 192.0.2.1 was refused: the request is not valid HTTP",
        "11000 connections were refused within 10 seconds: the request is not valid HTTP",
        "a connection from 192.0.2.1 was refused: the request is not valid HTTP",
        "9000 connections were refused within 10 seconds: the request is not valid HTTP",
    ]
    assert guard.refused == {"malformed": 20_000}


def test_every_refusal_is_a_whole_answer_or_none():
    for each in Refusal:
        answer = each.answer([(b"date", b"now")])
        if answer:
            head, _, body = answer.partition(b"\r\n\r\n")
            assert f"content-length: {len(body)}".encode() in head
            assert b"connection: close" in head
            assert b"date: now" in head
            assert body.decode() == each.reason
