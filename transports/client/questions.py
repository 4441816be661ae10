"""What a flag call asks: whom it is about, with which properties, and where it may look.

Pure assembly of the call's arguments, the context and the properties set for flags. An id is never
invented here: where nobody is known there is no question.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypedDict

from ..context import current
from ..flags.properties import NO_PROPERTIES, PropertiesForFlags
from ..remote.query import FlagsQuery
from .options import Options
from .preparation import id_of

__all__ = ["FlagOptions", "Question", "ask"]


class FlagOptions(TypedDict, total=False):
    """The keyword arguments that all flag getters share."""

    groups: Mapping[str, Any] | None
    """The person's groups: ``{"company": "acme"}``."""
    person_properties: Mapping[str, Any] | None
    """What is known of the person; wins over what was set before."""
    group_properties: Mapping[str, Mapping[str, Any]] | None
    """What is known of the groups, by type."""
    only_evaluate_locally: bool | None
    """Never ask the server; None: as ``strict_local_evaluation`` says."""
    disable_geoip: bool | None
    """Whether the server may not place the request by our address; None: as the client."""
    device_id: str | None
    """For flags by device; None: the context's."""


class Question(NamedTuple):
    """``keys=None`` asks for every flag. A tuple, because one is made for every read."""

    distinct_id: str
    keys: tuple[str, ...] | None
    groups: Mapping[str, Any]
    person_properties: dict[str, Any]
    group_properties: dict[str, dict[str, Any]]
    device_id: str | None
    only_locally: bool
    disable_geoip: bool

    def query(self, contexts: tuple[str, ...]) -> FlagsQuery:
        """The same for the server."""
        return FlagsQuery(
            self.distinct_id,
            groups=self.groups,
            person_properties=self.person_properties,
            group_properties=self.group_properties,
            flag_keys=self.keys,
            device_id=self.device_id,
            disable_geoip=self.disable_geoip,
            evaluation_contexts=contexts,
        )


def ask(
    distinct_id: object,
    keys: Iterable[str] | None,
    given: FlagOptions,
    *,
    options: Options,
    stored: PropertiesForFlags,
) -> Question | None:
    """The question of a call; None when nobody says whom it is about."""
    context = current()
    who = id_of(distinct_id, context)
    if who is None:
        return None
    # Those of the request come after those of the client.
    own = NO_PROPERTIES if context is None else context.flags
    groups = given.get("groups") or {}
    person = dict(given.get("person_properties") or ())
    group_properties: dict[str, Any] = dict(given.get("group_properties") or ())
    for known in (own, stored):
        if known is not NO_PROPERTIES:
            person = known.person_for(person)
            group_properties = known.groups_for(groups, group_properties)
    only_locally = given.get("only_evaluate_locally")
    disable_geoip = given.get("disable_geoip")
    return Question(
        who,
        _keys(keys),
        dict(groups),
        person,
        group_properties,
        given.get("device_id") or (context.device_id if context is not None else None),
        options.strict_local_evaluation if only_locally is None else only_locally,
        options.disable_geoip if disable_geoip is None else disable_geoip,
    )


def _keys(keys: Iterable[str] | None) -> tuple[str, ...] | None:
    if keys is None or type(keys) is tuple:
        return keys
    return (keys,) if isinstance(keys, str) else tuple(dict.fromkeys(keys))
