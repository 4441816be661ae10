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
_NOTHING: Final[Mapping[str, Any]] = {}


class FlagsCall(NamedTuple):
    """A call for flags.

    Attributes:
        distinct_id: the person; "" only if ``is_disabled``.
        person_properties: the properties that the caller knows.
        options: the other arguments of ``evaluate``, without those that are not given.
        is_disabled: whether the caller wants no flags, only the configuration.
        request: the request, whose headers tell the runtime of a caller that does not say it.
        body: the body as it was sent, for a server upstream.
    """

    distinct_id: str
    person_properties: Mapping[str, Any]
    options: dict[str, Any]
    is_disabled: bool
    request: Request
    body: Mapping[str, Any]

    def options_for(self, publication: Publication, *, surveys_only: bool) -> dict[str, Any]:
        """Return the arguments of ``evaluate``; the engine is quickest without those that change nothing.

        With ``surveys_only`` the caller wants the flags of surveys alone.
        """
        options = self.options
        if publication.has_runtimes:
            runtime = runtime_of(self.request, self.body.get("evaluation_runtime"))
            if runtime is not None:
                options = {**options, "evaluation_runtime": runtime}
        if publication.has_contexts:
            body = self.body
            contexts = _names(body.get("evaluation_contexts"), body.get("evaluation_environments"))
            if contexts:
                options = {**options, "evaluation_contexts": contexts}
        if surveys_only:
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
    person = body.get("person_properties") or body.get("$properties")
    return FlagsCall(
        distinct_id[:_LONGEST_ID],
        person if isinstance(person, dict) else _NOTHING,
        _options(body),
        is_disabled,
        request,
        body,
    )


def _options(body: Mapping[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    groups = body.get("groups") or body.get("$groups")
    if groups and isinstance(groups, dict):
        options["groups"] = groups
    by_group = body.get("group_properties")
    if by_group and isinstance(by_group, dict):
        options["group_properties"] = {
            group: properties
            for group, properties in by_group.items()
            if isinstance(properties, dict)
        }
    device_id = body.get("device_id") or body.get("$device_id")
    if device_id and (device_id := usable_id(device_id)):
        options["device_id"] = device_id
    keys = _names(body.get("flag_keys"), body.get("flag_keys_to_evaluate"))
    if keys is not None:
        options["flag_keys"] = keys
    return options


def _names(*given: object) -> list[str] | None:
    """Return the texts in the first list."""
    for each in given:
        if isinstance(each, list):
            return [name for name in each if isinstance(name, str)]
    return None
