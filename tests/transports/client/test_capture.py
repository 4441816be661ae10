"""The properties of an event, their precedence, and calls that must not raise."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from flagengine.transports import Client, JsonlSink, MemorySink, PreparedEvent, Response
from flagengine.transports.batching.limits import Overflow
from flagengine.transports.errors import QueueFullError

from .bench import BATCH, FLAGS, V1, Bench, flag, local

pytestmark = pytest.mark.contract("capture")


def test_later_properties_win() -> None:
    with Bench(super_properties={"a": "constant", "b": "constant"}) as bench:
        bench.client.register({"b": "registered", "c": "registered"})
        with bench.client.context(
            distinct_id="u", session_id="s", properties={"c": "context", "d": "context"}
        ):
            bench.client.capture("e", properties={"d": "own"})
            bench.client.capture("f", properties={"$session_id": "own"})
        first, second = (event["properties"] for event in bench.events())
    found = [first[name] for name in ("a", "b", "c", "d")]
    assert found == ["constant", "registered", "context", "own"]
    assert first["$session_id"] == "s"
    assert second["$session_id"] == "own"
    assert first["$context_tags"] == ["c", "d"]


def test_what_is_the_sdks_own_is_always_there() -> None:
    with Bench() as bench:
        bench.client.capture("e", distinct_id="u", properties={"$lib": "mine", "$os": "mine"})
        properties = bench.event()["properties"]
    assert properties["$lib"] == "flagengine"
    assert properties["$is_server"] is True
    assert properties["$geoip_disable"] is True
    assert properties["$python_version"]
    assert properties["$os"] == "mine"


@pytest.mark.parametrize(
    ("of_client", "of_call", "is_there"),
    [(True, None, True), (True, False, False), (False, None, False), (False, True, True)],
)
def test_geoip_is_disabled_by_client_or_call(
    of_client: bool, of_call: bool | None, is_there: bool
) -> None:
    with Bench(disable_geoip=of_client) as bench:
        bench.client.capture("e", distinct_id="u", disable_geoip=of_call)
        assert ("$geoip_disable" in bench.event()["properties"]) is is_there


def test_another_name_of_the_library_is_on_events_and_requests() -> None:
    with Bench(lib_name="my-sdk", is_server=False) as bench:
        bench.client.capture("e", distinct_id="u")
        properties = bench.event()["properties"]
        (request,) = bench.server.made(BATCH)
        assert bench.client.get_library_id() == properties["$lib"] == "my-sdk"
        assert request.headers["User-Agent"] == bench.client.get_custom_user_agent()
        assert bench.client.get_library_version() == properties["$lib_version"]
    assert "$is_server" not in properties


def test_an_invented_id_is_personless_unless_the_caller_says_otherwise() -> None:
    with Bench() as bench:
        bench.client.capture("e")
        bench.client.capture("f", properties={"$process_person_profile": True})
        first, second = bench.events()
    assert first["properties"]["$process_person_profile"] is False
    assert second["properties"]["$process_person_profile"] is True
    assert first["distinct_id"] != second["distinct_id"]


@pytest.mark.parametrize("given", [42, uuid.UUID(int=7)])
def test_an_id_that_is_no_text_becomes_text(given: object) -> None:
    with Bench() as bench:
        bench.client.capture("e", distinct_id=given)
        assert bench.event()["distinct_id"] == str(given)


def test_groups_join_those_in_the_properties() -> None:
    with Bench() as bench:
        bench.client.capture(
            "e", distinct_id="u", groups={"a": 1}, properties={"$groups": {"b": "2"}}
        )
        assert bench.event()["properties"]["$groups"] == {"a": 1, "b": "2"}


@pytest.mark.parametrize("name", ["", "  ", None, 7])
def test_an_event_needs_a_name(name: Any, caplog: pytest.LogCaptureFixture) -> None:
    with Bench() as bench:
        assert bench.client.capture(name, distinct_id="u") is None
        assert bench.events() == []
    assert "event dropped: event name must be non-empty text" in caplog.text


def test_an_own_uuid_and_time_are_kept() -> None:
    own = "0190a5d2-7c4b-7000-8000-000000000000"
    when = dt.datetime(2025, 1, 2, 8, 34, 5, 678000, dt.timezone(dt.timedelta(hours=5, minutes=30)))
    with Bench() as bench:
        assert bench.client.capture("e", distinct_id="u", uuid=own, timestamp=when) == own
        event = bench.event()
    assert event["uuid"] == own
    assert event["timestamp"] == "2025-01-02T03:04:05.678000Z"


def test_a_wrong_uuid_and_time_are_replaced_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Bench() as bench:
        made = bench.client.capture("e", distinct_id="u", uuid="no", timestamp="yesterday")
        assert bench.event()["uuid"] == made != "no"
    assert caplog.text.count("must be") == 2


def test_later_changes_do_not_reach_the_event() -> None:
    nested = {"inner": [1]}
    with Bench() as bench:
        bench.client.capture("e", distinct_id="u", properties={"nested": nested})
        nested["inner"].append(2)
        assert bench.event()["properties"]["nested"] == {"inner": [1]}


def test_a_hooks_changes_do_not_reach_the_application() -> None:
    def hook(message: dict[str, Any]) -> dict[str, Any]:
        message["properties"]["nested"].append("hook")
        return message

    nested = ["own"]
    with Bench(before_send=hook) as bench:
        bench.client.capture("e", distinct_id="u", properties={"nested": nested})
        assert bench.event()["properties"]["nested"] == ["own", "hook"]
    assert nested == ["own"]


@pytest.mark.contract("before-send-hook")
@pytest.mark.parametrize(
    "returned",
    [7, {"event": "", "distinct_id": "u"}, {"event": "e", "distinct_id": " "}, {}],
)
def test_what_a_hook_returns_is_checked_again(returned: Any) -> None:
    with Bench(before_send=lambda _: returned) as bench:
        assert bench.client.capture("e", distinct_id="u") is None
        assert bench.events() == []


@pytest.mark.contract("before-send-hook")
def test_every_kind_of_event_goes_through_the_hooks() -> None:
    seen: list[str] = []

    def hook(message: dict[str, Any]) -> None:
        seen.append(message["event"])

    with Bench(before_send=hook) as bench:
        client = bench.client
        bench.server.flags = {"a": True}
        client.capture("e", distinct_id="u")
        client.capture_immediate("e", distinct_id="u")
        client.capture_ai("$ai_span", distinct_id="u")
        client.identify("u", {"a": 1})
        client.identify_immediate("u", {"a": 1})
        client.alias("u", "v")
        client.group_identify("company", 1)
        client.set({"a": 1}, distinct_id="u")
        client.get_feature_flag("a", "u")
        client.capture_exception(ValueError(), "u")
        assert bench.events() == []
    assert seen == [
        "e", "e", "$ai_span", "$identify", "$identify", "$create_alias", "$groupidentify",
        "$set", "$feature_flag_called", "$exception",
    ]  # fmt: skip


def test_flags_of_an_event_are_evaluated_locally_where_they_can_be() -> None:
    with Bench(definitions=local(flag("on"), flag("off", active=False))) as bench:
        bench.client.capture("e", distinct_id="u", send_feature_flags=True)
        properties = bench.event("e")["properties"]
        assert bench.flag_requests == []
    assert (properties["$feature/on"], properties["$feature/off"]) == (True, False)
    assert properties["$active_feature_flags"] == ["on"]


def test_else_with_one_request_and_a_failure_adds_nothing() -> None:
    with Bench() as bench:
        bench.server.flags = {"on": "blue", "other": True}
        wishes = {"flag_keys": ["on"], "person_properties": {"plan": "pro"}}
        bench.client.capture("e", distinct_id="u", send_feature_flags=wishes)
        bench.server.play(FLAGS, Response(500))
        bench.client.capture("f", distinct_id="u", send_feature_flags=True)
        first, second = (event["properties"] for event in bench.events())
        assert bench.flag_requests[0]["flag_keys_to_evaluate"] == ["on"]
        assert bench.flag_requests[0]["person_properties"] == {"plan": "pro"}
    assert first["$feature/on"] == "blue"
    assert not [name for name in second if name.startswith("$feature")]


def test_for_nobody_no_flags_are_evaluated() -> None:
    with Bench() as bench:
        bench.client.capture("e", send_feature_flags=True)
        assert bench.flag_requests == []


def test_immediate_delivery_says_whether_it_arrived() -> None:
    with Bench() as bench:
        assert bench.client.capture_immediate("e", distinct_id="u") is not None
        bench.server.play(BATCH, Response(400))
        assert bench.client.capture_immediate("f", distinct_id="u") is None
        assert len(bench.errors) == 1


def test_in_sync_mode_capture_delivers() -> None:
    with Bench(sync_mode=True) as bench:
        assert bench.client.capture("e", distinct_id="u") is not None
        assert len(bench.server.made(BATCH)) == 1


def test_a_dry_run_is_exactly_what_would_be_queued() -> None:
    with Bench(before_send=lambda m: {**m, "event": "renamed"}) as bench:
        prepared = bench.client.prepare_event_message("e", distinct_id=7, properties={"a": {1}})
        assert isinstance(prepared, PreparedEvent)
        assert (prepared.event, prepared.distinct_id) == ("renamed", "7")
        assert prepared.properties["a"] == [1]
        assert bench.events() == []
    with Bench(before_send=lambda _: None) as bench:
        assert bench.client.prepare_event_message("e") is None


def test_exceptions_given_to_capture_are_hinted_at(caplog: pytest.LogCaptureFixture) -> None:
    with Bench() as bench:
        bench.client.capture("$exception", distinct_id="u")
    assert "capture_exception" in caplog.text


class Hostile:
    def __str__(self) -> str:
        raise ZeroDivisionError

    __repr__ = __str__


class HostileMapping(dict[str, Any]):
    def keys(self) -> Any:
        raise ZeroDivisionError

    def __iter__(self) -> Any:
        raise ZeroDivisionError


CYCLE: dict[str, Any] = {}
CYCLE["self"] = CYCLE


@pytest.mark.parametrize(
    "properties",
    [{"a": Hostile()}, {"a": CYCLE}, {"a": float("nan")}, {Hostile: 1}, HostileMapping(a=1), 7],
    ids=["object", "cycle", "nan", "key", "mapping", "number"],
)
def test_no_property_makes_capture_raise(properties: Any) -> None:
    with Bench() as bench:
        for verb in (bench.client.capture, bench.client.capture_immediate, bench.client.capture_ai):
            verb("e", distinct_id="u", properties=properties, groups=properties)
        bench.client.identify("u", properties)
        bench.client.group_identify("a", Hostile(), properties)
        bench.client.alias(Hostile(), "b")
        bench.client.capture_exception(ValueError(), Hostile(), properties)
        bench.client.register(properties)
        bench.client.get_feature_flag("a", Hostile(), person_properties=properties)
        bench.client.evaluate_flags("u", groups=properties, group_properties=properties)


def test_a_wrong_call_raises_type_error() -> None:
    with Bench() as bench:
        with pytest.raises(TypeError, match="distinctid"):
            bench.client.capture("e", distinctid="u")  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="event"):
            bench.client.capture()  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="group"):
            bench.client.get_feature_flag("a", "u", group={})  # type: ignore[call-arg]


def test_the_application_may_ask_for_an_exception_when_the_queue_is_full() -> None:
    with Bench(overflow=Overflow.RAISE, max_queue_size=1) as bench:
        bench.client.capture("e", distinct_id="u")
        with pytest.raises(QueueFullError):
            bench.client.capture("f", distinct_id="u")


def test_a_read_of_a_flag_never_raises_because_its_event_has_no_room() -> None:
    with Bench(overflow=Overflow.RAISE, max_queue_size=1) as bench:
        bench.client.capture("e", distinct_id="u")
        assert bench.client.get_feature_flag("unknown", "u") is None
        assert [event["event"] for event in bench.events()] == ["e"]


def test_v1_speaks_its_own_protocol() -> None:
    with Bench(capture_mode="v1") as bench:
        bench.client.capture("e", distinct_id="u", properties={"$cookieless_mode": True})
        (event,) = bench.events(path=V1)
    assert event["options"] == {"cookieless_mode": True}
    assert "$lib" not in event["properties"]


def test_no_account_is_needed_with_a_file_and_a_sink(tmp_path: Any) -> None:
    path = tmp_path / "events.jsonl"
    with Client(sink=JsonlSink(path), definitions=local(flag("beta"))) as client:
        assert client.is_feature_enabled("beta", "u") is True
        client.capture("e", distinct_id="u")
        client.capture_ai("$ai_generation", distinct_id="u")
    assert len(path.read_text().splitlines()) == 3


def test_every_queued_event_is_announced_by_kind() -> None:
    heard: list[str] = []
    with Bench(sink=MemorySink(), transport=None) as bench:
        for name in ("capture", "identify", "alias", "groupIdentify", "flush"):
            bench.client.on(name, lambda _payload, name=name: heard.append(name))
        stop = bench.client.on("*", lambda name, _: heard.append(f"*{name}"))
        bench.client.capture("e", distinct_id="u")
        stop()
        bench.client.identify("u")
        bench.client.alias("u", "v")
        bench.client.group_identify("company", "a")
        bench.client.flush()
    assert heard == ["capture", "*capture", "identify", "alias", "groupIdentify", "flush"]


def test_a_callback_that_raises_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with Bench() as bench:
        bench.client.on("capture", lambda _: 1 / 0)
        assert bench.client.capture("e", distinct_id="u") is not None
    assert "a callback of the application failed" in caplog.text


def test_errors_reach_on_error_and_the_listeners() -> None:
    heard: list[Any] = []
    with Bench(on_error=lambda error, events: heard.append((error, events))) as bench:
        bench.server.play(BATCH, Response(400))
        bench.client.capture("e", distinct_id="u")
        bench.client.flush()
        assert len(bench.errors) == 1
    ((error, events),) = heard
    assert error is bench.errors[0]
    assert [event.name for event in events] == ["e"]
