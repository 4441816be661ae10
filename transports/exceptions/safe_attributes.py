"""Reading attributes of exceptions without running code of the application.

The attributes are read through the built-in descriptors, so a broken ``__getattr__``, property or
metaclass is never called. Only ``str`` of the exception runs code of the application; if ``str``
raises, only the message is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Any, TypeGuard, TypeVar

from ..http.redaction import redact_text

__all__ = [
    "MAX_MESSAGE_LENGTH",
    "children",
    "group_members",
    "instance_dict",
    "is_a",
    "message",
    "module_name",
    "printable",
    "qualified_name",
    "traceback_of",
    "type_name",
]

MAX_MESSAGE_LENGTH = 4096

T = TypeVar("T")

_BASE = vars(BaseException)
_GROUP = vars(BaseExceptionGroup)
_TYPE = vars(type)


def is_a(value: object, kind: type[T]) -> TypeGuard[T]:
    """Return whether ``value`` is a ``kind`` by its real type, not by its ``__class__``."""
    return issubclass(type(value), kind)


def type_name(error: object) -> str:
    """Return the name of ``error`` if it is a class, otherwise the name of its class."""
    cls = error if is_a(error, type) else type(error)
    return str(_TYPE["__name__"].__get__(cls)) or "Error"


def qualified_name(cls: type) -> str:
    """Return the name of a class inside its module."""
    return str(_TYPE["__qualname__"].__get__(cls))


def module_name(error: object) -> str | None:
    """Return the module of the class; None for built-in classes."""
    cls = error if is_a(error, type) else type(error)
    try:
        module = _TYPE["__module__"].__get__(cls)
    except AttributeError:
        return None
    return module if isinstance(module, str) and module not in ("", "builtins") else None


def traceback_of(error: BaseException) -> TracebackType | None:
    """Return the traceback that the interpreter recorded."""
    found: TracebackType | None = _BASE["__traceback__"].__get__(error)
    return found


def instance_dict(error: BaseException) -> dict[str, Any]:
    """Return the attributes set on the exception itself."""
    found: dict[str, Any] = _BASE["__dict__"].__get__(error)
    return found


def children(error: BaseException) -> Iterator[tuple[str, BaseException]]:
    """Yield the exception's cause or context, then the members of a group in order."""
    cause = _BASE["__cause__"].__get__(error)
    context = _BASE["__context__"].__get__(error)
    if cause is not None:
        yield "cause", cause
    elif context is not None and not _BASE["__suppress_context__"].__get__(error):
        yield "context", context
    for member in group_members(error):
        yield "member", member


def group_members(error: BaseException) -> tuple[BaseException, ...]:
    """Return the members of an exception group; empty for other exceptions."""
    found: tuple[BaseException, ...] = (
        _GROUP["exceptions"].__get__(error) if is_a(error, BaseExceptionGroup) else ()
    )
    return found


def message(error: BaseException) -> str:
    """Return the exception's text with its notes, cut and with keys redacted."""
    return "\n".join([printable(error), *_notes(error)])[:MAX_MESSAGE_LENGTH]


def printable(value: object) -> str:
    """Return ``str(value)``, cut and with keys redacted; a placeholder if ``str`` raises."""
    try:
        text = str.__str__(str(value))
    except Exception:  # noqa: BLE001 - an application's __str__ may raise anything
        return f"<{type_name(value)} without readable text>"
    # Cut first, because redacting megabytes is slow.
    return redact_text(text[: 2 * MAX_MESSAGE_LENGTH])[:MAX_MESSAGE_LENGTH]


def _notes(error: BaseException) -> list[str]:
    notes = instance_dict(error).get("__notes__")
    if type(notes) is not list:
        return []
    return [printable(note) for note in notes if is_a(note, str)]
