"""Calls with an audience: which flags they see, that they are walked as others, and what is kept for them."""

import gc
import pickle
import weakref
from itertools import combinations
from typing import Any

import pytest

from flagengine import Reason, Resolution, Snapshot, evaluate, evaluate_flag
from flagengine.evaluation.interpreter import Interpreter
from flagengine.inputs.environment import current_time
from flagengine.inputs.request import Request
from flagengine.inputs.subject import Subject
from flagengine.snapshot import evaluators_of


def flag(key: str, *properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    groups = [{"properties": list(properties), "rollout_percentage": 60}]
    return {"key": key, "id": 7, "active": True, "filters": {"groups": groups}, **more}


def depends_on(key: str, *, value: bool = True) -> dict[str, Any]:
    operator = {"operator": "flag_evaluates_to", "dependency_chain": [key]}
    return {"key": key, "type": "flag", "value": value, **operator}


DE = {"key": "country", "type": "person", "operator": "exact", "value": "de"}
FLAGS = [
    flag("plain", DE),
    flag("server", DE, evaluation_runtime="server"),
    flag("client", evaluation_runtime="client"),
    flag("web", evaluation_contexts=["web", "mobile"]),
    flag("tagged", evaluation_tags=["docs"]),
    flag("after-server", depends_on("server")),
    flag("without-server", depends_on("server", value=False)),
    flag("far-after-server", depends_on("without-server")),
    flag("after-plain", depends_on("plain")),
    flag("circle-a", depends_on("circle-b")),
    flag("circle-b", depends_on("circle-a")),
    flag("off", active=False),
    flag("server-off", active=False, evaluation_runtime="server"),
    flag("newer", evaluation_runtime="server", filters={"version": 9}),
    flag("last", DE),
]
KEYS = [each["key"] for each in FLAGS]
AUDIENCES: list[dict[str, Any]] = [
    {},
    {"evaluation_runtime": None, "evaluation_contexts": None},
    {"evaluation_runtime": "server"},
    {"evaluation_runtime": "client"},
    {"evaluation_contexts": []},
    {"evaluation_contexts": ["web"]},
    {"evaluation_contexts": ("docs", "nobody-has-this")},
    {"evaluation_contexts": {"docs", "web"}, "evaluation_runtime": "client"},
    {"evaluation_contexts": {"docs": None}, "evaluation_runtime": "client"},
]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"flag_keys": ["gone", "server", "last", "after-server", "client"]},
    {"groups": {"company": "acme"}, "group_properties": {"company": {"tier": "gold"}}},
    {"complete": True},
    {"device_id": "device-1"},
    {"missing_group": "unresolved"},
    {"overrides": {"server": True, "added": "x"}},
    {"overrides": {"plain": False}},
    {"overrides": {"payloads": {"server": {"p": 1}, "plain": 2}}},
    {"overrides": False},
]


def expected(snapshot: Snapshot, options: dict[str, Any]) -> dict[str, Resolution]:
    """Return the interpreter's answers, by the keys that the call sees, in their order (R14, R17)."""
    request = Request.parse(options)  # type: ignore[arg-type]
    subject = Subject("user-1", {"country": "de"}, request, current_time)
    overrides = snapshot.overrides | request.overrides
    plans = evaluators_of(snapshot).plans
    oracle = Interpreter(plans, subject, overrides, request.runtime, request.contexts)
    added = overrides.flags
    answers = {key: oracle.flag(key).resolution for key in [*snapshot.keys, *added, "gone"]}
    if "flag_keys" in options:
        return {key: answers[key] for key in options["flag_keys"]}
    is_out = {key for key in answers if answers[key].reason is Reason.FILTERED_OUT}
    return {key: answers[key] for key in answers if key not in is_out and key != "gone"}


@pytest.mark.rule("R17.1", "R17.2", "R17.3", "R11.10", "R14.1")
@pytest.mark.parametrize(
    "overrides", [None, {"server": "x", "web": None}, {"payloads": {"web": 1}}]
)
@pytest.mark.parametrize("options", OPTIONS, ids=map(str, range(len(OPTIONS))))
@pytest.mark.parametrize("audience", AUDIENCES, ids=map(str, range(len(AUDIENCES))))
def test_an_audience_gets_the_answers_of_the_interpreter(
    audience: dict[str, Any], options: dict[str, Any], overrides: Any
) -> None:
    snapshot = Snapshot.parse({"flags": FLAGS}).with_overrides(overrides)
    known = {**audience, **options}
    for other in ({}, {"evaluation_runtime": "server"}, known):
        about = {**options, **other}
        for _ in range(4):  # interpreted, compiled, all at once
            answers = evaluate(snapshot, "user-1", {"country": "de"}, **about)
            wanted = expected(snapshot, about)
            assert list(answers.items()) == list(wanted.items())
            assert [answers[key] for key in wanted] == list(wanted.values())
            assert [each.key for each in answers.values()] == list(wanted)


def test_a_hidden_flag_was_not_requested() -> None:
    snapshot = Snapshot.parse({"flags": FLAGS})
    for _ in range(4):
        answers = evaluate(snapshot, "user-1", {}, evaluation_runtime="client")
        assert "server" not in answers
        assert answers.get("server") is None
        with pytest.raises(KeyError):
            answers["server"]
        answers.values()
        with pytest.raises(KeyError):
            answers["server"]


@pytest.mark.rule("R17.1", "R17.2")
def test_one_flag_is_answered_for_an_audience() -> None:
    for audience in AUDIENCES:
        snapshot = Snapshot.parse({"flags": FLAGS})  # of which nothing is compiled yet
        wanted = expected(snapshot, {**audience, "flag_keys": [*KEYS, "gone"]})
        for _ in range(3):
            found = {
                key: evaluate_flag(snapshot, key, "user-1", {"country": "de"}, **audience)
                for key in wanted
            }
            assert found == wanted


def test_what_an_audience_sees_is_shared_with_everyone() -> None:
    snapshot = Snapshot.parse({"flags": FLAGS})
    audience = Request.parse({"evaluation_runtime": "client"})
    for _ in range(3):
        evaluate(snapshot, "user-1", {}).values()
        evaluate(snapshot, "user-1", {}, evaluation_runtime="client").values()
    everyone, seen = evaluators_of(snapshot).compiled, evaluators_of(snapshot, audience).compiled
    differing = {key for key in KEYS if key in seen and seen[key] is not everyone[key]}
    hidden = {"server", "server-off"}
    depending = {"after-server", "without-server", "far-after-server"}
    # Flags on a circle are no worse for being compiled once more.
    assert differing - hidden == depending | {"circle-a", "circle-b"}


def test_an_audience_that_sees_all_flags_has_no_functions_of_its_own() -> None:
    snapshot = Snapshot.parse({"flags": [flag("a"), flag("b", evaluation_runtime="server")]})
    for options in ({"evaluation_runtime": "server"}, {"evaluation_contexts": ["web"]}):
        request = Request.parse(options)  # type: ignore[arg-type]
        assert evaluators_of(snapshot, request) is evaluators_of(snapshot)


def test_any_contexts_are_as_few_audiences_as_the_flags_name() -> None:
    snapshot = Snapshot.parse({"flags": FLAGS})

    def of(*contexts: str) -> object:
        return evaluators_of(snapshot, Request.parse({"evaluation_contexts": contexts}))

    assert of("web", "x") is of("web") is of("y", "web")
    assert of("z") is of()


def test_the_audiences_that_are_kept_are_few() -> None:
    names = [f"c{i}" for i in range(8)]
    snapshot = Snapshot.parse({"flags": [flag(f"f-{n}", evaluation_contexts=[n]) for n in names]})
    for several in combinations(names, 3):
        assert len(evaluate(snapshot, "user-1", {}, evaluation_contexts=several).values()) == 3
    assert len(snapshot._audiences) <= 16


def test_a_dropped_snapshot_is_freed_at_once_with_its_audiences() -> None:
    snapshot = Snapshot.parse({"flags": [flag("a"), flag("b", evaluation_runtime="server")]})
    gc.collect()
    gc.disable()
    try:
        for runtime in ("server", "client", None):
            evaluate(snapshot, "user-1", {}, evaluation_runtime=runtime).values()  # type: ignore[arg-type]
        gone = weakref.ref(snapshot)
        del snapshot
        assert gone() is None
    finally:
        gc.enable()


def test_keys_that_no_flag_has_are_not_remembered() -> None:
    snapshot = Snapshot.parse({"flags": FLAGS})
    options = {"evaluation_runtime": "client", "overrides": {"x": True}}
    keys = [f"gone-{i}" for i in range(50)]
    for _ in range(3):
        evaluate(snapshot, "user-1", {}, flag_keys=keys, **options).values()
    evaluators = evaluators_of(snapshot, Request.parse({"evaluation_runtime": "client"}))
    for known in (evaluators.compiled, evaluators.plans._dependencies, evaluators._reaching):  # type: ignore[attr-defined]
        assert not set(keys) & set(known)


def test_answers_for_an_audience_are_pickled_as_others() -> None:
    snapshot = Snapshot.parse({"flags": FLAGS})
    answers = evaluate(snapshot, "user-1", {}, evaluation_runtime="client")
    again = pickle.loads(pickle.dumps(answers))
    assert list(again.items()) == list(answers.items())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"evaluation_runtime": "browser"}, "evaluation_runtime must be"),
        ({"evaluation_runtime": ["server"]}, "evaluation_runtime must be"),
        ({"evaluation_contexts": "web"}, "evaluation_contexts must be a collection"),
        ({"evaluation_contexts": [[]]}, "evaluation_contexts must be a collection"),
        ({"evaluation_contexts": 5}, "evaluation_contexts must be a collection"),
        ({"evaluation_runtime": "server", "runtime": 1}, "unexpected keyword argument 'runtime'"),
        ({"groups": 5, "evaluation_runtime": "browser"}, "groups must be"),
        ({"evaluation_runtime": "browser", "groups": 5}, "evaluation_runtime must be"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], message: str) -> None:
    snapshot = Snapshot.parse({"flags": FLAGS})
    with pytest.raises((TypeError, ValueError), match=message):
        evaluate(snapshot, "user-1", {}, **options)
    with pytest.raises((TypeError, ValueError), match=message):
        evaluate_flag(snapshot, "plain", "user-1", {}, **options)


def test_contexts_may_be_read_once_or_be_a_mapping() -> None:
    snapshot = Snapshot.parse({"flags": FLAGS})
    wanted = list(evaluate(snapshot, "user-1", {}, evaluation_contexts=["docs"]))
    for contexts in (iter(["docs"]), {"docs": 1}, (each for each in ["docs"])):
        assert list(evaluate(snapshot, "user-1", {}, evaluation_contexts=contexts)) == wanted  # type: ignore[arg-type]


def test_a_dependency_on_a_flag_that_is_missing_is_the_same_for_every_audience():
    flags = [flag("hidden", evaluation_runtime="client"), flag("waits", depends_on("missing"))]
    snapshot = Snapshot.parse({"flags": flags})
    # Often enough for the flags to be compiled before the audience is known.
    everyone = [evaluate(snapshot, "u", {})["waits"] for _ in range(5)]
    server = evaluate(snapshot, "u", {}, evaluation_runtime="server")
    assert [*server] == ["waits"]
    assert server["waits"] == everyone[-1]
    assert evaluate_flag(snapshot, "missing", "u", {}, evaluation_runtime="server").value is None
