"""What a test reads of the events that programs send to a ``FlagServer``."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from flagengine.transports.testing import FlagServer


@pytest.fixture
def server() -> Iterator[FlagServer]:
    with FlagServer() as running:
        yield running


def _send(server: FlagServer, *events: tuple[str, str], **properties: Any) -> None:
    batch = [
        {"event": name, "distinct_id": person, "properties": properties} for name, person in events
    ]
    body = json.dumps({"api_key": "phc_any", "batch": batch}).encode()
    with urllib.request.urlopen(f"{server.url}/batch/", body) as answer:
        assert answer.status == 200


def _names(events: list[dict[str, Any]]) -> list[str]:
    return [each["event"] for each in events]


def test_events_are_read_the_oldest_first(server: FlagServer):
    assert server.events() == []
    _send(server, ("a", "u1"), ("b", "u2"), price=90)
    _send(server, ("a", "u2"))
    assert _names(server.events()) == ["a", "b", "a"]
    first = server.events()[0]
    assert (first["number"], first["distinct_id"], first["properties"]["price"]) == (1, "u1", 90)


def test_they_are_chosen_by_name_person_and_number(server: FlagServer):
    _send(server, ("a", "u1"), ("b", "u1"), ("a", "u2"), ("a", "u1"))

    def numbers(*arguments: Any, **named: Any) -> list[int]:
        return [each["number"] for each in server.events(*arguments, **named)]

    assert numbers("a") == [1, 3, 4]
    assert numbers(distinct_id="u1") == [1, 2, 4]
    assert numbers("a", "u1", since=1) == [4]
    assert numbers("c") == []


def test_a_test_waits_until_enough_are_there(server: FlagServer):
    _send(server, ("a", "u"))
    answers: list[list[str]] = []
    waiting = threading.Thread(target=lambda: answers.append(_names(server.events("a", count=2))))
    waiting.start()
    _send(server, ("b", "u"))
    assert waiting.is_alive()
    _send(server, ("a", "u"), ("a", "u"))
    waiting.join(10)
    assert answers == [["a", "a", "a"]]


def test_what_does_not_come_is_named_beside_what_did(server: FlagServer):
    with pytest.raises(AssertionError) as failed:
        server.events(count=1, wait=0)
    assert str(failed.value) == "waited 0 s for 1 event, got 0; the server has taken no event"
    _send(server, ("a", "u1"), ("a", "u1"), ("b", "u2"))
    with pytest.raises(AssertionError) as failed:
        server.events("a", "u2", since=1, count=2, wait=0.01)
    assert str(failed.value) == (
        "waited 0.01 s for 2 events 'a' of 'u2' after number 1, got 0; "
        "the server has 'a' of 'u1' (2), 'b' of 'u2' (1)"
    )
    _send(server, *((f"e{number}", "u") for number in range(10)))
    with pytest.raises(AssertionError, match=r"'e7' of 'u' \(1\) and 2 more$"):
        server.events("c", count=1, wait=0)


def test_events_that_made_room_are_told(server: FlagServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("flagengine.transports.server.events.captured._MOST_BYTES", 1_500)
    for _ in range(3):
        _send(server, ("a", "u"), text="x" * 900)
    with pytest.raises(AssertionError, match=r"; 2 older ones made room for new ones$"):
        server.events(count=3, wait=0)


def test_they_are_forgotten_and_numbers_go_on(server: FlagServer):
    _send(server, ("a", "u"), ("b", "u"))
    assert server.forget_events() == 2
    assert (server.forget_events(), server.events()) == (0, [])
    _send(server, ("c", "u"))
    assert [each["number"] for each in server.events(count=1)] == [3]


@pytest.mark.parametrize("name", ["since", "count", "wait"])
def test_numbers_are_checked(server: FlagServer, name: str):
    with pytest.raises(ValueError, match=f"{name} must be at least 0.*, got -1"):
        server.events(**{name: -1})
    with pytest.raises(TypeError, match=f"{name} must be "):
        server.events(**{name: []})
