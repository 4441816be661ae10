"""The quick way of reading a flag: it does what the full way does, whatever happens before and after."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flagengine.transports import MemoryDefinitions

from .bench import Bench, flag, needs, variant_flag

KEYS: Final = (
    "on",
    "half",
    "plan",
    "variant",
    "group",
    "device",
    "off",
    "typed",
    "none",
    "unknown",
)
IDS: Final = ("u1", "u2", "u3", "ü", " ", "", 7, None, True, "\ud800", b"u1")
PROPERTIES: Final = ({}, {"plan": "pro"}, {"plan": "free", "n": 1}, {"plan": ["pro"]}, None, (), 5)
GROUPS: Final = ({}, {"company": "acme"}, {"company": 7, "team": "a"}, None, "acme", (("a", "b"),))
GROUP_PROPERTIES: Final = ({}, {"company": {"tier": "gold"}}, {"company": {}}, None, [1])
GETTERS: Final = (
    "get_feature_flag",
    "is_feature_enabled",
    "get_feature_flag_result",
    "get_feature_flag_reading",
    "get_feature_flag_payload",
)
OVERRIDES: Final = ({"on": False}, {"on": None}, ["off"], {"payloads": {"variant": 1}}, False, {})


def _document(version: int, *, is_simple: bool = False) -> dict[str, Any]:
    tier = {"key": "tier", "type": "group", "group_type_index": 0, "value": "gold"}
    flags = [
        flag("on", version=version),
        flag("half", {"rollout_percentage": 40 + 20 * (version % 2)}),
        flag("plan", needs("plan", "pro")),
        variant_flag("variant", "blue" if version % 3 else "red", {"size": [version]}),
        flag("group", {"properties": [tier]}, filters={"aggregation_group_type_index": 0}),
        flag("device", {"rollout_percentage": 50}, bucketing_identifier="device_id"),
        flag("off", active=False),
        variant_flag("nameless", ""),
    ]
    flags[-1]["filters"]["groups"] = [needs("plan", "pro")]
    if is_simple:
        flags = [each for each in flags if each["key"] not in ("plan", "group", "device")]
    if version % 4 == 3:
        del flags[0]
    return {"flags": flags, "group_type_mapping": {"0": "company"}}


def _without_uuids(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_uuids(each) for each in value]
    return {**value, "uuid": None} if isinstance(value, dict) else value


class _Run:
    """One client that carries out steps; what it returns and sends is recorded."""

    def __init__(self, options: dict[str, Any], *, is_quick: bool) -> None:
        self.seen: list[Any] = []
        self._is_quick = is_quick
        self._properties: dict[str, Any] = {"plan": "pro"}
        self._open: list[Any] = []
        self._evaluations: list[Any] = []
        if options.pop("reads_in_hook"):
            options["before_send"] = self._hook
        self._is_simple = options.pop("is_simple", False)
        document = _document(0, is_simple=self._is_simple)
        self._bench = Bench(definitions=MemoryDefinitions(document), **options)
        self._bench.server.flags = {"unknown": "remote", "plan": True}
        self._client = self._bench.client
        self._client.on("*", self._note)
        if not is_quick:
            components = self._client.components
            components.reads.derive = lambda _make: None  # type: ignore[method-assign]
            components.tracker.is_known = lambda *_: False  # type: ignore[method-assign]

    def _note(self, name: str, payload: Any) -> None:
        self.seen.append((name, repr(payload) if name == "error" else _without_uuids(payload)))

    def _hook(self, message: Any) -> Any:
        self.seen.append(self._client.get_feature_flag("half", "u1"))
        return message

    def carry_out(self, steps: list[tuple[Any, ...]]) -> list[Any]:
        with self._bench:
            for name, *arguments in steps:
                self.seen.append((name, getattr(self, f"do_{name}")(*arguments)))
            events = _without_uuids(self._bench.events())
            counters = self._client.counters()
            return [*self.seen, events, counters, self._bench.flag_requests]

    def do_read(self, getter: str, key: Any, person: Any, options: dict[str, Any]) -> Any:
        given = dict(options)
        if given.get("person_properties") == "shared":
            given["person_properties"] = self._properties
        call = getattr(self._client, getter)
        return [call(key, person, **given) for _ in range(2)]

    def do_read_typed(self, key: Any, default: Any, person: Any, options: dict[str, Any]) -> Any:
        getters = {bool: "get_boolean", str: "get_string", int: "get_number", dict: "get_object"}
        call = getattr(self._client, getters[type(default)])
        return [call(key, default, person, **options) for _ in range(2)]

    def do_evaluate(self, person: Any, options: dict[str, Any]) -> Any:
        found = self._client.evaluate_flags(person, **options)
        self._evaluations.append(found)
        return found.distinct_id, found.keys, dict(found.unresolved_flags), dict(found.groups)

    def do_read_evaluation(self, key: str, sends: bool) -> Any:
        return [
            (
                found.get_flag(key, send_feature_flag_events=sends),
                found.is_enabled(key),
                found.get_flag_payload(key),
                found.only_accessed().event_properties(),
            )
            for found in self._evaluations[-2:]
        ]

    def do_mutate(self, value: Any) -> None:
        self._properties["plan"] = value

    def do_enter(self, data: dict[str, Any]) -> None:
        block = self._client.context(**data)
        block.__enter__()
        self._open.append(block)

    def do_override_block(self, overrides: Any, all_threads: bool) -> None:
        block = self._client.overridden_flags(overrides, all_threads=all_threads)
        block.__enter__()
        self._open.append(block)

    def do_leave(self) -> None:
        if self._open:
            self._open.pop().__exit__(None, None, None)

    def do_call(self, name: str, *arguments: Any) -> Any:
        return getattr(self._client, name)(*arguments)

    def do_disable(self, is_disabled: bool) -> None:
        self._client.disabled = is_disabled

    def do_publish(self, version: int) -> None:
        loader = self._client.components.loader
        assert loader is not None
        loader.publish(_document(version, is_simple=self._is_simple))

    def do_fork(self) -> None:
        loader = self._client.components.loader
        assert loader is not None
        for each in (loader, self._client.components):
            each.after_fork()


_ids = st.sampled_from(IDS)
_options = st.fixed_dictionaries(
    {},
    optional={
        "person_properties": st.sampled_from([*PROPERTIES, "shared"]),
        "groups": st.sampled_from(GROUPS),
        "group_properties": st.sampled_from(GROUP_PROPERTIES),
        "only_evaluate_locally": st.sampled_from([True, True, False, None]),
        "disable_geoip": st.sampled_from([True, False, None]),
        "device_id": st.sampled_from(["d1", None, 3]),
        "complete": st.sampled_from([True, False, None, {"person_properties": True}, 7]),
        "overrides": st.sampled_from([None, {"on": False}, ["off"], False, 7]),
    },
)
_read_options = st.tuples(
    _options,
    st.fixed_dictionaries(
        {}, optional={"send_feature_flag_events": st.sampled_from([True, False, None, 0])}
    ),
).map(lambda both: {**both[0], **both[1]})
_usual_read = st.tuples(
    st.just("read"),
    st.sampled_from(GETTERS[:2]),
    st.sampled_from(KEYS[:5]),
    st.sampled_from(IDS[:3]),
    st.just({"person_properties": {"plan": "pro"}}),
)
_step = st.one_of(
    *[_usual_read] * 4,
    st.tuples(
        st.just("read"), st.sampled_from(GETTERS), st.sampled_from([*KEYS, 3]), _ids, _read_options
    ),
    st.tuples(
        st.just("read_typed"),
        st.sampled_from([*KEYS, 3]),
        st.sampled_from([True, False, "x", 3, {}]),
        _ids,
        _read_options,
    ),
    st.tuples(st.just("evaluate"), _ids, _options),
    st.tuples(st.just("read_evaluation"), st.sampled_from(KEYS), st.booleans()),
    st.tuples(st.just("mutate"), st.sampled_from(["pro", "free", None, 1])),
    st.tuples(
        st.just("enter"),
        st.fixed_dictionaries(
            {},
            optional={
                "distinct_id": _ids,
                "device_id": st.sampled_from(["d1", "d2"]),
                "fresh": st.booleans(),
            },
        ),
    ),
    st.tuples(st.just("override_block"), st.sampled_from(OVERRIDES), st.booleans()),
    st.just(("leave",)),
    st.tuples(st.just("call"), st.just("override_feature_flags"), st.sampled_from(OVERRIDES)),
    st.tuples(st.just("call"), st.sampled_from(["opt_out", "opt_in", "reset", "flush"])),
    st.tuples(
        st.just("call"),
        st.sampled_from(["set_person_properties_for_flags"]),
        st.sampled_from([{"plan": "pro"}, {"plan": "free"}]),
    ),
    st.just(("call", "reset_person_properties_for_flags")),
    st.tuples(st.just("disable"), st.booleans()),
    st.tuples(st.just("publish"), st.integers(1, 7)),
    st.just(("fork",)),
    st.just(("call", "shutdown", 0)),
)
_client_options = st.fixed_dictionaries(
    {"reads_in_hook": st.booleans(), "is_simple": st.booleans()},
    optional={
        "max_cache_size": st.sampled_from([1, 2]),
        "send_feature_flag_event": st.booleans(),
        "never_evaluate_locally": st.just(("half",)),
        "project_timezone": st.just("Europe/Berlin"),
        "strict_local_evaluation": st.booleans(),
        "missing_group": st.just("unresolved"),
        "max_queue_size": st.just(2),
        "complete": st.sampled_from([True, {"person_properties": True}]),
    },
)


def _of(options: dict[str, Any], steps: list[Any], *, is_quick: bool) -> list[Any]:
    # A context of its own, because the contexts of a thread outlast a client.
    return copy_context().run(lambda: _Run(dict(options), is_quick=is_quick).carry_out(steps))


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(options=_client_options, steps=st.lists(_step, max_size=25))
def test_both_ways_give_and_send_the_same(options: dict[str, Any], steps: list[Any]) -> None:
    assert _of(options, steps, is_quick=True) == _of(options, steps, is_quick=False)


def _read(key: str, person: Any = "u1", **options: Any) -> tuple[Any, ...]:
    return ("read", "get_feature_flag", key, person, options)


_LOUD: Final = {"reads_in_hook": False, "is_simple": True}
SCENARIOS: Final[dict[str, tuple[dict[str, Any], list[tuple[Any, ...]]]]] = {
    "properties of a context": (
        {"reads_in_hook": False},
        [
            _read("plan", person_properties={"plan": "free"}),
            ("enter", {}),
            ("call", "set_person_properties_for_flags", {"plan": "pro"}),
            _read("plan"),
            _read("plan", person_properties={"plan": "free"}),
            ("evaluate", "u1", {}),
        ],
    ),
    "devices of contexts": (
        {"reads_in_hook": False},
        [
            _read("on"),
            ("evaluate", "u1", {}),
        ]
        + [
            step
            for device in ("d1", "d2", "d3", "d4")
            for step in (
                ("enter", {"device_id": device}),
                _read("device"),
                _read("on"),
                ("evaluate", "u1", {"person_properties": {"plan": "pro"}}),
                ("read_evaluation", "on", True),
                ("leave",),
            )
        ],
    ),
    "ids of nobody": (
        _LOUD,
        [
            step
            for person in IDS
            for step in (
                _read("on", person, send_feature_flag_events=False),
                ("evaluate", person, {}),
                ("read_evaluation", "on", True),
            )
        ],
    ),
    "a variant without a name": (
        _LOUD,
        [
            _read("nameless", person_properties={"plan": plan})
            for plan in ("free", "pro", "free", "pro")
        ],
    ),
    "a blank id in a context": (
        _LOUD,
        [
            ("enter", {"distinct_id": "u1"}),
            _read("half", " ", send_feature_flag_events=False),
            ("evaluate", " ", {}),
            _read("half", "u2"),
        ],
    ),
    "only the server": (
        {**_LOUD, "never_evaluate_locally": ("half",)},
        [
            step
            for person in IDS[:3]
            for step in (
                _read("half", person, send_feature_flag_events=False),
                ("evaluate", person, {}),
            )
        ],
    ),
    "no events while opted out": (
        _LOUD,
        [("call", "opt_out"), _read("on"), ("call", "opt_in"), _read("on"), _read("on")],
    ),
    "evaluations of those who are opted out": (
        _LOUD,
        [
            _read("on"),
            ("call", "opt_out"),
            ("evaluate", "u1", {}),
            ("read_evaluation", "on", True),
            ("read_evaluation", "half", True),
        ],
    ),
    "a device of the call": (
        {"reads_in_hook": False},
        [
            step
            for device in (None, "d1", "d2", "d3")
            for step in (_read("device", device_id=device), _read("on", device_id=device))
        ],
    ),
    "overrides of a block": (
        _LOUD,
        [
            _read("on"),
            ("override_block", {"on": False}, False),
            _read("on"),
            ("evaluate", "u1", {}),
            ("leave",),
            _read("on"),
        ],
    ),
    "the last used person stays": (
        {**_LOUD, "max_cache_size": 2},
        [_read("on", each) for each in ("u1", "u2", "u1", "u3", "u1", "u2")],
    ),
    "changed properties": (
        _LOUD,
        [
            _read("plan", person_properties="shared"),
            ("mutate", "free"),
            _read("plan", person_properties="shared"),
        ],
    ),
}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_both_ways_do_the_same_in(scenario: str) -> None:
    options, steps = SCENARIOS[scenario]
    assert _of(options, steps, is_quick=True) == _of(options, steps, is_quick=False)


def _counted(bench: Bench) -> list[str]:
    """Return a list that grows with every evaluation of the full way."""
    evaluator, calls = bench.client.components.evaluator, []
    evaluate = evaluator.evaluate

    def counted(*arguments: Any, **options: Any) -> Any:
        calls.append("full")
        return evaluate(*arguments, **options)

    evaluator.evaluate = counted  # type: ignore[method-assign]
    return calls


@pytest.mark.parametrize("options", [{}, {"groups": {"company": "acme"}}], ids=["plain", "groups"])
@pytest.mark.parametrize("getter", GETTERS)
def test_the_second_read_goes_the_quick_way(getter: str, options: dict[str, Any]) -> None:
    with Bench(definitions=MemoryDefinitions(_document(0))) as bench:
        calls = _counted(bench)
        call = getattr(bench.client, getter)
        first = call("on", "u1", **options)
        assert call("on", "u1", **options) == first
        assert len(calls) <= 1
        assert len(bench.called()) == (getter != "get_feature_flag_payload")


CHANGES: Final[dict[str, Callable[[Any], object]]] = {
    "overridden": lambda client: client.override_feature_flags({"on": "forced"}),
    "disabled": lambda client: setattr(client, "disabled", True),
    "properties": lambda client: client.set_person_properties_for_flags({"plan": "pro"}),
    "definitions": lambda client: client.components.loader.publish({"flags": []}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_ends_the_quick_way(change: str) -> None:
    with Bench(definitions=MemoryDefinitions(_document(0))) as bench:
        calls = _counted(bench)
        assert bench.client.get_feature_flag("on", "u1") is True
        CHANGES[change](bench.client)
        after = bench.client.get_feature_flag("on", "u1")
        assert after == {"overridden": "forced", "properties": True}.get(change)
        assert len(calls) == 2 - (change == "disabled")


def test_a_read_after_a_fork_starts_the_polls_again() -> None:
    with Bench(definitions=MemoryDefinitions(_document(0))) as bench:
        loader = bench.client.components.loader
        assert loader is not None
        for _ in range(2):
            for _ in range(2):
                bench.client.get_feature_flag("on", "u1")
            assert loader.is_started
            for each in (loader, bench.client.components):
                each.after_fork()
            assert not loader.is_started


def test_a_read_in_a_context_is_of_its_person() -> None:
    with Bench(definitions=MemoryDefinitions(_document(0))) as bench:
        for person in ("u1", "u2"):
            with bench.client.context(distinct_id=person):
                assert [bench.client.get_feature_flag("on") for _ in range(2)] == [True, True]
        assert len(bench.called("on")) == 2


@pytest.mark.parametrize("getter", GETTERS)
@pytest.mark.parametrize("name", ["finish", "_finish", "sends", "_sends", "unknown"])
def test_an_unknown_keyword_raises(getter: str, name: str) -> None:
    bench = Bench(definitions=MemoryDefinitions(_document(0)))
    for _ in range(2):
        with pytest.raises(TypeError, match=f"unexpected keyword argument '{name}'"):
            getattr(bench.client, getter)("on", "u1", **{name: None})
