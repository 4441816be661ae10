"""Marks and reserved properties, also of broken objects."""

from __future__ import annotations

import pytest

from flagengine.transports.exceptions import is_already_captured, mark_captured, without_reserved

from .broken import (
    BrokenAttributesError,
    BrokenChainError,
    BrokenObject,
    Liar,
    refuse,
)
from .raising import raised

pytestmark = pytest.mark.contract("exception-event-metadata")


def test_a_broken_exception_can_be_marked():
    for error in (ValueError(), BrokenAttributesError(), BrokenChainError()):
        assert is_already_captured(error) is False
        mark_captured(error)
        assert is_already_captured(error) is True
    for other in (None, "text", BrokenObject(), Liar(), ValueError):
        mark_captured(other)
        assert is_already_captured(other) is False


def test_a_broken_mapping_of_properties_is_none():
    class Broken(dict):
        keys = __iter__ = items = refuse

    assert without_reserved(Broken(a=1)) in ({}, {"a": 1})
    assert without_reserved(None) == without_reserved("x") == {}
    assert without_reserved({7: 1, "$exception_fingerprint": "f"}) == {
        7: 1,
        "$exception_fingerprint": "f",
    }
    assert without_reserved({"$exception_fingerprint": " "}) == {}


def test_a_mark_stays_with_its_exception_alone():
    error = raised(ValueError())
    mark_captured(error)
    assert is_already_captured(error)
    assert not is_already_captured(raised(KeyError(), cause=error))
    assert not is_already_captured(ValueError())
