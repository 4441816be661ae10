"""Cohorts and dependencies that are named often: facts, walks, words and values that share parts."""

import copy
import pickle
from itertools import product
from typing import Any

import pytest

from flagengine import Snapshot, explain, requirements
from flagengine.analysis.possible_answers import Outcome, PossibleAnswers
from flagengine.operators.patterns import compile_pattern
from flagengine.plan.graph import Depths, on_circles, ordered
from flagengine.plan.nodes import AllOf, Constant, Not, distinct, repetition, walk
from flagengine.plan.render import render_flag
from flagengine.plan.shares import draw_of
from flagengine.results.resolution import Missing
from flagengine.results.verdicts import Gap, joined
from flagengine.snapshot import evaluators_of
from flagengine.values.excerpts import excerpt
from flagengine.values.json_values import text
from flagengine.values.spelling import nearest
from tests.bounded import parts, shapes

GRAPH = {"a": ["b", "c"], "b": ["c"], "c": [], "d": ["e"], "e": ["d", "a"], "f": ["f"], "g": ["e"]}


def test_names_come_after_their_targets() -> None:
    assert ordered("a", GRAPH.__getitem__) == ["c", "b", "a"]
    assert ordered("a", GRAPH.__getitem__, {"c"}) == ["b", "a"]


def test_depth_counts_the_longest_path_and_circles_have_none() -> None:
    depths = Depths(GRAPH.__getitem__)
    found = {name: depths.of(name) for name in "gfedcba"}
    assert found == {"a": 3, "b": 2, "c": 1, "d": None, "e": None, "f": None, "g": None}


def test_only_names_on_a_circle_lead_back_to_themselves() -> None:
    assert on_circles(GRAPH, GRAPH.__getitem__) == {"d", "e", "f"}
    assert on_circles("a", GRAPH.__getitem__) == set()


def test_a_shared_node_is_distinct_once_and_repeated_as_often_as_it_is_named() -> None:
    leaf = Constant(True, "why")
    shared = Not(leaf)
    nodes = [AllOf((shared, shared)), shared]
    assert list(distinct(nodes)) == [nodes[0], shared, leaf]
    assert repetition(nodes) == len(list(walk(nodes))) - 3 == 4


@pytest.mark.parametrize("count", range(6))
def test_any_number_of_doubts_is_joined(count: int) -> None:
    gaps = [Gap.lacking(Missing(person_properties=(f"p{at}",))) for at in range(count)]
    found = joined([True, *gaps, False])
    assert (found.missing.person_properties if found else ()) == tuple(
        f"p{at}" for at in range(count)
    )


def test_a_draw_gives_the_first_variant_whose_end_is_above() -> None:
    draw = draw_of([("a", 50), ("none", 0), ("back", -20), ("b", 40), ("c", 50)])
    assert [draw.position(h) for h in (0.0, 0.3, 0.5, 0.6, 0.7, 1.0, 1.2)] == [0, 0, 3, 3, 4, 4, 5]
    for h in (at / 100 for at in range(130)):
        ends = [at for at, variant in enumerate(draw.variants) if h < variant.upper]
        assert draw.position(h) == (ends[0] if ends else len(draw.variants))


# Words.


def _words(document: dict[str, Any]) -> list[str]:
    plan = evaluators_of(Snapshot.parse(document)).plans.plan("f")
    assert plan is not None
    return render_flag(plan).splitlines()


def test_words_define_a_cohort_and_list_variants_where_they_come_first() -> None:
    tests = [parts.in_cohort(0), parts.in_cohort(0, "not_in")]
    flag = parts.flag_of("f", *map(parts.condition_of, tests), multivariate=parts.draw_of(2))
    assert _words(parts.document_of(flag, cohorts=[parts.all_of(parts.person_test("a"))]))[1:5] == [
        "  condition 1: 50 % by person get v0 (50 %) or v1 (50 %)",
        '    if in cohort 0 (person a exact "x")',
        "  condition 2: 50 % by person get a variant, as in condition 1",
        "    if not in cohort 0 (as above)",
    ]


def test_words_and_explanations_of_doubling_cohorts_are_short() -> None:
    document = shapes.cohorts_that_double(16)
    assert len("".join(_words(document))) < 3_000
    assert len(str(explain(Snapshot.parse(document), "f", "user-1"))) < 6_000


def test_an_explanation_lists_few_of_many_possible_answers() -> None:
    document = shapes.conditions_and_variants(130)
    found = explain(Snapshot.parse(document), "f", None, {"p0": "x"})
    condition = found.to_dict()["conditions"][0]
    assert len(condition["possible_answers"]) == 100
    assert condition["more_possible_answers"] == 31
    assert 'or "v19" or one of 111 others' in str(found)


# Shared parts are neither compared nor printed again and again.


def test_explanations_are_compared_by_content_and_travel() -> None:
    snapshot = Snapshot.parse(shapes.cohorts_that_double(14))
    one, same = (explain(snapshot, "f", "user-1", {"a": "x"}) for _ in range(2))
    other = explain(snapshot, "f", "user-1", {"a": "y"})
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert one != "another type"
    assert one != explain(snapshot, "f", "user-1", {"a": "x"}, redact=True)
    assert pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == one


def test_a_redacted_explanation_hides_values_from_its_repr() -> None:
    snapshot = Snapshot.parse(shapes.filters(1))
    found = explain(snapshot, "f", "user-1", {"p0": "secret"}, redact=True)
    assert repr(found).startswith("Explanation('f is false")
    assert "secret" not in repr(found)


def test_plans_and_traces_of_shared_cohorts_have_short_reprs() -> None:
    snapshot = Snapshot.parse(shapes.cohorts_that_double(16))
    plan = evaluators_of(snapshot).plans.plan("f")
    assert plan is not None
    assert "cohort='16'" in repr(plan)
    assert len(repr(plan)) < 2_000
    assert len(repr(explain(snapshot, "f", "user-1").trace)) < 2_000


# Possible answers, against all walks one by one.

DRAWN = frozenset(("v", "w"))
OUTCOMES = [
    Outcome(answers, passes, drawn)
    for answers in map(frozenset, ((), (False,), (True,), ("v",), (True, False)))
    for passes in (True, False)
    for drawn in (frozenset[Any](), DRAWN, frozenset(("v",)), frozenset((True,)))
]


def _walked(steps: Any, first: frozenset[Any]) -> set[bool]:
    states, ends = {first}, set()
    for outcomes in steps:
        found = {
            (state | outcome.answers | met, outcome.passes)
            for state, outcome in product(states, outcomes)
            for met in ([frozenset({value}) for value in outcome.drawn] or [frozenset[Any]()])
        }
        ends |= {len(state) == 1 for state, passes in found if not passes}
        states = {state for state, passes in found if passes}
    return ends | {len(state | {False}) == 1 for state in states}


@pytest.mark.parametrize("is_broken", [True, False])
def test_possible_answers_are_those_of_all_walks(is_broken: bool) -> None:
    first = frozenset([False] if is_broken else [])
    for number, (a, b, c) in enumerate(product(OUTCOMES, repeat=3)):
        if number % 7:
            continue
        steps = [[a, b], [c], [b]]
        possible, found = PossibleAnswers(DRAWN, is_broken=is_broken), set()
        for outcomes in [*steps, [Outcome(frozenset({False}), passes=False)]]:
            known = [_interned(outcome) for outcome in outcomes]
            found |= set(possible.endings(known))
            possible.advance(known)
        assert found == _walked(steps, first), steps


def _interned(outcome: Outcome) -> Outcome:
    """Return an outcome whose draw is the flag's own object."""
    return Outcome(
        outcome.answers, outcome.passes, DRAWN if outcome.drawn == DRAWN else outcome.drawn
    )


def test_a_flag_of_many_variants_is_decided_as_one_of_few() -> None:
    for shape in (shapes.conditions_and_variants, shapes.continuous_conditions_and_variants):
        found = [requirements(Snapshot.parse(shape(size)), "f") for size in (2, 30)]
        assert found[0].decided_locally == found[1].decided_locally


# Excerpts and suggestions.


@pytest.mark.parametrize(
    "value",
    [
        None,
        "short",
        "x" * 200,
        [1] * 100,
        [["deep"] * 50] * 50,
        {"b": 1, "a": [True]},
        {f"key {at}": at for at in range(100)},
        {"k" * 300: 1, "z": 2},
        {"a": {"b": ["c" * 100]}},
        12.5,
    ],
)
def test_an_excerpt_is_the_beginning_of_the_text(value: Any) -> None:
    whole = text([value])[1:-1]
    assert excerpt(value) == (whole if len(whole) <= 60 else whole[:60] + "…")


def test_a_suggestion_is_looked_for_among_the_first_names_and_in_no_long_name() -> None:
    names = [f"name-{at}" for at in range(100)]
    assert nearest("nme-7", names) == "name-7"
    assert nearest("other", [*names, "other"]) is None
    assert nearest("x" * 101, ["x" * 100]) is None
    assert nearest("x" * 100, ["x" * 101, "x" * 99]) == "x" * 99


@pytest.mark.rule("R15.8")
def test_a_pattern_that_repetitions_make_large_is_searched_in_short_texts() -> None:
    pytest.importorskip("re2", reason="the automaton has bounds of its own")
    large: Any = compile_pattern("(a{1,100}){1,10}b")
    assert large.search("a" * 33_519 + "b") is True
    assert large.search("a" * 33_520 + "b") is None
    for pattern in ("a{60}b", "a+b", "a{50,}b", "|".join(f"word{at}" for at in range(200))):
        found: Any = compile_pattern(pattern)
        assert found.search("a" * 100_000) is False
    endless: Any = compile_pattern("(ab){70,}c")
    assert endless.search("x" * 1_000_000) is None
