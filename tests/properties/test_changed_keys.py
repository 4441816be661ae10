"""A flag that is not among the changed keys has the same answers for everybody."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine import Resolution, Snapshot
from flagengine.values.record import replace
from tests.properties.strategies import Doc, absurd_documents, calls, documents
from tests.properties.strategies.edits import edited, retouched


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
