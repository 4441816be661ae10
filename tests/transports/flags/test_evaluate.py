"""Answers from the engine and from the server, and their combination."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from flagengine import Overrides, Snapshot
from flagengine.transports.flags.answer import FlagAnswer
from flagengine.transports.flags.evaluate import FlagEvaluator
from flagengine.transports.flags.local import EvaluatedFlags, LocalFlags
from flagengine.transports.flags.query import FlagQuery
from flagengine.transports.flags.remote import RemoteFlags
from flagengine.transports.http.base import Response
from flagengine.transports.http.memory import MemoryTransport
from flagengine.transports.polling.store import Published
from flagengine.transports.steps import run_steps

pytestmark = pytest.mark.contract("evaluate-flags")


def definition(key: str, *conditions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    groups = [{"properties": list(conditions), "rollout_percentage": 100}]
    return {"key": key, "active": True, "filters": {"groups": groups}, **fields}


LOCAL = definition("local", id=7, version=3, has_experiment=False)
OPEN = definition("open", {"key": "plan", "type": "person", "value": "pro"})


def published(*flags: dict[str, Any], at: float = 12.0, gate: bool = True) -> Published:
    document = {"flags": list(flags), "minimal_flag_called_events": gate}
    return Published(Snapshot.parse(document), loaded_at=at)


class Setup:
    """Return an evaluator whose server always returns the same records."""

    def __init__(self, **records: Any) -> None:
        body = json.dumps({"flags": records, "requestId": "r"}).encode()
        self.transport = MemoryTransport(default=Response(200, body=body))
        remote = RemoteFlags(self.transport, host="https://host", project_key="k")
        self.evaluator = FlagEvaluator(LocalFlags(), remote)

    def evaluate(
        self, keys: tuple[str, ...] | None, definitions: Published | None = None
    ) -> EvaluatedFlags:
        steps = self.evaluator.evaluate(FlagQuery("u1", keys), definitions or Published())
        return run_steps(steps, lambda call: call.function(*call.arguments))

    def answer(self, key: str, definitions: Published | None = None) -> FlagAnswer:
        return self.evaluate((key,), definitions).answers[key]

    @property
    def requests(self) -> int:
        return len(self.transport.requests)


def values(found: EvaluatedFlags) -> Mapping[str, Any]:
    return {key: answer.value for key, answer in found.answers.items()}


def test_the_engines_answer_is_taken_over_as_it_is() -> None:
    answer = Setup().answer("local", published(LOCAL))
    assert (answer.value, answer.enabled, answer.locally_evaluated) == (True, True, True)
    assert (answer.flag_id, answer.flag_version, answer.has_experiment) == (7, 3, False)
    assert (answer.reason_code, answer.condition_index) == ("condition_match", 0)
    assert (answer.definitions_loaded_at, answer.minimal_events) == (12_000, True)
    assert not answer.is_override


def test_the_next_definitions_have_a_time_of_their_own() -> None:
    setup, first = Setup(), published(LOCAL)
    later = published(LOCAL, at=13.0, gate=False)
    origins = [setup.answer("local", state).origin for state in (first, later, first)]
    assert [origin.definitions_loaded_at for origin in origins] == [12_000, 13_000, 12_000]
    assert [origin.minimal_events for origin in origins] == [True, False, True]


def test_an_override_is_known_as_one() -> None:
    setup = Setup()
    setup.evaluator.layers.change(lambda _: Overrides.parse({"local": "forced"}))
    answer = setup.answer("local", published(LOCAL))
    assert (answer.value, answer.is_override) == ("forced", True)


def test_the_servers_answer_carries_its_request() -> None:
    answer = Setup(f={"enabled": True, "variant": "blue"}).answer("f")
    assert (answer.value, answer.request_id, answer.locally_evaluated) == ("blue", "r", False)


def test_a_local_value_is_never_replaced_and_nothing_unasked_for_comes_in() -> None:
    on = {"enabled": True}
    setup = Setup(local={"enabled": False}, open=on, wanted=on, unwanted=on)
    definitions = published(LOCAL, OPEN)
    found = setup.evaluate(("local", "wanted"), definitions)
    assert values(found) == {"local": True, "wanted": True}
    everything = setup.evaluate(None, definitions)
    assert values(everything) == {"local": True, "open": True, "wanted": True, "unwanted": True}
    assert everything.unresolved == {}


def test_a_failed_remote_flag_replaces_nothing() -> None:
    found = Setup(open={"failed": True}).evaluate(None, published(LOCAL, OPEN))
    assert values(found) == {"local": True}
    assert found.unresolved.keys() == {"open"}


@pytest.mark.parametrize(
    ("keys", "definitions", "learnt", "requests"),
    [
        (None, [LOCAL], None, 0),
        (None, [LOCAL, OPEN], None, 1),
        (None, [], None, 1),
        (None, None, None, 1),
        (("local",), [LOCAL, OPEN], None, 0),
        (("local", "open"), [LOCAL, OPEN], None, 1),
        (("local", "new"), [LOCAL], None, 1),
        (("local", "gone"), [LOCAL], ("gone",), 0),
        (("gone", "new"), [LOCAL], ("gone",), 1),
        (("gone",), None, ("gone",), 1),
        ((), [], None, 0),
    ],
)
def test_a_request_goes_out_only_when_it_could_add_something(
    keys: Any, definitions: list[Any] | None, learnt: Any, requests: int
) -> None:
    setup = Setup()
    state = Published() if definitions is None else published(*definitions)
    if learnt is not None:
        setup.evaluate(learnt, state)
    before = setup.requests
    setup.evaluate(keys, state)
    assert setup.requests - before == requests


def test_a_key_that_is_overridden_to_be_missing_is_not_asked_for() -> None:
    setup = Setup(gone={"enabled": True}, other={"enabled": True})
    setup.evaluator.layers.change(lambda _: Overrides.parse({"gone": None}))
    assert setup.evaluate(("gone",)).answers == {}
    assert setup.requests == 0
    assert values(setup.evaluate(None)) == {"other": True}
