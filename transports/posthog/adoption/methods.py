"""What replaces the methods of a posthog client that compute flags: the same contracts, the engine's answers.

Each method has the parameters and the results of the method that it replaces, in the versions that
``handle`` names. All else of the client stays: loading, contexts, requests to the server, caches, events.
If the engine leaves a flag unresolved, the client asks the server as before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from posthog.client import Client
from posthog.feature_flags import InconclusiveMatchError

from flagengine import Reason

from .definitions import AdoptedDefinitions, Published
from .inconclusive import UNSUPPORTED, in_words, why_inconclusive
from .publications import Publications, adopted_from

__all__ = ["REPLACED", "LocalEvaluation"]

_NO_GROUP: Final = (
    "[FEATURE FLAGS] Can't compute group feature flag: %s without group names passed in"
)
_ERROR: Final = "[FEATURE FLAGS] Error while evaluating flags locally"


class LocalEvaluation:
    """The local evaluation of one posthog client."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.published: Callable[[], Published] = Publications(client).current

    def definitions(self) -> Published:
        """Return the client's current definitions."""
        return self.published()

    def read(
        self,
        key: str,
        distinct_id: Any,
        groups: Any,
        person_properties: Any,
        group_properties: Any,
        device_id: Any = None,
    ) -> tuple[Any, Published]:
        """Return a flag's value, None if it has none here, and the definitions that gave it."""
        client = self._client
        if client.feature_flags is None and client.personal_api_key:
            client.load_feature_flags()
        published, value = self.published(), None
        options = _options(groups, group_properties, device_id)
        try:
            adopted = adopted_from(published)
            flag = published["flags_by_key"].get(key)
            value = self._value(adopted, key, distinct_id, person_properties, options, flag)
            client.log.debug("Successfully computed flag locally: %s -> %s", key, value)
        except InconclusiveMatchError as error:
            client.log.debug("Failed to compute flag %s locally: %s", key, error)
        except Exception:
            client.log.exception(_ERROR)
        return value, published

    def compute(
        self,
        feature_flag: Published,
        distinct_id: Any,
        *,
        groups: Any = None,
        person_properties: Any = None,
        group_properties: Any = None,
        warn_on_unknown_groups: bool = True,
        device_id: Any = None,
        _definition_snapshot: Published | None = None,
    ) -> Any:
        """Return a flag's value, or raise InconclusiveMatchError."""
        published = self.published() if _definition_snapshot is None else _definition_snapshot
        return self._value(
            adopted_from(published, feature_flag),
            feature_flag["key"],
            distinct_id,
            person_properties or {},
            _options(groups, group_properties, device_id),
            feature_flag if warn_on_unknown_groups else None,
        )

    def _value(
        self,
        adopted: AdoptedDefinitions,
        key: str,
        distinct_id: Any,
        properties: Any,
        options: Any,
        warned_of: Any,
    ) -> Any:
        """Return the value; warn of the flag ``warned_of``, if it is given and lacks its group."""
        resolution = adopted.one(key, distinct_id, properties, options)
        reason = why_inconclusive(resolution)
        if reason is not None:
            raise InconclusiveMatchError(in_words(resolution), reason=reason)
        # A flag without conditions has this reason, too.
        if resolution.reason is Reason.NO_GROUP_TYPE and _is_of_group(warned_of):
            self._client.log.warning(_NO_GROUP, key)
        return resolution.value

    def payload(
        self, key: str, match_value: Any, *, _definition_snapshot: Published | None = None
    ) -> Any:
        """Return the stored payload for a value of a flag; None for False, which has none (SPEC R12.2)."""
        if match_value is False:
            return None
        published = self.published() if _definition_snapshot is None else _definition_snapshot
        stored = Client._compute_payload_locally
        return stored(self._client, key, match_value, _definition_snapshot=published)

    def fill(
        self,
        snapshot: Published,
        distinct_id: Any,
        groups: Any,
        person_properties: Any,
        group_properties: Any,
        warn_on_unknown_groups: bool,  # noqa: ARG002 no caller asks for these warnings
        flag_keys_to_evaluate: Any,
        device_id: Any,
        unresolved: dict[str, Any] | None,
        flags: dict[str, Any],
        payloads: dict[str, Any],
    ) -> bool:
        """Fill ``flags``, ``payloads`` and ``unresolved``; return whether the server must be asked."""
        options = _options(groups, group_properties, device_id)
        try:
            adopted = adopted_from(snapshot)
            found = adopted.many(flag_keys_to_evaluate, distinct_id, person_properties, options)
        except Exception:
            self._client.log.exception(_ERROR)
            return True
        must_ask = False
        for resolution in found:
            if resolution.value is None or resolution.config_version != 1:
                must_ask = True
                if unresolved is not None:
                    unresolved[resolution.key] = why_inconclusive(resolution)
                continue
            flags[resolution.key] = resolution.value
            if resolution.raw_payload is not None:
                payloads[resolution.key] = self.payload(
                    resolution.key, resolution.value, _definition_snapshot=snapshot
                )
        return must_ask

    def records(self, local_result: Published, definition_snapshot: Published) -> dict[str, Any]:
        """Return the client's records of values and payloads; readers of equal values share a record."""
        adopted = adopted_from(definition_snapshot)
        payloads, known = local_result.get("featureFlagPayloads"), adopted.records
        records = {}
        for key, value in (local_result.get("featureFlags") or {}).items():
            record = known.get((key, value))
            if record is None:
                alone = {"featureFlags": {key: value}, "featureFlagPayloads": payloads}
                record = Client._local_evaluation_records(alone, definition_snapshot)[key]
                adopted.keep(key, value, record)
            records[key] = record
        return records

    def never_decided(self, snapshot: Published) -> dict[str, Any]:
        """Return the flags that the client warns of: those it suspects and the engine confirms, and format 2."""
        adopted = adopted_from(snapshot)
        suspects = {**Client._classify_unresolvable_flags(snapshot)}
        for flag in filter(_is_of_another_format, snapshot["flags"]):
            mark = str((flag.get("id"), flag.get("version")))
            suspects.setdefault(flag["key"], (UNSUPPORTED, mark))
        return {key: found for key, found in suspects.items() if not adopted.is_always_decided(key)}


def _is_of_another_format(flag: Published) -> bool:
    """Return whether an active flag may be of a configuration format besides 1, and servers use it."""
    filters = flag.get("filters")
    names_a_format = isinstance(filters, dict) and "version" in filters
    return (
        names_a_format and bool(flag.get("active")) and flag.get("evaluation_runtime") != "client"
    )


def _is_of_group(flag: Any) -> bool:
    """Return whether a flag, if there is one, is decided for groups."""
    filters = None if flag is None else flag.get("filters")
    return isinstance(filters, dict) and filters.get("aggregation_group_type_index") is not None


def _options(groups: Any, group_properties: Any, device_id: Any) -> dict[str, Any]:
    """Return the engine's options; the engine is fastest without options."""
    options = {}
    if groups:
        options["groups"] = groups
    if group_properties:
        options["group_properties"] = group_properties
    if device_id is not None:
        options["device_id"] = device_id
    return options


REPLACED: Final[Mapping[str, Callable[..., Any]]] = {
    "_local_evaluation_snapshot": LocalEvaluation.definitions,
    "_locally_evaluate_flag": LocalEvaluation.read,
    "_compute_flag_locally": LocalEvaluation.compute,
    "_compute_payload_locally": LocalEvaluation.payload,
    "_evaluate_local_flag_set": LocalEvaluation.fill,
    "_local_evaluation_records": LocalEvaluation.records,
    "_classify_unresolvable_flags": LocalEvaluation.never_decided,
}
"""By the name of a method of ``posthog.client.Client``: what replaces it."""
