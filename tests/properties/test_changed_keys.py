"""A flag that is not among the changed keys has the same answers for everybody."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine import Resolution, Snapshot
from flagengine.values.record import replace
from tests.properties.strategies import Doc, absurd_documents, calls, documents

_SHARED = ("group_type_mapping", "property_matching_version", "flagengine")


@st.composite
def edited(draw: st.DrawFn, document: Doc) -> Doc:
    """Draw a changed ``document``, with parts of another document."""
    other = draw(documents())
    flags = {flag["key"]: flag for flag in other["flags"]}
    kept = []
    for flag in draw(st.permutations(document["flags"])):
        become = draw(st.sampled_from(["kept"] * 6 + ["gone", "deleted", "another", "twice"]))
        if become != "gone":
            kept.append(flag if become == "kept" else {**flag, "deleted": become == "deleted"})
        if become == "another":
            kept[-1] = flags.get(flag["key"], flag)
        if become == "twice":
            kept.append(flag)
    cohorts = document["cohorts"]
    if draw(st.booleans()):
        cohorts = {**cohorts, **draw(st.sampled_from([other["cohorts"], {"1": {}}]))}
    shared = draw(st.sampled_from([document] * 4 + [other]))
    top = {name: shared[name] for name in _SHARED if name in shared}
    return {"flags": kept, "cohorts": cohorts, **top}


_MEMBERS = [
    ("active", [True, False, None, "yes"]),
    ("rollout_percentage", [0, 50, 50.0, 100, 100.0, 150, None]),
    ("variant", ["control", "test", "gone", None]),
    ("operator", ["exact", "is_not", "is_set", "gte", "min", "in", "not_in", "resembles", None]),
    ("type", ["person", "group", "cohort", "flag", "AND", "OR", "astrological", None]),
    ("value", ["pro", 1, 1.0, True, "1", 2, "control", ["pro"], None]),
    ("key", ["plan", "a", 7, "control"]),
    ("aggregation_group_type_index", [0, 1, 7, None]),
    ("group_type_index", [0, 1, 7, None]),
    ("negation", [True, False, None]),
    ("early_exit", [True, False, None]),
    ("feature_enrollment", [True, False]),
    ("holdout", [{"id": 7, "exclusion_percentage": 50}, {"id": 7, "exclusion_percentage": 100}]),
    ("payloads", [{"true": "1"}, {"true": 1}, {}, None]),
    ("id", [1, 9, 9.0, None]),
    ("has_experiment", [True, False, None]),
    ("version", [1, 1.0, 2, 3, None]),
    ("bucketing_identifier", ["device_id", "distinct_id"]),
    ("ensure_experience_continuity", [True, False]),
    ("evaluation_tags", [["web"], [], None]),
    ("evaluation_runtime", ["client", "all"]),
    ("dependency_chain", [["a"], ["b", "a"], [], None]),
    ("flagengine", [{"hash": "sha1"}, {"hash": "murmur3"}, {"hash": "md5"}]),
    ("description", ["for people"]),
    ("paused", [True, False]),
    ("default_value", [True, None, "blue"]),
    ("seed", ["s", "u"]),
]


@st.composite
def retouched(draw: st.DrawFn, document: Doc) -> Doc:
    """Draw a copy of ``document`` in which one member somewhere has another value, or none."""
    found = copy.deepcopy(document)
    place = draw(st.sampled_from([*_objects([*found["flags"], *found["cohorts"].values()])]))
    name, values = draw(st.sampled_from(_MEMBERS))
    if draw(st.integers(0, 9)):
        # Most objects have few of the members.
        known = [pair for pair in _MEMBERS if pair[0] in place]
        name, values = draw(st.sampled_from(known or [(name, values)]))
    place[name] = draw(st.sampled_from(values))
    return found


def _objects(values: Iterable[object]) -> Iterator[Doc]:
    for value in values:
        if isinstance(value, dict):
            yield value
        if isinstance(value, dict | list):
            yield from _objects(value.values() if isinstance(value, dict) else value)


@pytest.mark.rule("R1.8")
@given(st.data(), documents())
def test_whatever_changes_an_answer_changes_the_flag(data: st.DataObject, document: Doc):
    old, new = Snapshot.parse(document), Snapshot.parse(data.draw(retouched(document)))
    changed = new.changed_keys(old)
    assert changed == old.changed_keys(new)
    call = data.draw(calls(document))
    for key in (old.keys.keys() | new.keys.keys()) - changed:
        assert _answer(call.one(old, key)) == _answer(call.one(new, key))


@pytest.mark.rule("R1.8")
@given(documents())
def test_unknown_members_change_no_flag(document: Doc):
    new = copy.deepcopy(document)
    for flag in new["flags"]:
        flag["a member of next year"] = [1]
        readable = not Snapshot.parse({"flags": [flag]}).issues
        if readable and flag["filters"].get("version", 1) == 1:
            for condition in flag["filters"]["groups"]:
                condition |= {"sort_key": "1", "users_affected": 3}
                for leaf in condition["properties"] or ():
                    leaf["label"] = "?"
    assert Snapshot.parse(new).changed_keys(Snapshot.parse(document)) == frozenset()


@pytest.mark.rule("R1.1")
@given(st.data(), documents())
def test_a_key_that_has_not_changed_answers_equally(data: st.DataObject, document: Doc):
    old, new = Snapshot.parse(document), Snapshot.parse(data.draw(edited(document)))
    changed = new.changed_keys(old)
    call = data.draw(calls(document))
    same = (old.keys.keys() | new.keys.keys()) - changed
    assert same <= old.keys.keys() & new.keys.keys()
    for key in same:
        assert _answer(call.one(old, key)) == _answer(call.one(new, key))


def _answer(resolution: Resolution) -> Resolution:
    """Return the answer without its description, which names a malformed flag's place."""
    return replace(resolution, description="")


@given(absurd_documents(), absurd_documents())
def test_any_two_documents_can_be_compared(old: Any, new: Any):
    before, after = Snapshot.parse(old), Snapshot.parse(new)
    assert after.changed_keys(before) == before.changed_keys(after)
    assert after.changed_keys(before) <= {*before.keys, *after.keys}
    assert after.changed_keys(Snapshot.parse(new)) == frozenset()
