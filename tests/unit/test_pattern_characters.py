"""Which characters a set has: every ASCII character is asked, and the neighbours of each edge.

The expected answers were taken from the server's own engine.
"""

import string

import pytest

from flagengine.operators.patterns import Search, compile_pattern

ASCII = [chr(code) for code in range(128)]
LONG_S, KELVIN, HIGHEST, UNASSIGNED = "\u017f", "\u212a", "\U0010ffff", "\u0378"
VISIBLE = string.ascii_letters + string.digits + string.punctuation
WORD = string.ascii_letters + string.digits + "_"
CONTROLS = "".join(map(chr, range(32))) + "\x7f"


def without(characters: str) -> str:
    return "".join(char for char in ASCII if char not in characters)


IN_ASCII = [
    (r"\d", string.digits),
    (r"\D", without(string.digits)),
    (r"\w", WORD),
    (r"\W", without(WORD)),
    (r"\s", "\t\n\v\f\r "),
    (r"\S", without("\t\n\v\f\r ")),
    (r"\h", string.hexdigits),
    (r"\H", without(string.hexdigits)),
    (".", without("\n")),
    ("(?s).", "".join(ASCII)),
    (r"\O", "".join(ASCII)),
    ("[[:alnum:]]", string.ascii_letters + string.digits),
    ("[[:alpha:]]", string.ascii_letters),
    ("[[:ascii:]]", "".join(ASCII)),
    ("[[:blank:]]", "\t "),
    ("[[:cntrl:]]", CONTROLS),
    ("[[:digit:]]", string.digits),
    ("[[:graph:]]", VISIBLE),
    ("[[:lower:]]", string.ascii_lowercase),
    ("[[:print:]]", VISIBLE + " "),
    ("[[:punct:]]", string.punctuation),
    ("[[:space:]]", "\t\n\v\f\r "),
    ("[[:upper:]]", string.ascii_uppercase),
    ("(?i)[[:upper:]]", string.ascii_letters),
    ("[[:word:]]", WORD),
    ("[[:^word:]]", without(WORD)),
    ("[[:xdigit:]]", string.hexdigits),
    (r"\p{ASCII}", "".join(ASCII)),
    (r"\p{Any}", "".join(ASCII)),
    (r"\p{L}", string.ascii_letters),
    (r"\p{Lu}", string.ascii_uppercase),
    (r"\p{Ll}", string.ascii_lowercase),
    (r"\p{N}", string.digits),
    (r"\p{P}", "!\"#%&'()*,-./:;?@[\\]_{}"),
    (r"\p{S}", "$+<=>^`|~"),
    (r"\p{Zs}", " "),
    (r"\p{Cc}", CONTROLS),
    (r"\p{Latin}", string.ascii_letters),
    (r"\p{Greek}", ""),
    (r"\p{Alphabetic}", string.ascii_letters),
    (r"\p{Uppercase}", string.ascii_uppercase),
    (r"\p{Lowercase}", string.ascii_lowercase),
    (r"[\p{Alphabetic}1]", string.ascii_letters + "1"),
    (r"[\pL1]", string.ascii_letters + "1"),
    (r"[\p{Latin}&&[a-c1]]", "abc"),
    (r"[\p{Greek}&&[a-c1]]", ""),
    (r"[\p{Any}--\pL]", without(string.ascii_letters)),
    (r"[^\W_]", string.ascii_letters + string.digits),
    (r"[\W_]", without(string.ascii_letters + string.digits)),
    (r"\b[^\W_]", string.ascii_letters + string.digits),
    ("[^a]", without("a")),
    ("[a&&]", ""),
    ("[a-a]", "a"),
    ("[!-~&&[a-z]]", string.ascii_lowercase),
    ("[!-~--[a-z]]", VISIBLE.replace(string.ascii_lowercase, "")),
    ("[!-~~~[a-z]]", VISIBLE.replace(string.ascii_lowercase, "")),
    ("[^0a-zc-d]", without("0" + string.ascii_lowercase)),
    ("[^a-zc-d0]", without("0" + string.ascii_lowercase)),
    ("(?i)[a-z--k]", string.ascii_letters.replace("k", "").replace("K", "")),
]

AT_THE_EDGES = [
    (
        r"\w",
        "\u24b6\u24e9\U0001f130\U0001f149\U0001f150\U0001f169\U0001f170\U0001f189\u200c\u200d",
        "\u24b5\u24ea\U0001f12f\U0001f14a\U0001f14f\U0001f16a\U0001f16f\U0001f18a\u200b\u200e",
    ),
    (
        r"\s",
        "\x85\xa0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000",
        "\x84\x86\x9f\xa1\u167f\u1681\u1fff\u200b\u2027\u202a\u202e\u2030\u205e\u2060\u2fff\u3001",
    ),
    ("[[:ascii:]]", "\x7f", "\x80"),
    (r"\p{ASCII}", "\x7f", "\x80"),
    ("(?s).", HIGHEST, ""),
    (r"\p{Any}", HIGHEST, ""),
    ("[^a]", HIGHEST + UNASSIGNED, "a"),
    (r"[^\x00-\x{10FFFE}]", HIGHEST, "\x00\U0010fffe"),
    (r"\x{D7FF}", "\ud7ff", "\ue000"),
    (r"\x{E000}", "\ue000", "\ud7ff"),
    (r"\x{10FFFF}", HIGHEST, "\U0010fffe"),
    (r"[\P{Lu}]", "\u00e9", "\u00c9"),
    ("[a-z\u00e9&&[^b]]", "a\u00e9", "b\u00e8"),
    (r"\pL\p{Nd}?", "\u00e9", "-"),
]

WITHOUT_REGARD_TO_CASE = [
    (LONG_S, "sS" + LONG_S, "tT\x00" + UNASSIGNED),
    (KELVIN, "kK" + KELVIN, "lLsS\x00" + UNASSIGNED),
    (f"[{LONG_S}]", "sS" + LONG_S, "tT" + UNASSIGNED),
    (f"[{KELVIN}]", "kK" + KELVIN, "lLsS" + UNASSIGNED),
    ("[[^a]]", "b" + UNASSIGNED, "aA"),
    # Beside the long s, which is an s, and the kelvin sign, which is a k.
    ("[\u017e\u017f]", "\u017d\u017esS\u017f", "z"),
    ("[\u017f\u0180]", "\u0243\u0180sS\u017f", "z"),
    ("[\u212a\u212b]", "\u00e5\u00c5\u212bkK\u212a", "z"),
    ("[\u0430-\u044f]", "\u0416\u0436", "z"),
    ("[\u017d-\u017f]", "\u017d\u017esS\u017f", "z"),
    ("[\u00df-\u00e0]", "\u00df\u1e9e\u00c0", "z"),
    (r"[\w\pN]", "\u00e9\u00c9\u2167", "-"),
]


def answers(pattern: str, texts: str | list[str]) -> dict[str, bool | None]:
    compiled = compile_pattern(pattern)
    assert isinstance(compiled, Search), compiled
    return {text: compiled.search(text) for text in texts}


@pytest.mark.parametrize(("pattern", "members"), IN_ASCII)
def test_a_set_has_these_ascii_characters_and_no_others(pattern: str, members: str) -> None:
    assert answers(pattern, ASCII) == {char: char in members for char in ASCII}


@pytest.mark.parametrize(("pattern", "inside", "outside"), AT_THE_EDGES)
def test_a_set_ends_at_these_characters(pattern: str, inside: str, outside: str) -> None:
    expected = {**dict.fromkeys(inside, True), **dict.fromkeys(outside, False)}
    assert answers(pattern, inside + outside) == expected


@pytest.mark.parametrize(("pattern", "inside", "outside"), WITHOUT_REGARD_TO_CASE)
def test_a_set_without_regard_to_case_has_these_characters(
    pattern: str, inside: str, outside: str
) -> None:
    expected = {**dict.fromkeys(inside, True), **dict.fromkeys(outside, False)}
    assert answers(f"(?i){pattern}", inside + outside) == expected


def test_an_ascii_character_without_regard_to_case_is_its_two_cases_and_two_odd_letters() -> None:
    odd = {"s": LONG_S, "S": LONG_S, "k": KELVIN, "K": KELVIN}
    asked = [*ASCII, LONG_S, KELVIN]
    for char in ASCII:
        cases = {char.lower(), char.upper(), odd.get(char, char)}
        for pattern in (f"(?i)\\x{ord(char):02x}", f"(?i)[\\x{ord(char):02x}]"):
            assert answers(pattern, asked) == {text: text in cases for text in asked}
