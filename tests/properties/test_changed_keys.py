"""A flag that is not among the changed keys has the same answers for everybody."""

from __future__ import annotations

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
