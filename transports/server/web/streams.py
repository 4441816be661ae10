"""How many answers are streams, which keep their connections for as long as the client likes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from .response import text_response

__all__ = ["REFUSED", "OpenStreams"]

REFUSED: Final = text_response(
    "the server has too many open streams (max_streams); ask again later, or ask without a stream",
    HTTPStatus.SERVICE_UNAVAILABLE,
    ((b"retry-after", b"10"),),
)


class OpenStreams:
    """The streams of one server, so that they leave connections to requests. Used by the event loop alone.

    Attributes:
        most: the most streams at once.
        count: how many there are.
    """

    def __init__(self, most: int) -> None:
        self.most: int = most
        self.count: int = 0

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another stream."""
        return self.count >= self.most

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Count a stream meanwhile."""
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1
