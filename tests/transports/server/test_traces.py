"""Spans of OpenTelemetry: one for each request, named after its route."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.transports.server.support import KEY, Bench


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield exporter
    provider.shutdown()


def test_a_request_is_a_span_of_its_route(spans: InMemorySpanExporter):
    bench = Bench(has_traces=True)
    bench("GET", f"/array/{KEY}/config?secret=1")
    bench("GET", "/nope")
    found = spans.get_finished_spans()
    assert [span.name for span in found] == ["GET /array/{token}/config", "GET (unknown)"]
    attributes = dict(found[0].attributes or {})
    assert attributes["http.route"] == "/array/{token}/config"
