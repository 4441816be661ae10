r"""Regular expressions of the server's dialect, searched in linear time.

The server compiles a pattern with a front end of its own (look-around, back-references) over a
linear engine, and searches unanchored, with regard to case, in Unicode. Here the pattern is read
by a parser for that dialect and, where the answers are provably the same, written anew for RE2;
no pattern and no text can run away. A pattern that is only literal text needs no engine.

===========  ======================================================================================
outcome      patterns
===========  ======================================================================================
every text   literals; `. ^ $ \A \z`; groups, `(?P<n>..)` and `(?<n>..)`; `|`; `* + ? {n,m}`, lazy
             or not; `\n \t \x7F \x{..} \u00E9 \u{..} \U0001F600 \e`; `\s \S \h \H \O`; classes of
             characters and ranges, `[[:alpha:]]`, nested ones and their `&& -- ~~`; the flags
             `i m s x U u` with ASCII letters; `{` where it repeats nothing
assigned     `\d \D \w \W`; `\pL \p{Lu} \p{Greek} \P{..}` and classes with them; non-ASCII letters
             without regard to case: texts of characters that were assigned in Unicode 14
ASCII        `[^\W_]` and other negated mixtures; set operations on properties; `\p{Alphabetic}`,
             `(?i)\p{Lu}`: ASCII texts
short ASCII  `\b \B`: ASCII texts for which the server cannot run out of backtracking steps
unsupported  look-around, back-references, `(?>..)`, `a++`, conditionals, subroutines, `(?#..)`,
             `\K \G \R \N \Z \< \b{start}`, other properties, `(?R)`, `(?-u)`, flags set inside a
             capturing group, what the server's releases read differently; more than 1000
             repetitions, 50 nested groups, 10,000 characters, or a risk of its size limit
invalid      unclosed groups and classes; a quantifier on nothing or on a quantifier (`a**`);
             unknown escapes and flags; `[z-a]`, `[\w-.]`, `a{2,1}`; bad code points
===========  ======================================================================================

No text with a lone surrogate has an answer: it could not have been sent to the server.
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
    """Compile a pattern as the server's engine would read it, or say why that is impossible.

    Total: no text raises.
    """
    # Reading patterns takes 10 ms to import, and most snapshots have none.
    from flagengine.operators.patterns import compilation  # noqa: PLC0415

    return compilation.compile_pattern(pattern)
