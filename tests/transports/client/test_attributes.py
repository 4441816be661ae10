"""What a program may set on a client and its like: nothing is accepted and ignored."""

from __future__ import annotations

import dataclasses
import logging
from typing import Any
from unittest.mock import patch

import pytest

from flagengine.transports import (
    AsyncClient,
    Client,
    ManualDriver,
    MemoryDefinitions,
    MemorySink,
    Options,
)

from .bench import API_KEY, SECRET, Bench, flag

pytestmark = pytest.mark.contract("setup")

NAMES = [each.name for each in dataclasses.fields(Options)]


def make(kind: type[Any] = Client, **options: Any) -> Any:
    return kind(API_KEY, sink=MemorySink(), driver=ManualDriver(), **options)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize("name", [*NAMES, "project_api_key", "send"])
def test_an_option_cannot_be_changed_afterwards(kind: type[Any], name: str) -> None:
    client = make(kind)
    if name in ("disabled", "debug"):
        return
    with pytest.raises(
        AttributeError, match=f"^{name} cannot be changed after .*pass it, {kind.__name__}"
    ):
        setattr(client, name, None)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_misspelt_attribute_leads_to_the_right_one(kind: type[Any]) -> None:
    client = make(kind)
    with pytest.raises(
        AttributeError, match=r"has no attribute 'disbled'; did you mean 'disabled'\?"
    ):
        client.disbled = True
    with pytest.raises(
        AttributeError, match=r"has no attribute 'flush_intervall'; did you mean 'flush_interval'"
    ):
        client.flush_intervall = 3
    with pytest.raises(AttributeError, match=r"has no attribute 'qqq'$"):
        client.qqq = 3
    with pytest.raises(AttributeError, match=r"'timeout'; use request_timeout"):
        client.timeout = 3


def test_disabled_switches_everything_off_and_on_again() -> None:
    with Bench(secret_key=SECRET) as bench:
        client = bench.client
        bench.server.definitions = {"flags": [flag("near")]}
        bench.server.flags = {"far": True}
        assert client.disabled is False
        client.disabled = True
        assert client.disabled is True
        assert client.capture("x", distinct_id="u") is None
        assert client.capture_exception(ValueError()) is None
        assert client.get_feature_flag("far", "u") is None
        assert client.get_all_flags("u") == {}
        assert client.get_surveys() == []
        assert client.get_remote_config_payload("a") is None
        assert client.feature_flag_definitions() is None
        assert not client.is_local_evaluation_ready()
        assert not client.wait_for_local_evaluation_ready(0)
        client.reload_feature_flags()
        client.tick()
        assert client.flush()
        assert bench.server.requests == []
        client.disabled = "false"  # type: ignore[assignment]
        client.reload_feature_flags()
        assert client.capture("x", distinct_id="u")
        assert (client.get_feature_flag("near", "u"), client.get_feature_flag("far", "u")) == (
            True,
            True,
        )
        client.disabled = True
        assert client.feature_flag_definitions() is None
        assert client.get_feature_flag_evaluation_runtime("near") is None
        assert client.get_feature_flag_keys_by_evaluation_runtime("all") == []
        assert not client.is_local_evaluation_ready()


def test_what_was_queued_before_is_still_sent() -> None:
    client = make()
    client.capture("before", distinct_id="u")
    client.disabled = True
    assert client.flush()
    assert [event.name for event in client.components.options.sink.events] == ["before"]
    assert not client.is_opted_out()


def test_a_client_made_disabled_stays_so_and_says_it() -> None:
    client = make(disabled=True)
    client.disabled = True
    with pytest.raises(ValueError, match="made with disabled=True"):
        client.disabled = False
    assert client.disabled is True
    with pytest.raises(ValueError, match="disabled must be True or False"):
        client.disabled = "maybe"


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_debug_may_be_called_and_set(kind: type[Any]) -> None:
    logger, client = logging.getLogger("flagengine"), make(kind)
    client.debug = True
    assert logger.level == logging.DEBUG
    client.debug = "off"
    assert logger.level == logging.NOTSET
    client.debug()
    assert logger.level == logging.DEBUG
    client.debug(False)
    assert logger.level == logging.NOTSET
    with pytest.raises(ValueError, match="debug must be True or False"):
        client.debug = "loud"


def test_a_method_may_be_replaced_as_tests_do() -> None:
    client = make()
    with patch.object(client, "capture", return_value="fake"):
        assert client.capture("x") == "fake"
    assert client.capture("x", distinct_id="u") != "fake"


class Own(Client):
    """A client of an application, with attributes of its own."""

    host = "declared"
    team: str

    def __init__(self) -> None:
        super().__init__(API_KEY, sink=MemorySink(), driver=ManualDriver())
        self.team, self.extra, self._private = "a", "b", "c"
        self.host = "https://own.test"


def test_a_subclass_may_have_attributes_of_its_own() -> None:
    client = Own()
    assert (client.team, client.extra, client._private, client.host) == (
        "a",
        "b",
        "c",
        "https://own.test",
    )
    with pytest.raises(AttributeError, match="flush_at cannot be changed"):
        client.flush_at = 3  # type: ignore[attr-defined]
    client.disabled = True
    assert client.capture("x", distinct_id="u") is None


def test_contexts_results_and_options_refuse_attributes_as_well() -> None:
    beta = {"key": "beta", "active": True, "filters": {"groups": [{}]}}
    client = make(definitions=MemoryDefinitions({"flags": [beta]}))
    with client.context(distinct_id="u") as context:
        found = (
            context,
            client.get_feature_flag_result("beta", "u"),
            client.get_feature_flag_reading("beta", "u"),
            client.definitions_health(),
            client.prepare_event_message("x"),
            client.counters(),
            client.components.options,
        )
    for thing in found:
        assert thing is not None
        for name in ("no_such_attribute", "distinct_id"):
            with pytest.raises((AttributeError, TypeError)):
                setattr(thing, name, 1)


def test_the_end_of_debugging_brings_the_level_of_the_application_back() -> None:
    client, package = make(), logging.getLogger("flagengine")
    level = package.level
    try:
        package.setLevel(logging.ERROR)
        for _ in range(2):
            client.debug = True
        assert package.level == logging.DEBUG
        client.debug = False
        assert package.level == logging.ERROR
        client.debug = False
        assert package.level == logging.ERROR
        client.debug = True
        package.setLevel(logging.WARNING)
        client.debug = False
        assert package.level == logging.WARNING
    finally:
        package.setLevel(level)


def test_results_take_no_attribute() -> None:
    evaluations = make().evaluate_flags("u")
    with pytest.raises(AttributeError):
        evaluations.flags = {}  # type: ignore[attr-defined]
