"""OpenFeature's OFREP provider for Python, as it is published, against a server on a socket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("uvicorn", reason="needs the extra `server`")
pytest.importorskip("openfeature.contrib.provider.ofrep", reason="needs the group `test`")

from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import (
    ErrorCode,
    FlagNotFoundError,
    GeneralError,
    InvalidContextError,
    OpenFeatureError,
    TargetingKeyMissingError,
)
from openfeature.flag_evaluation import Reason

from flagengine import Snapshot, evaluate
from flagengine.transports import Client, FileDefinitions, MemoryDefinitions, MemorySink
from flagengine.transports.openfeature import FlagengineProvider
from flagengine.transports.server.background import BackgroundServer
from tests.rules import document, having, targeted

from .support import flag, needing, serving, serving_flags, variants


def held_out(made):
    return made | {"filters": made["filters"] | {"holdout": {"id": 9, "exclusion_percentage": 100}}}


FLAGS = [
    flag("beta"),
    flag("half", share=50),
    flag("old", active=False),
    flag("a/b"),
    variants("color", payload='{"hex": "#0f0"}'),
    variants("shade", share=0),
    needing("pro", "plan"),
    held_out(flag("held")),
    held_out(variants("held-color")),
    *document(
        targeted(having("whole"), value=10), targeted(value=1.5), default=2, kind="number", key="n"
    )["flags"],
    *document(targeted(value={"a": [1]}), default={}, kind="object", key="o")["flags"],
]


@pytest.fixture(scope="module")
def provider() -> Iterator[OFREPProvider]:
    with BackgroundServer(serving_flags(*FLAGS)) as running:
        yield OFREPProvider(running.url)


def person(key: str | None = "user-1", **attributes) -> EvaluationContext:
    return EvaluationContext(targeting_key=key, attributes=attributes)


def test_each_type_of_flag_is_read_as_its_type(provider):
    assert provider.resolve_boolean_details("beta", False, person()).value is True
    assert provider.resolve_boolean_details("a/b", False, person()).value is True
    color = provider.resolve_string_details("color", "red", person())
    assert (color.value, color.variant, color.reason) == ("green", "green", Reason.SPLIT)
    assert color.flag_metadata["payload"] == '{"hex": "#0f0"}'
    assert provider.resolve_float_details("n", 0.0, person(whole="no")).value == 1.5
    whole = provider.resolve_float_details("n", 0.0, person(whole="pro")).value
    assert (whole, type(whole)) == (10.0, float)
    assert provider.resolve_object_details("o", {}, person()).value == {"a": [1]}


def test_a_flag_in_a_holdout_is_what_the_provider_that_evaluates_itself_says(provider):
    client = Client(definitions=MemoryDefinitions({"flags": FLAGS}), sink=MemorySink())
    client.wait_for_local_evaluation_ready(10)
    itself = FlagengineProvider(client)
    for held in (provider, itself):
        found = held.resolve_boolean_details("held", False, person())
        assert (found.value, found.variant, found.reason) == (True, "holdout-9", Reason.SPLIT)
        found = held.resolve_string_details("held-color", "red", person())
        assert (found.value, found.variant, found.reason) == ("holdout-9", "holdout-9", "SPLIT")
    client.shutdown()


def test_a_flag_that_is_off_is_false_or_the_default(provider):
    old = provider.resolve_boolean_details("old", True, person())
    assert (old.value, old.reason, old.error_code) == (False, Reason.DISABLED, None)
    shade = provider.resolve_string_details("shade", "red", person())
    assert (shade.value, shade.error_code) == ("red", None)


def test_persons_are_in_the_halves_that_evaluate_puts_them_in(provider):
    snapshot = Snapshot.parse({"flags": FLAGS})
    for number in range(20):
        found = provider.resolve_boolean_details("half", False, person(f"user-{number}")).value
        assert found is evaluate(snapshot, f"user-{number}", {})["half"].value


@pytest.mark.parametrize(
    ("key", "who", "error", "words"),
    [
        ("gone", person(), FlagNotFoundError, "there is no flag 'gone'"),
        ("pro", person(), InvalidContextError, "pro needs the person property plan"),
        ("half", person(None), TargetingKeyMissingError, "half needs a distinct id"),
        ("beta", person(groups="acme"), InvalidContextError, "groups must be an object, got text"),
    ],
)
def test_an_error_has_its_class_and_says_what_must_be(provider, key, who, error, words):
    with pytest.raises(error, match=words):
        provider.resolve_boolean_details(key, False, who)


def test_another_type_than_the_flags_is_a_mismatch(provider):
    with pytest.raises(OpenFeatureError) as caught:
        provider.resolve_boolean_details("color", False, person())
    assert caught.value.error_code is ErrorCode.TYPE_MISMATCH


def test_keys_and_limits_are_respected():
    server = serving({"flags": [flag("beta")]}, project_key="phc_shop", requests_per_second=0.001)
    with BackgroundServer(server) as running:
        stranger = OFREPProvider(running.url)
        with pytest.raises(OpenFeatureError, match="unauthorized"):
            stranger.resolve_boolean_details("beta", False, person())
        known = OFREPProvider(running.url, headers_factory=lambda: {"X-API-Key": "phc_shop"})
        assert known.resolve_boolean_details("beta", False, person()).value is True
        with pytest.raises(GeneralError, match="Rate limited"):
            known.resolve_boolean_details("beta", False, person())
        with pytest.raises(GeneralError, match="paused"):  # it does not ask before the time
            known.resolve_boolean_details("beta", False, person())


def test_before_definitions_are_loaded_the_provider_says_so():
    with BackgroundServer(serving(None, source=FileDefinitions("missing.json"))) as running:
        provider = OFREPProvider(running.url)
        with pytest.raises(OpenFeatureError, match="no flag definitions are loaded"):
            provider.resolve_boolean_details("beta", False, person())
