"""What the reader makes of format 2: records, refusals, and what JSON text alone can say."""

import copy
import json
import pickle
import sys

import pytest

from flagengine import IssueCode, Snapshot, evaluate_flag
from flagengine.definitions.model import Filter
from flagengine.definitions.rules.material import MAX_BYTES
from flagengine.definitions.rules.model import Rule, RuleHoldout, RuleSet, RuleVariant
from tests.bounded.steps import steps

ID = "11111111-1111-4111-8111-111111111111"
TARGETED = {
    "id": ID,
    "rule_type": "targeted_release",
    "targeting": {"properties": []},
    "value": True,
}
ROLLOUT = {
    **TARGETED,
    "rule_type": "percentage_rollout",
    "rollout_percentage": 33.33,
    "on_rollout_miss": "return_default",
    "assignment_algorithm": "sha1_60_v1",
    "seed": "s",
}
EXPERIMENT = {
    **{name: value for name, value in ROLLOUT.items() if name != "value"},
    "rule_type": "experiment",
    "on_rollout_miss": "continue",
    "experiment_id": None,
    "paused": True,
    "variants": [
        {"key": "a", "weight": 33.34, "value": True},
        {"key": "b", "weight": 66.66, "value": False},
    ],
    "holdout": {"id": None, "seed": "h", "exclusion_percentage": -0.0},
}
GOOD = {"key": "good", "active": True, "filters": {"groups": [{}]}}


def configured(*rules, **members):
    filters = {"version": 2, "return_type": "boolean", "default_value": False, "rules": list(rules)}
    return {"flags": [GOOD, {"key": "f", "active": True, "filters": filters | members}]}


def read(document):
    return Snapshot.parse(document).flags["f"]


def written(document, old, new):
    text = json.dumps(document)
    assert text.count(old) == 1
    return text.replace(old, new)


def test_every_member_is_in_the_records():
    targeting = {"properties": [{"key": "plan", "type": "person", "value": [1], "negation": True}]}
    other = {**TARGETED, "id": ID.replace("1", "A"), "targeting": targeting}
    third = {**EXPERIMENT, "id": ID.replace("1", "b")}
    assert read(configured(ROLLOUT, other, third)).rules == RuleSet(
        "boolean",
        False,
        (
            Rule(ID, "percentage_rollout", (), True, 33.33, "s", stops=True),
            Rule(
                ID.replace("1", "A"),
                "targeted_release",
                (Filter("plan", "person", "exact", [1], negation=True),),
                True,
            ),
            Rule(
                ID.replace("1", "b"),
                "experiment",
                rollout_percentage=33.33,
                seed="s",
                paused=True,
                variants=(RuleVariant("a", 33.34, True), RuleVariant("b", 66.66, False)),
                holdout=RuleHoldout("h", 0.0),
            ),
        ),
    )


def test_percentages_are_floats_and_minus_zero_is_zero():
    others = [ROLLOUT | {"id": ID[:-1] + "2", "rollout_percentage": 5}]
    others += [EXPERIMENT | {"id": ID[:-1] + "3"}]
    flag = read(configured({**ROLLOUT, "rollout_percentage": -0.0}, *others))
    assert flag.defect is None
    rollouts = [rule.rollout_percentage for rule in flag.rules.rules[:2]]
    excluded = flag.rules.rules[2].holdout.exclusion_percentage
    assert repr([*rollouts, excluded]) == "[0.0, 5.0, 0.0]"


def test_served_values_are_read_only_and_minus_zero_is_zero():
    value = {"a": [{"b": -0.0}], "c": "", "d": None, "e": True, "f": 1.5}
    rule = {**TARGETED, "value": value}
    served = read(configured(rule, return_type="object", default_value={})).rules.rules[0].value
    assert repr(served) == repr(value).replace("-0.0", "0")
    for change in (lambda: served.update(a=1), lambda: served["a"].append(1)):
        with pytest.raises(TypeError):
            change()


def test_a_null_default_is_none_and_zero_is_a_value():
    assert read(configured(default_value=None)).rules.default is None
    assert read(configured(return_type="number", default_value=-0.0)).rules.default == 0


def test_a_refused_flag_has_no_rules_and_leaves_its_neighbours_alone():
    document = configured(TARGETED, {**ROLLOUT, "seed": 5})
    flag = read(document)
    assert (flag.rules, flag.config_version) == (None, 2)
    assert evaluate_flag(document, "good", "u").value is True
    found = evaluate_flag(document, "f", "u")
    assert found.unresolved_reason == "unsupported_definition"


def test_a_fault_of_the_row_refuses_the_flag_too():
    document = configured(TARGETED)
    document["flags"][1]["active"] = "yes"
    flag = read(document)
    assert (flag.rules, flag.defect.pointer) == (None, "/flags/1/active")


@pytest.mark.rule("R20.30")
def test_every_fault_has_an_issue_and_a_place_has_one():
    flag = read(configured({**ROLLOUT, "seed": "", "rollout_percentage": float("inf"), "x": 1}))
    assert {(issue.code.value, issue.pointer.rpartition("/")[2]) for issue in flag.issues} == {
        ("out_of_range", "seed"),
        ("out_of_range", "rollout_percentage"),
        ("unknown_member", "x"),
    }


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (configured({**ROLLOUT, "rollout_percentage": "5"}), "must be a number from 0 to 100, got text; write it without quotes"),
        (configured({**ROLLOUT, "seed": None}), "must be text, got null; null does not mean absent"),
        (configured({**ROLLOUT, "sed": 1}), "must not have the member 'sed'"),
        (configured({**TARGETED, "descripton": ""}), "did you mean description?"),
        (configured(groups=[]), "it belongs to format 1"),
        (configured({**ROLLOUT, "on_rollout_miss": "continu"}), "did you mean continue?"),
        (configured({**ROLLOUT, "rollout_percentage": 0.001}), "at most two decimals, got 0.001"),
        (configured(default_value="true"), "must be true or false or null because return_type is boolean, got text"),
        (configured({**TARGETED, "value": None}), "only default_value may be null"),
        (configured(version="2"), "must be 1 or 2, got '2'"),
        (configured(version=3), "must be 1 or 2, got 3"),
    ],
)  # fmt: skip
def test_a_message_names_the_likely_mistake(document, message):
    assert message in read(document).defect.message


@pytest.mark.parametrize(("operator", "hint"), [("min", "write gte"), ("icontain", "icontains?")])
def test_a_message_names_the_likely_operator(operator, hint):
    predicate = {"key": "k", "type": "person", "operator": operator, "value": 5}
    document = configured({**TARGETED, "targeting": {"properties": [predicate]}})
    assert read(document).defect.message.endswith(hint)


@pytest.mark.rule("R20.16", "R20.17")
class TestText:
    """Numbers as they are written, and repeated members, are known of text alone."""

    LONG = written(configured(ROLLOUT), "33.33", "33.330000000000000001")

    def test_the_decimals_count_as_written(self):
        assert read(self.LONG).defect.code is IssueCode.OUT_OF_RANGE
        assert read(self.LONG).defect.message.endswith("got 33.330000000000000001")
        assert read(self.LONG.encode()).defect is not None
        assert read("\ufeff" + self.LONG).defect is not None
        assert read(json.loads(self.LONG)).defect is None

    def test_weights_are_summed_as_written(self):
        text = (
            json.dumps(configured(EXPERIMENT))
            .replace("33.34", "33.340")
            .replace("66.66", "6666E-2")
        )
        assert read(text).defect is None

    def test_a_long_number_elsewhere_is_only_rounded(self):
        document = configured({**TARGETED, "metadata": {"pi": 3.5, "deep": [3.25]}})
        text = written(document, "3.5", "3.14159265358979323846").replace(
            "3.25", "1.00000000000000000001"
        )
        assert read(text).defect is None

    def test_a_copy_is_equal_and_keeps_what_was_written(self):
        snapshot = Snapshot.parse(self.LONG)
        for other in (pickle.loads(pickle.dumps(snapshot)), copy.copy(snapshot)):
            assert other == snapshot
            assert other.fingerprint == snapshot.fingerprint
            assert other.flags["f"].defect == snapshot.flags["f"].defect

    def test_a_snapshot_of_other_writing_is_another_one(self):
        long, short = Snapshot.parse(self.LONG), Snapshot.parse(json.loads(self.LONG))
        assert long != short
        assert long.fingerprint != short.fingerprint
        assert long.changed_keys(short) == short.changed_keys(long) == {"f"}

    def test_a_moved_flag_has_not_changed(self):
        moved = json.loads(self.LONG, parse_float=lambda text: f"<{text}>")
        moved["flags"].reverse()
        text = json.dumps(moved).replace('"<', "").replace('>"', "")
        assert Snapshot.parse(self.LONG).changed_keys(Snapshot.parse(text)) == frozenset()

    def test_text_that_loses_nothing_is_equal_to_its_value(self):
        document = configured(EXPERIMENT)
        assert Snapshot.parse(json.dumps(document)) == Snapshot.parse(document)

    def test_a_repeated_member_is_known_by_its_last_value(self):
        text = written(configured(ROLLOUT), '"rules":', '"rules": 5, "rules":')
        assert [(issue.code, issue.pointer) for issue in read(text).issues] == [
            (IssueCode.NOT_UNIQUE, "/flags/1/filters/rules")
        ]

    def test_other_formats_are_read_once(self):
        text = written(
            {"flags": [GOOD, 5, {"key": "f", "filters": {"version": 3}}]},
            "3}",
            '3, "x": 1, "x": 1}',
        )
        assert read(text).defect.code is IssueCode.UNSUPPORTED_VERSION


@pytest.mark.rule("R20.18", "R2.18")
class TestLimits:
    """The size and the depth of a configuration are bounded."""

    @pytest.mark.parametrize(("more", "code"), [(0, None), (1, IssueCode.TOO_LARGE)])
    def test_the_size_counts_without_white_space(self, more, code):
        document = configured({**TARGETED, "description": ""})
        size = len(json.dumps(document["flags"][1]["filters"], separators=(",", ":")))
        text = "é" * ((MAX_BYTES - size) // 2) + "e" * ((MAX_BYTES - size) % 2 + more)
        document = configured({**TARGETED, "description": text})
        for given in (document, json.dumps(document, indent=9)):
            defect = read(given).defect
            assert (defect and defect.code) == code

    def test_a_number_of_thousands_of_digits_is_out_of_range(self):
        document = configured({**TARGETED, "metadata": {"x": 7777}})
        for digits in ("1" * 5_000, "1" * 400):
            assert read(written(document, "7777", digits)).defect.code is IssueCode.OUT_OF_RANGE
        assert read(configured({**TARGETED, "metadata": {"x": 10**400}})).defect is not None

    def test_text_without_utf_8_form_is_refused(self):
        for metadata in ({"x": "\ud800"}, {"\ud800": 1}):
            document = configured({**TARGETED, "metadata": metadata})
            assert read(document).defect.code is IssueCode.INVALID_VALUE

    def test_a_document_as_deep_as_the_stack_allows_is_read(self):
        document = configured({**TARGETED, "metadata": {"x": 7777}})
        limit = sys.getrecursionlimit()
        for depth in [
            *range(10, 150),
            *range(150, limit - 150, 9),
            *range(limit - 150, limit + 20),
        ]:
            text = written(document, "7777", "[" * depth + "1.5" + "]" * depth)
            code = IssueCode.TOO_DEEP if depth > 124 else None
            defect = read(text).defect
            assert (defect and defect.code) == code, depth


def test_twice_as_many_repeated_members_take_twice_the_work():
    document = json.dumps({"flags": [{"key": "k", "active": True, "filters": {"version": 2}}]})

    def work(count: int) -> int:
        pairs = ", ".join(f'"m{number}": 1, "m{number}": 2' for number in range(count))
        text = document.replace('"version": 2', f'"version": 2, {pairs}')
        return steps(lambda: codes.append(Snapshot.parse(text).issues[0].code))

    codes: list[IssueCode] = []
    assert work(2_000) < 2.2 * work(1_000)
    assert codes == [IssueCode.NOT_UNIQUE] * 2
