r"""Regular expressions of the server's dialect, searched in linear time.

The server compiles a pattern with its own front end (look-around, back-references) on top of a
linear engine, and searches unanchored, case-sensitively, in Unicode. This package parses the dialect
and, where the answers are provably the same, rewrites the pattern for RE2, or for an automaton in
Python where RE2 is not installed; no pattern and no text can take more than linear time. A pattern
that is only literal text needs no engine.

===========  ======================================================================================
outcome      patterns
===========  ======================================================================================
every text   literals; `. ^ $ \A \z`; groups, `(?P<n>..)` and `(?<n>..)`; `|`; `* + ? {n,m}`, lazy
             or not; `\n \t \x7F \x{..} \u00E9 \u{..} \U0001F600 \e`; `\s \S \h \H \O`; classes of
             characters and ranges, `[[:alpha:]]`, nested classes and `&& -- ~~`; the flags
             `i m s x U u` with ASCII letters; `{` as a literal
assigned     `\d \D \w \W`; `\pL \p{Lu} \p{Greek} \P{..}` and classes with them; case-insensitive
             non-ASCII letters; in texts of characters that were assigned in Unicode 14
ASCII        `[^\W_]` and other negated mixtures; set operations on properties; `\p{Alphabetic}`,
             `(?i)\p{Lu}`; in ASCII texts
short ASCII  `\b \B`; in ASCII texts for which the server cannot run out of backtracking steps
unsupported  look-around, back-references, `(?>..)`, `a++`, conditionals, subroutines, `(?#..)`,
             `\K \G \R \N \Z \< \b{start}`, other properties, `(?R)`, `(?-u)`, flags set inside a
             capturing group, syntax that the server's releases read differently; more than 1000
             repetitions, 50 nested groups, 10,000 characters, or a risk of the server's size limit
invalid      unclosed groups and classes; a quantifier on nothing or on a quantifier (`a**`);
             unknown escapes and flags; `[z-a]`, `[\w-.]`, `a{2,1}`; bad code points
===========  ======================================================================================

A text with a lone surrogate has no answer, because it cannot be sent to the server.
"""

from flagengine.operators.patterns.outcome import (
    INVALID,
    CompiledPattern,
    InvalidType,
    Search,
    UnsupportedPattern,
)

__all__ = [
    "INVALID",
    "CompiledPattern",
    "InvalidType",
    "Search",
    "UnsupportedPattern",
    "compile_pattern",
]


def compile_pattern(pattern: str) -> CompiledPattern:
    """Compile a pattern as the server's engine reads it, or say why that is impossible.

    No text raises an exception.
    """
    # The pattern parser takes 10 ms to import, and most snapshots have no patterns.
    from flagengine.operators.patterns import compilation  # noqa: PLC0415

    return compilation.compile_pattern(pattern)
