"""Resolutions and missing inputs as text for a table."""

from typing import Any

from flagengine.results.resolution import Missing, Reason, Resolution
from flagengine.values.conversion import to_json_value
from flagengine.values.json_values import text

__all__ = ["answer", "detail", "needs", "reason"]


def answer(resolution: Resolution) -> tuple[str, str]:
    """Return a flag's value and its style."""
    if resolution.reason is Reason.ERROR:
        return "error", "yellow"
    if resolution.caller_default:
        return "the caller's default", "dim"
    if resolution.value is None:
        return ("unresolved" if resolution.unresolved_reason else "none"), "yellow"
    return _json(resolution.value), "green" if resolution.enabled else "dim"


def reason(resolution: Resolution) -> str:
    """Return the code of the reason, with the number of the deciding condition, from 1, if there is one."""
    code = (resolution.unresolved_reason or resolution.reason).value
    if resolution.reason is Reason.SUPER_CONDITION_VALUE or resolution.condition_index is None:
        return code
    return f"{code} {resolution.condition_index + 1}"


def detail(resolution: Resolution) -> str:
    """Return the payload, the missing inputs or why the flag is undecidable; else ''."""
    if resolution.raw_payload is not None:
        return f"payload {resolution.raw_payload}"
    if resolution.missing:
        return f"needs {needs(resolution.missing)}"
    return resolution.description if resolution.unresolved_reason else ""


def needs(missing: Missing) -> str:
    """Return the missing inputs as text: ``plan, company.tier, group company, device id``."""
    return ", ".join(
        [
            *missing.person_properties,
            *(f"{group}.{name}" for group, name in missing.group_properties),
            *(f"group {name}" for name in missing.groups),
            *(["device id"] if missing.device_id else []),
            *(["distinct id"] if missing.distinct_id else []),
        ]
    )


def _json(value: Any) -> str:
    """Return a value as JSON, a variant without quotes."""
    return text(to_json_value(value))
