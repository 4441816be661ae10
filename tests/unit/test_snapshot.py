"""Snapshots are immutable values, equal by content, and may be shared (SPEC R1)."""

import copy
import json
import pickle
from typing import Any

import pytest

from flagengine import Issue, IssueCode, Snapshot, SnapshotError, evaluate, evaluate_flag
from tests.threads import at_once

FLAG: dict[str, Any] = {
    "key": "beta",
    "id": 3,
    "version": 7,
    "active": True,
    "has_experiment": False,
    "filters": {
        "groups": [{"properties": [{"key": "plan", "type": "person", "value": "pro"}]}],
        "payloads": {"true": '{"a": [1]}'},
    },
}
DOCUMENT: dict[str, Any] = {
    "flags": [FLAG, {"key": "off", "active": False, "filters": {}}],
    "group_type_mapping": {"0": "company"},
    "cohorts": {"1": {"type": "AND", "values": []}},
    "property_matching_version": 2,
}


@pytest.fixture
def document() -> dict[str, Any]:
    return copy.deepcopy(DOCUMENT)


class TestReading:
    """R1.1, R1.2: valid and refused definitions documents."""

    @pytest.mark.rule("R1.1")
    def test_a_mapping_text_and_bytes_are_one_snapshot(self, document: dict[str, Any]):
        text = json.dumps(document)
        forms = [document, text, text.encode(), bytearray(text, "utf-8"), "\ufeff" + text]
        assert len({Snapshot.parse(form) for form in forms}) == 1

    @pytest.mark.rule("R1.1", "R1.2")
    @pytest.mark.parametrize(
        ("refused", "code", "pointer", "said"),
        [
            ("", "not_json", "", "the text is not JSON"),
            ("{", "not_json", "", "the text is not JSON"),
            (b"\xff{}", "not_json", "", "the bytes are not UTF-8"),
            ("[" * 5_000, "not_json", "", ""),
            ("null", "not_an_object", "", "got null"),
            ("[]", "not_an_object", "", "got a list"),
            ("5", "not_an_object", "", "got a number"),
            ('"text"', "not_an_object", "", "got text"),
            (None, "not_an_object", "", "got null"),
            ([], "not_an_object", "", "got a list"),
            ({}, "missing_key", "/flags", "got an empty object"),
            (
                {"results": 1, "count": 2},
                "missing_key",
                "/flags",
                "an object with 'results', 'count'",
            ),
            ({"flags": None}, "wrong_type", "/flags", "got null as flags"),
            ({"flags": {}}, "wrong_type", "/flags", "got an object as flags"),
            ('{"flags": "x"}', "wrong_type", "/flags", "got text as flags"),
        ],
    )
    def test_anything_else_is_refused_with_what_was_found(
        self, refused: Any, code: str, pointer: str, said: str
    ):
        with pytest.raises(SnapshotError) as caught:
            Snapshot.parse(refused)
        error = caught.value
        assert (error.code, error.pointer) == (code, pointer)
        assert 'an object with a list "flags"' in str(error)
        assert said in str(error)
        again = pickle.loads(pickle.dumps(error))
        assert (again.code, again.pointer, str(again)) == (error.code, error.pointer, str(error))

    @pytest.mark.rule("R2.17")
    def test_issues_say_what_where_and_how(self, document: dict[str, Any]):
        document["flags"] += [5, {"active": True}, {"key": "x/~", "active": "yes", "filters": {}}]
        issues = Snapshot.parse(document).issues
        assert [(issue.code, issue.pointer) for issue in issues] == [
            (IssueCode.NOT_AN_OBJECT, "/flags/2"),
            (IssueCode.MISSING_KEY, "/flags/3/key"),
            (IssueCode.WRONG_TYPE, "/flags/4/active"),
        ]
        assert str(issues[2]) == (
            "/flags/4/active: active must be a boolean or null, got text [wrong_type]"
        )
        assert Issue(IssueCode.NOT_JSON, "", "no JSON") < issues[0]

    @pytest.mark.rule("R2.4")
    @pytest.mark.parametrize(
        "number", ["1e999", "-1e999", "NaN", "Infinity", "9" * 5_000, "9" * 400]
    )
    def test_a_number_that_is_not_finite_is_none(self, number: str):
        text = (
            '{"flags": [{"key": "a", "active": true, "filters": {"groups": [{"rollout_percentage": '
            + number
            + '}]}}, {"key": "b", "active": true, "filters": {"aggregation_group_type_index": 0,'
            ' "groups": [{}]}}], "group_type_mapping": {"0": "company"}}'
        )
        snapshot = Snapshot.parse(text)
        found = evaluate(snapshot, "user-1", groups={"company": "acme"})
        assert found["a"].unresolved_reason == "unsupported_definition"
        assert found["b"].value is True
        assert [issue.pointer for issue in snapshot.issues] == [
            "/flags/0/filters/groups/0/rollout_percentage"
        ]
        assert snapshot.fingerprint

    @pytest.mark.rule("R2.4")
    @pytest.mark.parametrize(
        "number",
        [float("nan"), float("inf"), 10**5_000, 10**400],
        ids=lambda number: f"{number % 7}",
    )
    def test_nor_is_one_in_a_mapping(self, number: float, document: dict[str, Any]):
        document["flags"][0]["filters"]["groups"][0]["rollout_percentage"] = number
        snapshot = Snapshot.parse(document)
        assert len(snapshot.issues) == 1
        assert evaluate_flag(snapshot, "beta", "user-1").value is None
        assert evaluate_flag(snapshot, "off", "user-1").value is False
        assert snapshot.fingerprint


class TestValue:
    """R1.7: a snapshot is a value."""

    def test_nothing_about_it_can_be_set(self, document: dict[str, Any]):
        snapshot = Snapshot.parse(document)
        with pytest.raises(AttributeError, match="cannot change"):
            snapshot.overrides = None  # type: ignore[assignment]
        with pytest.raises(AttributeError):
            snapshot.added = 1
        for name in ("keys", "_table", "added"):
            with pytest.raises(AttributeError, match=f"cannot change.*{name}"):
                delattr(snapshot, name)
        with pytest.raises(TypeError):
            snapshot.flags["beta"] = None  # type: ignore[index]
        with pytest.raises(AttributeError):
            snapshot.flags["beta"].active = False

    def test_later_changes_to_the_document_do_not_reach_it(self, document: dict[str, Any]):
        snapshot = Snapshot.parse(document)
        before = evaluate_flag(snapshot, "beta", "user-1", {"plan": "pro"})
        document["flags"][0]["filters"]["groups"][0]["properties"][0]["value"] = "free"
        document["flags"].clear()
        assert evaluate_flag(snapshot, "beta", "user-1", {"plan": "pro"}) == before

    def test_it_is_equal_and_hashed_by_content(self, document: dict[str, Any]):
        snapshot, other = Snapshot.parse(document), Snapshot.parse(copy.deepcopy(document))
        assert (snapshot, hash(snapshot)) == (other, hash(other))
        assert snapshot != "snapshot"
        document["unknown"] = 5
        assert Snapshot.parse(document) == snapshot

    @pytest.mark.parametrize(
        "change",
        [
            {"property_matching_version": 1},
            {"group_type_mapping": {"0": "team"}},
            {"cohorts": {}},
            {"flags": DOCUMENT["flags"][:1]},
            {"flags": DOCUMENT["flags"][::-1]},
            {"flagengine": {"hash": "murmur3"}},
            {"minimal_flag_called_events": True},
        ],
        ids=lambda change: next(iter(change)),
    )
    @pytest.mark.rule("R1.7")
    def test_whatever_can_change_an_answer_changes_the_fingerprint(
        self, change: dict[str, Any], document: dict[str, Any]
    ):
        snapshot = Snapshot.parse(document)
        assert Snapshot.parse(document | change).fingerprint != snapshot.fingerprint
        assert snapshot.with_overrides({"beta": False}).fingerprint != snapshot.fingerprint
        assert snapshot.with_overrides({}).fingerprint == snapshot.fingerprint

    def test_the_fingerprint_is_stable(self):
        assert (
            Snapshot.parse({"flags": []}).fingerprint == Snapshot.parse('{"flags":[]}').fingerprint
        )
        assert Snapshot.parse({"flags": []}).fingerprint == "67a226a6129213d272244e12396c6b9a"

    def test_it_can_be_pickled_and_copied(self, document: dict[str, Any]):
        snapshot = Snapshot.parse(document).with_overrides(["off"])
        for other in (pickle.loads(pickle.dumps(snapshot)), copy.copy(snapshot)):
            assert other == snapshot
            assert dict(evaluate(other, "user-1")) == dict(evaluate(snapshot, "user-1"))

    def test_it_says_how_large_it_is(self, document: dict[str, Any]):
        assert repr(Snapshot.parse(document)) == "<Snapshot of 2 flags, 1 cohorts>"
        assert repr(evaluate(document, "user-1")) == "<Evaluation of 2 flags>"

    def test_flags_are_a_mapping_in_the_documents_order(self, document: dict[str, Any]):
        flags = Snapshot.parse(document).flags
        assert list(flags) == ["beta", "off"]
        assert len(flags) == 2
        assert flags["beta"].version == 7
        assert flags.get("gone") is None
        with pytest.raises(KeyError):
            flags["gone"]

    def test_threads_may_share_it(self):
        flags = [{**FLAG, "key": f"flag-{number}"} for number in range(100)]
        snapshot = Snapshot.parse({"flags": flags})

        def run(_: int) -> dict[str, Any]:
            found = evaluate(snapshot, "user-1", {"plan": "pro"})
            return {key: resolution.value for key, resolution in found.items()}

        assert at_once(8, run) == [dict.fromkeys(snapshot.keys, True)] * 8


class TestResults:
    """Results are values too."""

    def test_a_resolution_has_its_flags_metadata(self, document: dict[str, Any]):
        found = evaluate_flag(document, "beta", "user-1", {"plan": "pro"})
        assert (found.flag_id, found.flag_version, found.has_experiment) == (3, 7, False)
        assert found.to_dict() == {
            "key": "beta",
            "value": True,
            "enabled": True,
            "variant": None,
            "payload": {"a": [1]},
            "reason": "condition_match",
            "condition_index": 0,
            "description": "Matched condition set 1",
            "unresolved_reason": None,
            "missing": {},
            "flag_id": 3,
            "flag_version": 7,
            "has_experiment": False,
            "config_version": 1,
            "rule": None,
            "caller_default": False,
        }

    def test_a_resolution_cannot_be_changed(self, document: dict[str, Any]):
        found = evaluate_flag(document, "beta", "user-1", {"plan": "pro"})
        with pytest.raises(AttributeError):
            found.value = False
        with pytest.raises(TypeError):
            found.payload["a"] = 2

    def test_the_mapping_evaluates_what_is_asked_for_and_remembers(self, document: dict[str, Any]):
        found = evaluate(document, "user-1", {"plan": "pro"}, flag_keys=["beta", "gone"])
        assert list(found) == ["beta", "gone"]
        assert found["beta"] is found["beta"]
        assert found["gone"].reason == "unknown_flag"
        with pytest.raises(KeyError):
            found["off"]
        with pytest.raises(TypeError):
            found["beta"] = None  # type: ignore[index]


def test_the_document_is_given_back_as_a_copy() -> None:
    snapshot = Snapshot.parse(json.dumps(DOCUMENT))
    document = snapshot.to_document()
    assert document == DOCUMENT
    document["flags"][0]["filters"].clear()
    assert snapshot.to_document() == DOCUMENT
    assert evaluate_flag(snapshot, "beta", "u", {"plan": "pro"}).value is True


def test_the_document_of_a_deep_one_can_be_had():
    text = '{"flags":[{"key":"a","filters":' + '{"a":' * 900 + "1" + "}" * 900 + "}]}"
    assert Snapshot.parse(text).to_document()["flags"][0]["key"] == "a"


def test_a_copy_of_the_document_shares_nothing_with_the_snapshot():
    shared = [{"b": [1]}]
    snapshot = Snapshot.parse(
        {"flags": [{"key": "a", "one": shared, "two": shared, "tags": ([2],)}]}
    )
    (before,), (copy,) = (snapshot.to_document()["flags"] for _ in range(2))
    assert copy == before
    copy["one"][0]["b"].append(2)
    copy["tags"][0].append(3)
    assert copy["two"] == [{"b": [1]}]
    assert snapshot.to_document()["flags"] == [before]
