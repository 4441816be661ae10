"""An adopted client follows its definitions, however they come, and compiles them once."""

import os
import threading
from types import MappingProxyType
from unittest import mock

import pytest

pytest.importorskip("posthog", reason="posthog is not installed: pip install --group differential")

from flagengine import Snapshot, SnapshotError
from flagengine.transports.posthog import adopt
from flagengine.transports.posthog.adoption import definitions
from tests.threads import at_once
from tests.transports.posthog.adoption.documents import flag, of_format_2, property_filter

THREADS = 6
LOCAL = MappingProxyType({"only_evaluate_locally": True})
OLD = MappingProxyType({"app": "2.0.0-beta"})


def value(client, key="plan", **properties):
    return client.evaluate_flags("u", person_properties=properties, **LOCAL).get_flag(key)


@pytest.fixture
def adopted(client):
    with adopt(client):
        yield client


class TestNewDefinitions:
    def test_a_poll_is_seen(self, adopted, server):
        assert value(adopted, plan="free") is False
        server.document["flags"][0] = flag("plan", property_filter("plan", "free"))
        adopted._load_feature_flags()
        assert value(adopted, plan="free") is True

    def test_an_assignment_is_seen(self, adopted):
        adopted.feature_flags = [flag("plan", rollout=0)]
        assert value(adopted) is False
        adopted.feature_flags = [flag("plan")]
        assert value(adopted) is True

    def test_new_cohorts_and_names_of_groups_are_seen(self, adopted):
        adopted.feature_flags = [flag("plan", {"key": "id", "type": "cohort", "value": 7})]
        assert value(adopted, plan="pro") is None
        leaf = property_filter("plan", "pro")
        adopted.cohorts = {"7": {"type": "AND", "values": [{"type": "OR", "values": [leaf]}]}}
        assert value(adopted, plan="pro") is True
        adopted.feature_flags = [flag("plan", filters={"aggregation_group_type_index": 1})]
        assert value(adopted) is None
        adopted.group_type_mapping = {"1": "team"}
        assert value(adopted) is False

    def test_a_new_version_of_matching_is_seen(self, adopted, server):
        server.document["flags"] = [flag("plan", property_filter("on", False))]
        for version, expected in ((1, True), (2, False), (1, True)):
            server.document["property_matching_version"] = version
            adopted._load_feature_flags()
            assert value(adopted, on="banana") is expected
        adopted._property_matching_version = 2
        assert value(adopted, on="banana") is False

    def test_the_definitions_of_a_cache_provider_are_seen(self, adopted):
        provider = mock.Mock()
        provider.should_fetch_flag_definitions.return_value = False
        provider.get_flag_definitions.return_value = {
            "flags": [flag("plan", rollout=0)],
            "group_type_mapping": {},
            "cohorts": {},
        }
        provider.shutdown.return_value = None
        adopted._flag_definition_cache_provider = provider
        adopted._load_feature_flags()
        assert value(adopted) is False

    @pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
    @pytest.mark.parametrize(
        "read",
        [
            value,
            lambda client, **given: client.get_feature_flag("plan", "u", person_properties=given),
        ],
    )
    def test_the_first_read_loads_as_before(self, client, read):
        client.feature_flags = None
        client._feature_flags = None
        with adopt(client):
            assert read(client, plan="pro") is True
        assert len(client.feature_flags) == 5

    def test_an_evaluation_ends_with_the_definitions_it_began_with(self, adopted):
        evaluate = definitions.evaluate

        def publish_then_evaluate(*arguments, **options):
            adopted.feature_flags = [flag("plan", rollout=0)]
            return evaluate(*arguments, **options)

        with mock.patch.object(definitions, "evaluate", publish_then_evaluate):
            flags = adopted.evaluate_flags("u", person_properties={"plan": "pro"}, **LOCAL)
        assert flags.get_flag("plan") is True
        assert flags.get_flag_payload("plan") == {"seats": 5}
        assert value(adopted) is False

    def test_a_flag_of_ones_own_is_evaluated_among_the_loaded(self, adopted):
        own = flag("own", property_filter("colour", True, "flag_evaluates_to", type="flag"))
        own["filters"]["groups"][0]["properties"][0]["dependency_chain"] = ["colour"]
        compute = adopted._compute_flag_locally
        assert compute(own, "u", person_properties={"plan": "pro"}) is True
        assert compute(own, "u", person_properties={"plan": "free"}) is False


class CountedLock:
    """A lock that can be entered again, and tells when a number of entries was attempted."""

    def __init__(self, entries):
        self.all_have_arrived = threading.Event()
        self._left = entries
        self._lock = threading.RLock()

    def __enter__(self):
        self._left -= 1
        if self._left == 0:
            self.all_have_arrived.set()
        self._lock.acquire()

    def __exit__(self, *_):
        self._lock.release()


class TestCompiling:
    def test_definitions_are_parsed_once_by_threads_that_meet(self, adopted):
        adopted.feature_flags = [flag("plan")]
        # Each thread arrives once, and the first once more inside.
        lock = adopted._flag_definition_publication_lock = CountedLock(THREADS + 1)
        parsed = []

        def parse(*arguments, **options):
            parsed.append(lock.all_have_arrived.wait(10))
            return Snapshot.parse(*arguments, **options)

        with mock.patch.object(definitions, "Snapshot", mock.Mock(parse=parse)):
            assert at_once(THREADS, lambda _: value(adopted)) == [True] * THREADS
        assert parsed == [True]

    def test_reads_and_a_poll_without_changes_of_the_rules_parse_nothing(self, adopted):
        value(adopted)
        with mock.patch.object(definitions, "Snapshot", None):
            value(adopted)
            adopted._minimal_flag_called_events = True
            value(adopted)
        assert adopted._local_evaluation_snapshot()["minimal_flag_called_events"] is True

    def test_equal_values_share_a_record_unless_its_payload_can_be_changed(self, adopted):
        first, second = (
            adopted.evaluate_flags(name, person_properties={"plan": "pro"}, **LOCAL)._flags
            for name in ("u", "v")
        )
        assert first["colour"] is second["colour"]
        assert first["plan"] is not second["plan"]


class TestUnreadableDefinitions:
    """Definitions that somebody has assigned, and that are no JSON."""

    def test_the_error_is_logged_and_the_server_is_asked(self, adopted, server, caplog):
        server.flags = {"plan": {"key": "plan", "enabled": True, "variant": None}}
        odd = flag("odd", property_filter("plan", "pro", "bogus"))
        adopted.feature_flags = [{**flag("plan"), id: 1}, odd]
        assert adopted.evaluate_flags("u").get_flag("plan") is True
        assert adopted.get_feature_flag_result("plan", "u").get_value() is True
        assert "with a key that JSON cannot write" in caplog.text
        with pytest.raises(SnapshotError, match="a value at /flags/0"):
            _ = adopt(adopted).snapshot
        published = adopted._local_evaluation_snapshot()
        assert adopted._classify_unresolvable_flags(published).keys() == {"odd"}
        adopted.feature_flags = [flag("plan", rollout=0)]
        assert value(adopted) is False


class TestWarnings:
    """At each load the client names flags that it cannot always evaluate; here the engine decides which."""

    def warned(self, adopted, server, caplog, *flags):
        server.document["flags"] = list(flags)
        caplog.clear()
        adopted._load_feature_flags()
        return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]

    def test_what_the_engine_decides_is_not_named(self, adopted, server, caplog):
        ranged = flag("seats", property_filter("seats", [5, 10], "between"))
        gone = flag("gone", property_filter("a", 1, "bogus"), deleted=True)
        steady = flag("steady", ensure_experience_continuity=True)
        assert self.warned(adopted, server, caplog, ranged, gone, steady) == []

    def test_what_the_engine_cannot_decide_is_named(self, adopted, server, caplog):
        static = flag("static", {"key": "id", "type": "cohort", "value": 7})
        sticky = flag("sticky", rollout=50, ensure_experience_continuity=True)
        second = of_format_2("second")
        shown = {**second, "key": "shown", "evaluation_runtime": "client"}
        continuity, unsupported = self.warned(
            adopted, server, caplog, static, sticky, second, shown
        )
        assert "1 flag(s) have experience continuity" in continuity
        assert "sticky" in continuity
        assert "2 flag(s) use something" in unsupported
        assert "static, second." in unsupported


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_goes_on_with_the_engine(adopted):
    value(adopted)
    child = os.fork()
    if child == 0:
        adopted.feature_flags = [flag("version", property_filter("app", "2.0.0", "semver_gte"))]
        os._exit(0 if value(adopted, "version", **OLD) is False else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
