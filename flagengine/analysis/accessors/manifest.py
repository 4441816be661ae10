"""The flags of a snapshot as a flag manifest of OpenFeature's command line (its schema v0)."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from flagengine.analysis.accessors.kinds import FlagKind, kind_of, served_values
from flagengine.definitions.model import Flag
from flagengine.snapshot import Snapshot

__all__ = ["SCHEMA", "flag_manifest", "without_place"]

SCHEMA: Final = "https://raw.githubusercontent.com/open-feature/cli/refs/heads/main/schema/v0/flag-manifest.json"
_NEUTRAL: Final[Mapping[str, Any]] = {
    "boolean": False,
    "string": "",
    "integer": 0,
    "float": 0,
    "object": {},
}


def flag_manifest(snapshot: Snapshot, keys: Iterable[str] | None = None) -> dict[str, Any]:
    """Return the manifest as JSON values; ``keys`` are the flags, None: all flags.

    ``defaultValue`` is the flag's own default value if it has one (format 2), else a neutral value:
    false, no text, 0, or an empty object. Flags that cannot be read have no type, and those of
    :func:`without_place` have no place in a manifest; both are left out.
    """
    wanted = snapshot.keys if keys is None else {*keys}
    left_out = set(without_place(snapshot, wanted))
    flags = {key: _entry(snapshot.flags[key]) for key in sorted(wanted) if key not in left_out}
    return {"$schema": SCHEMA, "flags": flags}


def without_place(snapshot: Snapshot, keys: Iterable[str] | None = None) -> list[str]:
    """Return the keys that a manifest cannot hold: empty, with a line break, or of a flag without a type."""
    wanted = sorted(snapshot.keys if keys is None else {*keys})
    return [
        key
        for key in wanted
        if len(key.splitlines()) != 1 or kind_of(snapshot.flags[key]).kind == "any"
    ]


def _entry(flag: Flag) -> dict[str, Any]:
    kind = _type(flag, kind_of(flag))
    own = None if flag.rules is None else flag.rules.default
    entry = {"flagType": kind, "defaultValue": _NEUTRAL[kind] if own is None else own}
    return entry | ({"description": flag.name} if flag.name else {})


def _type(flag: Flag, kind: FlagKind) -> str:
    if kind.kind in ("variant", "text"):
        return "string"
    if kind.kind != "number":
        return kind.kind
    values = [] if flag.rules is None else list(served_values(flag.rules))
    is_whole = values and all(isinstance(value, int) for value in values)
    return "integer" if is_whole else "float"
