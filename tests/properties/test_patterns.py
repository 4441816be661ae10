"""Where RE2 is not installed the automaton answers, and as RE2 does."""

import sys
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from flagengine.operators.patterns import CompiledPattern, Search, compile_pattern

CHARACTERS = (
    "abkKsS019 _-@:\n\t"
    "\u00e9\u00c9\u00df\u017f\u212a\u0130\u0131\u03a3\u03c2\u03c3\u4e2d\u0301\u24d0\u01c5\u1e9e\u00b5"
    "\u0661\u2167\U0001f600\u0390\u1fd3"
)
PARTS = [
    *CHARACTERS, ".", "^", "$", r"\A", r"\z", r"\b", r"\B", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S",
    r"\pL", r"\P{Ll}", r"\p{Lu}", r"\p{Nl}", r"\p{M}", r"\p{Greek}", r"\p{Han}", r"\p{Latin}",
    r"[^\W_]", "[a-z]", "[^a-k]", "[\u00e9-\u00f6]", r"[\p{L}\d]", "[a-z&&[^k]]", r"[^\s\S]", "[[:alpha:]]",
]  # fmt: skip
QUANTIFIERS = ["", "", "", "*", "+", "?", "{2}", "{1,3}", "{0}", "{2,}", "*?", "??"]
OPENERS = ["(", "(?:", "(?i:", "(?s:", "(?m:"]


def joined(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map("".join)


def alternatives(item: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    repeated = joined(item, st.sampled_from(QUANTIFIERS))
    sequences = st.lists(repeated, max_size=4).map("".join)
    return joined(
        st.sampled_from(OPENERS),
        st.lists(sequences, min_size=1, max_size=3).map("|".join),
        st.just(")"),
    )


patterns = st.recursive(st.sampled_from(PARTS), alternatives, max_leaves=8)
texts = st.lists(st.text(st.sampled_from(CHARACTERS), max_size=9), min_size=1, max_size=5)


@given(pattern=alternatives(patterns), searched=texts)
def test_the_automaton_answers_as_re2_does(pattern: str, searched: list[str]) -> None:
    with_re2 = answers(compile_pattern(pattern), searched)
    with mock.patch.dict(sys.modules, {"re2": None}):
        without = answers(compile_pattern(pattern), searched)
    assert without == with_re2


def answers(compiled: CompiledPattern, searched: list[str]) -> object:
    if not isinstance(compiled, Search):
        return compiled
    return [compiled.search(text) for text in searched]
