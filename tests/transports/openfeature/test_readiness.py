"""The provider is ready when definitions are loaded; its errors say what is missing."""

from __future__ import annotations

import asyncio
import threading

import pytest

pytest.importorskip("openfeature", reason="needs the extra `openfeature`")

from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEvent
from openfeature.exception import ErrorCode, ProviderNotReadyError
from openfeature.provider import ProviderStatus

from flagengine.transports import AsyncClient, Client, ManualClock, MemoryDefinitions, MemorySink
from flagengine.transports.openfeature import FlagengineProvider
from flagengine.transports.polling.fetch_results import Failed, FailureKind, Loaded

from ..client.bench import TickingDriver, needs
from .definitions import flag

PERSON = EvaluationContext("u1")
REFUSED = Failed(FailureKind.STATUS, "HTTP 401: the secret key was refused", 401)
NOT_READY = ErrorCode.PROVIDER_NOT_READY


class Source(MemoryDefinitions):
    """A source that is not at hand, so that the first load is the test's."""

    is_at_hand = False


class Setup:
    """A client whose loads are the test's, and the provider's events."""

    def __init__(self, source: MemoryDefinitions, **options) -> None:
        self.source, self.clock = source, ManualClock()
        driver = TickingDriver(self.clock)
        options = {"sink": MemorySink(), "clock": self.clock, "driver": driver, **options}
        self.client = Client(definitions=source, **options)
        self.provider = FlagengineProvider(self.client, clock=self.clock)
        self.changed = threading.Condition()
        self.statuses: list[ProviderStatus] = []

    def reload(self) -> None:
        self.clock.advance(1000)
        self.client.reload_feature_flags()

    @property
    def status(self) -> ProviderStatus:
        return api.get_client().get_provider_status()

    def details(self, key: str, **attributes):
        return api.get_client().get_boolean_details(key, False, EvaluationContext("u1", attributes))


def test_it_is_ready_at_once_with_definitions_and_without_any_source(use):
    use(Setup(MemoryDefinitions({"flags": [flag("on")]})).provider)
    assert api.get_client().get_provider_status() is ProviderStatus.READY
    use(FlagengineProvider(Client("phc_key", sink=MemorySink())))
    assert api.get_client().get_provider_status() is ProviderStatus.READY


def test_a_project_without_flags_is_ready(use):
    setup = Setup(Source({"flags": []}))
    use(setup.provider)
    assert setup.status is ProviderStatus.READY
    assert setup.details("on").error_code is ErrorCode.FLAG_NOT_FOUND


def test_without_definitions_it_is_not_ready_until_they_are_loaded(use):
    source = Source()
    source.fail(REFUSED)
    setup = Setup(source)
    with pytest.raises(ProviderNotReadyError) as caught:
        use(setup.provider)
    assert "HTTP 401: the secret key was refused" in caught.value.error_message
    assert setup.status is ProviderStatus.ERROR
    details = setup.details("on")
    assert (details.error_code, details.error_message) == (
        NOT_READY,
        "no flag definitions are loaded",
    )
    source.replace({"flags": [flag("on")]})
    setup.reload()
    assert setup.status is ProviderStatus.READY
    assert setup.details("on").value is True


def test_definitions_that_are_no_definitions_do_not_make_it_ready(use):
    class Empty:
        def fetch(self, _version):
            return Loaded(b"{}")

    with pytest.raises(ProviderNotReadyError):
        use(Setup(Empty()).provider)


def test_definitions_that_are_taken_out_of_use_are_an_error_until_they_come_back(use):
    source = MemoryDefinitions({"flags": [flag("on")]})
    setup = Setup(source)
    use(setup.provider)
    source.fail(REFUSED)
    setup.reload()
    assert setup.status is ProviderStatus.ERROR
    assert setup.details("on").error_code is NOT_READY
    source.replace({"flags": [flag("on")]})
    setup.reload()
    assert setup.status is ProviderStatus.READY


def test_an_outage_makes_it_stale_and_a_recovery_without_changes_ready(use):
    source = MemoryDefinitions({"flags": [flag("on")]})
    setup = Setup(source)
    use(setup.provider)
    source.fail(Failed(FailureKind.NETWORK, "refused"))
    setup.reload()
    assert setup.status is ProviderStatus.STALE
    source.replace({"flags": [flag("on")]})
    setup.reload()
    assert setup.status is ProviderStatus.READY


def test_changed_flags_are_named_and_the_first_load_is_no_change(use):
    told, arrived = [], threading.Event()

    def heard(details):
        told.append(details.flags_changed)
        arrived.set()

    source = Source({"flags": [flag("same"), flag("other"), flag("gone")]})
    setup = Setup(source)
    api.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, heard)
    try:
        use(setup.provider)
        source.replace({"flags": [flag("gone"), flag("other"), flag("same")]})
        setup.reload()
        source.replace({"flags": [flag("new"), flag("other", groups=[]), flag("same")]})
        setup.reload()
        assert arrived.wait(30)
    finally:
        api.remove_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, heard)
    assert told == [["gone", "new", "other"]]


ON_OPEN = {
    "key": "open",
    "type": "flag",
    "operator": "flag_evaluates_to",
    "value": True,
    "dependency_chain": ["open"],
}
TIER = {"key": "tier", "type": "group", "group_type_index": 0, "value": "gold"}


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("open", "open needs the person property email"),
        ("two", "two needs the person properties email and plan"),
        ("near", "near needs the person property email"),
        ("cohort", "cohort needs the person property email"),
        ("gold", "gold needs the group company and the property tier of the group company"),
        ("device", "device needs a device id"),
    ],
)
def test_a_flag_that_lacks_inputs_names_them(use, key, message):
    two = [{"properties": [*needs("email")["properties"], *needs("plan")["properties"]]}]
    flags = [
        flag("open", groups=[needs("email")]),
        flag("two", groups=two),
        flag("near", groups=[{"properties": [ON_OPEN]}]),
        flag("cohort", groups=[{"properties": [{"key": "id", "type": "cohort", "value": 7}]}]),
        flag("gold", groups=[{"properties": [TIER]}], aggregation_group_type_index=0),
        {
            **flag("device", groups=[{"rollout_percentage": 50}]),
            "bucketing_identifier": "device_id",
        },
    ]
    document = {
        "flags": flags,
        "group_type_mapping": {"0": "company"},
        "cohorts": {"7": {"type": "AND", "values": needs("email")["properties"]}},
    }
    setup = Setup(MemoryDefinitions(document), missing_group="unresolved")
    use(setup.provider)
    details = setup.details(key)
    assert (details.error_code, details.error_message) == (ErrorCode.INVALID_CONTEXT, message)
    assert details.flag_metadata["id"] == len(key)


def test_other_flags_without_a_value_say_why(use):
    setup = Setup(MemoryDefinitions({"flags": [flag("on"), flag("hidden")]}))
    use(setup.provider)
    with setup.client.overridden_flags({"hidden": None}):
        details = setup.details("hidden")
    assert details.error_code is ErrorCode.FLAG_NOT_FOUND
    assert details.error_message == "the flag is overridden to be missing"
    nobody = api.get_client().get_boolean_details("on", False)
    assert nobody.error_code is ErrorCode.TARGETING_KEY_MISSING
    use(FlagengineProvider(Client("phc_key", disabled=True)))
    details = setup.details("on")
    assert details.error_code is NOT_READY
    assert details.error_message == "the client is disabled or has no key"


def test_metadata_names_the_flag_and_its_version(use):
    versioned = {**flag("on"), "version": 3}
    setup = Setup(MemoryDefinitions({"flags": [versioned]}))
    use(setup.provider)
    metadata = setup.details("on").flag_metadata
    known = {"id": 2, "version": 3, "condition_index": 0, "locally_evaluated": True}
    assert known.items() <= metadata.items()
    assert metadata["reason_code"] == "condition_match"


def test_an_asynchronous_client_is_awaited_by_the_start_and_the_end(use):
    client = AsyncClient(definitions=Source({"flags": [flag("on")]}), sink=MemorySink())
    provider = FlagengineProvider(client, shuts_down_client=True)

    async def started():
        api.set_provider_and_wait(provider)
        return await api.get_client().get_boolean_value_async("on", False, PERSON)

    try:
        assert asyncio.run(started()) is True
        assert api.get_client().get_provider_status() is ProviderStatus.READY
    finally:
        provider.shutdown()
    assert client.components.status.is_closed


def test_a_start_that_hangs_ends_after_its_time(use):
    goes_on = threading.Event()

    class Hanging:
        def fetch(self, _version):
            goes_on.wait(60)
            return REFUSED

    client = Client(definitions=Hanging(), sink=MemorySink())
    try:
        with pytest.raises(ProviderNotReadyError) as caught:
            use(FlagengineProvider(client, ready_timeout=0.01))
        assert caught.value.error_message == "no flag definitions are loaded"
    finally:
        goes_on.set()
        client.shutdown(5)
