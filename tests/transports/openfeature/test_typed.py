"""Format 2 flags under OpenFeature: typed values, reasons and errors, from a server over sockets."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("openfeature", reason="needs the extra `openfeature`")

from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason

from flagengine.transports import AsyncClient, Client, MemoryDefinitions, MemorySink
from flagengine.transports.openfeature import FlagengineProvider

from ..client.records import OUTCOMES, RULE, answer, failed, record
from .definitions import DOCUMENT, PRO, flag

pytestmark = pytest.mark.contract("typed-flag-values")

PERSON = EvaluationContext("u1")
DEFAULTS: dict[str, Any] = {
    "boolean": True,
    "string": "default",
    "integer": 10,
    "float": 10.5,
    "object": {"default": 1},
}


@pytest.fixture
def details(use, server):
    """Return a function that reads a record of the server as a type."""

    def read(sent: Any, kind: str, default: Any = None, **options: Any):
        server.default = answer(layout=sent)
        with Client("phc_key", host=server.url, sink=MemorySink(), **options) as client:
            flags = use(FlagengineProvider(client))
            given = DEFAULTS[kind] if default is None else default
            return getattr(flags, f"get_{kind}_details")("layout", given, PERSON)

    return read


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "boolean"),
        (False, "boolean"),
        ("compact", "string"),
        (25, "integer"),
        (0, "integer"),
        (0.25, "float"),
        ({"steps": [3]}, "object"),
        ({}, "object"),
    ],
)
def test_a_value_of_the_requested_type_is_returned(details, value, kind):
    found = details(record("released", value), kind)
    assert (found.value, type(found.value)) == (value, type(value))
    assert (found.reason, found.error_code) == (Reason.TARGETING_MATCH, None)


def test_numbers_have_one_type_in_json(details):
    assert details(record("released", 25.0), "integer").value == 25
    found = details(record("released", 25), "float").value
    assert (found, type(found)) == (25.0, float)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("compact", "boolean"),
        (1, "boolean"),
        ({}, "boolean"),
        (True, "string"),
        (12, "string"),
        ("12", "integer"),
        (True, "integer"),
        (0.5, "integer"),
        ("0.5", "float"),
        (True, "object"),
        (3, "object"),
    ],
)
def test_a_value_of_another_type_is_a_mismatch_and_never_converted(details, value, kind):
    found = details(record("split", value), kind)
    assert found.value == DEFAULTS[kind]
    assert (found.reason, found.error_code) == (Reason.ERROR, ErrorCode.TYPE_MISMATCH)
    assert found.variant is None
    assert found.flag_metadata["rule_id"] == RULE


@pytest.mark.parametrize("kind", DEFAULTS)
def test_a_flag_without_a_value_gives_the_callers_default_and_its_reason(details, kind):
    found = details(record("no rule", None), kind)
    assert (found.value, found.reason, found.error_code) == (
        DEFAULTS[kind],
        Reason.DEFAULT,
        None,
    )


@pytest.mark.parametrize("kind", ["string", "integer", "float", "object"])
def test_false_is_no_value_of_another_type(details, kind):
    found = details(record("no rule", False), kind)
    assert (found.value, found.error_code) == (DEFAULTS[kind], None)


REASONS = {
    "released": Reason.TARGETING_MATCH,
    "rolled out": Reason.TARGETING_MATCH,
    "standalone arm": Reason.TARGETING_MATCH,
    "split": Reason.SPLIT,
    "missed rollout": Reason.DEFAULT,
    "paused": Reason.DEFAULT,
    "held out": Reason.DEFAULT,
    "no rule": Reason.DEFAULT,
}


@pytest.mark.parametrize(("outcome", "reason"), REASONS.items())
def test_reasons_are_openfeatures_and_the_rule_is_metadata(details, outcome, reason):
    found = details(record(outcome, "compact"), "string")
    assert (found.value, found.reason) == ("compact", reason)
    assert found.variant == ("arm_a" if outcome == "split" else None)
    code, rule_type, identity = OUTCOMES[outcome]
    expected = {"reason_code": code, "config_version": 2, "id": 201, "version": 7, **identity}
    expected |= {"rule_type": rule_type, "rule_id": RULE, "condition_index": 0} if rule_type else {}
    assert expected.items() <= found.flag_metadata.items()


def test_a_reason_that_nobody_knows_is_unknown(details):
    sent = {**record("released", True), "reason": {"code": "future"}}
    assert details(sent, "boolean").reason == Reason.UNKNOWN


@pytest.mark.parametrize(
    ("sent", "code", "message"),
    [
        (failed("dependency_error"), ErrorCode.GENERAL, "Broken."),
        (failed(reason=None), ErrorCode.GENERAL, "the evaluation failed"),
        (record("no group", None), ErrorCode.INVALID_CONTEXT, "the person's group is missing"),
        (
            record(rule_id=3),
            ErrorCode.PARSE_ERROR,
            "the server's record cannot be read: wrong metadata.rule_id",
        ),
    ],
)
def test_failures_are_told_apart(details, sent, code, message):
    found = details(sent, "boolean")
    assert (found.value, found.reason) == (True, Reason.ERROR)
    assert (found.error_code, found.error_message) == (code, message)
    assert ("config_version" in found.flag_metadata) is (code is not ErrorCode.PARSE_ERROR)


def test_an_absent_flag_is_not_found(use, server):
    server.default = answer()
    with Client("phc_key", host=server.url, sink=MemorySink()) as client:
        found = use(FlagengineProvider(client)).get_boolean_details("layout", True, PERSON)
    assert found.error_code is ErrorCode.FLAG_NOT_FOUND


def test_flags_of_format_1_are_converted_as_before(details):
    sent = record("split", "42", config_version=1)
    assert details(sent, "integer").value == 42
    assert details(sent, "boolean", default=False).value is True


def test_a_strict_client_says_what_it_cannot_read_and_what_it_lacks(use):
    future = {"key": "future", "active": True, "filters": {"version": 3}}
    open_flag = flag("open", groups=[{"properties": PRO, "rollout_percentage": 100}])
    document = {"flags": [*DOCUMENT["flags"], future, open_flag]}
    definitions = MemoryDefinitions(document)
    options = {"sink": MemorySink(), "strict_local_evaluation": True}
    with Client("phc_key", definitions=definitions, **options) as client:
        flags = use(FlagengineProvider(client))
        assert (
            flags.get_boolean_details("open", True, PERSON).error_code is ErrorCode.INVALID_CONTEXT
        )
        found = flags.get_boolean_details("future", True, PERSON)
    assert (found.value, found.error_code) == (True, ErrorCode.PARSE_ERROR)


def test_an_asynchronous_client_answers_the_same(use, server):
    server.default = answer(layout=record("split", {"steps": 3}))

    async def read():
        async with AsyncClient("phc_key", host=server.url, sink=MemorySink()) as client:
            flags = use(FlagengineProvider(client))
            return await flags.get_object_details_async("layout", {}, PERSON)

    found = asyncio.run(read())
    assert (found.value, found.reason) == ({"steps": 3}, Reason.SPLIT)


def test_a_client_that_gives_results_alone_is_enough(use):
    class Plain:
        def get_feature_flag_result(self, key, distinct_id=None, **options):
            return None

        def capture(self, event, **options):
            raise AssertionError

    found = use(FlagengineProvider(Plain())).get_boolean_details("layout", True, PERSON)
    assert found.error_code is ErrorCode.FLAG_NOT_FOUND
