"""OpenFeature's SDK for Python with the provider of its protocol."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from lines import drive, in_turn
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

_DEFAULTS: dict[str, Any] = {
    "boolean": False,
    "string": "(the caller's)",
    "integer": -98_765,
    "float": -98_765.25,
    "object": {"is_the_callers": True},
}
_sessions: list[Any] = []
_made: list[str] = []


def _client(url: str, project_key: str) -> Any:
    domain = f"client-{len(_made)}"
    _made.append(domain)
    provider = OFREPProvider(url, headers_factory=lambda: {"X-API-Key": project_key}, timeout=60)
    api.set_provider_and_wait(provider, domain)
    return api.get_client(domain)


def _context(asked: Mapping[str, Any]) -> EvaluationContext:
    options = ("groups", "group_properties", "device_id")
    attributes = {name: asked[name] for name in options if name in asked}
    return EvaluationContext(
        asked.get("distinct_id"), {**asked.get("person_properties", {}), **attributes}
    )


def _said(client: Any, asked: Mapping[str, Any]) -> dict[str, Any]:
    kind = asked["kind"]
    read = getattr(client, f"get_{kind}_details")
    default = _DEFAULTS[kind]
    details = read(asked["flag_key"], default, _context(asked))
    error = None if details.error_code is None else details.error_code.value
    is_default = details.value == default
    if kind == "boolean" and is_default and error is None:
        is_default = read(asked["flag_key"], True, _context(asked)).value is True
    return {
        "value": None if is_default or error else details.value,
        "payload": details.flag_metadata.get("payload"),
        "error": error if error in (None, "FLAG_NOT_FOUND") else "failed",
    }


def _ask(asked: Mapping[str, Any]) -> dict[str, Any]:
    return _said(_client(asked["url"], asked["project_key"]), asked)


drive(
    {
        "name": "openfeature-provider-ofrep",
        "version": version("openfeature-provider-ofrep"),
    },
    {
        "ask": in_turn(_ask),
        "open": lambda url, project_key, **_: _sessions.append(_client(url, project_key)),
        "flag": lambda **asked: _said(_sessions[-1], asked),
        "notes": list,
        "end": api.clear_providers,
    },
)
