"""Events and metrics for OpenTelemetry, as its SDK exports them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.metrics import _internal as internal
from opentelemetry.metrics._internal import _ProxyMeterProvider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from flagengine.transports import AsyncClient, MemorySink
from flagengine.transports.observability import observed_clients
from flagengine.transports.observability.opentelemetry import record_evaluations, record_metrics
from tests.transports.client.bench import Bench, flag, local, needs, variant_flag
from tests.transports.client.test_local_rules import definition, released

USER = "user-1"


def typed_flag(key: str, kind: str, value: Any) -> dict[str, Any]:
    return definition(released(value), key=key, return_type=kind)


@pytest.fixture
def bench() -> Iterator[Bench]:
    definitions = local(
        flag("beta", version=7),
        variant_flag("color", "red"),
        flag("pro", needs("plan", "pro")),
        flag("off", active=False),
        typed_flag("number", "number", 5),
        typed_flag("object", "object", {"a": [1]}),
    )
    with Bench(None, definitions=definitions, sink=MemorySink()) as made:
        yield made


class Logs:
    """A provider of loggers that keeps what it exports."""

    def __init__(self) -> None:
        self._exporter = InMemoryLogRecordExporter()
        self.provider = LoggerProvider(shutdown_on_exit=False)
        self.provider.add_log_record_processor(SimpleLogRecordProcessor(self._exporter))

    @property
    def records(self) -> list[Any]:
        return [each.log_record for each in self._exporter.get_finished_logs()]

    @property
    def attributes(self) -> list[dict[str, Any]]:
        return [dict(each.attributes) for each in self.records]


@pytest.fixture
def logs() -> Logs:
    return Logs()


def of(key: str, reason: str, **more: Any) -> dict[str, Any]:
    """Return the attributes that an event must have; two underscores are a dot."""
    given = {name.replace("__", "."): value for name, value in more.items()}
    return {
        "feature_flag.key": key,
        "feature_flag.provider.name": "PostHog",
        "feature_flag.result.reason": reason,
        **given,
    }


def test_every_read_is_an_event_with_the_attributes_of_the_conventions(
    bench: Bench, logs: Logs
) -> None:
    record_evaluations(bench.client, logger_provider=logs.provider)
    for key in ("beta", "color", "off", "number", "object", "pro", "unknown"):
        bench.client.get_feature_flag(key, USER)
    bench.client.get_feature_flag("beta")
    with bench.client.overridden_flags({"beta": False}):
        bench.client.get_feature_flag("beta", USER)
    assert {each.event_name for each in logs.records} == {"feature_flag.evaluation"}
    assert logs.attributes == [
        of("beta", "targeting_match", feature_flag__result__value=True, feature_flag__version="7"),
        of("color", "split", feature_flag__result__variant="red"),
        of("off", "disabled", feature_flag__result__value=False),
        of("number", "targeting_match", feature_flag__result__value=5, feature_flag__version="7"),
        of("object", "targeting_match", feature_flag__result__value='{"a": [1]}', feature_flag__version="7"),
        of("pro", "error", error__type="invalid_context", error__message=logs.attributes[5]["error.message"]),
        of("unknown", "error", error__type="flag_not_found", error__message="unknown flag"),
        of("beta", "error", error__type="targeting_key_missing", error__message=logs.attributes[7]["error.message"]),
        of("beta", "static", feature_flag__result__value=False, feature_flag__version="7"),
    ]  # fmt: skip
    assert "plan" in logs.attributes[5]["error.message"]


def test_ids_of_people_are_sent_only_if_that_is_asked_for(bench: Bench, logs: Logs) -> None:
    record_evaluations(bench.client, context_id=True, set_id="shop", logger_provider=logs.provider)
    bench.client.get_feature_flag("color", USER)
    assert logs.attributes[0]["feature_flag.context.id"] == USER
    assert logs.attributes[0]["feature_flag.set.id"] == "shop"


def test_an_event_belongs_to_the_current_span_or_is_one_of_its_own(
    bench: Bench, logs: Logs
) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    in_logs = record_evaluations(bench.client, logger_provider=logs.provider)
    with tracer.start_as_current_span("request") as span:
        bench.client.get_feature_flag("color", USER)
    assert logs.records[0].trace_id == span.get_span_context().trace_id
    in_logs.stop()
    in_span = record_evaluations(bench.client, to="span")
    with tracer.start_as_current_span("request"):
        bench.client.get_feature_flag("color", USER)
    bench.client.get_feature_flag("color", USER)  # without a span there is no event
    in_span.stop()
    (event,) = exporter.get_finished_spans()[-1].events
    assert event.name == "feature_flag.evaluation"
    assert dict(event.attributes) == logs.attributes[0]
    assert len(logs.records) == 1


def test_after_stop_reads_are_quick_again(bench: Bench, logs: Logs) -> None:
    recording = record_evaluations(bench.client, logger_provider=logs.provider)
    bench.client.get_feature_flag("beta", USER)
    assert bench.client.components.reads.derive(bench.client.components.reader) is None
    recording.stop()
    bench.client.get_feature_flag("beta", USER)
    assert bench.client.components.reads.value is not None
    assert len(logs.records) == 1


def test_another_target_is_refused(bench: Bench) -> None:
    with pytest.raises(ValueError, match="to must be 'logs' or 'span', got 'trace'"):
        record_evaluations(bench.client, to="trace")  # type: ignore[arg-type]


def measured(reader: InMemoryMetricReader) -> dict[str, list[tuple[dict[str, Any], float]]]:
    """Return the values of all metrics with their own attributes."""
    data = reader.get_metrics_data()
    metrics = data.resource_metrics[0].scope_metrics[0].metrics if data else []
    return {
        each.name: [(dict(point.attributes), point.value) for point in each.data.data_points]
        for each in metrics
    }


def test_metrics_have_the_counters_and_the_health() -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    with Bench(definitions=local(flag("beta"))) as bench:
        record_metrics(bench.client, name="shop", meter_provider=provider)
        bench.client.capture("bought", distinct_id=USER)
        bench.client.flush()
        bench.client.capture("left", distinct_id=USER)
        bench.clock.advance(20)
        found = measured(reader)
    own = {"flagengine.client": "shop"}
    assert found["flagengine.definitions.age"] == [(own, 20)]
    assert found["flagengine.definitions.flags"] == [(own, 1)]
    assert found["flagengine.definitions.generation"] == [(own, 1)]
    assert found["flagengine.definitions.failures"] == [(own, 0)]
    state = {
        each["flagengine.freshness"]: value for each, value in found["flagengine.definitions.state"]
    }
    assert state == {"empty": 0, "fresh": 1, "stale": 0, "expired": 0}
    events = {each["flagengine.outcome"]: value for each, value in found["flagengine.events"]}
    assert events == {"accepted": 2, "recovered": 0, "delivered": 1, "kept": 0, "damaged": 0}
    assert found["flagengine.events.pending"] == [(own, 1)]
    assert found["flagengine.event.requests"] == [(own, 1)]
    assert "flagengine.flag.evaluations" not in found


def test_clients_of_one_provider_are_told_apart_and_may_come_and_go() -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    with Bench(definitions=local(flag("beta"))) as shop, Bench(definitions=local()) as admin:
        of_shop = record_metrics(shop.client, name="shop", meter_provider=provider)
        record_metrics(admin.client, name="admin", meter_provider=provider)
        both = measured(reader)["flagengine.definitions.flags"]
        of_shop.stop()
        left = measured(reader)["flagengine.definitions.flags"]
        record_metrics(shop.client, name="shop", meter_provider=provider)
        again = measured(reader)["flagengine.definitions.flags"]
    of_admin = ({"flagengine.client": "admin"}, 0)
    assert both == [({"flagengine.client": "shop"}, 1), of_admin]
    assert left == [of_admin]
    assert again == both


def test_a_provider_that_becomes_the_global_one_observes_the_earlier_clients(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    with Bench(definitions=local()) as early, Bench(definitions=local()) as late:
        proxy, providers = _ProxyMeterProvider(), observed_clients.Providers()
        monkeypatch.setattr(internal, "_METER_PROVIDER", None)
        monkeypatch.setattr(internal, "_PROXY_METER_PROVIDER", proxy)
        of_early = providers.observed_by(None)
        of_early.add("early", early.client)
        proxy.on_set_meter_provider(provider)
        monkeypatch.setattr(internal, "_METER_PROVIDER", provider)
        assert providers.observed_by(None) is of_early
        assert providers.observed_by(provider) is of_early
        of_early.add("late", late.client)
        found = measured(reader)["flagengine.definitions.flags"]
    assert [each["flagengine.client"] for each, _ in found] == ["early", "late"]


def test_a_fork_leaves_no_lock_behind() -> None:
    providers = observed_clients.Providers()
    with providers.lock:
        providers.after_fork()
        assert providers.observed_by(MeterProvider(shutdown_on_exit=False)) is not None


@pytest.mark.parametrize("wrong", [None, Bench, {"a": 1}])
def test_something_else_than_a_client_is_refused(wrong: Any) -> None:
    for record in (record_metrics, record_evaluations):
        with pytest.raises(
            TypeError, match=rf"{record.__name__}\(\) must get a flagengine client, got"
        ):
            record(wrong)


def test_evaluations_are_counted_if_that_is_asked_for_until_stop() -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    with Bench(definitions=local(flag("beta"))) as bench:
        bench.server.flags = {"far": "x"}
        recording = record_metrics(bench.client, evaluations=True, meter_provider=provider)
        for key in ("beta", "beta", "far", "unknown", "nobody's"):
            bench.client.get_feature_flag(key, USER)
        found = measured(reader)
        recording.stop()
        bench.client.get_feature_flag("beta", USER)
        assert bench.client.components.reads.value is not None
        assert (
            measured(reader)["flagengine.flag.evaluations"] == found["flagengine.flag.evaluations"]
        )
    names = ("feature_flag.key", "feature_flag.result.reason", "flagengine.origin")
    counted = {
        tuple(each[name] for name in names): value
        for each, value in found["flagengine.flag.evaluations"]
    }
    assert counted == {
        ("beta", "targeting_match", "local"): 2,
        ("far", "unknown", "server"): 1,
        ("(unknown)", "error", "none"): 2,
    }


def test_an_asynchronous_client_is_observed_too(logs: Logs) -> None:
    async def main() -> None:
        async with AsyncClient(definitions=local(flag("beta")), sink=MemorySink()) as client:
            record_evaluations(client, logger_provider=logs.provider)
            await client.is_feature_enabled("beta", USER)

    asyncio.run(main())
    assert logs.attributes[0]["feature_flag.result.value"] is True
