"""The benchmark of the server: what each server is given, how load is made and read, and what is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.server import flags, load
from benchmarks.server.contender import AbsentError, Place
from benchmarks.server.contenders import CONTENDERS
from benchmarks.server.load import Load
from benchmarks.server.measuring import Speed
from benchmarks.server.report import Target, published, side_by_side, targets
from flagengine import Snapshot, evaluate

PRINTED = """\
Running 1s test @ http://127.0.0.1:8801/
  1 threads and 32 connections
  Latency Distribution
     50%    1.27ms
     75%    1.50ms
     90%  880.00us
     99%    1.20s
  2051 requests in 1.00s, 180.00KB read
{errors}Requests/sec:   2050.51
Transfer/sec:    179.99KB
"""


def test_every_server_gets_the_same_flags() -> None:
    snapshot = Snapshot.parse(flags.posthog(7))
    assert list(snapshot.keys) == [f"flag-{number}" for number in range(7)]
    assert [each["name"] for each in json.loads(flags.unleash(7))["features"]] == list(
        snapshot.keys
    )
    assert [each["key"] for each in json.loads(flags.fast_feature_flags(7))] == list(snapshot.keys)
    environment = json.loads(flags.flagsmith_environment(7, "key"))
    assert [each["name"] for each in environment["project"]["segments"]] == list(snapshot.keys)


def test_the_flags_are_decided_and_differ_between_persons() -> None:
    snapshot = Snapshot.parse(flags.posthog(50))
    found = {
        tuple(answer.value for answer in evaluate(snapshot, each.id, each.properties).values())
        for each in flags.persons()
    }
    assert len(found) == len(flags.persons())
    assert not any(value is None for values in found for value in values)


@pytest.mark.parametrize("name", [each.name for each in CONTENDERS])
def test_a_rival_that_is_not_installed_is_named(name: str, tmp_path: Path) -> None:
    contender = next(each for each in CONTENDERS if each.name == name)
    place = Place(8_000, tmp_path, tmp_path / "rivals", "http://127.0.0.1:1")
    if name.startswith(("flagengine", "hello")):
        assert str(place.port) in contender.start(place, 2).command
    else:
        with pytest.raises(AbsentError, match=r"there is no \S+ in the folder"):
            contender.start(place, 2)


def test_requests_are_made_in_turn_and_wait_for_a_rate() -> None:
    asked = [CONTENDERS[1].ask(person) for person in flags.persons()]
    script = load._script(asked, None)
    assert script.count('{"POST","/flags/?v=2",') == len(asked)
    assert "delay" not in script
    assert "function delay() return 10 end" in load._script(asked, 3_200.0)


def test_what_the_generator_prints_is_read() -> None:
    found = load._read(PRINTED.format(errors=""))
    assert found == Load(requests=2_051, failed=0, per_second=2_050.51, p50=1.27, p99=1_200.0)


def test_failed_requests_are_counted() -> None:
    errors = (
        "  Socket errors: connect 1, read 2, write 0, timeout 4\n  Non-2xx or 3xx responses: 9\n"
    )
    assert load._read(PRINTED.format(errors=errors)).failed == 16


def test_without_the_generator_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    with pytest.raises(load.NoGeneratorError, match="apt install wrk"):
        load.loaded(8_000, [], seconds=1, folder=tmp_path)


@pytest.mark.parametrize(
    ("target", "verdict"),
    [
        (Target("a", 10, 9), "**no**"),
        (Target("a", 10, 10), "yes"),
        (Target("a", 10, 20, 20), "aim"),
        (Target("a", 10, 11, most=True), "**no**"),
        (Target("a", 10, 10, most=True), "yes"),
        (Target("a", 10, None), "not measured"),
    ],
)
def test_a_target_says_whether_it_is_reached(target: Target, verdict: str) -> None:
    assert target.verdict == verdict
    assert f"| {verdict} |" in targets([target])


def test_an_absent_server_has_its_reason_in_the_table() -> None:
    speed = Speed(2_000.0, 4_000.0, Load(10, 0, 1_250.0, 1.5, 9.9), 70_000)
    text = side_by_side(350, {"ours": speed, "theirs": "absent: not installed"})
    assert "| ours | 2,000 | 4,000 | 1.5 | 9.9 | 1,250 | 70,000 |" in text
    assert "| theirs | absent: not installed |" in text
    assert "6,900" in published()
