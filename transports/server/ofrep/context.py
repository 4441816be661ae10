"""The evaluation context of a request as the engine's arguments, by the rules of the provider for Python.

The targeting key is the distinct id. ``groups``, ``group_properties`` and ``device_id`` are options, and all
other attributes are properties of the person.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from flagengine import usable_id

from ..posthog.callers import runtime_of
from ..publication import Publication
from ..web.body import unpacked_body
from ..web.lenient_json import json_of
from ..web.request import Request
from ..web.response import Refused
from .errors import Code, refusal

__all__ = ["Asked", "asked_of"]

_TARGETING_KEY: Final = "targetingKey"
_NAMES: Final = {
    type(None): "null",
    bool: "a boolean",
    str: "text",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}


class Asked(NamedTuple):
    """What a request asks about.

    Attributes:
        distinct_id: the person; None without a targeting key.
        properties: the person's properties.
        options: the other arguments of ``evaluate`` that the context has.
        runtime: ``client`` or ``server``, by the headers; None: not known.
    """

    distinct_id: str | None
    properties: Mapping[str, Any]
    options: dict[str, Any]
    runtime: str | None

    def options_for(self, publication: Publication) -> dict[str, Any]:
        """Return the options; the engine is quickest without those that change nothing."""
        if self.runtime is None or not publication.has_runtimes:
            return self.options
        return {**self.options, "evaluation_runtime": self.runtime}

    def posthog_body(self, *, is_of_person: bool) -> dict[str, Any]:
        """Return the body that asks PostHog's server the same.

        ``is_of_person`` is whether the person's own device asks, whose address then says where the person is.
        """
        body = {
            "distinct_id": self.distinct_id,
            "person_properties": self.properties,
            **self.options,
        }
        return body if is_of_person else {**body, "geoip_disable": True}


def asked_of(request: Request, *, limit: int, key: str | None = None) -> Asked:
    """Return what a request asks about; no body, and a body without a context, ask about nobody.

    Raises:
        Refused: the body is not JSON, or has more than ``limit`` bytes, or the context is not what it must be
            (400, with ``key``).
    """
    context = _context(request, limit, key)
    targeting_key = context.pop(_TARGETING_KEY, None)
    if isinstance(targeting_key, bool | list | dict):
        raise _mistake(f"{_TARGETING_KEY} must be text", targeting_key, key)
    options: dict[str, Any] = {}
    if "groups" in context:
        options["groups"] = _object(context.pop("groups"), "groups", key)
    if "group_properties" in context:
        by_group = _object(context.pop("group_properties"), "group_properties", key)
        for group, properties in by_group.items():
            _object(properties, f"group_properties of {group!r}", key)
        options["group_properties"] = by_group
    device_id = usable_id(context.pop("device_id", None))
    if device_id:
        options["device_id"] = device_id
    return Asked(usable_id(targeting_key) or None, context, options, runtime_of(request, None))


def _context(request: Request, limit: int, key: str | None) -> dict[str, Any]:
    if not request.body:
        return {}
    try:
        body = json_of(unpacked_body(request, limit=limit))
    except ValueError:
        raise refusal(400, Code.PARSE_ERROR, "the body must be JSON", key) from None
    except Refused as refused:
        if refused.response.status != 400:
            raise
        raise refusal(400, Code.PARSE_ERROR, refused.response.body.decode(), key) from None
    if not isinstance(body, dict):
        raise _mistake("the body must be an object with a context", body, key)
    return _object(body.get("context", {}), "context", key)


def _object(found: Any, name: str, key: str | None) -> dict[str, Any]:
    if isinstance(found, dict):
        return found
    raise _mistake(f"{name} must be an object", found, key)


def _mistake(must: str, found: Any, key: str | None) -> Refused:
    # The kind of value alone: it may be about a person.
    return refusal(400, Code.INVALID_CONTEXT, f"{must}, got {_NAMES[type(found)]}", key)
