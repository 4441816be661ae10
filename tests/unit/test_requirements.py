"""The inputs that a flag can need, and whether it can be decided locally."""

from typing import Any

import pytest

from flagengine import Decidability, Missing, Snapshot, explain, requirements

ALWAYS, SOMETIMES, NEVER = Decidability.ALWAYS, Decidability.SOMETIMES, Decidability.NEVER
PLAN = {"key": "plan", "type": "person", "value": "pro"}
TIER = {"key": "tier", "type": "group", "group_type_index": 0, "value": "gold"}
UNKNOWN = {"key": "plan", "type": "person", "operator": "resembles", "value": "x"}
LENIENT = {"key": "on", "type": "person", "operator": "is_date_after", "value": "May 8, 2024"}
HALF = {"rollout_percentage": 50}
TWO = {"variants": [{"key": "a", "rollout_percentage": 50}, {"key": "b", "rollout_percentage": 50}]}

ONE = {"variants": [{"key": "a", "rollout_percentage": 100}]}


def _document(filters: dict[str, Any], **flag: Any) -> dict[str, Any]:
    return {
        "flags": [{"key": "f", "active": True, "filters": filters, **flag}],
        "group_type_mapping": {"0": "company"},
        "cohorts": {
            "1": {"type": "OR", "values": [{"key": "email", "type": "person", "value": "x"}]},
            "2": {"type": "OR", "values": [{"key": "seen", "type": "behavioral", "value": "x"}]},
        },
    }


def _of(*conditions: dict[str, Any], **filters: Any) -> dict[str, Any]:
    return {"groups": list(conditions), **filters}


def _when(*filters: dict[str, Any], **condition: Any) -> dict[str, Any]:
    return {"properties": list(filters), **condition}


@pytest.mark.parametrize(
    ("filters", "flag", "inputs"),
    [
        (_of({}), {}, Missing()),
        (_of(HALF), {}, Missing(distinct_id=True)),
        (_of({}, multivariate=TWO), {}, Missing(distinct_id=True)),
        (_of({"variant": "a"}, multivariate=TWO), {}, Missing()),
        (_of({"rollout_percentage": 0}), {}, Missing()),
        (_of(HALF), {"bucketing_identifier": "device_id"}, Missing(device_id=True)),
        (_of(_when(PLAN)), {}, Missing(("plan",))),
        (_of(_when(PLAN)), {"active": False}, Missing()),
        (_of(_when({"key": "id", "type": "cohort", "value": 1})), {}, Missing(("email",))),
        (_of({}, feature_enrollment=True), {}, Missing(("$feature_enrollment/f",))),
        (
            _of(_when(TIER)),
            {},
            Missing(group_properties=(("company", "tier"),), groups=("company",)),
        ),
        (_of({}, aggregation_group_type_index=0), {}, Missing(groups=("company",))),
        (_of({}, aggregation_group_type_index=7), {}, Missing()),
        (
            _of({}, holdout={"id": 1, "exclusion_percentage": 10}, aggregation_group_type_index=0),
            {},
            Missing(groups=("company",)),
        ),
        (
            _of(holdout={"id": 1, "exclusion_percentage": 10}, aggregation_group_type_index=0),
            {},
            Missing(groups=("company",)),
        ),
        (
            _of({}, holdout={"id": 1, "exclusion_percentage": 10}),
            {"bucketing_identifier": "device_id"},
            Missing(device_id=True, distinct_id=True),
        ),
        (_of({}, holdout={"id": 1, "exclusion_percentage": 100}), {}, Missing()),
        (_of(HALF, holdout={"id": 1, "exclusion_percentage": 100}), {}, Missing()),
        (_of({"rollout_percentage": 0}, multivariate=TWO), {}, Missing()),
        (_of({}, multivariate=ONE), {}, Missing()),
    ],
)
def test_the_inputs_are_those_that_can_matter(
    filters: dict[str, Any], flag: dict[str, Any], inputs: Missing
):
    assert requirements(_document(filters, **flag), "f").inputs == inputs


@pytest.mark.parametrize(
    ("filters", "flag", "verdict", "why"),
    [
        (_of({}), {}, ALWAYS, ""),
        (_of(_when(PLAN)), {}, ALWAYS, ""),
        (_of(), {}, ALWAYS, ""),
        (_of(_when(UNKNOWN)), {"active": False}, ALWAYS, ""),
        (_of(_when(UNKNOWN)), {}, NEVER, "unknown operator 'resembles'"),
        (_of(_when(UNKNOWN, PLAN)), {}, SOMETIMES, "unknown operator 'resembles'"),
        (_of(_when(UNKNOWN), {}), {}, ALWAYS, ""),
        (_of(_when(UNKNOWN, variant="a"), {}, multivariate=TWO), {}, SOMETIMES, "unknown operator"),
        (_of(_when(UNKNOWN, rollout_percentage=0)), {}, ALWAYS, ""),
        (_of(_when({"key": "id", "type": "cohort", "value": 2})), {}, NEVER, "behavioral"),
        (_of(_when({"key": "id", "type": "cohort", "value": 9})), {}, NEVER, "cohort 9 is not in"),
        (_of(HALF), {"ensure_experience_continuity": True}, NEVER, "experience continuity"),
        (_of({}), {"ensure_experience_continuity": True}, ALWAYS, ""),
        (_of({}, aggregation_group_type_index=7), {}, NEVER, "group type index 7 has no name"),
        (
            _of(holdout={"id": 1, "exclusion_percentage": 10}, aggregation_group_type_index=7),
            {},
            NEVER,
            "group type index 7 has no name",
        ),
        ({"version": 3}, {}, NEVER, "configuration format must be 1 or 2, got 3"),
        ({"version": 2}, {}, NEVER, "return_type is missing"),
        (_of(_when(LENIENT)), {}, SOMETIMES, "the date 'May 8, 2024'"),
        (_of(_when(LENIENT), {}), {}, ALWAYS, ""),
        (_of(_when(PLAN), feature_enrollment=True), {}, ALWAYS, ""),
        (_of(_when(UNKNOWN), feature_enrollment=True), {}, SOMETIMES, "unknown operator"),
    ],
)
def test_it_is_known_whether_a_flag_is_decided_locally(
    filters: dict[str, Any], flag: dict[str, Any], verdict: Decidability, why: str
):
    found = requirements(_document(filters, **flag), "f")
    assert found.decided_locally == verdict
    assert bool(found.why) == bool(why)
    assert why in " ".join(found.why)


def test_many_variants_pinned_by_undecided_conditions_leave_the_verdict_right():
    keys = [f"v{number}" for number in range(12)]
    variants = [{"key": key, "rollout_percentage": 100 / 12} for key in keys]
    pinned = [_when(UNKNOWN, PLAN, variant=key) for key in keys]
    flag = _of(*pinned, _when(variant="v0"), multivariate={"variants": variants})
    assert requirements(_document(flag), "f").decided_locally == SOMETIMES
    flag = _of(_when(UNKNOWN, variant="v1"), *pinned, multivariate={"variants": variants})
    assert requirements(_document(flag), "f").decided_locally == NEVER


def _depending(target: str, chain: list[str]) -> dict[str, Any]:
    filter_ = {"key": target, "type": "flag", "operator": "flag_evaluates_to", "value": True}
    return _when(filter_ | {"dependency_chain": chain})


def test_a_dependency_brings_its_inputs_and_its_verdict():
    document = _document(_of(_when(UNKNOWN, PLAN), HALF))
    middle = {"key": "g", "active": True, "filters": _of(_depending("f", ["f"]))}
    top = {"key": "h", "active": True, "filters": _of(_depending("g", ["f", "g"]))}
    document["flags"] += [middle, top]
    found = requirements(document, "h")
    assert found.flags == ("f", "g")
    assert found.inputs == Missing(("plan",), distinct_id=True)
    assert found.decided_locally == SOMETIMES
    assert found.why == ("it depends on g, which is decided sometimes locally",)


def test_a_broken_dependency_makes_an_enrolled_flag_uncertain():
    filters = _of(_depending("gone", ["gone"]), feature_enrollment=True)
    found = requirements(_document(filters), "f")
    assert found.decided_locally == SOMETIMES
    assert found.why == ("the flag 'gone' is not in the definitions",)


def test_all_flags_at_once_are_the_same_as_one_by_one():
    document = _document(_of(_when(PLAN)))
    document["flags"].append({"key": "g", "active": True, "filters": _of(_depending("f", ["f"]))})
    snapshot = Snapshot.parse(document)
    found = requirements(snapshot)
    assert {key: requirements(snapshot, key) for key in snapshot.keys} == found
    with pytest.raises(TypeError):
        found["f"] = None  # type: ignore[index]
    with pytest.raises(KeyError):
        requirements(snapshot, "gone")


def test_they_are_written_as_json_values():
    found = requirements(_document(_of(_when(TIER, PLAN, rollout_percentage=50))), "f")
    assert found.to_dict() == {
        "key": "f",
        "person_properties": ["plan"],
        "group_properties": {"company": ["tier"]},
        "groups": ["company"],
        "distinct_id": True,
        "flags": [],
        "decided_locally": "always",
        "why": [],
    }
    assert (found.person_properties, found.groups, found.device_id) == (
        ("plan",),
        ("company",),
        False,
    )
    assert (found.group_properties, found.distinct_id) == ((("company", "tier"),), True)


def test_of_several_absent_flags_the_first_is_named():
    found = requirements(_document(_of(_depending("gone", ["first", "gone"]))), "f")
    assert found.why == ("the flag 'first' is not in the definitions",)


@pytest.mark.parametrize(
    ("filters", "why"),
    [
        ({"value": None}, "cohort null cannot be looked up"),
        ({"value": "beta users"}, "cohort beta users cannot be looked up"),
        ({"value": 99, "operator": "exact"}, "cohort 99 cannot be looked up"),
    ],
)
def test_a_cohort_that_may_fail_the_flag_is_the_obstacle(filters: dict[str, Any], why: str):
    cohort = {"key": "id", "type": "cohort", **filters}
    found = requirements(_document(_of(_when(cohort), _when(PLAN))), "f")
    assert (found.decided_locally, found.why) == (SOMETIMES, (why,))


def test_no_input_settles_a_date_that_only_the_server_reads():
    explanation = explain(_document(_of(_when(LENIENT))), "f", "user-1")
    assert explanation.resolution.missing == Missing(("on",))
    assert explanation.smallest_missing is None
