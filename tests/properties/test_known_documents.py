"""What is remembered of documents changes no answer: of raw ones, and of the snapshot before."""

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flagengine import Snapshot, SnapshotError, evaluate, requirements
from flagengine import snapshot as module
from flagengine.inputs.request import Request
from flagengine.snapshot import evaluators_of
from tests.properties.strategies import Call, Doc, absurd_documents, absurd_values, calls, documents
from tests.properties.strategies.calls import NOW
from tests.properties.strategies.edits import edited, retouched


@pytest.fixture(autouse=True, scope="module")
def _stopped_clock() -> Iterator[None]:
    """Use the same time for all calls, because they compare dates relative to now."""
    module._known.cache_clear()
    with patch("flagengine.snapshot.current_time", lambda: NOW):
        yield
    module._known.cache_clear()


def assert_alike(found: Snapshot, expected: Snapshot, *about: Call) -> None:
    """Compare everything that two snapshots of one document say."""
    assert list(found.keys) == list(expected.keys)
    for call in about:
        for _ in range(3):  # interpreted, compiled, remembered
            for key in (*expected.keys, "undefined"):
                one, other = call.one(found, key), call.one(expected, key)
                assert repr(one) == repr(other)
                assert one == other
            everything = dict(call.all(expected).items())
            assert dict(call.all(found).items()) == everything
        request = Request.parse(dict(call.options))
        assert request is not None
        for key in expected.keys:
            assert str(call.explain(found, key)) == str(call.explain(expected, key))
            evaluator = evaluators_of(found).evaluator(key)
            bound = evaluators_of(expected).evaluator(key)
            assert type(evaluator) is type(bound)
            props = dict(call.props)
            assert evaluator(call.distinct_id, props) == bound(call.distinct_id, props)
    assert found.issues == expected.issues
    assert {key: repr(found.flags[key]) for key in found.keys} == {
        key: repr(expected.flags[key]) for key in expected.keys
    }
    for key in expected.keys:
        assert repr(requirements(found, key)) == repr(requirements(expected, key))
    assert found == expected
    assert hash(found) == hash(expected)
    assert found.fingerprint == expected.fingerprint
    assert found.changed_keys(expected) == frozenset()


@st.composite
def next_documents(draw: st.DrawFn, document: Doc) -> Doc:
    """Draw the document that a poll brings after ``document``."""
    change = draw(st.sampled_from([edited, retouched, retouched, None]))
    return copy.deepcopy(document) if change is None else draw(change(document))


def written(data: st.DataObject, document: Any) -> Any:
    """Return a document as it is, or as JSON text."""
    return json.dumps(document) if data.draw(st.booleans()) else document


def use(data: st.DataObject, snapshot: Snapshot, call: Call) -> None:
    """Use some of a snapshot, so that only a part of it is read, lowered or compiled."""
    used = data.draw(st.lists(st.sampled_from([*snapshot.keys, ""]), max_size=5))
    for key in used:
        call.one(snapshot, key)
        call.one(snapshot, key)
    if data.draw(st.booleans()):
        call.all(snapshot).items()
        call.all(snapshot).items()
    if data.draw(st.integers(0, 5)) == 0:
        assert snapshot.issues is not None


@pytest.mark.rule("R1.10")
@given(st.data(), documents())
def test_polls_give_the_snapshots_that_parsing_afresh_gives(
    data: st.DataObject, document: Doc
) -> None:
    call = data.draw(calls(document))
    snapshot = Snapshot.parse(document)
    for _ in range(data.draw(st.integers(1, 3))):
        use(data, snapshot, call)
        document = data.draw(next_documents(document))
        given_form = written(data, document)
        snapshot = Snapshot.parse(given_form, previous=snapshot)
        if data.draw(st.booleans()):
            assert_alike(snapshot, Snapshot.parse(given_form), call, Call(call.distinct_id))
    assert_alike(snapshot, Snapshot.parse(given_form), call, Call(call.distinct_id))


@given(st.data(), absurd_documents(), absurd_documents())
def test_any_document_can_follow_any_other(data: st.DataObject, before: Any, after: Any) -> None:
    previous = Snapshot.parse(before)
    use(data, previous, Call())
    assert_alike(Snapshot.parse(after, previous=previous), Snapshot.parse(after), Call())
    again = Snapshot.parse(duplicate(before), previous=previous)
    assert_alike(again, Snapshot.parse(before), Call())


def duplicate(value: Any) -> Any:
    """Copy dicts and lists, however deep they nest: a document may share no part with another."""
    top = [value]
    waiting: list[Any] = [top]
    while waiting:
        container = waiting.pop()
        for at, member in list(
            container.items() if type(container) is dict else enumerate(container)
        ):
            if type(member) in (dict, list):
                container[at] = member.copy()
                waiting.append(container[at])
    return top[0]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each container with each of its keys or indexes."""
    waiting = [value]
    while waiting:
        container = waiting.pop()
        members = container.items() if isinstance(container, dict) else enumerate(container)
        for at, member in list(members):
            yield container, at
            if type(member) in (dict, list):
                waiting.append(member)


LEAVES = [0, 1, 1.0, True, False, 0.0, -0.0, None, "", "a", "pro", [], {}, 100, 100.0, 50, (), "1"]


def near(number: float) -> list[float]:
    """Return numbers that are easily taken for this one, as far as there are such."""
    found = [bool(number), -number, number + 1]
    for kind in (float, int):
        with suppress(ValueError, OverflowError):  # infinite, or too large
            found.append(kind(number))
    return found


@st.composite
def changed_in_place(draw: st.DrawFn, document: Doc) -> None:
    """Change one place of a document."""
    container, at = draw(st.sampled_from([*_places(document)]))
    member = container[at]
    deed = draw(st.sampled_from(["leaf", "absurd", "remove", "swap", "move", "equal", "add"]))
    if deed == "remove":
        del container[at]
    elif deed == "equal":  # another object of the same content
        container[at] = duplicate(member)
    elif deed == "move" and isinstance(container, dict):
        container[at] = container.pop(at)
    elif deed == "swap" and isinstance(container, list):
        container.reverse()
    elif deed == "add" and isinstance(member, dict):
        name = draw(st.sampled_from(["key", "type", "value", "active", "x"]))
        member[name] = duplicate(draw(st.sampled_from(LEAVES)))
    elif deed == "absurd":
        container[at] = duplicate(draw(absurd_values()))
    elif isinstance(member, bool | int | float):
        container[at] = draw(st.sampled_from(near(member)))
    else:
        container[at] = duplicate(draw(st.sampled_from(LEAVES)))


def outcome(document: Any, call: Call) -> Any:
    """Return the answers, or the error of a document that is refused."""
    try:
        found = evaluate(document, call.distinct_id, call.props, **call.options)
    except SnapshotError as error:
        return str(error), error.pointer
    return repr(dict(found.items()))


@pytest.mark.rule("R1.9")
@given(st.data(), documents())
def test_a_raw_document_gives_the_answers_of_its_content(
    data: st.DataObject, document: Doc
) -> None:
    call = data.draw(calls(document))
    document = duplicate(document)
    for _ in range(data.draw(st.integers(1, 5))):
        for _ in range(2):
            assert outcome(document, call) == _afresh(document, call)
        if not isinstance(document, dict) or not document:
            break
        data.draw(changed_in_place(document))
    assert outcome(document, call) == _afresh(document, call)


def _afresh(document: Any, call: Call) -> Any:
    try:
        snapshot = Snapshot.parse(document)
    except SnapshotError as error:
        return str(error), error.pointer
    return outcome(snapshot, call)
