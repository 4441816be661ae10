"""The provider under OpenFeature's own SDK, over the real client and over stand-ins."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace

import pytest

pytest.importorskip("openfeature", reason="needs the extra `openfeature`")

from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEvent
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason
from openfeature.provider import ProviderStatus
from openfeature.track import TrackingEventDetails

from transports import AsyncClient, Client, MemoryDefinitions, MemorySink
from transports.clock import ManualClock
from transports.context import context
from transports.openfeature import FlagengineProvider
from transports.polling.health import Freshness

PERSON = EvaluationContext("u1", {"plan": "pro"})


def flag(key, *, payloads=None, variant=None, **fields):
    filters = {"groups": [{"properties": [], "rollout_percentage": 100}]}
    if payloads is not None:
        filters["payloads"] = payloads
    if variant is not None:
        filters["multivariate"] = {"variants": [{"key": variant, "rollout_percentage": 100}]}
    return {"id": len(key), "key": key, "active": True, "filters": {**filters, **fields}}


PRO = [{"key": "plan", "type": "person", "value": "pro", "operator": "exact"}]
ACME = [{"key": "tier", "type": "group", "group_type_index": 0, "value": "gold"}]
DOCUMENT = {
    "flags": [
        flag("on"),
        {**flag("off"), "active": False},
        flag("pro", groups=[{"properties": PRO, "rollout_percentage": 100}]),
        flag("color", variant="red", payloads={"red": '{"hex": "#f00"}'}),
        flag("limit", payloads={"true": "7"}),
        flag("ratio", payloads={"true": "0.5"}),
        flag("sized", variant="42"),
        flag("greeting", payloads={"true": '"hello"'}),
        flag("huge", payloads={"true": "1" + "0" * 400}),
        flag(
            "gold",
            aggregation_group_type_index=0,
            groups=[{"properties": ACME, "rollout_percentage": 100}],
        ),
    ],
    "group_type_mapping": {"0": "company"},
}


@pytest.fixture
def sink():
    return MemorySink()


@pytest.fixture
def use():
    """Register a provider; return OpenFeature's client."""

    def register(provider):
        api.set_provider_and_wait(provider)
        return api.get_client()

    yield register
    api.shutdown()
    api.clear_providers()


@pytest.fixture
def flags(sink, use):
    client = Client("phc_key", definitions=MemoryDefinitions(DOCUMENT), sink=sink)
    provider = FlagengineProvider(client, shuts_down_client=True)
    return use(provider)


def events(sink):
    return [event.decoded() for event in sink.events]


@pytest.mark.parametrize(
    ("method", "key", "default", "value"),
    [
        ("boolean", "on", False, True),
        ("boolean", "off", True, False),
        ("boolean", "pro", False, True),
        ("boolean", "color", False, True),
        ("string", "color", "blue", "red"),
        ("string", "greeting", "", "hello"),
        ("string", "off", "blue", "blue"),
        ("integer", "limit", 1, 7),
        ("integer", "sized", 1, 42),
        ("integer", "huge", 1, 10**400),
        ("integer", "off", 1, 1),
        ("float", "ratio", 1.0, 0.5),
        ("float", "limit", 1.0, 7.0),
        ("object", "color", {}, {"hex": "#f00"}),
        ("object", "off", {"a": 1}, {"a": 1}),
    ],
)
def test_values_come_in_the_type_that_was_asked_for(flags, method, key, default, value):
    details = getattr(flags, f"get_{method}_details")(key, default, PERSON)
    assert details.value == value
    assert type(details.value) is type(value)
    assert details.error_code is None
    asked = getattr(flags, f"get_{method}_details_async")(key, default, PERSON)
    assert asyncio.run(asked).value == value


@pytest.mark.parametrize(
    ("method", "key", "default"),
    [
        ("string", "on", "x"),
        ("integer", "ratio", 1),
        ("integer", "greeting", 1),
        ("integer", "color", 1),
        ("float", "color", 1.0),
        ("float", "huge", 1.0),
        ("object", "limit", {}),
    ],
)
def test_a_value_of_another_type_is_a_mismatch(flags, method, key, default):
    details = getattr(flags, f"get_{method}_details")(key, default, PERSON)
    assert details.error_code is ErrorCode.TYPE_MISMATCH
    assert details.value == default


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("on", Reason.TARGETING_MATCH),
        ("off", Reason.DISABLED),
        ("color", Reason.SPLIT),
        ("gold", Reason.DEFAULT),
    ],
)
def test_reasons_are_told_in_openfeatures_words(flags, key, reason):
    details = flags.get_boolean_details(key, False, PERSON)
    assert details.reason is reason
    assert details.variant == ("red" if key == "color" else None)
    assert details.flag_metadata["locally_evaluated"] is True


def test_groups_go_to_the_groups(flags):
    attributes = {"groups": {"company": "acme"}, "group_properties": {"company": {"tier": "gold"}}}
    assert flags.get_boolean_value("gold", False, EvaluationContext("u1", attributes)) is True


def test_an_unknown_flag_is_not_found(flags):
    details = flags.get_boolean_details("unknown", True, PERSON)
    assert details.error_code is ErrorCode.FLAG_NOT_FOUND
    assert details.value is True


def test_without_a_targeting_key_the_context_or_the_default_names_the_person(use, sink):
    definitions = MemoryDefinitions(DOCUMENT)
    with Client("phc_key", definitions=definitions, sink=sink) as client:
        flags = use(FlagengineProvider(client))
        details = flags.get_boolean_details("on", False)
        assert details.error_code is ErrorCode.TARGETING_KEY_MISSING
        assert asyncio.run(flags.get_boolean_details_async("on", False)).error_code is not None
        with context(distinct_id="ambient"):
            assert flags.get_boolean_value("on", False) is True
            assert asyncio.run(flags.get_boolean_value_async("on", False)) is True
        flags = use(FlagengineProvider(client, default_distinct_id="everybody"))
        assert flags.get_boolean_value("on", False) is True
        client.flush()
    assert [event["distinct_id"] for event in events(sink)] == ["ambient", "everybody"]


def test_an_asynchronous_client_answers_the_asynchronous_methods_alone(use, sink):
    client = AsyncClient("phc_key", definitions=MemoryDefinitions(DOCUMENT), sink=sink)

    async def answers():
        async with client:
            await client.wait_for_local_evaluation_ready()
            return await flags.get_string_value_async("color", "blue", PERSON)

    flags = use(FlagengineProvider(client))
    details = flags.get_boolean_details("on", False, PERSON)
    assert details.error_code is ErrorCode.GENERAL
    assert asyncio.run(answers()) == "red"


def test_tracking_captures_an_event(use, sink):
    client = Client("phc_key", definitions=MemoryDefinitions(DOCUMENT), sink=sink)
    flags = use(FlagengineProvider(client))
    company = EvaluationContext("u1", {"groups": {"company": "acme"}})
    flags.track("paid", company, TrackingEventDetails(9.5, {"currency": "EUR"}))
    flags.track("left", PERSON)
    client.shutdown()
    paid, left = events(sink)
    assert (paid["event"], paid["distinct_id"]) == ("paid", "u1")
    assert paid["properties"]["value"] == 9.5
    assert paid["properties"]["currency"] == "EUR"
    assert paid["properties"]["$groups"] == {"company": "acme"}
    assert "value" not in left["properties"]


class Standing:
    """A client whose definitions age as the test says."""

    def __init__(self):
        self.freshness = Freshness.FRESH
        self.listeners = {}
        self.is_shut_down = False

    def get_feature_flag_result(self, _key, _distinct_id, **_options):
        return SimpleNamespace(enabled=True, variant=None, payload=None, locally_evaluated=True)

    def capture(self, *_args, **_options):
        raise AssertionError

    def definitions_health(self):
        return SimpleNamespace(freshness=self.freshness)

    def on(self, name, callback):
        self.listeners[name] = callback
        return lambda: self.listeners.pop(name)

    def shutdown(self):
        self.is_shut_down = True


@pytest.fixture
def heard():
    """Collect the provider's events; ``wait`` until so many have come."""
    names, arrived = [], threading.Condition()

    def handler(name):
        def handle(details):
            with arrived:
                names.append((name, details.flags_changed))
                arrived.notify_all()

        return handle

    handlers = {event: handler(event.name.removeprefix("PROVIDER_")) for event in ProviderEvent}
    for event, handle in handlers.items():
        api.add_handler(event, handle)

    def wait(count):
        with arrived:
            assert arrived.wait_for(lambda: len(names) >= count, timeout=10)
            return list(names)

    yield wait
    for event, handle in handlers.items():
        api.remove_handler(event, handle)


def test_definitions_that_grow_old_make_the_provider_stale_until_they_are_fresh(use, heard):
    client, clock = Standing(), ManualClock()
    flags = use(FlagengineProvider(client, clock=clock))
    before = len(heard(1))
    assert flags.get_boolean_details("on", False, PERSON).reason is Reason.UNKNOWN
    client.freshness = Freshness.STALE
    assert flags.get_boolean_details("on", False, PERSON).reason is Reason.UNKNOWN
    clock.advance(1.1)
    details = flags.get_boolean_details("on", False, PERSON)
    assert (details.value, details.reason) == (True, Reason.STALE)
    assert heard(before + 1)[-1] == ("STALE", None)
    assert flags.get_provider_status() is ProviderStatus.STALE
    client.freshness = Freshness.EXPIRED
    clock.advance(1.1)
    assert flags.get_boolean_details("on", False, PERSON).reason is Reason.STALE
    client.freshness = Freshness.FRESH
    client.listeners["error"](None)
    assert heard(before + 2)[-1] == ("READY", None)
    assert flags.get_provider_status() is ProviderStatus.READY
    assert len(heard(0)) == before + 2


def test_changed_definitions_are_announced(use, heard):
    client = Standing()
    use(FlagengineProvider(client))
    before = len(heard(1))
    client.listeners["local_evaluation_flags_loaded"](7)
    assert heard(before + 1)[-1] == ("CONFIGURATION_CHANGED", None)
    client.listeners["local_evaluation_flags_loaded"](SimpleNamespace(changed_keys={"b", "a"}))
    assert heard(before + 2)[-1] == ("CONFIGURATION_CHANGED", ["a", "b"])


def test_without_definitions_nothing_is_stale(use):
    client = Standing()
    client.freshness = Freshness.EMPTY
    flags = use(FlagengineProvider(client))
    assert flags.get_boolean_details("on", False, PERSON).reason is Reason.UNKNOWN
    assert flags.get_provider_status() is ProviderStatus.READY


def test_the_end_of_the_provider_is_the_clients_when_asked_for():
    for ends in (False, True):
        client = Standing()
        provider = FlagengineProvider(client, shuts_down_client=ends)
        provider.initialize(EvaluationContext())
        provider.initialize(EvaluationContext())
        assert client.listeners.keys() == {"local_evaluation_flags_loaded", "error"}
        provider.shutdown()
        assert client.listeners == {}
        assert client.is_shut_down is ends


def test_any_client_with_the_two_methods_will_do(use):
    client = SimpleNamespace(get_feature_flag_result=lambda *_args, **_options: None, capture=None)
    details = use(FlagengineProvider(client)).get_boolean_details("on", True, PERSON)
    assert details.error_code is ErrorCode.FLAG_NOT_FOUND
    assert FlagengineProvider(client).get_metadata().name == "flagengine"
