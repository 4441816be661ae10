"""The provider under OpenFeature's SDK, with the real client and with stand-ins."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("openfeature", reason="needs the extra `openfeature`")

from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason
from openfeature.track import TrackingEventDetails

from flagengine.transports import AsyncClient, Client, MemoryDefinitions, MemorySink
from flagengine.transports.context import context
from flagengine.transports.openfeature import FlagengineProvider

from ..mock_server import Answer
from .definitions import DOCUMENT

PERSON = EvaluationContext("u1", {"plan": "pro"})
NOT_FREE = {
    "properties": [{"key": "plan", "type": "person", "operator": "is_not", "value": "free"}]
}


@pytest.fixture
def sink():
    return MemorySink()


@pytest.fixture
def flags(sink, use, server):
    server.default = Answer(body=b'{"flags": {}}')
    definitions = MemoryDefinitions(DOCUMENT)
    client = Client("phc_key", host=server.url, definitions=definitions, sink=sink)
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
def test_reasons_are_translated_into_openfeatures(flags, key, reason):
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


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"groups": "acme"}, "groups must be a mapping, got str"),
        ({"group_properties": 5}, "group_properties must be a mapping, got int"),
        (
            {"group_properties": {"company": "gold"}},
            "group_properties must be mappings by group type, got str for 'company'",
        ),
    ],
)
def test_a_context_that_cannot_be_used_is_invalid(flags, attributes, said):
    person = EvaluationContext("u1", attributes)
    found = [
        flags.get_boolean_details("on", True, person),
        asyncio.run(flags.get_boolean_details_async("on", True, person)),
    ]
    for details in found:
        assert (details.value, details.error_code) == (True, ErrorCode.INVALID_CONTEXT)
        assert details.error_message == said


def test_a_failure_of_the_client_is_no_unknown_flag(use):
    class Failing:
        def get_feature_flag_result(self, *_, **__):
            raise AssertionError("there is a better method")

        def get_feature_flag_reading(self, *_, **__):
            return None

    details = use(FlagengineProvider(Failing())).get_boolean_details("on", True, PERSON)
    assert (details.value, details.error_code) == (True, ErrorCode.GENERAL)


@pytest.mark.parametrize(
    ("variant", "number"),
    [
        ("7", 7),
        ("-7.0", -7),
        ("+1e3", 1000),
        ("1_000", None),
        ("٣", None),
        (" 7 ", None),
        ("", None),
    ],
)
def test_a_variant_is_a_number_as_everybody_writes_it(use, variant, number):
    shares = {"variants": [{"key": variant, "rollout_percentage": 100}]}
    filters = {"groups": [{}], "multivariate": shares}
    definitions = MemoryDefinitions({"flags": [{"key": "f", "active": True, "filters": filters}]})
    with Client("phc_key", definitions=definitions, sink=MemorySink()) as client:
        flags = use(FlagengineProvider(client))
        details = flags.get_integer_details("f", 5, PERSON)
        assert details.value == (5 if number is None else number)
        assert (details.error_code is None) is (number is not None)


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


def test_a_provider_may_promise_that_attributes_are_complete(sink, use):
    document = {"flags": [{"key": "f", "active": True, "filters": {"groups": [NOT_FREE]}}]}
    client = Client(
        definitions=MemoryDefinitions(document), sink=sink, strict_local_evaluation=True
    )
    person = EvaluationContext("u1", {})
    found = use(FlagengineProvider(client)).get_boolean_details("f", False, person)
    assert found.error_code is ErrorCode.INVALID_CONTEXT
    found = use(FlagengineProvider(client, complete=True)).get_boolean_details("f", False, person)
    assert (found.value, found.error_code) == (True, None)
    client.shutdown(0)


def test_another_promise_is_refused(sink):
    with pytest.raises(TypeError, match="complete must be a bool or a mapping, got str"):
        FlagengineProvider(Client(sink=sink), complete="yes")
