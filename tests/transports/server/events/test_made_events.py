"""What an event is after it was taken: its uuid, its id, its time, its properties, and what it loses."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from flagengine.transports.clock import ManualClock
from tests.transports.server.events.support import Taking, event, relay_settings, uuid_of
from tests.transports.server.support import KEY

# 2026-01-02T03:04:05Z
NOW = 1767323045.0


def taken(sent: Any, path: str = "/e/", *, now: float = NOW, **settings: Any) -> dict[str, Any]:
    """Return the event after it was taken."""

    async def scenario() -> dict[str, Any]:
        clock = ManualClock(wall=now)
        project = relay_settings(**settings)
        async with Taking(project, clock=clock) as server:
            answer = await server.ask("POST", path, sent)
            assert answer.status == 200, answer
            (found,) = await server.captured()
            return found

    return asyncio.run(scenario())


def one(**members: Any) -> dict[str, Any]:
    return {"api_key": KEY, "event": "e", "distinct_id": "u", **members}


class TestUuids:
    def test_the_uuid_that_was_sent_stays(self):
        uuid = "01900000-AAAA-7000-8000-00000000000A"
        assert taken(one(uuid=uuid))["uuid"] == uuid

    @pytest.mark.parametrize("uuid", ["", None, "soon", 17, {}])
    def test_an_event_without_a_uuid_gets_one(self, uuid: Any):
        assert UUID(taken(one(uuid=uuid))["uuid"]).version == 7


class TestIds:
    @pytest.mark.parametrize(
        ("sent", "found"),
        [
            ("u", "u"),
            (" u ", " u "),
            (17, "17"),
            (True, "true"),
            (1.5, "1.5"),
            ({"a": 1}, '{"a":1}'),
            ("x" * 300, "x" * 200),
            ("\u20ac" * 201, "\u20ac" * 200),
            ("a\0b", "a\ufffdb"),
        ],
    )
    def test_an_id_becomes_text_of_at_most_200_characters(self, sent: Any, found: str):
        assert taken(one(distinct_id=sent))["distinct_id"] == found

    @pytest.mark.parametrize(
        "members",
        [
            {"$distinct_id": "u"},
            {"properties": {"distinct_id": "u"}},
            {"properties": {"$distinct_id": "u"}},
        ],
    )
    def test_an_id_may_be_elsewhere(self, members: dict[str, Any]):
        sent = {"api_key": KEY, "event": "e", **members}
        found = taken(sent)
        assert found["distinct_id"] == "u"
        assert "$distinct_id" not in found


class TestTimes:
    def test_the_time_that_was_sent_stays_to_the_letter(self):
        sent = one(timestamp="2026-01-01T00:00:00.123456Z", sent_at="2026-01-02T03:04:04.5Z")
        assert taken(sent)["timestamp"] == "2026-01-01T00:00:00.123456Z"

    @pytest.mark.parametrize(
        ("sent", "found"),
        [
            ("2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00Z"),
            ("2026-01-01T00:00:00", "2026-01-01T00:00:00Z"),
            ("2026-01-01", "2026-01-01T00:00:00Z"),
            (" 2026-01-01T00:00:00Z ", "2026-01-01T00:00:00Z"),
            ("20260101T000000Z", "2026-01-01T00:00:00Z"),
        ],
    )
    def test_other_forms_of_a_time_become_utc(self, sent: str, found: str):
        assert taken(one(timestamp=sent))["timestamp"] == found

    @pytest.mark.parametrize(
        "sent", [None, "", "soon", 17, [], "9999-12-31T23:59:59-12:00", "2026-13-01T00:00:00Z"]
    )
    def test_an_event_without_a_time_happens_now(self, sent: Any):
        assert taken(one(timestamp=sent))["timestamp"] == "2026-01-02T03:04:05.000Z"

    @pytest.mark.parametrize(
        ("timestamp", "found"),
        [
            ("2026-01-02T01:00:00Z", "2026-01-02T02:00:05Z"),
            ("2026-01-02T01:00:00.250000Z", "2026-01-02T02:00:05.250000Z"),
            ("2026-01-02T03:00:00+02:00", "2026-01-02T02:00:05Z"),
            ("2026-01-02T01:00:00", "2026-01-02T02:00:05Z"),
        ],
    )
    def test_a_clock_that_is_an_hour_late_is_corrected(self, timestamp: str, found: str):
        sent = {"sent_at": "2026-01-02T02:04:00Z", "api_key": KEY}
        sent["batch"] = [{"event": "e", "distinct_id": "u", "timestamp": timestamp}]  # type: ignore[assignment]
        assert taken(sent)["timestamp"] == found

    @pytest.mark.parametrize("name", ["_", "sent_at"])
    def test_the_query_says_when_a_request_was_sent_in_milliseconds(self, name: str):
        sent = one(timestamp="2026-01-02T01:00:00Z")
        found = taken(sent, f"/e/?{name}={int(NOW - 3600) * 1000}")
        assert found["timestamp"] == "2026-01-02T02:00:00Z"

    def test_an_event_may_refuse_the_correction(self):
        sent = one(
            timestamp="2026-01-02T01:00:00Z",
            sent_at="2026-01-02T02:04:00Z",
            properties={"$ignore_sent_at": True},
        )
        assert taken(sent)["timestamp"] == "2026-01-02T01:00:00Z"

    def test_a_correction_into_the_future_is_nonsense(self):
        sent = one(timestamp="2026-01-02T01:00:00Z", sent_at="1970-01-01T00:00:00Z")
        assert taken(sent)["timestamp"] == "2026-01-02T03:04:05.000Z"

    @pytest.mark.parametrize("sent_at", ["soon", 17, "", [], "2026-13-01T00:00:00Z"])
    def test_a_senseless_time_of_sending_corrects_nothing(self, sent_at: Any):
        sent = one(timestamp="2026-01-02T01:00:00Z", sent_at=sent_at)
        assert taken(sent)["timestamp"] == "2026-01-02T01:00:00Z"

    @pytest.mark.parametrize(
        ("offset", "found"),
        [
            (1500, "2026-01-02T03:04:03.500Z"),
            (0, "2026-01-02T03:04:05.000Z"),
            (True, "2026-01-01T00:00:00Z"),
            ("1500", "2026-01-01T00:00:00Z"),
            (1e300, "0001-01-01T00:00:00.000Z"),
        ],
    )
    def test_an_offset_says_how_many_milliseconds_ago_it_was(self, offset: Any, found: str):
        made = taken(one(offset=offset, timestamp="2026-01-01T00:00:00Z"))
        assert made["timestamp"] == found
        assert "offset" not in made


class TestProperties:
    def test_all_properties_stay_as_they_are(self):
        properties = {"a": 1, "b": [1.5, None, {"c": "\u20ac"}], "$set": {"plan": "pro"}}
        found = taken(one(properties=properties))["properties"]
        assert {name: found[name] for name in properties} == properties

    def test_what_is_set_of_the_person_stays(self):
        sent = one(**{"$set": {"plan": "pro"}, "$set_once": {"first": 1}, "$groups": {"g": "1"}})
        found = taken(sent)
        assert found["$set"] == {"plan": "pro"}
        assert found["$set_once"] == {"first": 1}
        assert found["$groups"] == {"g": "1"}

    def test_an_unknown_member_stays(self):
        assert taken(one(library="posthog-go"))["library"] == "posthog-go"

    def test_the_project_key_is_not_kept_with_each_event(self):
        found = taken({**one(), "token": KEY, "$token": KEY})
        assert not {"api_key", "token", "$token"}.intersection(found)

    def test_an_event_gets_the_address_of_its_client(self):
        assert taken(one())["properties"] == {"$ip": "192.0.2.7"}

    def test_an_address_that_was_sent_stays(self):
        assert taken(one(properties={"$ip": "198.51.100.1"}))["properties"]["$ip"] == "198.51.100.1"
        assert taken(one(properties={"$ip": None}))["properties"]["$ip"] is None

    def test_no_address_is_kept_where_that_is_not_wanted(self):
        """Null and not absent, or the server upstream would take the relay's address for the client's."""
        assert taken(one(), client_addresses=False)["properties"] == {"$ip": None}

    def test_properties_may_be_absent_or_null(self):
        assert taken(one(properties=None))["properties"] == {"$ip": "192.0.2.7"}

    def test_numbers_that_json_does_not_know_become_null(self):
        body = f'{{"api_key":"{KEY}","event":"e","distinct_id":"u","properties":{{"a":NaN,"b":1e999}}}}'
        found = taken(body.encode())["properties"]
        assert found["a"] is None
        assert found["b"] is None

    def test_half_a_surrogate_pair_costs_no_event(self):
        body = (
            f'{{"api_key":"{KEY}","event":"e","distinct_id":"u","properties":{{"a":"x\\ud800y"}}}}'
        )
        assert taken(body.encode())["properties"]["a"] == "x\ufffdy"

    def test_integers_of_any_size_are_taken(self):
        body = (
            f'{{"api_key":"{KEY}","event":"e","distinct_id":"u","properties":{{"a":{"9" * 30}}}}}'
        )
        assert taken(body.encode())["properties"]["a"] == pytest.approx(1e30)


def test_a_project_without_a_key_takes_every_key():
    async def scenario() -> None:
        async with Taking(relay_settings(project_key=None, upstream=None)) as server:
            sent = {"api_key": "phc_any", "batch": [event()]}
            assert (await server.ask("POST", "/batch/", sent)).status == 200
            assert [each["uuid"] for each in await server.captured()] == [uuid_of(1)]

    asyncio.run(scenario())
