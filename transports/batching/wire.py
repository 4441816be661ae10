"""What the two capture wires share: where to send, under which name, packed how.

A wire turns a batch into a request and an answer into an outcome. It is pure: the time comes in
with the call, the network is the sink's.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..clock import Moment
from ..http.base import Request, Response
from ..http.hosts import base_url
from ..http.redaction import clean_header_value, redact_text, redact_url
from .batch import Batch
from .delivery import Outcome
from .encodings import Encoding, choose_encoder

__all__ = ["Destination", "Wire", "post"]

logger = logging.getLogger("flagengine.events")


@dataclass(frozen=True, slots=True)
class Destination:
    """One project on one host, and how requests to it are labelled and packed.

    ``sdk`` and ``version`` make the User-Agent ``<sdk>/<version>``.
    """

    api_key: str = field(repr=False)
    host: str | None = None
    sdk: str = "flagengine"
    version: str = "0"
    extra_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    encoding: Encoding = Encoding.GZIP
    historical_migration: bool = False
    _encode: Callable[[bytes], bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        encoding, encode = choose_encoder(Encoding(self.encoding), logger.warning)
        object.__setattr__(self, "encoding", encoding)
        object.__setattr__(self, "_encode", encode)

    @property
    def user_agent(self) -> str:
        """Name and version, as in ``User-Agent`` and ``PostHog-Sdk-Info``."""
        return f"{self.sdk}/{self.version}"

    def pack(self, body: bytes) -> tuple[Mapping[str, str], bytes]:
        """The packed body and the header that says so; plain when packing fails."""
        if self.encoding is Encoding.NONE:
            return {}, body
        try:
            packed = self._encode(body)
        except Exception:  # noqa: BLE001 - a codec's failure must not cost the batch
            logger.warning("%s compression failed: sending plain", self.encoding.value)
            return {}, body
        return {"Content-Encoding": self.encoding.value}, packed


class Wire(Protocol):
    """A batch as a request, and an answer as an outcome."""

    def request(self, batch: Batch, *, now: Moment, timeout: float) -> Request:
        """The request for this try of the batch."""
        ...

    def judge(self, response: Response, *, wall: float) -> Outcome:
        """What the answer means."""
        ...


def post(
    destination: Destination,
    path: str,
    body: bytes,
    *,
    headers: Mapping[str, str],
    timeout: float,
) -> Request:
    """A JSON POST to ``path``; the caller's extra headers never replace ours."""
    url = base_url(destination.host) + path
    if logger.isEnabledFor(logging.DEBUG):
        shown = body.decode("utf-8", "replace").replace(destination.api_key, "***")
        logger.debug("POST %s %s", redact_url(url), redact_text(shown))
    coding, packed = destination.pack(body)
    merged = {
        **destination.extra_headers,
        "Content-Type": "application/json",
        "User-Agent": destination.user_agent,
        **headers,
        **coding,
    }
    cleaned = {name: clean_header_value(value) for name, value in merged.items()}
    return Request("POST", url, cleaned, packed, timeout)
