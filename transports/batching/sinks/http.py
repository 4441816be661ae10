"""Batches over HTTP: a wire makes the request and judges the response, a transport sends it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from flagengine import printable

from ...clock import Clock, ClockReading, read
from ...errors import TransportError
from ...http.base import Request, Response, Transport
from ...http.hosts import base_url
from ...http.redaction import clean_header_value, redact_text, redact_url
from ..batch import Batch
from ..delivery import DeliveryOutcome, Disposition, judge_error
from ..encodings import Encoding, choose_encoder

__all__ = ["Destination", "HttpSink", "Wire"]

logger: logging.Logger = logging.getLogger("flagengine.events")


class Wire(Protocol):
    """A capture protocol. Pure: the time is an argument, and the sink uses the network."""

    def request(self, batch: Batch, *, now: ClockReading, timeout: float) -> Request:
        """Return the request for this attempt to send the batch."""
        ...

    def judge(self, response: Response, *, wall: float) -> DeliveryOutcome:
        """Return what the response means for the batch."""
        ...


class HttpSink:
    """A sink that sends each batch in one request. It does not close the transport, which is shared."""

    def __init__(self, transport: Transport, wire: Wire, clock: Clock) -> None:
        self._transport = transport
        self._wire = wire
        self._clock = clock

    def deliver(self, batch: Batch, *, timeout: float) -> DeliveryOutcome:
        """Make one request. A batch that cannot be encoded is halved, until only one event is lost."""
        try:
            request = self._wire.request(batch, now=read(self._clock), timeout=timeout)
        except Exception as error:  # noqa: BLE001 - such as a lack of memory
            failure = TransportError(f"the batch cannot be encoded: {type(error).__name__}")
            halves = Disposition.SPLIT if len(batch.events) > 1 else Disposition.REJECTED
            return DeliveryOutcome(halves, failure)
        try:
            response = self._transport.request(request)
        except TransportError as error:
            return judge_error(error)
        return self._wire.judge(response, wall=self._clock.wall())

    def close(self) -> None:
        """No-op: the sink holds nothing of its own."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A project on a host, with the User-Agent and compression of requests.

    The User-Agent is ``<sdk>/<version>``.
    """

    api_key: str = field(repr=False)
    host: str | None = None
    sdk: str = "flagengine"
    version: str = "0"
    extra_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    encoding: Encoding = Encoding.GZIP
    historical_migration: bool = False
    _base_url: str = field(init=False, repr=False, compare=False)
    _encode: Callable[[bytes], bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        encoding, encode = choose_encoder(Encoding(self.encoding), logger.warning)
        object.__setattr__(self, "encoding", encoding)
        object.__setattr__(self, "_encode", encode)
        object.__setattr__(self, "_base_url", base_url(self.host))

    @property
    def user_agent(self) -> str:
        """The value of ``User-Agent`` and ``PostHog-Sdk-Info``."""
        return f"{self.sdk}/{self.version}"

    def post(
        self, path: str, body: bytes, *, headers: Mapping[str, str], timeout: float
    ) -> Request:
        """Return a JSON POST to ``path``; ``extra_headers`` never replace the other headers."""
        url = self._base_url + path
        if logger.isEnabledFor(logging.DEBUG):
            shown = body.decode("utf-8", "replace").replace(self.api_key, "***")
            logger.debug("POST %s %s", redact_url(url), printable(redact_text(shown)))
        content_encoding, compressed = self._compress(body)
        merged = {
            **self.extra_headers,
            "Content-Type": "application/json",
            "User-Agent": self.user_agent,
            **headers,
            **content_encoding,
        }
        cleaned = {name: clean_header_value(value) for name, value in merged.items()}
        return Request("POST", url, cleaned, compressed, timeout)

    def _compress(self, body: bytes) -> tuple[Mapping[str, str], bytes]:
        """Return the compressed body and its header; the plain body if compression fails."""
        if self.encoding is Encoding.NONE:
            return {}, body
        try:
            compressed = self._encode(body)
        except Exception:  # noqa: BLE001 - a codec's failure must not cost the batch
            logger.warning("%s compression failed: sending uncompressed", self.encoding.value)
            return {}, body
        return {"Content-Encoding": self.encoding.value}, compressed
