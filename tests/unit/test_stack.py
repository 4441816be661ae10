"""A caller who leaves little of the stack gets the right answer or RecursionError, and nothing is
remembered (SPEC R7.9)."""

import json
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from flagengine import Resolution, Snapshot, evaluate, evaluate_flag, explain, to_json_value
from flagengine.values.record import replace

ENOUGH = 60
"""The calls for which the stack has room that every evaluation of a plain flag needs at most."""


@pytest.fixture(autouse=True)
def _plain_payload(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the attribute be a plain slot again after the test."""
    monkeypatch.setattr(Resolution, "payload", vars(Resolution)["payload"])


def _nested(levels: int, inner: Any) -> Any:
    for _ in range(levels):
        inner = {"a": inner}
    return inner


DEEP = _nested(100, "x")


def _document(levels: int) -> dict[str, Any]:
    leaf = {"key": "p", "type": "person", "operator": "exact", "value": ["x", DEEP]}
    filters = {
        "groups": [{"properties": [leaf]}],
        "payloads": {"true": json.dumps(_nested(levels, 1))},
    }
    return {"flags": [{"key": "f", "active": True, "filters": filters}]}


def _with_room(calls: int, function: Callable[[], Any]) -> Any:
    """Call a function when the stack has room for so many calls."""
    frame, depth = sys._getframe(), 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1  # type: ignore[assignment]

    def deeper(more: int) -> Any:
        return function() if more <= 0 else deeper(more - 1)

    return deeper(sys.getrecursionlimit() - depth - calls - 2)


@pytest.mark.rule("R7.9", "R12.3")
@pytest.mark.parametrize("uses", [0, 1, 2])
@pytest.mark.parametrize("levels", [4, 30])
def test_what_a_call_near_the_end_of_the_stack_gets_is_not_kept(levels: int, uses: int) -> None:
    for room in range(3, 110, 3):
        snapshot = Snapshot.parse(_document(levels + room % 5))
        for _ in range(uses):
            evaluate_flag(snapshot, "f", "u", {"p": DEEP})
        try:
            found = _with_room(room, partial(evaluate_flag, snapshot, "f", "u", {"p": DEEP}))
        except RecursionError:
            assert room < ENOUGH
        else:
            assert found.value is True
            assert isinstance(found.payload, dict)
        for _ in range(3):
            assert isinstance(evaluate_flag(snapshot, "f", "u", {"p": DEEP}).payload, dict)
            assert isinstance(evaluate(snapshot, "u", {"p": DEEP})["f"].payload, dict)


@pytest.mark.rule("R2.18", "R7.9")
def test_a_document_that_is_parsed_near_the_end_of_the_stack_is_whole_or_none() -> None:
    document, text = _document(4), json.dumps(_document(4))
    whole = Snapshot.parse(document)
    for room in range(3, 250, 9):
        for given in (document, text, text.encode()):
            try:
                found = _with_room(room, lambda given=given: Snapshot.parse(given))
            except RecursionError:
                continue
            assert found == whole
            assert found.issues == whole.issues


@pytest.mark.rule("R7.9")
def test_an_explanation_near_the_end_of_the_stack_spoils_no_later_one() -> None:
    whole = str(explain(Snapshot.parse(_document(4)), "f", "u", {"p": DEEP}))
    for room in range(3, 120, 9):
        snapshot = Snapshot.parse(_document(4))
        for call in (
            lambda snapshot=snapshot: explain(snapshot, "f", "u", {"p": DEEP}),
            lambda snapshot=snapshot: snapshot.issues,
            lambda snapshot=snapshot: snapshot.fingerprint,
        ):
            try:
                _with_room(room, call)
            except RecursionError:
                continue
        assert str(explain(snapshot, "f", "u", {"p": DEEP})) == whole


@pytest.mark.rule("R7.9")
def test_a_value_is_not_taken_for_not_given_where_the_stack_has_no_room() -> None:
    for room in range(1, 40):
        try:
            found = _with_room(room, lambda: to_json_value([b"x", DEEP]))
        except RecursionError:
            continue
        assert found == ["x", DEEP]


@pytest.mark.parametrize("is_late", [False, True])
def test_a_payload_is_an_attribute_like_others(is_late: bool) -> None:
    found = evaluate_flag(_document(3), "f", "u", {"p": DEEP})
    plain = vars(Resolution)["payload"]
    for room in range(1, 60) if is_late else ():
        with suppress(RecursionError):
            _with_room(room, partial(replace, found, raw_payload=json.dumps(_nested(9, room))))
    assert (vars(Resolution)["payload"] is not plain) is is_late
    assert replace(found, raw_payload=None).payload is None
    assert replace(found, raw_payload="x").payload == "x"
    assert found.payload == _nested(3, 1)
    assert pickle.loads(pickle.dumps(found)).payload == found.payload
    assert Resolution.payload is not None
    with pytest.raises(AttributeError, match="cannot change"):
        found.payload = 5  # type: ignore[misc]


def test_an_attribute_that_a_resolution_has_not_is_an_attribute_error() -> None:
    found = evaluate_flag(_document(1), "f", "u", {"p": "x"})
    with pytest.raises(AttributeError, match="'Resolution' object has no attribute 'payloads'"):
        found.payloads  # type: ignore[attr-defined]  # noqa: B018
