"""``posthog.ai`` has no counterpart: importing one of its modules raises an ImportError that says what to use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

__all__: list[str] = []

_MESSAGE: Final = (
    "flagengine has no wrappers of AI libraries: keep those of posthog.ai with a client of posthog,"
    " or capture $ai_generation events with capture_ai() and prepare_ai_properties()"
)


class _Nowhere(list[str]):
    """The places of the modules, in which Python looks for one that is imported."""

    def __iter__(self) -> Iterator[str]:
        raise ImportError(_MESSAGE)


__path__ = _Nowhere()
