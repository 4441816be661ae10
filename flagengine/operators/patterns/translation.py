"""The translation of a tree to a pattern for RE2.

The pattern answers for every text; or only for ASCII texts, when a set is known only for ASCII
characters or the tree has a word boundary.
"""

from typing import Final

from flagengine.operators.patterns.charset import CharSet
from flagengine.operators.patterns.nodes import (
    Assertion,
    Chars,
    Group,
    Literal,
    Node,
    Repeat,
    Sequence,
)

__all__ = ["translate"]

_NEVER: Final = r"[^\x00-\x{10FFFF}]"
_ASSERTIONS: Final = {
    Assertion.TEXT_START: r"\A",
    Assertion.TEXT_END: r"\z",
    Assertion.LINE_START: "(?m:^)",
    Assertion.LINE_END: "(?m:$)",
    Assertion.WORD_BOUNDARY: r"\b",
    Assertion.NO_WORD_BOUNDARY: r"\B",
}


def translate(node: Node, *, ascii_only: bool) -> str:
    """Return the pattern for RE2."""
    if isinstance(node, Assertion):
        return _ASSERTIONS[node]
    if isinstance(node, Literal):
        return _char(ord(node.char))
    if isinstance(node, Chars):
        return _ascii_set(node.members) if ascii_only else _set(node.members)
    if isinstance(node, Repeat):
        return f"(?:{translate(node.item, ascii_only=ascii_only)}){_quantifier(node)}"
    if isinstance(node, Group):
        return f"(?:{translate(node.item, ascii_only=ascii_only)})"
    parts = [translate(item, ascii_only=ascii_only) for item in node.items]
    return "".join(parts) if isinstance(node, Sequence) else f"(?:{'|'.join(parts)})"


def _quantifier(node: Repeat) -> str:
    return f"{{{node.least},{'' if node.most is None else node.most}}}"


def _ascii_set(members: CharSet) -> str:
    spans = members.ascii_ranges()
    return f"[{_spans(spans)}]" if spans else _NEVER


def _set(members: CharSet) -> str:
    content = _spans(members.ranges or ()) + "".join(sorted(members.names))
    if not content:
        return _NEVER
    written = f"[^{content}]" if members.negated else f"[{content}]"
    return f"(?i:{written})" if members.folded else written


def _spans(ranges: tuple[tuple[int, int], ...]) -> str:
    return "".join(
        _char(low) if low == high else f"{_char(low)}-{_char(high)}" for low, high in ranges
    )


def _char(code: int) -> str:
    return f"\\x{{{code:x}}}"
