"""The loader keeps the last good definitions in every sequence of results of source and cache."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flagengine.transports.clock import ManualClock
from flagengine.transports.polling import DefinitionLoader, Failed, FailureKind, Loaded, Unchanged

CLEARING = {401, 402}


def document(number: int) -> dict[str, Any]:
    return {"flags": [{"key": f"flag-{number}"}]}


class BrokenError(Exception):
    """An error that a source or a cache raises."""


sources = st.one_of(
    st.integers(0, 3).map(lambda number: Loaded(document(number), f"v{number}")),
    st.integers(0, 3).map(lambda number: Loaded(document(number))),
    st.just(Unchanged()),
    st.sampled_from([401, 402, 403, 429, 500]).map(
        lambda code: Failed(FailureKind.STATUS, f"HTTP {code}", code)
    ),
    st.sampled_from([BrokenError(), Loaded({}), None, "odd"]),
)
stored = st.sampled_from([None, document(7), document(8), {"flags": 1}, "odd", BrokenError()])
turns = st.sampled_from([True, False, BrokenError()])
steps = st.lists(st.tuples(turns, stored, st.booleans(), sources, st.floats(0, 90)), max_size=25)


class World:
    """A source and a cache in one object; both follow the current step."""

    def __init__(self) -> None:
        self.turn: Any = True
        self.content: Any = None
        self.can_store = True
        self.answer: Any = Unchanged()

    @staticmethod
    def do(outcome: Any) -> Any:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def fetch(self, _version: str | None) -> Any:
        return self.do(self.answer)

    def should_fetch_flag_definitions(self) -> Any:
        return self.do(self.turn)

    def get_flag_definitions(self) -> Any:
        return self.do(self.content)

    def on_flag_definitions_received(self, _document: Any) -> None:
        if not self.can_store:
            raise BrokenError

    def shutdown(self) -> None:
        raise BrokenError


def keys(loader: DefinitionLoader) -> set[str] | None:
    snapshot = loader.current.snapshot
    return None if snapshot is None else set(snapshot.flags)


@pytest.mark.contract("flag-definition-loader")
@settings(deadline=None, max_examples=60)
@given(steps)
def test_the_last_good_definitions_stay_until_better_ones_or_a_refusal(
    script: list[Any],
) -> None:
    clock, world = ManualClock(), World()
    loader = DefinitionLoader(world, cache=world, clock=clock)
    for world.turn, world.content, world.can_store, world.answer, seconds in script:
        before, generation = keys(loader), loader.current.generation
        loader.tick()
        after = keys(loader)
        assert loader.current.generation >= generation
        if after is None and before is not None:
            assert isinstance(world.answer, Failed)
            assert world.answer.status in CLEARING
        elif after != before:
            offered = [world.content, getattr(world.answer, "document", None)]
            assert after in [
                {flag["key"] for flag in document["flags"]}
                for document in offered
                if isinstance(document, dict) and isinstance(document.get("flags"), list)
            ]
        assert (loader.health().last_error is None) == (loader.health().consecutive_failures == 0)
        clock.advance(seconds)
    loader.shutdown()
