"""A poll takes over the flags that have not changed, and nothing else of the snapshot before."""

import copy
import gc
import json
import weakref
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from flagengine import Snapshot, evaluate, evaluate_flag, explain
from flagengine.definitions.parsing import ROW_MEMBERS, parse_flag
from flagengine.snapshot import evaluators_of
from tests import rules
from tests.bounded.parts import (
    all_of,
    condition_of,
    document_of,
    flag_is,
    flag_of,
    in_cohort,
    person_test,
)

Json = dict[str, Any]
PROPS = {"plan": "pro", "a": "x", "b": "x", "joined": "2024-01-01"}


def flag(key: str, *filters: Json, **row: Any) -> Json:
    return {**flag_of(key, condition_of(*filters, rollout_percentage=100)), "version": 1, **row}


def document() -> Json:
    """Return flags of every kind of reference: ``c`` depends on ``b``, which depends on ``a``."""
    return document_of(
        flag("a", person_test("a")),
        flag("b", flag_is("a")),
        flag("c", flag_is("b", ["a", "b"])),
        flag("in-cohort", in_cohort(1)),
        flag("below", in_cohort(2)),
        flag("group", {**person_test("size"), "type": "group", "group_type_index": 0}),
        flag("date", person_test("joined", "2024-06-01", "is_date_before")),
        flag("off", person_test("a"), active=False),
        flag("odd", person_test("a", operator="resembles")),
        flag("broken", active="yes"),
        flag("absent", flag_is("gone")),
        flag("plain", person_test("plan", "pro")),
        cohorts=[
            all_of(person_test("z")),
            all_of(person_test("a")),
            all_of({**in_cohort(1), "type": "cohort"}, person_test("b")),
        ],
    )


def used(snapshot: Snapshot) -> Snapshot:
    """Read and compile everything."""
    for _ in range(3):
        for key in snapshot.keys:
            evaluate_flag(snapshot, key, "user-1", PROPS)
    assert snapshot.issues
    return snapshot


def taken_over(old: Snapshot, new: Snapshot) -> set[str]:
    """Return the keys whose compiled flag is that of the old snapshot."""
    before, after = evaluators_of(old).compiled, evaluators_of(new).compiled
    found = {key for key in after if after[key] is before[key]}
    assert found == set(after)  # nothing is compiled early
    return found


EVERY = {each["key"] for each in document()["flags"]}


def _flag(given: Json, key: str) -> Json:
    found: Json = next(each for each in given["flags"] if each["key"] == key)
    return found


def _condition(given: Json, key: str) -> Json:
    found: Json = _flag(given, key)["filters"]["groups"][0]
    return found


CHANGES: list[tuple[Callable[[Json], object], set[str]]] = [
    (lambda given: None, set()),
    (lambda given: given.update(more=1, flag_count=3), set()),
    (lambda given: _flag(given, "plain").update(last_called_at="now", tags=[1]), set()),
    (lambda given: _flag(given, "plain").update(version=2), {"plain"}),
    (lambda given: _flag(given, "plain").update(version=1.0), {"plain"}),
    (lambda given: _flag(given, "plain").update(active=False), {"plain"}),
    (lambda given: _condition(given, "plain").update(rollout_percentage=100.0), {"plain"}),
    (lambda given: _condition(given, "a").update(rollout_percentage=0), {"a", "b", "c"}),
    (lambda given: _flag(given, "b").update(version=2), {"b", "c"}),
    (lambda given: _flag(given, "c").update(id=2), {"c"}),
    (lambda given: given["cohorts"]["0"].update(type="OR"), set()),
    (lambda given: given["cohorts"]["2"].update(type="OR"), {"below"}),
    (lambda given: given["cohorts"]["1"].update(type="OR"), {"in-cohort", "below"}),
    (lambda given: given["cohorts"].pop("1"), {"in-cohort", "below"}),
    (lambda given: given["flags"].append(flag("gone")), {"absent"}),
    (lambda given: given["flags"].append(flag("gone", deleted=True)), {"absent"}),
    (lambda given: given["flags"].append(flag("new")), set()),
    (lambda given: _flag(given, "a").update(deleted=True), {"a", "b", "c"}),
    (lambda given: given["flags"].append(flag("a")), {"a", "b", "c"}),
    (lambda given: given["flags"].remove(_flag(given, "a")), {"a", "b", "c", "odd", "broken"}),
    (lambda given: given["flags"].reverse(), {"odd", "broken"}),
    (lambda given: given["group_type_mapping"].update({"0": "team"}), EVERY),
    (lambda given: given["group_type_mapping"].update({"7": "team"}), EVERY),
    (lambda given: given.update(property_matching_version=2), EVERY),
    (lambda given: given.update(flagengine={"hash": "murmur3"}), EVERY),
]


@pytest.mark.rule("R1.10")
@pytest.mark.parametrize(("change", "differing"), CHANGES)
def test_flags_that_reach_no_change_are_taken_over(
    change: Callable[[Json], object], differing: set[str]
) -> None:
    given = document()
    old = used(Snapshot.parse(json.dumps(given)))
    change(given)
    for form in (given, json.dumps(given)):
        new = Snapshot.parse(form, previous=old)
        expected = Snapshot.parse(form)
        assert taken_over(old, new) & EVERY == EVERY - differing
        for snapshot in (new, expected):
            used(snapshot)
        for key in (*expected.keys, "gone"):
            answer = evaluate_flag(expected, key, "user-1", PROPS)
            assert evaluate_flag(new, key, "user-1", PROPS) == answer
            assert explain(new, key, "user-1", PROPS).resolution == answer
        assert new.issues == expected.issues
        assert dict(new.flags) == dict(expected.flags)
        assert [each.pointer for each in new.flags.values()] == [
            each.pointer for each in expected.flags.values()
        ]


def test_an_unused_snapshot_hands_nothing_over_and_reads_nothing() -> None:
    old = Snapshot.parse(document())
    new = Snapshot.parse(document(), previous=old)
    for snapshot in (old, new):
        assert snapshot._definitions.names_read() == []
        assert evaluators_of(snapshot).compiled == {}


def test_only_what_was_read_is_taken_over() -> None:
    old = Snapshot.parse(document())
    evaluate_flag(old, "plain", "user-1", PROPS)
    evaluate_flag(old, "plain", "user-1", PROPS)
    new = Snapshot.parse(document(), previous=old)
    assert set(new._definitions.names_read()) <= {("flag", "plain")}
    assert taken_over(old, new) == {"plain"}


def test_the_previous_snapshot_goes_although_its_flags_stay() -> None:
    snapshot = used(Snapshot.parse(document()))
    evaluator = snapshot.evaluator("c")
    gone = []
    for at in range(5):
        given = document()
        _condition(given, "plain")["rollout_percentage"] = at
        gone.append(weakref.ref(snapshot))
        snapshot = used(Snapshot.parse(given, previous=snapshot))
    gc.collect()
    assert [reference() for reference in gone] == [None] * len(gone)
    assert snapshot.evaluator("c") is evaluator
    assert evaluator("user-1", PROPS).value is True


def test_many_polls_do_not_grow() -> None:
    def polled(snapshot: Snapshot, at: int) -> Snapshot:
        given = document()
        _condition(given, ("a", "plain", "below")[at % 3])["rollout_percentage"] = 50 + at % 2
        return used(Snapshot.parse(given, previous=snapshot))

    snapshot = used(Snapshot.parse(document()))
    sizes = []
    for at in range(30):
        snapshot = polled(snapshot, at)
        if at % 6 == 5:
            gc.collect()
            sizes.append(len(gc.get_objects()))
    assert max(sizes[1:]) - sizes[1] < 50, sizes


def test_a_flag_of_the_old_snapshot_answers_as_before() -> None:
    given = document()
    old = used(Snapshot.parse(given))
    _condition(given, "a")["rollout_percentage"] = 0
    new = used(Snapshot.parse(given, previous=old))
    assert [evaluate_flag(each, "c", "user-1", PROPS).value for each in (old, new)] == [True, False]
    odd = {**PROPS, "a": 7}
    for each in (old, new):
        fresh = Snapshot.parse(each.to_document())
        for key in each.keys:
            for distinct_id in ("user-1", "", "\ud800", 7):
                expected = explain(fresh, key, distinct_id, odd).resolution
                assert evaluate_flag(each, key, distinct_id, odd) == expected


def test_overrides_of_the_previous_snapshot_are_not_taken_over() -> None:
    old = used(Snapshot.parse(document()).with_overrides({"plain": False}))
    new = Snapshot.parse(document(), previous=old)
    assert evaluators_of(new).compiled == {}
    assert evaluate_flag(new, "plain", "user-1", PROPS).value is True
    assert new == Snapshot.parse(document())


def test_flags_compiled_with_another_clock_are_not_taken_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = used(Snapshot.parse(document()))
    monkeypatch.setattr(
        "flagengine.snapshot.current_time", lambda: datetime(2030, 1, 1, tzinfo=UTC)
    )
    assert evaluators_of(Snapshot.parse(document(), previous=old)).compiled == {}


def test_flags_left_to_the_interpreter_and_their_dependents_are_compiled_anew() -> None:
    long = "x" * 1_001
    given = document_of(flag(long, person_test("a")), flag("d", flag_is(long)), flag("e"))
    old = Snapshot.parse(given)
    for key in old.keys:
        old.evaluator(key)
    new = Snapshot.parse(copy.deepcopy(given), previous=old)
    assert taken_over(old, new) == {"e"}
    assert evaluate(new, "user-1", PROPS)["d"].value is True


def test_what_decoding_loses_of_a_flag_counts() -> None:
    text = json.dumps(rules.document(rules.rollout(share=12.5)))
    other = text.replace("12.5", "12.5000000000000000000001")
    assert json.loads(text) == json.loads(other)
    for first, second in ((text, other), (other, text), (text, text)):
        old = Snapshot.parse(first)
        for key in old.keys:
            old.evaluator(key)
        new = Snapshot.parse(second, previous=old)
        assert taken_over(old, new) == (set(old.keys) if first == second else set())
        assert new.issues == Snapshot.parse(second).issues
    assert Snapshot.parse(other).issues


def test_a_flag_that_is_reached_in_two_ways_is_interpreted_once() -> None:
    given = document_of(
        flag("a", person_test("a")),
        flag("b", flag_is("a")),
        flag("c", flag_is("a")),
        flag("d", flag_is("b", ["a", "b"]), flag_is("c", ["a", "c"])),
    )
    snapshot = Snapshot.parse(given)
    evaluator = snapshot.evaluator("d")
    for distinct_id in ("\ud800", ""):
        expected = explain(snapshot, "d", distinct_id, PROPS).resolution
        assert evaluator(distinct_id, PROPS) == expected


@pytest.mark.parametrize("wrong", [{}, "{}", 7])
def test_previous_must_be_a_snapshot(wrong: Any) -> None:
    with pytest.raises(TypeError, match="previous must be a Snapshot or None, got"):
        Snapshot.parse({"flags": []}, previous=wrong)


class _Noting(dict[str, Any]):
    """A flag that notes which of its members are read."""

    def __init__(self, members: Json, names: set[str]) -> None:
        super().__init__(members)
        self.names = names

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> Any:
        self.names.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.names.add(str(name))
        return super().__contains__(name)


def test_the_members_that_are_compared_are_those_that_are_read() -> None:
    names: set[str] = set()
    for source in (flag("a"), flag("a", evaluation_contexts=["web"]), {"filters": {"version": 2}}):
        parse_flag("a", _Noting(source, names), "")
    assert names | {"key"} == set(ROW_MEMBERS)


def test_a_defect_is_told_where_the_flag_is_now() -> None:
    def of(*keys: str) -> Json:
        return {"flags": [{"key": key, "active": True, "filters": {"groups": 1}} for key in keys]}

    old = Snapshot.parse(of("a", "b"))
    for key in ("a", "b") * 3:
        evaluate_flag(old, key, "user-1", PROPS)
    new, afresh = Snapshot.parse(of("b", "a"), previous=old), Snapshot.parse(of("b", "a"))
    for key in ("a", "b"):
        expected = evaluate_flag(afresh, key, "user-1", PROPS)
        assert evaluate_flag(new, key, "user-1", PROPS) == expected
    assert new.issues == afresh.issues
