"""Wrong arguments of the methods: nothing is raised into the application, and the log names the argument."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from flagengine.transports import Client, ManualDriver, MemoryDefinitions, MemorySink
from flagengine.transports.client import verbs

from .bench import Bench, flag

pytestmark = pytest.mark.contract("setup")

JUNK: dict[str, Any] = {
    "True": True,
    "7": 7,
    "nan": float("nan"),
    "text": "x",
    "bytes": b"x",
    "list": ["x"],
    "dict": {"x": 1},
    "object": object(),
    "function": print,
    "class": int,
}
GOOD: dict[str, Any] = {
    "event": "e",
    "key": "f",
    "flag_key": "f",
    "properties": {"a": 1},
    "distinct_id": "u",
    "exception": "wrong",
    "group_type": "company",
    "group_key": "acme",
    "name": "n",
    "names": ["n"],
    "value": 1,
    "url": "nonsense://host",
    "evaluation_runtime": "all",
    "overrides": {"f": True},
}
DEFAULTS: dict[str, Any] = {
    "get_boolean": True,
    "get_feature_flag_details": 1.5,
    "get_number": 1,
    "get_object": {"a": 1},
    "get_string": "x",
}
# These run the application's code or register it, so a mistake raises at once.
RAISING = {
    "context",
    "enter_context",
    "new_context",
    "on",
    "request_context",
    "scoped",
    "with_context",
}
# What the parameter may be, for those where a wrong type has no effect but a warning or a log line.
MAPPINGS = {"properties", "set_once", "groups", "person_properties", "group_properties", "headers"}
MAPPINGS |= {"additional_properties"}
VERBS = [
    name
    for name in sorted(dir(Client))
    if not name.startswith("_")
    and callable(getattr(Client, name))
    and name not in RAISING | {"shutdown", "overridden_flags", "exit_context"}
]


@pytest.fixture(autouse=True)
def _log_everything_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verbs, "_logged", set())


def _client() -> Client:
    return Client(
        sink=MemorySink(),
        definitions=MemoryDefinitions({"flags": [flag("f")]}),
        driver=ManualDriver(),
        strict_local_evaluation=True,
    )


def _keywords(name: str, wrong: str, junk: Any) -> dict[str, Any]:
    parameters = list(inspect.signature(getattr(Client, name)).parameters.values())[1:]
    needed = {p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD}
    optional = {p.name for p in parameters} & {"distinct_id"}
    if name.startswith("capture_exception"):
        needed |= {"exception"}
    good = {**GOOD, "default": DEFAULTS.get(name)}
    return {**{each: good[each] for each in (needed | optional) - {wrong}}, wrong: junk}


@pytest.mark.parametrize("name", VERBS)
def test_no_method_raises_for_any_argument(name: str, caplog: pytest.LogCaptureFixture) -> None:
    for parameter in list(inspect.signature(getattr(Client, name)).parameters)[1:]:
        for label, junk in JUNK.items():
            caplog.clear()
            client = _client()
            getattr(client, name)(**_keywords(name, parameter, junk))
            client.debug(False)
            if parameter in MAPPINGS and label != "dict":
                said = [record.getMessage() for record in caplog.records]
                assert any(f"{parameter} must be a mapping" in each for each in said), (name, label)
                assert [record for record in caplog.records if record.exc_info] == []
            client.shutdown(0)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda c: c.get_all_flags("u", groups="acme"), "get_all_flags(): groups must be a mapping, got str"),
        (lambda c: c.evaluate_flags("u", flag_keys=7), "flag_keys must be a text or a list of texts, got int"),
        (lambda c: c.get_all_flags("u", group_properties={"a": 1}), "a mapping of group types to mappings"),
        (lambda c: c.get_feature_flag([], "u"), "get_feature_flag(): key must be text, got list"),
        (lambda c: c.exit_context("x"), "token must be a result of enter_context(), got str"),
        (lambda c: c.register([1]), "register(): properties must be a mapping, got list"),
        (lambda c: c.fetch("http://host.test", headers="x"), "fetch(): headers must be a mapping, got str"),
        (lambda c: c.capture("e", flags="x"), "flags must be a result of evaluate_flags(), got str"),
        (lambda c: c.capture_exception(ValueError(), flags="x"), "flags must be a result of evaluate_flags()"),
        (lambda c: c.identify("u", "x"), "properties must be a mapping, got str; ignored"),
        (lambda c: c.identify("u", {"$set_once": 7}), "$set_once must be a mapping, got int; ignored"),
        (lambda c: c.set("x"), "properties must be a mapping, got str; ignored"),
        (
            lambda c: c.capture("e", distinct_id="u", send_feature_flags={"only_localy": True}),
            "send_feature_flags must have only the keys",
        ),
        (lambda c: c.on("eror", print), "no event is called 'eror', so its callback is never called; did you mean 'error'?"),
    ],
)  # fmt: skip
def test_the_argument_is_named_without_its_value_and_once(
    call: Any, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = _client()
    call(client)
    assert said in caplog.text
    assert "Traceback" not in caplog.text


def test_mistakes_without_end_do_not_fill_the_memory(caplog: pytest.LogCaptureFixture) -> None:
    client = _client()
    for number in range(verbs.MOST_LOGGED + 20):
        client.override_feature_flags({f"key {number}": [1]})
    assert len(caplog.records) == len(verbs._logged) == verbs.MOST_LOGGED


def test_another_failure_of_the_same_type_is_logged_as_well(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @verbs.guarded(verbs.nothing)
    def verb(how: str) -> Any:
        if how == "first":
            return len(how.missing)  # type: ignore[attr-defined]
        return how.absent  # type: ignore[attr-defined]

    for how in ("first", "second", "first", "second"):
        verb(how)
    logged = [record.exc_text or record.getMessage() for record in caplog.records]
    assert len(logged) == 2
    assert "missing" in logged[0]
    assert "absent" in logged[1]


def test_a_mistake_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    client = _client()
    for _ in range(3):
        client.get_all_flags("u", groups="acme")
        client.get_all_flags("u", groups=7)
    assert [record.getMessage().rpartition(" ")[0] for record in caplog.records] == [
        "get_all_flags(): groups must be a mapping, got str; nothing was",
        "get_all_flags(): groups must be a mapping, got int; nothing was",
    ]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda c: c.with_context("x", print), "data must be a mapping, got str"),
        (
            lambda c: c.with_context({}, "x"),
            "function must be a function without arguments, got str",
        ),
        (lambda c: c.with_context({"user": 1}, print), "context data must have only the keys"),
        (
            lambda c: c.with_context({"properties": 1}, print),
            "properties must be a mapping, got int",
        ),
        (lambda c: c.enter_context("x"), "data must be a mapping"),
        (lambda c: c.enter_context(["x"]), "data must be a mapping"),
        (lambda c: c.context(properties="x"), "properties must be a mapping, got str"),
        (lambda c: c.request_context({}, properties=7), "properties must be a mapping, got int"),
        (lambda c: c.on("error", "x"), "on() must get a function as callback, got str"),
        (lambda c: c.capture("e", distinct_idd="u"), "'distinct_idd'; did you mean 'distinct_id'?"),
        (lambda c: c.capture("u", "e"), "positional argument"),
    ],
)
def test_a_wrong_call_around_the_applications_code_raises(call: Any, said: str) -> None:
    client = _client()
    with pytest.raises(TypeError) as caught:
        call(client)
    assert said in str(caught.value)
    assert client.get_context() is None


def test_both_names_of_an_exceptions_properties_count() -> None:
    with Bench() as bench:
        bench.client.capture_exception(
            ValueError(), "u", {"a": 1, "b": 1}, additional_properties={"b": 2, "c": 2}
        )
        properties = bench.event("$exception")["properties"]
    assert {name: properties[name] for name in "abc"} == {"a": 1, "b": 1, "c": 2}


@pytest.mark.parametrize("name", [None, 5, ["error"], {}])
def test_the_name_of_an_event_must_be_text(name: Any) -> None:
    with pytest.raises(TypeError, match=r"on\(\) must get the name of an event, got "):
        _client().on(name, print)
