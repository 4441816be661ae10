"""The source lines around each frame's line, limited in number and with keys redacted.

Because an event's size is limited, the frames nearest to the crash get their lines first.
"""

from __future__ import annotations

import linecache
from collections.abc import Iterable
from typing import Any

from ..http.redaction import redact_text
from .frames import Located

__all__ = ["BUDGET", "MAX_LINE_LENGTH", "add_source"]

MAX_LINE_LENGTH = 1024
# Bytes of source in an event; the server refuses events of about a megabyte.
BUDGET = 250_000


def add_source(stacks: Iterable[list[Located]], around: int) -> None:
    """Add ``pre_context``, ``context_line`` and ``post_context`` to frames with readable source."""
    left = BUDGET if around > 0 else 0
    for stack in stacks:
        for located in reversed(stack):
            if left <= 0:
                return
            context = _context(located, around)
            left -= sum(len(line.encode("utf-8", "replace")) for line in _all_lines(context))
            located.described.update(context)


def _context(located: Located, around: int) -> dict[str, Any]:
    lines = _lines(located)
    at = (located.lineno or 0) - 1
    if not 0 <= at < len(lines):
        return {}
    return {
        "pre_context": [_shown(line) for line in lines[max(0, at - around) : at]],
        "context_line": _shown(lines[at]),
        "post_context": [_shown(line) for line in lines[at + 1 : at + 1 + around]],
    }


def _all_lines(context: dict[str, Any]) -> list[str]:
    if not context:
        return []
    return [*context["pre_context"], context["context_line"], *context["post_context"]]


def _lines(located: Located) -> list[str]:
    try:
        return linecache.getlines(located.frame.f_code.co_filename, located.frame.f_globals)
    except Exception:  # noqa: BLE001 - a module's loader may raise anything
        return []


def _shown(line: str) -> str:
    return redact_text(line.rstrip("\r\n")[:MAX_LINE_LENGTH])
