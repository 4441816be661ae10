"""Spans that record nothing, which posthog-python returns, too, while tracing is off.

So code with ``start_span`` runs unchanged; whoever wants the spans uses OpenTelemetry.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

__all__ = ["Span", "get_active_span", "start_span"]


class Span:
    """A span that ignores what it is told; each method can be chained as in posthog-python."""

    def set_attribute(self, key: str, value: Any) -> Self:  # noqa: ARG002
        """Return the span."""
        return self

    def set_attributes(self, attributes: Mapping[str, Any]) -> Self:  # noqa: ARG002
        """Return the span."""
        return self

    def add_event(
        self,
        name: str,  # noqa: ARG002
        attributes: Mapping[str, Any] | None = None,  # noqa: ARG002
        timestamp: datetime | float | None = None,  # noqa: ARG002
    ) -> Self:
        """Return the span."""
        return self

    def set_status(self, code: str, message: str | None = None) -> Self:  # noqa: ARG002
        """Return the span."""
        return self

    def record_exception(self, exception: BaseException) -> Self:  # noqa: ARG002
        """Return the span."""
        return self

    def update_name(self, name: str) -> Self:  # noqa: ARG002
        """Return the span."""
        return self

    def traceparent(self) -> str | None:
        """Return None: there is no trace."""
        return None

    def tracestate(self) -> str | None:
        """Return None: there is no trace."""
        return None

    def end(self, end_time: datetime | float | None = None) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the span; exceptions go on."""


def start_span(
    name: str,  # noqa: ARG001
    *,
    kind: str | None = None,  # noqa: ARG001
    attributes: Mapping[str, Any] | None = None,  # noqa: ARG001
    parent: Span | str | None = None,  # noqa: ARG001
    tracestate: str | None = None,  # noqa: ARG001
    start_time: datetime | float | None = None,  # noqa: ARG001
) -> Span:
    """Return a span that records nothing."""
    return Span()


def get_active_span() -> Span | None:
    """Return None: no span is ever active."""
    return None
