"""How large a pattern may be, and how long a text beside a word boundary, to be answered here."""

import pytest

from flagengine.operators.patterns import Search, UnsupportedPattern, compile_pattern

LARGEST = [
    ("a{1000}", "a{1001}", "more than 1000 repetitions"),
    ("a{0,1000}", "a{0,1001}", "more than 1000 repetitions"),
    ("a{0001000}", "a{" + "9" * 5_000 + "}", "more than 1000 repetitions"),
    ("(" * 50 + ")" * 50, "(" * 51 + ")" * 51, "groups nested deeper than 50"),
    ("[" * 21 + "a" + "]" * 21, "[" * 22 + "a" + "]" * 22, "classes nested deeper than 20"),
    ("[" + "a&&" * 31 + "a]", "[" + "a&&" * 32 + "a]", "more than 32 set operations"),
    ("a" * 10_000, "a" * 10_001, "more than 10000 characters"),
    (r"\b" + "a" * 998, r"\b" + "a" * 999, "a word boundary in a long pattern"),
    (
        r"\b" + "(?:a|b)" * 12,
        r"\b" + "(?:a|b)" * 13,
        "a word boundary in a pattern of too many branches",
    ),
]

LONGEST = [
    (r"\bfoo\b", 8_999),
    (r"\b(?:a|b)", 2_999),
    (r"\b(a|b)", 2_999),
    (r"\b(?:a|b)(?:a|b)", 1_284),
    (r"^\b(?:a|b)", 8_997),
    # A run that has to end where the next item begins.
    (r"\ba+b+", 65),
    (r"\ba+a+", 19),
    (r"\ba+a(?:b|c)", 53),
    (r"\ba+(?:c|d)", 53),
    (r"\ba+b*(?:c|d)", 13),
    ("\\b\x7f+\x7f(?:b|c)", 53),
    ("\\b\x00+\x00(?:b|c)", 53),
    # What no ASCII text contains ends no run.
    ("\\b[a\u017f]+\u017f(?:b|c)", 92),
    ("\\b[a\u212a]+\u212a(?:b|c)", 92),
    (r"\ba{0,5}", 1_284),
    (r"\ba{0,100}", 93),
    (r"\ba{0,3}a(?:b|c)", 691),
    (r"\b(?:a|b)+", 7),
    (r"\b(?:a|b){0,3}(?:c|d)", 117),
    (r"\b(?:(?:a|b)c){2}d", 408),
    (r"\b(?:a+b){0,3}", 45),
    (r"\b(?:a+)*", 3),
    (r"\b(?:a?){0,3}", 194),
    (r"\b(?:a?){0,100}", 0),
    (r"\b" + "(?:a|b)" * 12, 0),
]


def heavy(characters: int, sets: int) -> str:
    """Write a pattern of every kind of node."""
    return r"\pL{0}a{3,}[^\W_]" + r"\pL" * 138 + "[ab]" * sets + "a" * characters


@pytest.mark.parametrize(("largest", "larger", "reason"), LARGEST)
def test_a_pattern_is_answered_up_to_a_size(largest: str, larger: str, reason: str) -> None:
    assert isinstance(compile_pattern(largest), Search)
    assert compile_pattern(larger) == UnsupportedPattern(reason)


@pytest.mark.parametrize(("pattern", "longest"), LONGEST)
def test_beside_a_word_boundary_texts_are_answered_up_to_a_length(
    pattern: str, longest: int
) -> None:
    compiled = compile_pattern(pattern)
    assert isinstance(compiled, Search)
    assert compiled.search("-" * longest) is not None
    assert compiled.search("-" * (longest + 1)) is None


def test_a_pattern_is_answered_up_to_a_weight_on_the_server() -> None:
    assert isinstance(compile_pattern(heavy(383, 4)), Search)
    assert compile_pattern(heavy(400, 1)) == UnsupportedPattern(
        "a pattern that may be too large for the server"
    )
