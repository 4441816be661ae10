"""JSON values and snapshots from files and standard input; every error names the place."""

import json
import sys
from pathlib import Path
from typing import Any, Final

from flagengine.cli.trouble import Trouble
from flagengine.definitions.document import decoded
from flagengine.definitions.issues import IssueCode, SnapshotError
from flagengine.snapshot import Snapshot

__all__ = [
    "json_object",
    "not_json",
    "read_bytes",
    "read_json_object",
    "read_snapshot",
    "shown_name",
    "snapshot_of",
]

_WANTED: Final = "save the unchanged body of GET /flags/definitions?send_cohorts"
_LOOKALIKES: Final = {
    "featureFlags": "this looks like a response of /flags for one person",
    "results": "this looks like a page of flags from the REST API",
    "detail": "this looks like the server's error response",
}


def shown_name(source: str) -> str:
    """Return the name of a source for messages."""
    return "standard input" if source == "-" else source


def read_bytes(source: str) -> bytes:
    """Return the content of a file, or of standard input for ``-``."""
    try:
        if source == "-":
            return sys.stdin.buffer.read()
        return Path(source).read_bytes()
    except FileNotFoundError:
        raise Trouble(f"{source}: no such file") from None
    except IsADirectoryError:
        raise Trouble(f"{source}: this is a directory, not a file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Trouble(f"cannot read {source!r}: {reason}") from None


def read_snapshot(source: str) -> Snapshot:
    """Return the definitions in a file."""
    return snapshot_of(shown_name(source), read_bytes(source))


def snapshot_of(name: str, data: bytes) -> Snapshot:
    """Return the definitions that text holds; ``name`` says where it is from."""
    try:
        return Snapshot.parse(data)
    except SnapshotError as error:
        if error.code is IssueCode.NOT_JSON:
            raise not_json(name, data, error.__cause__) from None
        raise Trouble(f"{name}: {error}; {_lookalike(data)}") from None


def read_json_object(source: str) -> dict[str, Any]:
    """Return the JSON object in a file."""
    data = read_bytes(source)
    return json_object(shown_name(source), data)


def json_object(name: str, data: bytes) -> dict[str, Any]:
    """Return the object that JSON text has; ``name`` says where it is from."""
    try:
        value = decoded(data)
    except SnapshotError as error:
        raise not_json(name, data, error.__cause__) from None
    if not isinstance(value, dict):
        raise Trouble(f"{name}: must be a JSON object of properties, got {type(value).__name__}")
    return value


def not_json(name: str, data: bytes, error: BaseException | None) -> Trouble:
    """Return an error that names the place of the syntax error and the likely mistake."""
    if not data.strip():
        return Trouble(f"{name}: must be JSON, got an empty file")
    if data.startswith(b"\x1f\x8b"):
        return Trouble(f"{name}: must be JSON, got a gzip file; pipe it through gunzip")
    if isinstance(error, UnicodeDecodeError):
        return Trouble(f"{name}: must be JSON in UTF-8, got {_encoding(data, error.start)}")
    place, what = "", str(error)
    if isinstance(error, json.JSONDecodeError):
        place, what = f", line {error.lineno}, column {error.colno}", error.msg
    return Trouble(f"{name}{place}: invalid JSON: {what}{_likely_mistake(data)}")


def _encoding(data: bytes, place: int) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16, as PowerShell's > writes it; save it again as UTF-8"
    return f"byte 0x{data[place]:02x} at position {place}; {_WANTED}"


def _likely_mistake(data: bytes) -> str:
    start = data.lstrip()[:1]
    if start == b"<":
        return "; the content looks like an HTML page, perhaps an error or a login page"
    return "" if start in (b"{", b"[") else f"; {_WANTED}"


def _lookalike(data: bytes) -> str:
    value = decoded(data)
    if isinstance(value, list):
        return 'wrap the list of flags in {"flags": [...]}'
    for member, hint in _LOOKALIKES.items():
        if isinstance(value, dict) and member in value:
            return f"{hint}; {_WANTED}"
    return _WANTED
