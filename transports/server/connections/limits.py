"""The limits of connections: how many there may be, and how long and how large each part of them."""

from __future__ import annotations

from dataclasses import dataclass

from ...option_values.quantities import Count, Seconds

__all__ = ["ConnectionLimits"]

KIBIBYTE = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """The limits of connections. What is beyond a limit is refused politely, and the connection ends.

    Attributes:
        header_timeout: the seconds in which the first line and the headers of a request must arrive, from the
            begin of the connection or of the request.
        keep_alive_timeout: the seconds that a connection may wait for its next request. Longer than the 60
            seconds of most proxies and load balancers, because whoever closes first loses no request.
        write_timeout: the seconds without progress after which a client that does not read its answer is
            dropped.
        max_connections: the most connections at once; ``run`` lowers it to what the limit of open files allows.
        max_streams: the most streams of server-sent events at once; never more than half of ``max_connections``.
        max_header_bytes: the most bytes of the first line and the headers.
        max_headers: the most headers.
        max_held_bodies: the most bytes of all bodies together that have arrived and are not yet answered.

    Raises:
        TypeError: a value is no number.
        ValueError: a value is not positive or too large.
    """

    header_timeout: float = 10.0
    keep_alive_timeout: float = 75.0
    write_timeout: float = 30.0
    max_connections: int = 16_384
    max_streams: int = 8_192
    max_header_bytes: int = 32 * KIBIBYTE
    max_headers: int = 100
    max_held_bodies: int = 128 * KIBIBYTE * KIBIBYTE

    def __post_init__(self) -> None:
        """Read all values."""
        for name in ("header_timeout", "keep_alive_timeout", "write_timeout"):
            object.__setattr__(self, name, Seconds(10)(name, getattr(self, name)))
        for name, example, least in (
            ("max_connections", 1_000, 1),
            ("max_streams", 500, 1),
            ("max_header_bytes", 32_768, KIBIBYTE),
            ("max_headers", 100, 1),
            ("max_held_bodies", 134_217_728, KIBIBYTE),
        ):
            read = Count(example, least=least)
            object.__setattr__(self, name, read(name, getattr(self, name)))

    @property
    def most_streams(self) -> int:
        """How many streams there may be, so that at least half of the connections are for requests."""
        return min(self.max_streams, max(1, self.max_connections // 2))

    @property
    def shortest(self) -> float:
        """The shortest of the times, in seconds."""
        return min(self.header_timeout, self.keep_alive_timeout, self.write_timeout)
