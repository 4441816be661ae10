"""Definitions documents of any size, each of one shape: what grows in it is the argument.

A shape is a way in which one part of a document refers to another, or lies inside another. The last
flag of every document reaches the most.
"""

from collections.abc import Callable
from typing import Any

__all__ = ["SHAPES"]

Json = dict[str, Any]


def _property(key: str, value: Any = "x", operator: str = "exact", **more: Any) -> Json:
    return {"key": key, "type": "person", "operator": operator, "value": value, **more}


def _in_cohort(number: int, operator: str = "in") -> Json:
    return {"key": "id", "type": "cohort", "operator": operator, "value": number}


def _flag_is(key: str, chain: list[str] | None = None) -> Json:
    return {
        "key": key,
        "type": "flag",
        "operator": "flag_evaluates_to",
        "value": True,
        "dependency_chain": chain or [key],
    }


def _condition(*filters: Json, **more: Any) -> Json:
    return {"properties": list(filters), "rollout_percentage": 50, **more}


def _flag(key: str, *conditions: Json, **more: Any) -> Json:
    return {
        "id": 1,
        "key": key,
        "active": True,
        "filters": {"groups": list(conditions), **more},
    }


def _all(*parts: Json) -> Json:
    return {"type": "AND", "values": list(parts)}


def _any(*parts: Json) -> Json:
    return {"type": "OR", "values": list(parts)}


def _document(*flags: Json, cohorts: list[Json] | None = None, **more: Any) -> Json:
    by_id = {str(number): cohort for number, cohort in enumerate(cohorts or ())}
    return {"flags": list(flags), "cohorts": by_id, "group_type_mapping": {"0": "company"}, **more}


def _tests(n: int) -> list[Json]:
    return [_property(f"p{number}") for number in range(n)]


def _variants(n: int) -> Json:
    variants = [{"key": f"v{number}", "rollout_percentage": 100 / n} for number in range(n)]
    return {"variants": variants}


# Cohorts.


def _doubling(size: int, join: Callable[..., Json], operator: str = "in") -> list[Json]:
    """Return cohorts that each name the previous cohort twice."""
    above = [join(_in_cohort(number, operator), _in_cohort(number)) for number in range(size)]
    return [join(_property("a")), *above]


def cohorts_that_double(n: int) -> Json:
    return _document(_flag("f", _condition(_in_cohort(n))), cohorts=_doubling(n, _all))


def cohorts_that_double_in_or(n: int) -> Json:
    return _document(_flag("f", _condition(_in_cohort(n))), cohorts=_doubling(n, _any))


def cohorts_that_double_negated(n: int) -> Json:
    return _document(_flag("f", _condition(_in_cohort(n))), cohorts=_doubling(n, _any, "not_in"))


def cohorts_that_double_in_conditions(n: int) -> Json:
    conditions = [_condition(_in_cohort(12)) for _ in range(n)]
    return _document(_flag("f", *conditions), cohorts=_doubling(12, _all))


def cohorts_that_double_in_flags(n: int) -> Json:
    flags = [_flag(f"f{number}", _condition(_in_cohort(12))) for number in range(n)]
    return _document(*flags, cohorts=_doubling(12, _all))


def cohort_chain(n: int) -> Json:
    chain = [_all(_property("a"))]
    chain += [_all(_in_cohort(number), _property(f"p{number}")) for number in range(n)]
    return _document(_flag("f", _condition(_in_cohort(n))), cohorts=chain)


def cohort_circle(n: int) -> Json:
    circle = [_all(_in_cohort((number + 1) % n), _property(f"p{number}")) for number in range(n)]
    return _document(_flag("f", _condition(_in_cohort(0))), cohorts=circle)


def cohorts_of_cohorts(n: int) -> Json:
    """Ten cohorts below, each named by all n above, and all n named by the last."""
    below = [_any(_property(f"a{number}")) for number in range(10)]
    above = [_any(*map(_in_cohort, range(10))) for _ in range(n)]
    last = _any(*map(_in_cohort, range(10, 10 + n)))
    return _document(_flag("f", _condition(_in_cohort(10 + n))), cohorts=[*below, *above, last])


def cohort_of_alternatives(n: int) -> Json:
    return _document(_flag("f", _condition(_in_cohort(0))), cohorts=[_any(*_tests(n))])


def cohort_of_tests(n: int) -> Json:
    return _document(_flag("f", _condition(_in_cohort(0))), cohorts=[_all(*_tests(n))])


def cohort_of_groups(n: int) -> Json:
    groups = [_all(_property(f"p{number}"), _property(f"q{number}")) for number in range(n)]
    return _document(_flag("f", _condition(_in_cohort(0))), cohorts=[_any(*groups)])


def cohort_with_one_negated(n: int) -> Json:
    tests = [_property(f"p{number}", negation=True) for number in range(n)]
    return _document(_flag("f", _condition(_in_cohort(0))), cohorts=[_any(*tests)])


def cohorts_in_one_condition(n: int) -> Json:
    cohorts = [_all(_property(f"p{number}")) for number in range(n)]
    return _document(_flag("f", _condition(*map(_in_cohort, range(n)))), cohorts=cohorts)


def missing_cohorts(n: int) -> Json:
    return _document(_flag("f", _condition(*map(_in_cohort, range(n)))))


def failing_cohorts_in_conditions(n: int) -> Json:
    conditions = [_condition(_property(f"p{number}"), _in_cohort(number)) for number in range(n)]
    return _document(_flag("f", *conditions))


def cohorts_by_flags(n: int) -> Json:
    """The root of the size: as many flags as cohorts, each flag with all of them."""
    root = max(int(n**0.5), 1)
    cohorts = [_all(_property(f"a{number}")) for number in range(root)]
    flags = [
        _flag(f"f{number}", _condition(*map(_in_cohort, range(root)))) for number in range(root)
    ]
    return _document(*flags, cohorts=cohorts)


def one_cohort_by_flags(n: int) -> Json:
    flags = [_flag(f"f{number}", _condition(_in_cohort(0))) for number in range(n)]
    return _document(*flags, cohorts=[_all(*_tests(20))])


# Flags.


def flag_chain(n: int) -> Json:
    def condition(number: int) -> Json:
        below = [_flag_is(f"f{number - 1}")] if number else []
        return _condition(*below, _property(f"p{number}"))

    return _document(*(_flag(f"f{number}", condition(number)) for number in range(n)))


def flag_circle(n: int) -> Json:
    return _document(
        *(_flag(f"f{number}", _condition(_flag_is(f"f{(number + 1) % n}"))) for number in range(n))
    )


def flags_that_double(n: int) -> Json:
    flags = [_flag("f0", _condition(_property("a")))]
    for number in range(n):
        below = _flag_is(f"f{number}")
        flags.append(_flag(f"f{number + 1}", _condition(below), _condition(below)))
    return _document(*flags)


def flags_in_layers(n: int) -> Json:
    """Layers of five flags that each depend on the five below."""

    def condition(layer: int, place: int) -> Json:
        if not layer:
            return _condition(_property(f"a{place}"))
        return _condition(*(_flag_is(f"f{layer - 1}_{below}") for below in range(5)))

    return _document(
        *(
            _flag(f"f{layer}_{place}", condition(layer, place))
            for layer in range(n)
            for place in range(5)
        )
    )


def flags_on_one(n: int) -> Json:
    users = [_flag(f"f{number}", _condition(_flag_is("base"))) for number in range(n)]
    return _document(_flag("base", _condition(_property("a"))), *users)


def flag_on_many(n: int) -> Json:
    below = [_flag(f"f{number}", _condition(_property("a"))) for number in range(n)]
    tests = [_flag_is(f"f{number}") for number in range(n)]
    return _document(*below, _flag("top", _condition(*tests)))


def flag_on_missing_flags(n: int) -> Json:
    return _document(_flag("f", _condition(*(_flag_is(f"no{number}") for number in range(n)))))


def long_dependency_chain(n: int) -> Json:
    chain = [f"g{number}" for number in range(n)]
    return _document(_flag("g0", _condition()), _flag("f", _condition(_flag_is("g0", chain))))


def dependencies_with_chains(n: int) -> Json:
    """The root of the size: filters that each list all the flags."""
    root = max(int(n**0.5), 1)
    chain = [f"g{number}" for number in range(root)]
    below = [_flag(key, _condition(_property("a"))) for key in chain]
    return _document(*below, _flag("f", _condition(*(_flag_is(key, chain) for key in chain))))


def deleted_flags(n: int) -> Json:
    gone = [{**_flag(f"g{number}", _condition()), "deleted": True} for number in range(n)]
    tests = [_flag_is(f"g{number}") for number in range(n)]
    return _document(*gone, _flag("f", _condition(*tests)))


def duplicates(n: int) -> Json:
    return _document(*(_flag("f", _condition(_property("a"))) for _ in range(n)))


def many_flags(n: int) -> Json:
    return _document(*(_flag(f"f{number}", _condition(_property("a"))) for number in range(n)))


# One flag.


def filters(n: int) -> Json:
    return _document(_flag("f", _condition(*_tests(n))))


def filters_of_one_property(n: int) -> Json:
    tests = [_property("list", f"x{number}", "not_icontains") for number in range(n)]
    return _document(_flag("f", _condition(*tests)))


def filters_of_groups(n: int) -> Json:
    tests = [_property(f"p{number}", type="group", group_type_index=0) for number in range(n)]
    return _document(_flag("f", _condition(*tests, aggregation_group_type_index=0)))


def conditions(n: int) -> Json:
    return _document(_flag("f", *(_condition(test) for test in _tests(n))))


def equal_conditions(n: int) -> Json:
    return _document(_flag("f", *(_condition(_property("a")) for _ in range(n))))


def conditions_of_everyone(n: int) -> Json:
    return _document(_flag("f", *(_condition() for _ in range(n))))


def conditions_with_shares(n: int) -> Json:
    shares = [100 * number / n for number in range(n)]
    groups = [_condition(_property("a"), rollout_percentage=share) for share in shares]
    return _document(_flag("f", *groups))


def conditions_of_groups(n: int) -> Json:
    groups = [_condition(test, aggregation_group_type_index=0) for test in _tests(n)]
    return _document(_flag("f", *groups))


def variants(n: int) -> Json:
    return _document(_flag("f", _condition(_property("a")), multivariate=_variants(n)))


def conditions_and_variants(n: int) -> Json:
    groups = [_condition(test) for test in _tests(n)]
    return _document(_flag("f", *groups, multivariate=_variants(n)))


def continuous_conditions_and_variants(n: int) -> Json:
    groups = [_condition(test) for test in _tests(n)]
    flag = _flag("f", *groups, multivariate=_variants(n))
    return _document({**flag, "ensure_experience_continuity": True})


def pins(n: int) -> Json:
    groups = [_condition(test, variant=f"v{at}") for at, test in enumerate(_tests(n))]
    return _document(_flag("f", *groups, multivariate=_variants(n)))


def wrong_pins(n: int) -> Json:
    groups = [_condition(test, variant=f"w{at}") for at, test in enumerate(_tests(n))]
    return _document(_flag("f", *groups, multivariate=_variants(n)))


def payloads(n: int) -> Json:
    texts = {f"v{number}": f'"payload {number}"' for number in range(n)}
    groups = [_condition(_property("a"))]
    return _document(_flag("f", *groups, multivariate=_variants(n), payloads=texts))


def unused_payloads(n: int) -> Json:
    texts = {f"w{number}": "no JSON" for number in range(n)}
    groups = [_condition(_property("a"))]
    return _document(_flag("f", *groups, multivariate=_variants(n), payloads=texts))


def list_operand(n: int) -> Json:
    return _document(_flag("f", _condition(_property("a", [f"x{at}" for at in range(n)]))))


def list_operand_of_containing(n: int) -> Json:
    operand = [f"x{at}" for at in range(n)]
    return _document(_flag("f", _condition(_property("a", operand, "icontains_multi"))))


def long_text(n: int) -> Json:
    return _document(_flag("f", _condition(_property("a", "x" * n, "icontains"))))


def patterns(n: int) -> Json:
    tests = [_property("a", f"x{number}|y", "regex") for number in range(n)]
    return _document(_flag("f", _condition(*tests)))


def broken_filters(n: int) -> Json:
    tests = [_property(f"p{number}", operator="exactly", typ="person") for number in range(n)]
    return _document(_flag("f", _condition(*tests)))


def unknown_members(n: int) -> Json:
    members = {f"aktive{number}": True for number in range(n)}
    return _document({**_flag("f", _condition()), **members})


def contexts(n: int) -> Json:
    names = [f"c{number}" for number in range(n)]
    return _document({**_flag("f", _condition()), "evaluation_contexts": names})


def super_groups(n: int) -> Json:
    old = [_condition(test) for test in _tests(n)]
    holdout = {"id": 1, "exclusion_percentage": 10}
    return _document(
        _flag("f", _condition(), super_groups=old, holdout_groups=old, holdout=holdout)
    )


def group_names(n: int) -> Json:
    document = _document(_flag("f", _condition()))
    return {**document, "group_type_mapping": {str(at): f"g{at}" for at in range(n)}}


# Format 2, whose limits are its own: 100 rules, 100 predicates and 20 variants.


def _rule(number: int, filters: list[Json], **more: Any) -> Json:
    return {
        "id": f"00000000-0000-4000-8000-{number:012}",
        "rule_type": "percentage_rollout",
        "targeting": {"properties": filters},
        "rollout_percentage": 50,
        "on_rollout_miss": "continue",
        "assignment_algorithm": "sha1_60_v1",
        "seed": f"seed{number}",
        "value": f"value {number}",
        **more,
    }


def _of_rules(*rules: Json) -> Json:
    filters = {"version": 2, "return_type": "string", "default_value": "none", "rules": list(rules)}
    return {"id": 1, "key": "f", "active": True, "filters": filters}


def rules(n: int) -> Json:
    return _document(_of_rules(*(_rule(at, [_property(f"p{at}")]) for at in range(n))))


def rules_for_all(n: int) -> Json:
    """Rules that all apply to the same people, and serve one value."""
    return _document(_of_rules(*(_rule(at, [_property("a")], value="same") for at in range(n))))


def predicates(n: int) -> Json:
    return _document(_of_rules(_rule(0, _tests(n))))


def experiments(n: int) -> Json:
    def rule(at: int) -> Json:
        weights = [{"key": f"v{v}", "weight": 5, "value": f"value {v}"} for v in range(20)]
        members = {"experiment_id": None, "paused": False, "variants": weights}
        found = _rule(at, [_property(f"p{at}")], rule_type="experiment", **members)
        del found["value"]
        return found

    return _document(_of_rules(*map(rule, range(n))))


def broken_rules(n: int) -> Json:
    return _document(_of_rules(*(_rule(at, [], sed="x", value=1) for at in range(n))))


SHAPES: dict[str, tuple[Callable[[int], Json], int]] = {
    shape.__name__: (shape, size)
    for size, shapes in {
        8: (cohorts_that_double, cohorts_that_double_in_or, cohorts_that_double_negated),
        13: (flags_in_layers, flags_that_double),
        24: (
            cohorts_that_double_in_conditions,
            cohorts_that_double_in_flags,
            cohorts_of_cohorts,
            one_cohort_by_flags,
        ),
        25: (rules, rules_for_all, predicates, experiments, broken_rules),
        60: (
            cohort_chain,
            cohort_circle,
            flag_chain,
            flag_circle,
            conditions_and_variants,
            continuous_conditions_and_variants,
            pins,
            missing_cohorts,
            failing_cohorts_in_conditions,
            patterns,
        ),
        100: (
            cohort_of_alternatives,
            cohort_of_tests,
            cohort_of_groups,
            cohort_with_one_negated,
            cohorts_in_one_condition,
            flags_on_one,
            flag_on_many,
            flag_on_missing_flags,
            long_dependency_chain,
            deleted_flags,
            duplicates,
            many_flags,
            filters,
            filters_of_one_property,
            filters_of_groups,
            conditions,
            equal_conditions,
            conditions_of_everyone,
            conditions_with_shares,
            conditions_of_groups,
            variants,
            payloads,
            list_operand,
            list_operand_of_containing,
            long_text,
            broken_filters,
            unknown_members,
            contexts,
            super_groups,
            group_names,
        ),
        120: (wrong_pins, unused_payloads),
        144: (cohorts_by_flags, dependencies_with_chains),
    }.items()
    for shape in shapes
}
"""Every shape with the smallest size at which the constant part of the work no longer counts."""
