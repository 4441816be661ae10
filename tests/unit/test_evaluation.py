"""What ``evaluate`` returns: a read-only mapping of answers, the same with and without its part in C."""

import copy
import gc
import inspect
import pickle
import sys
import weakref
from collections.abc import ItemsView, Mapping, ValuesView
from threading import Thread
from typing import Any

import pytest

from flagengine import Evaluation, Resolution, Snapshot, evaluate, evaluate_flag, explain


def person(key: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"key": key, "type": "person", "operator": "exact", "value": value, **more}


def of_company(key: str, value: Any) -> dict[str, Any]:
    return {**person(key, value), "type": "group", "group_type_index": 0}


def flag(key: str, *conditions: dict[str, Any], **filters: Any) -> dict[str, Any]:
    return {"key": key, "active": True, "filters": {"groups": list(conditions), **filters}}


def when(*properties: dict[str, Any], percent: float = 100) -> dict[str, Any]:
    return {"properties": list(properties), "rollout_percentage": percent}


TEAM: dict[str, Any] = {"aggregation_group_type_index": 0}
DOCUMENT = {
    "flags": [
        flag("plain", when(person("plan", "pro"), percent=50)),
        flag("dated", when(person("since", "-3d", operator="is_date_before"))),
        flag("both", when(person("plan", "free")), when(person("country", ["DE", "AT"]))),
        flag("listed", when(person("tags", ["a", "b"]))),
        flag("company", when(of_company("tier", "gold"), percent=60), **TEAM),
        flag("untold", when(of_company("tier", "gold"))),
        flag("keyed", when(of_company("$group_key", "acme"))),
        flag("named", when(person("distinct_id", "user-1"))),
        *(flag(f"many-{n}", when(person("plan", "pro"), percent=n)) for n in range(0, 100, 9)),
    ],
    "group_type_mapping": {"0": "company"},
}
PEOPLE: list[dict[str, Any]] = [
    {"plan": "pro", "country": "DE", "since": "2020-01-01", "tags": ["a"]},
    {"plan": "free"},
    {"country": "FR"},
    {},
    {"plan": 5, "country": None, "tags": [["b"]], "since": []},
]
OPTIONS: list[dict[str, Any]] = [
    {},
    {"groups": {"company": "acme"}},
    {"groups": {"company": ""}, "group_properties": {"company": {"tier": "gold"}}},
    {"groups": {"company": "acme"}, "group_properties": {"company": {"tier": "gold"}}},
    {"groups": {"company": "acme"}, "group_properties": {"company": {"tier": "tin"}}},
    {"groups": {"company": 5}, "group_properties": {"company": {"tier": True}}},
    {"groups": {"company": "äcme"}, "group_properties": {"company": None}},
    {"groups": {"team": "a"}, "group_properties": {"team": {"tier": "gold"}}},
    {"group_properties": {"company": {"tier": "gold"}}},
    {"groups": None, "group_properties": None, "overrides": None},
    {"overrides": {"plain": True, "added": "green", "dated": False}},
    {"overrides": {"plain": None}, "groups": {"company": "acme"}},
    {"overrides": {"plain": {"a": [1]}}},
    {"overrides": ["plain", "both"]},
    {"overrides": {"flags": ["both"]}},
    {"complete": True},
    {"flag_keys": ["both", "unknown", "plain"]},
]


@pytest.fixture
def snapshot() -> Snapshot:
    return Snapshot.parse(DOCUMENT)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("distinct_id", ["user-1", "äöü", "", 7, None, "x" * 300, "\ud800"])
def test_every_way_to_an_answer_gives_the_same(distinct_id: Any, options: dict[str, Any]) -> None:
    shared, more = Snapshot.parse(DOCUMENT), dict(options)
    keys = more.pop("flag_keys", None)
    expected = [
        {key: explain(shared, key, distinct_id, props, **more).resolution for key in asked}
        for props in PEOPLE
        for asked in [list(evaluate(shared, distinct_id, props, **options))]
    ]
    assert keys is None or list(expected[0]) == keys
    for _ in range(3):  # interpreted, compiled, remembered
        for props, answers in zip(PEOPLE, expected, strict=True):
            for key, answer in answers.items():
                assert evaluate_flag(shared, key, distinct_id, props, **more) == answer
                assert evaluate(shared, distinct_id, props, **options)[key] == answer
            assert dict(evaluate(shared, distinct_id, props, **options)) == answers
            assert dict(evaluate(shared, distinct_id, props, **options).items()) == answers


def test_it_is_a_mapping(snapshot: Snapshot) -> None:
    found = evaluate(snapshot, "user-1", PEOPLE[0])
    assert isinstance(found, Mapping)
    assert type(found) is Evaluation
    assert list(found) == list(snapshot.keys) == list(found.keys())
    assert len(found) == len(snapshot.keys)
    assert "plain" in found
    assert "unknown" not in found
    assert found == dict(found) == evaluate(snapshot, "user-1", PEOPLE[0])
    assert repr(found) == f"<Evaluation of {len(found)} flags>"
    assert list(found.values()) == [found[key] for key in found]
    with pytest.raises(TypeError, match="unhashable"):
        hash(found)


PLAIN = {"flags": [flag for flag in DOCUMENT["flags"] if flag["key"].startswith(("plain", "many"))]}


@pytest.mark.parametrize(
    "document", [DOCUMENT, PLAIN, {"flags": []}], ids=["mixed", "plain", "none"]
)
@pytest.mark.parametrize("asked", [(), ("plain",), ("plain", "many-9")], ids=len)
@pytest.mark.parametrize(
    "options", [{}, {"overrides": {"plain": "green"}}, {"flag_keys": ["plain"]}]
)
def test_the_views_are_those_of_a_mapping(
    document: dict[str, Any], asked: tuple[str, ...], options: dict[str, Any]
) -> None:
    snapshot = Snapshot.parse(document)
    expected = dict(evaluate(snapshot, "u", PEOPLE[0], **options).items())
    for _ in range(3):
        found = evaluate(snapshot, "u", PEOPLE[0], **options)
        before = {key: found[key] for key in asked if key in found}
        values, items = found.values(), found.items()
        assert isinstance(values, ValuesView)
        assert isinstance(items, ItemsView)
        assert len(values) == len(items) == len(expected)
        assert list(values) == list(expected.values())
        assert list(reversed(values)) == list(reversed(list(values)))
        assert list(items) == list(expected.items())
        assert list(reversed(items)) == list(reversed(list(items)))
        assert items & expected.items() == set(expected.items())
        assert repr(items) == f"AllItems({list(items)})"
        for key, answer in expected.items():
            assert answer in values
            assert (key, answer) in items
            assert found[key] is dict(items)[key]
        assert all(found[key] is answer for key, answer in before.items())
        assert "unknown" not in values
        assert ("unknown", None) not in items
        assert found.get("unknown") is None
        with pytest.raises(TypeError, match="unhashable"):
            found[[]]  # type: ignore[index]


def test_the_answers_that_were_there_first_stay(snapshot: Snapshot) -> None:
    seen: list[Any] = []

    class Nosy(Mapping[str, Any]):
        def __getitem__(self, key: str) -> Any:
            if not seen:
                seen.append(None)
                seen[:] = found.values()
            return PEOPLE[0][key]

        def __iter__(self) -> Any:
            return iter(PEOPLE[0])

        def __len__(self) -> int:
            return len(PEOPLE[0])

    for _ in range(3):
        seen.clear()
        found = evaluate(snapshot, "user-1", Nosy())
        assert [*map(id, found.values())] == [*map(id, seen)]
        assert [*map(id, found.values())] == [id(found[key]) for key in found]


def test_get_is_a_look_up_with_a_default(snapshot: Snapshot) -> None:
    found = evaluate(snapshot, "user-1", PEOPLE[0])
    assert found.get("plain") is found["plain"]
    assert found.get("unknown") is None
    assert found.get("unknown", 5) == 5
    with pytest.raises(TypeError):
        found.get()
    with pytest.raises(TypeError):
        found.get("plain", 1, 2)


@pytest.mark.parametrize("options", [{}, {"groups": {"company": "acme"}}, {"complete": True}])
def test_an_answer_stays_although_the_arguments_change(
    snapshot: Snapshot, options: dict[str, Any]
) -> None:
    for _ in range(3):
        props: dict[str, Any] = {"plan": "free"}
        found = evaluate(snapshot, "user-1", props, **options)
        both = found["both"]
        props["plan"] = "pro"
        props["country"] = "FR"
        assert found["both"] is both
        assert found["named"].value is True
        assert found["both"] is both
        assert dict(found)["both"] is both
        assert found["both"] is both
        assert [key for key, _ in found.items()] == list(snapshot.keys)


def test_overrides_are_read_at_the_call(snapshot: Snapshot) -> None:
    for _ in range(3):
        overrides: Any = {"plain": "green"}
        found = evaluate(snapshot, "user-1", {}, overrides=overrides)
        overrides["plain"] = "red"
        overrides["both"] = "red"
        assert found["plain"].value == "green"
        assert found["both"].value != "red"
        assert dict(found)["plain"].value == "green"


def test_overrides_of_payloads_in_a_snapshot_go_with_forced_values(snapshot: Snapshot) -> None:
    layered = snapshot.with_overrides({"payloads": {"plain": {"size": 5}}})
    for _ in range(3):
        found = evaluate(layered, "user-1", {}, overrides={"plain": True})["plain"]
        assert found == evaluate_flag(layered, "plain", "user-1", {}, overrides={"plain": True})
        assert found.payload == {"size": 5}


@pytest.mark.parametrize("key", ["unknown", "", 5, None, (), ("plain",), ("plain", "both")])
def test_an_unknown_key_raises_a_key_error(snapshot: Snapshot, key: Any) -> None:
    found = evaluate(snapshot, "user-1", {})
    for _ in range(3):
        with pytest.raises(KeyError):
            found[key]
        assert found.get(key, 7) == 7
        assert found["plain"].key == "plain"
    with pytest.raises(TypeError, match="unhashable"):
        found[[]]  # type: ignore[index]


def test_a_copy_is_the_same_object_and_a_pickle_has_all_answers(snapshot: Snapshot) -> None:
    for options in ({}, {"groups": {"company": "acme"}}, {"flag_keys": ["both", "plain"]}):
        found = evaluate(snapshot, "user-1", PEOPLE[0], **options)
        assert copy.copy(found) is found
        for again in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
            assert type(again) is Evaluation
            assert dict(again) == dict(found)
            assert list(again) == list(found)
            assert again["plain"] == found["plain"]
            with pytest.raises(KeyError):
                again["unknown"]


def test_a_pickle_of_no_answers_has_no_keys() -> None:
    again = pickle.loads(pickle.dumps(evaluate({"flags": []}, "user-1")))
    assert dict(again) == {}
    assert dict(again.items()) == {}
    with pytest.raises(KeyError):
        again["unknown"]


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((), {}),
        (("user-1", 5), {}),
        (("user-1", {}, {}), {}),
        (("user-1", {}), {"group": {}}),
        (("user-1", {}), {"groups": 5}),
        (("user-1", {}), {"group_properties": {"company": 5}}),
        (("user-1", {}), {"overrides": {"plain": object()}}),
        (("user-1", {}), {"overrides": {"plain": "\ud800"}}),
        (("user-1", {}), {"overrides": 5}),
        (("user-1", {}), {"flag_keys": "plain"}),
        (("user-1", {}), {"props": {}}),
        (("user-1", {}), {"key": "plain"}),
    ],
)
def test_wrong_arguments_raise_at_the_call(
    snapshot: Snapshot, arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    with pytest.raises((TypeError, ValueError)) as wanted:
        inspect.unwrap(evaluate)(snapshot, *arguments, **options)
    with pytest.raises(type(wanted.value)) as found:
        evaluate(snapshot, *arguments, **options)
    assert str(found.value) == str(wanted.value)


def test_arguments_may_be_named(snapshot: Snapshot) -> None:
    expected = dict(evaluate(snapshot, "user-1", PEOPLE[0]))
    assert dict(evaluate(flag_defs=snapshot, distinct_id="user-1", props=PEOPLE[0])) == expected
    assert dict(evaluate(snapshot, props=PEOPLE[0], distinct_id="user-1")) == expected
    names: dict[str, Any] = {str(b"distinct_id", "utf-8"): "user-1"}  # not interned
    assert evaluate(snapshot, **names)["plain"].missing.person_properties == ("plan",)


def test_it_keeps_nothing_alive() -> None:
    class Props(dict[str, Any]):
        pass

    props = Props(plan="pro")
    found = evaluate(Snapshot.parse(DOCUMENT), "user-1", props)
    assert found["plain"].key == "plain"
    props["itself"] = found
    gone = weakref.ref(props)
    del props, found
    gc.collect()
    assert gone() is None


def test_it_leaks_nothing(snapshot: Snapshot) -> None:
    arguments = ("user-1", {"plan": "pro"}, {"company": "acme"}, {"company": {"tier": "gold"}})

    def use() -> None:
        distinct_id, props, groups, properties = arguments
        found = evaluate(snapshot, distinct_id, props, groups=groups, group_properties=properties)
        assert found["company"] is found["company"]
        assert found["both"] is found.get("both")
        assert len(list(found.values())) == len(snapshot.keys)

    for _ in range(5):
        use()
    gc.collect()
    before = [sys.getrefcount(item) for item in arguments]
    for _ in range(1_000):
        use()
    gc.collect()
    assert [sys.getrefcount(item) for item in arguments] == before


def test_threads_share_it(snapshot: Snapshot) -> None:
    def read(found: Evaluation, seen: list[dict[str, Resolution]], number: int) -> None:
        seen.append({key: found[key] for key in found} if number % 3 else dict(found.items()))

    for _ in range(20):
        found = evaluate(snapshot, "user-1", PEOPLE[0], groups={"company": "acme"})
        seen: list[dict[str, Resolution]] = []
        readers = [Thread(target=read, args=(found, seen, number)) for number in range(6)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        assert len(seen) == len(readers)
        assert all(each == seen[0] for each in seen)
