"""Documents in which one long name belongs to many parts: both grow with the size.

What repeats the name for each part takes the square of the document's size in characters, which no
count of calls shows. So these shapes are measured in bytes too.
"""

from collections.abc import Callable

from tests.bounded import parts
from tests.bounded.parts import Json

__all__ = ["LONG_NAMES"]


def _long(n: int) -> str:
    return "k" * (40 * n)


def _conditions(n: int) -> list[Json]:
    """Return conditions that are hashed, and hold the person whatever the flag's key."""
    return [parts.condition_of(test, rollout_percentage=99.9999) for test in parts.person_tests(n)]


# Group types.


def _of_group(n: int, **more: Json | int) -> Json:
    test = parts.person_test("p", type="group", group_type_index=0)
    names = {"group_type_mapping": {"0": _long(n)}}
    conditions = [parts.condition_of(test, **more) for _ in range(n)]
    return {**parts.document_of(parts.flag_of("f", *conditions)), **names}


def long_group_name(n: int) -> Json:
    return _of_group(n, aggregation_group_type_index=0)


def long_group_name_in_person_conditions(n: int) -> Json:
    return _of_group(n)


def long_group_name_in_one_condition(n: int) -> Json:
    tests = [parts.person_test(f"p{at}", type="group", group_type_index=0) for at in range(n)]
    names = {"group_type_mapping": {"0": _long(n)}}
    return {**parts.document_of(parts.flag_of("f", parts.condition_of(*tests))), **names}


def long_group_name_in_flags(n: int) -> Json:
    flags = [
        parts.flag_of(
            f"f{at}", parts.condition_of(parts.person_test("p", type="group", group_type_index=0))
        )
        for at in range(n)
    ]
    return {**parts.document_of(*flags), "group_type_mapping": {"0": _long(n)}}


def long_group_index(n: int) -> Json:
    conditions = [parts.condition_of(aggregation_group_type_index=0) for _ in range(n)]
    return {
        **parts.document_of(parts.flag_of("f", *conditions)),
        "group_type_mapping": {_long(n): 1},
    }


# Cohorts, of which only short ids can be named.


def _cohort(n: int, *members: Json | int) -> Json:
    cohort = {"type": "AND", "values": list(members)}
    return {
        **parts.document_of(parts.flag_of("f", parts.condition_of())),
        "cohorts": {_long(n): cohort},
    }


def long_cohort_id_of_broken_members(n: int) -> Json:
    return _cohort(n, *range(n))


def long_cohort_id_of_missing_cohorts(n: int) -> Json:
    return _cohort(n, *map(parts.in_cohort, range(n)))


def long_cohort_id_of_odd_filters(n: int) -> Json:
    return _cohort(n, *(parts.person_test(f"p{at}", operator="exactly", typo=1) for at in range(n)))


def long_cohort_id_of_empty_groups(n: int) -> Json:
    return _cohort(n, *({"type": "OR", "values": []} for _ in range(n)))


def long_cohort_id_of_groups(n: int) -> Json:
    return _cohort(n, *({"type": "OR", "values": parts.person_tests(2)} for _ in range(n)))


def long_key_in_a_cohort(n: int) -> Json:
    cohort = {"type": "AND", "values": [parts.person_test(_long(n))]}
    conditions = [parts.condition_of(parts.in_cohort(0), test) for test in parts.person_tests(n)]
    return parts.document_of(parts.flag_of("f", *conditions), cohorts=[cohort])


def long_key_in_a_cohort_of_flags(n: int) -> Json:
    cohort = {"type": "AND", "values": [parts.person_test(_long(n))]}
    flags = [parts.flag_of(f"f{at}", parts.condition_of(parts.in_cohort(0))) for at in range(n)]
    return parts.document_of(*flags, cohorts=[cohort])


def long_operand_in_a_cohort(n: int) -> Json:
    cohort = {"type": "OR", "values": [parts.person_test("a", _long(n)), parts.person_test("b")]}
    conditions = [parts.condition_of(parts.in_cohort(0), test) for test in parts.person_tests(n)]
    return parts.document_of(parts.flag_of("f", *conditions), cohorts=[cohort])


def _undecidable_cohort(leaf: Json, n: int) -> Json:
    cohort = {"type": "AND", "values": [leaf]}
    conditions = [parts.condition_of(parts.in_cohort(0), test) for test in parts.person_tests(n)]
    flags = [parts.flag_of(f"g{at}", parts.condition_of(parts.in_cohort(0))) for at in range(n)]
    return parts.document_of(*flags, parts.flag_of("f", *conditions), cohorts=[cohort])


def long_type_in_a_cohort(n: int) -> Json:
    return _undecidable_cohort(parts.person_test("a", type=_long(n)), n)


def long_operator_in_a_cohort(n: int) -> Json:
    return _undecidable_cohort(parts.person_test("a", operator=_long(n)), n)


def long_pattern_in_a_cohort(n: int) -> Json:
    return _undecidable_cohort(parts.person_test("a", f"(?={_long(n)})", "regex"), n)


def long_group_type_in_a_cohort(n: int) -> Json:
    cohort = {"type": _long(n), "values": [parts.person_test("a")]}
    conditions = [parts.condition_of(parts.in_cohort(0), test) for test in parts.person_tests(n)]
    return parts.document_of(parts.flag_of("f", *conditions), cohorts=[cohort])


# Flags.


def long_flag_key(n: int) -> Json:
    return parts.document_of(parts.flag_of(_long(n), *_conditions(n)))


def long_flag_key_of_device(n: int) -> Json:
    flag = {**parts.flag_of(_long(n), *_conditions(n)), "bucketing_identifier": "device_id"}
    return parts.document_of(flag)


def long_flag_key_of_murmur3(n: int) -> Json:
    return parts.document_of(
        {**parts.flag_of(_long(n), *_conditions(n)), "flagengine": {"hash": "murmur3"}}
    )


def long_flag_key_with_variants(n: int) -> Json:
    return parts.document_of(
        parts.flag_of(_long(n), *_conditions(n), multivariate=parts.draw_of(n))
    )


def long_flag_key_with_enrollment(n: int) -> Json:
    holdout = {"id": 1, "exclusion_percentage": 10}
    return parts.document_of(
        parts.flag_of(_long(n), *_conditions(n), feature_enrollment=True, holdout=holdout)
    )


def long_flag_key_of_broken_conditions(n: int) -> Json:
    flag = parts.flag_of(_long(n))
    return parts.document_of({**flag, "filters": {"groups": list(range(n)), "payloads": []}})


def long_flag_key_of_broken_filters(n: int) -> Json:
    return parts.document_of(parts.flag_of(_long(n), parts.condition_of(*({} for _ in range(n)))))


def long_flag_key_of_odd_filters(n: int) -> Json:
    tests = [parts.person_test(f"p{at}", operator="exactly", typo=1) for at in range(n)]
    return parts.document_of(parts.flag_of(_long(n), parts.condition_of(*tests)))


def _above(key: str, n: int) -> list[Json]:
    """Return a flag that depends on the flag ``key``, and flags that depend on that one."""
    users = [
        parts.flag_of(f"f{at}", parts.condition_of(parts.flag_is("middle"))) for at in range(n)
    ]
    return [parts.flag_of("middle", parts.condition_of(parts.flag_is(key))), *users]


def long_flag_key_below(n: int) -> Json:
    first = parts.flag_of(_long(n), parts.condition_of(parts.person_test("a")))
    return parts.document_of(first, *_above(_long(n), n))


def long_missing_flag_below(n: int) -> Json:
    return parts.document_of(*_above(_long(n), n))


def long_flag_key_in_a_circle(n: int) -> Json:
    first = parts.flag_of(_long(n), parts.condition_of(parts.flag_is("middle")))
    return parts.document_of(first, *_above(_long(n), n))


def long_hash(n: int) -> Json:
    flags = [parts.flag_of(f"f{at}", parts.condition_of(parts.person_test("a"))) for at in range(n)]
    return {**parts.document_of(*flags), "flagengine": {"hash": _long(n)}}


def long_hash_of_a_flag(n: int) -> Json:
    flag = {**parts.flag_of("g", *_conditions(n)), "flagengine": {"hash": _long(n)}}
    users = [parts.flag_of(f"f{at}", parts.condition_of(parts.flag_is("g"))) for at in range(n)]
    return parts.document_of(flag, *users)


# Variants, payloads, members.


def _two_variants(n: int) -> Json:
    keys = ("v" + _long(n), "w" + _long(n))
    return {"variants": [{"key": key, "rollout_percentage": 50} for key in keys]}


def long_variant_key(n: int) -> Json:
    return parts.document_of(parts.flag_of("f", *_conditions(n), multivariate=_two_variants(n)))


def long_variant_key_that_dependants_lack(n: int) -> Json:
    flag = parts.flag_of("f", parts.condition_of(), multivariate=_two_variants(n))
    users = [parts.flag_of(f"f{at}", parts.condition_of(parts.flag_is("f"))) for at in range(n)]
    return parts.document_of(flag, *users)


def long_payload(n: int) -> Json:
    variants = {"variants": [{"key": "v", "rollout_percentage": 100}]}
    payloads = {"v": f'{{"{_long(n)}": 1}}', "true": _long(n)}
    return parts.document_of(
        parts.flag_of("f", *_conditions(n), multivariate=variants, payloads=payloads)
    )


def long_holdout_id(n: int) -> Json:
    holdout = {"id": int("9" * min(10 * n, 4_000)), "exclusion_percentage": 50}
    return parts.document_of(parts.flag_of("f", *_conditions(n), holdout=holdout))


def long_unknown_member(n: int) -> Json:
    test = parts.person_test("a", **{_long(n): [1] * n})
    return parts.document_of({**parts.flag_of("f", parts.condition_of(test)), _long(n): [1] * n})


# Format 2.


def _serving(value: Json) -> Json:
    flag = parts.flag_of_rules(parts.rule_of(0, [], value=value))
    flag["filters"] |= {"return_type": "object", "default_value": None}
    return parts.document_of(flag)


def long_member_served(n: int) -> Json:
    return _serving({_long(n): [2**60] * n})


def long_member_served_well(n: int) -> Json:
    return _serving({_long(n): [0.1] * n})


def long_members_served_deep(n: int) -> Json:
    value: Json | list[int] = [2**60] * n
    for _ in range(15):
        value = {"m" * (2 * n): value}
    return _serving({"top": value})


def long_member_of_metadata(n: int) -> Json:
    metadata = {_long(n): ["\ud800"] * n}
    return parts.document_of(parts.flag_of_rules(parts.rule_of(0, [], metadata=metadata)))


def long_default_value(n: int) -> Json:
    tests = [parts.person_test(f"p{at}") for at in range(min(n, 100))]
    flag = parts.flag_of_rules(*(parts.rule_of(at, [test]) for at, test in enumerate(tests)))
    flag["filters"]["default_value"] = _long(n)
    return parts.document_of(flag)


LONG_NAMES: dict[str, tuple[Callable[[int], Json], int]] = {
    name: (shape, 25) for name, shape in dict(globals()).items() if name.startswith("long_")
}
"""Every shape with the smallest size at which the constant part of the work no longer counts."""
