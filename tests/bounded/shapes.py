"""Definitions documents of any size, each of one shape: what grows in it is the argument.

A shape is a way in which one part of a document refers to another, or lies inside another. The last
flag of every document reaches the most.
"""

from collections.abc import Callable

from tests.bounded import parts
from tests.bounded.parts import Json

__all__ = ["SHAPES"]


# Cohorts.


def _doubling(size: int, join: Callable[..., Json], operator: str = "in") -> list[Json]:
    """Return cohorts that each name the previous cohort twice."""
    above = [
        join(parts.in_cohort(number, operator), parts.in_cohort(number)) for number in range(size)
    ]
    return [join(parts.person_test("a")), *above]


def cohorts_that_double(n: int) -> Json:
    return parts.document_of(
        parts.flag_of("f", parts.condition_of(parts.in_cohort(n))),
        cohorts=_doubling(n, parts.all_of),
    )


def cohorts_that_double_in_or(n: int) -> Json:
    return parts.document_of(
        parts.flag_of("f", parts.condition_of(parts.in_cohort(n))),
        cohorts=_doubling(n, parts.any_of),
    )


def cohorts_that_double_negated(n: int) -> Json:
    return parts.document_of(
        parts.flag_of("f", parts.condition_of(parts.in_cohort(n))),
        cohorts=_doubling(n, parts.any_of, "not_in"),
    )


def cohorts_that_double_in_conditions(n: int) -> Json:
    conditions = [parts.condition_of(parts.in_cohort(12)) for _ in range(n)]
    return parts.document_of(parts.flag_of("f", *conditions), cohorts=_doubling(12, parts.all_of))


def cohorts_that_double_in_flags(n: int) -> Json:
    flags = [
        parts.flag_of(f"f{number}", parts.condition_of(parts.in_cohort(12))) for number in range(n)
    ]
    return parts.document_of(*flags, cohorts=_doubling(12, parts.all_of))


def cohort_chain(n: int) -> Json:
    chain = [parts.all_of(parts.person_test("a"))]
    chain += [
        parts.all_of(parts.in_cohort(number), parts.person_test(f"p{number}"))
        for number in range(n)
    ]
    return parts.document_of(
        parts.flag_of("f", parts.condition_of(parts.in_cohort(n))), cohorts=chain
    )


def cohort_circle(n: int) -> Json:
    circle = [
        parts.all_of(parts.in_cohort((number + 1) % n), parts.person_test(f"p{number}"))
        for number in range(n)
    ]
    return parts.document_of(
        parts.flag_of("f", parts.condition_of(parts.in_cohort(0))), cohorts=circle
    )


def cohorts_of_cohorts(n: int) -> Json:
    """Ten cohorts below, each named by all n above, and all n named by the last."""
    below = [parts.any_of(parts.person_test(f"a{number}")) for number in range(10)]
    above = [parts.any_of(*map(parts.in_cohort, range(10))) for _ in range(n)]
    last = parts.any_of(*map(parts.in_cohort, range(10, 10 + n)))
    return parts.document_of(
        parts.flag_of("f", parts.condition_of(parts.in_cohort(10 + n))),
        cohorts=[*below, *above, last],
    )


def cohort_of_alternatives(n: int) -> Json:
    return parts.document_of(
        parts.flag_of("f", parts.condition_of(parts.in_cohort(0))),
        cohorts=[parts.any_of(*parts.person_tests(n))],
    )


def cohort_of_tests(n: int) -> Json:
    return parts.document_of(
        parts.flag_of("f", parts.condition_of(parts.in_cohort(0))),
        cohorts=[parts.all_of(*parts.person_tests(n))],
    )


def cohort_of_groups(n: int) -> Json:
    groups = [
        parts.all_of(parts.person_test(f"p{number}"), parts.person_test(f"q{number}"))
        for number in range(n)
    ]
    return parts.document_of(
        parts.flag_of("f", parts.condition_of(parts.in_cohort(0))), cohorts=[parts.any_of(*groups)]
    )


def cohort_with_one_negated(n: int) -> Json:
    tests = [parts.person_test(f"p{number}", negation=True) for number in range(n)]
    return parts.document_of(
        parts.flag_of("f", parts.condition_of(parts.in_cohort(0))), cohorts=[parts.any_of(*tests)]
    )


def cohorts_in_one_condition(n: int) -> Json:
    cohorts = [parts.all_of(parts.person_test(f"p{number}")) for number in range(n)]
    return parts.document_of(
        parts.flag_of("f", parts.condition_of(*map(parts.in_cohort, range(n)))), cohorts=cohorts
    )


def missing_cohorts(n: int) -> Json:
    return parts.document_of(
        parts.flag_of("f", parts.condition_of(*map(parts.in_cohort, range(n))))
    )


def failing_cohorts_in_conditions(n: int) -> Json:
    conditions = [
        parts.condition_of(parts.person_test(f"p{number}"), parts.in_cohort(number))
        for number in range(n)
    ]
    return parts.document_of(parts.flag_of("f", *conditions))


def cohorts_by_flags(n: int) -> Json:
    """The root of the size: as many flags as cohorts, each flag with all of them."""
    root = max(int(n**0.5), 1)
    cohorts = [parts.all_of(parts.person_test(f"a{number}")) for number in range(root)]
    flags = [
        parts.flag_of(f"f{number}", parts.condition_of(*map(parts.in_cohort, range(root))))
        for number in range(root)
    ]
    return parts.document_of(*flags, cohorts=cohorts)


def one_cohort_by_flags(n: int) -> Json:
    flags = [
        parts.flag_of(f"f{number}", parts.condition_of(parts.in_cohort(0))) for number in range(n)
    ]
    return parts.document_of(*flags, cohorts=[parts.all_of(*parts.person_tests(20))])


# Flags.


def flag_chain(n: int) -> Json:
    def condition(number: int) -> Json:
        below = [parts.flag_is(f"f{number - 1}")] if number else []
        return parts.condition_of(*below, parts.person_test(f"p{number}"))

    return parts.document_of(
        *(parts.flag_of(f"f{number}", condition(number)) for number in range(n))
    )


def flag_circle(n: int) -> Json:
    return parts.document_of(
        *(
            parts.flag_of(f"f{number}", parts.condition_of(parts.flag_is(f"f{(number + 1) % n}")))
            for number in range(n)
        )
    )


def flags_that_double(n: int) -> Json:
    flags = [parts.flag_of("f0", parts.condition_of(parts.person_test("a")))]
    for number in range(n):
        below = parts.flag_is(f"f{number}")
        flags.append(
            parts.flag_of(f"f{number + 1}", parts.condition_of(below), parts.condition_of(below))
        )
    return parts.document_of(*flags)


def flags_in_layers(n: int) -> Json:
    """Layers of five flags that each depend on the five below."""

    def condition(layer: int, place: int) -> Json:
        if not layer:
            return parts.condition_of(parts.person_test(f"a{place}"))
        return parts.condition_of(*(parts.flag_is(f"f{layer - 1}_{below}") for below in range(5)))

    return parts.document_of(
        *(
            parts.flag_of(f"f{layer}_{place}", condition(layer, place))
            for layer in range(n)
            for place in range(5)
        )
    )


def flags_on_one(n: int) -> Json:
    users = [
        parts.flag_of(f"f{number}", parts.condition_of(parts.flag_is("base")))
        for number in range(n)
    ]
    return parts.document_of(
        parts.flag_of("base", parts.condition_of(parts.person_test("a"))), *users
    )


def flag_on_many(n: int) -> Json:
    below = [
        parts.flag_of(f"f{number}", parts.condition_of(parts.person_test("a")))
        for number in range(n)
    ]
    tests = [parts.flag_is(f"f{number}") for number in range(n)]
    return parts.document_of(*below, parts.flag_of("top", parts.condition_of(*tests)))


def flag_on_missing_flags(n: int) -> Json:
    return parts.document_of(
        parts.flag_of(
            "f", parts.condition_of(*(parts.flag_is(f"no{number}") for number in range(n)))
        )
    )


def long_dependency_chain(n: int) -> Json:
    chain = [f"g{number}" for number in range(n)]
    return parts.document_of(
        parts.flag_of("g0", parts.condition_of()),
        parts.flag_of("f", parts.condition_of(parts.flag_is("g0", chain))),
    )


def dependencies_with_chains(n: int) -> Json:
    """The root of the size: filters that each list all the flags."""
    root = max(int(n**0.5), 1)
    chain = [f"g{number}" for number in range(root)]
    below = [parts.flag_of(key, parts.condition_of(parts.person_test("a"))) for key in chain]
    return parts.document_of(
        *below,
        parts.flag_of("f", parts.condition_of(*(parts.flag_is(key, chain) for key in chain))),
    )


def deleted_flags(n: int) -> Json:
    gone = [
        {**parts.flag_of(f"g{number}", parts.condition_of()), "deleted": True}
        for number in range(n)
    ]
    tests = [parts.flag_is(f"g{number}") for number in range(n)]
    return parts.document_of(*gone, parts.flag_of("f", parts.condition_of(*tests)))


def duplicates(n: int) -> Json:
    return parts.document_of(
        *(parts.flag_of("f", parts.condition_of(parts.person_test("a"))) for _ in range(n))
    )


def many_flags(n: int) -> Json:
    return parts.document_of(
        *(
            parts.flag_of(f"f{number}", parts.condition_of(parts.person_test("a")))
            for number in range(n)
        )
    )


# One flag.


def filters(n: int) -> Json:
    return parts.document_of(parts.flag_of("f", parts.condition_of(*parts.person_tests(n))))


def filters_of_one_property(n: int) -> Json:
    tests = [parts.person_test("list", f"x{number}", "not_icontains") for number in range(n)]
    return parts.document_of(parts.flag_of("f", parts.condition_of(*tests)))


def filters_of_groups(n: int) -> Json:
    tests = [
        parts.person_test(f"p{number}", type="group", group_type_index=0) for number in range(n)
    ]
    return parts.document_of(
        parts.flag_of("f", parts.condition_of(*tests, aggregation_group_type_index=0))
    )


def conditions(n: int) -> Json:
    return parts.document_of(
        parts.flag_of("f", *(parts.condition_of(test) for test in parts.person_tests(n)))
    )


def equal_conditions(n: int) -> Json:
    return parts.document_of(
        parts.flag_of("f", *(parts.condition_of(parts.person_test("a")) for _ in range(n)))
    )


def conditions_of_everyone(n: int) -> Json:
    return parts.document_of(parts.flag_of("f", *(parts.condition_of() for _ in range(n))))


def conditions_with_shares(n: int) -> Json:
    shares = [100 * number / n for number in range(n)]
    groups = [
        parts.condition_of(parts.person_test("a"), rollout_percentage=share) for share in shares
    ]
    return parts.document_of(parts.flag_of("f", *groups))


def conditions_of_groups(n: int) -> Json:
    groups = [
        parts.condition_of(test, aggregation_group_type_index=0) for test in parts.person_tests(n)
    ]
    return parts.document_of(parts.flag_of("f", *groups))


def variants(n: int) -> Json:
    return parts.document_of(
        parts.flag_of(
            "f", parts.condition_of(parts.person_test("a")), multivariate=parts.draw_of(n)
        )
    )


def conditions_and_variants(n: int) -> Json:
    groups = [parts.condition_of(test) for test in parts.person_tests(n)]
    return parts.document_of(parts.flag_of("f", *groups, multivariate=parts.draw_of(n)))


def continuous_conditions_and_variants(n: int) -> Json:
    groups = [parts.condition_of(test) for test in parts.person_tests(n)]
    flag = parts.flag_of("f", *groups, multivariate=parts.draw_of(n))
    return parts.document_of({**flag, "ensure_experience_continuity": True})


def pins(n: int) -> Json:
    groups = [
        parts.condition_of(test, variant=f"v{at}") for at, test in enumerate(parts.person_tests(n))
    ]
    return parts.document_of(parts.flag_of("f", *groups, multivariate=parts.draw_of(n)))


def wrong_pins(n: int) -> Json:
    groups = [
        parts.condition_of(test, variant=f"w{at}") for at, test in enumerate(parts.person_tests(n))
    ]
    return parts.document_of(parts.flag_of("f", *groups, multivariate=parts.draw_of(n)))


def payloads(n: int) -> Json:
    texts = {f"v{number}": f'"payload {number}"' for number in range(n)}
    groups = [parts.condition_of(parts.person_test("a"))]
    return parts.document_of(
        parts.flag_of("f", *groups, multivariate=parts.draw_of(n), payloads=texts)
    )


def unused_payloads(n: int) -> Json:
    texts = {f"w{number}": "no JSON" for number in range(n)}
    groups = [parts.condition_of(parts.person_test("a"))]
    return parts.document_of(
        parts.flag_of("f", *groups, multivariate=parts.draw_of(n), payloads=texts)
    )


def list_operand(n: int) -> Json:
    return parts.document_of(
        parts.flag_of(
            "f", parts.condition_of(parts.person_test("a", [f"x{at}" for at in range(n)]))
        )
    )


def list_operand_of_containing(n: int) -> Json:
    operand = [f"x{at}" for at in range(n)]
    return parts.document_of(
        parts.flag_of("f", parts.condition_of(parts.person_test("a", operand, "icontains_multi")))
    )


def long_text(n: int) -> Json:
    return parts.document_of(
        parts.flag_of("f", parts.condition_of(parts.person_test("a", "x" * n, "icontains")))
    )


def patterns(n: int) -> Json:
    tests = [parts.person_test("a", f"x{number}|y", "regex") for number in range(n)]
    return parts.document_of(parts.flag_of("f", parts.condition_of(*tests)))


def broken_filters(n: int) -> Json:
    tests = [
        parts.person_test(f"p{number}", operator="exactly", typ="person") for number in range(n)
    ]
    return parts.document_of(parts.flag_of("f", parts.condition_of(*tests)))


def unknown_members(n: int) -> Json:
    members = {f"aktive{number}": True for number in range(n)}
    return parts.document_of({**parts.flag_of("f", parts.condition_of()), **members})


def contexts(n: int) -> Json:
    names = [f"c{number}" for number in range(n)]
    return parts.document_of(
        {**parts.flag_of("f", parts.condition_of()), "evaluation_contexts": names}
    )


def super_groups(n: int) -> Json:
    old = [parts.condition_of(test) for test in parts.person_tests(n)]
    holdout = {"id": 1, "exclusion_percentage": 10}
    return parts.document_of(
        parts.flag_of(
            "f", parts.condition_of(), super_groups=old, holdout_groups=old, holdout=holdout
        )
    )


def group_names(n: int) -> Json:
    document = parts.document_of(parts.flag_of("f", parts.condition_of()))
    return {**document, "group_type_mapping": {str(at): f"g{at}" for at in range(n)}}


# Format 2, whose limits are its own: 100 rules, 100 predicates and 20 variants.


def rules(n: int) -> Json:
    return parts.document_of(
        parts.flag_of_rules(*(parts.rule_of(at, [parts.person_test(f"p{at}")]) for at in range(n)))
    )


def rules_for_all(n: int) -> Json:
    """Rules that all apply to the same people, and serve one value."""
    return parts.document_of(
        parts.flag_of_rules(
            *(parts.rule_of(at, [parts.person_test("a")], value="same") for at in range(n))
        )
    )


def predicates(n: int) -> Json:
    return parts.document_of(parts.flag_of_rules(parts.rule_of(0, parts.person_tests(n))))


def experiments(n: int) -> Json:
    def rule(at: int) -> Json:
        weights = [{"key": f"v{v}", "weight": 5, "value": f"value {v}"} for v in range(20)]
        members = {"experiment_id": None, "paused": False, "variants": weights}
        found = parts.rule_of(at, [parts.person_test(f"p{at}")], rule_type="experiment", **members)
        del found["value"]
        return found

    return parts.document_of(parts.flag_of_rules(*map(rule, range(n))))


def broken_rules(n: int) -> Json:
    return parts.document_of(
        parts.flag_of_rules(*(parts.rule_of(at, [], sed="x", value=1) for at in range(n)))
    )


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
