"""A value of any kind is its JSON to every evaluator, wherever it comes in (SPEC R6, R7.7-R7.9)."""

from collections import UserDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from flagengine import (
    NOT_GIVEN,
    Overrides,
    Resolution,
    Snapshot,
    SnapshotError,
    evaluate,
    evaluate_flag,
    explain,
    json_form,
    to_json_value,
    usable_id,
)
from tests.any_values import ENDLESS, VALUES, Failing, RaisingKey

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OPERATORS = {
    "exact": "pro",
    "is_not": ["true", 3],
    "gt": 2,
    "is_date_before": "2025-01-01",
    "is_set": None,
}


def _flag(key: str, condition: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    filters = {"groups": [condition or {"rollout_percentage": 50}], **more.pop("filters", {})}
    return {"key": key, "active": True, "filters": filters, **more}


def _test_of(kind: str, operator: str, operand: Any) -> dict[str, Any]:
    more = {"group_type_index": 0} if kind == "group" else {}
    leaf = {"key": "plan", "type": kind, "operator": operator, "value": operand, **more}
    return {"properties": [leaf]}


SNAPSHOT = {
    "flags": [
        *(_flag(name, _test_of("person", name, value)) for name, value in OPERATORS.items()),
        *(_flag(f"g-{name}", _test_of("group", name, value)) for name, value in OPERATORS.items()),
        _flag("early", filters={"feature_enrollment": True}),
        _flag("half"),
        _flag("grouped", filters={"aggregation_group_type_index": 0}),
        _flag("device", bucketing_identifier="device_id"),
        _flag("whole", {"rollout_percentage": 100}),
        _flag("two", _test_of("person", "exact", "pro"), ensure_experience_continuity=True),
    ],
    "group_type_mapping": {"0": "company"},
}
PARSED = Snapshot.parse(SNAPSHOT)

Call = tuple[Any, dict[str, Any], dict[str, Any]]
"""A distinct id, person properties, and options."""

_OF_GROUP = tuple(f"g-{name}" for name in OPERATORS)
_IDS = ("half", "whole", "two")
ENTRANCES: Mapping[str, tuple[tuple[str, ...], Callable[[Any], Call]]] = {
    "a property": (tuple(OPERATORS), lambda value: ("user-1", {"plan": value}, {})),
    "a property of many": (
        ("exact", "is_set"),
        lambda value: ("user-1", {"plan": value, "$os": value}, {"complete": True}),
    ),
    "enrollment": (("early",), lambda value: ("u", {"$feature_enrollment/early": value}, {})),
    "a group's property": (
        _OF_GROUP,
        lambda value: (
            "user-1",
            {},
            {"groups": {"company": "acme"}, "group_properties": {"company": {"plan": value}}},
        ),
    ),
    "a property of no group": (
        ("g-exact", "g-is_not"),
        lambda value: ("user-1", {}, {"group_properties": {"company": {"plan": value}}}),
    ),
    "a distinct id": (_IDS, lambda value: (value, {}, {})),
    "a group key": (("grouped",), lambda value: ("user-1", {}, {"groups": {"company": value}})),
    "a device id": (("device",), lambda value: ("user-1", {}, {"device_id": value})),
    "a property that is a device id": (
        ("device",),
        lambda value: ("user-1", {"$device_id": value}, {}),
    ),
}
"""By name: the flags that read the value there, and the call with it."""


def _interpreted(snapshot: Snapshot, keys: Iterable[str], call: Call) -> dict[str, Resolution]:
    distinct_id, props, options = call
    return {
        key: explain(snapshot, key, distinct_id, props, now=NOW, **options).resolution
        for key in keys
    }


def _evaluations(
    keys: tuple[str, ...], call_of: Callable[[], Call]
) -> Iterator[dict[str, Resolution]]:
    """Yield the answers of each evaluator: the first call interprets, later calls are compiled."""
    snapshot = Snapshot.parse(SNAPSHOT)
    for _ in range(3):
        distinct_id, props, options = call_of()
        yield {
            key: evaluate_flag(snapshot, key, distinct_id, props, now=NOW, **options)
            for key in keys
        }
    distinct_id, props, options = call_of()
    yield dict(evaluate(snapshot, distinct_id, props, now=NOW, flag_keys=keys, **options))
    if not options:
        distinct_id, props, _ = call_of()
        yield {key: evaluate_flag(snapshot, key, distinct_id, props) for key in keys}
        distinct_id, props, _ = call_of()
        yield {key: snapshot.evaluator(key)(distinct_id, props) for key in keys}
        distinct_id, props, _ = call_of()
        yield {key: _generated(key)(distinct_id, props) for key in keys}


def _generated(key: str) -> Callable[..., Resolution]:
    evaluator: Any = PARSED.evaluator(key)
    on_demand = getattr(evaluator, "otherwise", None)
    return evaluator if on_demand is None else on_demand.function  # type: ignore[no-any-return]


@pytest.fixture(scope="module", autouse=True)
def _few_parts() -> Iterator[None]:
    """Let a value have fifty thousand parts instead of a million, which take a second to read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flagengine.values.conversion.MAX_PARTS", 50_000)
        patch.setattr("flagengine.definitions.owned._MAX_PARTS", 100_000)
        yield


@pytest.mark.rule("R7.7", "R7.8", "R7.9")
@pytest.mark.parametrize("name", VALUES)
def test_a_value_has_its_json(name: str) -> None:
    make, expected = VALUES[name]
    found = to_json_value(make())
    assert type(found) is type(expected)
    assert found == expected


@pytest.mark.rule("R7.9")
@pytest.mark.parametrize("name", ENDLESS)
def test_a_value_of_too_many_parts_is_not_given(name: str) -> None:
    assert to_json_value(ENDLESS[name]()) is NOT_GIVEN


@pytest.mark.rule("R6.1", "R6.2", "R6.4", "R6.8", "R4.4", "R7.7", "R7.8", "R7.9")
@pytest.mark.parametrize("entrance", ENTRANCES)
@pytest.mark.parametrize("name", VALUES)
def test_every_evaluator_takes_a_value_for_its_json(name: str, entrance: str) -> None:
    (make, json), (keys, place) = VALUES[name], ENTRANCES[entrance]
    expected = _interpreted(PARSED, keys, place(json))
    assert _interpreted(PARSED, keys, place(make())) == expected
    for found in _evaluations(keys, lambda: place(make())):
        assert found == expected


@pytest.mark.rule("R6.1", "R6.2")
@pytest.mark.parametrize("name", VALUES)
def test_an_id_is_that_of_the_json(name: str) -> None:
    make, json = VALUES[name]
    found = usable_id(make())
    assert found is None or type(found) is str
    assert found == (None if json is NOT_GIVEN else usable_id(json))


@pytest.mark.rule("R14.1", "R14.6")
@pytest.mark.parametrize("name", VALUES)
def test_an_override_is_its_json_or_refused(name: str) -> None:
    make, json = VALUES[name]
    if isinstance(json, bool | str | int | float | dict):
        found = Overrides.parse({"half": make()}).flags["half"]
        assert found == json
        assert isinstance(found, type(json))
    elif make() is not None:
        with pytest.raises(TypeError, match="override of 'half' must be"):
            Overrides.parse({"half": make()})
    if json is NOT_GIVEN:
        with pytest.raises(TypeError, match="payload override of 'half' must be JSON"):
            Overrides.parse({"payloads": {"half": make()}})
    else:
        payload = evaluate_flag(
            PARSED, "whole", "u", overrides={"payloads": {"whole": make()}}
        ).payload
        assert payload == json


@pytest.mark.rule("R1.1", "R2.18")
@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("place", ["operand", "rollout", "key"])
def test_a_document_holds_the_json_of_a_value_or_is_refused(name: str, place: str) -> None:
    make, json = VALUES[name]

    def document(value: Any) -> dict[str, Any]:
        leaf = {"key": "plan", "type": "person", "value": value if place == "operand" else "pro"}
        condition = {"properties": [leaf]} | (
            {"rollout_percentage": value} if place == "rollout" else {}
        )
        flag = _flag("f", condition)
        if place == "key":
            flag["key"] = value
        return {"flags": [flag], "x": [value]}

    if json is NOT_GIVEN and name not in ("too deep", "far too deep"):
        with pytest.raises(SnapshotError) as caught:
            Snapshot.parse(document(make()))
        assert caught.value.code == "not_json"
        return
    snapshot = Snapshot.parse(document(make()))
    plain = {"plan": "pro"}
    if json is not NOT_GIVEN and json is not None:
        expected = Snapshot.parse(document(json))
        assert snapshot.issues == expected.issues
        assert evaluate(snapshot, "u", plain) == evaluate(expected, "u", plain)
    assert snapshot.fingerprint
    for flag in snapshot.keys:
        assert type(flag) is str


@pytest.mark.rule("R1.1", "R2.18")
@pytest.mark.parametrize("name", ENDLESS)
def test_a_document_of_too_many_values_is_refused(name: str) -> None:
    with pytest.raises(SnapshotError, match=r"at most (50|100),000 values|no JSON form"):
        Snapshot.parse({"flags": [], "x": ENDLESS[name]()})


class _RaisingMapping(UserDict):  # type: ignore[type-arg]
    """A mapping whose look-ups raise."""

    def __contains__(self, key: object) -> bool:
        raise Failing

    __getitem__ = items = __contains__  # type: ignore[assignment]


class _RaisingDict(dict):  # type: ignore[type-arg]
    def __contains__(self, key: object) -> bool:
        raise Failing


@pytest.mark.rule("R7.9")
@pytest.mark.parametrize(
    "make", [_RaisingMapping, _RaisingDict, lambda: {RaisingKey(): 1}], ids=["any", "dict", "key"]
)
def test_a_look_up_that_raises_finds_a_property_that_was_not_given(make: Any) -> None:
    expected = {key: PARSED.evaluator(key)("user-1", {}) for key in OPERATORS}
    for found in _evaluations(tuple(OPERATORS), lambda: ("user-1", make(), {})):
        assert found == expected
    for key, resolution in expected.items():
        assert explain(PARSED, key, "user-1", make()).resolution == resolution


@pytest.mark.rule("R7.9", "R6.4")
def test_groups_whose_look_up_raises_are_none() -> None:
    for _ in range(3):
        found = evaluate_flag(PARSED, "grouped", "user-1", groups=_RaisingMapping())
        assert found == evaluate_flag(PARSED, "grouped", "user-1")


_WRONG: Mapping[str, Callable[[], dict[str, Any]]] = {
    "group_properties": lambda: {"group_properties": _RaisingMapping()},
    "overrides": lambda: {"overrides": _RaisingMapping()},
    "overrides of flags": lambda: {"overrides": {"flags": _RaisingMapping()}},
    "overrides of payloads": lambda: {"overrides": {"payloads": _RaisingMapping()}},
    "an override": lambda: {"overrides": {"half": object()}},
    "now": lambda: {"now": VALUES["raising zone"][0]()},
    "groups": lambda: {"groups": VALUES["raising class"][0]()},
}


@pytest.mark.parametrize("name", _WRONG)
def test_a_wrong_argument_is_a_type_error(name: str) -> None:
    with pytest.raises(TypeError):
        evaluate_flag(PARSED, "half", "user-1", **_WRONG[name]())
    with pytest.raises(TypeError):
        evaluate_flag(PARSED, "half", "user-1", VALUES["raising class"][0]())


@pytest.mark.parametrize("make", [_RaisingMapping, VALUES["raising class"][0], object, list])
def test_a_document_that_cannot_be_read_is_refused(make: Callable[[], Any]) -> None:
    with pytest.raises(SnapshotError):
        Snapshot.parse(make())


def test_the_refusal_of_a_value_names_its_place() -> None:
    document = {"flags": [{"key": "f", "filters": {"groups": [{"rollout_percentage": object()}]}}]}
    with pytest.raises(SnapshotError, match="which has no JSON form") as caught:
        Snapshot.parse(document)
    assert caught.value.pointer == "/flags/0/filters/groups/0/rollout_percentage"
    document = {"flags": [{"key": "f"}], "cohorts": {"1": VALUES["lying dict"][0]()}}
    with pytest.raises(SnapshotError, match="raised Failing") as caught:
        Snapshot.parse(document)
    assert caught.value.pointer == "/cohorts/1"
    with pytest.raises(SnapshotError, match="a key that JSON cannot write"):
        Snapshot.parse({"flags": [], "x": {(1, 2): 3}})


def test_generated_code_never_sees_text_that_lies() -> None:
    class Text(str):
        __slots__ = ()

        def __str__(self) -> str:
            return self

        def __repr__(self) -> str:
            return "__import__('os').abort()"

    document = {
        "flags": [
            _flag(
                Text("f"),
                {"properties": [{"key": Text("p"), "type": "person", "value": Text("x")}]},
            )
        ],
        Text("cohorts"): UserDict(),
    }
    snapshot = Snapshot.parse(UserDict(document))
    assert [type(key) for key in snapshot.keys] == [str]
    for _ in range(3):
        assert evaluate_flag(snapshot, "f", "u", {"p": "x"}).value is True
    assert (
        evaluate_flag(snapshot, "f", "u", {"p": "x"}, overrides={Text("f"): Text("v")}).value == "v"
    )


def test_a_form_is_unwrapped_by_one_level() -> None:
    assert list(json_form((1, b"a"))) == [1, b"a"]
    assert json_form(VALUES["model"][0]())["seat"] is not None
    assert json_form(VALUES["Enum"][0]()) == "pro"
    assert json_form(object()) is NOT_GIVEN
