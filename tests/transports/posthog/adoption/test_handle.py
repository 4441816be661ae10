"""Whom `adopt` takes, and what is left after `release`."""

import copy
import gc
import weakref
from unittest import mock

import pytest

pytest.importorskip("posthog", reason="posthog is not installed: pip install --group differential")

import posthog
from posthog import AsyncPosthog
from posthog.client import Client

from flagengine import explain, requirements
from flagengine.transports import Client as OwnClient
from flagengine.transports import MemorySink
from flagengine.transports.posthog import adopt
from flagengine.transports.posthog.adoption import Adoption, AdoptionError
from flagengine.transports.posthog.adoption.methods import REPLACED
from tests.threads import at_once

OLD = {"app": "2.0.0-beta"}


def version_of(client):
    return client.evaluate_flags("u", person_properties=OLD, flag_keys=["version"]).get_flag(
        "version"
    )


class TestRelease:
    def test_the_client_is_as_it_was(self, client):
        before = dict(vars(client))
        adoption = adopt(client)
        assert version_of(client) is False
        adoption.release()
        assert version_of(client) is True
        assert vars(client).keys() - before.keys() == {"_feature_flag_evaluations_host_cache"}

    def test_the_end_of_a_block_releases(self, client):
        with adopt(client) as adoption:
            assert adoption.client is client
            assert adoption.is_active
            assert repr(adoption) == "<Adoption of Client, active>"
        assert not adoption.is_active
        assert repr(adoption) == "<Adoption of Client, released>"
        assert version_of(client) is True

    def test_a_second_release_does_nothing_also_to_a_later_adoption(self, client):
        first = adopt(client)
        first.release()
        with adopt(client) as second:
            first.release()
            assert second.is_active
            assert version_of(client) is False

    def test_adopting_again_returns_the_same_handle(self, client):
        with adopt(client) as adoption:
            assert adopt(client) is adoption

    def test_a_copy_of_an_adopted_client_is_adopted_for_itself(self, client):
        with adopt(client) as adoption:
            copied = copy.copy(client)
            with adopt(copied) as own:
                assert own.client is copied
                copied.feature_flags = []
                assert adopt(copied) is own
                assert not own.snapshot.keys
                assert version_of(client) is False
            assert adoption.is_active
            assert "_compute_flag_locally" not in vars(copied)

    def test_threads_that_adopt_at_once_get_the_same_handle(self, client):
        handles = at_once(8, lambda _: adopt(client))
        assert len({id(handle) for handle in handles}) == 1
        handles[0].release()

    def test_another_client_keeps_its_own_evaluation(self, client):
        other = Client("phc_other", send=False, enable_local_evaluation=False)
        other.feature_flags = client.feature_flags
        with adopt(client):
            assert version_of(other) is True
        other.shutdown()

    def test_an_adopted_client_is_collected(self):
        client = Client("phc_short", send=False, enable_local_evaluation=False)
        adopt(client)
        client.shutdown()
        gone = weakref.ref(client)
        del client
        gc.collect()
        assert gone() is None


class TestRefusals:
    @pytest.mark.parametrize(
        ("given", "message"),
        [
            (None, "got NoneType"),
            ("phc_key", "got str"),
            (Client, "got the class Client; make an object of it first"),
            (posthog, r"got the module posthog; its default client is posthog.setup\(\)"),
            (mock.Mock(spec=Client), "got Mock"),
        ],
    )
    def test_what_is_no_client_is_refused_in_words(self, given, message):
        with pytest.raises(
            TypeError, match=rf"adopt\(\) needs a posthog.Posthog object, {message}"
        ):
            adopt(given)

    def test_an_asynchronous_client_has_nothing_to_adopt(self):
        asynchronous = AsyncPosthog.__new__(AsyncPosthog)
        with pytest.raises(TypeError, match=r"evaluates no flag locally; use .*AsyncClient"):
            adopt(asynchronous)

    def test_flagengines_own_client_needs_no_adoption(self):
        with pytest.raises(TypeError, match="flagengine's own Client, which uses the engine"):
            adopt(OwnClient(sink=MemorySink()))

    @pytest.mark.parametrize("version", ["7.91.0", "7.92.0", "8.0.0"])
    def test_another_version_is_refused_with_what_to_do(self, client, version):
        with (
            mock.patch("posthog.version.VERSION", version),
            pytest.raises(AdoptionError, match=rf"not {version}; install posthog==7\.91\.1"),
        ):
            adopt(client)
        assert not vars(client).keys() & REPLACED.keys()

    def test_a_subclass_with_its_own_evaluation_is_refused(self):
        class Special(Client):
            def _compute_flag_locally(self, *_, **__):
                return True

        special = Special("phc_special", send=False, enable_local_evaluation=False)
        with pytest.raises(AdoptionError, match="must replace _compute_flag_locally"):
            adopt(special)
        special.shutdown()

    def test_a_client_with_a_mock_in_the_place_is_refused(self, client):
        with (
            mock.patch.object(client, "_locally_evaluate_flag"),
            pytest.raises(AdoptionError, match="replaced in this Client already"),
        ):
            adopt(client)

    def test_every_replaced_method_is_one_of_posthogs(self):
        assert all(callable(getattr(Client, name)) for name in REPLACED)


class TestSnapshot:
    def test_the_definitions_can_be_explained(self, client):
        with adopt(client) as adoption:
            assert isinstance(adoption, Adoption)
            text = str(explain(adoption.snapshot, "version", "u", OLD))
            assert "semver_gte" in text
            assert requirements(adoption.snapshot, "plan").person_properties == ("plan",)

    def test_without_definitions_the_snapshot_is_empty(self):
        client = Client("phc_empty", send=False, enable_local_evaluation=False)
        with adopt(client) as adoption:
            assert list(adoption.snapshot.keys) == []
        client.shutdown()
