"""Snapshots with one flag changed equal the snapshots of documents that are edited by hand."""

import json
from copy import deepcopy
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine import Snapshot, SnapshotError, evaluate_flag
from tests.rules import document as of_rules
from tests.rules import experiment, having, rollout, targeted

_PRO = {"key": "plan", "type": "person", "value": "pro"}


def _flag(key: str, *conditions: dict[str, Any], **filters: Any) -> dict[str, Any]:
    return {"key": key, "active": True, "filters": {"groups": list(conditions), **filters}}


_DEPENDS: dict[str, Any] = {
    "key": "beta",
    "type": "flag",
    "value": True,
    "operator": "flag_evaluates_to",
}
_DEPENDS["dependency_chain"] = ["beta"]
_DOCUMENT: dict[str, Any] = {
    "flags": [
        _flag("beta", {"properties": [_PRO], "rollout_percentage": 20}),
        _flag("two", {"rollout_percentage": 5}, {"properties": [_PRO]}),
        _flag("none"),
        _flag("child", {"properties": [_DEPENDS]}),
        {"key": "broken", "active": "yes", "filters": {"groups": [{}]}},
        {"key": "gone", "deleted": True},
    ],
    "cohorts": {},
    "unknown to the engine": [1],
}


def _edited(place: int, condition: int, percentage: float) -> Snapshot:
    document = deepcopy(_DOCUMENT)
    document["flags"][place]["filters"]["groups"][condition]["rollout_percentage"] = percentage
    return Snapshot.parse(document)


class TestRollout:
    """``with_rollout``."""

    @given(st.integers(0, 100) | st.floats(0, 100), st.sampled_from([(0, 0), (1, 0), (1, 1)]))
    def test_the_copy_is_the_snapshot_of_the_edited_document(
        self, percentage: float, place: tuple[int, int]
    ):
        flag, condition = place
        key = _DOCUMENT["flags"][flag]["key"]
        found = Snapshot.parse(_DOCUMENT).with_rollout(key, percentage, condition)
        wanted = _edited(flag, condition, percentage)
        assert found == wanted
        assert found.to_document() == wanted.to_document()
        assert found.changed_keys(wanted) == frozenset()

    def test_the_snapshot_itself_and_the_document_stay_as_they_were(self):
        document = deepcopy(_DOCUMENT)
        snapshot = Snapshot.parse(document)
        before = snapshot.fingerprint
        snapshot.with_rollout("beta", 100)
        assert (document, snapshot.to_document()) == (_DOCUMENT, _DOCUMENT)
        assert Snapshot.parse(snapshot.to_document()).fingerprint == before
        assert snapshot.flags["beta"].conditions[0].rollout_percentage == 20

    def test_flags_that_were_used_answer_by_the_new_rollout_and_so_do_those_that_depend_on_them(
        self,
    ):
        snapshot = Snapshot.parse(_DOCUMENT)
        props = {"plan": "pro"}
        people = [f"id-{n}" for n in range(200)]
        for key in ("beta", "child"):
            assert not all(evaluate_flag(snapshot, key, name, props).enabled for name in people)
        everyone = snapshot.with_rollout("beta", 100)
        for key in ("beta", "child"):
            assert all(evaluate_flag(everyone, key, name, props).enabled for name in people)
        assert everyone.changed_keys(snapshot) == {"beta", "child"}

    def test_who_is_inside_stays_inside_as_the_rollout_grows(self):
        steps = [Snapshot.parse(_DOCUMENT).with_rollout("beta", share) for share in (10, 30, 80)]
        inside = [
            {n for n in range(300) if evaluate_flag(each, "beta", f"id-{n}", {"plan": "pro"}).value}
            for each in steps
        ]
        assert inside[0] < inside[1] < inside[2]

    def test_overrides_stay(self):
        snapshot = Snapshot.parse(_DOCUMENT).with_overrides({"none": True})
        assert snapshot.with_rollout("beta", 50).overrides == snapshot.overrides

    def test_a_condition_without_a_rollout_has_100_per_cent(self):
        found = Snapshot.parse(_DOCUMENT).with_rollout("two", 40, condition=1)
        assert [each.rollout_percentage for each in found.flags["two"].conditions] == [5, 40]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("bate", 1), "key must name a flag, got 'bate'; did you mean 'beta'?"),
            (("gone", 1), "key must name a flag, got 'gone'"),
            ((7, 1), "key must name a flag, got 7"),
            (("none", 1), "flag 'none' has no condition with a rollout"),
            (("broken", 1), "flag 'broken' cannot be read, .* active must be a boolean"),
            (("two", 1), "flag 'two' has 2 conditions .* condition=0: it must be one of 0, 1"),
            (("two", 1, 2), "condition must be one of 0, 1 for flag 'two', got 2"),
            (("two", 1, -1), "condition must be one of 0, 1 for flag 'two', got -1"),
            (("beta", 101), "percentage must be a number from 0 to 100, got 101"),
            (("beta", -0.5), "percentage must be a number from 0 to 100, got -0.5"),
        ],
    )
    def test_arguments_that_name_nothing_are_errors_that_say_what_there_is(
        self, arguments: Any, message: str
    ):
        with pytest.raises(ValueError, match=message):
            Snapshot.parse(_DOCUMENT).with_rollout(*arguments)

    @pytest.mark.parametrize("percentage", ["20", True, None, float("nan"), float("inf"), [1]])
    def test_a_percentage_must_be_a_number(self, percentage: Any):
        with pytest.raises(TypeError, match="percentage must be a number from 0 to 100"):
            Snapshot.parse(_DOCUMENT).with_rollout("beta", percentage)

    @pytest.mark.parametrize("condition", ["first", True, 0.0])
    def test_a_condition_must_be_a_position(self, condition: Any):
        with pytest.raises(TypeError, match="condition must be the position of a condition"):
            Snapshot.parse(_DOCUMENT).with_rollout("beta", 20, condition)

    def test_a_number_that_json_has_otherwise_is_taken_as_json_has_it(self):
        found = Snapshot.parse(_DOCUMENT).with_rollout("beta", Fraction(1, 2))  # type: ignore[arg-type]
        assert found.flags["beta"].conditions[0].rollout_percentage == 0.5

    def test_a_key_that_is_twice_in_the_document_has_no_definition_to_change(self):
        twice = Snapshot.parse({"flags": [_flag("f", {}), _flag("f", {})]})
        with pytest.raises(ValueError, match=r"flag 'f' cannot be read, .*duplicate flag key"):
            twice.with_rollout("f", 1)
        with pytest.raises(ValueError, match="flag 'f' is in the document twice"):
            twice.with_flag(_flag("f", {}))


_RULES = [targeted(having("plan")), rollout(share=20), experiment(share=60)]


class TestRules:
    """``with_rollout`` for flags of format 2."""

    def test_the_copy_is_the_snapshot_of_the_edited_document(self):
        document = of_rules(*_RULES)
        found = Snapshot.parse(document).with_rollout("f", 12.5, condition=2)
        edited = deepcopy(document)
        edited["flags"][0]["filters"]["rules"][2]["rollout_percentage"] = 12.5
        assert found == Snapshot.parse(edited) != Snapshot.parse(document)
        assert found.issues == ()

    def test_the_only_rule_with_a_rollout_needs_no_name(self):
        found = Snapshot.parse(of_rules(*_RULES[:2])).with_rollout("f", 33.33)
        rules = found.flags["f"].rules
        assert rules is not None
        assert [rule.rollout_percentage for rule in rules.rules] == [None, 33.33]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((20,), "flag 'f' has 2 rules with a rollout; say which, as in condition=1"),
            ((20, 0), "condition must be one of 1, 2 .* got 0; that rule has no rollout"),
            ((20, 3), "condition must be one of 1, 2 for flag 'f', got 3$"),
            ((33.333, 1), "at most two decimals in a flag of format 2, got 33.333"),
        ],
    )
    def test_what_a_rule_cannot_have_is_an_error(self, arguments: Any, message: str):
        with pytest.raises(ValueError, match=message):
            Snapshot.parse(of_rules(*_RULES)).with_rollout("f", *arguments)

    @pytest.mark.parametrize("written", ["20.0000000000000000001", "20"])
    def test_what_decoding_lost_of_other_flags_stays_lost(self, written: str):
        document = of_rules(rollout(share=20))
        document["flags"].append({**document["flags"][0], "key": "g"})
        head, tail = json.dumps(document).rsplit('"rollout_percentage": 20', 1)
        text = f'{head}"rollout_percentage": {written}{tail}'
        found = Snapshot.parse(text).with_rollout("f", 50)
        assert (found.flags["g"].defect is None) is (written == "20")
        assert (
            found.fingerprint
            == Snapshot.parse(
                text.replace('"rollout_percentage": 20,', '"rollout_percentage": 50,', 1)
            ).fingerprint
        )


class TestFlag:
    """``with_flag``."""

    def test_a_definition_replaces_the_flag_of_its_key(self):
        new = _flag("two", {"rollout_percentage": 1})
        found = Snapshot.parse(_DOCUMENT).with_flag(new)
        document = deepcopy(_DOCUMENT)
        document["flags"][1] = new
        assert found == Snapshot.parse(document)

    def test_a_definition_of_a_new_key_comes_last(self):
        new = _flag("new", {})
        found = Snapshot.parse(_DOCUMENT).with_flag(new)
        assert found == Snapshot.parse({**_DOCUMENT, "flags": [*_DOCUMENT["flags"], new]})

    def test_later_changes_of_the_definition_do_not_reach_the_copy(self):
        new = _flag("new", {})
        found = Snapshot.parse(_DOCUMENT).with_flag(new)
        new["filters"]["groups"][0]["rollout_percentage"] = 0
        assert found.flags["new"].conditions[0].rollout_percentage == 100

    def test_what_decoding_lost_of_the_old_flag_is_forgotten(self):
        document = of_rules(rollout(share=20))
        text = json.dumps(document).replace(
            'percentage": 20', 'percentage": 20.00000000000000000001'
        )
        snapshot = Snapshot.parse(text)
        assert snapshot.issues
        assert snapshot.with_flag(document["flags"][0]) == Snapshot.parse(document)

    def test_a_definition_that_cannot_be_read_is_an_issue(self):
        found = Snapshot.parse(_DOCUMENT).with_flag({"key": "two", "filters": []})
        assert any(issue.pointer == "/flags/1/filters" for issue in found.issues)

    @pytest.mark.parametrize(
        ("definition", "error", "message"),
        [
            ("two", TypeError, "a flag must be a mapping .*, got str"),
            ({"active": True}, ValueError, "a flag must have a key, which is text, got None"),
            ({"key": 7}, ValueError, "a flag must have a key, which is text, got 7"),
            ({"key": "f", "filters": object()}, SnapshotError, "/flags/0/filters"),
        ],
    )
    def test_what_is_no_flag_is_an_error(self, definition: Any, error: Any, message: str):
        with pytest.raises(error, match=message):
            Snapshot.parse(_DOCUMENT).with_flag(definition)
