"""Patterns of the server's dialect: their matches, unsupported patterns, and invalid patterns.

The expected answers were taken from the server's own engine.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flagengine.operators.patterns import (
    INVALID,
    CompiledPattern,
    Search,
    UnsupportedPattern,
    compile_pattern,
)
from flagengine.operators.patterns.automaton import MAX_WORK
from flagengine.operators.patterns.engine import doubtful_characters
from tests.bounded.steps import steps

try:
    import re2  # type: ignore[import-untyped]
except ImportError:
    re2 = None
needs_re2 = pytest.mark.skipif(re2 is None, reason="RE2 is not installed")

MATCHES = [
    ("^a.c$", "abc", True),
    ("b", "abc", True),
    ("", "", True),
    ("^abc$", "abc\n", False),
    ("^abc", "abcd", True),
    ("abc$", "zabc", True),
    ("abc$", "abc\n", False),
    ("a$|b", "a\n", False),
    ("(?m)a$", "a\n", True),
    ("(?m)^$", "a\n", True),
    (r"\Aab\z", "ab", True),
    ("a.b", "a\nb", False),
    ("(?s)a.b", "a\nb", True),
    ("a.b", "a\rb", True),
    (r"a\Ob", "a\nb", True),
    ("[^a]", "\n", True),
    ("^null$", "null", True),
    ("^true$", "true", True),
    (r"(?<year>\d{4})", "2024", True),
    (r"(?P<year>\d{4})", "2024", True),
    (r"^\d+$", "\u0661\u0662\u0663", True),
    (r"^\D+$", "\u0661\u0662\u0663", False),
    ("ABC", "abc", False),
    ("(?i)ABC", "abc", True),
    ("(?i:a)B", "AB", True),
    ("(?i:a)B", "Ab", False),
    ("(?i)a(?-i)B", "AB", True),
    ("(?i)a(?-i)B", "Ab", False),
    ("(?i)k", "\u212a", True),
    ("(?i)[^k]", "\u212a", False),
    ("(?i)[a-z]", "\u017f", True),
    ("(?i)\u00e9", "\u00c9", True),
    ("(?i)\u03c3", "\u03c2", True),
    ("(?i)stra\u00dfe", "STRASSE", False),
    ("^[[:alpha:]]+$", "abc", True),
    ("^[[:alpha:]]+$", "ab1", False),
    ("^[[:alpha:]]+$", "\u00e9", False),
    ("[[:^digit:]]", "\u0661", True),
    ("[[:foo:]]", "f", True),
    ("^[]a]$", "]", True),
    ("^[^]]$", "]", False),
    (r"^[a\-z]$", "m", False),
    (r"^[a\-z]$", "-", True),
    ("^[a-]$", "-", True),
    ("^[--a]$", "-", True),
    ("^[a-z&&[^aeiou]]$", "e", False),
    ("^[a-z&&[^aeiou]]$", "f", True),
    ("^[a-z--c]$", "c", False),
    ("^[a-c~~b-d]$", "d", True),
    ("^[a-c~~b-d]$", "b", False),
    ("^[a[0-9]]$", "7", True),
    (r"^[^\W_]+$", "a1", True),
    (r"^[^\W_]+$", "a_1", False),
    (r"^[\s\S]$", "\n", True),
    (r"^[\w.+-]+@\w+\.com$", "a.b+c@gmail.com", True),
    (r"^\w+$", "\u00e9t\u00e9\u0301", True),
    (r"^\w$", "\u200d", True),
    (r"^\w$", "\u24b6", True),
    (r"\s", "\u00a0", True),
    (r"\s", "\u200b", False),
    (r"\S", "\u3000", False),
    (r"\pL", "\u4e2d", True),
    (r"\p{Han}", "\u4e2d", True),
    (r"^\p{Greek}+$", "\u03b1\u03b2", True),
    (r"\p{Uppercase_Letter}", "a", False),
    (r"\P{Lu}", "A", False),
    (r"\p{gc=Lu}\p{Script=Latin}", "Ab", True),
    (r"\p{Alphabetic}", "a", True),
    (r"\x41\x{42}\u0043\u{44}\U00000045", "ABCDE", True),
    (r"\x{1F600}", "\U0001f600", True),
    (r"^\a\e\f\n\r\t\v$", "\x07\x1b\x0c\n\r\t\x0b", True),
    (r"^\h+$", "09afAF", True),
    (r"\.\_\@\/\ ", "._@/ ", True),
    ("{", "{", True),
    ("a{x}", "a{x}", True),
    ("^a{2}$", "aa", True),
    ("^a{,2}$", "aaa", False),
    ("^a{2,}?$", "aaa", True),
    ("^(?:ab|c)*$", "abcab", True),
    ("a||b", "z", True),
    ("()*", "", True),
    ("^*a", "a", True),
    ("(?x) a b # c", "ab", True),
    (r"(?x)a\ b", "a b", True),
    ("(?U)a*?b", "aab", True),
    (r"\bcat\b", "a cat sat", True),
    (r"\bcat\b", "concat", False),
    (r"\Bcat", "concat", True),
    (r"\B", "", True),
    (r"\b(?:cat|dog)s?\b", "my dogs", True),
    (r"^\w+\b", "ab-", True),
    (r"\b\w+@\w+\.com\b", "to me@gmail.com", True),
    (r"\b(?:a|b){2,3}\B", "abab", True),
    (r"\b(ab?)+$", "ab", True),
    (r"(?i)^[^\W]$", "a", True),
    (r"\ba+b+\b", "aabb", True),
    (r"\b(?:|a){2}-", "aa-", True),
    ("]}", "]}", True),
    (r"^[^\s\S]", "a", False),
    (r"^[\W\w]$", "\n", True),
    (r"^[\W_]$", "_", True),
    (r"(?i)^[^\W_]$", "A", True),
    (r"(?i)^[\w&&[^_]]$", "K", True),
    (r"(?i)^[A-Z&&[^B]]$", "b", False),
    ("(?i)^[\\w\u00e9]$", "\u00c9", True),
    (r"(?i)^[[^a-y]]$", "Z", True),
    (r"(?i)^[\P{Lu}1]$", "1", True),
    (r"^[\w--\d]$", "1", False),
    (r"^[\w--\d]$", "a", True),
    ("^[a&&b]$", "a", False),
    (r"^[[:alpha:]-z]$", "-", True),
    (r"^[\h-z]$", "-", True),
    (r"^\p{Any}$", "\n", True),
    (r"(?i)\p{ASCII}", "\u212a", True),
    ("\u00e9$", "caf\u00e9", True),
    ("[\u0430-\u044f]", "\u0436", True),
    ("a b", "a b", True),
    ("a b", "ab", False),
    ("a#b", "a#b", True),
    ("(?x)a#c\nb", "ab", True),
    ("(?x)a # c\n b # d", "ab", True),
    ("(?x)a # c\n b # d", "ad", False),
    ("(?x) ^ a {2} $", "aa", True),
    ("(?x)^a{2}$", "aa", True),
    ("^a?$", "", True),
    ("^a?$", "aa", False),
    ("^a+$", "", False),
    ("^a*$", "", True),
    ("^a{2,2}$", "aa", True),
    ("^a{2,2}$", "aaa", False),
    ("^a{,2}$", "aa", True),
    ("^a{,}$", "aa", True),
    ("^a{2}$", "a", False),
    ("^a{2,}$", "a", False),
    ("^a{1 }$", "a{1 }", True),
    ("^[-]]$", "-]", True),
    ("^caf\u00e9$", "caf\u00e9", True),
    ("^caf", "caf\u00e9", True),
    ("\\\u00e9", "\u00e9", True),
]

DEFERRED_TEXTS = [
    ("a", "\ud800"),
    ("^a$", "a\udfff"),
    ("a.c", "a\ud800c"),
    (r"\w", "\ud800"),
    (r"\d", "\U0001e4f0"),
    (r"\w", "\ue000"),
    ("(?i)\u019b", "\ua7dc"),
    (r"[^\W_]", "\u00e9"),
    (r"\p{Alphabetic}", "\u00e9"),
    (r"(?i)\p{Lu}", "\u019b"),
    ("(?i)\ua7dc", "\u019b"),
    (r"^[\W_]$", "\u00e9"),
    (r"\bcaf", "caf\u00e9"),
    (r"\b\w+\b", "a" * 1_000),
    (r"[\p{Alphabetic}1]", "\u00e9"),
    (r"[\W&&[^a]]", "\u00e9"),
    (r"[[^a]&&\W]", "\u00e9"),
    ("(?i)[[^\u00e9]\u00e9]", "\u00c9"),
    ("^\u00e9$", "\ud800"),
    ("^\u00e9", "\ud800"),
]

INVALID_PATTERNS = [
    "(", ")", "a)", "(a", "[", "[]", "[^]", "[a", "*", "*a", "+", "?", "a**", "a+*", "a|*", "(*)",
    "(?i)*", "(?:)*", "(?:(?i))+", "a{2}*", "a???", "a{2,1}", "[z-a]", r"[a-\d]", r"[\w-.]", "\\",
    r"\y", r"\X", r"\Q", r"\c", r"[\y]", r"\x", r"\x4", r"\xZZ", r"\x{}", r"\x{110000}",
    r"\x{d800}", r"\u00", r"\u{d800}", r"\p", r"\p{", r"\p{L", "(?", "(?)", "(?-)", "(?-:a)",
    "(?z)", "(?i", "(?i:a", "[[:alpha:]", "[a-", "[a&&", r"\x{dfff}",
    "(?z\u00e9)", r"(?x)\xZZ", "(?)a", r"[\p{Lu",
]  # fmt: skip

UNSUPPORTED_PATTERNS = [
    "a(?=b)", "(?!a)b", "(?<=a)b", "(?<!a)b", r"(a)\1", r"(?<n>a)\k<n>", "(?P<n>a)(?P=n)",
    "(?>a)", "a*+", "a++", "a?+", "a{2}+", r"a\Kb", r"\Ga", r"(a)?(?(1)b|c)", r"\N", r"\R", r"\Z",
    r"\<a", r"\b{start}", r"\b+", r"\b{2}", r"\0", r"[\A]", "(?#c)a", "(?R)a", "(?-u)a", "(?ii)a",
    "((?i)a)b", "(?<n>a)(?<n>b)", "(?'n'a)", "(?~a)", "(*FAIL)", "a{2}{3}", "{2}", "a{1001}",
    r"\p{Foo}", r"\p{^L}", r"\pC", r"\p{Emoji}", r"\w{1000}", r"\d{1000}{1000}", "[a[]b]]",
    "[a-[b]]", "(?x)[a b]", "(?x)a{1 ,2}", r"(?i)\É", r"\ba{2,1}", "a\ud800",
    "[" + "a&&" * 33 + "a]", r"[!-\h]", r"\b(a*)*", "(a{120}){120}",
    r"(?x)\x 41", r"(?x)\x{ 41}", "(?x)( a)", r"\b()*",
    "(?<1>a)",     r"\b" + "(?:" * 45 + "a|b" + "){0,1000}" * 45, r"\b" + "(?:a|aa)" * 20,
    "(?:" * 3 + "a{0,20}" + "){20}" * 3,
    r"\b" + "a" * 1_000, r"\p{sc=Foo}", r"\p{Script_Extensions=Latin}", r"\pé", "(?|a)",
    "a" * 10_001, "(" * 51 + ")" * 51, "[" * 30 + "a" + "]" * 30, "((a{100}){100}){100}",
    "(*A)", "(?i-)a", "(?\u00e9)a", "(?-ii)a",
]  # fmt: skip


@pytest.fixture(params=[pytest.param("re2", marks=needs_re2), "automaton"])
def searcher(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Search with RE2, and with the automaton as where RE2 is not installed."""
    if request.param == "automaton":
        monkeypatch.setitem(sys.modules, "re2", None)
    doubtful_characters.cache_clear()
    yield
    doubtful_characters.cache_clear()


with_both = pytest.mark.usefixtures("searcher")


def found(pattern: str, text: str) -> bool | None:
    compiled = compile_pattern(pattern)
    assert isinstance(compiled, Search), compiled
    return compiled.search(text)


@with_both
@pytest.mark.parametrize(("pattern", "text", "expected"), MATCHES)
def test_a_pattern_matches_as_on_the_server(
    pattern: str,
    text: str,
    expected: bool,
) -> None:
    assert found(pattern, text) is expected


@with_both
@pytest.mark.parametrize(("pattern", "text"), DEFERRED_TEXTS)
def test_a_text_without_a_certain_answer_is_deferred(pattern: str, text: str) -> None:
    assert found(pattern, text) is None


@pytest.mark.parametrize("pattern", INVALID_PATTERNS)
def test_a_pattern_that_the_server_rejects_is_invalid(pattern: str) -> None:
    assert compile_pattern(pattern) is INVALID


@pytest.mark.parametrize("pattern", UNSUPPORTED_PATTERNS)
def test_a_pattern_that_cannot_be_translated_is_unsupported(pattern: str) -> None:
    compiled = compile_pattern(pattern)
    assert isinstance(compiled, UnsupportedPattern)
    assert compiled.reason


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("a(?=b)", "look-ahead"),
        ("(?<!a)b", "look-behind"),
        ("(?>a)", "atomic groups"),
        ("(?P=n)", "back-references"),
        ("(?~a)", "this kind of group"),
        ("a++", "possessive quantifiers"),
        pytest.param("(a{40}){40}", "too large for RE2", marks=needs_re2),
    ],
)
def test_an_unsupported_pattern_says_what_it_has(pattern: str, reason: str) -> None:
    assert compile_pattern(pattern) == UnsupportedPattern(reason)


def test_a_searched_text_is_left_as_it_is_and_the_pattern_is_kept() -> None:
    compiled = compile_pattern("a.c")
    assert compiled == compile_pattern("a.c")
    assert compiled != compile_pattern("a.d")
    assert compiled not in ("a.c", INVALID, UnsupportedPattern("a.c"))
    assert repr(compiled) == "Search(pattern='a.c')"


@with_both
@pytest.mark.parametrize("length", [26, 1_000, 100_000])
def test_nested_repetition_does_not_run_away(length: int) -> None:
    def search() -> None:
        assert found("(a+)+$", "a" * length + "!") is False
        assert found("(a|a)*b", "a" * length) is False

    assert steps(search) < 20_000 + 20 * length


def test_ten_megabytes_of_text_are_searched_for_other_text() -> None:
    assert found("needle", "x" * 10_000_000 + "needle") is True


@needs_re2
@pytest.mark.parametrize("pattern", ["n.edle", r"\w+needle$", "(?i)NEEDLE$"])
def test_ten_megabytes_of_text_are_searched(pattern: str) -> None:
    assert found(pattern, "x" * 10_000_000 + "needle") is True


@pytest.mark.parametrize(
    "pattern",
    [
        "(" * 10_000,
        "(?:a?){1000}" * 800,
        "(?i)" + "k" * 9_990,
        r"\b" + "(a|b)*" * 1_600,
        r"\b" + "(?:" * 45 + "a|b" + "){0,1000}" * 45,
        "[a-z&&" * 1_600,
        "(?:" * 48 + "a{0,2}" + "){0,2}" * 48,
        "a{" * 5_000,
    ],
)
def test_compiling_is_bounded(pattern: str) -> None:
    assert steps(lambda: compile_pattern(pattern)) < 1_000_000


def test_the_length_limit_of_a_word_boundary_keeps_within_the_servers_steps() -> None:
    assert found(r"\bfoo\b", "x" * 8_000) is False
    assert found(r"\bfoo\b", "x" * 10_000) is None


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment, cwd=root
    )


@needs_re2
def test_re2_is_imported_for_the_first_pattern_that_needs_it() -> None:
    code = """
import sys
from flagengine.operators.patterns import compile_pattern
compile_pattern("^literal$").search("text")
print("re2" in sys.modules)
compile_pattern("a.c")
print("re2" in sys.modules)
"""
    assert run_python(code).stdout.split() == ["False", "True"]


def test_without_re2_the_product_of_pattern_and_text_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    size = 4  # "a", any character, "c" and the end
    assert found("a.c", "x" * (MAX_WORK // size)) is False
    assert found("a.c", "x" * (MAX_WORK // size + 1)) is None
    assert found(r"a\dc", "x" * (MAX_WORK // size + 1)) is None
    assert found(r"\Wa.", "x" * (MAX_WORK // size + 1)) is None
    assert found("(a{70}){70}", "a" * 700) is False
    needed = UnsupportedPattern("a pattern of this size needs google-re2")
    assert compile_pattern("(a{71}){71}") == needed


def test_without_re2_no_more_than_some_transitions_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 20_000)))
    compiled = compile_pattern("a.?[^b]b$")
    assert isinstance(compiled, Search)
    assert compiled.search(text) is False
    assert compiled.search(f"{text}a{text[:2]}b") is True
    assert [compiled.search("ab"), compiled.search("ab"), compiled.search(text)] == [False] * 3


@needs_re2
def test_a_release_of_re2_with_other_internals_is_searched_publicly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    public = SimpleNamespace(compile=re2.compile, Options=re2.Options, error=re2.error)
    monkeypatch.setitem(sys.modules, "re2", public)
    assert found("b.d", "abcde") is True
    assert found("b.d", "\u00e9abc") is False


def test_re2_writes_nothing_to_the_terminal() -> None:
    code = r"""
from flagengine.operators.patterns import compile_pattern
for pattern in ("(?:a?){1000}", "(a{40}){40}", "(?:" * 9 + "a" + "){0,9}" * 9, r"[^\s\S]{9}", "(a|b)*a(a|b){20}"):
    compiled = compile_pattern(pattern)
    getattr(compiled, "search", str)("ab" * 10000)
"""
    completed = run_python(code)
    assert (completed.stdout, completed.stderr) == ("", "")


any_text = st.text(st.characters(), max_size=30)
utf8_text = st.text(st.characters(codec="utf-8"), max_size=30)
pattern_like = st.text(
    st.sampled_from("abk019()[]{}*+?|\\^$.-:<>=!&~PiUxdwbBpLzA, #\u00e9"), max_size=25
)


@given(pattern=any_text | pattern_like, text=any_text | st.text(st.sampled_from("abk01 \n\u00e9")))
@settings(max_examples=300, deadline=None)
def test_compiling_and_searching_are_total_and_deterministic(pattern: str, text: str) -> None:
    first, second = compile_pattern(pattern), compile_pattern(pattern)
    assert first == second
    assert answer(first, text) == answer(second, text)
    assert answer(first, text) in (True, False, None, "invalid", "unsupported")


def answer(compiled: CompiledPattern, text: str) -> bool | str | None:
    if isinstance(compiled, Search):
        return compiled.search(text)
    return "invalid" if compiled is INVALID else "unsupported"


@given(text=utf8_text, before=utf8_text, after=utf8_text)
@settings(deadline=None)
def test_an_escaped_text_is_found_in_any_text_around_it(text: str, before: str, after: str) -> None:
    pattern = "".join(f"\\x{{{ord(char):x}}}" for char in text)
    haystack = before + text + after
    assert found(pattern, haystack) is True
