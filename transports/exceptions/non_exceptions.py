"""Objects captured in place of exceptions: text, mappings, classes and any other object."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType

from ..http.redaction import redact_text
from .code_variables import shown
from .mechanism import valid_text
from .safe_attributes import MAX_MESSAGE_LENGTH, is_a, module_name, safe_text, type_name
from .settings import CodeVariables

__all__ = ["exc_info_of", "facts_of_other"]

# The type of text, and of mappings that name no type.
_UNNAMED = "Error"
_TYPE_KEYS = ("name", "type")
_MESSAGE_KEYS = ("message", "error", "detail", "reason")


def exc_info_of(given: object) -> tuple[object, TracebackType | None]:
    """Return the exception and traceback of a ``sys.exc_info()`` triple; else ``given`` and None."""
    if not is_a(given, tuple) or len(given) != 3:
        return given, None
    kind, value, traceback = given
    is_triple = is_a(kind, type) and issubclass(kind, BaseException)
    if not is_triple or not (traceback is None or is_a(traceback, TracebackType)):
        return given, None
    return (kind if value is None else value), traceback


def facts_of_other(given: object, options: CodeVariables) -> dict[str, str]:
    """Return the type, the value and, if known, the module of an object that is not an exception."""
    if is_a(given, str):
        return {"type": _UNNAMED, "value": safe_text(given)}
    if type(given) is bytes:
        return {"type": _UNNAMED, "value": safe_text(given.decode("utf-8", "replace"))}
    if type(given) is dict:
        return _facts_of_mapping(given, options)
    facts = {"type": type_name(given), "value": _value(given, options)}
    module = module_name(given)
    return facts if module is None else {**facts, "module": module}


def _facts_of_mapping(given: Mapping[object, object], options: CodeVariables) -> dict[str, str]:
    kind = next((text for key in _TYPE_KEYS if (text := valid_text(given.get(key)))), _UNNAMED)
    texts = (given.get(key) for key in _MESSAGE_KEYS)
    found = next((text for text in texts if valid_text(text)), None)
    return {"type": kind, "value": _rendered(given, options) if found is None else safe_text(found)}


def _value(given: object, options: CodeVariables) -> str:
    if is_a(given, type):
        return ""
    if module_name(given) is None:
        return _rendered(given, options)
    has_text = type(given).__str__ is not object.__str__ or (
        type(given).__repr__ is not object.__repr__
    )
    # The default text of objects contains their address, which differs in each process.
    return safe_text(given) if has_text else f"<{type_name(given)} object>"


def _rendered(given: object, options: CodeVariables) -> str:
    return redact_text(shown(given, options))[:MAX_MESSAGE_LENGTH]
