"""What a client gives can be copied, deep-copied and pickled; the client itself says why it cannot."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from flagengine.transports import AsyncClient, Client, FlagEvaluations, MemorySink, Options
from flagengine.transports import errors as all_errors
from flagengine.transports.context import Context
from flagengine.transports.errors import (
    DefinitionsError,
    DeliveryError,
    InvalidResponseError,
    ResponseTooLargeError,
    SpoolDamagedError,
    StatusError,
    TransportError,
)
from flagengine.transports.flags.called import FlagRead

from .bench import Bench, flag, local, needs, variant_flag

USER = "user-1"
WAYS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
}
EVERY_WAY = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


def definitions() -> Any:
    payload = {"a": [1]}
    return local(flag("f"), variant_flag("colour", "blue", payload), flag("open", needs("plan")))


def seen(flags: FlagEvaluations) -> tuple[Any, ...]:
    return (
        (flags.distinct_id, flags.device_id, dict(flags.groups), flags.keys),
        (flags.get_flag("colour"), flags.get_flag_payload("colour"), flags.is_enabled("f")),
        (dict(flags.unresolved_flags), flags.event_properties()),
        flags.get_string_details("colour", ""),
        flags.get_string_details("open", "x"),
    )


@EVERY_WAY
def test_flag_evaluations_travel(way: Callable[[Any], Any]) -> None:
    with Bench(definitions=definitions(), strict_local_evaluation=True) as bench:
        flags = bench.client.evaluate_flags(USER, groups={"company": "acme"}, device_id="d")
        for each in (flags, flags.only(["colour", "open"]), FlagEvaluations()):
            assert seen(way(each)) == seen(each)


@pytest.mark.contract("evaluate-flags")
@pytest.mark.parametrize(("name", "reports"), [("copy", 1), ("deepcopy", 1), ("pickle", 0)])
def test_a_copy_counts_its_own_reads_and_a_pickled_one_sends_no_event(
    name: str, reports: int
) -> None:
    with Bench(definitions=definitions()) as bench:
        flags = bench.client.evaluate_flags(USER)
        flags.is_enabled("f")
        travelled = WAYS[name](flags)
        assert travelled.only_accessed().keys == ["f"]
        travelled.is_enabled("f")
        travelled.get_flag("colour")
        assert flags.only_accessed().keys == ["f"]
        assert len(bench.called("colour")) == reports
        assert len(bench.called("f")) == 1
        assert travelled.only(["colour"]).keys == ["colour"]


@EVERY_WAY
def test_contexts_results_readings_and_answers_travel(way: Callable[[Any], Any]) -> None:
    with Bench(definitions=definitions(), strict_local_evaluation=True) as bench:
        client = bench.client
        with client.context(distinct_id=USER, session_id="s", properties={"a": 1}):
            client.set_person_properties_for_flags({"plan": "pro"})
            client.set_group_properties_for_flags("company", {"size": 3})
            active = client.get_context()
        assert isinstance(active, Context)
        answers = client.evaluate_flags(USER).flags
        values = [
            active,
            Context(),
            client.get_feature_flag_result("colour", USER),
            client.get_feature_flag_reading("open", USER),
            client.get_feature_flag_reading("misspelt", USER),
            answers["colour"],
            FlagRead("colour", answers["colour"], USER),
            FlagRead("colour", None, USER, {"company": "acme"}, "d", ("timeout",)),
            client.definitions_health(),
            client.components.published.snapshot,
            client.counters(),
        ]
    for value in values:
        assert way(value) == value
    restored = way(active)
    assert restored.event_properties() == {"a": 1, "$session_id": "s"}
    assert restored.flags.person == {"plan": "pro"}
    with pytest.raises(TypeError):
        restored.properties["b"] = 2


ERRORS = [
    StatusError(503, "busy", retry_after=2.5),
    InvalidResponseError("no object", status=200),
    ResponseTooLargeError("too large", status=200),
    DeliveryError("lost", reason="closed"),
    DefinitionsError("refused", status=401),
    SpoolDamagedError("damaged", count=2),
]


def test_every_error_is_tried() -> None:
    plain = {
        kind("message")
        for kind in vars(all_errors).values()
        if inspect.isclass(kind)
        and issubclass(kind, TransportError)
        and kind not in map(type, ERRORS)
    }
    for error in [*plain, *ERRORS]:
        for way in WAYS.values():
            travelled = way(error)
            assert type(travelled) is type(error)
            assert (str(travelled), travelled.args) == (str(error), error.args)
            assert vars(travelled) == vars(error)


@EVERY_WAY
def test_options_travel_with_their_keys_and_do_not_show_them(way: Callable[[Any], Any]) -> None:
    options = Options(api_key="phc_a", secret_key="phs_b", super_properties={"a": 1}, flush_at=7)
    travelled = way(options)
    assert travelled == options
    assert travelled.secret == "phs_b"
    assert "phs_b" not in repr(travelled)


@EVERY_WAY
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_client_refuses_and_says_what_to_do(kind: Any, way: Callable[[Any], Any]) -> None:
    client = kind(sink=MemorySink())
    with pytest.raises(TypeError, match=f"{kind.__name__} cannot be copied or pickled: pass the"):
        way(client)
