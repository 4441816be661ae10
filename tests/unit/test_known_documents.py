"""A raw document that was seen lately is not parsed again, and one that has changed is."""

import copy
import enum
import json
import pickle
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any

import pytest

from flagengine import Snapshot, SnapshotError, evaluate, evaluate_flag, explain, requirements
from flagengine import snapshot as module
from flagengine.definitions import known, owned
from flagengine.definitions.known import KnownDocuments
from flagengine.values.known_json import KnownInPython

Json = dict[str, Any]


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    module._known.cache_clear()
    yield
    module._known.cache_clear()


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return the documents that are parsed, in order."""
    found: list[object] = []
    parse = Snapshot.parse.__func__  # type: ignore[attr-defined]

    def noting(cls: type, document: Any, **options: Any) -> Snapshot:
        found.append(document)
        made: Snapshot = parse(cls, document, **options)
        return made

    monkeypatch.setattr(Snapshot, "parse", classmethod(noting))
    return found


def document(*keys: str, share: float = 100) -> Json:
    return {
        "flags": [
            {
                "key": key,
                "active": True,
                "filters": {"groups": [{"properties": [], "rollout_percentage": share}]},
            }
            for key in keys or ("beta",)
        ],
        "group_type_mapping": {"0": "company"},
    }


FORMS: list[Callable[[Json], Any]] = [
    dict,
    json.dumps,
    lambda value: json.dumps(value).encode(),
    lambda value: json.loads(json.dumps(value)),
]
USES: list[Callable[[Any], object]] = [
    lambda given: evaluate(given, "user-1")["beta"].value,
    lambda given: evaluate(given, "user-1", {}, groups={"company": "a"})["beta"].value,
    lambda given: evaluate_flag(given, "beta", "user-1").value,
    lambda given: evaluate_flag(given, "beta", "user-1", groups={"company": "a"}).value,
    lambda given: explain(given, "beta", "user-1").resolution.value,
    lambda given: requirements(given, "beta").decided_locally is not None,
]


@pytest.mark.rule("R1.9")
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("form", FORMS)
def test_a_document_is_parsed_once(
    parsed: list[object], form: Callable[[Json], Any], use: Callable[[Any], object]
) -> None:
    given = form(document())
    assert [use(given) for _ in range(4)] == [True] * 4
    assert len(parsed) == 1


@pytest.mark.parametrize("form", FORMS[1:])
def test_a_document_is_recognised_by_its_content(
    parsed: list[object], form: Callable[[Json], Any]
) -> None:
    for _ in range(3):
        evaluate(form(document()), "user-1")
    assert len(parsed) == 1


def test_a_document_in_another_form_is_parsed(parsed: list[object]) -> None:
    for form in FORMS[:3]:
        evaluate(form(document()), "user-1")
        evaluate(form(document()), "user-1")
    assert len(parsed) == 3


def test_parse_always_makes_a_new_snapshot() -> None:
    given = document()
    assert Snapshot.parse(given) is not Snapshot.parse(given)
    evaluate(given, "user-1")
    assert Snapshot.parse(given) is not module.as_snapshot(given)
    assert module.as_snapshot(given) is module.as_snapshot(given)


class One(enum.IntEnum):
    ONE = 1


class Text(str):
    __slots__ = ()


def _leaf(given: Json, value: object) -> None:
    given["flags"][0]["filters"]["groups"][0]["rollout_percentage"] = value


def _moved(given: Json) -> None:
    given["flags"][0]["key"] = given["flags"][0].pop("key")


CHANGES: list[Callable[[Json], object]] = [
    lambda given: given.pop("group_type_mapping"),
    lambda given: given["flags"].append(given["flags"][0]),
    lambda given: given["flags"].reverse(),
    lambda given: given["flags"].pop(),
    lambda given: given["flags"][0].update(active=False),
    lambda given: given["flags"][0].update(active=1),
    lambda given: given["flags"][0].update(key="gamma"),
    lambda given: given["flags"][0].update(key=Text("beta")),
    lambda given: given["flags"][0].update(unknown=None),
    lambda given: given["flags"].__setitem__(0, OrderedDict(given["flags"][0])),
    lambda given: given["flags"][0]["filters"]["groups"].append({}),
    lambda given: given["flags"][0]["filters"]["groups"][0]["properties"].append({}),
    lambda given: given["group_type_mapping"].update({"0": "team"}),
    _moved,
    *(
        (lambda given, value=value: _leaf(given, value))  # type: ignore[misc]
        for value in (0, 1, 1.0, True, 50, None, "1", One.ONE, 100.0, [100])
    ),
]


@pytest.mark.rule("R1.9")
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_in_place_is_noticed(
    parsed: list[object], change: Callable[[Json], object]
) -> None:
    given = document("beta", "delta")
    evaluate(given, "user-1")
    untouched = copy.deepcopy(given)
    change(given)
    expected = dict(evaluate(Snapshot.parse(given), "user-1").items())
    del parsed[:]
    assert dict(evaluate(given, "user-1").items()) == expected
    assert len(parsed) == 1
    evaluate(untouched, "user-1")
    assert len(parsed) == 1


def test_a_document_that_changes_back_is_recognised(parsed: list[object]) -> None:
    given = document()
    for share in (100, 0) * 3:
        _leaf(given, share)
        assert evaluate(given, "user-1")["beta"].value is (share == 100)
    assert len(parsed) == 2


def test_mappings_of_other_types_are_parsed_each_time(parsed: list[object]) -> None:
    for form in (OrderedDict, MappingProxyType, lambda given: Text(json.dumps(given))):
        for _ in range(2):
            assert evaluate(form(document()), "user-1")["beta"].value is True  # type: ignore[operator]
    for _ in range(2):
        assert evaluate(bytearray(json.dumps(document()).encode()), "user-1")["beta"].value is True
    assert len(parsed) == 8


@pytest.mark.parametrize("wrong", ["{", b"\xff", {}, {"flags": None}, 7, None, "[]"])
def test_an_error_is_raised_each_time(wrong: Any) -> None:
    for _ in range(3):
        with pytest.raises(SnapshotError):
            evaluate(wrong, "user-1")


def test_a_document_that_holds_itself_is_refused_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(owned, "_MAX_PARTS", 10_000)
    given = document()
    evaluate(given, "user-1")
    given["flags"][0]["name"] = given
    for _ in range(3):
        with pytest.raises(SnapshotError, match="at most 10,000 values"):
            evaluate(given, "user-1")


# The bounds.


def test_few_documents_are_remembered_and_the_oldest_is_forgotten_first(
    parsed: list[object],
) -> None:
    for form in (dict, json.dumps, lambda value: json.dumps(value).encode()):
        module._known.cache_clear()
        given = [form(document(f"flag-{at}")) for at in range(9)]
        for each in given:
            evaluate(each, "user-1")
        del parsed[:]
        for each in given[1:]:
            evaluate(each, "user-1")
        assert parsed == []
        evaluate(given[0], "user-1")
        assert parsed == given[:1]


def test_what_is_too_large_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "_MAX_SIZE", 10)
    monkeypatch.setattr(known, "_MAX_TEXT", 10)
    memory = KnownDocuments[int]()
    fitting: dict[str, Any] = {"a": [0] * 8}
    memory.add(fitting, {"a": [0] * 8}, 1)
    memory.add("0123456789", {}, 2)
    memory.add(b"0123456789", {}, 3)
    memory.add({"b": [0] * 9}, {"b": [0] * 9}, 4)
    memory.add("0123456789+", {}, 5)
    memory.add(b"0123456789+", {}, 6)
    for unknown in ({"b": [0] * 9}, "0123456789+", b"0123456789+", 7, [], None):
        assert memory.get(unknown) is None
    assert [memory.get(each) for each in (fitting, "0123456789", b"0123456789")] == [1, 2, 3]
    memory.add({"c": []}, {"c": []}, 7)
    memory.add("x", {}, 8)
    memory.add(b"x", {}, 9)
    assert [memory.get(each) for each in (fitting, "0123456789", b"0123456789")] == [None] * 3
    assert [memory.get(each) for each in ({"c": []}, "x", b"x")] == [7, 8, 9]
    memory.cache_clear()
    assert [memory.get(each) for each in ({"c": []}, "x", b"x")] == [None] * 3


def test_a_copy_of_other_content_is_not_remembered() -> None:
    memory = KnownDocuments[int]()
    memory.add({"a": 1}, {"a": 1.0}, 1)
    memory.add({"a": One.ONE}, {"a": 1}, 1)
    assert memory.get({"a": 1}) is None
    assert memory.get({"a": One.ONE}) is None


@pytest.mark.skipif(
    not getattr(sys, "_is_gil_enabled", lambda: True)(),
    reason="without the GIL, Python code recognises nothing",
)
def test_in_python_a_document_with_a_tuple_is_not_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(known, "KnownJson", KnownInPython)
    memory = KnownDocuments[int]()
    memory.add({"a": [1]}, {"a": [1]}, 1)
    for _ in range(8):
        memory.add({"a": (1,)}, {"a": [1]}, 2)
    assert memory.get({"a": (1,)}) is None
    assert memory.get({"a": [1]}) == 1


def test_the_document_used_last_is_looked_for_first_by_content() -> None:
    memory = KnownDocuments[int]()
    for at in range(8):
        memory.add({"a": at}, {"a": at}, at)
    assert memory.get({"a": 0}) == 0
    memory.add({"a": 8}, {"a": 8}, 8)
    assert memory.get({"a": 0}) == 0
    assert memory.get({"a": 1}) is None


def test_a_snapshot_of_a_known_document_travels() -> None:
    given = document()
    evaluate(given, "user-1")
    snapshot = module.as_snapshot(given)
    assert pickle.loads(pickle.dumps(snapshot)) == snapshot


def test_a_document_is_recognised_although_its_copy_shares_words_later() -> None:
    def of(operator: str) -> Json:
        properties = [{"key": "plan", "type": "person", "operator": operator, "value": "pro"}]
        return {
            "flags": [
                {"key": "f", "active": True, "filters": {"groups": [{"properties": properties}]}}
            ]
        }

    def made(*letters: str) -> str:
        return "".join(letters)  # an object of its own, which nobody else keeps

    given = of(made("ex", "act"))
    for _ in range(3):  # reading the flag replaces words of the copy
        assert evaluate(given, "user-1", {"plan": "pro"})["f"].value is True
    filters = given["flags"][0]["filters"]["groups"][0]["properties"][0]
    for _ in range(3):
        filters["operator"] = made("is", "_", "not")
        others = [made("is", "_", "no", chr(97 + number)) for number in range(26)]
        assert evaluate(given, "user-1", {"plan": "pro"})["f"].value is False
        filters["operator"] = made("ex", "act")
        assert evaluate(given, "user-1", {"plan": "pro"})["f"].value is True
        assert len(others) == 26
