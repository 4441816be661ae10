"""A definitions document as JSON that callers cannot change: decoded text, or a copy (SPEC R1)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from flagengine.definitions.issues import IssueCode, SnapshotError
from flagengine.definitions.parsing import config_version_of
from flagengine.definitions.reading import json_type, shown
from flagengine.values.json_reading import cut_deep, loads

if TYPE_CHECKING:  # few documents lose anything
    from flagengine.definitions.rules.lost import Lost

__all__ = ["Document", "decoded", "read_document", "read_with_losses"]

Document = Mapping[str, Any] | str | bytes | bytearray
"""A definitions document: the parsed JSON, its text, or its UTF-8 bytes."""

_EXPECTED: Final = 'a definitions document must be an object with a list "flags"'


def read_document(document: Document) -> dict[str, Any]:
    """Return a definitions document that no caller can change, or raise SnapshotError."""
    return read_with_losses(document)[0]


def read_with_losses(document: Document) -> tuple[dict[str, Any], "Lost"]:
    """Return a definitions document, and what its flags of format 2 lost by decoding (R20.2)."""
    if not issubclass(type(document), str | bytes | bytearray):
        from flagengine.definitions.owned import owned  # noqa: PLC0415 1 ms, for mappings only

        return _checked(owned(document)), {}
    value, text = _decoded(_as_text(document))  # type: ignore[arg-type]
    checked: dict[str, Any] = _checked(value)
    return checked, _lost(text, checked["flags"])


def decoded(text: str | bytes | bytearray) -> Any:
    """Return the value of JSON text, however deep or long its parts are; or raise SnapshotError."""
    return _decoded(_as_text(text))[0]


def _checked(value: Any) -> Any:
    """Return a value that has the outline of a definitions document, or raise SnapshotError."""
    if not isinstance(value, Mapping):
        message = f"{_EXPECTED}, got {json_type(value)}"
        raise SnapshotError(IssueCode.NOT_AN_OBJECT, "", message)
    if "flags" not in value:
        message = f"{_EXPECTED}, got {_members(value)}"
        raise SnapshotError(IssueCode.MISSING_KEY, "/flags", message)
    if not isinstance(value["flags"], list | tuple):
        message = f"{_EXPECTED}, got {json_type(value['flags'])} as flags"
        raise SnapshotError(IssueCode.WRONG_TYPE, "/flags", message)
    return value


def _lost(text: str, flags: list[Any]) -> "Lost":
    positions = [position for position, flag in enumerate(flags) if _is_format_2(flag)]
    if not positions:
        return {}
    from flagengine.definitions.rules.lost import lost_by_decoding  # noqa: PLC0415 few need it

    try:
        return lost_by_decoding(text, positions)
    except RecursionError:  # it needs slightly more of the stack than the first reading
        return lost_by_decoding(_cut(text), positions)


def _is_format_2(flag: Any) -> bool:
    filters = flag.get("filters") if isinstance(flag, dict) else None
    return isinstance(filters, dict) and "version" in filters and config_version_of(filters) == 2


def _members(value: Mapping[str, Any]) -> str:
    names = ", ".join(repr(shown(name)) for name in list(value)[:5])
    return f"an object with {names}" if names else "an empty object"


def _as_text(document: str | bytes | bytearray) -> str:
    """Return the text of UTF-8 bytes, without a byte order mark (SPEC R1.1)."""
    if issubclass(type(document), str):
        text = str.__str__(document)  # a subclass counts for what it holds
    else:
        try:
            text = bytes(memoryview(document)).decode()  # type: ignore[arg-type]
        except UnicodeDecodeError as error:
            message = f"{_EXPECTED}; the bytes are not UTF-8: {error}"
            raise SnapshotError(IssueCode.NOT_JSON, "", message) from error
    return text.removeprefix("\ufeff")


def _cut(text: str) -> str:
    from flagengine.definitions.owned import MAX_NESTING  # noqa: PLC0415 1 ms, and rare

    return cut_deep(text, MAX_NESTING)


def _decoded(text: str) -> tuple[Any, str]:
    """Return the decoded value, and the text that it was decoded from."""
    try:
        try:
            return loads(text), text
        except RecursionError:
            text = _cut(text)
            return loads(text), text
    except ValueError as error:
        message = f"{_EXPECTED}; the text is not JSON: {error}"
        raise SnapshotError(IssueCode.NOT_JSON, "", message) from error
