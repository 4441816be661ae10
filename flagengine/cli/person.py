"""Command-line options as the arguments of :func:`flagengine.evaluate`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from flagengine.cli.reading import json_object, read_json_object
from flagengine.cli.trouble import Trouble
from flagengine.evaluator import CallOptions
from flagengine.values.payloads import decode_payload

__all__ = ["Person", "moment_of", "read_person"]


@dataclass(frozen=True, slots=True)
class Person:
    """The person to evaluate, and the options of the call."""

    distinct_id: str | None
    properties: dict[str, Any]
    options: CallOptions


def read_person(
    *,
    distinct_id: str | None,
    pairs: Iterable[str],
    properties: str | None,
    groups: Iterable[str],
    group_pairs: Iterable[str],
    device_id: str | None,
    now: str | None,
    timezone: str,
    complete: bool,
    missing_group: Literal["as_server", "unresolved", "false"],
    overrides: Iterable[str],
    runtime: Literal["client", "server"] | None,
    contexts: Iterable[str],
) -> Person:
    """Return the person that the options describe; raise `Trouble` for the first bad option."""
    keys = dict(_split("--group", "company=acme", text) for text in groups)
    own = {key: decode_payload(value) for key, value in _pairs("--property", "plan=pro", pairs)}
    options = CallOptions(
        groups=keys,
        group_properties=_group_properties(group_pairs, keys),
        device_id=device_id,
        now=moment_of(now),
        project_timezone=timezone,
        complete=complete,
        missing_group=missing_group,
        overrides={k: _override(v) for k, v in _pairs("--override", "flag=true", overrides)},
        evaluation_runtime=runtime,
        evaluation_contexts=list(contexts) or None,
    )
    return Person(distinct_id, _properties(properties) | own, options)


def _split(option: str, example: str, written: str) -> tuple[str, str]:
    key, sign, value = written.partition("=")
    if not sign or not key:
        raise Trouble(f"{option} must be a name, = and a value, as in {example}, got {written}")
    return key, value


def _pairs(option: str, example: str, written: Iterable[str]) -> list[tuple[str, str]]:
    return [_split(option, example, text) for text in written]


def _override(written: str) -> bool | str | None:
    """Return true, false, null, or the name of a variant, which may look like a number."""
    value = decode_payload(written)
    return value if value is None or isinstance(value, bool | str) else written


def _properties(written: str | None) -> dict[str, Any]:
    if written is None:
        return {}
    if not written.lstrip().startswith("{"):
        return read_json_object(written)
    return json_object("--properties", written.encode(errors="replace"))


def _group_properties(written: Iterable[str], groups: Iterable[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for path, value in _pairs("--group-property", "company.tier=gold", written):
        group, key = _group_and_key(path, groups)
        found.setdefault(group, {})[key] = decode_payload(value)
    return found


def _group_and_key(path: str, groups: Iterable[str]) -> tuple[str, str]:
    """Split at the first dot, unless a given group has a name with dots."""
    for group in sorted(groups, key=len, reverse=True):
        if path.startswith(f"{group}.") and path != f"{group}.":
            return group, path.removeprefix(f"{group}.")
    group, _, key = path.partition(".")
    if not group or not key:
        raise Trouble(
            "--group-property must have the group type before the property's name, "
            f"as in company.tier=gold, got {path}"
        )
    return group, key


def moment_of(written: str | None) -> datetime | None:
    """Parse a time with an offset; return None if the option was left out."""
    if written is None:
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise Trouble(
            f"--now must be a time with an offset, as in 2026-11-24T12:00:00+01:00, got {written}"
        )
    return moment
