"""The collector for Prometheus, in a registry and in the text that it exposes."""

from __future__ import annotations

from typing import Any

import pytest

prometheus_client = pytest.importorskip("prometheus_client")

from flagengine.transports import Client, ManualDriver, NullSink, Response  # noqa: E402
from flagengine.transports.observability.prometheus import FlagengineCollector  # noqa: E402
from tests.transports.client.bench import BATCH, Bench, flag, local  # noqa: E402

USER = "user-1"


def samples(registry: Any) -> dict[str, dict[tuple[str, ...], float]]:
    """Return the values by the values of their labels, without that of the client."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in registry.collect():
        for sample in family.samples:
            if not sample.name.endswith("_created"):
                labels = tuple(value for name, value in sample.labels.items() if name != "client")
                found.setdefault(sample.name, {})[labels] = sample.value
    return found


def test_the_collector_gives_the_counters_and_the_health() -> None:
    registry = prometheus_client.CollectorRegistry()
    with Bench(definitions=local(flag("beta")), max_queue_size=2, flush_at=100) as bench:
        registry.register(FlagengineCollector({"shop": bench.client}))
        bench.client.capture("bought", distinct_id=USER)
        bench.client.flush()
        for _ in range(3):
            bench.client.capture("left", distinct_id=USER)
        bench.clock.advance(100)
        found = samples(registry)
        assert registry.get_sample_value("flagengine_definitions_flags", {"client": "shop"}) == 1
    assert found["flagengine_definitions_age_seconds"] == {(): 100}
    assert found["flagengine_definitions_generation"] == {(): 1}
    assert found["flagengine_definitions_state"] == {
        ("empty",): 0,
        ("fresh",): 0,
        ("stale",): 1,
        ("expired",): 0,
    }
    assert found["flagengine_events_total"][("delivered",)] == 1
    assert found["flagengine_events_total"][("accepted",)] == 3
    assert found["flagengine_events_refused_total"] == {("queue_full",): 1}
    assert found["flagengine_events_pending"] == {(): 2}
    assert found["flagengine_event_requests_total"] == {(): 1}
    assert "flagengine_flag_evaluations_total" not in found


def test_lost_events_and_failed_loads_are_counted() -> None:
    registry = prometheus_client.CollectorRegistry()
    with Bench(secret_key="phx_key") as bench:
        registry.register(FlagengineCollector(bench.client))
        bench.server.play("/flags/definitions", Response(500))
        bench.client.reload_feature_flags()
        bench.server.play(BATCH, Response(400))
        bench.client.capture("bought", distinct_id=USER)
        bench.client.flush()
        found = samples(registry)
    assert found["flagengine_definitions_failures"] == {(): 1}
    assert "flagengine_definitions_age_seconds" not in found
    assert sum(found["flagengine_events_dropped_total"].values()) == 1


def test_reads_are_counted_if_that_is_asked_for_until_stop() -> None:
    registry = prometheus_client.CollectorRegistry()
    with Bench(definitions=local(flag("beta"))) as bench:
        bench.server.flags = {"far": "x"}
        collector = FlagengineCollector(bench.client, evaluations=True)
        registry.register(collector)
        for key in ("beta", "beta", "far", "unknown", "nobody's"):
            bench.client.get_feature_flag(key, USER)
        collector.stop()
        bench.client.get_feature_flag("beta", USER)
        assert bench.client.components.reads.value is not None
        found = samples(registry)
    assert found["flagengine_flag_evaluations_total"] == {
        ("beta", "targeting_match", "local"): 2,
        ("far", "unknown", "server"): 1,
        ("(unknown)", "error", "none"): 2,
    }


def test_clients_of_a_process_are_told_apart_and_the_text_is_exposed() -> None:
    registry = prometheus_client.CollectorRegistry(auto_describe=True)
    clients = {name: Client(sink=NullSink(), driver=ManualDriver()) for name in ("a", "b")}
    registry.register(FlagengineCollector(clients, evaluations=True))
    clients["b"].get_feature_flag("beta", USER)
    text = prometheus_client.generate_latest(registry).decode()
    assert 'flagengine_events_pending{client="a"} 0.0' in text
    assert 'flagengine_events_pending{client="b"} 1.0' in text
    assert text.count("# TYPE flagengine_events_total counter") == 1
    assert "flagengine_definitions_age_seconds{" not in text
    read = 'flagengine_flag_evaluations_total{client="b",flag="(unknown)",origin="none",reason="error"}'
    assert f"{read} 1.0" in text


def test_a_registry_refuses_a_second_collector_whose_metrics_would_be_there_twice() -> None:
    registry = prometheus_client.CollectorRegistry()
    client = Client(sink=NullSink(), driver=ManualDriver())
    registry.register(FlagengineCollector(client, evaluations=True))
    with pytest.raises(ValueError, match="Duplicated timeseries"):
        registry.register(FlagengineCollector(client))


@pytest.mark.parametrize("wrong", [None, {"a": None}, [1], Client, {5: None}])
def test_something_else_than_a_client_is_refused_before_it_is_scraped(wrong: Any) -> None:
    with pytest.raises(
        TypeError, match=r"must get a flagengine client, got|names of clients must be"
    ):
        FlagengineCollector(wrong)
