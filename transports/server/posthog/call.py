"""The call that an SDK makes to ``/flags`` or ``/decide``: from its body to the engine's arguments.

Nothing here trusts the body: a field of the wrong type counts as absent, as the server's SDKs expect.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from flagengine import usable_id

from ..publication import Publication
from ..web.request import Request
from ..web.response import Refused, text_response
from .callers import runtime_of

__all__ = ["FlagsCall", "flags_call", "token_of"]

SURVEYS: Final = "survey-targeting-"
"""How the keys of flags begin that decide who sees a survey."""

_LONGEST_ID: Final = 200
_NO_ID: Final = (
    "The distinct_id field is missing from the request. Please include a valid identifier."
)
_TRUE: Final = frozenset({"1", "true", "yes", "on"})


class FlagsCall(NamedTuple):
    """A call for flags.

    Attributes:
        distinct_id: the person; "" only if ``is_disabled``.
        person_properties: the properties that the caller knows.
        options: the other arguments of ``evaluate``, without those that are not given.
        runtime: ``client`` or ``server``, None: not known.
        contexts: the contexts that the caller runs in, None: not given.
        is_disabled: whether the caller wants no flags, only the configuration.
        surveys_only: whether the caller wants the flags of surveys alone.
        body: the body as it was sent, for a server upstream.
    """

    distinct_id: str
    person_properties: Mapping[str, Any]
    options: dict[str, Any]
    runtime: str | None
    contexts: tuple[str, ...] | None
    is_disabled: bool
    surveys_only: bool
    body: Mapping[str, Any]

    def options_for(self, publication: Publication) -> dict[str, Any]:
        """Return the arguments of ``evaluate``; the engine is quickest without those that change nothing."""
        options = self.options
        if self.runtime is not None and publication.has_runtimes:
            options = {**options, "evaluation_runtime": self.runtime}
        if self.contexts is not None and publication.has_contexts:
            options = {**options, "evaluation_contexts": self.contexts}
        if self.surveys_only:
            asked = options.get("flag_keys", publication.snapshot.keys)
            options = {**options, "flag_keys": [key for key in asked if key.startswith(SURVEYS)]}
        return options


def token_of(body: Mapping[str, Any]) -> str | None:
    """Return the key of the project that a body names."""
    for name in ("token", "api_key", "$token"):
        token = body.get(name)
        if isinstance(token, str) and token:
            return token
    return None


def flags_call(request: Request, body: Mapping[str, Any]) -> FlagsCall:
    """Return the call in a body.

    Raises:
        Refused: the body has no distinct id, although it asks for flags (400).
    """
    is_disabled = body.get("disable_flags") is True
    distinct_id = usable_id(body.get("distinct_id", body.get("$distinct_id")))
    if distinct_id is None:
        if not is_disabled:
            raise Refused(text_response(_NO_ID, 400))
        distinct_id = ""
    person = _mapping(body, "person_properties", "$properties")
    contexts = _names(body, "evaluation_contexts", "evaluation_environments")
    surveys = request.query.get("only_evaluate_survey_feature_flags", "").lower()
    return FlagsCall(
        distinct_id if len(distinct_id.encode()) <= _LONGEST_ID else distinct_id[:_LONGEST_ID],
        person,
        _options(body),
        runtime_of(request, body.get("evaluation_runtime")),
        tuple(contexts) if contexts else None,
        is_disabled,
        surveys in _TRUE,
        body,
    )


def _options(body: Mapping[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    groups = _mapping(body, "groups", "$groups")
    if groups:
        options["groups"] = groups
    by_group = _mapping(body, "group_properties")
    if by_group:
        options["group_properties"] = {
            group: properties
            for group, properties in by_group.items()
            if isinstance(properties, dict)
        }
    device_id = usable_id(body.get("device_id", body.get("$device_id")))
    if device_id:
        options["device_id"] = device_id
    keys = _names(body, "flag_keys", "flag_keys_to_evaluate")
    if keys is not None:
        options["flag_keys"] = keys
    return options


def _mapping(body: Mapping[str, Any], *names: str) -> dict[str, Any]:
    for name in names:
        found = body.get(name)
        if isinstance(found, dict):
            return found
    return {}


def _names(body: Mapping[str, Any], *names: str) -> list[str] | None:
    for name in names:
        found = body.get(name)
        if isinstance(found, list):
            return [each for each in found if isinstance(each, str)]
    return None
