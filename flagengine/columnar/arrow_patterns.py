"""Patterns for Arrow's RE2: the same translation that the scalar engine gives its own RE2."""

from functools import lru_cache

from flagengine.operators.patterns.nodes import Assertion, Chars, walk
from flagengine.operators.patterns.outcome import InvalidPatternError, UnsupportedPatternError
from flagengine.operators.patterns.source import PatternReader
from flagengine.operators.patterns.syntax import parse_pattern
from flagengine.operators.patterns.translation import translate

__all__ = ["native_pattern"]

_LONGEST = 1_000
_BOUNDARIES = (Assertion.WORD_BOUNDARY, Assertion.NO_WORD_BOUNDARY)


@lru_cache(256)
def native_pattern(pattern: str, *, ascii_only: bool) -> str | None:
    """Return the translation of a pattern; None when only the scalar engine can answer.

    ``ascii_only`` says that all texts are ASCII. Long patterns, and patterns with word boundaries,
    are not translated, because only the scalar engine limits their effort.
    """
    if len(pattern) > _LONGEST or not pattern.isprintable():
        return None
    try:
        reader = PatternReader(pattern)
        nodes = list(walk(parse_pattern(reader)))
    except (InvalidPatternError, UnsupportedPatternError):
        return None
    if reader.is_rejected or any(
        node in _BOUNDARIES for node in nodes if isinstance(node, Assertion)
    ):
        return None
    sets = [chars.members for chars in nodes if isinstance(chars, Chars)]
    narrow = any(members.ranges is None for members in sets)
    if not ascii_only and (narrow or not all(members.is_plain for members in sets)):
        return None
    return translate(parse_pattern(PatternReader(pattern)), ascii_only=narrow)
