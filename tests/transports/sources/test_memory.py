"""The source for tests follows the protocol of sources."""

from __future__ import annotations

import pytest

from flagengine import SnapshotError
from flagengine.transports.polling.fetch_results import Failed, FailureKind, Loaded, Unchanged
from flagengine.transports.polling.sources.memory import MemoryDefinitions


def test_it_answers_with_what_it_was_last_given() -> None:
    source = MemoryDefinitions({"flags": []})
    first = source.fetch(None)
    assert isinstance(first, Loaded)
    assert source.fetch(first.version) == Unchanged(first.version)
    source.replace({"flags": [{"key": "a"}]})
    assert isinstance(source.fetch(first.version), Loaded)


def test_it_fails_on_demand_until_it_is_given_something() -> None:
    source, failure = MemoryDefinitions(), Failed(FailureKind.NETWORK, "down")
    source.fail(failure)
    assert source.fetch("1") == failure
    source.replace({"flags": []})
    assert isinstance(source.fetch(None), Loaded)


def test_it_refuses_what_is_no_definitions_document() -> None:
    with pytest.raises(SnapshotError, match="flags"):
        MemoryDefinitions({})
