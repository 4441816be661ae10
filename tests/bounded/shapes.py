"""Definitions documents of any size, each of one shape: what grows in it is the argument.

A shape is a way in which one part of a document refers to another, or lies inside another. The last
flag of every document reaches the most.
"""

from collections.abc import Callable

from tests.bounded.parts import (
    Json,
    all_of,
    any_of,
    condition_of,
    document_of,
    draw_of,
    flag_is,
    flag_of,
    flag_of_rules,
    in_cohort,
    person_test,
    person_tests,
    rule_of,
)

__all__ = ["SHAPES"]


# Cohorts.


def _doubling(size: int, join: Callable[..., Json], operator: str = "in") -> list[Json]:
    """Return cohorts that each name the previous cohort twice."""
    above = [join(in_cohort(number, operator), in_cohort(number)) for number in range(size)]
    return [join(person_test("a")), *above]


def cohorts_that_double(n: int) -> Json:
    return document_of(flag_of("f", condition_of(in_cohort(n))), cohorts=_doubling(n, all_of))


def cohorts_that_double_in_or(n: int) -> Json:
    return document_of(flag_of("f", condition_of(in_cohort(n))), cohorts=_doubling(n, any_of))


def cohorts_that_double_negated(n: int) -> Json:
    return document_of(
        flag_of("f", condition_of(in_cohort(n))), cohorts=_doubling(n, any_of, "not_in")
    )


def cohorts_that_double_in_conditions(n: int) -> Json:
    conditions = [condition_of(in_cohort(12)) for _ in range(n)]
    return document_of(flag_of("f", *conditions), cohorts=_doubling(12, all_of))


def cohorts_that_double_in_flags(n: int) -> Json:
    flags = [flag_of(f"f{number}", condition_of(in_cohort(12))) for number in range(n)]
    return document_of(*flags, cohorts=_doubling(12, all_of))


def cohort_chain(n: int) -> Json:
    chain = [all_of(person_test("a"))]
    chain += [all_of(in_cohort(number), person_test(f"p{number}")) for number in range(n)]
    return document_of(flag_of("f", condition_of(in_cohort(n))), cohorts=chain)


def cohort_circle(n: int) -> Json:
    circle = [all_of(in_cohort((number + 1) % n), person_test(f"p{number}")) for number in range(n)]
    return document_of(flag_of("f", condition_of(in_cohort(0))), cohorts=circle)


def cohorts_of_cohorts(n: int) -> Json:
    """Ten cohorts below, each named by all n above, and all n named by the last."""
    below = [any_of(person_test(f"a{number}")) for number in range(10)]
    above = [any_of(*map(in_cohort, range(10))) for _ in range(n)]
    last = any_of(*map(in_cohort, range(10, 10 + n)))
    return document_of(
        flag_of("f", condition_of(in_cohort(10 + n))), cohorts=[*below, *above, last]
    )


def cohort_of_alternatives(n: int) -> Json:
    return document_of(flag_of("f", condition_of(in_cohort(0))), cohorts=[any_of(*person_tests(n))])


def cohort_of_tests(n: int) -> Json:
    return document_of(flag_of("f", condition_of(in_cohort(0))), cohorts=[all_of(*person_tests(n))])


def cohort_of_groups(n: int) -> Json:
    groups = [all_of(person_test(f"p{number}"), person_test(f"q{number}")) for number in range(n)]
    return document_of(flag_of("f", condition_of(in_cohort(0))), cohorts=[any_of(*groups)])


def cohort_with_one_negated(n: int) -> Json:
    tests = [person_test(f"p{number}", negation=True) for number in range(n)]
    return document_of(flag_of("f", condition_of(in_cohort(0))), cohorts=[any_of(*tests)])


def cohorts_in_one_condition(n: int) -> Json:
    cohorts = [all_of(person_test(f"p{number}")) for number in range(n)]
    return document_of(flag_of("f", condition_of(*map(in_cohort, range(n)))), cohorts=cohorts)


def missing_cohorts(n: int) -> Json:
    return document_of(flag_of("f", condition_of(*map(in_cohort, range(n)))))


def failing_cohorts_in_conditions(n: int) -> Json:
    conditions = [condition_of(person_test(f"p{number}"), in_cohort(number)) for number in range(n)]
    return document_of(flag_of("f", *conditions))


def cohorts_by_flags(n: int) -> Json:
    """The root of the size: as many flags as cohorts, each flag with all of them."""
    root = max(int(n**0.5), 1)
    cohorts = [all_of(person_test(f"a{number}")) for number in range(root)]
    flags = [
        flag_of(f"f{number}", condition_of(*map(in_cohort, range(root)))) for number in range(root)
    ]
    return document_of(*flags, cohorts=cohorts)


def one_cohort_by_flags(n: int) -> Json:
    flags = [flag_of(f"f{number}", condition_of(in_cohort(0))) for number in range(n)]
    return document_of(*flags, cohorts=[all_of(*person_tests(20))])


# Flags.


def flag_chain(n: int) -> Json:
    def condition(number: int) -> Json:
        below = [flag_is(f"f{number - 1}")] if number else []
        return condition_of(*below, person_test(f"p{number}"))

    return document_of(*(flag_of(f"f{number}", condition(number)) for number in range(n)))


def flag_circle(n: int) -> Json:
    return document_of(
        *(
            flag_of(f"f{number}", condition_of(flag_is(f"f{(number + 1) % n}")))
            for number in range(n)
        )
    )


def flags_that_double(n: int) -> Json:
    flags = [flag_of("f0", condition_of(person_test("a")))]
    for number in range(n):
        below = flag_is(f"f{number}")
        flags.append(flag_of(f"f{number + 1}", condition_of(below), condition_of(below)))
    return document_of(*flags)


def flags_in_layers(n: int) -> Json:
    """Layers of five flags that each depend on the five below."""

    def condition(layer: int, place: int) -> Json:
        if not layer:
            return condition_of(person_test(f"a{place}"))
        return condition_of(*(flag_is(f"f{layer - 1}_{below}") for below in range(5)))

    return document_of(
        *(
            flag_of(f"f{layer}_{place}", condition(layer, place))
            for layer in range(n)
            for place in range(5)
        )
    )


def flags_on_one(n: int) -> Json:
    users = [flag_of(f"f{number}", condition_of(flag_is("base"))) for number in range(n)]
    return document_of(flag_of("base", condition_of(person_test("a"))), *users)


def flag_on_many(n: int) -> Json:
    below = [flag_of(f"f{number}", condition_of(person_test("a"))) for number in range(n)]
    tests = [flag_is(f"f{number}") for number in range(n)]
    return document_of(*below, flag_of("top", condition_of(*tests)))


def flag_on_missing_flags(n: int) -> Json:
    return document_of(flag_of("f", condition_of(*(flag_is(f"no{number}") for number in range(n)))))


def long_dependency_chain(n: int) -> Json:
    chain = [f"g{number}" for number in range(n)]
    return document_of(
        flag_of("g0", condition_of()), flag_of("f", condition_of(flag_is("g0", chain)))
    )


def dependencies_with_chains(n: int) -> Json:
    """The root of the size: filters that each list all the flags."""
    root = max(int(n**0.5), 1)
    chain = [f"g{number}" for number in range(root)]
    below = [flag_of(key, condition_of(person_test("a"))) for key in chain]
    return document_of(*below, flag_of("f", condition_of(*(flag_is(key, chain) for key in chain))))


def deleted_flags(n: int) -> Json:
    gone = [{**flag_of(f"g{number}", condition_of()), "deleted": True} for number in range(n)]
    tests = [flag_is(f"g{number}") for number in range(n)]
    return document_of(*gone, flag_of("f", condition_of(*tests)))


def duplicates(n: int) -> Json:
    return document_of(*(flag_of("f", condition_of(person_test("a"))) for _ in range(n)))


def many_flags(n: int) -> Json:
    return document_of(
        *(flag_of(f"f{number}", condition_of(person_test("a"))) for number in range(n))
    )


# One flag.


def filters(n: int) -> Json:
    return document_of(flag_of("f", condition_of(*person_tests(n))))


def filters_of_one_property(n: int) -> Json:
    tests = [person_test("list", f"x{number}", "not_icontains") for number in range(n)]
    return document_of(flag_of("f", condition_of(*tests)))


def filters_of_groups(n: int) -> Json:
    tests = [person_test(f"p{number}", type="group", group_type_index=0) for number in range(n)]
    return document_of(flag_of("f", condition_of(*tests, aggregation_group_type_index=0)))


def conditions(n: int) -> Json:
    return document_of(flag_of("f", *(condition_of(test) for test in person_tests(n))))


def equal_conditions(n: int) -> Json:
    return document_of(flag_of("f", *(condition_of(person_test("a")) for _ in range(n))))


def conditions_of_everyone(n: int) -> Json:
    return document_of(flag_of("f", *(condition_of() for _ in range(n))))


def conditions_with_shares(n: int) -> Json:
    shares = [100 * number / n for number in range(n)]
    groups = [condition_of(person_test("a"), rollout_percentage=share) for share in shares]
    return document_of(flag_of("f", *groups))


def conditions_of_groups(n: int) -> Json:
    groups = [condition_of(test, aggregation_group_type_index=0) for test in person_tests(n)]
    return document_of(flag_of("f", *groups))


def variants(n: int) -> Json:
    return document_of(flag_of("f", condition_of(person_test("a")), multivariate=draw_of(n)))


def conditions_and_variants(n: int) -> Json:
    groups = [condition_of(test) for test in person_tests(n)]
    return document_of(flag_of("f", *groups, multivariate=draw_of(n)))


def continuous_conditions_and_variants(n: int) -> Json:
    groups = [condition_of(test) for test in person_tests(n)]
    flag = flag_of("f", *groups, multivariate=draw_of(n))
    return document_of({**flag, "ensure_experience_continuity": True})


def pins(n: int) -> Json:
    groups = [condition_of(test, variant=f"v{at}") for at, test in enumerate(person_tests(n))]
    return document_of(flag_of("f", *groups, multivariate=draw_of(n)))


def wrong_pins(n: int) -> Json:
    groups = [condition_of(test, variant=f"w{at}") for at, test in enumerate(person_tests(n))]
    return document_of(flag_of("f", *groups, multivariate=draw_of(n)))


def payloads(n: int) -> Json:
    texts = {f"v{number}": f'"payload {number}"' for number in range(n)}
    groups = [condition_of(person_test("a"))]
    return document_of(flag_of("f", *groups, multivariate=draw_of(n), payloads=texts))


def unused_payloads(n: int) -> Json:
    texts = {f"w{number}": "no JSON" for number in range(n)}
    groups = [condition_of(person_test("a"))]
    return document_of(flag_of("f", *groups, multivariate=draw_of(n), payloads=texts))


def list_operand(n: int) -> Json:
    return document_of(flag_of("f", condition_of(person_test("a", [f"x{at}" for at in range(n)]))))


def list_operand_of_containing(n: int) -> Json:
    operand = [f"x{at}" for at in range(n)]
    return document_of(flag_of("f", condition_of(person_test("a", operand, "icontains_multi"))))


def long_text(n: int) -> Json:
    return document_of(flag_of("f", condition_of(person_test("a", "x" * n, "icontains"))))


def patterns(n: int) -> Json:
    tests = [person_test("a", f"x{number}|y", "regex") for number in range(n)]
    return document_of(flag_of("f", condition_of(*tests)))


def broken_filters(n: int) -> Json:
    tests = [person_test(f"p{number}", operator="exactly", typ="person") for number in range(n)]
    return document_of(flag_of("f", condition_of(*tests)))


def unknown_members(n: int) -> Json:
    members = {f"aktive{number}": True for number in range(n)}
    return document_of({**flag_of("f", condition_of()), **members})


def contexts(n: int) -> Json:
    names = [f"c{number}" for number in range(n)]
    return document_of({**flag_of("f", condition_of()), "evaluation_contexts": names})


def super_groups(n: int) -> Json:
    old = [condition_of(test) for test in person_tests(n)]
    holdout = {"id": 1, "exclusion_percentage": 10}
    return document_of(
        flag_of("f", condition_of(), super_groups=old, holdout_groups=old, holdout=holdout)
    )


def group_names(n: int) -> Json:
    document = document_of(flag_of("f", condition_of()))
    return {**document, "group_type_mapping": {str(at): f"g{at}" for at in range(n)}}


# Format 2, whose limits are its own: 100 rules, 100 predicates and 20 variants.


def rules(n: int) -> Json:
    return document_of(flag_of_rules(*(rule_of(at, [person_test(f"p{at}")]) for at in range(n))))


def rules_for_all(n: int) -> Json:
    """Rules that all apply to the same people, and serve one value."""
    return document_of(
        flag_of_rules(*(rule_of(at, [person_test("a")], value="same") for at in range(n)))
    )


def predicates(n: int) -> Json:
    return document_of(flag_of_rules(rule_of(0, person_tests(n))))


def experiments(n: int) -> Json:
    def rule(at: int) -> Json:
        weights = [{"key": f"v{v}", "weight": 5, "value": f"value {v}"} for v in range(20)]
        members = {"experiment_id": None, "paused": False, "variants": weights}
        found = rule_of(at, [person_test(f"p{at}")], rule_type="experiment", **members)
        del found["value"]
        return found

    return document_of(flag_of_rules(*map(rule, range(n))))


def broken_rules(n: int) -> Json:
    return document_of(flag_of_rules(*(rule_of(at, [], sed="x", value=1) for at in range(n))))


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
