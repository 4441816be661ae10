"""The acceptance scenarios about holdouts of experiments, in flags that the client evaluates."""

from __future__ import annotations

from typing import Any

import pytest

from flagengine.plan.shares import Share
from flagengine.transports import MemoryDefinitions

from ..bench import DEFINITIONS, SECRET, Bench, flag, local, needs
from .test_definitions import Provider

pytestmark = pytest.mark.contract("local-feature-flag-holdouts")

USER = "user-123"
HELD_OUT = "holdout-727"


def experiment(percentage: float = 100, *groups: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a flag that is held out for a share, and gives everybody else control."""
    variants = [{"key": name, "rollout_percentage": 50} for name in ("control", "test")]
    filters = {
        "holdout": {"id": 727, "exclusion_percentage": percentage},
        "multivariate": {"variants": variants},
        **fields.pop("filters", {}),
    }
    given = groups or ({"rollout_percentage": 100, "variant": "control"},)
    return flag("checkout", *given, filters=filters, **fields)


def value_of(definition: dict[str, Any], user: str = USER, **options: Any) -> Any:
    document = local(definition, group_type_mapping={"0": "company"})
    with Bench(definitions=document) as bench:
        value = bench.client.get_feature_flag("checkout", user, **options)
        assert bench.flag_requests == []
        return value


def test_a_holdout_stands_before_targeting_and_variants() -> None:
    missed = {**needs("plan"), "rollout_percentage": 0, "variant": "test"}
    assert value_of(experiment(100, missed)) == HELD_OUT


def test_an_inactive_flag_stays_off() -> None:
    assert value_of({**experiment(), "active": False}) is False


def test_without_a_holdout_variants_are_assigned_as_ever() -> None:
    assert value_of(experiment(filters={"holdout": None})) == "control"


def test_other_flags_see_the_holdout() -> None:
    condition = {"type": "flag", "key": "1", "operator": "flag_evaluates_to", "value": HELD_OUT}
    condition["dependency_chain"] = ["checkout"]
    other = flag("other", {"properties": [{**condition, "key": "checkout"}]})
    with Bench(definitions=local(experiment(), other)) as bench:
        assert bench.client.get_all_flags(USER) == {"checkout": HELD_OUT, "other": True}


@pytest.mark.parametrize(("user", "value"), [("user-1", HELD_OUT), ("user-5", "control")])
def test_the_hash_is_the_servers(user: str, value: str) -> None:
    assert value_of(experiment(20), user) == value


@pytest.mark.parametrize(
    ("percentage", "is_inside"), [(-10, False), (0, False), (12.4, False), (12.5, True)]
)
def test_a_fraction_is_inside_up_to_its_bound(percentage: float, is_inside: bool) -> None:
    assert Share(percentage).contains(0.125) is is_inside


@pytest.mark.parametrize("percentage", [100, 150])
def test_everybody_is_held_out_without_a_hash(percentage: float) -> None:
    assert Share(percentage).without_hash is True
    assert value_of(experiment(percentage)) == HELD_OUT


def test_a_hash_of_zero_is_inside_a_share_of_zero() -> None:
    assert Share(0).contains(0.0) is True


def test_a_flag_of_groups_takes_the_group_key() -> None:
    grouped = experiment(20, filters={"aggregation_group_type_index": 0})
    assert value_of(grouped, "user-5", groups={"company": "user-1"}) == HELD_OUT


def test_a_flag_of_devices_takes_the_device_id() -> None:
    of_devices = experiment(20, bucketing_identifier="device_id")
    assert value_of(of_devices, "user-5", device_id="user-1") == HELD_OUT


@pytest.mark.contract("flag-definition-loader")
def test_a_shared_cache_keeps_the_holdout() -> None:
    cache = Provider()
    with Bench(secret_key=SECRET, flag_definition_cache_provider=cache) as bench:
        bench.server.definitions = {"flags": [experiment(12.5)]}
        bench.client.reload_feature_flags()
        users = [f"u{number}" for number in range(40)]
        here = [bench.client.get_feature_flag("checkout", user) for user in users]
    reader = Provider(fetches=False, cached=cache.stored[0])
    with Bench(secret_key=SECRET, flag_definition_cache_provider=reader) as bench:
        bench.client.reload_feature_flags()
        (loaded,) = bench.client.feature_flag_definitions() or []
        assert loaded["filters"]["holdout"] == {"id": 727, "exclusion_percentage": 12.5}
        assert [bench.client.get_feature_flag("checkout", user) for user in users] == here
        assert bench.server.made(DEFINITIONS) == []
    assert {HELD_OUT, "control"} <= set(here)


@pytest.mark.contract("flag-definition-loader")
def test_new_definitions_may_end_a_holdout() -> None:
    definitions = MemoryDefinitions({"flags": [experiment()]})
    with Bench(definitions=definitions) as bench:
        assert bench.client.get_feature_flag("checkout", USER) == HELD_OUT
        definitions.replace({"flags": [experiment(filters={"holdout": None})]})
        bench.client.reload_feature_flags()
        assert bench.client.get_feature_flag("checkout", USER) == "control"
