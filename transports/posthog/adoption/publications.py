"""Which definitions a posthog client has published, each with its form for the engine.

The client replaces its collections when it loads definitions, and changes none of them. So their identity
tells whether they are new.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from posthog.client import Client

from .definitions import AdoptedDefinitions, Published

__all__ = ["Publications", "adopted_from"]

_ADOPTED: Final = "flagengine"
"""Where a published mapping has the engine's form."""


class _Rules(NamedTuple):
    """What decides answers: three collections of the client, and a number."""

    flags_by_key: Any
    group_type_mapping: Any
    cohorts: Any
    property_matching_version: int

    def are(self, other: _Rules) -> bool:
        return (
            self.flags_by_key is other.flags_by_key
            and self.group_type_mapping is other.group_type_mapping
            and self.cohorts is other.cohorts
            and self.property_matching_version == other.property_matching_version
        )


class Publications:
    """The definitions of one client, as they are published."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._last: tuple[_Rules, tuple[Any, ...], dict[str, Any]] | None = None

    def current(self) -> Published:
        """Return the client's definitions with their form for the engine; nobody changes them."""
        known = self._known()
        if known is not None:
            return known
        # The client publishes all parts under this lock, so here they belong together.
        with self._client._flag_definition_publication_lock:
            return self._publish()

    def _known(self) -> Published | None:
        if self._last is None:
            return None
        rules, labels, published = self._last
        is_current = rules.are(self._rules()) and labels == self._labels()
        return published if is_current else None

    def _publish(self) -> Published:
        rules, published = self._rules(), dict(Client._local_evaluation_snapshot(self._client))
        last = self._last
        before: AdoptedDefinitions | None = None if last is None else last[2][_ADOPTED]
        is_known = last is not None and rules.are(last[0])
        published[_ADOPTED] = before if is_known else AdoptedDefinitions(published, before)
        self._last = rules, self._labels(), published
        return published

    def _rules(self) -> _Rules:
        client = self._client
        return _Rules(
            client.feature_flags_by_key,
            client.group_type_mapping,
            client.cohorts,
            client._property_matching_version,
        )

    def _labels(self) -> tuple[Any, ...]:
        """Return what is published beside the rules, and decides no answer."""
        return self._client._minimal_flag_called_events, self._client.flag_definition_version


def adopted_from(published: Published, flag: Published | None = None) -> AdoptedDefinitions:
    """Return the engine's form of published definitions, in which ``flag`` replaces its namesake.

    The form is made anew for definitions that were published before the adoption, and for a flag that is
    not among them.
    """
    if flag is not None and published["flags_by_key"].get(flag["key"]) is not flag:
        others = [other for other in published["flags"] if other["key"] != flag["key"]]
        return AdoptedDefinitions({**published, "flags": [flag, *others]})
    adopted: AdoptedDefinitions | None = published.get(_ADOPTED)
    return AdoptedDefinitions(published) if adopted is None else adopted
