"""The provider's events: stale and fresh definitions, changed definitions, shutdown."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

pytest.importorskip("openfeature", reason="needs the extra `openfeature`")

from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEvent
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason
from openfeature.provider import ProviderStatus

from flagengine.transports.clock import ManualClock
from flagengine.transports.openfeature import FlagengineProvider
from flagengine.transports.polling.health import Freshness

PERSON = EvaluationContext("u1", {"plan": "pro"})


class Standing:
    """A client whose definitions have the age that the test sets."""

    def __init__(self):
        self.freshness = Freshness.FRESH
        self.listeners = {}
        self.is_shut_down = False

    def get_feature_flag_result(self, _key, _distinct_id, **_options):
        return SimpleNamespace(enabled=True, variant=None, payload=None, locally_evaluated=True)

    def capture(self, *_args, **_options):
        raise AssertionError

    def definitions_health(self):
        return SimpleNamespace(freshness=self.freshness)

    def on(self, name, callback):
        self.listeners[name] = callback
        return lambda: self.listeners.pop(name)

    def shutdown(self):
        self.is_shut_down = True


@pytest.fixture
def heard():
    """A collector of the provider's events; ``wait`` blocks until enough have arrived."""
    names, arrived = [], threading.Condition()

    def handler(name):
        def handle(details):
            with arrived:
                names.append((name, details.flags_changed))
                arrived.notify_all()

        return handle

    handlers = {event: handler(event.name.removeprefix("PROVIDER_")) for event in ProviderEvent}
    for event, handle in handlers.items():
        api.add_handler(event, handle)

    def wait(count):
        with arrived:
            assert arrived.wait_for(lambda: len(names) >= count, timeout=10)
            return list(names)

    yield wait
    for event, handle in handlers.items():
        api.remove_handler(event, handle)


def test_definitions_that_grow_old_make_the_provider_stale_until_they_are_fresh(use, heard):
    client, clock = Standing(), ManualClock()
    flags = use(FlagengineProvider(client, clock=clock))
    before = len(heard(2))
    assert flags.get_boolean_details("on", False, PERSON).reason is Reason.UNKNOWN
    client.freshness = Freshness.STALE
    assert flags.get_boolean_details("on", False, PERSON).reason is Reason.UNKNOWN
    clock.advance(1.1)
    details = flags.get_boolean_details("on", False, PERSON)
    assert (details.value, details.reason) == (True, Reason.STALE)
    assert heard(before + 1)[-1] == ("STALE", None)
    assert flags.get_provider_status() is ProviderStatus.STALE
    client.freshness = Freshness.EXPIRED
    clock.advance(1.1)
    assert flags.get_boolean_details("on", False, PERSON).reason is Reason.STALE
    client.freshness = Freshness.FRESH
    client.listeners["error"](None)
    assert heard(before + 2)[-1] == ("READY", None)
    assert flags.get_provider_status() is ProviderStatus.READY
    assert len(heard(0)) == before + 2


def test_changed_definitions_are_announced(use, heard):
    client = Standing()
    use(FlagengineProvider(client))
    before = len(heard(2))
    client.listeners["local_evaluation_flags_loaded"](7)
    assert heard(before + 1)[-1] == ("CONFIGURATION_CHANGED", None)
    client.listeners["local_evaluation_flags_loaded"](SimpleNamespace(changed_keys={"b", "a"}))
    assert heard(before + 2)[-1] == ("CONFIGURATION_CHANGED", ["a", "b"])
    client.listeners["local_evaluation_flags_loaded"](SimpleNamespace(changed_keys=frozenset()))
    assert len(heard(0)) == before + 2


def test_without_definitions_nothing_is_stale(use):
    client = Standing()
    client.freshness = Freshness.EMPTY
    flags = use(FlagengineProvider(client))
    assert flags.get_boolean_details("on", False, PERSON).reason is Reason.UNKNOWN
    assert flags.get_provider_status() is ProviderStatus.READY


def test_the_end_of_the_provider_is_the_clients_when_asked_for():
    for ends in (False, True):
        client = Standing()
        provider = FlagengineProvider(client, shuts_down_client=ends)
        provider.initialize(EvaluationContext())
        provider.initialize(EvaluationContext())
        assert len(client.listeners) == 3
        provider.shutdown()
        assert client.listeners == {}
        assert client.is_shut_down is ends


def test_any_client_with_the_two_methods_will_do(use):
    client = SimpleNamespace(get_feature_flag_result=lambda *_args, **_options: None, capture=None)
    details = use(FlagengineProvider(client)).get_boolean_details("on", True, PERSON)
    assert details.error_code is ErrorCode.FLAG_NOT_FOUND
    assert FlagengineProvider(client).get_metadata().name == "flagengine"
