"""A list is converted once per person, whatever reads it (SPEC R15.6)."""

from collections import UserDict
from typing import Any

import pyarrow as pa
import pytest

from flagengine import Snapshot, evaluate, evaluate_flag, explain
from flagengine.batch import evaluate_table
from tests.bounded.steps import steps

OPERATORS = ("exact", "is_not", "icontains", "not_icontains", "regex", "semver_gt", "gt", "is_set")
MEMBERS = 2_000


class Counted(list[Any]):
    """A list with a member that counts how often it is converted, as a pydantic model is."""

    def __init__(self) -> None:
        super().__init__([self._Member(self)])
        self.reads = 0

    class _Member:
        def __init__(self, whole: "Counted") -> None:
            self._whole = whole

        def model_dump(self) -> dict[str, str]:
            self._whole.reads += 1
            return {"name": "a"}


def _filter(operator: str, number: int, **more: Any) -> dict[str, Any]:
    value = "1.2.3" if operator == "semver_gt" else f"x{number}"
    return {"key": "list", "type": "person", "operator": operator, "value": value, **more}


def _flag(key: str, filters: int, **more: Any) -> dict[str, Any]:
    """Return a flag with a condition for each filter."""
    tests = [_filter(OPERATORS[at % len(OPERATORS)], at, **more) for at in range(filters)]
    groups = [{"properties": [test], "rollout_percentage": 50} for test in tests]
    return {"key": key, "active": True, "filters": {"groups": groups}}


def _snapshot(flags: int = 1, filters: int = 16, **more: Any) -> Snapshot:
    document = {"flags": [_flag(f"f{at}", filters, **more) for at in range(flags)]}
    return Snapshot.parse({**document, "group_type_mapping": {"0": "company"}})


@pytest.mark.rule("R15.6")
def test_filters_of_one_flag_read_a_list_once() -> None:
    snapshot = _snapshot()
    for _ in range(3):
        given = Counted()
        evaluate_flag(snapshot, "f0", "user-1", {"list": given})
        assert given.reads == 1


@pytest.mark.rule("R15.6")
@pytest.mark.parametrize("others", [0, 20])
def test_flags_of_one_call_read_a_list_once(others: int) -> None:
    snapshot = _snapshot(flags=30)
    for number in range(4):
        given = Counted()
        props = {"list": given, **{f"p{at}": at for at in range(others)}}
        dict(evaluate(snapshot, "user-1", props).items())
        assert given.reads == 1, f"call {number}"


@pytest.mark.rule("R15.6")
def test_flags_that_are_asked_for_one_by_one_read_a_list_twice_at_most() -> None:
    snapshot = _snapshot(flags=30)
    for _ in range(3):
        dict(evaluate(snapshot, "user-1", {}).items())
    given = Counted()
    found = evaluate(snapshot, "user-1", {"list": given})
    assert all(
        found[key] == evaluate_flag(snapshot, key, "user-1", {"list": [{"name": "a"}]})
        for key in found
    )
    assert given.reads <= 2


def test_more_properties_than_flags_are_not_searched_for_lists() -> None:
    snapshot = _snapshot(flags=2)
    props = {"list": ["a"], **{f"p{at}": at for at in range(20)}}
    for _ in range(3):
        found = dict(evaluate(snapshot, "user-1", props).items())
    assert found["f1"] == explain(snapshot, "f1", "user-1", props).resolution


@pytest.mark.rule("R15.6")
def test_a_list_of_a_group_is_read_once() -> None:
    snapshot = _snapshot(type="group", group_type_index=0)
    for _ in range(3):
        given = Counted()
        groups: Any = {"groups": {"company": "acme"}}
        evaluate_flag(
            snapshot, "f0", "user-1", {}, group_properties={"company": {"list": given}}, **groups
        )
        assert given.reads == 1


@pytest.mark.rule("R15.6")
def test_a_list_is_rendered_once_for_each_form() -> None:
    given = [f"member {at}" for at in range(MEMBERS)]
    few, many = _snapshot(filters=8), _snapshot(filters=80)
    for snapshot in (few, many):
        for _ in range(2):
            evaluate_flag(snapshot, "f0", "user-1", {"list": given})
    less = steps(lambda: evaluate_flag(few, "f0", "user-1", {"list": given}))
    more = steps(lambda: evaluate_flag(many, "f0", "user-1", {"list": given}))
    assert more < 1.5 * less


@pytest.mark.rule("R15.6")
def test_a_table_renders_a_list_once_for_each_form() -> None:
    rows = pa.table({"distinct_id": ["u"], "list": [[f"member {at}" for at in range(MEMBERS)]]})
    few, many = _snapshot(filters=8), _snapshot(filters=80)
    less = steps(lambda: evaluate_table(few, rows, threads=1).read_all())
    more = steps(lambda: evaluate_table(many, rows, threads=1).read_all())
    assert more < 2 * less


@pytest.mark.rule("R15.6")
def test_an_explanation_shows_the_beginning_of_a_list_in_constant_time() -> None:
    snapshot = _snapshot(filters=80)
    short, long = (
        explain(snapshot, "f0", "user-1", {"list": ["member"] * size}) for size in (50, 5_000)
    )
    str(short)
    assert steps(long.__str__) <= steps(short.__str__)
    assert '["member","member","member",' in str(long)


@pytest.mark.parametrize("value", [["true", True], ["true", 1], [], {"a": 1}, True, "TRUE", None])
def test_truth_is_compared_as_before(value: Any) -> None:
    test = {"key": "list", "type": "person", "operator": "exact", "value": "true"}
    flag = {"key": "f", "active": True, "filters": {"groups": [{"properties": [test, test]}]}}
    snapshot = Snapshot.parse({"flags": [flag]})
    expected = str(value) in ("['true', True]", "[]", "True", "TRUE")
    answers = [evaluate_flag(snapshot, "f", "u", {"list": value}).value for _ in range(3)]
    assert answers == [expected] * 3


def test_flags_of_one_call_share_what_another_mapping_holds() -> None:
    class Properties(UserDict[str, Any]):
        """Properties that are not in a dict."""

    snapshot = _snapshot(flags=3)
    for _ in range(3):
        given = Counted()
        dict(evaluate(snapshot, "user-1", Properties({"list": given})).items())
        assert given.reads == 1
