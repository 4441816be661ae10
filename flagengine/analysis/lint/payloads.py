"""Payloads that are not JSON text, and payloads that no value of the flag has."""

from collections.abc import Iterable, Iterator
from typing import Any

from flagengine.analysis.lint.finding import Finding, finding
from flagengine.analysis.lint.inspection import Inspection
from flagengine.analysis.lint.places import Place
from flagengine.definitions.model import Flag
from flagengine.definitions.reading import json_type, pointer_to, shown
from flagengine.values.payloads import parse_payload
from flagengine.values.spelling import nearest

__all__ = ["check_payloads"]


def check_payloads(inspection: Inspection) -> Iterator[Finding]:
    """Yield payloads that are not JSON text or belong to no value of their flag."""
    raw = {place.pointer: place for place in inspection.places if place.kind == "format1"}
    for flag in inspection.flags:
        place = raw.get(pointer_to(flag.pointer, "filters"))
        payloads = place.value.get("payloads") if place else None
        if place is not None and isinstance(payloads, dict):
            values = _values(flag)
            for key, payload in payloads.items():
                yield from _payload(place, key, payload)
                if key not in values:
                    yield _unused(place.at("payloads", key), key, values)


def _payload(place: Place, key: str, payload: Any) -> Iterator[Finding]:
    pointer = place.at("payloads", key)
    if isinstance(payload, str):
        error = _json_error(payload)
        if error is not None:
            yield finding("payload_not_json", pointer, f"the payload is not JSON: {error}")
    elif payload is not None:
        message = f"the payload should be JSON text, got {json_type(payload)}"
        yield finding("raw_payload", pointer, message)


def _json_error(payload: str) -> str | None:
    try:
        parse_payload(payload)
    except RecursionError:
        return "nested too deeply"
    except ValueError as error:
        return str(error)
    return None


def _values(flag: Flag) -> dict[str, None]:
    """Return the values of a flag that may have a payload, in order."""
    values = ["true", *(variant.key for variant in flag.variants)]
    if flag.holdout is not None:
        values.append(f"holdout-{flag.holdout.id}")
    return dict.fromkeys(values)


def _unused(pointer: str, key: str, values: Iterable[str]) -> Finding:
    near = nearest(key, values)
    hint = None if near is None else f"Did you mean {near!r}?"
    message = f"payload key {shown(key)!r} matches no value of this flag"
    return finding("unused_payload", pointer, message, hint)
