"""The events that a ``FlagServer`` has taken, as a test reads them, and the sentence for those that did not come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from ..json_text import read_json
from ..option_values.quantities import Count, Seconds
from ..server.background import BackgroundServer
from ..server.events.captured import Captured, CapturedEvent, Wanted

__all__ = ["events_of", "forget_events_of"]

_MOST_NAMED: Final = 10
_COUNT: Final = Count(1, least=0)
_WAIT: Final = Seconds(10, least=0)


def events_of(
    running: BackgroundServer, wanted: Wanted, *, count: int, wait: float
) -> list[dict[str, Any]]:
    """Return the events that are wanted, the oldest first, once there are ``count`` of them.

    Raises:
        AssertionError: there are fewer after ``wait`` seconds; the message says what there is instead.
        TypeError: a number is none.
        ValueError: a number is negative.
    """
    count, wait = _COUNT("count", count), _WAIT("wait", wait)
    captured = _captured(running)

    async def found() -> tuple[list[CapturedEvent], list[CapturedEvent]]:
        await captured.wait_for(wanted, count, wait)
        return list(captured.find(wanted)), list(captured.find(Wanted()))

    events, everything = running.run(found())
    if len(events) < count:
        others = f"{_named(everything)}{_forgotten(captured)}"
        message = f"waited {wait:g} s for {_asked(wanted, count)}, got {len(events)}; {others}"
        raise AssertionError(message)
    return [read_json(event.json) for event in events]


def forget_events_of(running: BackgroundServer) -> int:
    """Forget all events; return how many there were."""
    return running.call(_captured(running).clear)


def _captured(running: BackgroundServer) -> Captured:
    captured = running.server.captured
    assert captured is not None  # it is a server for development
    return captured


def _asked(wanted: Wanted, count: int) -> str:
    parts = [f"{count} event{'s' * (count != 1)}"]
    if wanted.name is not None:
        parts.append(repr(wanted.name))
    if wanted.distinct_id is not None:
        parts.append(f"of {wanted.distinct_id!r}")
    if wanted.since:
        parts.append(f"after number {wanted.since}")
    return " ".join(parts)


def _named(events: Iterable[CapturedEvent]) -> str:
    """Return which events there are, those of a name and a person counted together."""
    counted = Counter((event.name, event.distinct_id) for event in events)
    if not counted:
        return "the server has taken no event"
    named = [f"{name!r} of {person!r} ({count})" for (name, person), count in counted.items()]
    more = len(named) - _MOST_NAMED
    rest = f" and {more} more" if more > 0 else ""
    return f"the server has {', '.join(named[:_MOST_NAMED])}{rest}"


def _forgotten(captured: Captured) -> str:
    return f"; {captured.forgotten} older ones made room for new ones" if captured.forgotten else ""
