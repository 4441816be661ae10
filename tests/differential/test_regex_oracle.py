r"""Translated patterns compared with the regex engine of the server, which polars includes.

Opt-in: `pip install --group oracle`. The strategies leave out the patterns that the server's front end
reads differently from this engine (`{` as a character, `a**`, `\h`, flags inside a capturing group);
the unit tests cover them.
"""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flagengine.operators.patterns import INVALID, Search, UnsupportedPattern, compile_pattern

polars = pytest.importorskip("polars", reason="the oracle needs the group `oracle` (polars)")

CHARACTERS = "abkKsS019 _-.@/:!#&~\n\t\u00e9\u00c9\u00df\u017f\u212a\u0130\u03a3\u03c2\u03c3\u4e2d"
RARE = "\u0301\u200d\u24d0\u01c5\u019b\ua7dc\u13f8\u1e9e\u00b5\u0661\u2167\U0001f600\U00016d50"
CLASSES = [
    r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"\pL", r"\p{Lu}", r"\P{Ll}", r"\p{Greek}",
    r"\p{Han}", r"\p{Alphabetic}", r"\p{Letter}", r"\p{sc=Latin}", r"\PN", r"\p{ascii}",
    r"\p{Any}", r"\p{White_Space}", r"\p{M}", r"\p{S}", r"\P{gc=Nd}",
]  # fmt: skip
ESCAPES = [
    r"\n", r"\t", r"\.", r"\-", r"\]", r"\[", r"\\", r"\^", r"\x41", r"\x{e9}", r"\u0041",
    r"\u{1F600}", r"\U0001F600", r"\&", r"\~",
]  # fmt: skip
POSIX = [
    f"[:{negation}{name}:]"
    for negation in ("", "^")
    for name in ("alpha", "alnum", "digit", "lower", "upper", "space", "word", "punct", "graph")
]
RANGES = [
    "a-c",
    "0-9",
    "A-z",
    "k-s",
    "\u00e9-\u00f6",
    "\u03b1-\u03c9",
    r"\x00-\x7F",
    "z-a",
    r"a-\d",
]
QUANTIFIERS = ["*", "+", "?", "{2}", "{1,3}", "{0}", "{2,}", "*?", "+?", "??", "{1,2}?", "{3,1}"]
EMPTY_GROUP = re.compile(r"\(\?[a-zA-Z-]*:\)")
FLAGS = ["(?i)", "(?s)", "(?m)", "(?U)", "(?i-m)", "(?u)"]
OPENERS = ["(", "(?:", "(?i:", "(?s:", "(?m:", "(?-i:", "(?P<n>", "(?<m>", "(?U:"]


def joined(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map("".join)


characters = st.sampled_from([char for char in CHARACTERS + RARE if char not in ".#&~-:"])
class_items = st.one_of(
    characters,
    st.sampled_from([*CLASSES, *ESCAPES, *POSIX, *RANGES, "&&", "--", "~~", "-", "^"]),
)
flat_classes = joined(
    st.sampled_from(["[", "[^", "[-", "[]", "[^-"]),
    st.lists(class_items, min_size=1, max_size=4).map("".join),
    st.just("]"),
)
classes = flat_classes | joined(st.sampled_from(["[a", "[^", "[k&&"]), flat_classes, st.just("]"))
atoms = st.one_of(
    characters,
    st.sampled_from([".", "^", "$", r"\b", r"\B", r"\A", r"\z", *CLASSES, *ESCAPES]),
    classes,
)


def repeated(node: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return joined(node, st.sampled_from(["", "", "", *QUANTIFIERS]))


def grown(node: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    sequence = st.lists(node, max_size=4).map("".join)
    alternatives = st.lists(sequence, min_size=1, max_size=3).map("|".join)
    return sequence | repeated(joined(st.sampled_from(OPENERS), alternatives, st.just(")")))


patterns = joined(
    st.sampled_from(["", "", *FLAGS]),
    st.recursive(repeated(atoms), grown, max_leaves=8),
    st.sampled_from(["", "", "", "", "", "(", ")", "[", "\\", "|", r"\y"]),
)
texts = st.lists(st.text(st.sampled_from(CHARACTERS + CHARACTERS[:12] * 3 + RARE), max_size=10))


def engine_answers(pattern: str, subjects: list[str]) -> list[bool] | None:
    """Return the engine's answers; None if the engine rejects the pattern."""
    series = polars.Series([*subjects, ""], dtype=polars.String)
    try:
        answers: list[bool] = series.str.contains(pattern).to_list()
    except polars.exceptions.ComputeError:
        return None
    return answers[:-1]


@given(pattern=patterns, subjects=texts)
@settings(max_examples=3_000, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_translated_pattern_answers_as_the_engine(pattern: str, subjects: list[str]) -> None:
    compiled = compile_pattern(pattern)
    expected = engine_answers(pattern, subjects)
    if compiled is INVALID:
        # The server's front end rejects a quantifier on an empty group, the engine accepts it.
        assert expected is None or EMPTY_GROUP.search(pattern)
    elif isinstance(compiled, UnsupportedPattern):
        assert compiled.reason
    else:
        assert isinstance(compiled, Search)
        assert expected is not None
        answers = [compiled.search(subject) for subject in subjects]
        for subject, mine, theirs in zip(subjects, answers, expected, strict=True):
            assert mine is None or mine is theirs, subject


SWEPT = [
    ".", "[^a]", r"\w", r"\W", r"\d", r"\s", r"\S", "(?i)k", "(?i)[^k]", "(?i)[k-s]",
    r"(?i)[\w.-]", "[[:^alpha:]]", "(?i)[^[:lower:]]", r"\p{L}", r"\p{Lu}", r"\P{Ll}", r"\p{M}",
    r"\p{P}", r"\p{S}", r"\p{Latin}", r"\p{Cyrillic}", r"\p{Han}", "(?i)[\u03b1-\u03c9]",
    "(?i)[^\u0430-\u044f]", "(?i)\u00b5", "(?i)\u01c5",
]  # fmt: skip


@pytest.mark.parametrize("pattern", SWEPT)
def test_every_character_is_classified_as_by_the_engine(pattern: str) -> None:
    everything = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]
    compiled = compile_pattern(pattern)
    assert isinstance(compiled, Search)
    answers = [compiled.search(char) for char in everything]
    expected = engine_answers(pattern, everything)
    assert expected is not None
    wrong = [
        char
        for char, mine, theirs in zip(everything, answers, expected, strict=True)
        if mine is not None and mine != theirs
    ]
    assert wrong == []
    assert None not in answers[:128]
