"""JSON of clients: what is read leniently, and how deep."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from flagengine.transports.server.web import lenient_json
from flagengine.transports.server.web.lenient_json import json_of


@pytest.fixture(params=["orjson", "standard library"], autouse=True)
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "orjson":
        pytest.importorskip("orjson")
    else:
        monkeypatch.setattr(lenient_json, "orjson", None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": NaN, "b": [Infinity]}', {"a": None, "b": [None]}),
        (b'["' + b"[{" * 2_000 + rb'\"\\"]', ["[{" * 2_000 + '"\\']),
        (b"[NaN" + b",{}" * 2_000 + b"]", [None, *({} for _ in range(2_000))]),
        (b'"\xed\xa0\xbd\xed\xb8\x80"', "\U0001f600"),
    ],
)
def test_what_is_strange_is_read(text: bytes, value: Any):
    assert json_of(text) == value


@pytest.mark.parametrize("begin", [b"[", b'{"a":', b'[NaN,{"a":'])
def test_what_is_too_deep_is_refused_before_the_stack_ends(
    begin: bytes, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(
        lenient_json, "read_json", lambda _text: pytest.fail("the standard library went down")
    )
    limit = sys.getrecursionlimit()
    with pytest.raises(ValueError, match="nested deeper than 512 levels"):
        json_of(begin * 2 * limit)


def test_half_of_the_stack_is_read():
    text = b"[NaN," * 511 + b"[]" + b"]" * 511
    found, levels = json_of(text), 1
    while found:
        found, levels = found[1], levels + 1
    assert levels == 512


def test_no_text_makes_the_search_for_levels_slow():
    with pytest.raises(ValueError, match="Extra data"):
        json_of(b"{}" * 600 + rb"\"" * 400_000 + b"\\")
