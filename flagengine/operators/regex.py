"""``regex`` and ``not_regex`` (SPEC R9): unanchored, case-sensitive, linear in time."""

from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

from flagengine.operators.matcher import Form, Matcher, UnsupportedOperator, never
from flagengine.values.json_values import text

if TYPE_CHECKING:  # many processes compile no pattern
    from flagengine.operators.patterns import CompiledPattern

__all__ = ["OPERATORS", "regex"]


def regex(operand: Any, *, negated: bool) -> Matcher | UnsupportedOperator:
    """Match when the pattern is found in the rendered property.

    An invalid pattern never matches, negated or not. Only the server decides a pattern that cannot
    be translated with certainty.
    """
    from flagengine.operators.patterns import (  # noqa: PLC0415 1 ms
        InvalidType,
        UnsupportedPattern,
    )

    pattern = _compiled(text(operand))
    if isinstance(pattern, InvalidType):
        return Matcher(Form.TEXT, never, absent=negated)
    if isinstance(pattern, UnsupportedPattern):
        return UnsupportedOperator(pattern.reason)
    search = pattern.search
    if not negated:
        return Matcher(Form.TEXT, search, absent=False)

    def test(value: str) -> bool | None:
        found = search(value)
        return None if found is None else not found

    return Matcher(Form.TEXT, test, absent=True)


@lru_cache(256)
def _compiled(pattern: str) -> "CompiledPattern":
    """Compile a pattern once for all flags that have it."""
    from flagengine.operators.patterns import compile_pattern  # noqa: PLC0415 as above

    return compile_pattern(pattern)


OPERATORS: Final = {
    "regex": partial(regex, negated=False),
    "not_regex": partial(regex, negated=True),
}
