"""Alias in all the ways in which it is called: ours, posthog-python's, and with the context."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from .bench import Bench

pytestmark = pytest.mark.contract("alias")


@pytest.mark.parametrize("verb", ["alias", "alias_immediate"])
@pytest.mark.parametrize(
    ("args", "keywords"),
    [
        (("first", "second"), {}),
        (("first",), {"alias": "second"}),
        ((), {"distinct_id": "first", "alias": "second"}),
        ((), {"previous_id": "first", "distinct_id": "second"}),
        ((), {"previous_id": "first", "alias": "second"}),
        (("second",), {"previous_id": "first"}),
    ],
)
def test_two_ids_are_joined(verb: str, args: tuple[Any, ...], keywords: dict[str, Any]) -> None:
    with Bench() as bench, bench.client.context(distinct_id="somebody else"):
        assert getattr(bench.client, verb)(*args, **keywords)
        event = bench.event("$create_alias")
    assert event["distinct_id"] == event["properties"]["distinct_id"] == "first"
    assert event["properties"]["alias"] == "second"


@pytest.mark.parametrize(
    ("keywords", "joined"),
    [
        ({"previous_id": "first"}, ("first", "u")),
        ({"distinct_id": "first"}, ("first", "u")),
        ({"alias": "second"}, ("u", "second")),
    ],
)
def test_an_id_that_is_left_out_is_the_contexts(
    keywords: dict[str, Any], joined: tuple[str, str]
) -> None:
    with Bench() as bench, bench.client.context(distinct_id="u"):
        bench.client.alias(**keywords)
        event = bench.event("$create_alias")
    assert (event["distinct_id"], event["properties"]["alias"]) == joined


@pytest.mark.parametrize(
    "keywords",
    [
        {},
        {"distinct_id": "first"},
        {"alias": "second"},
        {"previous_id": True, "distinct_id": "second"},
        {"previous_id": "a", "distinct_id": "b", "alias": "c"},
    ],
)
def test_ids_that_are_missing_or_too_many_are_said(
    keywords: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), Bench() as bench:
        assert bench.client.alias(**keywords) is None
        assert bench.events() == []
    assert "alias() needs distinct_id and alias" in caplog.text
